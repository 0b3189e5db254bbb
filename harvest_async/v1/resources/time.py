"""Timesheets.

A timer is started by `start_timer` and `toggle` alone. Hours are decimal hours.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client import validation as checks
from harvest_async.client.drafts import form
from harvest_async.client.resource import Resource, taken
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import calls
from harvest_async.v1.fields import Day, EntryChanges, EntryFields, Hours, PersonRef, ProjectRef, Ref, TaskRef
from harvest_async.v1.models import Daily, DayEntry

__all__ = ["TimeTracking"]

ENTRY = form(
    "time",
    DayEntry,
    EntryFields,
    EntryChanges,
    {"project_id": "ProjectRef", "task_id": "TaskRef"},
    timer_started_at="use time.toggle or time.start_timer",
)

LOCKED: Final = frozenset({"project_id", "spent_at", "task_id"})
"""What an update of locked time leaves as it is (contract: locked_records.read_only_on_locked_time)."""

_TIMES: Final = frozenset({"started_at", "ended_at"})


class TimeTracking(Resource):
    """Timesheets. With `of_user` an administrator acts on another person's (contract: of_user)."""

    __slots__ = ()

    async def daily(
        self, day: date | str | None = None, *, of_user: PersonRef | None = None, slim: bool = False
    ) -> Daily:
        """A day's entries, and the projects that can be tracked; today in the person's zone if no day is given.

        Args:
            day: the day.
            of_user: whose timesheet.
            slim: leave the projects out.
        """
        return await self._send(calls.daily(None if day is None else checks.day("day", day), of_user, slim=slim))

    async def get(self, id: Ref[DayEntry], *, of_user: PersonRef | None = None) -> DayEntry:
        """One entry."""
        return await self._send(calls.show_entry(id, of_user))

    @overload
    async def create(self, draft: DayEntry, /, *, of_user: PersonRef | None = None) -> DayEntry: ...
    @overload
    async def create(
        self,
        project_id: ProjectRef,
        task_id: TaskRef,
        *,
        hours: Hours | None = None,
        spent_at: Day | None = None,
        notes: str | None = None,
        started_at: time | None = None,
        ended_at: time | None = None,
        of_user: PersonRef | None = None,
    ) -> DayEntry: ...
    async def create(
        self,
        project_id: DayEntry | ProjectRef | None = None,
        task_id: TaskRef | None = None,
        *,
        of_user: PersonRef | None = None,
        **fields: Any,
    ) -> DayEntry:
        """Book time: decimal `hours`, or `started_at` and `ended_at` on accounts that track by start and end.

        Never starts a timer; that is `start_timer`. Without `spent_at` it is today in the person's zone.

        Raises:
            InvalidArgument: neither hours nor both times were given, or hours and times.
            HarvestError: see `Exchange.create_and_read`.
        """
        call = calls.create_entry(_new_entry(project_id, task_id, fields), of_user)
        return await self._create(call, lambda made: calls.show_entry(made, of_user))

    @overload
    async def create_id(self, draft: DayEntry, /, *, of_user: PersonRef | None = None) -> Created[DayEntry]: ...
    @overload
    async def create_id(
        self,
        project_id: ProjectRef,
        task_id: TaskRef,
        *,
        hours: Hours | None = None,
        spent_at: Day | None = None,
        notes: str | None = None,
        started_at: time | None = None,
        ended_at: time | None = None,
        of_user: PersonRef | None = None,
    ) -> Created[DayEntry]: ...
    async def create_id(
        self,
        project_id: DayEntry | ProjectRef | None = None,
        task_id: TaskRef | None = None,
        *,
        of_user: PersonRef | None = None,
        **fields: Any,
    ) -> Created[DayEntry]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_entry(_new_entry(project_id, task_id, fields), of_user))

    async def start_timer(
        self,
        project_id: ProjectRef,
        task_id: TaskRef,
        *,
        notes: str | None = None,
        spent_at: Day | None = None,
        of_user: PersonRef | None = None,
    ) -> DayEntry:
        """Begin an entry whose timer runs; another running timer stops.

        The answer's `hours_for_previously_running_timer` has the hours of the timer that stopped. The first use asks
        who is signed in, since accounts that track by start and end want it said in another way (contract:
        blank_hours_starts_timer, blank_times_start_timer).
        """
        given = {"notes": notes, "spent_at": spent_at}
        values = ENTRY.creation(
            {name: value for name, value in given.items() if value is not None}, project_id, task_id
        )
        blank = {"started_at": "", "ended_at": ""} if await self._by_times() else {"hours": ""}
        call = calls.create_entry({**values, **blank}, of_user)
        return await self._create(call, lambda made: calls.show_entry(made, of_user))

    async def _by_times(self) -> bool:
        """Whether time is tracked by start and end; asked once a client, also when several calls ask at once."""
        learned = self._learned
        if learned.timestamp_timers is None:
            async with learned.lock(self._exchange.urgency):
                if learned.timestamp_timers is None:
                    learned.note(await self._send(calls.who_am_i()))
        return bool(learned.timestamp_timers)

    @overload
    async def update(self, id: Ref[DayEntry], changed: DayEntry, *, of_user: PersonRef | None = None) -> DayEntry: ...
    @overload
    async def update(
        self, id: Ref[DayEntry], *, of_user: PersonRef | None = None, **fields: Unpack[EntryChanges]
    ) -> DayEntry: ...
    async def update(
        self, id: Ref[DayEntry], changed: DayEntry | None = None, *, of_user: PersonRef | None = None, **fields: Any
    ) -> DayEntry:
        """Change what is given, or what differs between two records, and keep the rest.

        The server resets what an update leaves out, so the entry is read first and sent whole (contract:
        update_overwrites): two or three calls. Changes made by others between the two are overwritten. Where nothing
        changes, nothing is sent.

        Raises:
            NotTaken: the time is locked, and the server left some of the fields as they were (contract: locked_fields).
        """
        values = ENTRY.changes(id, changed, fields)
        if not values and isinstance(id, DayEntry):
            return id
        old = await self.get(id, of_user=of_user)
        if not values:
            return old
        call = calls.update_entry(id, _whole(old, values), of_user)
        record = await self._changed(call, calls.show_entry(id, of_user))
        return taken("time.update", values, record, LOCKED)

    async def delete(self, id: Ref[DayEntry], *, of_user: PersonRef | None = None) -> DeleteResult:
        """Remove an entry."""
        return await self._send(calls.delete_entry(id, of_user))

    async def toggle(self, id: Ref[DayEntry], *, of_user: PersonRef | None = None) -> DayEntry:
        """Stop a running timer, or start a stopped one; another running timer stops.

        On accounts that track by start and end a restart makes a NEW entry: go on with the id that comes back
        (contract: timestamp_restart_new_entry). Never repeated after a lost answer.
        """
        return await self._send(calls.toggle_timer(id, of_user))


