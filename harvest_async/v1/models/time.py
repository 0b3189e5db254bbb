"""Time entries of timesheets and of reports."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.field_metadata import IDENTITY

__all__ = ["Daily", "DayEntry", "ReportEntry", "TrackableProject", "TrackableTask"]


@frozen(kw_only=True)
class DayEntry(Record):
    """A time entry of a timesheet.

    `timer_started_at` is set only while the timer runs. `hours_for_previously_running_timer` has the hours of
    another timer that this one stopped.
    """

    id: int = field(default=0, metadata=IDENTITY)
    spent_at: date | None = None
    user_id: int | None = None
    client: str | None = None
    project_id: int | None = None
    project: str | None = None
    task_id: int | None = None
    task: str | None = None
    hours: Decimal | None = None
    hours_without_timer: Decimal | None = None
    hours_with_timer: Decimal | None = None
    notes: str | None = None
    timer_started_at: datetime | None = None
    started_at: time | None = None
    ended_at: time | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    hours_for_previously_running_timer: Decimal | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TrackableTask(Record):
    """A task that time can be tracked on."""

    id: int = field(metadata=IDENTITY)
    name: str | None = None
    billable: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TrackableProject(Record):
    """A project that time can be tracked on."""

    id: int = field(metadata=IDENTITY)
    name: str | None = None
    code: str | None = None
    billable: bool | None = None
    client: str | None = None
    client_id: int | None = None
    client_currency: str | None = None
    client_currency_symbol: str | None = None
    tasks: list[TrackableTask] = field(factory=list)
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Daily(Record):
    """A day of a timesheet. `projects` is empty if no time can be tracked."""

    for_day: date | None = None
    day_entries: list[DayEntry] = field(factory=list)
    projects: list[TrackableProject] = field(factory=list)
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ReportEntry(Record):
    """A time entry of a report, without names."""

    id: int = field(metadata=IDENTITY)
    hours: Decimal | None = None
    notes: str | None = None
    project_id: int | None = None
    task_id: int | None = None
    user_id: int | None = None
    spent_at: date | None = None
    is_billed: bool | None = None
    is_closed: bool | None = None
    adjustment_record: bool | None = None
    timer_started_at: datetime | None = None
    hours_with_timer: Decimal | None = None
    started_at: time | None = None
    ended_at: time | None = None
    billable: bool | None = None
    billable_rate: Decimal | None = None
    cost_rate: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
