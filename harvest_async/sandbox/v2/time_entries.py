"""Handlers for time entries.

A person has time entries of their own. Administrators see and change those of all people, managers those of the
projects that they manage.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, managed, may_see_project
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.entry_shapes import show_entry
from harvest_async.sandbox.v2.fields import read_record
from harvest_async.sandbox.v2.filters import matching, since, within
from harvest_async.sandbox.v2.lists import plain_page
from harvest_async.sandbox.values import read_value

__all__ = ["ROUTES", "owner_of", "project_client", "visible"]

_NEEDED: Final = ("project_id", "task_id", "spent_date")
_REFERENCE: Final = ("id", "group_id", "account_id", "permalink")
_SHORT: Final = 12
"""The length to which the quirk `references_truncated` cuts the id of a reference."""


def list_all(services: V2Services, request: Request) -> Response:
    """Return the time entries that the parameters select, the latest day first."""
    entries = visible(services, request, _candidates(services, request))
    entries = within(request, since(request, entries), "spent_at")
    entries = matching(
        request,
        entries,
        user_id=lambda entry: entry["user_id"],
        project_id=lambda entry: entry["project_id"],
        task_id=lambda entry: entry["task_id"],
        client_id=partial(project_client, services),
        is_billed=lambda entry: entry["is_billed"],
        is_running=lambda entry: entry["timer_started_at"] is not None,
    )
    if reference := request.parameter("external_reference_id"):
        entries = [entry for entry in entries if entry["reference_id"] == reference]
    newest = sorted(entries, key=lambda entry: (entry["spent_at"], entry["id"]), reverse=True)
    return plain_page(request, "time_entries", newest, partial(show_entry, services, request.person, request.now))


def get(services: V2Services, request: Request) -> Response:
    """Return a time entry."""
    return _shown(services, request, _entry(services, request))


def create(services: V2Services, request: Request) -> Response:
    """Log time, or start a timer if there are no hours or no end."""
    values = read_record("entry", request.body, _NEEDED)
    person = owner_of(services, request, values["project_id"])
    values |= _reference(services, request.body)
    entry, _ = services.timesheet.create(person, values, request.now, request.person)
    shown = show_entry(services, request.person, request.now, entry)
    return respond(shown, 201, f"/time_entries/{entry['id']}")


def update(services: V2Services, request: Request) -> Response:
    """Change the given values of a time entry."""
    entry = _entry(services, request)
    values = {"hours": entry["hours"], **read_record("entry", request.body, _named(request.body))}
    if values["hours"] is None:
        values["hours"] = entry["hours"]
    reference = _reference(services, request.body)
    entry = services.timesheet.update(entry, values, request.now, request.person)
    if reference:
        entry = services.world.change("entry", entry, reference, request.now)
    return _shown(services, request, entry)


def delete(services: V2Services, request: Request) -> Response:
    """Delete a time entry and return it."""
    entry = _entry(services, request)
    shown = show_entry(services, request.person, request.now, entry)
    services.timesheet.delete(entry, request.person)
    return respond(shown)


def delete_reference(services: V2Services, request: Request) -> Response:
    """Delete the external reference of a time entry and return the entry."""
    entry = _entry(services, request)
    services.timesheet.check_change(entry, request.person)
    return _shown(services, request, services.world.change("entry", entry, _no_reference(), request.now))


def restart(services: V2Services, request: Request) -> Response:
    """Start the timer of a time entry again; with start and end times it is a new entry."""
    entry = _entry(services, request)
    if entry["timer_started_at"] is not None:
        raise Refusal(422, "Timer is already running")
    services.timesheet.check_change(entry, request.person)
    return _toggle(services, request, entry)


def stop(services: V2Services, request: Request) -> Response:
    """Stop the running timer of a time entry."""
    entry = _entry(services, request)
    if entry["timer_started_at"] is None:
        raise Refusal(422, "Timer is not running")
    return _toggle(services, request, entry)


# Also for expenses


def owner_of(services: V2Services, request: Request, project_id: Any) -> Record:
    """Return the person for whom a record is created: the signed-in one, or that of `user_id`."""
    given = request.body.get("user_id")
    if given is None or not str(given).strip():
        return request.person
    person = services.known("user", given)
    if person is None:
        raise Refusal(422, "User must exist")
    if person is not request.person and not may_see_project(request.person, project_id, services.world):
        raise Refusal(403, "Not authorized!", hints=True)
    return person


def visible(services: V2Services, request: Request, records: list[Record]) -> list[Record]:
    """Return the time entries or expenses that the person may see."""
    person = request.person
    if person["is_admin"]:
        return records
    own = managed(person, services.world)
    return [record for record in records if record["user_id"] == person["id"] or record["project_id"] in own]


def project_client(services: V2Services, record: Record) -> int:
    """Return the id of the client of a record's project."""
    return int(services.tables("project")[record["project_id"]]["client_id"])


# Internals


def _candidates(services: V2Services, request: Request) -> list[Record]:
    """Return the entries among which the list looks, by an index where a parameter allows it."""
    world = services.world
    if reference := request.parameter("external_reference_id"):
        return world.having("entry", reference_id=reference)
    for name in ("user_id", "project_id", "task_id"):
        number = read_id(request.parameter(name))
        if number is not None:
            return world.having("entry", **{name: number})
    return world.all("entry")


def _entry(services: V2Services, request: Request) -> Record:
    entry = services.world.find("entry", int(request.path_values[0]))
    if not visible(services, request, [entry]):
        raise Refusal(404)
    return entry


def _shown(services: V2Services, request: Request, entry: Record) -> Response:
    return respond(show_entry(services, request.person, request.now, entry))


def _toggle(services: V2Services, request: Request, entry: Record) -> Response:
    person = services.tables("user")[entry["user_id"]]
    return _shown(services, request, services.timesheet.toggle(entry, person, request.now)[0])


def _named(body: Record) -> list[str]:
    return [name for name in _NEEDED if name in body]


def _reference(services: V2Services, body: Record) -> Record:
    """Return the values of the external reference that a body gives."""
    if "external_reference" not in body or "references_dropped" in services.world.quirks:
        return {}
    given = body["external_reference"]
    if given is None:
        return _no_reference()
    if not isinstance(given, dict):
        raise Refusal(422, "External reference is invalid")
    values = {f"reference_{name}": read_value(name, str, given[name]) for name in _REFERENCE if name in given}
    if "references_truncated" in services.world.quirks and values.get("reference_id"):
        values["reference_id"] = values["reference_id"][:_SHORT]
    return {**values, "has_reference": True}


def _no_reference() -> Record:
    return {**{f"reference_{name}": None for name in _REFERENCE}, "has_reference": False}


_ENTRY: Final = "/time_entries/{id}"

ROUTES: Final = (
    Route("GET", "/time_entries", Role.SELF, list_all),
    Route("POST", "/time_entries", Role.SELF, create),
    Route("GET", _ENTRY, Role.SELF, get),
    Route("PATCH", _ENTRY, Role.SELF, update),
    Route("DELETE", _ENTRY, Role.SELF, delete),
    Route("DELETE", f"{_ENTRY}/external_reference", Role.SELF, delete_reference),
    Route("PATCH", f"{_ENTRY}/restart", Role.SELF, restart),
    Route("PATCH", f"{_ENTRY}/stop", Role.SELF, stop),
)
