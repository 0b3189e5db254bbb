"""The rules for time entries and timers.

Notes:
- A timer belongs to a person; starting one stops the other.
- An account that tracks start and end creates a new entry when a timer is started again.
- Times of day are those of the person's time zone.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any, Final

from harvest_async.sandbox.locks import may_change, open_fields
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World
from harvest_async.sandbox.zones import local

__all__ = ["Timesheet", "clock_of", "rounded_up", "running_hours"]

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})\s*([ap]m)?", re.IGNORECASE)
_CENT: Final = Decimal("0.01")
_HOUR: Final = 3600
_DAY: Final = 24 * 60


class Timesheet:
    """Read and change the time entries and timers of people."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, person: Record, number: int) -> Record:
        """Return one of a person's entries, or refuse with 404."""
        entry = self._world.find("entry", number)
        if entry["user_id"] != person["id"]:
            raise Refusal(404)
        return entry

    def create(self, person: Record, given: Record, now: datetime, requester: Record) -> tuple[Record, Decimal | None]:
        """Log time, or start a timer if there are no hours.

        Returns:
            The entry, and the hours of the timer that it stopped; None if it stopped none.
        """
        values = dict(given)
        values["spent_at"] = values.get("spent_at") or local(person, now).date()
        self._check(person, values)
        self._check_day(person, values["spent_at"], requester)
        values["user_id"] = person["id"]
        starts = self._begin(person, values, now) if self._world.timestamps else self._take_hours(values)
        if not starts:
            values["hours"] = _rounded(values["hours"])
            return self._add(values, now), None
        stopped = self._stoprunning_hours(person, now)
        values |= {"hours": Decimal(0), "timer_started_at": now}
        return self._add(values, now), stopped

    def update(self, entry: Record, given: Record, now: datetime, requester: Record) -> Record:
        """Overwrite an entry; hours that are not given become 0."""
        may_change(entry, requester)
        values = open_fields("entry", entry, given)
        values = {name: value for name, value in values.items() if value is not None or name == "notes"}
        if any(values.get(name, entry[name]) != entry[name] for name in ("project_id", "task_id")):
            self._check(self._world.tables["user"][entry["user_id"]], {**entry, **values})
        if self._world.timestamps:
            merged = {**entry, **values}
            values["hours"] = _span(merged) if merged["ended_at"] else entry["hours"]
        else:
            values["hours"] = _rounded(_positive(values.get("hours") or Decimal(0)))
        return self._world.change("entry", entry, values, now)

    def delete(self, entry: Record, requester: Record) -> None:
        """Delete an entry."""
        may_change(entry, requester)
        self._world.drop("entry", entry)

    def check_change(self, entry: Record, requester: Record) -> None:
        """Refuse unless the person may change the entry."""
        may_change(entry, requester)

    def toggle(self, entry: Record, person: Record, now: datetime) -> tuple[Record, Decimal | None]:
        """Stop a running timer or start a stopped one; returns what `create` returns."""
        if entry["timer_started_at"] is not None:
            return self._stop(entry, now), None
        stopped = self._stoprunning_hours(person, now)
        if not self._world.timestamps:
            return self._world.change("entry", entry, {"timer_started_at": now}, now), stopped
        clock = local(person, now)
        kept = {name: entry[name] for name in ("user_id", "project_id", "task_id", "notes")}
        begun = {"spent_at": clock.date(), "started_at": _clock_text(clock), "ended_at": "", "timer_started_at": now}
        return self._world.add("entry", {**kept, **begun}, now), stopped

    def day(self, person: Record, day: date) -> list[Record]:
        """Return a person's entries of a day."""
        return sorted(self._world.having("entry", user_id=person["id"], spent_at=day), key=_by_id)

    def trackable(self, person: Record) -> list[Record]:
        """Return the projects to which a person can log time."""
        links = self._world.having("user_assignment", user_id=person["id"])
        projects = [self._world.tables["project"][link["project_id"]] for link in links if not link["deactivated"]]
        return [project for project in projects if project["active"]]

    # Internals

    def _add(self, values: Record, now: datetime) -> Record:
        entry = self._world.add("entry", values, now)
        self._world.renew_hints(entry["project_id"], now)
        return entry

    def _check(self, person: Record, values: Record) -> None:
        project = self._world.tables["project"].get(values.get("project_id") or 0)
        if project is None or not project["active"]:
            raise Refusal(400, "There is no such project.")
        if not self._world.is_assigned("user_assignment", project["id"], person["id"]):
            raise Refusal(404, "The person is not assigned to the project.")
        if not self._world.is_assigned("task_assignment", project["id"], values.get("task_id") or 0):
            raise Refusal(400, "The task is not assigned to the project.")

    def _check_day(self, person: Record, day: date, requester: Record) -> None:
        """Refuse a day that has approved time, unless an administrator requests it."""
        if not requester["is_admin"] and any(entry["is_closed"] for entry in self.day(person, day)):
            raise Refusal(400, "The day is locked.")

    def _begin(self, person: Record, values: Record, now: datetime) -> bool:
        """Set start and end on an account that tracks them; return whether a timer starts."""
        if not (values.get("started_at") or "").strip():
            values |= {"started_at": _clock_text(local(person, now)), "ended_at": ""}
            return True
        if not (values.get("ended_at") or "").strip():
            values["ended_at"] = ""
            return True
        values["hours"] = _span(values)
        return False

    def _take_hours(self, values: Record) -> bool:
        """Check the hours on an account that tracks durations; return whether a timer starts."""
        values |= {"started_at": None, "ended_at": None}
        if values.get("hours") is None:
            return True
        _positive(values["hours"])
        return False

    def _stoprunning_hours(self, person: Record, now: datetime) -> Decimal | None:
        for entry in self._world.having("entry", user_id=person["id"], running=True):
            return Decimal(self._stop(entry, now)["hours"])
        return None

    def _stop(self, entry: Record, now: datetime) -> Record:
        changes: dict[str, Any] = {"hours": running_hours(entry, now), "timer_started_at": None}
        if self._world.timestamps:
            person = self._world.tables["user"][entry["user_id"]]
            changes["ended_at"] = _clock_text(local(person, now))
        return self._world.change("entry", entry, changes, now)