def _new_entry(first: object, task_id: object, fields: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    values = ENTRY.creation(given, first, task_id)
    times = _TIMES & values.keys()
    if isinstance(first, DayEntry) and times == _TIMES:
        values.pop("hours", None)  # what was read of an account that tracks by start and end has both
    if bool(times) is ("hours" in values) or len(times) == 1:
        raise InvalidArgument(
            "time.create: give hours, or started_at and ended_at; to start a timer use time.start_timer"
        )
    return values


def _whole(old: DayEntry, values: Mapping[str, Any]) -> dict[str, Any]:
    """All that an update has to send, of an entry as it is and what changes in it."""
    names = ["notes", "spent_at", "project_id", "task_id"]
    if old.started_at is not None:
        if "hours" in values:
            raise InvalidArgument("time.update: this entry is tracked by start and end: give started_at or ended_at")
        names += ["started_at", "ended_at"]
    elif times := _TIMES & values.keys():
        if times != _TIMES or "hours" in values:
            raise InvalidArgument("time.update: give started_at and ended_at, or hours")
        names += ["started_at", "ended_at"]
    else:
        names.append("hours")
    # The hours of a running timer grow by themselves: what is sent is what they were before it started.
    running = old.timer_started_at is not None and old.hours_without_timer is not None
    had = {name: getattr(old, name) for name in names} | ({"hours": old.hours_without_timer} if running else {})
    whole = {name: values.get(name, had[name]) for name in names}
    return {name: "" if value is None and name in {"ended_at", "notes"} else value for name, value in whole.items()}
