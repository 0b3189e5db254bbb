"""Handlers for expenses and their receipts.

A person has expenses of their own. Administrators see and change those of all people, managers those of the projects
that they manage.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from harvest_async.sandbox.locks import reason_of
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.multipart import Part
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.entry_shapes import invoice_of, link_of
from harvest_async.sandbox.v2.fields import read_flag, read_record
from harvest_async.sandbox.v2.filters import matching, since, within
from harvest_async.sandbox.v2.lists import plain_page
from harvest_async.sandbox.v2.shapes import client_of, person_of, project_of
from harvest_async.sandbox.v2.time_entries import owner_of, project_client, visible

__all__ = ["ROUTES"]

_NEEDED: Final = ("project_id", "expense_category_id", "spent_date")
_KEPT: Final = ("id", "notes", "units", "total_cost", "billable", "is_closed", "is_billed", "created_at", "updated_at")
_ONE_UNIT: Final = Decimal(1)


def list_all(services: V2Services, request: Request) -> Response:
    """Return the expenses that the parameters select, the latest day first."""
    expenses = within(request, since(request, visible(services, request, services.world.all("expense"))), "spent_at")
    expenses = matching(
        request,
        expenses,
        user_id=lambda expense: expense["user_id"],
        project_id=lambda expense: expense["project_id"],
        client_id=partial(project_client, services),
        is_billed=lambda expense: expense["is_billed"],
    )
    newest = sorted(expenses, key=lambda expense: (expense["spent_at"], expense["id"]), reverse=True)
    return plain_page(request, "expenses", newest, partial(_shown, services, request))


def get(services: V2Services, request: Request) -> Response:
    """Return an expense."""
    return respond(_shown(services, request, _expense(services, request)))


def create(services: V2Services, request: Request) -> Response:
    """Create an expense, with a receipt in a form with files."""
    values, receipt = read_record("expense", request.body, _NEEDED), _receipt(request)
    person = owner_of(services, request, values["project_id"])
    expense = services.expenses.create(person, values, request.now)
    if receipt is not None:
        _attach(services, request, expense, receipt)
    return respond(_shown(services, request, expense), 201, f"/expenses/{expense['id']}")


def update(services: V2Services, request: Request) -> Response:
    """Change the given values of an expense; a new receipt replaces the old one."""
    expense, receipt = _expense(services, request), _receipt(request)
    values = read_record("expense", request.body, [name for name in _NEEDED if name in request.body])
    services.expenses.update(expense, values, request.now, request.person)
    if receipt is not None:
        _attach(services, request, expense, receipt)
    elif read_flag(request.body, "delete_receipt"):
        services.expenses.detach(expense, request.now)
    return respond(_shown(services, request, expense))


def delete(services: V2Services, request: Request) -> Response:
    """Delete an expense with its receipt, and return it."""
    expense = _expense(services, request)
    shown = _shown(services, request, expense)
    services.expenses.delete(expense, request.person)
    return respond(shown)


def receipt_file(services: V2Services, request: Request) -> Response:
    """Return the file of a receipt, to which the expense links."""
    media, content = services.expenses.receipt(_expense(services, request))
    return Response(content=content, media=media)


# Internals


def _expense(services: V2Services, request: Request) -> Record:
    expense = services.world.find("expense", int(request.path_values[0]))
    if not visible(services, request, [expense]):
        raise Refusal(404)
    return expense


def _receipt(request: Request) -> Part | None:
    part = request.body.get("receipt")
    if part is not None and not isinstance(part, Part):
        raise Refusal(422, "Receipt must be a file in a form with the type multipart/form-data")
    return part


def _attach(services: V2Services, request: Request, expense: Record, part: Part) -> None:
    services.expenses.attach(expense, part.filename, part.media, part.content, request.now, documents=True)


def _shown(services: V2Services, request: Request, expense: Record) -> Record:
    world = services.world
    project, reason = services.tables("project")[expense["project_id"]], reason_of(expense, world)
    category = services.tables("expense_category")[expense["expense_category_id"]]
    return {
        **{name: expense[name] for name in _KEPT},
        # An expense with a cost of its own counts as one unit.
        "units": _ONE_UNIT if expense["units"] is None else expense["units"],
        "spent_date": expense["spent_at"],
        "is_locked": reason is not None,
        "locked_reason": reason,
        "receipt": _receipt_of(services, request, expense),
        "user": person_of(world, expense["user_id"]),
        "user_assignment": link_of(world, expense),
        "project": project_of(project),
        "expense_category": {name: category[name] for name in ("id", "name", "unit_price", "unit_name")},
        "client": client_of(world, project),
        "invoice": invoice_of(world, expense),
    }


def _receipt_of(services: V2Services, request: Request, expense: Record) -> Record | None:
    for receipt in services.world.having("receipt", expense_id=expense["id"]):
        place = urlsplit(request.address)
        encoded = receipt["content"]
        return {
            "url": f"{place.scheme}://{place.netloc}/v2/expenses/{expense['id']}/receipt",
            "file_name": receipt["filename"],
            "file_size": len(encoded) // 4 * 3 - encoded.count("="),
            "content_type": receipt["media"],
        }
    return None


ROUTES: Final = (
    Route("GET", "/expenses", Role.SELF, list_all),
    Route("POST", "/expenses", Role.SELF, create),
    Route("GET", "/expenses/{id}", Role.SELF, get),
    Route("PATCH", "/expenses/{id}", Role.SELF, update),
    Route("DELETE", "/expenses/{id}", Role.SELF, delete),
    Route("GET", "/expenses/{id}/receipt", Role.SELF, receipt_file),
)
