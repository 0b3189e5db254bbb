"""Responses in JSON: numbers with a decimal point, times in UTC, days as `YYYY-MM-DD`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

__all__ = ["write_json"]


def write_json(tree: Any) -> bytes:
    """Return a tree of plain values as JSON."""
    return json.dumps(tree, default=_plain, separators=(",", ":")).encode()


def _plain(value: Decimal | date) -> Any:
    if isinstance(value, Decimal):
        return float(value)  # with a decimal point: 3.0
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat()
