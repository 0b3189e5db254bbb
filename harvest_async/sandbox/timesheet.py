"""Timesheets: entries, timers, days, and the reports that are read from them.

Rules of this room: pure, over a `World`. A timer belongs to a person; starting one stops the other (contract:
previous_timer_stopped). Accounts that track by start and end make a new entry when a timer is started again (contract:
timestamp_restart_new_entry).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from harvest_async.sandbox.reading import Refusal, read_day, read_values
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["Timesheet"]

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})\s*([ap]m)?", re.IGNORECASE)
_CENT: Final = Decimal("0.01")
_HOUR: Final = 3600
_WRITABLE: Final = frozenset({"project_id", "task_id", "spent_at", "notes", "hours", "started_at", "ended_at"})


class Timesheet:
    """What can be done to people's time in a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, person: Record, number: int) -> Record:
        """One of the person's entries, or 404."""
        entry = self._world.find("entry", number)
        if entry["user_id"] != person["id"]:
            raise Refusal(404)
        return entry

    def create(self, person: Record, fields: Record, now: datetime) -> tuple[Record, Decimal | None]:
        """Book time or start a timer (contract: blank_hours_starts_timer); gives what a stopped timer held."""
        values = read_values("entry", fields, _WRITABLE)
        values.setdefault("spent_at", now.date())
        values["spent_at"] = values["spent_at"] or now.date()
        self._check(person, values)
        values["user_id"] = person["id"]
        if self._world.timestamps:
            starts = not (values.get("started_at") or "").strip()
            values |= {"started_at": _clock_text(now)} if starts else {"hours": self._span(values)}
            starts = starts or not (values.get("ended_at") or "").strip()
        else:
            starts = values.get("hours") is None
            values |= {"started_at": None, "ended_at": None}
        if not starts:
            values["hours"] = _rounded(values["hours"])
            return self._world.add("entry", values, now), None
        stopped = self._stop_running(person, now)
        values |= {"hours": Decimal(0), "timer_started_at": now}
        return self._world.add("entry", values, now), stopped

    def update(self, entry: Record, person: Record, fields: Record, now: datetime) -> Record:
        """Overwrite: hours that are left out become 0 (contract: update_overwrites)."""
        values = read_values("entry", fields, _WRITABLE)
        self._check(person, {**entry, **{name: value for name, value in values.items() if value is not None}})
        values = {name: value for name, value in values.items() if value is not None or name == "notes"}
        if self._world.timestamps:
            merged = {**entry, **values}
            values["hours"] = self._span(merged) if merged["ended_at"] else entry["hours"]
        else:
            values["hours"] = _rounded(values.get("hours") or Decimal(0))
        return self._world.change("entry", entry, values, now)

    def delete(self, entry: Record) -> None:
        """Remove an entry."""
        self._world.drop("entry", entry)

    def toggle(self, entry: Record, person: Record, now: datetime) -> tuple[Record, Decimal | None]:
        """Stop a running timer or start a stopped one (contract: time_tracking.toggle_timer)."""
        if entry["timer_started_at"] is not None:
            return self._stop(entry, now), None
        stopped = self._stop_running(person, now)
        if not self._world.timestamps:
            return self._world.change("entry", entry, {"timer_started_at": now}, now), stopped
        kept = {name: entry[name] for name in ("user_id", "project_id", "task_id", "notes")}
        begun = {"spent_at": now.date(), "started_at": _clock_text(now), "ended_at": "", "timer_started_at": now}
        return self._world.add("entry", {**kept, **begun}, now), stopped

    def day(self, person: Record, day: date) -> list[Record]:
        """A person's entries of a day."""
        return [
            entry for entry in self._world.entries() if entry["user_id"] == person["id"] and entry["spent_at"] == day
        ]

    def trackable(self, person: Record) -> list[Record]:
        """The projects and tasks that a person can book on."""
        world, found = self._world, []
        for project in world.projects():
            if project["active"] and world.is_assigned("user_assignment", project["id"], person["id"]):
                client = world.tables["client"][project["client_id"]]
                own = {name: project[name] for name in ("id", "name", "code", "billable")}
                found.append(
                    {**own, "client": client["name"], "client_id": client["id"], "tasks": self._tasks(project)}
                )
        return found

    def full(self, entry: Record, now: datetime) -> Record:
        """An entry as timesheets show it: with names, and with the running timer in its hours."""
        world = self._world
        project = world.tables["project"][entry["project_id"]]
        shown = {
            "id": entry["id"],
            "spent_at": entry["spent_at"],
            "user_id": entry["user_id"],
            "client": world.tables["client"][project["client_id"]]["name"],
            "project_id": entry["project_id"],
            "project": project["name"],
            "task_id": entry["task_id"],
            "task": world.tables["task"][entry["task_id"]]["name"],
            "hours": entry["hours"],
            "hours_without_timer": entry["hours"],
            "notes": entry["notes"],
            "created_at": entry["created_at"],
            "updated_at": entry["updated_at"],
        }
        if entry["timer_started_at"] is not None:
            shown |= {"timer_started_at": entry["timer_started_at"], "hours": _running(entry, now)}
        if world.timestamps:
            shown |= {"started_at": entry["started_at"], "ended_at": entry["ended_at"] or ""}
        return shown

    def reported(self, entry: Record, now: datetime) -> Record:
        """An entry as reports show it: with numbers and without names (contract: reports)."""
        names = ("id", "notes", "project_id", "task_id", "user_id", "spent_at", "is_billed", "is_closed")
        shown: Record = {name: entry[name] for name in names}
        shown["hours"] = _running(entry, now)
        if self._world.timestamps:
            shown |= {"started_at": entry["started_at"], "ended_at": entry["ended_at"]}
        return {**shown, "created_at": entry["created_at"], "updated_at": entry["updated_at"]}

    def report(self, begin: str, end: str, **ids: int) -> list[Record]:
        """The entries from one day to another, both included (contract: dates.report_range)."""
        if not begin or not end:
            raise Refusal(400, "from and to are needed.")
        try:
            first, last = read_day(begin), read_day(end)
        except (ValueError, TypeError):
            raise Refusal(400, "from or to is no date.") from None
        return [
            entry
            for entry in self._world.entries()
            if first <= entry["spent_at"] <= last and all(entry[name] == number for name, number in ids.items())
        ]

    # Inside

    def _tasks(self, project: Record) -> list[Record]:
        tasks = self._world.tables["task"]
        return [
            {"id": link["task_id"], "name": tasks[link["task_id"]]["name"], "billable": link["billable"]}
            for link in self._world.assignments("task_assignment", project["id"])
            if not link["deactivated"]
        ]

    def _check(self, person: Record, values: Record) -> None:
        project = self._world.tables["project"].get(values.get("project_id") or 0)
        if project is None or not project["active"]:
            raise Refusal(400, "There is no such project.")
        if not self._world.is_assigned("task_assignment", project["id"], values.get("task_id") or 0):
            raise Refusal(400, "The task is not assigned to the project.")
        if not self._world.is_assigned("user_assignment", project["id"], person["id"]):
            raise Refusal(400, "The person is not assigned to the project.")
        if (values.get("hours") or 0) < 0:
            raise Refusal(400, "hours is invalid.")

    def _span(self, values: Record) -> Decimal:
        begin, end = _minutes(values["started_at"]), _minutes(values.get("ended_at") or values["started_at"])
        return _rounded(Decimal((end - begin) % (24 * 60)) / 60)

    def _stop_running(self, person: Record, now: datetime) -> Decimal | None:
        for entry in self._world.entries():
            if entry["user_id"] == person["id"] and entry["timer_started_at"] is not None:
                return Decimal(self._stop(entry, now)["hours"])
        return None

    def _stop(self, entry: Record, now: datetime) -> Record:
        changes: dict[str, Any] = {"hours": _running(entry, now), "timer_started_at": None}
        if self._world.timestamps:
            changes["ended_at"] = _clock_text(now)
        return self._world.change("entry", entry, changes, now)


def _running(entry: Record, now: datetime) -> Decimal:
    """The entry's hours, with those of its running timer."""
    if entry["timer_started_at"] is None:
        return Decimal(entry["hours"])
    seconds = Decimal(int((now - entry["timer_started_at"]).total_seconds()))
    return _rounded(entry["hours"] + seconds / _HOUR)


def _rounded(hours: Decimal) -> Decimal:
    return hours.quantize(_CENT, ROUND_HALF_UP)


def _clock_text(now: datetime) -> str:
    return f"{now.hour % 12 or 12}:{now.minute:02}{'am' if now.hour < 12 else 'pm'}"


def _minutes(text: str) -> int:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise Refusal(400, f"{text!r} is no time of day.")
    hour, half = int(match[1]), (match[3] or "").lower()
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    return hour * 60 + int(match[2])
