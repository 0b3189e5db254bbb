"""Handlers for clients, contacts, projects, tasks, people and the two kinds of categories.

These sections are alike, so the handlers take the kind of the records.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, managed, may_see_project, rights
from harvest_async.sandbox.v1.base import Handler, Request, Route, V1Services

__all__ = ["CATEGORY_ROUTES", "ITEM_CATEGORY_ROUTES", "ROUTES"]

_PATHS: Final = {
    "client": "clients",
    "contact": "contacts",
    "project": "projects",
    "task": "tasks",
    "user": "people",
    "expense_category": "expense_categories",
    "invoice_item_category": "invoice_item_categories",
}
_NEW_PATHS: Final = {"invoice_item_category": "invoice_categories"}


def list_all(kind: str, services: V1Services, request: Request) -> Response:
    """Return all records, including archived ones."""
    return services.many(kind, request.since(_visible(kind, services, request)), request)


def list_projects(services: V1Services, request: Request) -> Response:
    """Return all projects, or those of a `client`."""
    records, client = _visible("project", services, request), request.parameter("client")
    if client:
        records = [record for record in records if str(record["client_id"]) == client]
    return services.many("project", request.since(records), request)


def list_for_client(services: V1Services, request: Request) -> Response:
    """Return the contacts of a client."""
    client = services.world.find("client", request.id)
    return services.many("contact", request.since(services.world.having("contact", client_id=client["id"])), request)


def get(kind: str, services: V1Services, request: Request) -> Response:
    """Return a record."""
    return services.one(kind, _record(kind, services, request), request)


def create(kind: str, services: V1Services, request: Request) -> Response:
    """Create a record."""
    if kind == "project" and not (request.person["is_admin"] or rights(request.person)["can_create_projects"]):
        raise Refusal(404)
    record = services.rules.create(kind, services.new_values(kind, request), request.now)
    if kind == "project":
        link = services.staff.assign("user_assignment", record, request.person["id"], request.now)
        if not request.person["is_admin"]:
            services.world.change("user_assignment", link, {"is_project_manager": True}, request.now)
    return services.created(kind, record, request, f"/{_NEW_PATHS.get(kind, _PATHS[kind])}/{record['id']}")


def update(kind: str, services: V1Services, request: Request) -> Response:
    """Update a record; the update of a project needs its client_id."""
    record = _record(kind, services, request)
    values = services.changed_values(kind, request)
    if kind == "project" and not values.get("client_id"):
        raise Refusal(400, "client_id is missing.")
    services.rules.update(kind, record, values, request.now)
    return services.saved(kind, record, request, f"/{_PATHS[kind]}/{record['id']}")


def delete(kind: str, services: V1Services, request: Request) -> Response:
    """Delete a record, or archive it."""
    services.rules.delete(kind, _record(kind, services, request), request.now)
    return Response()


def toggle(kind: str, services: V1Services, request: Request) -> Response:
    """Archive an active record, or activate an archived one."""
    record = services.rules.toggle(kind, _record(kind, services, request), request.now)
    return Response(location=None if kind == "user" else f"/{_PATHS[kind]}/{record['id']}")


def activate(services: V1Services, request: Request) -> Response:
    """Activate a task."""
    task = services.rules.activate(services.world.find("task", request.id), request.now)
    return Response(location=f"/tasks/{task['id']}")


def reset_password(services: V1Services, request: Request) -> Response:
    """Accept a request to reset a password; no mail is sent."""
    _record("user", services, request)
    return Response()


# Internals


def _record(kind: str, services: V1Services, request: Request) -> Record:
    if kind == "user":
        record = services.world.person(request.path_values[-1])
        if not request.person["is_admin"] and record not in _visible(kind, services, request):
            raise Refusal(404)
        return record
    record = services.world.find(kind, request.id)
    if kind == "project" and not may_see_project(request.person, record["id"], services.world):
        raise Refusal(404)
    return record


def _visible(kind: str, services: V1Services, request: Request) -> list[Record]:
    """Return the records that the person may see: managers see their projects and the people on them."""
    records = services.world.all(kind)
    if request.person["is_admin"] or kind not in {"project", "user"}:
        return records
    own = managed(request.person, services.world)
    if kind == "user":
        links = [link for number in own for link in services.world.assignments("user_assignment", number)]
        own = {request.person["id"], *(link["user_id"] for link in links)}
    return [record for record in records if record["id"] in own]


def _section(kind: str, key: str = "{id}", role: Role = Role.MANAGER) -> tuple[Route, ...]:
    """Return the five endpoints of a section; `role` is the one that writes need."""
    path = f"/{_PATHS[kind]}"
    lister: Handler = list_projects if kind == "project" else partial(list_all, kind)
    return (
        Route("GET", path, Role.MANAGER, lister),
        Route("POST", path, role, partial(create, kind)),
        Route("GET", f"{path}/{key}", Role.MANAGER, partial(get, kind)),
        Route("PUT", f"{path}/{key}", role, partial(update, kind)),
        Route("DELETE", f"{path}/{key}", role, partial(delete, kind)),
    )


ROUTES: Final = (
    *_section("client"),
    Route("POST PUT", "/clients/{id}/toggle", Role.MANAGER, partial(toggle, "client")),
    *_section("contact"),
    Route("GET", "/clients/{id}/contacts", Role.MANAGER, list_for_client),
    *_section("project"),
    Route("PUT", "/projects/{id}/toggle", Role.MANAGER, partial(toggle, "project")),
    *_section("task"),
    Route("POST", "/tasks/{id}/activate", Role.MANAGER, activate),
    *_section("user", "{person}", Role.ADMIN),
    Route("POST GET", "/people/{person}/toggle", Role.ADMIN, partial(toggle, "user"), cacheable=False),
    Route("POST", "/people/{person}/reset_password", Role.ADMIN, reset_password),
)

CATEGORY_ROUTES: Final = _section("expense_category")

ITEM_CATEGORY_ROUTES: Final = tuple(  # it has no endpoint for a single category
    route for route in _section("invoice_item_category") if route.methods != "GET" or "{" not in route.path
)
