"""Tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import IDEMPOTENT, Endpoint
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import Changed, One
from harvest_async.errors import NotFound
from harvest_async.v1.fields import Name, TaskChanges, TaskFields, TaskRef
from harvest_async.v1.models import Task
from harvest_async.v1.references import ENDPOINTS, SINCE

__all__ = ["Tasks"]

TASK: Final = One(Task, "task")
LIST_TASKS: Final = ENDPOINTS.listing("tasks.list", "/tasks", TASK, parameters=SINCE)
GET_TASK: Final = ENDPOINTS.get("tasks.get", "/tasks/{task}", TASK)
CREATE_TASK: Final = ENDPOINTS.create("tasks.create", "/tasks", TASK)
UPDATE_TASK: Final = ENDPOINTS.update("tasks.update", "/tasks/{task}", TASK)
ACTIVATE_TASK: Final[Endpoint[Task | None]] = ENDPOINTS.custom(
    "tasks.activate", "POST", "/tasks/{task}/activate", Changed(TASK), IDEMPOTENT
)
DELETE_TASK: Final = ENDPOINTS.delete(
    "tasks.delete_or_archive",
    "/tasks/{task}",
    known=False,
    note="A task with hours is archived; the response does not show which of the two happened.",
)

TASK_FORM: Final = form(
    "tasks",
    Task,
    TaskFields,
    TaskChanges,
    {"name": Name},
    deactivated="use tasks.activate to activate it, tasks.delete to archive it",
)


class Tasks(Resource):
    """Tasks: the kinds of work that time is tracked for.

    https://help.getharvest.com/api-v1/tasks-api/tasks/create-show-tasks/
    """

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Task]:
        """List all tasks, archived ones too.

        Args:
            updated_since: list only tasks that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_TASKS(updated_since=updated_since))

    async def get(self, id: TaskRef) -> Task:
        """Retrieve a task."""
        return await self._send(GET_TASK(id))

    @overload
    async def create(self, draft: Task, /) -> Task: ...
    @overload
    async def create(self, name: str, **fields: Unpack[TaskFields]) -> Task: ...
    async def create(self, name: Task | str | None = None, **fields: Any) -> Task:
        """Create a task and return it.

        Args:
            name: the task's name, or a draft: `Task(name="Design")`.
            fields: other fields: `billable_by_default`, `default_hourly_rate`, `is_default`.
        """
        return await self._create(CREATE_TASK(fields=TASK_FORM.creation(fields, name)), GET_TASK)

    @overload
    async def create_id(self, draft: Task, /) -> Created[Task]: ...
    @overload
    async def create_id(self, name: str, **fields: Unpack[TaskFields]) -> Created[Task]: ...
    async def create_id(self, name: Task | str | None = None, **fields: Any) -> Created[Task]:
        """Create a task in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_TASK(fields=TASK_FORM.creation(fields, name)))

    @overload
    async def update(self, id: TaskRef, changed: Task) -> Task: ...
    @overload
    async def update(self, id: TaskRef, **fields: Unpack[TaskChanges]) -> Task: ...
    async def update(self, id: TaskRef, changed: Task | None = None, **fields: Any) -> Task:
        """Change a task and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.
        """
        values = TASK_FORM.changes(id, changed, fields)
        return await self._updated(id, Task, values, UPDATE_TASK(id, fields=values), GET_TASK(id))

    async def activate(self, id: TaskRef) -> Task:
        """Activate an archived task and return it."""
        return await self._changed(ACTIVATE_TASK(id), GET_TASK(id))

    async def delete(self, id: TaskRef) -> DeleteResult:
        """Delete a task; one with hours is archived instead.

        The response does not show which of the two happened, so a second call reads the task.

        Raises:
            BadRequest: the task has hours, and the account is an older one that does not archive.
        """
        await self._send(DELETE_TASK(id))
        try:
            task = await self.get(id)
        except NotFound:
            return DeleteResult.DELETED
        return DeleteResult.ARCHIVED if task.deactivated else DeleteResult.UNKNOWN
