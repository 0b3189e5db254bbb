"""Cells of sheets through python-calamine, which only this module imports (extra `[xlsx]`).

Invariants:
- It is given packages that were checked, never the file as it came.
- Values become text that can be read in one way only: dates with the year first, numbers with a point and never three
  digits behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO, Final

from harvest_async.bulk.sources.limits import only_invalid

__all__ = ["as_text", "load", "rows"]

_DIGITS: Final = 3
_HALF: Final = 500_000
_ISO_SPAN: Final = re.compile(r"(-?)PT([0-9]{1,9})H([0-9]{1,9})M([0-9]{1,9})(?:[.,][0-9]{0,9})?S")
"""A time or a span in ODS."""


def load(stream: BinaryIO) -> Any:
    """Open a workbook.

    Raises:
        ImportError: the extra is not installed.
        InvalidArgument: it can't be read.
    """
    try:
        import python_calamine  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ImportError(
            "reading workbooks needs python-calamine: python -m pip install 'harvest-async[xlsx]'"
        ) from error
    with only_invalid("the workbook"):
        return python_calamine.load_workbook(stream)


def rows(book: Any, sheet: int, where: str) -> Iterator[tuple[int, list[Any]]]:
    """Give each row of a sheet with its number, its cells from column A on.

    Raises:
        InvalidArgument: a row can't be read.
    """
    with only_invalid(where):
        found = book.get_sheet_by_index(sheet)
        left = [""] * (found.start[1] if found.start else 0)
        cells = found.iter_rows()
    number = 0
    while True:
        number += 1
        with only_invalid(f"{where}, row {number}"):
            row = next(cells, None)
        if row is None:
            return
        yield number, left + row


def as_text(value: Any) -> str:
    """Return a cell's value as text."""
    if isinstance(value, str):
        span = _ISO_SPAN.fullmatch(value)
        return f"{span[1]}{int(span[2])}:{int(span[3]):02}:{int(span[4]):02}" if span else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, datetime):
        value = (value + timedelta(microseconds=_HALF)).replace(microsecond=0)
        return str(value.isoformat(" ")) if value.time() != time() else str(value.date().isoformat())
    if isinstance(value, time):
        seconds = value.hour * 3600 + value.minute * 60 + value.second + (value.microsecond >= _HALF)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float) -> str:
    """A number in the fifteen digits that a spreadsheet has, never with three behind the point."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return str(int(value))
    text = format(value, ".15g")
    if "e" in text:
        text = format(value, ".15f").rstrip("0")
    return text + "0" if len(text.partition(".")[2]) == _DIGITS else text
