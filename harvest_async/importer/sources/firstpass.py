"""The first pass through a file: it counts the rows and decides how ambiguous values are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import field, frozen

from harvest_async.importer.sources.amounts import CentDetector
from harvest_async.importer.sources.evidence import (
    ClockDetector,
    DateDetector,
    MinuteDetector,
    NumberDetector,
    OffsetDetector,
    SizeDetector,
)
from harvest_async.importer.sources.exchanged import ExchangeDetector
from harvest_async.importer.sources.formats import Layout
from harvest_async.importer.sources.kinds import Notice, Problem
from harvest_async.importer.sources.limits import LONGEST_VALUE
from harvest_async.importer.sources.options import DateOrder, Options
from harvest_async.importer.sources.roster import CommaDetector
from harvest_async.importer.sources.summaries import TotalDetector
from harvest_async.importer.sources.words import plain

__all__ = ["FirstPass", "Reading", "first_pass"]

_DATED: Final = frozenset({"day", "ended_on", "begin", "end"})
_NUMBERED: Final = frozenset({"duration", "hours", "minutes", "seconds", "total_cost", "units"})
_SIZED: Final = ("duration", "minutes", "seconds")
_GROUPED: Final = ("minutes", "seconds")
_CLOCKS: Final = ("started", "ended")
_NAMED: Final = ("person", "project", "task", "category")
_MOMENTS: Final = ("begin", "day")


@frozen
class Reading:
    """How ambiguous values of a file are read.

    Attributes:
        order: the order of dates; None if no date could be read in two ways.
        mark: the decimal mark; None if each number is parsed on its own.
        marks: the decimal marks of columns that have their own.
        decimals: whether the column Duration holds decimal hours.
        has_24: whether a time of day shows a clock of 24 hours.
    """

    order: DateOrder | None = None
    mark: str | None = None
    marks: Mapping[str, str | None] = field(factory=dict)
    decimals: bool = False
    has_24: bool = False


@frozen
class FirstPass:
    """The result of the first pass.

    Attributes:
        rows: the number of rows below the header.
        reading: how ambiguous values are read.
        faults: the problems of the whole file.
        notices: decisions of a rule, and other remarks.
    """

    rows: int
    reading: Reading
    faults: tuple[Problem, ...] = ()
    notices: tuple[Notice, ...] = ()


class _Detectors:
    """The detectors of one file, and the columns that each observes."""

    def __init__(self, layout: Layout, *, typed: bool) -> None:
        self._layout = layout
        self._kinds = layout.format.kind.fields
        self.dates, self.numbers, self.clocks = DateDetector(), NumberDetector(), ClockDetector()
        self.sizes = {name: SizeDetector() for name in _SIZED}
        self.offsets, self.commas, self.cents = OffsetDetector(), CommaDetector(), CentDetector()
        self.exchanged, self.totals = ExchangeDetector(), TotalDetector()
        self.minutes = {name: MinuteDetector() for name in ("duration", "hours")}
        self._typed = typed

    def looks(self) -> list[tuple[int, Callable[[int, str], None]]]:
        """Return pairs of the index of a column and a detector's method that observes it."""
        found: list[tuple[int, Callable[[int, str], None]]] = []
        for name, place in self._layout.places.items():
            title = self._layout.titles[place]
            found += [(place, _bound(look, title)) for look in self._of(name)]
            if not self._typed and (name in _NUMBERED or self._kinds.get(name) == "number"):
                found.append((place, lambda _, text: self.numbers.look(text)))
        if self._layout.format.kind.name == "expenses":
            titles = enumerate(self._layout.titles)
            found += [
                (at, _bound(self.cents.look_currency, title)) for at, title in titles if plain(title) == "currency"
            ]
        return found

    def _of(self, name: str) -> list[Callable[[int, str, str], None]]:
        looks: list[Callable[[int, str, str], None]] = []
        if name in _DATED or self._kinds.get(name) in ("date", "moment"):
            looks += [self.dates.look, self.exchanged.look]
        if name in _MOMENTS:
            looks.append(self.offsets.look)
        if name in _SIZED:
            looks.append(self.sizes[name].look)
        if name in self.minutes:
            looks.append(self.minutes[name].look)
        if name in _CLOCKS:
            looks.append(self.clocks.look)
        if name == "total_cost":
            looks.append(self.cents.look)
        elif self._kinds.get(name) == "number":
            looks.append(self.cents.look_rate)
        if name in _NAMED and self._layout.format.kind.name in ("time_entries", "expenses"):
            looks.append(self.totals.look)
        if name == "person":
            looks.append(self.commas.look)
        return looks


def _bound(look: Callable[[int, str, str], None], title: str) -> Callable[[int, str], None]:
    return lambda line, text: look(line, title, text)


def first_pass(rows: Iterable[tuple[int, list[str]]], layout: Layout, options: Options, *, typed: bool) -> FirstPass:
    """Read a file once and decide how its ambiguous values are read.

    Args:
        rows: its rows with their lines.
        layout: its columns.
        options: the given options, which are never overruled.
        typed: whether its numbers are typed, so that they can be read in one way only.
    """
    detectors = _Detectors(layout, typed=typed)
    looks = detectors.looks()
    count = 0
    for line, cells in rows:
        count += 1
        width = len(cells)
        for place, look in looks:
            if place < width and len(cells[place]) <= LONGEST_VALUE:
                look(line, cells[place])
    return _decided(count, detectors, options, layout, typed=typed)


def _decided(count: int, seen: _Detectors, options: Options, layout: Layout, *, typed: bool) -> FirstPass:
    order, fault = (options.date_order, None) if options.date_order else seen.dates.settle(layout.format.dates)
    mark = options.decimal or ("." if typed else seen.numbers.settle())
    marks, notices = _own_marks(seen, options, mark, typed=typed)
    clocks = seen.clocks.settle()
    exchanged = None if options.date_order else seen.exchanged.settle()
    items: list[Problem | Notice | None] = [fault, exchanged]
    items += seen.dates.notices(None if options.date_order else order)
    if len(seen.numbers.marks) > 1 and not options.decimal:
        items.append(Notice("", "mixed decimal marks: each value is parsed on its own"))
    items += [each.settle() for each in seen.minutes.values()]
    items += [*notices, clocks, seen.commas.settle(), seen.cents.settle(mark), seen.cents.currency()]
    items.append(seen.totals.settle())
    if not (options.file_zone or options.zone or options.zones):
        items.append(seen.offsets.settle(days_only="begin" not in layout.places))
    reading = Reading(order, mark, marks, seen.sizes["duration"].decimals, seen.clocks.has_24)
    faults = tuple(each for each in items if isinstance(each, Problem))
    return FirstPass(count, reading, faults, tuple(each for each in items if isinstance(each, Notice)))


def _own_marks(
    seen: _Detectors, options: Options, mark: str | None, *, typed: bool
) -> tuple[dict[str, str | None], list[Notice]]:
    """Return the decimal marks of columns of minutes and seconds, which may hold thousands."""
    if options.decimal or typed:
        return dict.fromkeys(_GROUPED, mark), []
    found = {name: seen.sizes[name].settle(mark) for name in _GROUPED}
    return {name: own for name, (own, _) in found.items()}, [notice for _, notice in found.values() if notice]
