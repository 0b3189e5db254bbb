"""Detector of dates whose day and month a spreadsheet program may have exchanged.

A program that opens 11/02/2026 and 11/13/2026 where the day comes first turns the first one into February 11 and leaves
the second one, which is no date there, as text. The column then has dates with the year first, or as cells, of which
none is later than the 12th, beside texts in which one number is above 12.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define, field

from harvest_async.importer.sources.days import orders_of
from harvest_async.importer.sources.evidence import Place
from harvest_async.importer.sources.kinds import Problem

__all__ = ["ExchangeDetector"]

_YEAR_FIRST: Final = re.compile(r"\s*[0-9]{4}([-/.])[0-9]{1,2}\1([0-9]{1,2})(?![0-9])")
_LONGEST: Final = 64
_MONTHS: Final = 12


@define
class _Column:
    """The dates of one column: the first of each form, or neither any more where the pattern does not hold."""

    early: Place | None = None
    text: Place | None = None
    holds: bool = True


@define
class ExchangeDetector:
    """Finds columns in which dates may have been exchanged; only a first date of each form is kept."""

    columns: dict[str, _Column] = field(factory=dict)

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        seen = self.columns.setdefault(column, _Column())
        if not seen.holds or not text or len(text) > _LONGEST:
            return
        if match := _YEAR_FIRST.match(text):
            seen.holds = int(match[2]) <= _MONTHS
            seen.early = seen.early or (line, column, text.strip())
        elif orders := {"dmy", "mdy"}.intersection(orders_of(text)):
            seen.holds = len(orders) == 1
            seen.text = seen.text or (line, column, text.strip())

    def settle(self) -> Problem | None:
        """Return a problem that asks for an option, if there is such a column."""
        for seen in self.columns.values():
            if seen.holds and seen.early and seen.text:
                (line, column, early), (other, _, text) = seen.early, seen.text
                reason = (
                    f"{early!r} may have its day and its month exchanged: dates such as {text!r} on line {other} are "
                    "text, and no other is later than the 12th, as where a spreadsheet program opens dates of another "
                    "order: import the file as it was before, or give --date-order dmy or mdy if the dates are right"
                )
                return Problem(line, 0, column, reason, early)
        return None
