"""Reader of dates.

Accepted, with or without a weekday before and a time of day after: the year first (2026-11-02, 2026/11/2,
20261102), the year last in the order of the file (02.11.2026, 11/2/2026), years of two digits (2/11/26: 69 to 99 are
of the last century), and months by their names (2 Nov 2026, Nov 2, 2026, 02-Nov-26).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from harvest_async.importer.sources.calendar import month_number, weekdays_named
from harvest_async.importer.sources.cells import REPORTED, Bad, shown, tidy
from harvest_async.importer.sources.options import DateOrder

__all__ = ["day_in", "orders_of", "parted", "read_day"]

_CLOCK_BEHIND: Final = re.compile(
    r"(?:(?<=[0-9])[Tt]|,? (?:at |um |kl\.? )?)"
    r"([0-9]{1,2}[:hH][0-9]{2}.*|[0-9]{1,2}\.[0-9]{2}(?:\.[0-9]{2})?(?: ?[aApP].*)?|[0-9]{1,2} ?[aApP]\.? ?[mM]\.?)$"
)
"""A time of day after a date."""

_LONGEST: Final = 64
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.]) ?([0-9]{1,2})\2 ?([0-9]{1,2})\.?")
_COMPACT: Final = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})([-/.]) ?([0-9]{1,2})\2 ?([0-9]{4}|[0-9]{2})\.?")
_WORD: Final = r"([^\W\d_]+)\.?"
_DAY_FIRST: Final = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th|\.|er|º|ª)?[ -]?(?:of |de )?{_WORD},?[ -]?(?:de )?([0-9]{{4}}|[0-9]{{2}})"
)
_MONTH_FIRST: Final = re.compile(rf"{_WORD}[ -]?([0-9]{{1,2}})(?:st|nd|rd|th)?(?:, ?| |-)([0-9]{{4}}|[0-9]{{2}})")
_NAMED_IN_MIDDLE: Final = re.compile(rf"([0-9]{{4}})[ -]{_WORD}[ -]([0-9]{{1,2}})")
_CJK: Final = re.compile(r"([0-9]{4})[年년] ?([0-9]{1,2})[月월] ?([0-9]{1,2})[日일]")
_WEEKDAY: Final = re.compile(rf"{_WORD},? (?=\S)")
_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PIVOT: Final = 69
_OLDEST: Final = 2006  # Harvest did not exist before


def read_day(text: str, order: DateOrder | None) -> date | Bad:
    """Read a date; a time of day after it is ignored.

    Args:
        text: the cell.
        order: the order of dates with the year last, and of those with years of two digits; None if it was not
            detected.

    Returns:
        The date, or the reason why there is none; `REPORTED` if the order is unknown.
    """
    text = tidy(text)
    if not text:
        return Bad("is empty: a date is needed")
    found = day_in(text, order) if len(text) <= _LONGEST else None
    return found or Bad(f"{shown(text)} is no date: write 2026-01-31")


def day_in(text: str, order: DateOrder | None) -> date | Bad | None:
    """Return the date of a tidied text; None if there is none, `REPORTED` if its order is unknown.

    A weekday before the date has to be its own.
    """
    weekdays, bare, _ = _pieces(text)
    day = _bare_day(bare, order)
    if isinstance(day, date) and weekdays and day.weekday() not in weekdays:
        return Bad(f"{shown(text)} is {day}, a {_NAMES[day.weekday()]}: correct the date or the weekday")
    return day


def _bare_day(text: str, order: DateOrder | None) -> date | Bad | None:
    if (match := _YEAR_FIRST.fullmatch(text)) is not None:
        return _date(match[1], match[3], match[4])
    if (match := _COMPACT.fullmatch(text) or _CJK.fullmatch(text)) is not None:
        return _date(*match.groups())
    if (match := _NUMBERS.fullmatch(text)) is not None:
        return _ordered(match[1], match[3], match[4], order)
    return _named(text)


def parted(text: str) -> tuple[str, str]:
    """Return the date without a weekday before it, and the time of day after it, which may be empty."""
    return _pieces(text)[1:]


def _pieces(text: str) -> tuple[frozenset[int], str, str]:
    """Return the weekdays that a word before a date may mean, the date, and the time of day after it."""
    clock = _CLOCK_BEHIND.search(text)
    day, behind = (text[: clock.start()], clock[1]) if clock else (text, "")
    match = None if _MONTH_FIRST.fullmatch(day) else _WEEKDAY.match(day)
    weekdays = weekdays_named(match[1]) if match else frozenset()
    return weekdays, day[match.end() :] if match and weekdays else day, behind


def _named(text: str) -> date | None:
    """Return a date with a month name."""
    if (match := _DAY_FIRST.fullmatch(text)) is not None:
        day, month, year = match.groups()
    elif (match := _MONTH_FIRST.fullmatch(text)) is not None:
        month, day, year = match.groups()
    elif (match := _NAMED_IN_MIDDLE.fullmatch(text)) is not None:
        year, month, day = match.groups()
    else:
        return None
    number = month_number(month)
    return None if number is None else _date(year, str(number), day)


def _ordered(first: str, second: str, last: str, order: DateOrder | None) -> date | Bad | None:
    """Return a date of three numbers in the order of the file."""
    if order is None:
        days = set(_candidates(first, second, last).values())
        return REPORTED if len(days) > 1 else next(iter(days), None)
    if order == "ymd":
        return _date(first, second, last) if len(first) == len(last) else None
    return _date(last, second, first) if order == "dmy" else _date(last, first, second)


def orders_of(text: str) -> dict[DateOrder, date]:
    """Return the possible orders of a date of three numbers with the date of each; empty for other texts.

    An order is left out if there is no such date, or if a year of two digits would be before 2006.
    """
    match = _NUMBERS.fullmatch(parted(tidy(text))[0]) if len(text) <= _LONGEST else None
    return {} if match is None else _candidates(match[1], match[3], match[4])


def _candidates(first: str, second: str, last: str) -> dict[DateOrder, date]:
    short = len(last) == len("26")
    orders: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd") if short else ("dmy", "mdy")
    found: dict[DateOrder, date] = {}
    for order in orders:
        day = _ordered(first, second, last, order)
        if isinstance(day, date) and not (short and day.year < _OLDEST):
            found[order] = day
    return found


def _date(year: str, month: str, day: str) -> date | None:
    full = int(year)
    if len(year) <= len("26"):
        full += 1900 if full >= _PIVOT else 2000
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None
