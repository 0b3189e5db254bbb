"""The sums of reports: time entries and expenses grouped by a subject and a currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from attrs import define, frozen

from harvest_async.sandbox.currencies import code_of
from harvest_async.sandbox.lines import cents
from harvest_async.sandbox.rates import is_billable, rate_of
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.timesheet import rounded_up, running_hours
from harvest_async.sandbox.v2.base import Request, V2Services
from harvest_async.sandbox.v2.shapes import AVATAR

__all__ = ["EXPENSES_BY", "HOURS_BY", "Sums", "amount_of", "expense_rows", "hour_rows", "hours_of"]

_ZERO: Final = Decimal("0.0")
_Subject = Callable[[V2Services, Record], Record]


def _project(services: V2Services, record: Record) -> Record:
    project = services.tables("project")[record["project_id"]]
    code = f"[{project['code']}] " if project["code"] else ""
    return {**_client(services, record), "project_id": project["id"], "project_name": f"{code}{project['name']}"}


def _client(services: V2Services, record: Record) -> Record:
    client = _client_of(services, record)
    return {"client_id": client["id"], "client_name": client["name"]}


def _task(services: V2Services, record: Record) -> Record:
    return {"task_id": record["task_id"], "task_name": services.tables("task")[record["task_id"]]["name"]}


def _person(services: V2Services, record: Record) -> Record:
    person = services.tables("user")[record["user_id"]]
    name = f"{person['first_name']} {person['last_name']}"
    return {"user_id": person["id"], "user_name": name, "is_contractor": person["is_contractor"]}


def _worker(services: V2Services, record: Record) -> Record:
    person = services.tables("user")[record["user_id"]]
    return {**_person(services, record), "weekly_capacity": person["weekly_capacity"], "avatar_url": AVATAR}


def _category(services: V2Services, record: Record) -> Record:
    category = services.tables("expense_category")[record["expense_category_id"]]
    return {"expense_category_id": category["id"], "expense_category_name": category["name"]}


HOURS_BY: Final[dict[str, _Subject]] = {"clients": _client, "projects": _project, "tasks": _task, "team": _worker}
"""The subjects of the reports of time."""

EXPENSES_BY: Final[dict[str, _Subject]] = {
    "clients": _client,
    "projects": _project,
    "categories": _category,
    "team": _person,
}
"""The subjects of the reports of expenses."""


@frozen
class Sums:
    """How a request sums records.

    Attributes:
        services: the account's services.
        request: the request.
        fixed_fee: whether hours of projects with a fixed fee have an amount.
        amounts: whether the person may see amounts.
    """

    services: V2Services
    request: Request
    fixed_fee: bool
    amounts: bool


@define
class _Row:
    subject: Record
    total: Decimal = _ZERO
    billable: Decimal = _ZERO
    amount: Decimal = _ZERO


def hour_rows(sums: Sums, entries: Iterable[Record], by: str) -> list[Record]:
    """Return the rows of a report of time."""
    rows: dict[tuple[object, str], _Row] = {}
    for entry in entries:
        row = _row(sums.services, rows, HOURS_BY[by], entry)
        hours = hours_of(sums, entry)
        row.total += hours
        if is_billable(entry, sums.services.world):
            row.billable += hours
            row.amount += amount_of(sums, entry)
    return [
        {
            **row.subject,
            "total_hours": row.total,
            "billable_hours": row.billable,
            "currency": currency,
            "billable_amount": cents(row.amount) if sums.amounts else None,
        }
        for (_, currency), row in rows.items()
    ]


def expense_rows(sums: Sums, expenses: Iterable[Record], by: str) -> list[Record]:
    """Return the rows of a report of expenses."""
    rows: dict[tuple[object, str], _Row] = {}
    for expense in expenses:
        row = _row(sums.services, rows, EXPENSES_BY[by], expense)
        row.total += expense["total_cost"]
        row.billable += expense["total_cost"] if expense["billable"] else 0
    return [
        {**row.subject, "total_amount": row.total, "billable_amount": row.billable, "currency": currency}
        for (_, currency), row in rows.items()
    ]


def hours_of(sums: Sums, entry: Record) -> Decimal:
    """Return the rounded hours of an entry."""
    return rounded_up(running_hours(entry, sums.request.now), sums.services.world.rounding)


def amount_of(sums: Sums, entry: Record) -> Decimal:
    """Return the billable amount of an entry; 0 for a project with a fixed fee, unless the request includes it."""
    project = sums.services.tables("project")[entry["project_id"]]
    if project["is_fixed_fee"] and not sums.fixed_fee:
        return _ZERO
    return hours_of(sums, entry) * (rate_of(entry, sums.services.world) or 0)


def _row(services: V2Services, rows: dict[tuple[object, str], _Row], by: _Subject, record: Record) -> _Row:
    subject = by(services, record)
    own = next(subject[name] for name in ("project_id", *subject) if name in subject)
    return rows.setdefault((own, code_of(_client_of(services, record)["currency"])), _Row(subject))


def _client_of(services: V2Services, record: Record) -> Record:
    return services.tables("client")[services.tables("project")[record["project_id"]]["client_id"]]
