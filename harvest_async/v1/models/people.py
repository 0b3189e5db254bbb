"""People.

Rules of this room: see `models`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

__all__ = ["Person"]


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
