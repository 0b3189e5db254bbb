"""Task assignments: the tasks that are on a project."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.v2.nested import ProjectRef, TaskRef, id_of
from harvest_async.v2.projects import ProjectId
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    PAGES,
    CursorPaging,
    Number,
    Paging,
    accepted_as,
    since_text,
    true_false,
)
from harvest_async.v2.tasks import TaskField, TaskId

__all__ = [
    "TaskAssignment",
    "TaskAssignmentChanges",
    "TaskAssignmentFields",
    "TaskAssignmentId",
    "TaskAssignmentsResource",
]


@accepted_as("task_assignment")
@frozen(kw_only=True)
class TaskAssignment(Record):
    """A task on a project. `hourly_rate` is in the client's currency, `budget` in hours."""

    id: int = field(default=0, metadata=IDENTITY)
    project: ProjectRef | None = None
    task: TaskRef | None = None
    is_active: bool | None = None
    billable: bool | None = None
    hourly_rate: Decimal | None = None
    budget: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def project_id(self) -> int | None:
        """The id of the project."""
        return id_of(self.project)

    @property
    def task_id(self) -> int | None:
        """The id of the task."""
        return id_of(self.task)


TaskAssignmentId: TypeAlias = int | str | TaskAssignment
"""An assignment: its id, or the record."""


class TaskAssignmentChanges(TypedDict, total=False):
    """The fields of a change."""

    is_active: bool
    billable: bool
    hourly_rate: Number | None
    budget: Number | None


class TaskAssignmentFields(TaskAssignmentChanges, total=False):
    """The optional fields of a new assignment."""


FILTERS: Final = {"is_active": true_false, "updated_since": since_text}

LIST: Final = ENDPOINTS.listing(
    "task_assignments.list", "listTaskAssignments", "/task_assignments", TaskAssignment, {**FILTERS, **CURSOR}
)
LIST_FOR_PROJECT: Final = ENDPOINTS.listing(
    "task_assignments.list_for_project",
    "listTaskAssignmentsForSpecificProject",
    "/projects/{project}/task_assignments",
    TaskAssignment,
    {**FILTERS, **PAGES},
)
ONE: Final = "/projects/{project}/task_assignments/{task_assignment}"
CREATE: Final = ENDPOINTS.create(
    "task_assignments.create", "createTaskAssignment", "/projects/{project}/task_assignments", TaskAssignment
)
GET: Final = ENDPOINTS.get("task_assignments.get", "retrieveTaskAssignment", ONE, TaskAssignment)
UPDATE: Final = ENDPOINTS.update("task_assignments.update", "updateTaskAssignment", ONE, TaskAssignment)
DELETE: Final = ENDPOINTS.delete("task_assignments.delete", "deleteTaskAssignment", ONE)

FORM: Final = form(
    "task_assignments", TaskAssignment, TaskAssignmentFields, TaskAssignmentChanges, {"task_id": TaskField}
)


class TaskAssignmentsResource(Resource):
    """Task assignments: the tasks that are on a project.

    https://help.getharvest.com/api-v2/projects-api/projects/task-assignments/
    """

    __slots__ = ()

    def list(
        self, *, is_active: bool | None = None, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[TaskAssignment]:
        """List the assignments of all projects, the newest first.

        Args:
            is_active: list only active assignments, or only inactive ones; None lists both.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(is_active=is_active, updated_since=updated_since, **paging))

    def list_for_project(
        self,
        project: ProjectId,
        *,
        is_active: bool | None = None,
        updated_since: datetime | None = None,
        **paging: Unpack[Paging],
    ) -> Listing[TaskAssignment]:
        """List the assignments of one project, the newest first.

        Args:
            project: the project.
            is_active: list only active assignments, or only inactive ones; None lists both.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
            paging: `page`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST_FOR_PROJECT(project, is_active=is_active, updated_since=updated_since, **paging))

    async def get(self, project: ProjectId, id: TaskAssignmentId) -> TaskAssignment:
        """Retrieve an assignment.

        Raises:
            NotFound: there is no such assignment on this project.
        """
        return await self._send(GET(project, id))

    async def create(
        self, project: ProjectId, task_id: TaskId, **fields: Unpack[TaskAssignmentFields]
    ) -> TaskAssignment:
        """Add a task to a project and return the assignment, as the response has it.

        Args:
            project: the project.
            task_id: the task.
            fields: other fields, see `TaskAssignmentFields`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the assignment may or may not have been created.
            CreatedUnread: the assignment was created, but the response can't be read.
        """
        return await self._create(CREATE(project, fields=FORM.creation(fields, task_id)))

    async def update(
        self,
        project: ProjectId,
        id: TaskAssignmentId,
        changed: TaskAssignment | None = None,
        /,
        **fields: Unpack[TaskAssignmentChanges],
    ) -> TaskAssignment:
        """Change an assignment and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            project: the project.
            id: the assignment's id, or the assignment as it was read.
            changed: the assignment as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        update, read = UPDATE(project, id, fields=values), GET(project, id)
        return await self._updated(id, TaskAssignment, values, update, read)

    async def delete(self, project: ProjectId, id: TaskAssignmentId) -> DeleteResult:
        """Delete an assignment with which no time was tracked.

        Raises:
            Unprocessable: time was tracked; make it inactive instead.
        """
        return await self._send(DELETE(project, id))
