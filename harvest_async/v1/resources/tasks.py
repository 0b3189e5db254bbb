"""Tasks.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.errors import NotFound
from harvest_async.v1 import calls
from harvest_async.v1.fields import TaskChanges, TaskFields, TaskRef
from harvest_async.v1.models import Task

__all__ = ["Tasks"]

TASK = form(
    "tasks",
    Task,
    TaskFields,
    TaskChanges,
    {"name": "Name"},
    deactivated="use tasks.activate to bring it back, tasks.delete to archive it",
)


class Tasks(Resource):
    """Tasks."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Task]:
        """All tasks, archived ones too (contract: archived_included)."""
        return self._list(calls.list_tasks(updated_since))

    async def get(self, id: TaskRef) -> Task:
        """One task."""
        return await self._send(calls.get_task(id))

    @overload
    async def create(self, draft: Task, /) -> Task: ...
    @overload
    async def create(self, name: str, **fields: Unpack[TaskFields]) -> Task: ...
    async def create(self, name: Task | str | None = None, **fields: Any) -> Task:
        """Make a task, from its fields or from a draft."""
        return await self._create(calls.create_task(TASK.creation(fields, name)), calls.get_task)

    @overload
    async def create_id(self, draft: Task, /) -> Created[Task]: ...
    @overload
    async def create_id(self, name: str, **fields: Unpack[TaskFields]) -> Created[Task]: ...
    async def create_id(self, name: Task | str | None = None, **fields: Any) -> Created[Task]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_task(TASK.creation(fields, name)))

    @overload
    async def update(self, id: TaskRef, changed: Task) -> Task: ...
    @overload
    async def update(self, id: TaskRef, **fields: Unpack[TaskChanges]) -> Task: ...
    async def update(self, id: TaskRef, changed: Task | None = None, **fields: Any) -> Task:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent."""
        values = TASK.changes(id, changed, fields)
        return await self._updated(id, Task, values, calls.update_task(id, values), calls.get_task(id))

    async def activate(self, id: TaskRef) -> Task:
        """Bring an archived task back."""
        return await self._changed(calls.activate_task(id), calls.get_task(id))

    async def delete(self, id: TaskRef) -> DeleteResult:
        """Remove a task, or archive it if it has hours; a second call finds out which.

        Contract: delete_means_archive, task_delete_status (older accounts refuse with 400).
        """
        await self._send(calls.delete_task(id))
        try:
            task = await self.get(id)
        except NotFound:
            return DeleteResult.DELETED
        return DeleteResult.ARCHIVED if task.deactivated else DeleteResult.UNKNOWN
