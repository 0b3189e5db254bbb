"""Tasks.

Rules of this room: see `models`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.v1.models.field_metadata import IDENTITY

__all__ = ["Task"]


@frozen(kw_only=True)
class Task:
    """A task; `deactivated` means archived (contract: tasks)."""

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
        """Whether it is in use; None where that is not known (contract: inactive_spelled_three_ways)."""
        return None if self.deactivated is None else not self.deactivated
