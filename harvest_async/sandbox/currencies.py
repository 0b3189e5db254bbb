"""Currencies: `United States Dollar - USD` is the name of the code `USD`."""

from __future__ import annotations

from typing import Final

__all__ = ["code_of", "name_of"]

_NAMES: Final = {
    "AUD": "Australian Dollar", "CAD": "Canadian Dollar", "CHF": "Swiss Franc", "EUR": "Euro", "GBP": "British Pound",
    "JPY": "Japanese Yen", "SEK": "Swedish Krona", "USD": "United States Dollar",
}  # fmt: skip


def code_of(name: str | None) -> str:
    """Return the code of a currency that is given by its name or its code."""
    return (name or "").rpartition(" - ")[2]


def name_of(code: str) -> str:
    """Return the name of a currency that is given by its code; a name stays as it is."""
    text = code.strip()
    return f"{_NAMES.get(text.upper(), text.upper())} - {text.upper()}" if len(text) == 3 else text
