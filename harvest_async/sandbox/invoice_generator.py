"""The lines of a generated invoice: billable hours and expenses that are on no invoice yet.

The kind of the invoice says how records are grouped; the hours of one line have one rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from harvest_async.sandbox.lines import Line, cents
from harvest_async.sandbox.rates import is_billable, rate_of
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["expense_lines", "hour_lines", "unbilled"]

_Namer = Callable[[World, Record], str]


def _project(world: World, record: Record) -> str:
    return str(world.tables["project"][record["project_id"]]["name"])


def _person(world: World, record: Record) -> str:
    person = world.tables["user"][record["user_id"]]
    return f"{person['first_name']} {person['last_name']}"


def _task(world: World, record: Record) -> str:
    return str(world.tables["task"][record["task_id"]]["name"])


def _category(world: World, record: Record) -> str:
    return str(world.tables["expense_category"][record["expense_category_id"]]["name"])


def _notes(_: World, record: Record) -> str:
    return record["notes"] or ""


def _day(_: World, record: Record) -> str:
    return record["spent_at"].isoformat()  # type: ignore[no-any-return]


def _one(_: World, record: Record) -> str:
    return f"#{record['id']}"


_HOURS_BY: Final[dict[str, tuple[_Namer, ...]]] = {
    "project": (_project,),
    "task": (_project, _task),
    "people": (_project, _person),
    "detailed": (_project, _task, _person, _day, _notes, _one),
}
_EXPENSES_BY: Final[dict[str, tuple[_Namer, ...]]] = {
    "project": (_project,),
    "people": (_project, _person),
    "category": (_project, _category),
    "detailed": (_project, _category, _person, _day, _notes, _one),
}


def unbilled(world: World, kind: str, projects: Iterable[int], mode: str, span: tuple[Any, Any]) -> list[Record]:
    """Return the billable entries or expenses of projects that are on no invoice.

    Args:
        world: the account's records.
        kind: `entry` or `expense`.
        projects: ids of the projects.
        mode: `all`, `yes` for those in the span of days, or `no`.
        span: the first and the last day, for `yes`.
    """
    if mode == "no":
        return []
    if mode == "yes" and None in span:
        raise Refusal(400, "The period is missing.")
    first, last = span if mode == "yes" else (date.min, date.max)
    found = [record for number in projects for record in world.having(kind, project_id=number)]
    billable = is_billable if kind == "entry" else _is_billable_expense
    return [
        record
        for record in found
        if not record["is_billed"] and first <= record["spent_at"] <= last and billable(record, world)
    ]


def hour_lines(world: World, entries: list[Record], kind: str) -> list[Line]:
    """Return the lines for hours."""
    service = _default(world, use_as_service=True)
    lines = []
    for (title, project, rate), hours in _sums(world, entries, _HOURS_BY[kind], lambda entry: entry["hours"], rate_of):
        price = rate or Decimal(0)
        lines.append(
            Line(service, title, hours, price, cents(hours * price), taxed=False, taxed2=False, project_id=project)
        )
    return lines


def expense_lines(world: World, expenses: list[Record], kind: str) -> list[Line]:
    """Return the lines for expenses."""
    product = _default(world, use_as_expense=True)
    groups = _sums(world, expenses, _EXPENSES_BY[kind], lambda expense: expense["total_cost"], lambda *_: None)
    return [
        Line(product, title, Decimal(1), cost, cost, taxed=False, taxed2=False, project_id=project)
        for (title, project, _), cost in groups
    ]


def _sums(
    world: World,
    records: list[Record],
    names: tuple[_Namer, ...],
    worth: Callable[[Record], Decimal],
    rate: Callable[[Record, World], Decimal | None],
) -> list[tuple[tuple[str, int, Decimal | None], Decimal]]:
    """Return the sums of records grouped by title, project and rate."""
    groups: dict[tuple[str, int, Decimal | None, str], Decimal] = {}
    for record in records:
        parts = [name(world, record) for name in names]
        one = parts.pop() if names[-1] is _one else ""
        key = (": ".join(part for part in parts if part), record["project_id"], rate(record, world), one)
        groups[key] = groups.get(key, Decimal(0)) + worth(record)
    return [(key[:3], total) for key, total in groups.items()]


def _is_billable_expense(expense: Record, _: World) -> bool:
    return bool(expense["billable"])


def _default(world: World, **use: bool) -> str:
    return next((str(category["name"]) for category in world.having("invoice_item_category", **use)), "")
