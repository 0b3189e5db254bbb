"""A whole file at once: its time entries and what is wrong with the others.

Rules of this room: pure; it only gathers what `sources` gives out one by one, for those who hold a small file anyway.
"""

from __future__ import annotations

import io
from decimal import Decimal
from fractions import Fraction
from typing import Final

from attrs import frozen

from harvest_async.bulk.sources import (
    FORMATS,
    ROUNDINGS,
    Fill,
    Found,
    Options,
    Problem,
    open_source,
)
from harvest_async.bulk.sources import TimeRow as Row
from harvest_async.errors import InvalidArgument

__all__ = ["FORMATS", "ROUNDINGS", "Fill", "Problem", "Row", "Sheet", "read_sheet"]

_NONE: Final = Fill()


@frozen
class Sheet:
    """A file that was read.

    Attributes:
        format: one of `FORMATS`.
        encoding, delimiter: as they were found.
        rows: the good rows.
        problems: what is wrong with the others.
        found: all that was found out about the file.
    """

    format: str
    encoding: str
    delimiter: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    found: Found

    @property
    def exact_hours(self) -> Fraction:
        """The sum of the good rows, as the file has it."""
        return sum((row.exact for row in self.rows), Fraction())

    @property
    def hours(self) -> Decimal:
        """The sum of the good rows, each as it is sent."""
        return sum((row.hours for row in self.rows), Decimal())


def read_sheet(content: bytes, *, format: str = "auto", fill: Fill = _NONE, rounding: str = "half-up") -> Sheet:
    """Read a file of time entries.

    Args:
        content: the file's bytes.
        format: one of `FORMATS`; `auto` finds it by the columns.
        fill: what stands in for empty cells.
        rounding: one of `ROUNDINGS`.

    Raises:
        InvalidArgument: it is no table of a known format, or holds something else.
    """
    options = Options(format=format, fill=fill, rounding=rounding)
    rows: list[Row] = []
    problems: list[Problem] = []
    with open_source(io.BytesIO(content), options) as source:
        (found,) = source.found
        for item in source:
            if isinstance(item, Row):
                rows.append(item)
            elif isinstance(item, Problem):
                problems.append(item)
            else:
                raise InvalidArgument(f"the file holds {found.title}, no time entries")
    return Sheet(found.format, found.encoding, found.delimiter, tuple(rows), tuple(problems), found)
