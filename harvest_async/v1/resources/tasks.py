"""Tasks.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from harvest_async.call import Created, Gone
from harvest_async.errors import NotFound
from harvest_async.v1 import calls
from harvest_async.v1.fields import TaskFields
from harvest_async.v1.models import Task
from harvest_async.v1.section import Id, Listing, Section, write_fields

__all__ = ["Tasks"]


class Tasks(Section):
    """Tasks."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Task]:
        """All tasks, archived ones too."""
        return Listing(self._exchange, calls.list_tasks(updated_since))

    async def get(self, id: Id) -> Task:
        """One task."""
        return await self._exchange.send(calls.get_task(id))

    async def create(self, name: str, **fields: Unpack[TaskFields]) -> Task:
        """Make a task."""
        call = calls.create_task(write_fields("tasks.create", TaskFields, fields, name=name))
        return await self._exchange.create_and_read(call, calls.get_task)

    async def create_id(self, name: str, **fields: Unpack[TaskFields]) -> Created[Task]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(calls.create_task(write_fields("tasks.create", TaskFields, fields, name=name)))

    async def update(self, id: Id, *, name: str | None = None, **fields: Unpack[TaskFields]) -> Task:
        """Change what is given."""
        call = calls.update_task(id, write_fields("tasks.update", TaskFields, fields, name=name))
        return await self._changed(call, calls.get_task(id))

    async def activate(self, id: Id) -> Task:
        """Bring an archived task back."""
        return await self._changed(calls.activate_task(id), calls.get_task(id))

    async def delete(self, id: Id) -> Gone:
        """Remove a task, or archive it if it has hours; a second call finds out which.

        Contract: delete_means_archive.
        """
        await self._exchange.send(calls.delete_task(id))
        try:
            task = await self.get(id)
        except NotFound:
            return Gone.DELETED
        return Gone.ARCHIVED if task.deactivated else Gone.UNTOLD
