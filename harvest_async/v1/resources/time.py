"""Time tracking: the timesheets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import IDEMPOTENT, SAFE, UNSAFE, Endpoint, only
from harvest_async.client.resource import Resource, taken
from harvest_async.client.results import Bare, Changed, Entry, Made
from harvest_async.client.validation import day as check_day
from harvest_async.errors import InvalidArgument
from harvest_async.v1.fields import Day, EntryChanges, EntryFields, Hours, PersonRef, ProjectRef, Ref, TaskRef
from harvest_async.v1.models import Daily, DayEntry
from harvest_async.v1.references import ENDPOINTS, OF_USER
from harvest_async.v1.roots import REQUEST

__all__ = ["TimeTracking"]

_DAY: Final = {**OF_USER, "slim": only("1")}

DAILY: Final[Endpoint[Daily]] = ENDPOINTS.custom(
    "time_tracking.daily", "GET", "/daily", Bare(Daily), SAFE, parameters=_DAY
)
DAILY_FOR_DATE: Final[Endpoint[Daily]] = ENDPOINTS.custom(
    "time_tracking.daily_for_date",
    "GET",
    "/daily/{day_of_year}/{year}",
    Bare(Daily),
    SAFE,
    parameters=_DAY,
    note="The day of the year comes first, from 1 to 366.",
)
SHOW_ENTRY: Final[Endpoint[DayEntry]] = ENDPOINTS.custom(
    "time_tracking.show", "GET", "/daily/show/{entry}", Entry(), SAFE, parameters=OF_USER
)
TOGGLE_TIMER: Final[Endpoint[DayEntry]] = ENDPOINTS.custom(
    "time_tracking.toggle_timer",
    "GET",
    "/daily/timer/{entry}",
    Entry(),
    UNSAFE,
    parameters=OF_USER,
    note="Changes the timer, although it is a GET.",
)
CREATE_ENTRY: Final[Endpoint[Created[DayEntry]]] = ENDPOINTS.custom(
    "time_tracking.create", "POST", "/daily/add", Made(Entry()), UNSAFE, REQUEST, parameters=OF_USER
)
UPDATE_ENTRY: Final[Endpoint[DayEntry | None]] = ENDPOINTS.custom(
    "time_tracking.update",
    "POST",
    "/daily/update/{entry}",
    Changed(Entry()),
    IDEMPOTENT,
    REQUEST,
    parameters=OF_USER,
    note="Resets the fields that are left out.",
)
DELETE_ENTRY: Final = ENDPOINTS.delete("time_tracking.delete", "/daily/delete/{entry}", parameters=OF_USER)

ENTRY_FORM: Final = form(
    "time",
    DayEntry,
    EntryFields,
    EntryChanges,
    {"project_id": ProjectRef, "task_id": TaskRef},
    timer_started_at="use time.toggle or time.start_timer",
)

LOCKED: Final = frozenset({"project_id", "spent_at", "task_id"})
"""The fields of locked time that the server does not change; it ignores them without an error."""

_TIMES: Final = frozenset({"started_at", "ended_at"})


class TimeTracking(Resource):
    """Time entries of the signed-in person; with `of_user`, an administrator acts for another person.

    Hours are decimal hours. Only `start_timer` and `toggle` start a timer.

    https://help.getharvest.com/api-v1/timesheets-api/timesheets/retrieving-time-entries/
    """

    __slots__ = ()

    async def daily(self, day: Day | None = None, *, of_user: PersonRef | None = None, slim: bool = False) -> Daily:
        """Retrieve the entries of a day, and the projects and tasks that time can be tracked for.

        Args:
            day: the day; None for today in the person's time zone.
            of_user: the person; None for the signed-in one.
            slim: leave out the projects and tasks.
        """
        if day is None:
            return await self._send(DAILY(of_user=of_user, slim=slim))
        date = check_day("day", day)
        return await self._send(DAILY_FOR_DATE(date.timetuple().tm_yday, date.year, of_user=of_user, slim=slim))

    async def get(self, id: Ref[DayEntry], *, of_user: PersonRef | None = None) -> DayEntry:
        """Retrieve a time entry."""
        return await self._send(SHOW_ENTRY(id, of_user=of_user))

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
        """Create a time entry and return it. Does not start a timer; use `start_timer` for that.

        Args:
            project_id: the project, or a draft in place of all arguments.
            task_id: the task.
            of_user: the person; None for the signed-in one.
            fields: `hours`, or `started_at` and `ended_at` in accounts that track start and end times; `notes`;
                `spent_at`, the day, or today in the person's time zone.

        Raises:
            InvalidArgument: neither hours nor both times were given, or both hours and times.
            OutcomeUnknown: the response was lost, so the entry may or may not have been created.
            CreatedUnread: the entry was created, but reading it failed; the error has its id.
        """
        call = CREATE_ENTRY(fields=_new_entry(project_id, task_id, fields), of_user=of_user)
        return await self._create(call, lambda new: SHOW_ENTRY(new, of_user=of_user))

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
        """Create a time entry in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_ENTRY(fields=_new_entry(project_id, task_id, fields), of_user=of_user))

    async def start_timer(
        self,
        project_id: ProjectRef,
        task_id: TaskRef,
        *,
        notes: str | None = None,
        spent_at: Day | None = None,
        of_user: PersonRef | None = None,
    ) -> DayEntry:
        """Create a time entry with a running timer and return it. Another running timer stops.

        The record's `hours_for_previously_running_timer` has the hours of the timer that stopped. The first use makes
        a call to `account.who_am_i`, since accounts that track start and end times need other fields.

        Args:
            project_id: the project.
            task_id: the task.
            notes: the notes.
            spent_at: the day; None for today in the person's time zone.
            of_user: the person; None for the signed-in one.
        """
        given = {"notes": notes, "spent_at": spent_at}
        values = ENTRY_FORM.creation(
            {name: value for name, value in given.items() if value is not None}, project_id, task_id
        )
        blank = {"started_at": "", "ended_at": ""} if await self._by_times() else {"hours": ""}
        call = CREATE_ENTRY(fields={**values, **blank}, of_user=of_user)
        return await self._create(call, lambda new: SHOW_ENTRY(new, of_user=of_user))

    @overload
    async def update(self, id: Ref[DayEntry], changed: DayEntry, *, of_user: PersonRef | None = None) -> DayEntry: ...
    @overload
    async def update(
        self, id: Ref[DayEntry], *, of_user: PersonRef | None = None, **fields: Unpack[EntryChanges]
    ) -> DayEntry: ...
    async def update(
        self, id: Ref[DayEntry], changed: DayEntry | None = None, *, of_user: PersonRef | None = None, **fields: Any
    ) -> DayEntry:
        """Change a time entry and return it: the given fields, or those that differ in `changed`.

        The server resets fields that are left out, so the entry is read first and sent as a whole: two or three calls.
        A change made by someone else in between is overwritten. If no field differs, no request is sent.

        Raises:
            FieldsIgnored: the time is locked, and the server did not change some of the fields.
        """
        values = ENTRY_FORM.changes(id, changed, fields)
        if not values and isinstance(id, DayEntry):
            return id
        old = await self.get(id, of_user=of_user)
        if not values:
            return old
        call = UPDATE_ENTRY(id, fields=_whole(old, values), of_user=of_user)
        record = await self._changed(call, SHOW_ENTRY(id, of_user=of_user))
        return taken("time.update", values, record, LOCKED)

    async def delete(self, id: Ref[DayEntry], *, of_user: PersonRef | None = None) -> DeleteResult:
        """Delete a time entry."""
        return await self._send(DELETE_ENTRY(id, of_user=of_user))

    async def toggle(self, id: Ref[DayEntry], *, of_user: PersonRef | None = None) -> DayEntry:
        """Stop a running timer, or restart a stopped one; another running timer stops. Return the entry.

        In accounts that track start and end times, a restart creates a NEW entry: continue with the returned id. Not
        repeated if the response is lost.
        """
        return await self._send(TOGGLE_TIMER(id, of_user=of_user))


def _new_entry(first: object, task_id: object, fields: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    values = ENTRY_FORM.creation(given, first, task_id)
    times = _TIMES & values.keys()
    if isinstance(first, DayEntry) and times == _TIMES:
        values.pop("hours", None)  # a record of an account that tracks start and end times has both
    if bool(times) is ("hours" in values) or len(times) == 1:
        raise InvalidArgument(
            "time.create: give hours, or started_at and ended_at; to start a timer use time.start_timer"
        )
    return values


def _whole(old: DayEntry, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields that an update sends: those of the entry, with the changes."""
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
    # The hours of a running timer grow: send the hours from before it started.
    running = old.timer_started_at is not None and old.hours_without_timer is not None
    had = {name: getattr(old, name) for name in names} | ({"hours": old.hours_without_timer} if running else {})
    whole = {name: values.get(name, had[name]) for name in names}
    return {name: "" if value is None and name in {"ended_at", "notes"} else value for name, value in whole.items()}
