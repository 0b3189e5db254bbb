"""Projects."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.enums import BillBy, BudgetBy
from harvest_async.v1.models.field_metadata import IDENTITY, also

__all__ = ["Project"]


@frozen(kw_only=True)
class Project(Record):
    """A project; budgets in hours or money by `budget_by`."""

    id: int = field(default=0, metadata=IDENTITY)
    client_id: int | None = None
    name: str | None = None
    code: str | None = None
    active: bool | None = None
    billable: bool | None = None
    bill_by: BillBy | str | None = None
    hourly_rate: Decimal | None = None
    budget_by: BudgetBy | str | None = None
    budget: Decimal | None = None
    notify_when_over_budget: bool | None = None
    over_budget_notification_percentage: Decimal | None = None
    over_budget_notified_at: date | None = None
    show_budget_to_all: bool | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    hint_earliest_record_at: date | None = None
    hint_latest_record_at: date | None = None
    notes: str | None = None
    cost_budget: Decimal | None = None
    cost_budget_include_expenses: bool | None = field(default=None, metadata=also("cost_budget_includes_expenses"))
    is_fixed_fee: bool | None = None
    fee: Decimal | None = None
    estimate: Decimal | None = None
    estimate_by: str | None = None
    basecamp_id: int | None = None
    highrise_deal_id: int | None = None
    active_task_assignments_count: int | None = None
    active_user_assignments_count: int | None = None
    cache_version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
