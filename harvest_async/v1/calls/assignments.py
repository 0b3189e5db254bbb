"""Task and user assignments: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Body, Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client import validation as checks
from harvest_async.client.builders import IDEMPOTENT, UNSAFE, Id
from harvest_async.client.results import Made, One
from harvest_async.v1.models import TaskAssignment, UserAssignment

__all__ = [
    "create_task_assignment",
    "create_task_assignment_with_task",
    "create_user_assignment",
    "delete_task_assignment",
    "delete_user_assignment",
    "get_task_assignment",
    "get_user_assignment",
    "list_task_assignments",
    "list_user_assignments",
    "update_task_assignment",
    "update_user_assignment",
]

TASK_ASSIGNMENT = One(TaskAssignment, "task_assignment")
USER_ASSIGNMENT = One(UserAssignment, "user_assignment")


def list_task_assignments(project: Id, updated_since: datetime | None = None) -> Call[Page[TaskAssignment]]:
    """Contract: task_assignments.list."""
    where = frame.place("/projects/{project}/task_assignments", project)
    return frame.listing("task_assignments.list", where, TASK_ASSIGNMENT, updated_since)


def get_task_assignment(project: Id, id: Id) -> Call[TaskAssignment]:
    """Contract: task_assignments.get."""
    return frame.get(
        "task_assignments.get",
        frame.place("/projects/{project}/task_assignments/{task_assignment}", project, id),
        TASK_ASSIGNMENT,
    )


def create_task_assignment(project: Id, task: Id) -> Call[Created[TaskAssignment]]:
    """Contract: task_assignments.create: the body is a task with nothing but its id (assignment_create_root)."""
    where = frame.place("/projects/{project}/task_assignments", project)
    body = Body({"id": checks.reference("task", task)}, "task", "task")
    return Call("task_assignments.create", "POST", where, Made(TASK_ASSIGNMENT), UNSAFE, body=body)


def update_task_assignment(project: Id, id: Id, fields: Mapping[str, Any]) -> Call[TaskAssignment | None]:
    """Contract: task_assignments.update: JSON has an underscore in its root (dash_key_in_json)."""
    where = frame.place("/projects/{project}/task_assignments/{task_assignment}", project, id)
    return frame.update("task_assignments.update", where, TASK_ASSIGNMENT, fields)


def delete_task_assignment(project: Id, id: Id) -> Call[DeleteResult]:
    """Contract: task_assignments.delete: a `Hint` tells of an archiving."""
    where = frame.place("/projects/{project}/task_assignments/{task_assignment}", project, id)
    return frame.delete("task_assignments.delete", where, hints=True)


def create_task_assignment_with_task(project: Id, name: str) -> Call[Created[TaskAssignment]]:
    """Contract: task_assignments.create_with_new_task."""
    where = frame.place("/projects/{project}/task_assignments/add_with_create_new_task", project)
    body = Body({"name": checks.required_text("name", name)}, "task", "task")
    return Call("task_assignments.create_with_new_task", "POST", where, Made(TASK_ASSIGNMENT), UNSAFE, body=body)


def list_user_assignments(project: Id, updated_since: datetime | None = None) -> Call[Page[UserAssignment]]:
    """Contract: user_assignments.list."""
    where = frame.place("/projects/{project}/user_assignments", project)
    return frame.listing("user_assignments.list", where, USER_ASSIGNMENT, updated_since)


def get_user_assignment(project: Id, id: Id) -> Call[UserAssignment]:
    """Contract: user_assignments.get."""
    return frame.get(
        "user_assignments.get",
        frame.place("/projects/{project}/user_assignments/{user_assignment}", project, id),
        USER_ASSIGNMENT,
    )


def create_user_assignment(project: Id, person: Id) -> Call[Created[UserAssignment]]:
    """Contract: user_assignments.create: the body is a user with nothing but its id (assignment_create_root)."""
    where = frame.place("/projects/{project}/user_assignments", project)
    body = Body({"id": checks.reference("person", person)}, "user", "user")
    return Call("user_assignments.create", "POST", where, Made(USER_ASSIGNMENT), UNSAFE, body=body)


def update_user_assignment(project: Id, id: Id, fields: Mapping[str, Any]) -> Call[Created[UserAssignment]]:
    """Contract: user_assignments.update: `Location` may name another id (user_assignment_location)."""
    where = frame.place("/projects/{project}/user_assignments/{user_assignment}", project, id)
    body = frame.body(USER_ASSIGNMENT, fields)
    return Call("user_assignments.update", "PUT", where, Made(USER_ASSIGNMENT), IDEMPOTENT, body=body)


def delete_user_assignment(project: Id, id: Id) -> Call[DeleteResult]:
    """Contract: user_assignments.delete: a `Hint` tells of an archiving."""
    where = frame.place("/projects/{project}/user_assignments/{user_assignment}", project, id)
    return frame.delete("user_assignments.delete", where, hints=True)
