"""Handlers for projects, and for tasks and people on them."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, managed, may_see_project
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.fields import read_record
from harvest_async.sandbox.v2.filters import matching, since
from harvest_async.sandbox.v2.lists import list_page, plain_page
from harvest_async.sandbox.v2.resources import is_active
from harvest_async.sandbox.v2.shapes import SHAPES

__all__ = ["ROUTES"]

_NEEDED: Final = ("client_id", "name", "is_billable", "bill_by", "budget_by")


def list_projects(services: V2Services, request: Request) -> Response:
    """Return the projects that the person may see."""
    records = since(request, _visible(services, request, services.world.all("project"), "id"))
    records = matching(request, records, is_active=is_active, client_id=lambda record: record["client_id"])
    return list_page(services, request, "projects", records, partial(SHAPES["project"], services.world))


def get(services: V2Services, request: Request) -> Response:
    """Return a project."""
    return _shown(services, "project", _project(services, request))


def create(services: V2Services, request: Request) -> Response:
    """Create a project; its creator is assigned to it."""
    person = request.person
    if not (person["is_admin"] or person["is_project_manager"]):
        raise Refusal(403, "Not authorized!", hints=True)
    values = _mirrored(read_record("project", request.body, _NEEDED))
    project = services.rules.create("project", values, request.now, required=())
    link = services.staff.assign("user_assignment", project, person["id"], request.now)
    services.world.change("user_assignment", link, {"is_project_manager": True}, request.now)
    return respond(SHAPES["project"](services.world, project), 201, f"/projects/{project['id']}")


def update(services: V2Services, request: Request) -> Response:
    """Change the given values of a project."""
    project = _project(services, request)
    needed = [name for name in _NEEDED if name in request.body and name in {"name", "client_id"}]
    values = _mirrored(read_record("project", request.body, needed))
    services.rules.update("project", project, values, request.now)
    return _shown(services, "project", project)


def delete(services: V2Services, request: Request) -> Response:
    """Delete a project with its time entries and expenses, and return it."""
    project = _project(services, request)
    shown = SHAPES["project"](services.world, project)
    for kind in ("entry", "expense"):
        for record in services.world.having(kind, project_id=project["id"]):
            if record["is_billed"]:
                raise Refusal(422, "The project has invoiced records", hints=True)
    for kind in ("entry", "expense"):
        for record in services.world.having(kind, project_id=project["id"]):
            services.world.drop(kind, record)
    services.rules.delete("project", project, request.now)
    return respond(shown)


# Assignments


def list_links(kind: str, services: V2Services, request: Request) -> Response:
    """Return the assignments of all projects."""
    records = _selected(request, _visible(services, request, services.world.all(kind), "project_id"))
    return list_page(services, request, f"{kind}s", records, partial(SHAPES[kind], services.world))


def list_links_of(kind: str, services: V2Services, request: Request) -> Response:
    """Return the assignments of a project."""
    records = _selected(request, services.world.assignments(kind, _project(services, request)["id"]))
    newest = sorted(records, key=lambda record: record["id"], reverse=True)
    return plain_page(request, f"{kind}s", newest, partial(SHAPES[kind], services.world))


def get_link(kind: str, services: V2Services, request: Request) -> Response:
    """Return an assignment."""
    return _shown(services, kind, services.staff.find(kind, _project(services, request), request.id))


def assign(kind: str, services: V2Services, request: Request) -> Response:
    """Assign a task or a person to a project."""
    project, assigned = _project(services, request), kind.removesuffix("_assignment")
    values = _custom_rate(kind, read_record(kind, request.body, (f"{assigned}_id",)), request)
    found = services.known(assigned, request.body[f"{assigned}_id"])
    if found is None:
        raise Refusal(422, f"{assigned.capitalize()} must exist")
    if services.world.is_assigned(kind, project["id"], found["id"]):
        raise Refusal(422, f"{assigned.capitalize()} has already been taken")
    link = services.staff.assign(kind, project, found["id"], request.now)
    if values:
        services.staff.change(kind, link, values, request.now)
    place = f"/projects/{project['id']}/{kind}s/{link['id']}"
    return respond(SHAPES[kind](services.world, link), 201, place)


def update_link(kind: str, services: V2Services, request: Request) -> Response:
    """Change the given values of an assignment."""
    link = services.staff.find(kind, _project(services, request), request.id)
    values = _custom_rate(kind, read_record(kind, request.body), request)
    return _shown(services, kind, services.staff.change(kind, link, values, request.now))


def unassign(kind: str, services: V2Services, request: Request) -> Response:
    """Delete an assignment and return it; one with hours is refused."""
    project = _project(services, request)
    link = services.staff.find(kind, project, request.id)
    shown, assigned = SHAPES[kind](services.world, link), kind.removesuffix("_assignment")
    if services.world.has("entry", project_id=project["id"], **{f"{assigned}_id": link[f"{assigned}_id"]}):
        raise Refusal(422, f"The {assigned} has hours on this project", hints=True)
    services.staff.unassign(kind, link, request.now)
    return respond(shown)


# Internals


def _shown(services: V2Services, kind: str, record: Record) -> Response:
    return respond(SHAPES[kind](services.world, record))


def _project(services: V2Services, request: Request) -> Record:
    project = services.world.find("project", int(request.path_values[0]))
    if not may_see_project(request.person, project["id"], services.world):
        raise Refusal(404)
    return project


def _visible(services: V2Services, request: Request, records: list[Record], name: str) -> list[Record]:
    """Return the records of the projects that the person may see."""
    if request.person["is_admin"]:
        return records
    own = managed(request.person, services.world)
    return [record for record in records if record[name] in own]


def _selected(request: Request, records: list[Record]) -> list[Record]:
    filters: dict[str, Any] = {"is_active": is_active}
    if request.path.endswith("user_assignments"):
        filters["user_id"] = lambda record: record["user_id"]
    return matching(request, since(request, records), **filters)


def _custom_rate(kind: str, values: Record, request: Request) -> Record:
    """Return the values of a person's assignment; one with a rate of its own does not use the default rates."""
    if kind == "user_assignment" and values.get("hourly_rate") is not None and "use_default_rates" not in request.body:
        return {**values, "use_default_rates": False}
    return values


def _mirrored(values: Record) -> Record:
    """Return a project's values with its estimate, which has the same value as its budget."""
    pairs = (("budget", "estimate"), ("budget_by", "estimate_by"))
    return {**values, **{other: values[name] for name, other in pairs if name in values}}


def _links(kind: str) -> tuple[Route, ...]:
    path = f"/projects/{{id}}/{kind}s"
    return (
        Route("GET", f"/{kind}s", Role.MANAGER, partial(list_links, kind)),
        Route("GET", path, Role.MANAGER, partial(list_links_of, kind)),
        Route("POST", path, Role.MANAGER, partial(assign, kind)),
        Route("GET", f"{path}/{{id}}", Role.MANAGER, partial(get_link, kind)),
        Route("PATCH", f"{path}/{{id}}", Role.MANAGER, partial(update_link, kind)),
        Route("DELETE", f"{path}/{{id}}", Role.MANAGER, partial(unassign, kind)),
    )


ROUTES: Final = (
    Route("GET", "/projects", Role.MANAGER, list_projects),
    Route("POST", "/projects", Role.MANAGER, create),
    Route("GET", "/projects/{id}", Role.MANAGER, get),
    Route("PATCH", "/projects/{id}", Role.MANAGER, update),
    Route("DELETE", "/projects/{id}", Role.MANAGER, delete),
    *_links("task_assignment"),
    *_links("user_assignment"),
)
