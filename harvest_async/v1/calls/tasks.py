"""Tasks: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client.builders import IDEMPOTENT, Id
from harvest_async.client.results import Changed, One, Removed
from harvest_async.v1.models import Task

__all__ = [
    "activate_task",
    "create_task",
    "delete_task",
    "get_task",
    "list_tasks",
    "update_task",
]

TASK = One(Task, "task")


def list_tasks(updated_since: datetime | None = None) -> Call[Page[Task]]:
    """Contract: tasks.list."""
    return frame.listing("tasks.list", "/tasks", TASK, updated_since)


def get_task(id: Id) -> Call[Task]:
    """Contract: tasks.get."""
    return frame.get("tasks.get", frame.place("/tasks/{task}", id), TASK)


def create_task(fields: Mapping[str, Any]) -> Call[Created[Task]]:
    """Contract: tasks.create."""
    return frame.create("tasks.create", "/tasks", TASK, fields)


def update_task(id: Id, fields: Mapping[str, Any]) -> Call[Task | None]:
    """Contract: tasks.update."""
    return frame.update("tasks.update", frame.place("/tasks/{task}", id), TASK, fields)


def activate_task(id: Id) -> Call[Task | None]:
    """Contract: tasks.activate."""
    return Call("tasks.activate", "POST", frame.place("/tasks/{task}/activate", id), Changed(TASK), IDEMPOTENT)


def delete_task(id: Id) -> Call[DeleteResult]:
    """Contract: tasks.delete_or_archive: the answer does not tell which of the two happened."""
    where = frame.place("/tasks/{task}", id)
    return Call("tasks.delete_or_archive", "DELETE", where, Removed(told=False), IDEMPOTENT)
