"""Detectors that decide for a whole file: the order of its dates, its decimal marks and its times.

Invariants:
- A detector observes each cell of its columns once and keeps a bounded number of them.
- It decides only if no other reading fits the file, or by a rule that a notice reports: in dates with points the day
  comes first, and a year of two digits comes last if it can. Anything else is a problem that asks for an option.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define, field

from harvest_async.importer.sources.cells import shown, tidy
from harvest_async.importer.sources.clocks import is_of_24, read_end, shows_no_clock
from harvest_async.importer.sources.days import orders_of
from harvest_async.importer.sources.kinds import Notice, Problem
from harvest_async.importer.sources.numbers import parts_of, split_number
from harvest_async.importer.sources.options import DateOrder

__all__ = [
    "ClockDetector",
    "DateDetector",
    "MinuteDetector",
    "NumberDetector",
    "OffsetDetector",
    "Place",
    "SizeDetector",
]

_REMEMBERED: Final = 50_000
_SHORT: Final = re.compile(r"(?<![0-9])[0-9]{1,2}([-/.]) ?[0-9]{1,2}\1 ?[0-9]{2}(?![0-9])")
_DOTTED: Final = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.")
_IN_UTC: Final = re.compile(r"[0-9]:[0-9]{2}[0-9:.,]* ?(?:[Zz]|UTC|GMT|[+-]00:?00)$")
_LONGEST: Final = 64
_MINUTES: Final = re.compile(r"[0-9]{1,2}[.,][0-5][0-9]")

Place = tuple[int, str, str]
"""A cell: its line, column and text."""

Orders = frozenset[DateOrder]


@define
class DateDetector:
    """Detects the order of dates.

    Attributes:
        seen: the first date for each set of possible orders, and the number of such dates.
        dotted: whether all ambiguous dates have points.
        short: the first date with a year of two digits.
    """

    seen: dict[Orders, tuple[Place, int]] = field(factory=dict)
    dotted: bool = True
    short: Place | None = None
    _kinds: dict[str, Orders] = field(factory=dict)

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        kind = self._kinds.get(text)
        if kind is None:
            if len(self._kinds) >= _REMEMBERED:
                self._kinds.clear()
            days = orders_of(text)
            kind = self._kinds[text] = frozenset(days) if len(days) < 2 or len(set(days.values())) > 1 else Orders()  # noqa: PLR2004
        if kind:
            self._note(kind, (line, column, text.strip()))

    def _note(self, kind: Orders, place: Place) -> None:
        first, count = self.seen.get(kind, (place, 0))
        self.seen[kind] = first, count + 1
        if len(kind) > 1:
            self.dotted = self.dotted and _DOTTED.search(place[2]) is not None
        if self.short is None and _SHORT.search(place[2]):
            self.short = place

    def settle(self, usual: DateOrder | None) -> tuple[DateOrder | None, Problem | None]:
        """Return the order or a problem; `usual` is the order that the format prescribes."""
        if not self.seen:
            return None, None
        common = Orders.intersection(*self.seen)
        if not common:
            return None, self._torn()
        if len(common) > 1:
            common -= {"ymd"}
        if len(common) == 1:
            return next(iter(common)), None
        order: DateOrder | None = "dmy" if self.dotted else usual
        if order in common:
            return order, None
        return None, self._doubtful(
            *next((place, count) for kind, (place, count) in self.seen.items() if kind >= common)
        )

    def notices(self, order: DateOrder | None) -> list[Notice]:
        """Report how years of two digits are read."""
        if self.short is None or order is None:
            return []
        _, column, text = self.short
        day = orders_of(text).get(order)
        return [Notice(column, f"{text!r} is read as {day}; if that is wrong give --date-order")] if day else []

    def _torn(self) -> Problem:
        (one_kind, (one, _)), *others = sorted(self.seen.items(), key=lambda item: len(item[0]))
        other = next((place for kind, (place, _) in others if not kind & one_kind), others[-1][1][0])
        words = {"dmy": "the day first", "mdy": "the month first", "ymd": "the year first"}
        kinds = {place: kind for kind, (place, _) in self.seen.items()}
        first, second = (" or ".join(words[order] for order in sorted(kinds[place])) for place in (one, other))
        reason = (
            f"{one[2]!r} can only have {first}, but {other[2]!r} on line {other[0]} only {second}: bring the "
            "dates into one order, or give --date-order dmy or mdy"
        )
        return Problem(one[0], 0, one[1], reason, one[2])

    def _doubtful(self, place: Place, count: int) -> Problem:
        days = orders_of(place[2])
        dates = "1 more date" if count == 2 else f"{count - 1:,} more dates"  # noqa: PLR2004 - this one and another
        more = f", and {dates} of the file can be read in two ways" if count > 1 else ""
        said = f"{place[2]!r} may be {days['dmy']} or {days['mdy']}{more}"
        return Problem(place[0], 0, place[1], f"{said}: give --date-order dmy or --date-order mdy", place[2])


@define
class NumberDetector:
    """Detects the decimal mark of numbers; `marks` are those that are certain."""

    marks: set[str] = field(factory=set)
    _seen: set[str] = field(factory=set)

    def look(self, text: str) -> None:
        """Observe one cell."""
        if text in self._seen:
            return
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(text)
        mark = split_number(text)
        if mark in (".", ","):
            self.marks.add(mark)

    def settle(self) -> str | None:
        """Return the mark; None if there is none, or if both are used and each value is parsed on its own."""
        return next(iter(self.marks)) if len(self.marks) == 1 else None


@define
class MinuteDetector:
    """Finds hours such as 1.30 in a column that has 1:30, too: they are read as decimals, not as minutes."""

    colon: Place | None = None
    decimal: Place | None = None

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        if ":" in text:
            self.colon = self.colon or (line, column, text.strip())
        elif self.decimal is None and _MINUTES.fullmatch(tidy(text)):
            self.decimal = line, column, text.strip()

    def settle(self) -> Notice | None:
        """Return a notice if there are both."""
        if self.colon is None or self.decimal is None:
            return None
        (line, _, colon), (_, column, decimal) = self.colon, self.decimal
        return Notice(column, f"{decimal!r} is read as decimal hours, and {colon!r} on line {line} has minutes")


@define
class SizeDetector:
    """Detects whether a column of durations holds decimals, whole numbers or thousands.

    Attributes:
        whole: whether there is a number without a mark.
        marks: the decimal marks that are certain.
        doubtful: for each mark the first number in which three digits follow it, so that it may separate thousands.
    """

    whole: bool = False
    marks: set[str] = field(factory=set)
    doubtful: dict[str, Place] = field(factory=dict)
    _seen: set[str] = field(factory=set)

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        if text in self._seen or not text:
            return
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(text)
        parts = parts_of(tidy(text)) if len(text) <= _LONGEST else None
        if parts is None or parts.currency:
            return
        mark = split_number(text)
        if mark is None:
            self.whole = True
        elif mark == "?":
            self.doubtful.setdefault("," if "," in text else ".", (line, column, text.strip()))
        else:
            self.marks.add(mark)

    @property
    def decimals(self) -> bool:
        """Whether the column holds numbers with decimals."""
        return bool(self.marks or self.doubtful)

    def settle(self, common: str | None) -> tuple[str | None, Notice | None]:
        """Return the decimal mark of a column of minutes or seconds, and a notice if a rule decided.

        Args:
            common: the decimal mark of the other numbers of the file.
        """
        if len(self.marks) != 1:
            return self._by_others(common) if not self.marks else (None, None)
        mark = next(iter(self.marks))
        place = self.doubtful.get(mark)
        return mark, None if place is None else Notice(
            place[1], f"{place[2]!r} is read with decimals, as other numbers of the column are; see --decimal"
        )  # fmt: skip

    def _by_others(self, common: str | None) -> tuple[str | None, Notice | None]:
        """Decide for thousands if the file has another decimal mark, or the other numbers are whole."""
        if not self.doubtful:
            return common, None
        mark, place = next(iter(self.doubtful.items()))
        decimal = "," if mark == "." else "."
        if len(self.doubtful) > 1 or common == mark or not (self.whole or common):
            return None, None
        why = (
            "the other numbers of the column are whole"
            if common is None
            else f"the file has the decimal mark {common!r}"
        )
        return decimal, Notice(place[1], f"{place[2]!r} is read as thousands, because {why}; see --decimal")


@define
class ClockDetector:
    """Detects whether times of day with points are times or decimal hours, and whether a day has 24 hours.

    Attributes:
        dotted: the first time of day with a point.
        decimal: the first decimal hours.
        has_24: whether a time such as 13:00 or 0:30 was seen.
    """

    dotted: Place | None = None
    decimal: Place | None = None
    has_24: bool = False

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        if not self.has_24:
            self.has_24 = is_of_24(text)
        if "." not in text or ":" in text or (self.dotted and self.decimal):
            return
        if shows_no_clock(text):
            self.decimal = self.decimal or (line, column, text.strip())
        elif isinstance(read_end(text), int) and tidy(text).replace(".", "").isdigit():
            self.dotted = self.dotted or (line, column, text.strip())

    def settle(self) -> Problem | Notice | None:
        """Return a problem if some values are decimal hours, or else a notice that points are read as colons."""
        if self.dotted is None:
            return None
        line, column, text = self.dotted
        if self.decimal is None:
            return Notice(column, f"{shown(text)} is read as a time of day, {text.replace('.', ':')}")
        other = f"{self.decimal[2]!r} on line {self.decimal[0]}"
        reason = (
            f"{text!r} may be {text.replace('.', ':')} or decimal hours, as {other} is: write {text.replace('.', ':')}"
        )
        return Problem(line, 0, column, reason, text)


@define
class OffsetDetector:
    """Finds timestamps in UTC, whose day may differ from the local day."""

    utc: Place | None = None

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        if self.utc is None and _IN_UTC.search(text[-_LONGEST:].strip()):
            self.utc = (line, column, text.strip())

    def settle(self, *, days_only: bool) -> Notice | None:
        """Return a notice that days are in UTC."""
        if self.utc is None:
            return None
        move = (
            "map the column to begin, and give --file-zone UTC and --zone"
            if days_only
            else "give --file-zone UTC and --zone"
        )
        return Notice(self.utc[1], f"{self.utc[2]!r} is in UTC: the entry goes to the day of UTC; {move} to move times")
