"""Handlers for time and expense reports.

`FILTERS` lists the filters. Reports need an administrator, except those of one's own records.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, admins_only
from harvest_async.sandbox.v1.base import Request, Route, V1Services
from harvest_async.sandbox.v1.entries import report_entry

__all__ = ["ROUTES"]

Filter = Callable[[Record], bool]

FILTERS: Final[dict[tuple[str, str], Filter]] = {
    # only_billed and only_unbilled have no "no"
    ("is_closed", "yes"): lambda shown: shown["is_closed"],
    ("is_closed", "no"): lambda shown: not shown["is_closed"],
    ("only_billed", "yes"): lambda shown: shown["is_billed"],
    ("only_unbilled", "yes"): lambda shown: not shown["is_billed"],
    ("billable", "yes"): lambda shown: shown["billable"],
    ("billable", "no"): lambda shown: not shown["billable"],
}
_OF_PROJECT_EXPENSES: Final = ("is_closed", "only_billed", "only_unbilled")
_TIMES: Final = frozenset({"started_at", "ended_at"})
_OF_RUNNING: Final = frozenset({"hours_with_timer", "started_at", "ended_at", "billable", "billable_rate", "cost_rate"})
_OF_ENTRIES: Final = (*_OF_PROJECT_EXPENSES, "billable")


def project_entries(services: V1Services, request: Request) -> Response:
    """Return the entries of a project."""
    project, person = services.world.find("project", request.id), _number(request, "user_id")
    if person != request.person["id"]:
        admins_only(request.person)
    given = {"project_id": project["id"]} | ({} if person is None else {"user_id": person})
    shown = [
        report_entry(services.world, entry, request.now)
        for entry in _ranged(request, services.world.having("entry", **given))
    ]
    return services.many("report_entry", _trimmed(services, _filtered(request, shown, _OF_ENTRIES)), request)


def user_entries(services: V1Services, request: Request) -> Response:
    """Return the entries of a person, without hours_with_timer."""
    person, project = _person(services, request), _number(request, "project_id")
    given = {"user_id": person["id"]} | ({} if project is None else {"project_id": project})
    entries = _ranged(request, services.world.having("entry", **given))
    shown = [report_entry(services.world, entry, request.now) for entry in entries]
    for entry in shown:
        del entry["hours_with_timer"]
    return services.many("report_entry", _trimmed(services, _filtered(request, shown, _OF_ENTRIES)), request)


def project_expenses(services: V1Services, request: Request) -> Response:
    """Return the expenses of a project."""
    admins_only(request.person)
    project = services.world.find("project", request.id)
    expenses = _ranged(request, services.world.having("expense", project_id=project["id"]))
    return services.many("expense", _filtered(request, expenses, _OF_PROJECT_EXPENSES), request)


def user_expenses(services: V1Services, request: Request) -> Response:
    """Return the expenses of a person; only_billed and only_unbilled do not filter them."""
    person = _person(services, request)
    expenses = _ranged(request, services.world.having("expense", user_id=person["id"]))
    return services.many("expense", _filtered(request, expenses, ("is_closed",)), request)


# Internals


def _person(services: V1Services, request: Request) -> Record:
    person = services.world.person(request.path_values[0])
    if person is not request.person:
        admins_only(request.person)
    return person


def _number(request: Request, name: str) -> int | None:
    text = request.parameter(name)
    if not text:
        return None
    number = read_id(text)
    if number is None:
        raise Refusal(400, f"{name} is invalid.")
    return number


def _ranged(request: Request, records: list[Record]) -> list[Record]:
    """Return the records between `from` and `to`, both included, in order."""
    given = request.range()
    if given is None:
        raise Refusal(400, "from and to are missing.")
    first, last = given
    shown = [record for record in records if first <= record["spent_at"] <= last]
    return sorted(shown, key=lambda record: (record["spent_at"], record["id"]))


def _trimmed(services: V1Services, shown: list[Record]) -> list[Record]:
    """Return the entries without the fields that only running ones have: those of the timer and the rates.

    Start and end stay on accounts that track time by them.
    """
    timed = services.world.timestamps and "report_times_missing" not in services.world.quirks
    left_out = _OF_RUNNING - _TIMES if timed else _OF_RUNNING
    return [
        {name: value for name, value in entry.items() if entry["timer_started_at"] or name not in left_out}
        for entry in shown
    ]


def _filtered(request: Request, shown: list[Record], names: tuple[str, ...]) -> list[Record]:
    for name in names:
        test = FILTERS.get((name, request.parameter(name)))
        if test is not None:
            shown = [record for record in shown if test(record)]
    return request.since(shown)


ROUTES: Final = (
    Route("GET", "/projects/{id}/entries", Role.SELF, project_entries),
    Route("GET", "/people/{person}/entries", Role.SELF, user_entries),
    Route("GET", "/projects/{id}/expenses", Role.SELF, project_expenses),
    Route("GET", "/people/{person}/expenses", Role.SELF, user_expenses),
)
