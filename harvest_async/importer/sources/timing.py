"""Reader of rows of time entries.

Times are converted to the person's zone first, then entries are split at midnight if an option says so, then hours are
rounded.

Rules for start and end:

- An end that is not after its start belongs to the next day, if the file does not say the day of the end; with the day
  of the end it is a problem. An end of 24:00 is the midnight after its day.
- Start and end at the same time without a day of the end and without a length may be 0 or 24 hours: a problem.
- A duration and a start and an end that contradict each other are a problem, because an account that tracks time by
  start and end would compute other hours than the file has. A minute, or the last decimal of the duration, is no
  contradiction.
- With a zone of the file, hours are those that passed, also when the clocks were turned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Final

from attrs import frozen

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.cells import read_flag
from harvest_async.importer.sources.clocks import half_is_missing, read_clock, read_end, read_moment
from harvest_async.importer.sources.days import read_day
from harvest_async.importer.sources.entry import Span, Zones, instants, lengths, seconds_of, split, time_after
from harvest_async.importer.sources.firstpass import Reading
from harvest_async.importer.sources.kinds import TimeRow
from harvest_async.importer.sources.options import ROUNDINGS, Options
from harvest_async.importer.sources.reading import Cells, cached
from harvest_async.importer.sources.roster import Shared
from harvest_async.importer.sources.spans import UNITS, read_duration, read_hours

__all__ = ["TimeReader", "rounder"]

_CENT: Final = Decimal("0.01")
_MINUTES: Final = 60
_DAY: Final = 24
_YEAR: Final = timedelta(days=366)
_YEARS: Final = range(1970, 2200)
_MEASURES: Final = ("duration", "hours", "minutes", "seconds")
_ONE_DECIMAL: Final = re.compile(r"[0-9][.,][0-9](?![0-9])")
_MINUTE: Final = Fraction(1, 60)
_TENTH: Final = Fraction(1, 10)
_LONG_NIGHT: Final = timedelta(hours=16)
"""The longest entry that is taken to cross midnight where only times of day are given."""


def rounder(rounding: str, round_to: int | None) -> Any:
    """Return a function that rounds hours to multiples of `round_to` minutes, if given, and to two decimals."""
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


@frozen
class _Times:
    """The start and end of an entry.

    Attributes:
        column: the field that holds the end.
        begin, end: the times.
        cyclic: whether the day of the end is unknown, so that whole days may be between them.
    """

    column: str
    begin: datetime
    end: datetime
    cyclic: bool = False

    def __str__(self) -> str:
        return f"from {self.begin:%H:%M:%S} to {self.end:%H:%M:%S}"

    def fit(self, hours: Fraction, elapsed: Fraction, measure: str, text: str) -> bool:
        """Return whether a duration fits them within its rounding."""
        if hours == elapsed:
            return True
        apart = abs(hours - elapsed)
        if self.cyclic:
            apart = min(apart % _DAY, -apart % _DAY)
        coarse = measure in ("hours", "duration") and _ONE_DECIMAL.search(text) is not None
        return apart <= (_TENTH if coarse else _MINUTE)


class TimeReader:
    """Reads rows of time entries.

    Args:
        options: rounding, midnight and zones.
        reading: how ambiguous values of the file are read.
        shared: the people and their hours per day.
    """

    def __init__(self, cells: Cells, options: Options, reading: Reading, shared: Shared) -> None:
        self._cells = cells
        self._options = options
        self._day = cached(partial(read_day, order=reading.order))
        self._clock, self._clock_end = cached(read_clock), cached(read_end)
        self._moment = partial(read_moment, order=reading.order)
        self._readers = _readers(cells, reading)
        self._spans = (cells.has("started") and cells.has("ended")) or cells.has("end")
        self._round = rounder(options.rounding, options.round_to)
        self._roster = None if options.people_by_email else shared.roster
        self._day_totals = None if options.long_days else shared.day_totals
        self._zones = Zones(options) if options.file_zone or options.zone or options.zones else None
        if self._zones and not (cells.has("started") or cells.has("begin")):
            raise InvalidArgument("the file has no start times, so that no zone can move them: leave the zones out")

    def read(self, cells: Cells) -> Iterator[TimeRow]:
        """Yield the row or its parts; nothing if it has a problem."""
        if _runs(cells):
            cells.wrong(
                "running", "the entry is still running, so that its hours are not final: stop it, and export again"
            )
        span = self._between(cells) if cells.has("begin") else self._span(cells)
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

    def _parts(self, span: Span, person: str, email: str) -> list[Span]:
        """Return the parts of an entry in its zone; none if a day gets too long."""
        if self._zones is not None:
            span = self._zones.moved(span, email or person)
        zone = None if self._zones is None else self._zones.of(email or person)
        parts = split(span, zone) if self._options.midnight == "split" else [span]
        if self._day_totals is not None:
            for each in parts:
                if reason := self._day_totals.add(email or person, each.day, seconds_of(each.hours)):
                    self._cells.wrong(next((name for name, _ in self._readers), "ended"), reason)
                    return []
        return parts

    def _measure(self, cells: Cells) -> tuple[str, Fraction | None]:
        """How long an entry is, from the first column that says it, and which; None where all are empty."""
        given = [(name, read) for name, read in self._readers if cells.text(name).strip()]
        if given:
            name, read = given[0]
            hours = cells.value(name, read)
            for other, read_other in given[1:]:
                _check_equal(cells, (name, hours), (other, cells.value(other, read_other)))
            return name, hours
        if self._readers and not self._spans:
            cells.value(*self._readers[0])
        return "", None

    def _span(self, cells: Cells) -> Span | None:
        """Read an entry with a day, with or without times of day."""
        day = cells.value("day", self._day)
        started, ended = cells.value("started", self._clock), cells.value("ended", self._clock_end)
        last = cells.value("ended_on", self._day) if cells.text("ended_on").strip() else None
        measure, hours = self._measure(cells)
        _check_halves(cells)
        if day is None or cells.dropped or not _near(cells, "day", day) or not _in_order(cells, day, last):
            return None
        if started is not None and ended is not None:
            times = _times(cells, day, started, last, ended, sure=hours is None)
            hours = self._agreed(cells, times, measure, hours)
        elif hours is None:
            column = "duration" if cells.has("duration") else "hours"
            cells.wrong(column, "is empty: hours, or a start and an end are needed")
        if hours is None or cells.dropped:
            return None
        if started is not None and ended is None:
            begin = datetime.combine(day, started)
            if self._zones and not _is_once(cells, begin, self._zones):
                return None
            return Span(day, hours, started, time_after(begin, hours).time())
        return Span(day, hours, started, None if ended is None else _time(ended))

    def _agreed(self, cells: Cells, times: _Times, measure: str, hours: Fraction | None) -> Fraction | None:
        """Return the hours on which start, end and duration agree; if they don't, add a problem and return None.

        Args:
            cells: the row.
            times: start and end.
            measure: the field that holds the duration.
            hours: the duration; None if the row has none.
        """
        zone = self._zones.file if self._zones and times.begin.tzinfo is None else None
        try:
            possible = lengths(times.begin, times.end, zone)
        except ValueError as error:
            cells.wrong(times.column, f"{error}: correct it")
            return None
        if not possible:
            ended = cells.text(times.column).strip()
            cells.wrong(times.column, f"{ended!r} is before the start: correct one of them")
        elif hours is None and len(possible) > 1:
            reason = f"{times} are {_list(possible)} hours, because the clocks were turned back: give a duration"
            cells.wrong(times.column, reason)
        elif hours is not None and not any(times.fit(hours, each, measure, cells.text(measure)) for each in possible):
            cells.wrong(measure, _contradiction(cells, times, measure, hours, possible))
        return hours if hours is not None else next(iter(possible), None)

    def _between(self, cells: Cells) -> Span | None:
        """Read an entry with a start and end that include the date."""
        begin, end = cells.value("begin", self._moment), cells.value("end", self._moment)
        if begin is None and not cells.dropped:
            cells.wrong("begin", "is empty: a moment is needed")
        measure, hours = self._measure(cells)
        if begin is None or cells.dropped or not _near(cells, "begin", begin) or (end and not _near(cells, "end", end)):
            return None
        if end is not None and (begin.tzinfo is None) is not (end.tzinfo is None):
            cells.wrong("end", f"{cells.text('end')!r} and the start have to have both an offset from UTC, or none")
            return None
        if end is not None:
            hours = self._agreed(cells, _Times("end", begin, end), measure, hours)
        elif hours is None:
            cells.wrong("end", "is empty: an end, or a duration is needed")
        if hours is None or cells.dropped:
            return None
        if begin.tzinfo is not None and self._zones is not None:
            begin = begin.astimezone(self._zones.file)
        begin = begin.replace(microsecond=0)
        after = time_after(begin, hours)
        if end is not None and self._zones is None and end.utcoffset() != begin.utcoffset():
            after = end.replace(microsecond=0)  # the clocks were changed between start and end
        return Span(begin.date(), hours, begin.time(), after.time())


def _runs(cells: Cells) -> bool:
    """Return whether the timer of an entry runs, by a flag or by the time at which it was started."""
    text = cells.text("running").strip()
    return bool(text) and read_flag(text) is not False


def _times(cells: Cells, day: date, started: time, last: date | None, ended: int, *, sure: bool) -> _Times:
    """Return the start and end of an entry; an end before the start is on the next day if its day is unknown.

    Args:
        cells: the row.
        day: the day of the start.
        started: its time of day.
        last: the day of the end; None if it is unknown.
        ended: the end in seconds after midnight.
        sure: whether the row has no duration.
    """
    begin = datetime.combine(day, started)
    end = datetime.combine(last or day, time()) + timedelta(seconds=ended)
    if last is None and begin == end and sure:
        reason = "is also the start, so that the entry has 0 or 24 h: give a duration or an end date"
        cells.wrong("ended", f"{cells.text('ended').strip()!r} {reason}")
    if last is None and end < begin:
        end += timedelta(days=1)
        if sure and end - begin > _LONG_NIGHT:
            hours = (end - begin) / timedelta(hours=1)
            reason = f"is before the start, and an entry over midnight would have {hours:.2f} hours"
            cells.wrong(
                "ended", f"{cells.text('ended').strip()!r} {reason}: correct it, or give an end date or a duration"
            )
    return _Times("ended", begin, end, cyclic=last is None)


def _check_halves(cells: Cells) -> None:
    """Note a problem where one of two times has AM or PM, and the other does not although it needs it."""
    started, ended = cells.text("started"), cells.text("ended")
    for field, text, other in (("started", started, ended), ("ended", ended, started)):
        if half_is_missing(text, other):
            cells.wrong(field, f"{text.strip()!r} has no AM or PM, and {other.strip()!r} has: add it")


def _check_equal(cells: Cells, first: tuple[str, Fraction | None], other: tuple[str, Fraction | None]) -> None:
    """Note a problem where two columns of a row say different lengths."""
    (name, hours), (second, more) = first, other
    if hours is None or more is None:
        return
    coarse = any(_ONE_DECIMAL.search(cells.text(each)) for each in (name, second))
    if abs(hours - more) > (_TENTH if coarse else _MINUTE):
        reason = f"is {float(more):.2f} hours, but {cells.title(name)} has {float(hours):.2f}"
        remedy = f'correct one of them, or leave a column out with --map "{cells.title(second)}="'
        cells.wrong(second, f"{cells.text(second).strip()!r} {reason}: {remedy}")


def _is_once(cells: Cells, begin: datetime, zones: Zones) -> bool:
    """Whether a start is exactly one moment in the file's zone; a problem is noted if it is not."""
    try:
        found = instants(begin, zones.file)
    except ValueError as error:
        cells.wrong("started", f"{error}: correct it")
        return False
    if len(found) > 1:
        reason = f"was twice on {begin.date()}, because the clocks were turned back: give the end, too"
        cells.wrong("started", f"{cells.text('started').strip()!r} {reason}")
    return len(found) == 1


