"""Values of fields, read in every form in which the API accepts them.

Invalid values are refused with 400.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

from harvest_async.sandbox.records import FIELDS, Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["read_day", "read_fields_of", "read_time", "read_value"]

_DAY: Final = re.compile(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})")
_LOST_PLUS: Final = re.compile(r"(\d\d:\d\d(?::\d\d)?) (\d\d:?\d\d)$")
"""A time whose zone had an unescaped plus, which arrived as a blank."""
_MOST: Final = Decimal(10) ** 11
_FINEST: Final = -30
"""The smallest exponent of a number: written out, 1e-999999999 would fill the memory."""
_FIRST_YEAR: Final = 1000
_ZONE_NAMES: Final = {
    "UTC": "+00:00", "GMT": "+00:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00",
}  # fmt: skip
_ZONE_NAME: Final = re.compile(rf" ?\b({'|'.join(_ZONE_NAMES)})$", re.IGNORECASE)
_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")


def read_fields_of(kind: str, fields: Record, allowed: Iterable[str]) -> Record:
    """Return the values of the allowed fields, each of its field's type; other fields are ignored."""
    known = FIELDS[kind]
    return {name: read_value(name, known[name][0], fields[name]) for name in allowed if name in fields}


def read_value(name: str, known: type, value: Any) -> Any:
    """Return a value of a type; a blank text is null, except for a text.

    Raises:
        Refusal: it is invalid.
    """
    if value is None or (known is not str and isinstance(value, str) and not value.strip()):
        return None
    try:
        return _READERS[known](value)
    except (ValueError, TypeError, ArithmeticError):
        raise Refusal(400, f"{name} is invalid.") from None


def _read_text(value: Any) -> str:
    if isinstance(value, dict | list) or _UNWRITABLE.search(text := str(value)):
        raise TypeError
    return text


def _read_boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in {"true", "false", "1", "0"}:
        raise ValueError
    return word in {"true", "1"}


def _read_decimal(value: Any) -> Decimal:
    number = Decimal(str(value).strip())
    if not number.is_finite() or abs(number) >= _MOST or int(number.as_tuple().exponent) < _FINEST:
        raise ValueError
    return number


def _read_integer(value: Any) -> int:
    number = int(str(value).strip())
    if abs(number) >> 63:
        raise ValueError
    return number


def read_day(value: Any) -> date:
    """Return a day, given in any form that the API accepts.

    Raises:
        ValueError: it is not a day.
    """
    text = str(value).strip()
    if match := _DAY.match(text):
        return date(*map(int, match.groups()))
    try:
        return parsedate_to_datetime(f"{text} 00:00:00 +0000").date()
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(text) from error


def read_time(value: Any) -> datetime:
    """Return a time; without a zone it is in UTC, and the zone may be a name, as in `2017-01-01 10:00:00 UTC`."""
    given = str(value).strip()
    text, zone = _LOST_PLUS.sub(r"\1+\2", given), ""
    if match := _ZONE_NAME.search(text):
        text, zone = text[: match.start()], _ZONE_NAMES[match[1].upper()]
        text = text if ":" in text else f"{text} 00:00"
    try:
        time = datetime.fromisoformat(text.replace(" ", "T", 1) + zone)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(400, f"{given!r} is not a time.") from None
    if time.year < _FIRST_YEAR:
        raise Refusal(400, f"{given!r} is not a time.")
    return time


_READERS: Final[dict[type, Any]] = {
    int: _read_integer,
    str: _read_text,
    bool: _read_boolean,
    Decimal: _read_decimal,
    date: read_day,
    datetime: read_time,
}
