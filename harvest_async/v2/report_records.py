"""The rows of reports, and how the rows of several years are joined."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from harvest_async.client.record import Record

__all__ = ["ExpenseReportRow", "ProjectBudgetRow", "TimeReportRow", "UninvoicedRow", "joined"]

T = TypeVar("T", bound=Any)


@frozen(kw_only=True)
class TimeReportRow(Record):
    """Hours of a client, a project, a task or a person; the fields of the others are None.

    Amounts are in `currency`; `weekly_capacity` is in seconds. Fixed-fee projects count 0 unless `include_fixed_fee`.
    """

    client_id: int | None = None
    client_name: str | None = None
    project_id: int | None = None
    project_name: str | None = None
    task_id: int | None = None
    task_name: str | None = None
    user_id: int | None = None
    user_name: str | None = None
    weekly_capacity: int | None = None
    avatar_url: str | None = None
    is_contractor: bool | None = None
    total_hours: Decimal | None = None
    billable_hours: Decimal | None = None
    currency: str | None = None
    billable_amount: Decimal | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ExpenseReportRow(Record):
    """Expenses of a client, a project, a category or a person, in `currency`."""

    client_id: int | None = None
    client_name: str | None = None
    project_id: int | None = None
    project_name: str | None = None
    expense_category_id: int | None = None
    expense_category_name: str | None = None
    user_id: int | None = None
    user_name: str | None = None
    is_contractor: bool | None = None
    total_amount: Decimal | None = None
    billable_amount: Decimal | None = None
    currency: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class UninvoicedRow(Record):
    """The hours and expenses of a project that are not invoiced; amounts may be negative."""

    client_id: int | None = None
    client_name: str | None = None
    project_id: int | None = None
    project_name: str | None = None
    currency: str | None = None
    total_hours: Decimal | None = None
    uninvoiced_hours: Decimal | None = None
    uninvoiced_expenses: Decimal | None = None
    uninvoiced_amount: Decimal | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ProjectBudgetRow(Record):
    """The budget of a project, in hours or in money as `budget_by` says."""

    client_id: int | None = None
    client_name: str | None = None
    project_id: int | None = None
    project_name: str | None = None
    budget_is_monthly: bool | None = None
    budget_by: str | None = None
    is_active: bool | None = None
    budget: Decimal | None = None
    budget_spent: Decimal | None = None
    budget_remaining: Decimal | None = None
    extra: dict[str, Any] = field(factory=dict)


_KEYS: Final = ("client_id", "project_id", "task_id", "expense_category_id", "user_id", "currency")
_SUMS: Final = ("total_hours", "billable_hours", "total_amount", "billable_amount")


def joined(rows: Iterable[T]) -> list[T]:
    """Add up rows of the same client, project, task, category, person and currency; names are those of the last."""
    found: dict[tuple[Any, ...], T] = {}
    for row in rows:
        key = tuple(getattr(row, name, None) for name in _KEYS)
        earlier = found.get(key)
        found[key] = row if earlier is None else _sum(earlier, row)
    return list(found.values())


def _sum(earlier: T, row: T) -> T:
    """Return a row with the sums of two."""
    sums = {}
    for name in _SUMS:
        if hasattr(row, name):
            given = [value for value in (getattr(earlier, name), getattr(row, name)) if value is not None]
            sums[name] = sum(given, Decimal(0)) if given else None
    summed: T = evolve(row, **sums)
    return summed
