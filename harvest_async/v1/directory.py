"""The reference lists of an account by API v1, cached (see `client.directory`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from harvest_async.client.cached_list import CachedList, Named
from harvest_async.client.directory import BaseDirectory, PeopleList, ProjectList, changes, touch_one
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.models import (
    Client,
    ExpenseCategory,
    Person,
    Project,
    Task,
    TaskAssignment,
    UserAssignment,
)

__all__ = ["Directory"]

_NEW_TASK: Final = "add_with_create_new_task"


class TasksOfProject(CachedList[TaskAssignment]):
    """The tasks on a project."""

    async def by_task(self, task_id: int) -> TaskAssignment | None:
        """Return a task's assignment, the active one of several; None if the task was never on the project.

        Raises:
            HarvestError: as `all`.
        """
        return await self._one("task", str(task_id), lambda link: str(link.task_id))


class PeopleOfProject(CachedList[UserAssignment]):
    """The people on a project."""

    async def by_user(self, user_id: int) -> UserAssignment | None:
        """Return a person's assignment, the active one of several; None if the person was never on the project.

        Raises:
            HarvestError: as `all`.
        """
        return await self._one("user", str(user_id), lambda link: str(link.user_id))


class Directory(BaseDirectory):
    """An account's reference lists by API v1, kept in memory and updated by `updated_since`.

    `await directory.clients.by_name("ACME")` requests the list when it is first needed, and uses no call from
    then on. `by_id`, `by_name`, `by_code` and `by_email` give a record or None; `all` gives the list.

    Args:
        harvest: the client that reads the lists; they show its own writes, and those by its `options()`, at once.
        max_age: seconds after which a list is updated before it is used again: one call for what changed.
        clock: the source of the time; the system's clock by default.

    Raises:
        InvalidArgument: `max_age` is not above 0, or the client is of another API version.

    Attributes:
        clients, projects, tasks, people, expense_categories: the lists.
    """

    client_class = HarvestV1

    def _open(self, harvest: HarvestV1) -> None:
        self._harvest = harvest
        self.clients: Named[Client] = self._cached(Named, "clients", changes(harvest.clients.list))
        self.projects: ProjectList[Project] = self._cached(ProjectList, "projects", changes(harvest.projects.list))
        self.tasks: Named[Task] = self._cached(Named, "tasks", changes(harvest.tasks.list))
        self.people: PeopleList[Person] = self._cached(PeopleList, "people", changes(harvest.people.list))
        categories = changes(harvest.expense_categories.list)
        self.expense_categories: Named[ExpenseCategory] = self._cached(Named, "expense categories", categories)
        self._task_links: dict[int, TasksOfProject] = {}
        self._user_links: dict[int, PeopleOfProject] = {}

    def task_assignments(self, project_id: int) -> TasksOfProject:
        """Return the tasks on a project."""
        if project_id not in self._task_links:
            fetch = changes(partial(self._harvest.task_assignments.list, project_id))
            self._task_links[project_id] = self._cached(TasksOfProject, f"tasks of project {project_id}", fetch)
        return self._task_links[project_id]

    def user_assignments(self, project_id: int) -> PeopleOfProject:
        """Return the people on a project."""
        if project_id not in self._user_links:
            fetch = changes(partial(self._harvest.user_assignments.list, project_id))
            self._user_links[project_id] = self._cached(PeopleOfProject, f"people of project {project_id}", fetch)
        return self._user_links[project_id]

    def reload(self) -> None:
        """Forget everything: each list is requested as a whole when it is next needed."""
        super().reload()
        self._task_links.clear()
        self._user_links.clear()

    def _wrote_below(self, project: int, kind: str, rest: list[str], *, deleted: bool) -> None:
        every: Mapping[str, dict[int, Any]] = {
            "task_assignments": self._task_links,
            "user_assignments": self._user_links,
        }
        if (links := every.get(kind)) is None:
            self.projects.touch(project)  # its state was changed
            return
        if project in links:
            touch_one(links[project], rest, deleted=deleted)
        if rest == [_NEW_TASK]:
            self.tasks.touch()

    def _tables(self) -> Mapping[str, CachedList[Any]]:
        return {
            "clients": self.clients,
            "projects": self.projects,
            "tasks": self.tasks,
            "people": self.people,
            "expense_categories": self.expense_categories,
        }
