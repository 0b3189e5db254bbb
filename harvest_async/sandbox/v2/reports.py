"""Handlers for reports. Managers see the projects that they manage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

from harvest_async.sandbox.currencies import code_of
from harvest_async.sandbox.lines import cents
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.rates import is_billable
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, managed
from harvest_async.sandbox.v2.base import Request, Route, V2Services
from harvest_async.sandbox.v2.entry_shapes import sees_rates
from harvest_async.sandbox.v2.filters import day_of, flag_of
from harvest_async.sandbox.v2.lists import plain_page
from harvest_async.sandbox.v2.report_rows import (
    EXPENSES_BY,
    HOURS_BY,
    Sums,
    amount_of,
    expense_rows,
    hour_rows,
    hours_of,
)

__all__ = ["ROUTES"]

_LONGEST: Final = 365
_OF_MONEY: Final = frozenset({"project_cost", "task_fees"})
_ZERO: Final = Decimal("0.0")


def time_report(by: str, services: V2Services, request: Request) -> Response:
    """Return the hours of a range of days by client, project, task or person."""
    sums, entries = _sums(services, request), _ranged(services, request, "entry")
    return plain_page(request, "results", hour_rows(sums, entries, by))


def expense_report(by: str, services: V2Services, request: Request) -> Response:
    """Return the expenses of a range of days by client, project, category or person."""
    sums, expenses = _sums(services, request), _ranged(services, request, "expense")
    return plain_page(request, "results", expense_rows(sums, expenses, by))


def uninvoiced(services: V2Services, request: Request) -> Response:
    """Return what is not invoiced of each active project, also of those that have nothing to invoice."""
    sums = _sums(services, request)
    entries = _by_project(_ranged(services, request, "entry"))
    expenses = _by_project(_ranged(services, request, "expense"))
    shown = (entries.keys() | expenses.keys()) | {each["id"] for each in _projects(services, request) if each["active"]}
    rows = [
        _uninvoiced(sums, project, entries.get(project["id"], []), expenses.get(project["id"], []))
        for project in _projects(services, request)
        if project["id"] in shown
    ]
    return plain_page(request, "results", rows)


def project_budget(services: V2Services, request: Request) -> Response:
    """Return the budget of each project and what is spent of it."""
    sums, wanted = _sums(services, request), flag_of(request, "is_active")
    projects = [each for each in _projects(services, request) if wanted is None or each["active"] == wanted]
    return plain_page(request, "results", projects, partial(_budget, sums))


# Internals


def _sums(services: V2Services, request: Request) -> Sums:
    return Sums(services, request, bool(flag_of(request, "include_fixed_fee")), sees_rates(request.person))


def _projects(services: V2Services, request: Request) -> list[Record]:
    projects = services.world.all("project")
    if request.person["is_admin"]:
        return projects
    own = managed(request.person, services.world)
    return [project for project in projects if project["id"] in own]


def _ranged(services: V2Services, request: Request, kind: str) -> list[Record]:
    """Return the records of a kind in the range of days, which must be given."""
    first, last = _days(request)
    own = {project["id"] for project in _projects(services, request)}
    records = services.world.all(kind)
    return [record for record in records if first <= record["spent_at"] <= last and record["project_id"] in own]


def _days(request: Request) -> tuple[date, date]:
    first, last = day_of(request, "from"), day_of(request, "to")
    if first is None or last is None:
        missing = [name for name, day in (("From", first), ("To", last)) if day is None]
        raise Refusal(422, ", ".join(f"{name} can't be blank" for name in missing))
    if last < first:
        raise Refusal(422, "From must be before to")
    if (last - first).days > _LONGEST:
        raise Refusal(422, f"From and to must be at most {_LONGEST} days apart")
    return first, last


def _by_project(records: list[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for record in records:
        found.setdefault(record["project_id"], []).append(record)
    return found


def _subject(services: V2Services, project: Record) -> Record:
    client = services.tables("client")[project["client_id"]]
    return {
        "client_id": client["id"],
        "client_name": client["name"],
        "project_id": project["id"],
        "project_name": project["name"],
    }


def _uninvoiced(sums: Sums, project: Record, entries: list[Record], expenses: list[Record]) -> Record:
    services, world = sums.services, sums.services.world
    open_entries = [entry for entry in entries if not entry["is_billed"] and is_billable(entry, world)]
    spent = [each["total_cost"] for each in expenses if each["billable"] and not each["is_billed"]]
    costs = sum(spent, _ZERO)
    amount = sum((amount_of(sums, entry) for entry in open_entries), costs)
    return {
        **_subject(services, project),
        "currency": code_of(services.tables("client")[project["client_id"]]["currency"]),
        "total_hours": sum((hours_of(sums, entry) for entry in entries), _ZERO),
        "uninvoiced_hours": sum((hours_of(sums, entry) for entry in open_entries), _ZERO),
        "uninvoiced_expenses": costs,
        "uninvoiced_amount": cents(amount) if sums.amounts else None,
    }


def _budget(sums: Sums, project: Record) -> Record:
    services, by = sums.services, project["budget_by"]
    entries = services.world.having("entry", project_id=project["id"])
    if project["budget_is_monthly"]:
        now = sums.request.now
        entries = [entry for entry in entries if entry["spent_at"].timetuple()[:2] == (now.year, now.month)]
    budget = project["cost_budget"] if by in _OF_MONEY else None if by == "none" else project["budget"]
    spent = sum((amount_of(sums, each) if by in _OF_MONEY else hours_of(sums, each) for each in entries), _ZERO)
    if by == "project_cost" and project["cost_budget_include_expenses"]:
        expenses = services.world.having("expense", project_id=project["id"])
        spent += sum((each["total_cost"] for each in expenses), _ZERO)
    hidden = by in _OF_MONEY and not sums.amounts
    return {
        **_subject(services, project),
        "budget_is_monthly": project["budget_is_monthly"],
        "budget_by": by,
        "is_active": project["active"],
        "budget": None if hidden else budget,
        "budget_spent": None if hidden else spent,
        "budget_remaining": None if hidden or budget is None else budget - spent,
    }


ROUTES: Final = (
    *(Route("GET", f"/reports/time/{by}", Role.MANAGER, partial(time_report, by)) for by in HOURS_BY),
    *(Route("GET", f"/reports/expenses/{by}", Role.MANAGER, partial(expense_report, by)) for by in EXPENSES_BY),
    Route("GET", "/reports/uninvoiced", Role.MANAGER, uninvoiced),
    Route("GET", "/reports/project_budget", Role.MANAGER, project_budget),
)
