"""An account by API v1, as an import asks for one.

Rules of this room: it translates and decides nothing (see `bulk.run.Account`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from harvest_async.bulk.plan import Booked, Known, Link, NewPerson
from harvest_async.bulk.rows import Row
from harvest_async.call import Call, Created
from harvest_async.errors import CreatedUnread
from harvest_async.v1.client import HarvestV1

__all__ = ["V1Account"]


class V1Account:
    """An import's way to an account."""

    def __init__(self, harvest: HarvestV1) -> None:
        self._harvest = harvest
        self._me: int | None = None
        self._timestamps = False

    async def timestamps(self) -> bool:
        """Whether time is tracked by start and end."""
        user = (await self._harvest.account.who_am_i()).user
        self._me, self._timestamps = user.id, bool(user.timestamp_timers)
        return self._timestamps

    async def clients(self) -> Sequence[Known]:
        """All clients."""
        return [
            Known(each.id, each.name or "", each.active is not False) async for each in self._harvest.clients.list()
        ]

    async def projects(self) -> Sequence[Known]:
        """All projects."""
        return [
            Known(each.id, each.name or "", each.active is not False, each.client_id)
            async for each in self._harvest.projects.list()
        ]

    async def tasks(self) -> Sequence[Known]:
        """All tasks."""
        return [
            Known(each.id, each.name or "", not each.deactivated, automatic=bool(each.is_default))
            async for each in self._harvest.tasks.list()
        ]

    async def people(self) -> Sequence[Known]:
        """All people."""
        return [
            Known(
                each.id,
                f"{each.first_name or ''} {each.last_name or ''}".strip(),
                each.is_active is not False,
                email=each.email or "",
                automatic=bool(each.has_access_to_all_future_projects),
            )
            async for each in self._harvest.people.list()
        ]

    async def links(self, kind: str, project: int) -> Sequence[Link]:
        """A project's assignments."""
        if kind == "task":
            tasks = self._harvest.task_assignments.list(project)
            return [Link(each.id, each.task_id or 0, not each.deactivated) async for each in tasks]
        people = self._harvest.user_assignments.list(project)
        return [Link(each.id, each.user_id or 0, not each.deactivated) async for each in people]

    async def entries(self, person: int, rows: Sequence[Row]) -> Sequence[Booked]:
        """A person's entries of the days that rows have."""
        days = [row.day for row in rows]
        found = self._harvest.reports.user_entries(person, min(days), max(days))
        return [
            Booked(
                each.project_id or 0,
                each.task_id or 0,
                each.spent_at,
                each.hours or Decimal(0),
                each.notes or "",
                each.started_at,
                each.ended_at,
            )
            async for each in found
            if each.spent_at is not None
        ]

    async def make_client(self, name: str) -> int:
        """Make a client."""
        return _id_of(await self._harvest.clients.create_id(name))

    async def make_project(self, name: str, client: int) -> int:
        """Make a project."""
        return _id_of(await self._harvest.projects.create_id(name, client))

    async def make_task(self, name: str) -> int:
        """Make a task."""
        return _id_of(await self._harvest.tasks.create_id(name))

    async def make_person(self, person: NewPerson) -> int:
        """Make a person."""
        return _id_of(await self._harvest.people.create_id(person.email, person.first_name, person.last_name))

    async def link(self, kind: str, project: int, other: int, archived: int | None) -> None:
        """Put a task or a person on a project, or bring an archived assignment back."""
        harvest = self._harvest
        if archived is not None and kind == "task":
            await harvest.task_assignments.update(project, archived, deactivated=False)
        elif archived is not None:
            await harvest.user_assignments.update(project, archived, deactivated=False)
        elif kind == "task":
            await harvest.task_assignments.create_id(project, other)
        else:
            await harvest.user_assignments.create_id(project, other)

    async def book(self, person: int, project: int, task: int, row: Row, cut: Callable[[], None]) -> None:
        """Make a time entry, on the person's own timesheet."""

        async def on_unknown(_: Call[Any]) -> None:
            cut()

        times = {"started_at": row.started, "ended_at": row.ended} if self._timestamps else {}
        await self._harvest.options(on_unknown=on_unknown).time.create_id(
            project,
            task,
            hours=None if self._timestamps else row.hours,
            spent_at=row.day,
            notes=row.notes or None,
            of_user=None if person == self._me else person,
            **times,
        )

    def bulk(self) -> AbstractContextManager[None]:
        """The bulk lane."""
        return self._harvest.bulk()


def _id_of(created: Created[Any]) -> int:
    if created.id is None:
        raise CreatedUnread("created, but the answer names no record", id=None, location=created.location)
    return created.id
