"""Time and expense reports (contract: reports).

Rules of this room: pure. `FILTERS` is the table of what each filter lets through. Administrators only, but for one's
own records (contract: report_role).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from harvest_async.sandbox.reading import Refusal, read_id
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role, admins_only
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services

__all__ = ["ROUTES"]

Filter = Callable[[Record], bool]

FILTERS: Final[dict[tuple[str, str], Filter]] = {
    # contract: yes_no; only_billed and only_unbilled know no "no" (yes_only)
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


def project_entries(office: Services, asked: Query) -> Reply:
    """Contract: reports.project_entries."""
    project, person = office.world.find("project", asked.id), _number(asked, "user_id")
    if person != asked.person["id"]:
        admins_only(asked.person)
    given = {"project_id": project["id"]} | ({} if person is None else {"user_id": person})
    shown = [
        office.timesheet.reported(entry, asked.now) for entry in _ranged(asked, office.world.having("entry", **given))
    ]
    return office.many("report_entry", _trimmed(office, _filtered(asked, shown, _OF_ENTRIES)), asked)


def user_entries(office: Services, asked: Query) -> Reply:
    """Contract: reports.user_entries; hours_with_timer is not in it (nil_class)."""
    person, project = _person(office, asked), _number(asked, "project_id")
    given = {"user_id": person["id"]} | ({} if project is None else {"project_id": project})
    entries = _ranged(asked, office.world.having("entry", **given))
    shown = [office.timesheet.reported(entry, asked.now) for entry in entries]
    for entry in shown:
        del entry["hours_with_timer"]
    return office.many("report_entry", _trimmed(office, _filtered(asked, shown, _OF_ENTRIES)), asked)


def project_expenses(office: Services, asked: Query) -> Reply:
    """Contract: reports.project_expenses."""
    admins_only(asked.person)
    project = office.world.find("project", asked.id)
    expenses = _ranged(asked, office.world.having("expense", project_id=project["id"]))
    return office.many("expense", _filtered(asked, expenses, _OF_PROJECT_EXPENSES), asked)


def user_expenses(office: Services, asked: Query) -> Reply:
    """Contract: reports.user_expenses; only_billed and only_unbilled are not among its filters."""
    person = _person(office, asked)
    expenses = _ranged(asked, office.world.having("expense", user_id=person["id"]))
    return office.many("expense", _filtered(asked, expenses, ("is_closed",)), asked)


# Inside


def _person(office: Services, asked: Query) -> Record:
    person = office.world.person(asked.words[0])
    if person is not asked.person:
        admins_only(asked.person)
    return person


def _number(asked: Query, name: str) -> int | None:
    text = asked.parameter(name)
    if not text:
        return None
    number = read_id(text)
    if number is None:
        raise Refusal(400, f"{name} is invalid.")
    return number


def _ranged(asked: Query, records: list[Record]) -> list[Record]:
    """Those from one day to another, both included, in order (contract: dates.report_range, entries_without_range)."""
    given = asked.range()
    if given is None:
        raise Refusal(400, "from and to are needed.")
    first, last = given
    shown = [record for record in records if first <= record["spent_at"] <= last]
    return sorted(shown, key=lambda record: (record["spent_at"], record["id"]))


def _trimmed(office: Services, shown: list[Record]) -> list[Record]:
    """The entries as they are sent: what concerns the timer, and what the hours are worth, of running ones only.

    Start and end are those of all entries where the account tracks time by them.
    """
    timed = office.world.timestamps and "report_times_missing" not in office.world.quirks
    left_out = _OF_RUNNING - _TIMES if timed else _OF_RUNNING
    return [
        {name: value for name, value in entry.items() if entry["timer_started_at"] or name not in left_out}
        for entry in shown
    ]


def _filtered(asked: Query, shown: list[Record], names: tuple[str, ...]) -> list[Record]:
    for name in names:
        test = FILTERS.get((name, asked.parameter(name)))
        if test is not None:
            shown = [record for record in shown if test(record)]
    return asked.since(shown)


ROUTES: Final = (
    Route("GET", "/projects/{id}/entries", Role.SELF, project_entries),
    Route("GET", "/people/{person}/entries", Role.SELF, user_entries),
    Route("GET", "/projects/{id}/expenses", Role.SELF, project_expenses),
    Route("GET", "/people/{person}/expenses", Role.SELF, user_expenses),
)
