"""Read the values of fields: numbers, texts, dates and words, as JSON or XML has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeVar

from harvest_async.codec.text import NUMBERS, read_date, read_datetime, read_time
from harvest_async.redaction import redact_message

__all__ = [
    "ISO",
    "READERS",
    "SHOWN",
    "Read",
    "Repeated",
    "as_list",
    "last",
    "optional",
    "read_text",
    "wrong",
]

T = TypeVar("T")

Read = Callable[[Any], Any]

SHOWN: Final = 500
"""The longest description of a fault that is shown, in characters."""

_LONGEST = 20
"""The most digits of a whole number with a point or an exponent: 1e999999999 would fill the memory."""


class Repeated(list[Any]):
    """Elements of the same name in XML: those of a list, or one field twice."""


def last(value: Any) -> Any:
    """Return a field's value: the last one, if it comes twice."""
    return value[-1] if value.__class__ is Repeated else value


def as_list(value: Any) -> list[Any]:
    """Return a list from JSON, from elements in XML, or from a blank text."""
    if isinstance(value, Mapping):
        (value, *_) = value.values() or [[]]
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return value if isinstance(value, list) else [value]


def optional(read: Read, value: Any) -> Any:
    """Read a value that may be blank: None then."""
    try:
        return read(value)
    except ValueError:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if value.__class__ is Repeated:
            return optional(read, last(value))
        raise


def _read_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value.adjusted() < _LONGEST and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    raise wrong("a whole number", value)


def _read_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | str) and not isinstance(value, bool):
        try:
            number = NUMBERS.create_decimal(value.strip() if isinstance(value, str) else value)
        except ArithmeticError:
            raise wrong("a decimal number", value) from None
        if number.is_finite():
            return number
    raise wrong("a decimal number", value)


def _read_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else value
    if word in ("true", "1", 1):
        return True
    if word in ("false", "0", 0):
        return False
    raise wrong("true or false", value)


def read_text(value: Any) -> str:
    """Return a text; numbers are written out."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise wrong("a text", value)


def _iso_datetime(read: Read) -> Read:
    """Read datetimes in ISO 8601 directly, and all others with `read`."""

    def reader(value: Any) -> Any:
        try:
            found = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return read(value)
        return found if found.tzinfo is not None else read(value)

    return reader


def _iso_date(read: Read) -> Read:
    """Read dates in ISO 8601 directly, and all others with `read`."""

    def reader(value: Any) -> Any:
        try:
            return date.fromisoformat(value)
        except (ValueError, TypeError):
            return read(value)

    return reader


def _from_text(read: Callable[[str], T], what: str, kind: type[T]) -> Callable[[Any], T]:
    def reader(value: Any) -> T:
        if value.__class__ is str:
            return read(value)
        if isinstance(value, kind) and value.__class__ is kind and not _is_naive(value):
            return value
        raise wrong(what, value)

    return reader


def _is_naive(value: Any) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


def wrong(expected: str, value: Any) -> ValueError:
    """Return the error for a value of another kind than expected."""
    return ValueError(f"expected {expected}, got {_show(value)}")


def _show(value: Any) -> str:
    text = redact_message(repr(value), SHOWN)
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004


READERS: dict[Any, Read] = {
    int: _read_integer,
    str: read_text,
    Decimal: _read_decimal,
    bool: _read_boolean,
    datetime: _from_text(read_datetime, "a datetime", datetime),
    date: _from_text(read_date, "a date", date),
    time: _from_text(read_time, "a time of day", time),
}

ISO: dict[Any, Callable[[Read], Read]] = {datetime: _iso_datetime, date: _iso_date}
