"""Assignments: the tasks and the people of projects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Unpack, overload

from harvest_async.call import Call, Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import IDEMPOTENT, Endpoint
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import Made, One
from harvest_async.client.validation import required_text
from harvest_async.v1.fields import (
    PersonRef,
    ProjectRef,
    Ref,
    TaskAssignmentChanges,
    TaskRef,
    UserAssignmentChanges,
)
from harvest_async.v1.models import TaskAssignment, UserAssignment
from harvest_async.v1.references import ENDPOINTS, REFERENCES, SINCE
from harvest_async.v1.roots import Root, root_of

__all__ = ["TaskAssignments", "UserAssignments"]

_TASKS: Final = "/projects/{project}/task_assignments"
_USERS: Final = "/projects/{project}/user_assignments"

TASK_ASSIGNMENT: Final = One(TaskAssignment, "task_assignment")
TASK_ROOT: Final = Root("task", "task")  # the body of a create is a task, not an assignment
LIST_TASK_ASSIGNMENTS: Final = ENDPOINTS.listing("task_assignments.list", _TASKS, TASK_ASSIGNMENT, parameters=SINCE)
GET_TASK_ASSIGNMENT: Final = ENDPOINTS.get("task_assignments.get", f"{_TASKS}/{{task_assignment}}", TASK_ASSIGNMENT)
CREATE_TASK_ASSIGNMENT: Final = ENDPOINTS.create("task_assignments.create", _TASKS, TASK_ASSIGNMENT, TASK_ROOT)
CREATE_TASK_ASSIGNMENT_WITH_TASK: Final = ENDPOINTS.create(
    "task_assignments.create_with_new_task", f"{_TASKS}/add_with_create_new_task", TASK_ASSIGNMENT, TASK_ROOT
)
UPDATE_TASK_ASSIGNMENT: Final = ENDPOINTS.update(
    "task_assignments.update", f"{_TASKS}/{{task_assignment}}", TASK_ASSIGNMENT
)
DELETE_TASK_ASSIGNMENT: Final = ENDPOINTS.delete(
    "task_assignments.delete",
    f"{_TASKS}/{{task_assignment}}",
    hints=True,
    note="A task with hours in the project is archived; a Hint header says so.",
)

USER_ASSIGNMENT: Final = One(UserAssignment, "user_assignment")
LIST_USER_ASSIGNMENTS: Final = ENDPOINTS.listing("user_assignments.list", _USERS, USER_ASSIGNMENT, parameters=SINCE)
GET_USER_ASSIGNMENT: Final = ENDPOINTS.get("user_assignments.get", f"{_USERS}/{{user_assignment}}", USER_ASSIGNMENT)
CREATE_USER_ASSIGNMENT: Final = ENDPOINTS.create(
    "user_assignments.create", _USERS, USER_ASSIGNMENT, Root("user", "user")
)
UPDATE_USER_ASSIGNMENT: Final[Endpoint[Created[UserAssignment]]] = ENDPOINTS.custom(
    "user_assignments.update",
    "PUT",
    f"{_USERS}/{{user_assignment}}",
    Made(USER_ASSIGNMENT),
    IDEMPOTENT,
    root_of(USER_ASSIGNMENT),
    note="The Location header may have another id.",
)
DELETE_USER_ASSIGNMENT: Final = ENDPOINTS.delete(
    "user_assignments.delete",
    f"{_USERS}/{{user_assignment}}",
    hints=True,
    note="A person with hours in the project is archived; a Hint header says so.",
)

TASK_FORM: Final = form("task_assignments", TaskAssignment, TaskAssignmentChanges, TaskAssignmentChanges, {})
USER_FORM: Final = form("user_assignments", UserAssignment, UserAssignmentChanges, UserAssignmentChanges, {})


def create_task_assignment(project: ProjectRef, task: TaskRef) -> Call[Created[TaskAssignment]]:
    """Return the call that adds a task to a project."""
    return CREATE_TASK_ASSIGNMENT(project, fields={"id": REFERENCES.reference("task", task)})


def create_user_assignment(project: ProjectRef, person: PersonRef) -> Call[Created[UserAssignment]]:
    """Return the call that adds a person to a project."""
    return CREATE_USER_ASSIGNMENT(project, fields={"id": REFERENCES.reference("person", person)})


class TaskAssignments(Resource):
    """Task assignments: the tasks of a project, with their rates and budgets. The project is the first argument.

    https://help.getharvest.com/api-v1/
    """

    __slots__ = ()

    def list(self, project_id: ProjectRef, *, updated_since: datetime | None = None) -> Listing[TaskAssignment]:
        """List the tasks of a project, archived ones too.

        Args:
            project_id: the project.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_TASK_ASSIGNMENTS(project_id, updated_since=updated_since))

    async def get(self, project_id: ProjectRef, id: Ref[TaskAssignment]) -> TaskAssignment:
        """Retrieve the assignment of a task."""
        return await self._send(GET_TASK_ASSIGNMENT(project_id, id))

    async def create(self, project_id: ProjectRef, task_id: TaskRef) -> TaskAssignment:
        """Add a task to a project and return the assignment. Set its rate and budget with `update`."""
        call = create_task_assignment(project_id, task_id)
        return await self._create(call, lambda new: GET_TASK_ASSIGNMENT(project_id, new))

    async def create_id(self, project_id: ProjectRef, task_id: TaskRef) -> Created[TaskAssignment]:
        """Add a task to a project in one call: return the id, and the record only if the response has it."""
        return await self._send(create_task_assignment(project_id, task_id))

    async def create_with_new_task(self, project_id: ProjectRef, name: str) -> TaskAssignment:
        """Create a task in the account, add it to a project, and return the assignment."""
        fields = {"name": required_text("name", name)}
        call = CREATE_TASK_ASSIGNMENT_WITH_TASK(project_id, fields=fields)
        return await self._create(call, lambda new: GET_TASK_ASSIGNMENT(project_id, new))

    @overload
    async def update(
        self, project_id: ProjectRef, id: Ref[TaskAssignment], changed: TaskAssignment
    ) -> TaskAssignment: ...
    @overload
    async def update(
        self, project_id: ProjectRef, id: Ref[TaskAssignment], **fields: Unpack[TaskAssignmentChanges]
    ) -> TaskAssignment: ...
    async def update(
        self, project_id: ProjectRef, id: Ref[TaskAssignment], changed: TaskAssignment | None = None, **fields: Any
    ) -> TaskAssignment:
        """Change an assignment and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.
        """
        values: Mapping[str, Any] = TASK_FORM.changes(id, changed, fields)
        call = UPDATE_TASK_ASSIGNMENT(project_id, id, fields=values)
        return await self._updated(id, TaskAssignment, values, call, GET_TASK_ASSIGNMENT(project_id, id))

    async def delete(self, project_id: ProjectRef, id: Ref[TaskAssignment]) -> DeleteResult:
        """Remove a task from a project; one with hours there is archived instead.

        Raises:
            BadRequest: it is the project's last task.
        """
        return await self._send(DELETE_TASK_ASSIGNMENT(project_id, id))


