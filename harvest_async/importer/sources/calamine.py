"""Cells of sheets through python-calamine, which only this module imports (extra `[xlsx]`).

Invariants:
- It is given packages that were checked, never the file as it came.
- Values become text that can be read in one way only: dates with the year first, numbers with a point and never three
  digits behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import IO, Any, Final

from harvest_async.importer.sources.limits import only_invalid

__all__ = ["as_text", "load", "rows", "with_unit"]

_DIGITS: Final = 3
_HALF: Final = 500_000
_ISO_SPAN: Final = re.compile(r"(-?)PT([0-9]{1,9})H([0-9]{1,9})M([0-9]{1,9})(?:[.,][0-9]{0,9})?S")
"""A time or a span in ODS."""


def load(stream: IO[bytes]) -> Any:
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
    return _TEXTS.get(type(value), str)(value)


def with_unit(value: Any, unit: str) -> str:
    """Return a cell's value as text, with the unit that its format shows if it is a number."""
    if type(value) not in (int, float):
        return as_text(value)
    return f"{as_text(value * 100.0)}%" if unit == "%" else f"{as_text(value)} {unit}"


def _text(value: str) -> str:
    span = _ISO_SPAN.fullmatch(value) if value.startswith(("PT", "-PT")) else None
    return f"{span[1]}{int(span[2])}:{int(span[3]):02}:{int(span[4]):02}" if span else value


def _number(number: float) -> str:
    """Return a number in the fifteen digits that a spreadsheet has, never with three behind the point."""
    if not math.isfinite(number):
        return str(number)
    if number == int(number):
        return str(int(number))
    text = format(number, ".15g")
    if "e" in text:
        text = format(number, ".15f").rstrip("0")
    return text + "0" if len(text.partition(".")[2]) == _DIGITS else text


def _moment(moment: datetime) -> str:
    """Return a day and a time of day, to the nearest second."""
    if moment.microsecond >= _HALF and moment.year < MAXYEAR:
        moment += timedelta(seconds=1)
    moment = moment.replace(microsecond=0)
    return moment.isoformat(" ") if moment.time() != time() else moment.date().isoformat()


def _clock(clock: time) -> str:
    return _span(timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second + (clock.microsecond >= _HALF)))


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    hours, minutes = abs(seconds) // 3600, abs(seconds) // 60 % 60
    return f"{'-' if seconds < 0 else ''}{hours:02}:{minutes:02}:{abs(seconds) % 60:02}"


_TEXTS: Final[dict[type, Callable[[Any], str]]] = {
    str: _text,
    bool: lambda flag: "TRUE" if flag else "FALSE",
    int: str,
    float: _number,
    datetime: _moment,
    date: date.isoformat,
    time: _clock,
    timedelta: _span,
}
