"""How days, moments and times of day are written and read as text.

Rules of this room: pure, one writer and one reader for each kind. ISO 8601 is tried first, then the forms of the time
tracking section (contract: dates.time_tracking); the name of a weekday is never looked at (contract: weekday_mismatch).
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

__all__ = ["NUMBERS", "beginning", "iso", "of_day", "only_decode_errors", "read_date", "read_datetime", "read_time"]

NUMBERS: Final = Context(prec=1_000, Emax=999, Emin=-999, traps=[InvalidOperation, Overflow, Underflow, Inexact])
"""How decimal numbers are read: exactly, or not at all where they have more than 1,000 digits or places.

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
    """What a body that can't be read begins with, for an error message."""
    text = content[: 4 * _SHOWN].decode("utf-8", errors="replace").strip()
    if not text:
        return "it is empty"
    kind = "an HTML page" if text[:15].lower().startswith(("<!doctype html", "<html")) else "it"
    shown = redact_text(text if len(content) <= 4 * _SHOWN else redact_cut(text))
    return f"{kind} begins with {shown[:_SHOWN]!r}"


@contextmanager
def only_decode_errors(content: bytes) -> Iterator[None]:
    """Turn whatever a reader raises into a `DecodeError`; `content` is what it reads, or how that begins.

    Numbers alone can raise `ValueError`, `OverflowError` and `decimal.InvalidOperation`, nesting `RecursionError`, and
    a large body `MemoryError`. None of them says anything about what became of the call.
    """
    try:
        yield
    except DecodeError:
        raise
    except Exception as error:
        cause = redact_message(f"{type(error).__name__}: {error}", _SHOWN)
        raise DecodeError(f"the answer can't be read ({cause}): {beginning(content)}") from error


def iso(value: date | datetime) -> str:
    """A day as YYYY-MM-DD, an aware moment as YYYY-MM-DDTHH:MM:SSZ (contract: dates)."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"
    return value.isoformat()


def of_day(value: time) -> str:
    """A time of day as 8:00am (contract: dates.time_of_day)."""
    return f"{value.hour % _NOON or _NOON}:{value.minute:02}{'am' if value.hour < _NOON else 'pm'}"


def read_date(text: str) -> date:
    """Read a day.

    Raises:
        ValueError: it is none.
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
    """Read a moment; one without a zone is in UTC, -0000 too (contract: minus_zero_zone).

    Raises:
        ValueError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = _read_padded(text.strip())
        except Exception:  # noqa: BLE001 - the parser of e-mail dates raises OverflowError and others, too
            msg = f"expected a moment like 2026-01-31T08:00:00Z, got {text!r}"
            raise ValueError(msg) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read_padded(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def read_time(text: str) -> time:
    """Read a time of day: 8:00am, 8:00 am or 16:45 (contract: time_of_day.also_accept).

    Raises:
        ValueError: it is none.
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
        msg = f"{name!r} is no month"
        raise ValueError(msg) from None
