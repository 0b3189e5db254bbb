"""The reference lists of an account by API v2, cached (see `client.directory`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from harvest_async.call import Call
from harvest_async.client.cached_list import CachedList, Named
from harvest_async.client.directory import BaseDirectory, PeopleList, ProjectList, changes, touch_one
from harvest_async.v2.client import HarvestV2
from harvest_async.v2.clients import Client
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.projects import Project
from harvest_async.v2.roles import Role
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import Task
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import User

__all__ = ["DirectoryV2", "TaskAssignments", "UserAssignments"]

_ASSIGNED: Final = frozenset({"projects", "tasks", "users"})
"""The records that assignments connect."""


class TaskAssignments(CachedList[TaskAssignment]):
    """The tasks on all projects."""

    async def of_project(self, project_id: int) -> list[TaskAssignment]:
        """Return the tasks on a project, archived ones too.

        Raises:
            HarvestError: as `all`.
        """
        return list(await self._matches("project", str(project_id), lambda link: str(link.project_id)))


class UserAssignments(CachedList[UserAssignment]):
    """The users on all projects."""

    async def of_project(self, project_id: int) -> list[UserAssignment]:
        """Return the users on a project, archived ones too.

        Raises:
            HarvestError: as `all`.
        """
        return list(await self._matches("project", str(project_id), lambda link: str(link.project_id)))


class DirectoryV2(BaseDirectory):
    """An account's reference lists by API v2, kept in memory and updated by `updated_since`.

    `await directory.clients.by_name("ACME")` requests the list when it is first needed, and uses no call from then on.
    `by_id`, `by_name`, `by_code` and `by_email` return a record or None; `all` returns the list, and `of_project` the
    assignments of a project out of the list of all projects.

    Args:
        harvest: the client that reads the lists; they show its own writes, and those by its `options()`, at once.
        max_age: seconds after which a list is updated before it is used again: one call for what changed.
        clock: the source of the time; the system's clock by default.

    Raises:
        InvalidArgument: `max_age` is not above 0, or the client is of another API version.

    Attributes:
        clients, projects, tasks, users, roles, expense_categories, task_assignments, user_assignments: the lists.
    """

    client_class = HarvestV2

    def _open(self, harvest: HarvestV2) -> None:
        async def all_roles(_: datetime | None) -> list[Role]:
            return await harvest.roles.list()  # the API lists no changes of roles

        self.clients: Named[Client] = self._cached(Named, "clients", changes(harvest.clients.list))
        self.projects: ProjectList[Project] = self._cached(ProjectList, "projects", changes(harvest.projects.list))
        self.tasks: Named[Task] = self._cached(Named, "tasks", changes(harvest.tasks.list))
        self.users: PeopleList[User] = self._cached(PeopleList, "users", changes(harvest.users.list))
        self.roles: Named[Role] = self._cached(Named, "roles", all_roles)
        categories = changes(harvest.expense_categories.list)
        self.expense_categories: Named[ExpenseCategory] = self._cached(Named, "expense categories", categories)
        on_tasks, on_users = changes(harvest.task_assignments.list), changes(harvest.user_assignments.list)
        self.task_assignments: TaskAssignments = self._cached(TaskAssignments, "task assignments", on_tasks)
        self.user_assignments: UserAssignments = self._cached(UserAssignments, "user assignments", on_users)

    def wrote(self, call: Call[Any], *, done: bool) -> None:
        """Record that a write has ended. A new project has assignments, and a deleted record has none any more."""
        super().wrote(call, done=done)
        root, *rest = call.path.split("/")[1:]
        if root not in _ASSIGNED or len(rest) > 1:
            return
        for table in (self.task_assignments, self.user_assignments):
            if call.method == "DELETE":
                table.forget()
            elif not rest:
                table.touch()

    def _wrote_below(self, project: int, kind: str, rest: list[str], *, deleted: bool) -> None:  # noqa: ARG002
        if (table := self._tables().get(kind)) is not None:
            touch_one(table, rest, deleted=deleted)

    def _tables(self) -> Mapping[str, CachedList[Any]]:
        return {
            "clients": self.clients,
            "projects": self.projects,
            "tasks": self.tasks,
            "users": self.users,
            "roles": self.roles,
            "expense_categories": self.expense_categories,
            "task_assignments": self.task_assignments,
            "user_assignments": self.user_assignments,
        }
