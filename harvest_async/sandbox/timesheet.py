"""Timesheets: entries, timers and days.

Rules of this room: pure, over a `World`. A timer belongs to a person; starting one stops the other (contract:
previous_timer_stopped). Accounts that track by start and end make a new entry when a timer is started again (contract:
timestamp_restart_new_entry). Times of day are those of the person's clock.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from harvest_async.sandbox.locks import may_change, open_fields
from harvest_async.sandbox.rates import is_billable, rate_of
from harvest_async.sandbox.reading import Refusal, read_values
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World
from harvest_async.sandbox.zones import local

__all__ = ["Timesheet"]

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})\s*([ap]m)?", re.IGNORECASE)
_CENT: Final = Decimal("0.01")
_HOUR: Final = 3600
_DAY: Final = 24 * 60
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

    def create(self, person: Record, fields: Record, now: datetime, asker: Record) -> tuple[Record, Decimal | None]:
        """Book time or start a timer (contract: blank_hours_starts_timer); gives what a stopped timer held."""
        values = read_values("entry", fields, _WRITABLE)
        values["spent_at"] = values.get("spent_at") or local(person, now).date()
        self._check(person, values)
        self._check_day(person, values["spent_at"], asker)
        values["user_id"] = person["id"]
        starts = self._begin(person, values, now) if self._world.timestamps else self._take_hours(values)
        if not starts:
            values["hours"] = _rounded(values["hours"])
            return self._add(values, now), None
        stopped = self._stop_running(person, now)
        values |= {"hours": Decimal(0), "timer_started_at": now}
        return self._add(values, now), stopped

    def update(self, entry: Record, fields: Record, now: datetime, asker: Record) -> Record:
        """Overwrite: hours that are left out become 0 (contract: update_overwrites)."""
        may_change(entry, asker)
        values = open_fields("entry", entry, read_values("entry", fields, _WRITABLE))
        values = {name: value for name, value in values.items() if value is not None or name == "notes"}
        if any(values.get(name, entry[name]) != entry[name] for name in ("project_id", "task_id")):
            self._check(self._world.tables["user"][entry["user_id"]], {**entry, **values})
        if self._world.timestamps:
            merged = {**entry, **values}
            values["hours"] = _span(merged) if merged["ended_at"] else entry["hours"]
        else:
            values["hours"] = _rounded(_positive(values.get("hours") or Decimal(0)))
        return self._world.change("entry", entry, values, now)

    def delete(self, entry: Record, asker: Record) -> None:
        """Remove an entry."""
        may_change(entry, asker)
        self._world.drop("entry", entry)

    def toggle(self, entry: Record, person: Record, now: datetime) -> tuple[Record, Decimal | None]:
        """Stop a running timer or start a stopped one (contract: time_tracking.toggle_timer)."""
        if entry["timer_started_at"] is not None:
            return self._stop(entry, now), None
        stopped = self._stop_running(person, now)
        if not self._world.timestamps:
            return self._world.change("entry", entry, {"timer_started_at": now}, now), stopped
        clock = local(person, now)
        kept = {name: entry[name] for name in ("user_id", "project_id", "task_id", "notes")}
        begun = {"spent_at": clock.date(), "started_at": _clock_text(clock), "ended_at": "", "timer_started_at": now}
        return self._world.add("entry", {**kept, **begun}, now), stopped

    def day(self, person: Record, day: date) -> list[Record]:
        """A person's entries of a day."""
        return sorted(self._world.having("entry", user_id=person["id"], spent_at=day), key=_by_id)

    def trackable(self, person: Record) -> list[Record]:
        """The projects and tasks that a person can book on."""
        tables, found = self._world.tables, []
        for link in self._world.having("user_assignment", user_id=person["id"]):
            project = tables["project"][link["project_id"]]
            if project["active"] and not link["deactivated"]:
                found.append(self._trackable(project, tables["client"][project["client_id"]]))
        return sorted(found, key=lambda project: (project["client"], project["name"], project["id"]))

    def full(self, entry: Record, now: datetime) -> Record:
        """An entry as timesheets show it: with names, and with the running timer in its hours."""
        tables = self._world.tables
        project = tables["project"][entry["project_id"]]
        shown = {
            "id": entry["id"],
            "spent_at": entry["spent_at"],
            "user_id": entry["user_id"],
            "client": tables["client"][project["client_id"]]["name"],
            "project_id": entry["project_id"],
            "project": project["name"],
            "task_id": entry["task_id"],
            "task": tables["task"][entry["task_id"]]["name"],
            "hours": entry["hours"],
            "hours_without_timer": entry["hours"],
            "notes": entry["notes"],
            "created_at": entry["created_at"],
            "updated_at": entry["updated_at"],
        }
        if entry["timer_started_at"] is not None:
            shown |= {"timer_started_at": entry["timer_started_at"], "hours": _running(entry, now)}
        if self._world.timestamps:  # contract: empty_ended_at
            shown |= {"started_at": entry["started_at"], "ended_at": entry["ended_at"] or ""}
        return shown

    def reported(self, entry: Record, now: datetime) -> Record:
        """Return an entry as reports show it: with numbers and without names."""
        names = ("id", "notes", "project_id", "task_id", "user_id", "spent_at", "is_billed", "is_closed")
        hours, person = _running(entry, now), self._world.tables["user"][entry["user_id"]]
        return {
            **{name: entry[name] for name in names},
            "hours": hours,
            "adjustment_record": False,
            "timer_started_at": entry["timer_started_at"],
            "hours_with_timer": hours,
            "started_at": entry["started_at"],
            "ended_at": entry["ended_at"],
            "billable": is_billable(entry, self._world),
            "billable_rate": rate_of(entry, self._world),
            "cost_rate": person["cost_rate"],
            "created_at": entry["created_at"],
            "updated_at": entry["updated_at"],
        }

    # Inside

    def _add(self, values: Record, now: datetime) -> Record:
        entry = self._world.add("entry", values, now)
        self._world.renew_hints(entry["project_id"], now)
        return entry

    def _trackable(self, project: Record, client: Record) -> Record:
        tasks = self._world.tables["task"]
        return {
            **{name: project[name] for name in ("id", "name", "code", "billable")},
            "client": client["name"],
            "client_id": client["id"],
            "client_currency": client["currency"],
            "client_currency_symbol": client["currency_symbol"],
            "tasks": sorted(
                (
                    {"id": link["task_id"], "name": tasks[link["task_id"]]["name"], "billable": link["billable"]}
                    for link in self._world.assignments("task_assignment", project["id"])
                    if not link["deactivated"]
                ),
                key=lambda task: (task["name"], task["id"]),
            ),
        }

    def _check(self, person: Record, values: Record) -> None:
        project = self._world.tables["project"].get(values.get("project_id") or 0)
        if project is None or not project["active"]:
            raise Refusal(400, "There is no such project.")
        if not self._world.is_assigned("user_assignment", project["id"], person["id"]):
            raise Refusal(404, "The person is not assigned to the project.")
        if not self._world.is_assigned("task_assignment", project["id"], values.get("task_id") or 0):
            raise Refusal(400, "The task is not assigned to the project.")

    def _check_day(self, person: Record, day: date, asker: Record) -> None:
        """Contract: time_tracking.create: a day that holds approved time is locked."""
        if not asker["is_admin"] and any(entry["is_closed"] for entry in self.day(person, day)):
            raise Refusal(400, "The day is locked.")

    def _begin(self, person: Record, values: Record, now: datetime) -> bool:
        """Whether a timer starts on an account with start and end (contract: blank_times_start_timer)."""
        if not (values.get("started_at") or "").strip():
            values |= {"started_at": _clock_text(local(person, now)), "ended_at": ""}
            return True
        if not (values.get("ended_at") or "").strip():
            values["ended_at"] = ""
            return True
        values["hours"] = _span(values)
        return False

    def _take_hours(self, values: Record) -> bool:
        """Whether a timer starts on an account with durations: where there are no hours."""
        values |= {"started_at": None, "ended_at": None}
        if values.get("hours") is None:
            return True
        _positive(values["hours"])
        return False

    def _stop_running(self, person: Record, now: datetime) -> Decimal | None:
        for entry in self._world.having("entry", user_id=person["id"], running=True):
            return Decimal(self._stop(entry, now)["hours"])
        return None

    def _stop(self, entry: Record, now: datetime) -> Record:
        changes: dict[str, Any] = {"hours": _running(entry, now), "timer_started_at": None}
        if self._world.timestamps:
            person = self._world.tables["user"][entry["user_id"]]
            changes["ended_at"] = _clock_text(local(person, now))
        return self._world.change("entry", entry, changes, now)


def _by_id(record: Record) -> int:
    return int(record["id"])


def _running(entry: Record, now: datetime) -> Decimal:
    """The entry's hours, with those of its running timer (contract: two_hour_fields)."""
    if entry["timer_started_at"] is None:
        return Decimal(entry["hours"])
    seconds = Decimal(int((now - entry["timer_started_at"]).total_seconds()))
    return _rounded(entry["hours"] + seconds / _HOUR)


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
    """Contract: time_of_day."""
    return f"{clock.hour % 12 or 12}:{clock.minute:02}{'am' if clock.hour < 12 else 'pm'}"


def _minutes(text: str) -> int:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise Refusal(400, f"{text!r} is no time of day.")
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    if minute > 59 or not (1 <= hour <= 12 if half else hour <= 23):
        raise Refusal(400, f"{text!r} is no time of day.")
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    return hour * 60 + minute
