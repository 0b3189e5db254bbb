"""What stands in a cell: text -> day, time of day, span, number, flag.

Rules of this room: pure. A cell that can't be read gives `Bad` with the reason instead of a value, so that a row can
gather all that is wrong with it. Nothing is guessed: a text that can be read in two ways is bad until the file, or a
person, has settled the way.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Final

from attrs import frozen

from harvest_async.bulk.sources.options import DateOrder

__all__ = [
    "TOLD",
    "Bad",
    "clean",
    "read_clock",
    "read_day",
    "read_duration",
    "read_flag",
    "read_hours",
    "read_integer",
    "read_moment",
    "read_money",
    "split_date",
    "split_number",
]

_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?)?")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_CLOCK: Final = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)
_SPAN: Final = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")
_WORDS: Final = re.compile(
    r"(?:(\d+)\s*h(?:ours?|rs?)?)?\s*(?:(\d+)\s*m(?:in(?:utes?|s)?)?)?\s*(?:(\d+)\s*s(?:ec(?:onds?|s)?)?)?",
    re.IGNORECASE,
)
_GAPS: Final = re.compile(r"(?<=\d)[\s'\u2019](?=\d{3}(?!\d))")
_NOON: Final = 12
_LAST_HOUR: Final = 23
_LONGEST: Final = 24 * 31
_FLAGS: Final = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "on"), True),
    **dict.fromkeys(("no", "n", "false", "0", "off"), False),
}


@frozen
class Bad:
    """A cell that can't be read, and why; without a reason it was told already."""

    reason: str


TOLD: Final = Bad("")
"""What is wrong was told for the whole file."""


def clean(text: str) -> str:
    """A name without blanks around it, and with single ones in it."""
    return " ".join(text.split())


def split_date(text: str) -> tuple[int, int, int, str] | None:
    """The first two numbers of a date with the year last, the year, and what parts them; None for other texts."""
    match = _YEAR_LAST.fullmatch(text)
    return (int(match[1]), int(match[3]), int(match[4]), match[2]) if match else None


def read_day(text: str, order: DateOrder | None) -> date | Bad:
    """A day: 2026-01-31 always, with the year last in the order that was settled for the file."""
    text = text.strip()
    if not text:
        return Bad("is empty: a date is needed")
    if match := _YEAR_FIRST.fullmatch(text):
        return _date(text, int(match[1]), int(match[2]), int(match[3]))
    parts = split_date(text)
    if parts is None or order == "ymd":
        return Bad(f"{text!r} is no date: write 2026-01-31")
    first, second, year, _ = parts
    if first == second or order == "dmy":
        return _date(text, year, second, first)
    return _date(text, year, first, second) if order == "mdy" else TOLD


def _date(text: str, year: int, month: int, day: int) -> date | Bad:
    try:
        return date(year, month, day)
    except ValueError:
        return Bad(f"{text!r} is no date: write 2026-01-31")


def read_clock(text: str) -> time | Bad | None:
    """A time of day: 13:45, 13:45:00, 1:45 PM; None where there is none."""
    text = text.strip()
    if not text:
        return None
    match = _CLOCK.fullmatch(text)
    if match is None:
        return Bad(f"{text!r} is no time of day: write 13:45:00")
    hour, half = int(match[1]), (match[4] or "").lower()
    if hour > _LAST_HOUR or (half and not 1 <= hour <= _NOON):
        return Bad(f"{text!r} is no time of day: write 13:45:00")
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return time(hour, int(match[2]), int(match[3] or 0))


def read_moment(text: str, order: DateOrder | None) -> datetime | Bad | None:
    """A day and a time of day in one cell, with or without an offset from UTC; None where there is none."""
    text = text.strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        first, _, second = text.replace("T", " ", 1).partition(" ")
    day, clock = read_day(first, order), read_clock(second)
    if isinstance(day, Bad) or not isinstance(clock, time):
        return TOLD if day is TOLD else Bad(f"{text!r} is no moment: write 2026-01-31 13:45:00")
    return datetime.combine(day, clock)


