"""Handlers for the company."""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.values import read_value

__all__ = ["ROUTES"]

_WRITABLE: Final[dict[str, type]] = {"wants_timestamp_timers": bool, "weekly_capacity": int}


def get(services: V2Services, request: Request) -> Response:  # noqa: ARG001 - a handler
    """Return the company."""
    return respond(_company(services))


def update(services: V2Services, request: Request) -> Response:
    """Change the company's settings."""
    given = {name: read_value(name, _WRITABLE[name], request.body[name]) for name in _WRITABLE if name in request.body}
    if (given.get("weekly_capacity") or 0) < 0:
        raise Refusal(422, "Weekly capacity is invalid")
    known = {name: value for name, value in given.items() if value is not None}
    if known:
        services.world.set_company(known, request.now)
    return respond(_company(services))


def _company(services: V2Services) -> Record:
    comma = "csv_decimal_comma" in services.world.quirks
    return {
        "base_uri": "https://sandbox.harvestapp.com",
        "full_domain": "sandbox.harvestapp.com",
        "name": "Sandbox",
        "is_active": True,
        "week_start_day": "Monday",
        "wants_timestamp_timers": services.world.timestamps,
        "time_format": "decimal",
        "date_format": "%Y-%m-%d",
        "plan_type": "trial",
        "clock": "12h",
        "currency": "United States Dollar - USD",
        "currency_code_display": "iso_code_none",
        "currency_symbol_display": "symbol_before",
        "decimal_symbol": "," if comma else ".",
        "thousands_separator": "." if comma else ",",
        "color_scheme": "orange",
        "weekly_capacity": services.world.company()["weekly_capacity"],
        "expense_feature": "expenses" in services.modules,
        "invoice_feature": "invoices" in services.modules,
        "estimate_feature": "estimates" in services.modules,
        "approval_feature": "approval" in services.modules,
        "team_feature": True,
        "saml_sign_in_required": False,
        "day_entry_notes_required": False,
    }


ROUTES: Final = (Route("GET", "/company", Role.SELF, get), Route("PATCH", "/company", Role.ADMIN, update))
