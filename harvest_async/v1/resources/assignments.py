"""Who works on what: tasks and people on projects. The project comes first.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.v1 import calls
from harvest_async.v1.fields import (
    PersonRef,
    ProjectRef,
    Ref,
    TaskAssignmentChanges,
    TaskRef,
    UserAssignmentChanges,
)
from harvest_async.v1.models import TaskAssignment, UserAssignment

__all__ = ["TaskAssignments", "UserAssignments"]

TASK = form("task_assignments", TaskAssignment, TaskAssignmentChanges, TaskAssignmentChanges, {})
USER = form("user_assignments", UserAssignment, UserAssignmentChanges, UserAssignmentChanges, {})


class TaskAssignments(Resource):
    """Tasks on projects; the project comes first."""

    __slots__ = ()

    def list(self, project_id: ProjectRef, *, updated_since: datetime | None = None) -> Listing[TaskAssignment]:
        """All tasks of a project, archived ones too (contract: archived_included)."""
        return self._list(calls.list_task_assignments(project_id, updated_since))

    async def get(self, project_id: ProjectRef, id: Ref[TaskAssignment]) -> TaskAssignment:
        """One assignment."""
        return await self._send(calls.get_task_assignment(project_id, id))

    async def create(self, project_id: ProjectRef, task_id: TaskRef) -> TaskAssignment:
        """Put a task on a project; rates and budget are set by `update`."""
        call = calls.create_task_assignment(project_id, task_id)
        return await self._create(call, lambda made: calls.get_task_assignment(project_id, made))

    async def create_id(self, project_id: ProjectRef, task_id: TaskRef) -> Created[TaskAssignment]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_task_assignment(project_id, task_id))

    async def create_with_new_task(self, project_id: ProjectRef, name: str) -> TaskAssignment:
        """Make a task in the account and put it on a project."""
        call = calls.create_task_assignment_with_task(project_id, name)
        return await self._create(call, lambda made: calls.get_task_assignment(project_id, made))

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
        """Change what is given, or what differs between two records; where nothing does, nothing is sent."""
        values = TASK.changes(id, changed, fields)
        call = calls.update_task_assignment(project_id, id, values)
        return await self._updated(id, TaskAssignment, values, call, calls.get_task_assignment(project_id, id))

    async def delete(self, project_id: ProjectRef, id: Ref[TaskAssignment]) -> DeleteResult:
        """Take a task off a project; archived if it has hours there, as the server's `Hint` tells.

        The last one of a project can't be taken off (contract: one_task_per_project).
        """
        return await self._send(calls.delete_task_assignment(project_id, id))


class UserAssignments(Resource):
    """People on projects; the project comes first."""

    __slots__ = ()

    def list(self, project_id: ProjectRef, *, updated_since: datetime | None = None) -> Listing[UserAssignment]:
        """All people of a project, archived ones too (contract: archived_included)."""
        return self._list(calls.list_user_assignments(project_id, updated_since))

    async def get(self, project_id: ProjectRef, id: Ref[UserAssignment]) -> UserAssignment:
        """One assignment."""
        return await self._send(calls.get_user_assignment(project_id, id))

    async def create(self, project_id: ProjectRef, user_id: PersonRef) -> UserAssignment:
        """Put a person on a project."""
        call = calls.create_user_assignment(project_id, user_id)
        return await self._create(call, lambda made: calls.get_user_assignment(project_id, made))

    async def create_id(self, project_id: ProjectRef, user_id: PersonRef) -> Created[UserAssignment]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_user_assignment(project_id, user_id))

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
        """Change what is given, or what differs between two records; where nothing does, nothing is sent.

        The record that comes back may have another id (contract: user_assignment_location).
        """
        values = USER.changes(id, changed, fields)
        if not values:
            return id if isinstance(id, UserAssignment) else await self.get(project_id, id)
        told = await self._send(calls.update_user_assignment(project_id, id, values))
        if told.record is not None:
            return told.record
        return await self.get(values.get("project_id", project_id), told.id or id)

    async def delete(self, project_id: ProjectRef, id: Ref[UserAssignment]) -> DeleteResult:
        """Take a person off a project; archived if they have hours there, as the server's `Hint` tells."""
        return await self._send(calls.delete_user_assignment(project_id, id))
