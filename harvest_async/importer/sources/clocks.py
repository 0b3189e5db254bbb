"""Readers of times of day and of dates with a time.

Accepted are 24-hour and 12-hour clocks, with any of `:`, `.` and `h` between hours and minutes: 13:45, 13:45:00, 13.45,
13h45, 13h, 1345, 1:45 PM, 1:45 p. m., 1 pm. The end of a day may be written 24:00. In a column of times 9.30 is half
past nine (in a column of hours it is 9.3 hours).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from harvest_async.importer.sources.cells import Bad, shown, tidy
from harvest_async.importer.sources.days import day_in, parted
from harvest_async.importer.sources.options import DateOrder

__all__ = ["DAY", "half_is_missing", "is_of_24", "is_open", "read_clock", "read_end", "read_moment", "shows_no_clock"]

DAY: Final = 24 * 3600
"""The seconds of a day."""

_LONGEST: Final = 64
_HALF: Final = r"(?: ?([apAP])\.? ?[mM]?\.?)?"
_FORMS: Final = (
    re.compile(rf"([0-9]{{1,2}}):([0-5][0-9])(?::([0-5][0-9])(?:[.,][0-9]+)?)?{_HALF}"),
    re.compile(rf"([0-9]{{1,2}})\.([0-5][0-9])(?:\.([0-5][0-9]))?{_HALF}"),
    re.compile(r"([0-9]{1,2}) ?[hH](?: ?([0-5][0-9])(?: ?(?:min|m|:)? ?([0-5][0-9])?s?)?)?"),
    re.compile(r"([0-9]{2})([0-5][0-9])"),
    re.compile(r"([0-9]{1,2}) ?([apAP])\.? ?[mM]\.?"),
)
_AROUND: Final = re.compile(r"^(?:kl|at|um)\.? ?(?=[0-9])| ?(?:Uhr|uhr|hrs|hs|Hrs)\.?$")
_DOTTED: Final = re.compile(r"[0-9]{1,2}\.([0-9]+)")
_OFFSET: Final = re.compile(r"[Zz]|(?<=[0-9]) ?(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2}$| (?:UTC|GMT)$")
_NOON: Final = 12
_LAST_MINUTE: Final = 59


def read_clock(text: str) -> time | Bad | None:
    """Read a time of day such as 13:45, 13:45:00 or 1:45 PM; None if the cell is empty."""
    seconds = read_end(text)
    if seconds is None or isinstance(seconds, Bad):
        return seconds
    if seconds == DAY:
        return Bad(f"{shown(text.strip())} is the end of a day: write 00:00 and the next day")
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def read_end(text: str) -> int | Bad | None:
    """Read a time of day up to 24:00 as seconds after midnight; None if the cell is empty."""
    text = tidy(text)
    if not text:
        return None
    if len(text) > _LONGEST:
        return Bad(f"{shown(text)} is no time of day: write 13:45:00")
    found = _seconds(text)
    if found is not None:
        return found
    if isinstance(read_moment(text, "dmy"), datetime):
        return Bad(f"{shown(text)} is a day and a time: write 13:45:00, or map the columns to begin and end with --map")
    if _OFFSET.search(text) and _seconds(_OFFSET.sub("", text)) is not None:
        return Bad(f"{shown(text)} has an offset from UTC, but no day: write 13:45:00, or day and time in one column")
    return Bad(f"{shown(text)} is no time of day: write 13:45:00")


def _seconds(text: str) -> int | None:
    bare = _AROUND.sub("", text)
    match = next(filter(None, (form.fullmatch(bare) for form in _FORMS)), None)
    if match is None:
        return None
    numbers = [int(part) for part in match.groups() if part and part.isdigit()]
    half = next((part.lower() for part in match.groups() if part and part.isalpha()), "")
    hour, minute, second = (*numbers, 0, 0)[:3]
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    seconds = hour * 3600 + minute * 60 + second
    return seconds if seconds <= DAY else None


def half_is_missing(text: str, other: str) -> bool:
    """Return whether a time lacks the AM or PM that the other time of its row has, and could be in either half."""
    mine, theirs = _half(text), _half(other)
    return theirs == "named" and mine == "open"


def is_open(text: str) -> bool:
    """Return whether a time of day could be in either half of the day: 9:30, but neither 9:30 AM nor 21:30."""
    return _half(text) == "open"


def is_of_24(text: str) -> bool:
    """Return whether a time of day can only be one of a clock with 24 hours: 13:00 or 0:30."""
    match = _matched(text)
    return match is not None and _half(text) == "none"


def _half(text: str) -> str:
    """Return how a time says in which half of the day it is: `named` by AM or PM, `open`, or `none` needed."""
    match = _matched(text)
    if match is None:
        return "none"
    if any(part and part.isalpha() for part in match.groups()):
        return "named"
    return "open" if 1 <= int(match[1]) <= _NOON else "none"


def _matched(text: str) -> re.Match[str] | None:
    bare = _AROUND.sub("", tidy(text)) if len(text) <= _LONGEST else ""
    return next(filter(None, (form.fullmatch(bare) for form in _FORMS)), None)


def shows_no_clock(text: str) -> bool:
    """Return whether a text looks like decimal hours where a time of day is expected: 9.5, 9.75."""
    match = _DOTTED.fullmatch(tidy(text)) if len(text) <= _LONGEST else None
    return match is not None and (len(match[1]) != len("30") or int(match[1]) > _LAST_MINUTE)


def read_moment(text: str, order: DateOrder | None, *, needs_clock: bool = False) -> datetime | Bad | None:
    """Read a date with a time of day, with or without an offset from UTC; None if the cell is empty.

    Args:
        text: the cell.
        order: the order of dates with the year last.
        needs_clock: whether a date alone is refused; otherwise it is midnight.
    """
    text = tidy(text)
    if not text:
        return None
    if len(text) > _LONGEST:
        return Bad(f"{shown(text)} is no moment: write 2026-01-31 13:45:00")
    if needs_clock and _is_day(text):
        return Bad(
            f"{shown(text)} has no time of day: write 2026-01-31 13:45:00, or map the column to day or ended_on with "
            "--map"
        )
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _moment(text, order)


def _is_day(text: str) -> bool:
    """Return whether a text is a date of ISO 8601 without a time of day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment(text: str, order: DateOrder | None) -> datetime | Bad:
    """Read a date and time that is not in the format of ISO 8601."""
    _, behind = parted(text)
    bad = Bad(f"{shown(text)} is no moment: write 2026-01-31 13:45:00")
    if not behind:
        return bad
    day = day_in(text, order)
    offset = _OFFSET.search(behind)
    seconds = _seconds(behind[: offset.start()].strip() if offset else behind)
    if isinstance(day, Bad):
        return day
    if day is None or seconds is None:
        return bad
    try:
        moment = datetime.combine(day, time()) + timedelta(seconds=seconds)
        zone = offset[0].strip().removeprefix("UTC").removeprefix("GMT") if offset else ""
        return datetime.fromisoformat(f"{moment.isoformat()}{zone.upper() or 'Z'}") if offset else moment
    except (ValueError, OverflowError):
        return bad
