"""Handlers for tasks and people on projects. The two kinds are alike, so the handlers take the kind."""

from __future__ import annotations

from functools import partial
from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, may_see_project
from harvest_async.sandbox.v1.base import Request, Route, V1Services
from harvest_async.sandbox.v1.writable_fields import read_new

__all__ = ["ROUTES"]


def list_all(kind: str, services: V1Services, request: Request) -> Response:
    """Return the assignments of a project."""
    project = _project(services, request)
    return services.many(kind, request.since(services.world.assignments(kind, project["id"])), request)


def get(kind: str, services: V1Services, request: Request) -> Response:
    """Return an assignment."""
    return services.one(kind, services.staff.find(kind, _project(services, request), request.id), request)


def create(kind: str, services: V1Services, request: Request) -> Response:
    """Assign a task or a person to a project; the root of the body is `task` or `user`."""
    project = _project(services, request)
    number = read_id(request.fields(kind.removesuffix("_assignment")).get("id", ""))
    if number is None:
        raise Refusal(400, "id is invalid.")
    return _created(kind, services, request, services.staff.assign(kind, project, number, request.now))


def create_with_new_task(services: V1Services, request: Request) -> Response:
    """Assign a new task to a project, or the existing task with this name."""
    project, fields = _project(services, request), request.fields("task")
    name = fields.get("name")
    known = services.world.having("task", name=name) if isinstance(name, str) else []
    task = known[0] if known else services.rules.create("task", read_new("task", fields), request.now)
    link = services.staff.assign("task_assignment", project, task["id"], request.now)
    return _created("task_assignment", services, request, link)


def update(kind: str, services: V1Services, request: Request) -> Response:
    """Update an assignment; the response has a Location for people only."""
    record = services.staff.find(kind, _project(services, request), request.id)
    record = services.staff.change(kind, record, services.changed_values(kind, request), request.now)
    return services.saved(kind, record, request, None if kind == "task_assignment" else _path(kind, record))


def delete(kind: str, services: V1Services, request: Request) -> Response:
    """Delete an assignment, or archive it."""
    record = services.staff.find(kind, _project(services, request), request.id)
    return Response(hint=services.staff.unassign(kind, record, request.now))


def _project(services: V1Services, request: Request) -> Record:
    project = services.world.find("project", int(request.path_values[0]))
    if not may_see_project(request.person, project["id"], services.world):
        raise Refusal(404)
    return project


def _created(kind: str, services: V1Services, request: Request, record: Record) -> Response:
    return services.created(kind, record, request, _path(kind, record))


def _path(kind: str, record: Record) -> str:
    return f"/projects/{record['project_id']}/{kind}s/{record['id']}"


def _section(kind: str) -> tuple[Route, ...]:
    path = f"/projects/{{id}}/{kind}s"
    return (
        Route("GET", path, Role.MANAGER, partial(list_all, kind)),
        Route("POST", path, Role.MANAGER, partial(create, kind)),
        Route("GET", f"{path}/{{id}}", Role.MANAGER, partial(get, kind)),
        Route("PUT", f"{path}/{{id}}", Role.MANAGER, partial(update, kind)),
        Route("DELETE", f"{path}/{{id}}", Role.MANAGER, partial(delete, kind)),
    )


_NEW_TASK: Final = "/projects/{id}/task_assignments/add_with_create_new_task"

ROUTES: Final = (
    *_section("task_assignment"),
    Route("POST", _NEW_TASK, Role.MANAGER, create_with_new_task),
    *_section("user_assignment"),
)
