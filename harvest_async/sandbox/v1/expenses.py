"""Handlers for expenses and receipts. People have expenses of their own; `of_user` names another person's."""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.multipart import read_parts
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.base import Request, Route, V1Services
from harvest_async.sandbox.v1.writable_fields import read_values
from harvest_async.sandbox.zones import local

__all__ = ["ROUTES"]

_RECEIPT: Final = "expense[receipt]"


def list_week(services: V1Services, request: Request) -> Response:
    """Return the expenses of a week, by default of the current one."""
    person = services.owner(request)
    day = request.day() if request.path_values else local(person, request.now).date()
    return services.many("expense", services.expenses.week(person, day), request)


def get(services: V1Services, request: Request) -> Response:
    """Return an expense."""
    return services.one("expense", _expense(services, request), request)


def create(services: V1Services, request: Request) -> Response:
    """Create an expense."""
    values = read_values("expense", request.fields("expense"))
    expense = services.expenses.create(services.owner(request), values, request.now)
    short = "expense_location" in services.world.quirks
    return services.created("expense", expense, request, "/expenses" if short else _path(expense))


def update(services: V1Services, request: Request) -> Response:
    """Update an expense."""
    expense, values = _expense(services, request), read_values("expense", request.fields("expense"))
    expense = services.expenses.update(expense, values, request.now, request.person)
    return services.saved("expense", expense, request, _path(expense))


def delete(services: V1Services, request: Request) -> Response:
    """Delete an expense."""
    services.expenses.delete(_expense(services, request), request.person)
    return Response()


def attach(services: V1Services, request: Request) -> Response:
    """Attach a receipt."""
    expense = _expense(services, request)
    parts = read_parts(request.media, request.content)
    part = next((part for part in parts if part.name == _RECEIPT and part.filename), None)
    if part is None or not part.content:
        raise Refusal(400, f"{_RECEIPT} is missing.")
    services.expenses.attach(expense, part.filename, part.media, part.content, request.now)
    return Response(location=f"{_path(expense)}/receipt")


def receipt(services: V1Services, request: Request) -> Response:
    """Return the image of a receipt, in any requested format."""
    media, content = services.expenses.receipt(_expense(services, request))
    return Response(content=content, media=media)


def _expense(services: V1Services, request: Request) -> Record:
    return services.expenses.show(services.owner(request), request.id)


def _path(expense: Record) -> str:
    return f"/expenses/{expense['id']}"


ROUTES: Final = (
    Route("GET", "/expenses", Role.SELF, list_week),
    Route("GET", "/expenses/{day}/{year}", Role.SELF, list_week),
    Route("POST", "/expenses", Role.SELF, create),
    Route("GET", "/expenses/{id}", Role.SELF, get),
    Route("PUT", "/expenses/{id}", Role.SELF, update),
    Route("DELETE", "/expenses/{id}", Role.SELF, delete),
    Route("POST", "/expenses/{id}/receipt", Role.SELF, attach),
    Route("GET", "/expenses/{id}/receipt", Role.SELF, receipt),
)
