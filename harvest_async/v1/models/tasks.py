"""Tasks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.field_metadata import IDENTITY

__all__ = ["Task"]


@frozen(kw_only=True)
class Task(Record):
    """A task; `deactivated` means archived."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    billable_by_default: bool | None = None
    default_hourly_rate: Decimal | None = None
    is_default: bool | None = None
    deactivated: bool | None = None
    cache_version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def active(self) -> bool | None:
        """Whether the record is active; None if that is not known."""
        return None if self.deactivated is None else not self.deactivated
