"""Clients.

Rules of this room: see `models`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

__all__ = ["Client"]


@frozen(kw_only=True)
class Client:
    """A client (contract: clients)."""

    id: int
    name: str | None = None
    active: bool | None = None
    currency: str | None = None
    currency_symbol: str | None = None
    details: str | None = None
    highrise_id: int | None = None
    cache_version: int | None = None
    default_invoice_timeframe: str | None = None
    default_invoice_kind: str | None = None
    last_invoice_kind: str | None = None
    address: str | None = None
    statement_key: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
