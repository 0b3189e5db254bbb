"""Handlers for the account and the rate limit status."""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role, rights
from harvest_async.sandbox.settings import MODULES
from harvest_async.sandbox.v1.base import Request, Route, V1Services
from harvest_async.sandbox.zones import identifier_of, offset_of

__all__ = ["ROUTES", "STATUS_PATH"]

STATUS_PATH: Final = "/account/rate_limit_status"
_SHORT: Final = {
    "company": ("base_uri", "full_domain", "name", "active", "week_start_day", "time_format", "clock", "modules"),
    "user": ("id", "email", "admin", "first_name", "last_name", "timezone"),
}


def who_am_i(services: V1Services, request: Request) -> Response:
    """Return the company and the signed-in person."""
    shown = {"company": _company(services), "user": _user(services, request)}
    if "who_am_i_names" in services.world.quirks:
        shown = {key: {name: shown[key][name] for name in names} for key, names in _SHORT.items()}
    return Response(content=services.writer.bare(shown, request.format))


def rate_limit_status(services: V1Services, request: Request) -> Response:
    """Return the rate limiter's numbers."""
    status = services.status()
    last = status.last
    shown: Record = {
        "lockout_seconds": status.lockout,
        "last_access_at": None if last is None else last.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "max_calls": status.calls,
        "count": status.counted,
        "timeframe_limit": status.period,
        "requests_available": max(0, status.calls - status.counted),
    }
    return Response(content=services.writer.bare(shown, request.format))


def _company(services: V1Services) -> Record:
    comma = "csv_decimal_comma" in services.world.quirks
    return {
        "base_uri": "https://sandbox.harvestapp.com",
        "full_domain": "sandbox.harvestapp.com",
        "name": "Sandbox",
        "active": True,
        "week_start_day": "Monday",
        "time_format": "decimal",
        "clock": "12h",
        "decimal_symbol": "," if comma else ".",
        "thousands_separator": "." if comma else ",",
        "color_scheme": "orange",
        "plan_type": "trial",
        "modules": {name: name in services.modules for name in MODULES},
    }


def _user(services: V1Services, request: Request) -> Record:
    person = request.person
    return {
        "id": person["id"],
        "email": person["email"],
        "first_name": person["first_name"],
        "last_name": person["last_name"],
        "timezone": person["timezone"],
        "admin": person["is_admin"],
        "timezone_identifier": identifier_of(person["timezone"]),
        "timezone_utc_offset": offset_of(person["timezone"], request.now),
        "avatar_url": "/images/default_avatar.gif",
        "project_manager": rights(person),
        "timestamp_timers": services.world.timestamps,
    }


ROUTES: Final = (
    Route("GET", "/account/who_am_i", Role.SELF, who_am_i),
    Route("GET", STATUS_PATH, Role.SELF, rate_limit_status, cacheable=False),
)
