"""Handlers for clients, contacts, tasks, roles and the three kinds of categories.

These sections are alike, so the handlers take the kind of the records.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.fields import read_record
from harvest_async.sandbox.v2.filters import matching, since
from harvest_async.sandbox.v2.lists import list_page
from harvest_async.sandbox.v2.shapes import SHAPES

__all__ = ["CATEGORY_ROUTES", "ESTIMATE_CATEGORY_ROUTES", "ITEM_CATEGORY_ROUTES", "ROUTES", "is_active"]

_PATHS: Final = {
    "client": "clients",
    "contact": "contacts",
    "task": "tasks",
    "role": "roles",
    "expense_category": "expense_categories",
    "invoice_item_category": "invoice_item_categories",
    "estimate_item_category": "estimate_item_categories",
}
_NEEDED: Final = {"contact": ("client_id", "first_name")}
_ACTIVE: Final = frozenset({"client", "task", "expense_category"})


def is_active(record: Record) -> bool:
    """Return whether a record of any kind is active."""
    for name in ("active", "is_active"):
        if name in record:
            return bool(record[name])
    return not record["deactivated"]


def list_all(kind: str, services: V2Services, request: Request) -> Response:
    """Return the records that the parameters select, including archived ones."""
    records = since(request, services.world.all(kind))
    if kind in _ACTIVE:
        records = matching(request, records, is_active=is_active)
    if kind == "contact":
        records = matching(request, records, client_id=lambda record: record["client_id"])
    return list_page(services, request, _PATHS[kind], records, partial(SHAPES[kind], services.world))


def get(kind: str, services: V2Services, request: Request) -> Response:
    """Return a record."""
    return respond(SHAPES[kind](services.world, services.world.find(kind, request.id)))


def create(kind: str, services: V2Services, request: Request) -> Response:
    """Create a record."""
    values = read_record(kind, request.body, _NEEDED.get(kind, ("name",)))
    if kind == "role":
        values["user_ids"] = _people(services, request.body.get("user_ids"))
    record = services.rules.create(kind, values, request.now, required=())
    return respond(SHAPES[kind](services.world, record), 201, f"/{_PATHS[kind]}/{record['id']}")


def update(kind: str, services: V2Services, request: Request) -> Response:
    """Change the given values of a record."""
    record = services.world.find(kind, request.id)
    values = read_record(kind, request.body, [name for name in ("name", "client_id") if name in request.body])
    if kind == "role" and "user_ids" in request.body:
        values["user_ids"] = _people(services, request.body["user_ids"])
    if kind == "client" and values.get("active") is False and record["active"]:
        services.rules.check_archiving(record)
    services.rules.update(kind, record, values, request.now, required=())
    return respond(SHAPES[kind](services.world, record))


def delete(kind: str, services: V2Services, request: Request) -> Response:
    """Delete a record and return it."""
    record = services.world.find(kind, request.id)
    shown = SHAPES[kind](services.world, record)
    services.rules.delete(kind, record, request.now, archives=False)
    return respond(shown)


# Internals


def _people(services: V2Services, given: Any) -> tuple[int, ...]:
    if given is None:
        return ()
    numbers = [read_id(each) for each in given] if isinstance(given, list) else [None]
    if not all(number in services.tables("user") for number in numbers):
        raise Refusal(422, "User ids is invalid")
    return tuple(dict.fromkeys(number for number in numbers if number is not None))


def _section(kind: str, read: Role = Role.MANAGER, write: Role = Role.MANAGER) -> tuple[Route, ...]:
    """Return the five endpoints of a section; `read` and `write` are the roles that they need."""
    path = f"/{_PATHS[kind]}"
    return (
        Route("GET", path, read, partial(list_all, kind)),
        Route("POST", path, write, partial(create, kind)),
        Route("GET", f"{path}/{{id}}", read, partial(get, kind)),
        Route("PATCH", f"{path}/{{id}}", write, partial(update, kind)),
        Route("DELETE", f"{path}/{{id}}", write, partial(delete, kind)),
    )


ROUTES: Final = (
    *_section("client"),
    *_section("contact"),
    *_section("task"),
    *_section("role", Role.ADMIN, Role.ADMIN),
)
CATEGORY_ROUTES: Final = _section("expense_category", Role.SELF)
ITEM_CATEGORY_ROUTES: Final = _section("invoice_item_category")
ESTIMATE_CATEGORY_ROUTES: Final = _section("estimate_item_category")
