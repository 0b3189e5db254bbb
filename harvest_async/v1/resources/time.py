"""Timesheets.

A timer is started by `start_timer` and `toggle` alone. Hours are decimal hours.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import date, time
from typing import Any

from harvest_async.call import Call, Created, Gone
from harvest_async.errors import InvalidArgument
from harvest_async.exchange import Exchange
from harvest_async.v1 import calls, checks
from harvest_async.v1.models import Daily, DayEntry
from harvest_async.v1.section import Hours, Id, Section

__all__ = ["TimeTracking"]


class TimeTracking(Section):
    """Timesheets. With `of_user` an administrator acts on another person's (contract: of_user)."""

    __slots__ = ("_timestamps",)

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._timestamps: bool | None = None

    async def daily(self, day: date | None = None, *, of_user: Id | None = None, slim: bool = False) -> Daily:
        """A day's entries, and the projects that can be tracked; today in the person's zone if no day is given.

        Args:
            day: the day.
            of_user: whose timesheet.
            slim: leave the projects out.
        """
        return await self._exchange.send(
            calls.daily(None if day is None else checks.day("day", day), of_user, slim=slim)
        )

    async def get(self, id: Id, *, of_user: Id | None = None) -> DayEntry:
        """One entry."""
        return await self._exchange.send(calls.show_entry(id, of_user))

    async def create(
        self,
        project_id: int,
        task_id: int,
        *,
        hours: Hours | None = None,
        spent_at: date | str | None = None,
        notes: str | None = None,
        started_at: time | None = None,
        ended_at: time | None = None,
        of_user: Id | None = None,
    ) -> DayEntry:
        """Book time: decimal `hours`, or `started_at` and `ended_at` on accounts that track by start and end.

        Never starts a timer; that is `start_timer`. Without `spent_at` it is today in the person's zone.

        Raises:
            InvalidArgument: neither hours nor both times were given, or hours and times.
            HarvestError: see `Exchange.create_and_read`.
        """
        fields = _entry_fields(project_id, task_id, hours, spent_at, notes, started_at, ended_at)
        return await self._made(calls.create_entry(fields, of_user), of_user)

    async def create_id(
        self,
        project_id: int,
        task_id: int,
        *,
        hours: Hours | None = None,
        spent_at: date | str | None = None,
        notes: str | None = None,
        started_at: time | None = None,
        ended_at: time | None = None,
        of_user: Id | None = None,
    ) -> Created[DayEntry]:
        """As `create`, but gives what the answer told and reads nothing."""
        fields = _entry_fields(project_id, task_id, hours, spent_at, notes, started_at, ended_at)
        return await self._exchange.send(calls.create_entry(fields, of_user))

    async def start_timer(
        self,
        project_id: int,
        task_id: int,
        *,
        notes: str | None = None,
        spent_at: date | str | None = None,
        of_user: Id | None = None,
    ) -> DayEntry:
        """Begin an entry whose timer runs; another running timer stops.

        The answer's `hours_for_previously_running_timer` has the hours of the timer that stopped. The first use asks
        who is signed in, since accounts that track by start and end want it said in another way (contract:
        blank_hours_starts_timer, blank_times_start_timer).
        """
        if self._timestamps is None:
            me = await self._exchange.send(calls.who_am_i())
            self._timestamps = bool(me.user.timestamp_timers)
        blank = {"started_at": "", "ended_at": ""} if self._timestamps else {"hours": ""}
        fields = {**_entry_base(project_id, task_id, spent_at, notes), **blank}
        return await self._made(calls.create_entry(fields, of_user), of_user)

    async def update(
        self,
        id: Id,
        *,
        hours: Hours | None = None,
        spent_at: date | str | None = None,
        notes: str | None = None,
        project_id: int | None = None,
        task_id: int | None = None,
        started_at: time | None = None,
        ended_at: time | None = None,
        of_user: Id | None = None,
    ) -> DayEntry:
        """Change what is given and keep the rest.

        The server resets what an update leaves out, so the entry is read first and sent whole (contract:
        update_overwrites): two or three calls. Changes made by others between the two are overwritten.
        """
        old = await self.get(id, of_user=of_user)
        fields: dict[str, Any] = {
            "notes": old.notes if notes is None else notes,
            "spent_at": old.spent_at if spent_at is None else checks.day("spent_at", spent_at),
            "project_id": old.project_id if project_id is None else project_id,
            "task_id": old.task_id if task_id is None else task_id,
        }
        if old.started_at is not None or started_at is not None:
            fields["started_at"] = old.started_at if started_at is None else started_at
            fields["ended_at"] = old.ended_at if ended_at is None else ended_at
        else:
            fields["hours"] = old.hours if hours is None else checks.hours("hours", hours)
        fields = {name: "" if value is None and name == "ended_at" else value for name, value in fields.items()}
        return await self._changed(calls.update_entry(id, fields, of_user), calls.show_entry(id, of_user))

    async def delete(self, id: Id, *, of_user: Id | None = None) -> Gone:
        """Remove an entry."""
        return await self._exchange.send(calls.delete_entry(id, of_user))

    async def toggle(self, id: Id, *, of_user: Id | None = None) -> DayEntry:
        """Stop a running timer, or start a stopped one; another running timer stops.

        On accounts that track by start and end a restart makes a NEW entry: go on with the id that comes back
        (contract: timestamp_restart_new_entry). Never repeated after a lost answer.
        """
        return await self._exchange.send(calls.toggle_timer(id, of_user))

    async def _made(self, call: Call[Created[DayEntry]], of_user: Id | None) -> DayEntry:
        return await self._exchange.create_and_read(call, lambda made: calls.show_entry(made, of_user))


def _entry_base(project_id: int, task_id: int, spent_at: date | str | None, notes: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"project_id": project_id, "task_id": task_id}
    if spent_at is not None:
        fields["spent_at"] = checks.day("spent_at", spent_at)
    if notes is not None:
        fields["notes"] = notes
    return fields


def _entry_fields(
    project_id: int,
    task_id: int,
    hours: Hours | None,
    spent_at: date | str | None,
    notes: str | None,
    started_at: time | None,
    ended_at: time | None,
) -> dict[str, Any]:
    fields = _entry_base(project_id, task_id, spent_at, notes)
    if hours is not None and started_at is None and ended_at is None:
        return {**fields, "hours": checks.hours("hours", hours)}
    if hours is None and started_at is not None and ended_at is not None:
        return {**fields, "started_at": started_at, "ended_at": ended_at}
    raise InvalidArgument("time.create: give hours, or started_at and ended_at; to start a timer use time.start_timer")
