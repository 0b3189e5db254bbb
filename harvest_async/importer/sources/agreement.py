"""Check that the start, the end and the duration of a time entry agree.

Rules:

- An end that is not after its start belongs to the next day, if the file does not have the day of the end; with the day
  of the end it is a problem. An end of 24:00 is the midnight after its day.
- Start and end at the same time without a day of the end and without a duration may be 0 or 24 hours: a problem.
- A duration and a start and an end that contradict each other are a problem, because an account that tracks time by
  start and end would compute other hours than the file has. A minute, or the last decimal of the duration, is no
  contradiction.
- A break is subtracted from the time between start and end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from harvest_async.importer.sources.cells import Bad, tidy
from harvest_async.importer.sources.clocks import half_is_missing, is_open
from harvest_async.importer.sources.days import parted
from harvest_async.importer.sources.entry import lengths
from harvest_async.importer.sources.reading import Cells, cached
from harvest_async.importer.sources.spans import UNITS, read_duration, read_hours

__all__ = ["Times", "agreed_hours", "break_of", "check_equal", "check_halves", "times_of"]

_DAY: Final = 24
_LONGEST: Final = 64
_ONE_DECIMAL: Final = re.compile(r"[0-9][.,][0-9](?![0-9])")
_MINUTE: Final = Fraction(1, 60)
_TENTH: Final = Fraction(1, 10)
_LONG_NIGHT: Final = timedelta(hours=16)
"""The longest entry that is taken to cross midnight where only times of day are given."""
_BREAKS: Final[dict[str, Callable[[str], Fraction | Bad]]] = {
    "break_time": read_duration,
    "break_minutes": partial(read_hours, mark=None, unit=UNITS["minutes"]),
}
"""The fields that hold a break."""


@frozen
class Times:
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

    def fits(self, hours: Fraction, elapsed: Fraction, measure: str, text: str) -> bool:
        """Return whether a duration fits them within its rounding."""
        if hours == elapsed:
            return True
        apart = abs(hours - elapsed)
        if self.cyclic:
            apart = min(apart % _DAY, -apart % _DAY)
        coarse = measure in ("hours", "duration") and _ONE_DECIMAL.search(text) is not None
        return apart <= (_TENTH if coarse else _MINUTE)


def times_of(
    cells: Cells, day: date, started: time, last: date | None, ended: int, *, sure: bool, has_24: bool
) -> Times:
    """Return the start and end of an entry; an end before the start is on the next day if its day is unknown.

    Args:
        cells: the row.
        day: the day of the start.
        started: its time of day.
        last: the day of the end; None if it is unknown.
        ended: the end in seconds after midnight.
        sure: whether the row has no duration.
        has_24: whether a time of the file shows a clock of 24 hours.
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
        elif sure and not has_24:
            _check_afternoon(cells, end)
    return Times("ended", begin, end, cyclic=last is None)


def _check_afternoon(cells: Cells, end: datetime) -> None:
    """Add a problem if an end before the start may be in the afternoon of the same day: from 10:00 to 1:00."""
    text = cells.text("ended").strip()
    if is_open(text) and is_open(cells.text("started")):
        later = end - timedelta(hours=12)
        reason = f"is before the start, and may be {end:%H:%M} on the next day or {later:%H:%M}"
        cells.wrong("ended", f"{text!r} {reason}: write {later:%H:%M}, or give an end date or a duration")


def check_halves(cells: Cells, start: str = "started", end: str = "ended") -> None:
    """Add a problem if one of two times has AM or PM, and the other lacks it although it needs it.

    Args:
        cells: the row.
        start: the field of the first time, which may have a date before it.
        end: that of the other one.
    """
    for field, against in ((start, end), (end, start)):
        text, other = cells.text(field).strip(), cells.text(against).strip()
        if half_is_missing(_clock_of(text), _clock_of(other)):
            cells.wrong(field, f"{text!r} has no AM or PM, and {other!r} has: add it")


@cached
def _clock_of(text: str) -> str:
    """Return the time of day behind a date, or the text if it has none."""
    return (parted(tidy(text))[1] or text) if len(text) <= _LONGEST else ""


def check_equal(cells: Cells, first: tuple[str, Fraction | None], other: tuple[str, Fraction | None]) -> None:
    """Add a problem if two columns of a row hold different durations."""
    (name, hours), (second, more) = first, other
    if hours is None or more is None:
        return
    coarse = any(_ONE_DECIMAL.search(cells.text(each)) for each in (name, second))
    if abs(hours - more) > (_TENTH if coarse else _MINUTE):
        reason = f"is {float(more):.2f} hours, but {cells.title(name)} has {float(hours):.2f}"
        remedy = f'correct one of them, or leave a column out with --map "{cells.title(second)}="'
        cells.wrong(second, f"{cells.text(second).strip()!r} {reason}: {remedy}")


def break_of(cells: Cells) -> Fraction:
    """Return the hours of the row's break; 0 if it has none. A break that can't be read is a problem."""
    hours = Fraction(0)
    for name, read in _BREAKS.items():
        if cells.text(name).strip():
            hours += cells.value(name, read) or 0
    return hours


def agreed_hours(
    cells: Cells, times: Times, zone: ZoneInfo | None, measure: str, hours: Fraction | None
) -> Fraction | None:
    """Return the hours on which start, end, break and duration agree; if they don't, add a problem and return None.

    Args:
        cells: the row.
        times: start and end.
        zone: the zone of the file; None if it has none, or if the times have offsets.
        measure: the field that holds the duration.
        hours: the duration; None if the row has none.
    """
    pause = break_of(cells)
    try:
        possible = {each - pause for each in lengths(times.begin, times.end, zone)}
    except ValueError as error:
        cells.wrong(times.column, f"{error}: correct it")
        return None
    if not possible:
        ended = cells.text(times.column).strip()
        cells.wrong(times.column, f"{ended!r} is before the start: correct one of them")
    elif min(possible) < 0:
        column = next(name for name in _BREAKS if cells.text(name).strip())
        cells.wrong(column, f"{cells.text(column).strip()!r} is longer than the entry: correct it, or start and end")
    elif hours is None and len(possible) > 1:
        reason = f"{times} are {_list(possible)} hours, because the clocks were turned back: give a duration"
        cells.wrong(times.column, reason)
    elif hours is not None and not any(times.fits(hours, each, measure, cells.text(measure)) for each in possible):
        cells.wrong(measure, _contradiction(cells, times, measure, hours, possible, pause))
    return hours if hours is not None else next(iter(possible), None)


def _contradiction(
    cells: Cells, times: Times, measure: str, hours: Fraction, possible: set[Fraction], pause: Fraction
) -> str:
    ways = " or ".join(f'--map "{cells.title(each)}="' for each in (measure, times.column))
    less = f"less the break of {float(pause):.2f} hours " if pause else ""
    return (
        f"{cells.text(measure).strip()!r} is {float(hours):.2f} hours, but {times} {less}are {_list(possible)}: "
        f"correct one of them, or leave a column out with {ways}"
    )


def _list(hours: set[Fraction]) -> str:
    return " or ".join(f"{float(each):.2f}" for each in sorted(hours))
