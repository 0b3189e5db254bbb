"""Small records inside time entries, expenses, invoices and estimates, and the types of their references."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeVar

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.client.validation import CheckedBy, hours
from harvest_async.v2.references import REFERENCES

__all__ = ["Hours", "InvoiceRef", "MessageRecipient", "Ref", "Related"]


T = TypeVar("T")

Ref: TypeAlias = Annotated[int | str | T, CheckedBy(REFERENCES.reference)]
"""A reference to a record: its id, or the record itself."""

Hours: TypeAlias = Annotated[Decimal | int | str, CheckedBy(hours)]
"""Decimal hours, 0 or more."""


@frozen(kw_only=True)
class Related(Record):
    """A record of which only the id is known."""

    id: int | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class InvoiceRef(Record):
    """The invoice that a time entry or an expense is on."""

    id: int | None = None
    number: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class MessageRecipient(Record):
    """A recipient of a message."""

    name: str | None = None
    email: str | None = None
    extra: dict[str, Any] = field(factory=dict)
