"""Rows of time entries: when, how long, and to how many cents of an hour.

Rules of this room: pure. Hours depend on the row alone. The order of things: the file's times, moved to the person's
zone, split at midnight if wished, rounded last.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from harvest_async.bulk.sources.cells import (
    read_clock,
    read_day,
    read_duration,
    read_flag,
    read_hours,
    read_moment,
)
from harvest_async.bulk.sources.kinds import TimeRow
from harvest_async.bulk.sources.options import ROUNDINGS, DateOrder, Options
from harvest_async.bulk.sources.reading import Cells, cached
from harvest_async.bulk.sources.roster import DayBook, Roster
from harvest_async.errors import InvalidArgument

__all__ = ["TimeReader", "rounder"]

_CENT: Final = Decimal("0.01")
_MINUTES: Final = 60
_SECONDS: Final = 3600
_HOUR_MINUTES: Final = 60


@frozen
class _Span:
    """When an entry began, when it ended, and how long it is; the moments are None where the file has none."""

    day: date
    hours: Fraction
    started: time | None = None
    ended: time | None = None


def rounder(rounding: str, round_to: int | None) -> Any:
    """Exact hours -> hours to two decimals, first to whole steps of so many minutes if there are steps."""
    mode = ROUNDINGS[rounding]

    @lru_cache(1 << 16)
    def rounded(exact: Fraction) -> Decimal:
        hours = exact
        if round_to is not None:
            steps = exact * _MINUTES / round_to
            whole = (Decimal(steps.numerator) / Decimal(steps.denominator)).quantize(Decimal(1), mode)
            hours = Fraction(whole) * round_to / _MINUTES
        return (Decimal(hours.numerator) / Decimal(hours.denominator)).quantize(_CENT, mode)

    return rounded


class TimeReader:
    """Reads rows of time entries.

    Args:
        options: roundings, midnight, zones.
        order: how dates with the year last are read.
        mark: the decimal mark.
    """

    def __init__(self, cells: Cells, options: Options, order: DateOrder | None, mark: str | None) -> None:
        self._cells = cells
        self._options = options
        self._day = cached(partial(read_day, order=order))
        self._clock = cached(read_clock)
        self._moment = partial(read_moment, order=order)
        self._measure = _measure(cells, mark)
        self._round = rounder(options.rounding, options.round_to)
        self._roster = None if options.people_by_email else Roster()
        self._book = None if options.long_days else DayBook()
        self._zones = _Zones(options) if options.file_zone or options.zone or options.zones else None
        if self._zones and not (cells.has("started") or cells.has("begin")):
            raise InvalidArgument("the file has no start times, so that no zone can move them: leave the zones out")

    def read(self, cells: Cells) -> Iterator[TimeRow]:
        """The row, or its parts; none where something is wrong with it."""
        if _runs(cells):
            cells.wrong(
                "running", "the entry is still running, so that its hours are not final: stop it, and export again"
            )
        span = self._span(cells)
        client, project, code = cells.where()
        task = cells.named("task", "tasks", "task_id")
        person, email = cells.who()
        if self._roster is not None and not cells.dropped and (doubt := self._roster.doubt(person, email)):
            cells.wrong("email", doubt)
        if cells.dropped or span is None:
            return
        notes, parts = cells.text("notes"), self._parts(span, person, email)
        for part, each in enumerate(parts, 1):
            yield TimeRow(
                cells.line, cells.row, client, project, task, notes, each.day, each.hours, self._round(each.hours),
                person, email, each.started, each.ended, part if len(parts) > 1 else 0, code, cells.file,
            )  # fmt: skip

    def _parts(self, span: _Span, person: str, email: str) -> list[_Span]:
        """The entry in its zone, in as many parts as wished; none where a day gets too long."""
        if self._zones is not None:
            span = self._zones.moved(span, email or person)
        parts = _split(span) if self._options.midnight == "split" else [span]
        if self._book is not None:
            for each in parts:
                if told := self._book.add(email or person, each.day, _seconds(each.hours)):
                    self._cells.wrong(self._measure_field, told)
                    return []
        return parts

    @property
    def _measure_field(self) -> str:
        return next((name for name in ("duration", "hours", "minutes", "seconds") if self._cells.has(name)), "ended")

    def _span(self, cells: Cells) -> _Span | None:
        """When and how long."""
        if cells.has("begin"):
            return self._between(cells)
        day = cells.value("day", self._day)
        started, ended = cells.value("started", self._clock), cells.value("ended", self._clock)
        last = cells.value("ended_on", self._day) if cells.text("ended_on").strip() else None
        if day is None or cells.dropped:
            self._measure(cells)
            return None
        if last is not None and last < day:
            cells.wrong("ended_on", f"{last} is before the day on which it began, {day}")
        hours = self._measure(cells)
        if hours is None and not cells.dropped:
            hours = _elapsed(cells, day, started, last, ended)
        if hours is None:
            return None
        if started is not None and ended is None:
            ended = (datetime.combine(day, started) + _length(hours)).time()
        return _Span(day, hours, started, ended)

    def _between(self, cells: Cells) -> _Span | None:
        """An entry whose columns hold moments."""
        begin, end = cells.value("begin", self._moment), cells.value("end", self._moment)
        if begin is None and not cells.dropped:
            cells.wrong("begin", "is empty: a moment is needed")
        hours = self._measure(cells)
        if begin is None or cells.dropped:
            return None
        if hours is None and end is not None:
            if (begin.tzinfo is None) is not (end.tzinfo is None) or end < begin:
                cells.wrong("end", f"{cells.text('end')!r} is not after the start")
                return None
            hours = Fraction(round((end - begin).total_seconds()), _SECONDS)
        if hours is None:
            cells.wrong("end", "is empty: an end, or a duration is needed")
            return None
        if begin.tzinfo is not None and self._zones is not None:
            begin = begin.astimezone(self._zones.file)
        begin = begin.replace(microsecond=0)
        return _Span(begin.date(), hours, begin.time(), (begin + _length(hours)).time())


def _runs(cells: Cells) -> bool:
    """Whether the file says that an entry's timer runs: by a flag, or by the timestamp at which it was started."""
    text = cells.text("running").strip()
    return bool(text) and read_flag(text) is not False


