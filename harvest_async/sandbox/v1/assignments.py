"""Tasks and people on projects (contract: task_assignments, user_assignments).

Rules of this room: pure. The two kinds are alike, so their handlers are made from the kind.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from harvest_async.sandbox.reading import Refusal, read_id
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role, may_see_project
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services

__all__ = ["ROUTES"]


def list_all(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: task_assignments.list, user_assignments.list."""
    project = _project(office, asked)
    return office.many(kind, asked.since(office.world.assignments(kind, project["id"])), asked)


def get(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: task_assignments.get, user_assignments.get."""
    return office.one(kind, office.staff.find(kind, _project(office, asked), asked.id), asked)


def create(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: task_assignments.create, user_assignments.create; the body names what is assigned
    (assignment_create_root)."""  # noqa: D205, D209 - one sentence
    project = _project(office, asked)
    number = read_id(asked.fields(kind.removesuffix("_assignment")).get("id", ""))
    if number is None:
        raise Refusal(400, "id is invalid.")
    return _made(kind, office, asked, office.staff.assign(kind, project, number, asked.now))


def create_with_new_task(office: Services, asked: Query) -> Reply:
    """Put a new task on a project, or the one that has this name already."""
    project, fields = _project(office, asked), asked.fields("task")
    name = fields.get("name")
    known = office.world.having("task", name=name) if isinstance(name, str) else []
    task = known[0] if known else office.rules.create("task", fields, asked.now)
    link = office.staff.assign("task_assignment", project, task["id"], asked.now)
    return _made("task_assignment", office, asked, link)


def update(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: task_assignments.update, which names no Location, and user_assignments.update, which does."""
    record = office.staff.find(kind, _project(office, asked), asked.id)
    record = office.staff.change(kind, record, asked.fields(kind), asked.now)
    return office.written(kind, record, asked, None if kind == "task_assignment" else _path(kind, record))


def delete(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: task_assignments.delete, user_assignments.delete."""
    record = office.staff.find(kind, _project(office, asked), asked.id)
    return Reply(hint=office.staff.unassign(kind, record, asked.now))


def _project(office: Services, asked: Query) -> Record:
    project = office.world.find("project", int(asked.words[0]))
    if not may_see_project(asked.person, project["id"], office.world):
        raise Refusal(404)
    return project


def _made(kind: str, office: Services, asked: Query, record: Record) -> Reply:
    return office.made(kind, record, asked, _path(kind, record))


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
