"""Timesheets (contract: time_tracking).

Rules of this room: pure. Everybody has a timesheet of their own; of_user names another's.
"""

from __future__ import annotations

from typing import Any, Final

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services
from harvest_async.sandbox.zones import local

__all__ = ["ROUTES"]


def daily(office: Services, asked: Query) -> Reply:
    """Contract: time_tracking.daily, time_tracking.daily_for_date."""
    person = office.whose(asked)
    day = asked.day() if asked.words else local(person, asked.now).date()
    timesheet = office.timesheet
    entries = [timesheet.full(entry, asked.now) for entry in timesheet.day(person, day)]
    projects = None if asked.parameter("slim") == "1" else timesheet.trackable(person) or None  # contract: slim
    return Reply(content=office.writer.daily(day, entries, projects, asked.format))


def show(office: Services, asked: Query) -> Reply:
    """Contract: time_tracking.show."""
    return _entry(office, asked, office.timesheet.show(office.whose(asked), asked.id))


def toggle_timer(office: Services, asked: Query) -> Reply:
    """Contract: time_tracking.toggle_timer."""
    person = office.whose(asked)
    entry, stopped = office.timesheet.toggle(office.timesheet.show(person, asked.id), person, asked.now)
    return _entry(office, asked, entry, stopped=stopped)


def create(office: Services, asked: Query) -> Reply:
    """Contract: time_tracking.create: the entry comes in the body, without a Location (add_reply_root)."""
    fields = asked.fields("", "request", flat=True)  # contract: daily_request_unwrapped
    person = office.whose(asked, str(fields.get("of_user") or ""))  # contract: of_user_in_body
    entry, stopped = office.timesheet.create(person, fields, asked.now, asked.person)
    return _entry(office, asked, entry, status=201, stopped=stopped)


def update(office: Services, asked: Query) -> Reply:
    """Contract: time_tracking.update."""
    fields = asked.fields("", "request", flat=True)
    entry = office.timesheet.show(office.whose(asked), asked.id)
    return _entry(office, asked, office.timesheet.update(entry, fields, asked.now, asked.person))


def delete(office: Services, asked: Query) -> Reply:
    """Contract: time_tracking.delete."""
    office.timesheet.delete(office.timesheet.show(office.whose(asked), asked.id), asked.person)
    return Reply()


def _entry(office: Services, asked: Query, entry: Record, *, status: int = 200, stopped: Any = None) -> Reply:
    shown = office.timesheet.full(entry, asked.now)
    return Reply(status, office.writer.entry(shown, asked.format, stopped, added=status == 201))


ROUTES: Final = (
    Route("GET", "/daily", Role.SELF, daily),
    Route("GET", "/daily/{day}/{year}", Role.SELF, daily),
    Route("GET", "/daily/show/{id}", Role.SELF, show),
    Route("GET", "/daily/timer/{id}", Role.SELF, toggle_timer, safe=False),  # contract: toggle_is_get
    Route("POST", "/daily/add", Role.SELF, create),
    Route("POST PUT", "/daily/update/{id}", Role.SELF, update),  # contract: update_verb
    Route("DELETE", "/daily/delete/{id}", Role.SELF, delete),
)
