"""Readers of durations, in hours.

Accepted are 1:30 (hours and minutes), 1:30:00, 26:15:00, numbers with their units (1h 30m, 1 hr 30 mins, 1.5h, 90 min,
18:25 min, 45 sec), ISO 8601 (PT1H30M) and decimal hours (0.50). Negative durations are refused: Harvest has none.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from harvest_async.importer.sources.cells import Bad, shown, tidy
from harvest_async.importer.sources.numbers import Parts, ambiguous, parts_of, read_number

__all__ = ["UNITS", "is_less_than_hours", "read_duration", "read_hours"]

UNITS: Final = {"hours": 1, "minutes": 60, "seconds": 3600}
"""The number of each unit in an hour."""

_HOURS: Final = (
    "h hr hrs hour hours std stdn stunde stunden heure heures hora horas hs ora ore uur uren u t timme timmar tim time "
    "timer godz"
)
_MINUTES: Final = "m min mins minute minutes minuten minuto minutos minuti minuut minuter minutter mn \u2032 '"
_SECONDS: Final = (
    "s sec secs second seconds sek sekunde sekunden seconde secondes "
    "segundo segundos secondi secondo seconden sekunder sekund \u2033"
)
_SIZES: Final = {
    **dict.fromkeys(_HOURS.split(), 3600),
    **dict.fromkeys(_MINUTES.split(), 60),
    **dict.fromkeys(_SECONDS.split(), 1),
}
_LONGEST_TEXT: Final = 64
_LONGEST: Final = 24 * 31
_COLONS: Final = re.compile(r"([0-9]{1,5}):([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?(?: ?([^\W\d_]+)\.?)?")
_DAYS: Final = re.compile(r"([0-9]{1,2}) ?(?:d|days?),? (?=[0-9]{1,2}:)")
_PART: Final = re.compile(
    r"([0-9][0-9.,]*|[.,][0-9]+) ?([^\W\d_]+|['\u2032\u2033])?\.?(?: ?(?:,|and|und|et|y|e|en|og|och|&)(?= ))? ?"
)
_ISO: Final = re.compile(
    r"P(?:([0-9]{1,4})W)?(?:([0-9]{1,4})D)?"
    r"(?:T(?:([0-9]{1,9}(?:[.,][0-9]{1,9})?)H)?(?:([0-9]{1,9}(?:[.,][0-9]{1,9})?)M)?(?:([0-9]{1,9}(?:[.,][0-9]{1,9})?)S)?)?",
    re.IGNORECASE,
)
_ISO_SIZES: Final = (7 * 86400, 86400, 3600, 60, 1)
_MINUS: Final = re.compile(r"(?:[-(]|P-|PT-).*[0-9].*|.*[0-9] ?-", re.IGNORECASE)


def is_less_than_hours(word: str) -> bool:
    """Return whether a word is a unit of minutes or seconds."""
    return _SIZES.get(word.lower(), _SIZES["h"]) < _SIZES["h"]


def read_duration(text: str, mark: str | None = None, *, decimals: bool = False) -> Fraction | Bad:
    """Read a duration in hours from a column without a known unit.

    Args:
        text: the cell.
        mark: the decimal mark of the file.
        decimals: whether the column shows that it holds decimal hours, so that a whole number is hours, too.
    """
    text = tidy(text)
    if not text:
        return Bad("is empty: a duration is needed")
    found = _with_unit(text, mark)
    if found is not None:
        return found
    number = _number(text, mark)
    if number is None or isinstance(number, Bad):
        return number or Bad(f"{shown(text)} is no duration: write 01:30:00")
    if text.isdigit() and not decimals and number:
        return Bad(
            f"{shown(text)} may be hours, minutes or seconds: write 01:30:00, or map the column to hours, minutes "
            "or seconds with --map"
        )
    return _bounded(number, text)


def read_hours(text: str, mark: str | None, unit: int = 1, *, grouped: bool = False) -> Fraction | Bad:
    """Read a duration in hours from a column with a known unit; a unit in the cell takes precedence.

    Args:
        text: the cell.
        mark: the decimal mark of the column.
        unit: the number of units in an hour.
        grouped: whether a number with three digits after its only mark may be in thousands, as minutes may be and
            hours may not.
    """
    text = tidy(text)
    if not text:
        return Bad("is empty: hours are needed")
    if unit == 1 or any(map(str.isalpha, text)):
        found = _with_unit(text, mark)
        if found is not None:
            return found
    if mark is None and grouped and (parts := parts_of(text)) and _three_behind(parts):
        return ambiguous(text)
    number = _number(text, mark)
    if number is None or isinstance(number, Bad):
        return number or Bad(f"{shown(text)} is no number of hours: write 1.5")
    return _bounded(number / unit, text)


def _three_behind(parts: Parts) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", parts.digits) is not None


def _number(text: str, mark: str | None) -> Fraction | Bad | None:
    """Return a number without a unit; None if the text is not a number."""
    if len(text) > _LONGEST_TEXT:
        return None
    if _MINUS.fullmatch(text):
        return _negative(text)
    parts = parts_of(text)
    if parts is None or parts.currency:
        return None
    number = read_number(parts, mark, text)
    if isinstance(number, Bad):
        return number if number.reason else None
    return Fraction(number)


def _with_unit(text: str, mark: str | None) -> Fraction | Bad | None:
    """Read a duration with units; None if the text has none."""
    if _MINUS.fullmatch(text[: 2 * _LONGEST_TEXT]):
        return _negative(text)
    if len(text) > _LONGEST_TEXT:
        return None
    seconds: Fraction | Bad | None = next(
        (found for read in (_iso, _colons) if (found := read(text)) is not None), None
    )
    seconds = _units(text, mark) if seconds is None else seconds
    return seconds if seconds is None or isinstance(seconds, Bad) else _bounded(seconds / 3600, text)


def _colons(text: str) -> Fraction | None:
    """Read hours, minutes and seconds with colons, such as 1:30, 1:30:00, 1 day, 2:00:00, 18:25 min, in seconds."""
    days = _DAYS.match(text)
    match = _COLONS.fullmatch(text[days.end() :] if days else text)
    if match is None:
        return None
    first, second, third, fraction, word = match.groups()
    size = _SIZES.get(word.lower()) if word else 3600
    whole = Fraction(int(days[1]) * 86400 if days else 0)
    if size == 3600:  # noqa: PLR2004 - an hour
        rest = Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0
        return whole + int(first) * 3600 + int(second) * 60 + int(third or 0) + rest
    return whole + int(first) * 60 + int(second) if size == 60 and third is None else None  # noqa: PLR2004 - a minute


def _units(text: str, mark: str | None) -> Fraction | Bad | None:
    """Read numbers with units, the largest first, such as 1h 30m, 1.5 h or 2h30, in seconds."""
    place, last, total = 0, 0, Fraction(0)
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            return None
        size = _SIZES.get(match[2].lower()) if match[2] else _below(last, match[1])
        if size is None or (last and size >= last):
            return None
        if size < 3600 and mark is None and re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", match[1]):  # noqa: PLR2004
            return ambiguous(text)
        number = _number(match[1], mark)
        if number is None or isinstance(number, Bad):
            return number
        place, last, total = match.end(), size, total + number * size
    return total if last else None


def _below(size: int, digits: str) -> int | None:
    """Return the unit of a number without one that follows another number: 2h30 is 2 hours and 30 minutes."""
    return size // 60 if size in (3600, 60) and re.fullmatch(r"[0-5]?[0-9]", digits) else None


def _iso(text: str) -> Fraction | None:
    """Read a duration in the format of ISO 8601, in seconds."""
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    numbers = (Fraction(Decimal((part or "0").replace(",", "."))) for part in match.groups())
    return sum((number * size for number, size in zip(numbers, _ISO_SIZES, strict=True)), Fraction(0))


def _negative(text: str) -> Bad:
    return Bad(f"{shown(text)} is negative: Harvest takes no negative hours; correct the entry that it takes back")


def _bounded(hours: Fraction, text: str) -> Fraction | Bad:
    if hours > _LONGEST:
        return Bad(f"{shown(text)} is {float(hours):g} hours, more than one entry can have")
    return hours