@lru_cache(1 << 16)
def _seconds(hours: Fraction) -> int:
    return round(hours * _SECONDS)


def _length(hours: Fraction) -> timedelta:
    """So many hours, to the second."""
    return timedelta(seconds=_seconds(hours))


def _elapsed(cells: Cells, day: date, started: time | None, last: date | None, ended: time | None) -> Fraction | None:
    """Hours from the start to the end, where nothing else tells them."""
    if started is None or ended is None:
        column = "duration" if cells.has("duration") else "hours"
        cells.wrong(column, "is empty: hours, or a start and an end are needed")
        return None
    end = datetime.combine(last or day, ended)
    if last is None and ended <= started:
        end += timedelta(days=1)
    return Fraction(int((end - datetime.combine(day, started)).total_seconds()), _SECONDS)


def _measure(cells: Cells, mark: str | None) -> Any:
    """Reads how long an entry is, from the first column that tells it; None where all are empty."""
    readers = {
        "duration": cached(read_duration),
        "hours": cached(partial(read_hours, mark=mark)),
        "minutes": cached(partial(read_hours, mark=mark, unit=_HOUR_MINUTES)),
        "seconds": cached(partial(read_hours, mark=mark, unit=_SECONDS)),
    }
    columns = [(name, read) for name, read in readers.items() if cells.has(name)]
    spans = (cells.has("started") and cells.has("ended")) or cells.has("end")

    def measure(cells: Cells) -> Fraction | None:
        for name, read in columns:
            if cells.text(name).strip():
                return cells.value(name, read)
        if columns and not spans:
            cells.value(columns[0][0], columns[0][1])
        return None

    return measure


def _split(span: _Span) -> list[_Span]:
    """An entry, cut at each midnight."""
    if span.started is None:
        return [span]
    begin = datetime.combine(span.day, span.started)
    left = span.hours
    parts: list[_Span] = []
    while left > 0:
        midnight = datetime.combine(begin.date() + timedelta(days=1), time())
        room = Fraction(int((midnight - begin).total_seconds()), _SECONDS)
        if not parts and left <= room:
            return [span]
        took = min(left, room)
        end = midnight if took == room else begin + _length(took)
        parts.append(_Span(begin.date(), took, begin.time(), end.time()))
        begin, left = midnight, left - took
    return parts or [span]


class _Zones:
    """Moves entries from the file's zone to the person's."""

    def __init__(self, options: Options) -> None:
        if not options.file_zone or not (options.zone or options.zones):
            raise InvalidArgument("moving times takes two zones: --file-zone and --zone")
        self.file = _zone(options.file_zone)
        self._zone = _zone(options.zone or options.file_zone)
        self._zones = {who.strip().lower(): _zone(name) for who, name in options.zones.items()}

    def moved(self, span: _Span, who: str) -> _Span:
        """The entry as the person's clocks show it; as it is where it has no start."""
        if span.started is None:
            return span
        begin = datetime.combine(span.day, span.started, self.file)
        zone = self._zones.get(who.lower(), self._zone)
        # through UTC: arithmetic inside a zone ignores the change to and from summer time
        end = (begin.astimezone(UTC) + _length(span.hours)).astimezone(zone)
        begin = begin.astimezone(zone)
        return _Span(begin.date(), span.hours, begin.time(), end.time())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidArgument(f"{name!r} is no time zone that is known here: write Europe/Berlin") from error
