"""The meaning of `due_at_human_format`, and the line items of invoices (see `client.line_table`)."""

from __future__ import annotations

import re
from typing import Final

from harvest_async.client.line_table import HEADER, LineItem, read_lines, write_lines

__all__ = ["HEADER", "LineItem", "days_until_due", "due_in_words", "read_lines", "write_lines"]

_NET: Final = re.compile(r"net\s*(\d+)")
_ON_RECEIPT: Final = frozenset({"upon receipt", "due upon receipt"})


def days_until_due(words: str) -> int | None:
    """Return the number of days to pay: 30 for `NET 30`, 0 for `upon receipt`, None for other texts."""
    plain = " ".join(words.lower().split())
    if plain in _ON_RECEIPT:
        return 0
    net = _NET.fullmatch(plain)
    return int(net[1]) if net else None


def due_in_words(days: int) -> str:
    """Return the `due_at_human_format` for a number of days; 0 is upon receipt.

    Raises:
        ValueError: the number is below 0.
    """
    if days < 0:
        msg = f"days: give 0 or more, not {days}"
        raise ValueError(msg)
    return f"NET {days}" if days else "upon receipt"
