"""Handlers for timesheets. People have a timesheet of their own; `of_user` names another person's."""

from __future__ import annotations

from typing import Any, Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.base import Request, Route, V1Services
from harvest_async.sandbox.v1.entries import timesheet_entry, timesheet_projects
from harvest_async.sandbox.v1.writable_fields import read_values
from harvest_async.sandbox.zones import local

__all__ = ["ROUTES"]


def daily(services: V1Services, request: Request) -> Response:
    """Return a day's entries and the projects to which the person can log time, unless `slim` is 1."""
    person = services.owner(request)
    day = request.day() if request.path_values else local(person, request.now).date()
    entries = [timesheet_entry(services.world, entry, request.now) for entry in services.timesheet.day(person, day)]
    slim = request.parameter("slim") == "1"
    projects = [] if slim else timesheet_projects(services.world, services.timesheet.trackable(person))
    return Response(content=services.writer.daily(day, entries, projects or None, request.format))


def show(services: V1Services, request: Request) -> Response:
    """Return an entry."""
    return _entry(services, request, services.timesheet.show(services.owner(request), request.id))


def toggle_timer(services: V1Services, request: Request) -> Response:
    """Start or stop the timer of an entry."""
    person = services.owner(request)
    entry, stopped = services.timesheet.toggle(services.timesheet.show(person, request.id), person, request.now)
    return _entry(services, request, entry, stopped=stopped)


def create(services: V1Services, request: Request) -> Response:
    """Create an entry; the response has it in the body and has no Location. `of_user` may be in the body."""
    fields = request.fields("", "request", flat=True)
    person = services.owner(request, str(fields.get("of_user") or ""))
    values = read_values("entry", fields)
    entry, stopped = services.timesheet.create(person, values, request.now, request.person)
    return _entry(services, request, entry, status=201, stopped=stopped)


def update(services: V1Services, request: Request) -> Response:
    """Overwrite an entry."""
    fields = request.fields("", "request", flat=True)
    entry = services.timesheet.show(services.owner(request), request.id)
    entry = services.timesheet.update(entry, read_values("entry", fields), request.now, request.person)
    return _entry(services, request, entry)


def delete(services: V1Services, request: Request) -> Response:
    """Delete an entry."""
    services.timesheet.delete(services.timesheet.show(services.owner(request), request.id), request.person)
    return Response()


def _entry(
    services: V1Services, request: Request, entry: Record, *, status: int = 200, stopped: Any = None
) -> Response:
    shown = timesheet_entry(services.world, entry, request.now)
    return Response(status, services.writer.entry(shown, request.format, stopped, added=status == 201))


ROUTES: Final = (
    Route("GET", "/daily", Role.SELF, daily),
    Route("GET", "/daily/{day}/{year}", Role.SELF, daily),
    Route("GET", "/daily/show/{id}", Role.SELF, show),
    Route("GET", "/daily/timer/{id}", Role.SELF, toggle_timer, cacheable=False),
    Route("POST", "/daily/add", Role.SELF, create),
    Route("POST PUT", "/daily/update/{id}", Role.SELF, update),
    Route("DELETE", "/daily/delete/{id}", Role.SELF, delete),
)
