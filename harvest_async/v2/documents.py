"""What the records of invoices and estimates, their lines and their messages have in common."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v2.entry_refs import MessageRecipient
from harvest_async.v2.nested import ClientRef, UserRef, id_of
from harvest_async.v2.references import IDENTITY

__all__ = ["Document", "LineItem", "Message"]


@frozen(kw_only=True)
class LineItem(Record):
    """A line of an invoice or an estimate. A line without an id is new."""

    id: int = field(default=0, metadata=IDENTITY)
    kind: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    taxed: bool | None = None
    taxed2: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Message(Record):
    """A message: an e-mail, or the record of a change of state."""

    id: int = field(default=0, metadata=IDENTITY)
    sent_by: str | None = None
    sent_by_email: str | None = None
    sent_from: str | None = None
    sent_from_email: str | None = None
    recipients: list[MessageRecipient] = field(factory=list)
    subject: str | None = None
    body: str | None = None
    send_me_a_copy: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Document(Record):
    """An invoice or an estimate. Amounts are in its currency; `tax`, `tax2` and `discount` are percentages."""

    id: int = field(default=0, metadata=IDENTITY)
    client: ClientRef | None = None
    creator: UserRef | None = None
    client_key: str | None = None
    number: str | None = None
    purchase_order: str | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    tax_amount: Decimal | None = None
    tax2: Decimal | None = None
    tax2_amount: Decimal | None = None
    discount: Decimal | None = None
    discount_amount: Decimal | None = None
    subject: str | None = None
    notes: str | None = None
    currency: str | None = None
    issue_date: date | None = None
    sent_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def client_id(self) -> int | None:
        """The id of the client."""
        return id_of(self.client)
