"""The account and the signed-in person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.enums import Clock, ColorScheme, TimeFormat, WeekStartDay
from harvest_async.v1.models.field_metadata import IDENTITY

__all__ = ["Company", "Me", "Modules", "ProjectManagerRights", "RateLimitStatus", "WhoAmI"]


@frozen(kw_only=True)
class Modules(Record):
    """The modules of the account, and whether each is switched on."""

    expenses: bool | None = None
    invoices: bool | None = None
    estimates: bool | None = None
    approval: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Company(Record):
    """The account of the signed-in person."""

    base_uri: str | None = None
    full_domain: str | None = None
    name: str | None = None
    active: bool | None = None
    week_start_day: WeekStartDay | str | None = None
    time_format: TimeFormat | str | None = None
    clock: Clock | str | None = None
    decimal_symbol: str | None = None
    thousands_separator: str | None = None
    color_scheme: ColorScheme | str | None = None
    modules: Modules | None = None
    plan_type: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ProjectManagerRights(Record):
    """The rights of a project manager."""

    is_project_manager: bool | None = None
    can_see_rates: bool | None = None
    can_create_projects: bool | None = None
    can_create_invoices: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Me(Record):
    """The signed-in person; `admin` is named `is_admin` in `Person`."""

    id: int = field(metadata=IDENTITY)
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
class WhoAmI(Record):
    """The signed-in person and the account."""

    company: Company
    user: Me
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class RateLimitStatus(Record):
    """The state of the account's rate limit as the server counts it; durations in seconds."""

    lockout_seconds: int | None = None
    last_access_at: datetime | None = None
    max_calls: int | None = None
    count: int | None = None
    timeframe_limit: int | None = None
    requests_available: int | None = None
    extra: dict[str, Any] = field(factory=dict)