class UserAssignments(Resource):
    """User assignments: the people of a project, with their rates and budgets. The project is the first argument.

    https://help.getharvest.com/api-v1/users-api/users/user-assignments/
    """

    __slots__ = ()

    def list(self, project_id: ProjectRef, *, updated_since: datetime | None = None) -> Listing[UserAssignment]:
        """List the people of a project, archived ones too.

        Args:
            project_id: the project.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_USER_ASSIGNMENTS(project_id, updated_since=updated_since))

    async def get(self, project_id: ProjectRef, id: Ref[UserAssignment]) -> UserAssignment:
        """Retrieve the assignment of a person."""
        return await self._send(GET_USER_ASSIGNMENT(project_id, id))

    async def create(self, project_id: ProjectRef, user_id: PersonRef) -> UserAssignment:
        """Add a person to a project and return the assignment."""
        call = create_user_assignment(project_id, user_id)
        return await self._create(call, lambda new: GET_USER_ASSIGNMENT(project_id, new))

    async def create_id(self, project_id: ProjectRef, user_id: PersonRef) -> Created[UserAssignment]:
        """Add a person to a project in one call: return the id, and the record only if the response has it."""
        return await self._send(create_user_assignment(project_id, user_id))

    @overload
    async def update(
        self, project_id: ProjectRef, id: Ref[UserAssignment], changed: UserAssignment, /
    ) -> UserAssignment: ...
    @overload
    async def update(
        self, project_id: ProjectRef, id: Ref[UserAssignment], /, **fields: Unpack[UserAssignmentChanges]
    ) -> UserAssignment: ...
    async def update(
        self, project_id: ProjectRef, id: Ref[UserAssignment], changed: UserAssignment | None = None, /, **fields: Any
    ) -> UserAssignment:
        """Change an assignment and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent. The returned record may have another id.
        """
        values = USER_FORM.changes(id, changed, fields)
        if not values:
            return id if isinstance(id, UserAssignment) else await self.get(project_id, id)
        result = await self._send(UPDATE_USER_ASSIGNMENT(project_id, id, fields=values))
        if result.record is not None:
            return result.record
        return await self.get(values.get("project_id", project_id), result.id or id)

    async def delete(self, project_id: ProjectRef, id: Ref[UserAssignment]) -> DeleteResult:
        """Remove a person from a project; one with hours there is archived instead."""
        return await self._send(DELETE_USER_ASSIGNMENT(project_id, id))
