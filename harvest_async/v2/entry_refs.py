"""Small records inside time entries, expenses, invoices and estimates, and the types of their references."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeVar

from attrs import field, frozen

from harvest_async.client.validation import CheckedBy, hours
from harvest_async.v2.nested import ProjectRef, TaskRef, UserRef
from harvest_async.v2.references import REFERENCES

__all__ = ["EntryTaskAssignment", "EntryUserAssignment", "Hours", "InvoiceRef", "MessageRecipient", "Ref", "Related"]


T = TypeVar("T")

Ref: TypeAlias = Annotated[int | str | T, CheckedBy(REFERENCES.reference)]
"""A reference to a record: its id, or the record itself."""

Hours: TypeAlias = Annotated[Decimal | int | str, CheckedBy(hours)]
"""Decimal hours, 0 or more."""


@frozen(kw_only=True)
class Related:
    """A record of which only the id is known."""

    id: int | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class InvoiceRef:
    """The invoice that a time entry or an expense is on."""

    id: int | None = None
    number: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class MessageRecipient:
    """A recipient of a message."""

    name: str | None = None
    email: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class EntryUserAssignment:
    """The user assignment of a time entry or an expense."""

    id: int | None = None
    project: ProjectRef | None = None
    user: UserRef | None = None
    is_active: bool | None = None
    is_project_manager: bool | None = None
    use_default_rates: bool | None = None
    hourly_rate: Decimal | None = None
    budget: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class EntryTaskAssignment:
    """The task assignment of a time entry."""

    id: int | None = None
    project: ProjectRef | None = None
    task: TaskRef | None = None
    is_active: bool | None = None
    billable: bool | None = None
    hourly_rate: Decimal | None = None
    budget: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
