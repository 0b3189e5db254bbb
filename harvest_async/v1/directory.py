"""The reference lists of an account, cached: clients, projects, tasks, people, expense categories, and assignments.

Invariants: every list is requested when it is first needed, once, and then only for what changed. Records that one's
own writes touch are requested again before they are returned; records that others delete are noticed by `reload` alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from harvest_async.call import Call
from harvest_async.client.cached_list import CachedList, Named, Tally
from harvest_async.clock import Clock, SystemClock
from harvest_async.errors import InvalidArgument
from harvest_async.v1.models import (
    Client,
    ExpenseCategory,
    Person,
    Project,
    Task,
    TaskAssignment,
    UserAssignment,
)

if TYPE_CHECKING:
    from harvest_async.v1.client import HarvestV1

__all__ = ["Directory"]

_LINKS: Final = (["task_assignments"], ["user_assignments"])
_NEW_TASK: Final = "add_with_create_new_task"


class Projects(Named[Project]):
    """The projects."""

    async def by_code(self, code: str) -> Project | None:
        """Return the project with a code, ignoring case: the active one of several, None if there is none.

        Raises:
            InvalidArgument: several have it.
            HarvestError: as `all`.
        """
        return await self._one("code", code, lambda project: project.code)


class People(Named[Person]):
    """The people."""

    async def by_email(self, email: str) -> Person | None:
        """Return the person with an e-mail address, ignoring case; None if there is none.

        Raises:
            HarvestError: as `all`.
        """
        return await self._one("email", email, lambda person: person.email)


class TasksOfProject(CachedList[TaskAssignment]):
    """The tasks on a project."""

    async def by_task(self, task_id: int) -> TaskAssignment | None:
        """Give a task's assignment, the active one of several; None where the task was never on the project.

        Raises:
            HarvestError: as `all`.
        """
        return await self._one("task", str(task_id), lambda link: str(link.task_id))


class PeopleOfProject(CachedList[UserAssignment]):
    """The people on a project."""

    async def by_user(self, user_id: int) -> UserAssignment | None:
        """Give a person's assignment, the active one of several; None where the person was never on the project.

        Raises:
            HarvestError: as `all`.
        """
        return await self._one("user", str(user_id), lambda link: str(link.user_id))


class Directory:
    """An account's reference lists, kept in memory and updated by `updated_since`.

    `await directory.clients.by_name("ACME")` requests the list when it is first needed, and uses no call from
    then on. `by_id`, `by_name`, `by_code` and `by_email` give a record or None; `all` gives the list.

    Args:
        harvest: the account; its calls go the usual way, and its writes are noticed, those of its `options()` too.
        max_age: seconds after which a list is updated before it is used again: one call for what changed.
        clock: the source of the time; the system's clock by default.

    Raises:
        InvalidArgument: `max_age` is not above 0.

    Attributes:
        clients, projects, tasks, people, expense_categories: the lists.
    """

    def __init__(self, harvest: HarvestV1, *, max_age: float = 300.0, clock: Clock | None = None) -> None:
        if not 0 < max_age < 10**9:
            raise InvalidArgument(f"Directory: max_age={max_age!r}: give seconds above 0")
        self._harvest = harvest
        self._given = (clock or SystemClock(), max_age)
        self._tally = Tally()
        given = (*self._given, self._tally)
        self.clients: Named[Client] = Named("clients", self._clients, *given)
        self.projects = Projects("projects", self._projects, *given)
        self.tasks: Named[Task] = Named("tasks", self._tasks, *given)
        self.people = People("people", self._people, *given)
        self.expense_categories: Named[ExpenseCategory] = Named("expense categories", self._categories, *given)
        self._task_links: dict[int, TasksOfProject] = {}
        self._user_links: dict[int, PeopleOfProject] = {}
        harvest.watch(self)

    @property
    def calls(self) -> int:
        """How many calls it has made."""
        return self._tally.calls

    @property
    def saved(self) -> int:
        """How many lookups needed no call."""
        return self._tally.saved

    def task_assignments(self, project_id: int) -> TasksOfProject:
        """Give the tasks on a project."""
        if project_id not in self._task_links:
            name, listing = f"tasks of project {project_id}", self._harvest.task_assignments.list

            async def fetch(since: datetime | None) -> list[TaskAssignment]:
                return await listing(project_id, updated_since=since)

            self._task_links[project_id] = TasksOfProject(name, fetch, *self._given, self._tally)
        return self._task_links[project_id]

    def user_assignments(self, project_id: int) -> PeopleOfProject:
        """Give the people on a project."""
        if project_id not in self._user_links:
            name, listing = f"people of project {project_id}", self._harvest.user_assignments.list

            async def fetch(since: datetime | None) -> list[UserAssignment]:
                return await listing(project_id, updated_since=since)

            self._user_links[project_id] = PeopleOfProject(name, fetch, *self._given, self._tally)
        return self._user_links[project_id]

    def reload(self) -> None:
        """Forget everything: each list is asked for as a whole when it is next needed."""
        for table in self._tables().values():
            table.forget()
        self._task_links.clear()
        self._user_links.clear()

    def wrote(self, call: Call[Any], *, done: bool) -> None:
        """Record that a write to the account has ended; `done` says whether it succeeded. Called by the exchange."""
        root, *rest = [unquote(word) for word in call.path.split("/")[1:]]
        table = self._tables().get(root)
        if table is None:
            return
        number = int(rest[0]) if rest and rest[0].isdecimal() else None
        if root == "projects" and number is not None and rest[1:2] in _LINKS:
            self._linked(number, rest[1:], call, done=done)
        elif rest and number is None:
            table.forget()  # named in another way: a person by e-mail
        else:
            table.touch(number, deleted=done and call.method == "DELETE")

    # Inside

    def _linked(self, project: int, words: list[str], call: Call[Any], *, done: bool) -> None:
        """Something was written about who or what is on a project."""
        kind, *rest = words
        links: dict[int, Any] = self._task_links if kind == "task_assignments" else self._user_links
        if project in links:
            number = int(rest[0]) if rest and rest[0].isdecimal() else None
            links[project].touch(number, deleted=done and call.method == "DELETE")
        if rest == [_NEW_TASK]:
            self.tasks.touch()

    def _tables(self) -> dict[str, CachedList[Any]]:
        return {
            "clients": self.clients,
            "projects": self.projects,
            "tasks": self.tasks,
            "people": self.people,
            "expense_categories": self.expense_categories,
        }

    async def _clients(self, since: datetime | None) -> list[Client]:
        return await self._harvest.clients.list(updated_since=since)

    async def _projects(self, since: datetime | None) -> list[Project]:
        return await self._harvest.projects.list(updated_since=since)

    async def _tasks(self, since: datetime | None) -> list[Task]:
        return await self._harvest.tasks.list(updated_since=since)

    async def _people(self, since: datetime | None) -> list[Person]:
        return await self._harvest.people.list(updated_since=since)

    async def _categories(self, since: datetime | None) -> list[ExpenseCategory]:
        return await self._harvest.expense_categories.list(updated_since=since)
