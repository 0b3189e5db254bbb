"""Clients and contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v1.models.enums import Currency, InvoiceKind
from harvest_async.v1.models.field_metadata import IDENTITY

__all__ = ["Client", "Contact"]


@frozen(kw_only=True)
class Client(Record):
    """A client."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    active: bool | None = None
    currency: Currency | None = None
    currency_symbol: str | None = None
    details: str | None = None
    highrise_id: int | None = None
    cache_version: int | None = None
    default_invoice_timeframe: str | None = None
    default_invoice_kind: InvoiceKind | str | None = None
    last_invoice_kind: InvoiceKind | str | None = None
    address: str | None = None
    statement_key: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Contact(Record):
    """A person at a client."""

    id: int = field(default=0, metadata=IDENTITY)
    client_id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    title: str | None = None
    phone_office: str | None = None
    phone_mobile: str | None = None
    fax: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