def _by_id(record: Record) -> int:
    return int(record["id"])


def running_hours(entry: Record, now: datetime) -> Decimal:
    """Return the hours of an entry, including those of its running timer."""
    if entry["timer_started_at"] is None:
        return Decimal(entry["hours"])
    seconds = Decimal(int((now - entry["timer_started_at"]).total_seconds()))
    return _rounded(entry["hours"] + seconds / _HOUR)


def rounded_up(hours: Decimal, minutes: int) -> Decimal:
    """Return hours rounded up to a multiple of minutes; unchanged for 0 minutes."""
    if not minutes:
        return hours
    steps = (hours * 60 / minutes).to_integral_value(ROUND_CEILING)
    return _rounded(steps * minutes / 60)


def clock_of(text: str | None) -> str | None:
    """Return a time of day as the API writes it; None if there is none."""
    if not (text or "").strip():
        return None
    minutes = _minutes(text or "")
    return f"{minutes // 60 % 12 or 12}:{minutes % 60:02}{'am' if minutes < 12 * 60 else 'pm'}"


def _positive(hours: Decimal) -> Decimal:
    if hours < 0:
        raise Refusal(400, "hours is invalid.")
    return hours


def _rounded(hours: Decimal) -> Decimal:
    return hours.quantize(_CENT, ROUND_HALF_UP)


def _span(values: Record) -> Decimal:
    begin, end = _minutes(values["started_at"] or ""), _minutes(values["ended_at"])
    return _rounded(Decimal((end - begin) % _DAY) / 60)


def _clock_text(clock: datetime) -> str:
    """Return the time of day as the API writes it, for example `2:30pm`."""
    return f"{clock.hour % 12 or 12}:{clock.minute:02}{'am' if clock.hour < 12 else 'pm'}"


def _minutes(text: str) -> int:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise Refusal(400, f"{text!r} is not a time of day.")
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    if minute > 59 or not (1 <= hour <= 12 if half else hour <= 23):
        raise Refusal(400, f"{text!r} is not a time of day.")
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    return hour * 60 + minute
