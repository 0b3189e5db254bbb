"""Readers of plain cells: names, flags and whole numbers.

Invariants: every reader is a total function of linear time: any text gives a value or `Bad` with the reason, so that
a row can gather everything that is wrong with it. A text that can be read in two ways is bad until the file, or an
option, has decided. Days are in `days`, times of day in `clocks`, lengths in `spans`, amounts in `numbers`.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

__all__ = ["REPORTED", "Bad", "clean", "read_flag", "read_integer", "shown", "tidy"]

_SHOWN: Final = 60
_LONGEST: Final = 4096
_INVISIBLE: Final = dict.fromkeys(
    map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e")
)
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MINUS: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63"), "-")
_PLAIN: Final = {**_INVISIBLE, **_FULL_WIDTH, **_MINUS}
_FLAGS: Final = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "on", "billable"), True),
    **dict.fromkeys(("no", "n", "false", "0", "off", "non-billable", "not billable"), False),
    **dict.fromkeys(
        ("ja", "wahr", "oui", "vrai", "s\u00ed", "si", "s\u00ec", "verdadero", "vero", "sim", "waar"), True
    ),
    **dict.fromkeys(("nein", "falsch", "non", "faux", "falso", "n\u00e3o", "nao", "nee", "nej", "onwaar"), False),
}
"""Words of several languages, also those that spreadsheet programs show for true and false."""


@frozen
class Bad:
    """The reason why a cell can't be read; empty if a problem of the whole file reports it."""

    reason: str


REPORTED: Final = Bad("")
"""A cell whose problem is reported once for the whole file."""


def clean(text: str) -> str:
    """Return a name with single blanks inside and none around it."""
    return " ".join(text.split())


def tidy(text: str) -> str:
    """Return the text of a value with plain single blanks, plain minus signs and no invisible characters."""
    if len(text) > _LONGEST and len(text := text.strip()) > _LONGEST:
        return text  # longer than any value
    return " ".join((text if text.isascii() else text.translate(_PLAIN)).split())


def shown(text: str) -> str:
    """Return the text in quotes as messages show it, cut where it is long."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text):,} characters)"


def read_flag(text: str) -> bool | Bad | None:
    """Read yes or no; None if the cell is empty."""
    word = tidy(text).lower()
    if not word:
        return None
    return _FLAGS.get(word, Bad(f"{shown(text.strip())} is neither yes nor no: write one of them"))


def read_integer(text: str) -> int | Bad | None:
    """Read a whole number; None if the cell is empty."""
    text = tidy(text)
    if not text:
        return None
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else Bad(f"{shown(text)} is no whole number")
