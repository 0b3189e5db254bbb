"""Expenses and their categories."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.field_metadata import IDENTITY, REFERENCE

__all__ = ["Expense", "ExpenseCategory"]


@frozen(kw_only=True)
class ExpenseCategory(Record):
    """A category of expenses; if it has a unit, expenses are entered as units."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    unit_name: str | None = None
    unit_price: Decimal | None = None
    deactivated: bool | None = None
    cache_version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def active(self) -> bool | None:
        """Whether the record is active; None if that is not known."""
        return None if self.deactivated is None else not self.deactivated


@frozen(kw_only=True)
class Expense(Record):
    """An expense, from a person's list or from a report.

    `invoice_id` is None if the expense is not on an invoice.
    """

    id: int = field(default=0, metadata=IDENTITY)
    notes: str | None = None
    total_cost: Decimal | None = None
    units: Decimal | None = None
    project_id: int | None = None
    expense_category_id: int | None = None
    billable: bool | None = None
    spent_at: date | None = None
    has_receipt: bool | None = None
    receipt_url: str | None = None
    user_id: int | None = None
    is_closed: bool | None = None
    is_billed: bool | None = None
    is_locked: bool | None = None
    locked_reason: str | None = None
    invoice_id: int | None = field(default=None, metadata=REFERENCE)
    company_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
