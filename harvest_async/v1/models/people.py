"""People."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.field_metadata import IDENTITY
from harvest_async.v1.models.zones import iana_name

__all__ = ["Person"]


@frozen(kw_only=True)
class Person(Record):
    """A person who works in the account."""

    id: int = field(default=0, metadata=IDENTITY)
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

    @property
    def active(self) -> bool | None:
        """Whether the person is active; None if that is not known."""
        return self.is_active

    @property
    def timezone_identifier(self) -> str | None:
        """The IANA name of the person's time zone: `America/New_York`; None if the account's name of it has none."""
        return None if self.timezone is None else iana_name(self.timezone)
