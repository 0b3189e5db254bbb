"""Who works on what: tasks and people on projects. The project's id comes first.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from harvest_async.call import Created, Gone
from harvest_async.v1 import calls, checks
from harvest_async.v1.fields import TaskAssignmentFields, UserAssignmentFields
from harvest_async.v1.models import TaskAssignment, UserAssignment
from harvest_async.v1.section import Id, Listing, Section, write_fields

__all__ = ["TaskAssignments", "UserAssignments"]


class TaskAssignments(Section):
    """Tasks on projects; the project's id comes first."""

    __slots__ = ()

    def list(self, project_id: Id, *, updated_since: datetime | None = None) -> Listing[TaskAssignment]:
        """All tasks of a project, archived ones too."""
        return Listing(self._exchange, calls.list_task_assignments(project_id, updated_since))

    async def get(self, project_id: Id, id: Id) -> TaskAssignment:
        """One assignment."""
        return await self._exchange.send(calls.get_task_assignment(project_id, id))

    async def create(self, project_id: Id, task_id: int) -> TaskAssignment:
        """Put a task on a project; rates and budget are set by `update`."""
        call = calls.create_task_assignment(project_id, task_id)
        return await self._exchange.create_and_read(call, lambda made: calls.get_task_assignment(project_id, made))

    async def create_id(self, project_id: Id, task_id: int) -> Created[TaskAssignment]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(calls.create_task_assignment(project_id, task_id))

    async def create_with_new_task(self, project_id: Id, name: str) -> TaskAssignment:
        """Make a task in the account and put it on a project."""
        call = calls.create_task_assignment_with_task(project_id, checks.required_text("name", name))
        return await self._exchange.create_and_read(call, lambda made: calls.get_task_assignment(project_id, made))

    async def update(self, project_id: Id, id: Id, **fields: Unpack[TaskAssignmentFields]) -> TaskAssignment:
        """Change what is given."""
        given = write_fields("task_assignments.update", TaskAssignmentFields, fields)
        call = calls.update_task_assignment(project_id, id, given)
        return await self._changed(call, calls.get_task_assignment(project_id, id))

    async def delete(self, project_id: Id, id: Id) -> Gone:
        """Take a task off a project; archived if it has hours there, as the server's `Hint` tells."""
        return await self._exchange.send(calls.delete_task_assignment(project_id, id))


class UserAssignments(Section):
    """People on projects; the project's id comes first."""

    __slots__ = ()

    def list(self, project_id: Id, *, updated_since: datetime | None = None) -> Listing[UserAssignment]:
        """All people of a project, archived ones too."""
        return Listing(self._exchange, calls.list_user_assignments(project_id, updated_since))

    async def get(self, project_id: Id, id: Id) -> UserAssignment:
        """One assignment."""
        return await self._exchange.send(calls.get_user_assignment(project_id, id))

    async def create(self, project_id: Id, user_id: int) -> UserAssignment:
        """Put a person on a project."""
        call = calls.create_user_assignment(project_id, user_id)
        return await self._exchange.create_and_read(call, lambda made: calls.get_user_assignment(project_id, made))

    async def create_id(self, project_id: Id, user_id: int) -> Created[UserAssignment]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(calls.create_user_assignment(project_id, user_id))

    async def update(self, project_id: Id, id: Id, **fields: Unpack[UserAssignmentFields]) -> UserAssignment:
        """Change what is given."""
        given = write_fields("user_assignments.update", UserAssignmentFields, fields)
        call = calls.update_user_assignment(project_id, id, given)
        return await self._changed(call, calls.get_user_assignment(project_id, id))

    async def delete(self, project_id: Id, id: Id) -> Gone:
        """Take a person off a project; archived if they have hours there, as the server's `Hint` tells."""
        return await self._exchange.send(calls.delete_user_assignment(project_id, id))
