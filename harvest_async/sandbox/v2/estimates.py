"""Handlers for estimates and their messages."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from harvest_async.sandbox.currencies import code_of
from harvest_async.sandbox.estimates import EVENTS
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.fields import choose, read_record
from harvest_async.sandbox.v2.filters import matching, since, within
from harvest_async.sandbox.v2.invoices import check_percents
from harvest_async.sandbox.v2.line_items import changed_lines, new_lines, show_lines
from harvest_async.sandbox.v2.lists import list_page, plain_page
from harvest_async.sandbox.v2.message_parts import read_recipients, show_message
from harvest_async.sandbox.v2.shapes import named, person_of

__all__ = ["ROUTES"]

_STATES: Final = ("draft", "sent", "accepted", "declined")
_KEPT: Final = (
    "id", "client_key", "number", "purchase_order", "amount", "tax", "tax_amount", "tax2", "tax2_amount", "discount",
    "discount_amount", "subject", "notes", "state", "sent_at", "accepted_at", "declined_at", "created_at", "updated_at",
)  # fmt: skip


def list_all(services: V2Services, request: Request) -> Response:
    """Return the estimates that the parameters select, the latest day of issue first."""
    estimates = within(request, since(request, services.world.all("estimate")), "issued_at")
    estimates = matching(request, estimates, client_id=lambda estimate: estimate["client_id"])
    if state := request.parameter("state"):
        wanted = choose("state", state, _STATES)
        estimates = [estimate for estimate in estimates if estimate["state"] == wanted]
    newest = sorted(estimates, key=lambda estimate: (estimate["issued_at"], estimate["id"]), reverse=True)
    return plain_page(request, "estimates", newest, partial(_shown, services))


def get(services: V2Services, request: Request) -> Response:
    """Return an estimate."""
    return respond(_shown(services, _estimate(services, request)))


def create(services: V2Services, request: Request) -> Response:
    """Create an estimate."""
    values = _values(request, ("client_id",)) | new_lines(services, request.body)
    estimate = services.estimates.create(values, request.now, request.person)
    return respond(_shown(services, estimate), 201, f"/estimates/{estimate['id']}")


def update(services: V2Services, request: Request) -> Response:
    """Change the given values of an estimate and of its lines."""
    estimate = _estimate(services, request)
    values = _values(request, [name for name in ("client_id",) if name in request.body])
    values |= changed_lines(services, estimate, request.body)
    return respond(_shown(services, services.estimates.update(estimate, values, request.now)))


def delete(services: V2Services, request: Request) -> Response:
    """Delete an estimate and return it."""
    estimate = _estimate(services, request)
    shown = _shown(services, estimate)
    services.estimates.delete(estimate)
    return respond(shown)


def list_messages(services: V2Services, request: Request) -> Response:
    """Return the messages of an estimate."""
    records = services.world.having("estimate_message", estimate_id=_estimate(services, request)["id"])
    return list_page(services, request, "estimate_messages", since(request, records), show_message)


def create_message(services: V2Services, request: Request) -> Response:
    """Send an estimate, or change its state by `event_type`."""
    estimate, values = _estimate(services, request), read_record("estimate_message", request.body)
    given, now, person = values.pop("event_type", None), request.now, request.person
    if given:
        message = services.estimates.execute(choose("event_type", given, EVENTS), estimate, values, now, person)
    else:
        message = services.estimates.send(estimate, read_recipients(request.body), values, now, person)
    return respond(show_message(message), 201, f"/estimates/{estimate['id']}/messages/{message['id']}")


def delete_message(services: V2Services, request: Request) -> Response:
    """Delete a message and return it."""
    estimate, message = _estimate(services, request), services.world.find("estimate_message", request.id)
    if message["estimate_id"] != estimate["id"]:
        raise Refusal(404)
    services.world.drop("estimate_message", message)
    return respond(show_message(message))


# Internals


def _estimate(services: V2Services, request: Request) -> Record:
    return services.world.find("estimate", int(request.path_values[0]))


def _values(request: Request, needed: Iterable[str]) -> Record:
    values = read_record("estimate", request.body, needed)
    check_percents(values)
    return values


def _shown(services: V2Services, estimate: Record) -> Record:
    return {
        **{name: estimate[name] for name in _KEPT},
        "issue_date": estimate["issued_at"],
        "currency": code_of(estimate["currency"]),
        "client": named(services.tables("client")[estimate["client_id"]]),
        "creator": person_of(services.world, estimate["created_by_id"]),
        "line_items": show_lines(services, estimate, projects=False),
    }


_ESTIMATE: Final = "/estimates/{id}"

ROUTES: Final = (
    Route("GET", "/estimates", Role.MANAGER, list_all),
    Route("POST", "/estimates", Role.MANAGER, create),
    Route("GET", _ESTIMATE, Role.MANAGER, get),
    Route("PATCH", _ESTIMATE, Role.MANAGER, update),
    Route("DELETE", _ESTIMATE, Role.MANAGER, delete),
    Route("GET", f"{_ESTIMATE}/messages", Role.MANAGER, list_messages),
    Route("POST", f"{_ESTIMATE}/messages", Role.MANAGER, create_message),
    Route("DELETE", f"{_ESTIMATE}/messages/{{id}}", Role.MANAGER, delete_message),
)
