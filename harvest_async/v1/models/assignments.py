"""Assignments: the tasks and the people of projects."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.field_metadata import IDENTITY

__all__ = ["TaskAssignment", "UserAssignment"]


@frozen(kw_only=True)
class TaskAssignment(Record):
    """A task on a project."""

    id: int = field(default=0, metadata=IDENTITY)
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

    @property
    def active(self) -> bool | None:
        """Whether the record is active; None if that is not known."""
        return None if self.deactivated is None else not self.deactivated


@frozen(kw_only=True)
class UserAssignment(Record):
    """A person on a project."""

    id: int = field(default=0, metadata=IDENTITY)
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

    @property
    def active(self) -> bool | None:
        """Whether the record is active; None if that is not known."""
        return None if self.deactivated is None else not self.deactivated
