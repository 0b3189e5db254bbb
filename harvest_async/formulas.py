"""Cells of CSV files that a spreadsheet program would run as formulas.

A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is written with an apostrophe in front, and so is
a text that begins with apostrophes and one of these; a number such as `-1.50` is written as it is. The reader takes
exactly one apostrophe away again, so that any text is restored. In a file of another program `'=1` is read as
`=1`, too, and `="007"`, by which programs keep the zeros in front of a number, as `007`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["escape", "escape_all", "unescape", "unescape_all"]

_FORMULA: Final = re.compile("'*[=+\\-@\t\r]")
_ESCAPED: Final = re.compile("'+[=+\\-@\t\r]")
_QUOTED: Final = re.compile('="([^"]*)"')
_NUMBER: Final = re.compile("[+-]?(?:[0-9][0-9.,' \u00a0\u202f\u2019]*|[.,][0-9]+)")


def escape(text: str) -> str:
    """Return a cell as it is written: with an apostrophe in front where it would be a formula."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def unescape(text: str) -> str:
    """Return a cell as it was before it was written."""
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return quoted[1]
    return text[1:] if _ESCAPED.match(text) else text


def escape_all(cells: Iterable[str]) -> list[str]:
    """Return a row as it is written."""
    return [escape(cell) for cell in cells]


def unescape_all(cells: list[str]) -> list[str]:
    """Return a row as it was before it was written."""
    together = "".join(cells)
    return [unescape(cell) for cell in cells] if "'" in together or '="' in together else cells