def _contradiction(cells: Cells, times: _Times, measure: str, hours: Fraction, possible: set[Fraction]) -> str:
    ways = " or ".join(f'--map "{cells.title(each)}="' for each in (measure, times.column))
    return (
        f"{cells.text(measure).strip()!r} is {float(hours):.2f} hours, but {times} are {_list(possible)}: correct one "
        f"of them, or leave a column out with {ways}"
    )


def _in_order(cells: Cells, day: date, last: date | None) -> bool:
    """Return whether the day of the end is possible; if it isn't, add a problem."""
    if last is None or day <= last <= day + _YEAR:
        return True
    what = f"before the day on which it began, {day}" if last < day else f"more than a year after the start, {day}"
    cells.wrong("ended_on", f"{last} is {what}")
    return False


def _near(cells: Cells, field: str, day: date) -> bool:
    """Return whether the year of a day is plausible; if it isn't, add a problem."""
    if day.year in _YEARS:
        return True
    cells.wrong(field, f"the year {day.year} can't be right: write 2026-01-31")
    return False


def _time(seconds: int) -> time:
    return time(seconds // 3600 % _DAY, seconds // 60 % 60, seconds % 60)


def _list(hours: set[Fraction]) -> str:
    return " or ".join(f"{float(each):.2f}" for each in sorted(hours))


def _readers(cells: Cells, reading: Reading) -> list[tuple[str, Any]]:
    """Return the columns that say how long an entry is, and what reads them."""
    readers: dict[str, Any] = {
        "duration": cached(partial(read_duration, mark=reading.mark, decimals=reading.decimals)),
        "hours": cached(partial(read_hours, mark=reading.mark)),
    }
    for name in ("minutes", "seconds"):
        readers[name] = cached(partial(read_hours, mark=reading.marks.get(name), unit=UNITS[name], grouped=True))
    return [(name, readers[name]) for name in _MEASURES if cells.has(name)]
