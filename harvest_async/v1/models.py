"""The records of API v1 as plain values.

Rules of this room: pure, attrs classes and nothing else. The names are the contract's. Every field but the id may be
missing (None): answers are short in places, and older accounts lack newer fields. Fields that the contract does not
know are kept in `extra`; fields with a known set of words are plain text, so that a new word breaks nothing. Money and
hours are `Decimal` (hours in decimal hours), moments are aware, days are dates, times of day have no zone.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from attrs import field, frozen

__all__ = [
    "Client",
    "Company",
    "Daily",
    "DayEntry",
    "Me",
    "Modules",
    "Person",
    "Project",
    "ProjectManagerRights",
    "RateLimitStatus",
    "ReportEntry",
    "Task",
    "TaskAssignment",
    "TrackableProject",
    "TrackableTask",
    "UserAssignment",
    "WhoAmI",
]


@frozen(kw_only=True)
class Modules:
    """Which parts of the account are switched on (contract: modules)."""

    expenses: bool | None = None
    invoices: bool | None = None
    estimates: bool | None = None
    approval: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Company:
    """The account of whoever is signed in (contract: account.who_am_i)."""

    base_uri: str | None = None
    full_domain: str | None = None
    name: str | None = None
    active: bool | None = None
    week_start_day: str | None = None
    time_format: str | None = None
    clock: str | None = None
    decimal_symbol: str | None = None
    thousands_separator: str | None = None
    color_scheme: str | None = None
    modules: Modules | None = None
    plan_type: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ProjectManagerRights:
    """What a project manager may do (contract: roles)."""

    is_project_manager: bool | None = None
    can_see_rates: bool | None = None
    can_create_projects: bool | None = None
    can_create_invoices: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Me:
    """Whoever is signed in; `admin` is called `is_admin` in people (contract: account.who_am_i)."""

    id: int
    email: str | None = None
    admin: bool | None = None
    first_name: str | None = None
    last_name: str | None = None
    timezone: str | None = None
    timezone_identifier: str | None = None
    timezone_utc_offset: int | None = None
    avatar_url: str | None = None
    project_manager: ProjectManagerRights | None = None
    timestamp_timers: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class WhoAmI:
    """Who is signed in, and where (contract: account.who_am_i)."""

    company: Company
    user: Me
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class RateLimitStatus:
    """The server's own word on its throttle; spans in seconds (contract: rate_limit_status_fields)."""

    lockout_seconds: int | None = None
    last_access_at: datetime | None = None
    max_calls: int | None = None
    count: int | None = None
    timeframe_limit: int | None = None
    requests_available: int | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class DayEntry:
    """A time entry as the timesheet gives it (contract: time_tracking).

    `timer_started_at` is there only while the timer runs; `hours_for_previously_running_timer` tells what another
    timer held when this one stopped it.
    """

    id: int
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
class TrackableTask:
    """A task that time can be tracked on (contract: time_tracking.daily)."""

    id: int
    name: str | None = None
    billable: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TrackableProject:
    """A project that time can be tracked on (contract: time_tracking.daily)."""

    id: int
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
class Daily:
    """A day of a timesheet; without projects where none can be tracked (contract: projects_absent)."""

    for_day: date | None = None
    day_entries: list[DayEntry] = field(factory=list)
    projects: list[TrackableProject] = field(factory=list)
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Client:
    """A client (contract: clients)."""

    id: int
    name: str | None = None
    active: bool | None = None
    currency: str | None = None
    currency_symbol: str | None = None
    details: str | None = None
    highrise_id: int | None = None
    cache_version: int | None = None
    default_invoice_timeframe: str | None = None
    default_invoice_kind: str | None = None
    last_invoice_kind: str | None = None
    address: str | None = None
    statement_key: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Project:
    """A project; budgets in hours or money by `budget_by` (contract: projects)."""

    id: int
    client_id: int | None = None
    name: str | None = None
    code: str | None = None
    active: bool | None = None
    billable: bool | None = None
    bill_by: str | None = None
    hourly_rate: Decimal | None = None
    budget_by: str | None = None
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
    cost_budget_include_expenses: bool | None = None
    is_fixed_fee: bool | None = None
    fee: Decimal | None = None
    estimate: Decimal | None = None
    estimate_by: str | None = None
    basecamp_id: int | None = None
    highrise_deal_id: int | None = None
    active_task_assignments_count: int | None = None
    cache_version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Task:
    """A task; `deactivated` means archived (contract: tasks)."""

    id: int
    name: str | None = None
    billable_by_default: bool | None = None
    default_hourly_rate: Decimal | None = None
    is_default: bool | None = None
    deactivated: bool | None = None
    cache_version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Person:
    """A person who works in the account (contract: people)."""

    id: int
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    has_access_to_all_future_projects: bool | None = None
    default_hourly_rate: Decimal | None = None
    is_active: bool | None = None
    is_admin: bool | None = None
    is_contractor: bool | None = None
    is_project_manager: bool | None = None
    telephone: str | None = None
    department: str | None = None
    timezone: str | None = None
    cost_rate: Decimal | None = None
    weekly_capacity: int | None = None
    wants_newsletter: bool | None = None
    identity_account_id: int | None = None
    identity_user_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TaskAssignment:
    """A task on a project (contract: task_assignments)."""

    id: int
    project_id: int | None = None
    task_id: int | None = None
    billable: bool | None = None
    deactivated: bool | None = None
    budget: Decimal | None = None
    hourly_rate: Decimal | None = None
    estimate: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class UserAssignment:
    """A person on a project (contract: user_assignments)."""

    id: int
    user_id: int | None = None
    project_id: int | None = None
    deactivated: bool | None = None
    hourly_rate: Decimal | None = None
    is_project_manager: bool | None = None
    budget: Decimal | None = None
    estimate: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ReportEntry:
    """A time entry as reports give it, without names (contract: reports)."""

    id: int
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
