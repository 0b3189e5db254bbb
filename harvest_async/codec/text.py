"""Dates, datetimes and times of day as text, and errors about bodies that can't be read.

Notes:
- No I/O; one writer and one reader for each type.
- ISO 8601 is tried first, then the forms of time tracking. The name of a weekday is ignored, since it may be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Context, Inexact, InvalidOperation, Overflow, Underflow
from email.utils import parsedate_to_datetime
from typing import Final

from harvest_async.errors import DecodeError
from harvest_async.redaction import redact_cut, redact_message, redact_text

__all__ = [
    "NUMBERS",
    "beginning",
    "decode_error",
    "iso",
    "of_day",
    "only_decode_errors",
    "read_date",
    "read_datetime",
    "read_time",
]

NUMBERS: Final = Context(prec=1_000, Emax=999, Emin=-999, traps=[InvalidOperation, Overflow, Underflow, Inexact])
"""The context in which decimal numbers are read: exactly, or not at all if they have more than 1,000 digits.

A few bytes such as 1e999999999 would otherwise fill the memory when they are written out.
"""

_SHOWN: Final = 120
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAY_FIRST: Final = re.compile(r"(?:[A-Za-z]{3},?\s+)?(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4})")
_MONTH_FIRST: Final = re.compile(r"(?:[A-Za-z]{3},?\s+)?([A-Za-z]{3})[a-z]*\s+(\d{1,2}),?\s+(\d{4})")
_NUMBERS: Final = re.compile(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])?\.?m?\.?", re.IGNORECASE)
_NOON: Final = 12


def beginning(content: bytes) -> str:
    """Return the beginning of a body that can't be read, for an error message."""
    text = content[: 4 * _SHOWN].decode("utf-8", errors="replace").strip()
    if not text:
        return "it is empty"
    kind = "an HTML page" if text[:15].lower().startswith(("<!doctype html", "<html")) else "it"
    shown = redact_text(text if len(content) <= 4 * _SHOWN else redact_cut(text))
    return f"{kind} begins with {shown[:_SHOWN]!r}"


@contextmanager
def only_decode_errors(content: bytes) -> Iterator[None]:
    """Turn any exception of a reader into a `DecodeError`; `content` is the body that it reads, or its beginning."""
    try:
        yield
    except DecodeError:
        raise
    except Exception as error:
        raise decode_error(error, content) from error


def decode_error(error: Exception, content: bytes) -> DecodeError:
    """Return the `DecodeError` for an exception of a reader, caused by it; `content` is the body, or its beginning.

    Numbers alone can raise `ValueError`, `OverflowError` and `decimal.InvalidOperation`, nesting `RecursionError`, and
    a large body `MemoryError`. None of them says anything about the result of the call.
    """
    if isinstance(error, DecodeError):
        return error
    cause = redact_message(f"{type(error).__name__}: {error}", _SHOWN)
    failed = DecodeError(f"the response can't be read ({cause}): {beginning(content)}")
    failed.__cause__ = error
    return failed


def iso(value: date | datetime) -> str:
    """Return a date as YYYY-MM-DD, and an aware datetime as YYYY-MM-DDTHH:MM:SSZ."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"
    return value.isoformat()


def of_day(value: time) -> str:
    """Return a time of day as 8:00am."""
    return f"{value.hour % _NOON or _NOON}:{value.minute:02}{'am' if value.hour < _NOON else 'pm'}"


def read_date(text: str) -> date:
    """Read a date.

    Raises:
        ValueError: the text is not a date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        text = text.strip()
    if match := _NUMBERS.match(text):
        year, month, day = map(int, match.groups())
    elif match := _DAY_FIRST.match(text):
        day, month, year = int(match[1]), _month(match[2]), int(match[3])
    elif match := _MONTH_FIRST.match(text):
        month, day, year = _month(match[1]), int(match[2]), int(match[3])
    else:
        msg = f"expected a date like 2026-01-31, got {text!r}"
        raise ValueError(msg)
    return date(year, month, day)


def read_datetime(text: str) -> datetime:
    """Read a datetime; without a zone, or with -0000, it is in UTC.

    Raises:
        ValueError: the text is not a datetime.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        try:
            value = _read_padded(text.strip())
        except Exception:  # noqa: BLE001 - the parser of e-mail dates raises OverflowError and others, too
            msg = f"expected a datetime like 2026-01-31T08:00:00Z, got {text!r}"
            raise ValueError(msg) from None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _read_padded(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def read_time(text: str) -> time:
    """Read a time of day: 8:00am, 8:00 am or 16:45.

    Raises:
        ValueError: the text is not a time of day.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        msg = f"expected a time of day like 8:00am, got {text!r}"
        raise ValueError(msg)
    hour, half = int(match[1]), (match[4] or "").lower()
    if half:
        if not 1 <= hour <= _NOON:
            msg = f"expected a time of day like 8:00am, got {text!r}"
            raise ValueError(msg)
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return time(hour, int(match[2]), int(match[3] or 0))


def _month(name: str) -> int:
    try:
        return _MONTHS.index(name[:3].lower()) + 1
    except ValueError:
        msg = f"{name!r} is not a month"
        raise ValueError(msg) from None