def read_duration(text: str) -> Fraction | Bad:
    """A span in hours: 01:30:00, 1:30 (hours and minutes), 1h 30m."""
    text = text.strip()
    if not text:
        return Bad("is empty: a duration is needed")
    match = _SPAN.fullmatch(text) or _WORDS.fullmatch(text)
    if match is None:
        return _refused(text, f"{text!r} is no duration: write 01:30:00")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return _bounded(Fraction(hours * 3600 + minutes * 60 + seconds, 3600), text)


def read_hours(text: str, mark: str | None, unit: int = 1) -> Fraction | Bad:
    """Decimal hours, or 1:30; `unit` is how many of what the cell counts make an hour."""
    text = text.strip()
    if ":" in text and unit == 1:
        return read_duration(text)
    if not text:
        return Bad("is empty: hours are needed")
    number = _number(text, mark, small=True)
    if isinstance(number, Bad):
        return _refused(text, number.reason or f"{text!r} is no number of hours: write 1.5")
    return _bounded(Fraction(number) / unit, text)


def _refused(text: str, reason: str) -> Bad:
    if text.startswith(("-", "\u2212")):
        return Bad(f"{text!r} is negative: Harvest takes no negative hours; correct the entry that it takes back")
    return Bad(reason)


def _bounded(hours: Fraction, text: str) -> Fraction | Bad:
    if hours > _LONGEST:
        return Bad(f"{text!r} is {float(hours):g} hours, more than one entry can have")
    return hours


def read_money(text: str, mark: str | None) -> Decimal | Bad:
    """An amount of money or of units, with or without a currency."""
    text = text.strip()
    if not text:
        return Bad("is empty: a number is needed")
    number = _number(_without_currency(text), mark, small=False)
    if isinstance(number, Bad):
        return Bad(number.reason or f"{text!r} is no number: write 1234.50")
    return number


def _without_currency(text: str) -> str:
    bare = "".join(letter for letter in text if unicodedata.category(letter) != "Sc").strip()
    return re.sub(r"^[A-Z]{3}\s+|\s+[A-Z]{3}$", "", bare)


def split_number(text: str) -> str | None:
    """Which mark a number shows to be the decimal one: `.` or `,`; `?` where both could be; None where it has none."""
    text = _GAPS.sub("", text.strip()).lstrip("-+\u2212")
    marks = [letter for letter in text if letter in ".,"]
    if not marks or not text.replace(".", "").replace(",", "").isdecimal():
        return None
    if len(set(marks)) > 1:
        return marks[-1]
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    whole, _, rest = text.partition(marks[0])
    three = 3
    return "?" if len(rest) == three and 1 <= len(whole) <= three and not whole.startswith("0") else marks[0]


def _number(text: str, mark: str | None, *, small: bool) -> Decimal | Bad:
    """A number; where no mark was settled a `small` one (under 1000) is never grouped."""
    sign, bare = ("-", text[1:]) if text[:1] in ("-", "\u2212") else ("", text.removeprefix("+"))
    if small and sign:
        return Bad("")
    bare = _GAPS.sub("", bare.strip())
    shown = split_number(bare)
    if mark is None and shown == "?" and not small:
        return Bad(f"{text!r} can be read in two ways: give --decimal . or --decimal ,")
    decimal = mark or (shown if shown in (".", ",") else _sole(bare))
    grouping = "," if decimal == "." else "."
    whole, _, rest = bare.partition(decimal)
    if grouping in whole and not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(grouping)}\d{{3}})+", whole):
        return Bad(f"{text!r} does not fit the decimal mark {mark!r} of this file: see --decimal" if mark else "")
    digits = whole.replace(grouping, "") or "0"
    if not digits.isascii() or not digits.isdigit() or (rest and not (rest.isascii() and rest.isdigit())):
        return Bad("")
    return Decimal(f"{sign}{digits}.{rest or '0'}") if decimal in bare else Decimal(f"{sign}{digits}")


def _sole(text: str) -> str:
    """The only mark of a number."""
    return "," if "," in text else "."


def read_flag(text: str) -> bool | Bad | None:
    """Yes or no; None where there is nothing."""
    word = text.strip().lower()
    if not word:
        return None
    return _FLAGS.get(word, Bad(f"{text.strip()!r} is neither yes nor no"))


def read_integer(text: str) -> int | Bad | None:
    """A whole number; None where there is nothing."""
    text = text.strip()
    if not text:
        return None
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else Bad(f"{text!r} is no whole number")
