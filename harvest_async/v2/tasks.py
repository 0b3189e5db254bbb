"""Tasks: the kinds of work that are done on projects."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import CheckedBy
from harvest_async.v2.nested import TaskRef
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    REFERENCES,
    CursorPaging,
    Name,
    Number,
    accepted_as,
    since_text,
    true_false,
)

__all__ = ["Task", "TaskChanges", "TaskField", "TaskFields", "TaskId", "TasksResource"]


@accepted_as("task")
@frozen(kw_only=True)
class Task(Record):
    """A task. `default_hourly_rate` is in the account's currency."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    billable_by_default: bool | None = None
    default_hourly_rate: Decimal | None = None
    is_default: bool | None = None
    is_active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


TaskId: TypeAlias = int | str | Task | TaskRef
"""A task: its id, or a record of it."""

TaskField: TypeAlias = Annotated[TaskId, CheckedBy(REFERENCES.reference)]


class TaskFields(TypedDict, total=False):
    """The optional fields of a new task. With `is_default` it is added to future projects."""

    billable_by_default: bool
    default_hourly_rate: Number | None
    is_default: bool
    is_active: bool


class TaskChanges(TaskFields, total=False):
    """The fields of a change."""

    name: Name


LIST: Final = ENDPOINTS.listing(
    "tasks.list", "listTasks", "/tasks", Task, {"is_active": true_false, "updated_since": since_text, **CURSOR}
)
CREATE: Final = ENDPOINTS.create("tasks.create", "createTask", "/tasks", Task)
GET: Final = ENDPOINTS.get("tasks.get", "retrieveTask", "/tasks/{task}", Task)
UPDATE: Final = ENDPOINTS.update("tasks.update", "updateTask", "/tasks/{task}", Task)
DELETE: Final = ENDPOINTS.delete("tasks.delete", "deleteTask", "/tasks/{task}")

FORM: Final = form("tasks", Task, TaskFields, TaskChanges, {"name": Name})


class TasksResource(Resource):
    """Tasks: the kinds of work that are done on projects.

    https://help.getharvest.com/api-v2/tasks-api/tasks/tasks/
    """

    __slots__ = ()

    def list(
        self, *, is_active: bool | None = None, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[Task]:
        """List tasks, the newest first.

        Args:
            is_active: list only active tasks, or only archived ones; None lists both.
            updated_since: list only tasks that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(is_active=is_active, updated_since=updated_since, **paging))

    async def get(self, id: TaskId) -> Task:
        """Retrieve a task.

        Raises:
            NotFound: there is no such task.
        """
        return await self._send(GET(id))

    async def create(self, name: str | Task, **fields: Unpack[TaskFields]) -> Task:
        """Create a task and return it, as the response has it.

        Args:
            name: the task's name, or a draft: `Task(name="Design")`.
            fields: `billable_by_default`, `default_hourly_rate`, `is_default`, `is_active`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the task may or may not have been created.
            CreatedUnread: the task was created, but the response can't be read.
        """
        return await self._create(CREATE(fields=FORM.creation(fields, name)))

    async def update(self, id: TaskId, changed: Task | None = None, /, **fields: Unpack[TaskChanges]) -> Task:
        """Change a task and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            id: the task's id, or the task as it was read.
            changed: the task as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, Task, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: TaskId) -> DeleteResult:
        """Delete a task on which no time was tracked.

        Raises:
            Unprocessable: time was tracked on it; archive it instead.
        """
        return await self._send(DELETE(id))
