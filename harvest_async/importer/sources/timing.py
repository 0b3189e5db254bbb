"""Reader of rows of time entries.

Times are converted to the person's zone first, then entries are split at midnight if an option says so, then hours are
rounded. With a zone of the file, hours are those that passed, also when the clocks were turned. An entry with a break
has hours only: its start and end would include the break.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.agreement import (
    Times,
    agreed_hours,
    break_of,
    check_equal,
    check_halves,
    times_of,
)
from harvest_async.importer.sources.cells import read_flag
from harvest_async.importer.sources.clocks import read_clock, read_end, read_moment
from harvest_async.importer.sources.days import read_day
from harvest_async.importer.sources.entry import Span, Zones, instants, seconds_of, split, time_after
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
        self._moment = partial(read_moment, order=reading.order, needs_clock=True)
        self._readers = _readers(cells, reading)
        self._spans = (cells.has("started") and cells.has("ended")) or cells.has("end")
        self._has_24 = reading.has_24
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
        notes = cells.notes()
        person, email = cells.who()
        if self._roster is not None and not cells.dropped and (doubt := self._roster.doubt(person, email)):
            cells.wrong("email", doubt)
        if cells.dropped or span is None:
            return
        parts = self._parts(span, person, email)
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
                check_equal(cells, (name, hours), (other, cells.value(other, read_other)))
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
        check_halves(cells)
        if day is None or cells.dropped or not _near(cells, "day", day) or not _in_order(cells, day, last):
            return None
        if started is not None and ended is not None:
            times = times_of(cells, day, started, last, ended, sure=hours is None, has_24=self._has_24)
            hours = self._agreed(cells, times, measure, hours)
        elif hours is None:
            column = "duration" if cells.has("duration") else "hours"
            cells.wrong(column, "is empty: hours, or a start and an end are needed")
        elif ended is None and last is not None:
            _check_days(cells, day, last, hours)
        if hours is None or cells.dropped:
            return None
        if started is not None and ended is not None and break_of(cells):
            return self._without_times(cells, day, hours)
        if started is not None and ended is None:
            begin = datetime.combine(day, started)
            if self._zones and not _is_once(cells, begin, self._zones):
                return None
            return Span(day, hours, started, time_after(begin, hours).time())
        return Span(day, hours, started, None if ended is None else _time(ended))

    def _agreed(self, cells: Cells, times: Times, measure: str, hours: Fraction | None) -> Fraction | None:
        zone = self._zones.file if self._zones and times.begin.tzinfo is None else None
        return agreed_hours(cells, times, zone, measure, hours)

    def _without_times(self, cells: Cells, day: date, hours: Fraction) -> Span | None:
        """Return an entry with a break, whose start and end are not used."""
        if self._zones is None:
            return Span(day, hours)
        cells.wrong("break_time", "an entry with a break can't be moved to another zone: split it at the break")
        return None

    def _between(self, cells: Cells) -> Span | None:
        """Read an entry with a start and end that include the date."""
        begin, end = cells.value("begin", self._moment), cells.value("end", self._moment)
        if begin is None and not cells.dropped:
            cells.wrong("begin", "is empty: a moment is needed")
        check_halves(cells, "begin", "end")
        measure, hours = self._measure(cells)
        if begin is None or cells.dropped or not _near(cells, "begin", begin) or (end and not _near(cells, "end", end)):
            return None
        if end is not None and (begin.tzinfo is None) is not (end.tzinfo is None):
            cells.wrong("end", f"{cells.text('end')!r} and the start have to have both an offset from UTC, or none")
            return None
        if end is not None:
            hours = self._agreed(cells, Times("end", begin, end), measure, hours)
        elif hours is None:
            cells.wrong("end", "is empty: an end, or a duration is needed")
        if hours is None or cells.dropped:
            return None
        if end is not None and break_of(cells):
            return self._without_times(cells, begin.date(), hours)
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


def _in_order(cells: Cells, day: date, last: date | None) -> bool:
    """Return whether the day of the end is possible; if it isn't, add a problem."""
    if last is None or day <= last <= day + _YEAR:
        return True
    what = f"before the day on which it began, {day}" if last < day else f"more than a year after the start, {day}"
    cells.wrong("ended_on", f"{last} is {what}")
    return False


def _check_days(cells: Cells, day: date, last: date, hours: Fraction) -> None:
    """Add a problem if an entry without times of day has too few hours for its days."""
    days = (last - day).days
    if hours >= (days - 1) * _DAY:
        return
    reason = f"is {days} days after the start, {day}, and the row has {float(hours):g} h, which may be of several days"
    leave = f"or leave the column out with --map '{cells.title('ended_on')}=' to log them on the first day"
    cells.wrong("ended_on", f"{last} {reason}: write one row for each day, {leave}")


def _near(cells: Cells, field: str, day: date) -> bool:
    """Return whether the year of a day is plausible; if it isn't, add a problem."""
    if day.year in _YEARS:
        return True
    cells.wrong(field, f"the year {day.year} can't be right: write 2026-01-31")
    return False


def _time(seconds: int) -> time:
    return time(seconds // 3600 % _DAY, seconds // 60 % 60, seconds % 60)


def _readers(cells: Cells, reading: Reading) -> list[tuple[str, Any]]:
    """Return the columns that say how long an entry is, and what reads them."""
    readers: dict[str, Any] = {
        "duration": cached(partial(read_duration, mark=reading.mark, decimals=reading.decimals)),
        "hours": cached(partial(read_hours, mark=reading.mark)),
    }
    for name in ("minutes", "seconds"):
        readers[name] = cached(partial(read_hours, mark=reading.marks.get(name), unit=UNITS[name], grouped=True))
    return [(name, readers[name]) for name in _MEASURES if cells.has(name)]
