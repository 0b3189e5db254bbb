"""Clients, contacts, projects, tasks, people and the two kinds of categories (contract: the sections of these names).

Rules of this room: pure. These sections are alike, so their handlers are made from the kind of their records.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from harvest_async.sandbox.reading import Refusal
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role, managed, may_see_project, rights
from harvest_async.sandbox.v1.base import Handler, Query, Reply, Route, Services

__all__ = ["CATEGORY_ROUTES", "ITEM_CATEGORY_ROUTES", "ROUTES"]

_PATHS: Final = {
    "client": "clients",
    "contact": "contacts",
    "project": "projects",
    "task": "tasks",
    "user": "people",  # contract: people_users
    "expense_category": "expense_categories",
    "invoice_item_category": "invoice_item_categories",
}
_NEW_PATHS: Final = {"invoice_item_category": "invoice_categories"}  # contract: category_location


def list_all(kind: str, office: Services, asked: Query) -> Reply:
    """A whole list, archived records too (contract: archived_included)."""
    return office.many(kind, asked.since(_visible(kind, office, asked)), asked)


def list_projects(office: Services, asked: Query) -> Reply:
    """Contract: projects.list; the filter is called client (client_filter_name)."""
    records, client = _visible("project", office, asked), asked.parameter("client")
    if client:
        records = [record for record in records if str(record["client_id"]) == client]
    return office.many("project", asked.since(records), asked)


def list_for_client(office: Services, asked: Query) -> Reply:
    """Contract: contacts.list_for_client."""
    client = office.world.find("client", asked.id)
    return office.many("contact", asked.since(office.world.having("contact", client_id=client["id"])), asked)


def get(kind: str, office: Services, asked: Query) -> Reply:
    """One record."""
    return office.one(kind, _record(kind, office, asked), asked)


def create(kind: str, office: Services, asked: Query) -> Reply:
    """A new record."""
    if kind == "project" and not (asked.person["is_admin"] or rights(asked.person)["can_create_projects"]):
        raise Refusal(404)
    record = office.rules.create(kind, asked.fields(kind), asked.now)
    if kind == "project":
        link = office.staff.assign("user_assignment", record, asked.person["id"], asked.now)
        if not asked.person["is_admin"]:
            office.world.change("user_assignment", link, {"is_project_manager": True}, asked.now)
    return office.made(kind, record, asked, f"/{_NEW_PATHS.get(kind, _PATHS[kind])}/{record['id']}")


def update(kind: str, office: Services, asked: Query) -> Reply:
    """A changed record."""
    record = _record(kind, office, asked)
    office.rules.update(kind, record, asked.fields(kind), asked.now)
    return office.written(kind, record, asked, f"/{_PATHS[kind]}/{record['id']}")


def delete(kind: str, office: Services, asked: Query) -> Reply:
    """A removed record, or an archived one."""
    office.rules.delete(kind, _record(kind, office, asked), asked.now)
    return Reply()


def toggle(kind: str, office: Services, asked: Query) -> Reply:
    """A record archived or brought back (contract: toggles_flip)."""
    record = office.rules.toggle(kind, _record(kind, office, asked), asked.now)
    return Reply(location=None if kind == "user" else f"/{_PATHS[kind]}/{record['id']}")


def activate(office: Services, asked: Query) -> Reply:
    """Contract: tasks.activate."""
    task = office.rules.activate(office.world.find("task", asked.id), asked.now)
    return Reply(location=f"/tasks/{task['id']}")


def reset_password(office: Services, asked: Query) -> Reply:
    """Contract: people.reset_password; no mail is sent."""
    _record("user", office, asked)
    return Reply()


# Inside


def _record(kind: str, office: Services, asked: Query) -> Record:
    if kind == "user":
        record = office.world.person(asked.words[-1])
        if not asked.person["is_admin"] and record not in _visible(kind, office, asked):
            raise Refusal(404)
        return record
    record = office.world.find(kind, asked.id)
    if kind == "project" and not may_see_project(asked.person, record["id"], office.world):
        raise Refusal(404)
    return record


def _visible(kind: str, office: Services, asked: Query) -> list[Record]:
    """The records of a kind that a person may know of: managers know their projects and who is on them."""
    records = office.world.all(kind)
    if asked.person["is_admin"] or kind not in {"project", "user"}:
        return records
    own = managed(asked.person, office.world)
    if kind == "user":
        links = [link for number in own for link in office.world.assignments("user_assignment", number)]
        own = {asked.person["id"], *(link["user_id"] for link in links)}
    return [record for record in records if record["id"] in own]


def _section(kind: str, key: str = "{id}", role: Role = Role.MANAGER) -> tuple[Route, ...]:
    """The five calls that every section has; `role` is asked of those that write."""
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
    Route("POST PUT", "/clients/{id}/toggle", Role.MANAGER, partial(toggle, "client")),  # contract: toggle_verbs
    *_section("contact"),
    Route("GET", "/clients/{id}/contacts", Role.MANAGER, list_for_client),
    *_section("project"),
    Route("PUT", "/projects/{id}/toggle", Role.MANAGER, partial(toggle, "project")),
    *_section("task"),
    Route("POST", "/tasks/{id}/activate", Role.MANAGER, activate),
    *_section("user", "{person}", Role.ADMIN),
    Route("POST GET", "/people/{person}/toggle", Role.ADMIN, partial(toggle, "user"), safe=False),
    Route("POST", "/people/{person}/reset_password", Role.ADMIN, reset_password),
)

CATEGORY_ROUTES: Final = _section("expense_category")

ITEM_CATEGORY_ROUTES: Final = tuple(  # contract: category_no_get
    route for route in _section("invoice_item_category") if route.methods != "GET" or "{" not in route.path
)
