"""What the cells of a whole file say about the order of its dates and about its decimal mark.

Rules of this room: pure. A witness looks at every cell once; what it finds is settled only where no other reading fits
the file. Dots put the day first, unless the file shows otherwise; nothing else is assumed.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import define, field

from harvest_async.bulk.sources.cells import split_date, split_number
from harvest_async.bulk.sources.kinds import Problem
from harvest_async.bulk.sources.options import DateOrder

__all__ = ["DateWitness", "NumberWitness"]

_REMEMBERED: Final = 50_000

Place = tuple[int, str, str]


@define
class DateWitness:
    """Looks at dates.

    Attributes:
        day_first, month_first: the first date that fits only one order, as (line, column, text).
        either: the first that fits both and means two days.
        count: how many fit both.
    """

    day_first: Place | None = None
    month_first: Place | None = None
    either: Place | None = None
    count: int = 0
    dotted: bool = True
    _kinds: dict[str, str] = field(factory=dict)

    def look(self, line: int, column: str, text: str) -> None:
        """Look at one cell."""
        kind = self._kinds.get(text)
        if kind is None:
            if len(self._kinds) >= _REMEMBERED:
                self._kinds.clear()
            kind = self._kinds[text] = _kind(text.strip())
        if kind:
            self._note(kind, (line, column, text.strip()))

    def _note(self, kind: str, place: Place) -> None:
        if kind == "dmy":
            self.day_first = self.day_first or place
        elif kind == "mdy":
            self.month_first = self.month_first or place
        else:
            self.either = self.either or place
            self.count += 1
            self.dotted = self.dotted and "." in place[2]

    def settle(self, usual: DateOrder | None) -> tuple[DateOrder | None, Problem | None]:
        """The order, or what is wrong; `usual` is the order that the format prescribes."""
        if self.day_first and self.month_first:
            return None, self._torn(self.day_first, self.month_first)
        if self.day_first or self.month_first:
            return ("dmy" if self.day_first else "mdy"), None
        if self.either is None:
            return None, None
        order: DateOrder | None = "dmy" if self.dotted else usual
        return (order, None) if order else (None, self._doubtful(self.either))

    def _torn(self, one: Place, other: Place) -> Problem:
        reason = (
            f"{one[2]!r} can only have the day first, but {other[2]!r} on line {other[0]} only the month: bring the "
            "dates into one order, or give --date-order dmy or mdy"
        )
        return Problem(one[0], 0, one[1], reason, one[2])

    def _doubtful(self, place: Place) -> Problem:
        first, second, year, _ = split_date(place[2]) or (1, 1, 1, "")
        one, other = date(year, second, first), date(year, first, second)
        more = f", and {self.count - 1} more dates of the file can be read in two ways" if self.count > 1 else ""
        reason = f"{place[2]!r} may be {one} or {other}{more}: give --date-order dmy or --date-order mdy"
        return Problem(place[0], 0, place[1], reason, place[2])


def _kind(text: str) -> str:
    """Which orders a date fits: dmy, mdy, both; empty where it says nothing."""
    parts = split_date(text.partition(" ")[0])
    if parts is None:
        return ""
    first, second, year, _ = parts
    day_first, month_first = _fits(year, second, first), _fits(year, first, second)
    if day_first and month_first:
        return "" if first == second else "both"
    return "dmy" if day_first else "mdy" if month_first else ""


def _fits(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@define
class NumberWitness:
    """Looks at numbers; `marks` are the decimal marks that were seen beyond doubt."""

    marks: set[str] = field(factory=set)
    _seen: set[str] = field(factory=set)

    def look(self, text: str) -> None:
        """Look at one cell."""
        if text in self._seen:
            return
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(text)
        mark = split_number(text)
        if mark in (".", ","):
            self.marks.add(mark)

    def settle(self) -> str | None:
        """The mark; None where there is none, or where both are used and each number has to speak for itself."""
        return next(iter(self.marks)) if len(self.marks) == 1 else None
