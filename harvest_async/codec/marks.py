"""Patterns that guess where a record of a JSON list ends, without reading the list token by token."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["FLAT_MARK", "MARK", "last_mark", "mark_like"]

MARK: Final = re.compile(rb'\}\s*+,\s*+(?=\{\s*+"[^"\\]{0,64}+"\s*+:\s*+\{)')
"""Between two records, each below its root. The quote of a text inside a record would have a backslash before it."""

FLAT_MARK: Final = re.compile(rb'\}\s*+,\s*+(?=\{\s*+"[^"\\]{0,64}+"\s*+:)')
"""Between two records without roots, or two objects in a list that is part of a record."""

_NEAR: Final = 2_048
"""The last bytes of a slice, in which the pattern is tried first."""

_KEY: Final = rb'"[^"\\]{1,64}+"'
_VALUE: Final = rb'(?:"[^"\\]{0,64}+"|[^][{}",\s]{1,64}+)'
_START: Final = re.compile(rb"\s*+\{\s*+(%b)\s*+:\s*+%b\s*+,\s*+(%b)\s*+:" % (_KEY, _VALUE, _KEY))


def mark_like(held: bytearray) -> re.Pattern[bytes]:
    """Return the pattern for what is between two records that begin like the one at the start of `held`.

    The first two names of a record (`id` and `client_key`) distinguish it from the objects in a list that is part of it
    (`id` and `kind`).
    """
    start = _START.match(held)
    if start is None:
        return FLAT_MARK
    names = (re.escape(start[1]), _VALUE, re.escape(start[2]))
    return re.compile(rb"\}\s*+,\s*+(?=\{\s*+%b\s*+:\s*+%b\s*+,\s*+%b\s*+:)" % names)


def last_mark(held: bytearray, mark: re.Pattern[bytes]) -> int:
    """Return where the last record that has come begins, as far as the pattern says; 0 if there is none."""
    for start in (max(0, len(held) - _NEAR), 0):
        end = 0
        for match in mark.finditer(held, start):
            end = match.end()
        if end:
            return end
    return 0
