"""What is checked before a call is made: whatever the server would misread, or answer with a riddle.

Rules of this room: pure. Each check gives the value that is sent, or raises `InvalidArgument` with the argument's name
and what to give instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from harvest_async.codec.text import read_date
from harvest_async.errors import InvalidArgument

__all__ = ["day", "hours", "known_fields", "required_text", "segment", "since"]

_CONTROL = re.compile("[\x00-\x1f\x7f]")


def segment(name: str, value: int | str) -> str:
    """A value that stands in the path: an id, or an e-mail address (contract: person_by_email)."""
    text = str(value)
    if isinstance(value, bool) or text in {"", ".", ".."} or _CONTROL.search(text):
        raise InvalidArgument(f"{name}: give an id, not {value!r}")
    return text


def required_text(name: str, value: str) -> str:
    """A text that may not be blank."""
    text: object = value
    if not isinstance(text, str) or not text.strip():
        raise InvalidArgument(f"{name}: give a text, not {value!r}")
    return text


def hours(name: str, value: Decimal | float | str) -> Decimal:
    """Decimal hours, 0 or more. Blank ones would start a timer (contract: blank_hours_starts_timer)."""
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        number = Decimal(-1)
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise InvalidArgument(f"{name}: give decimal hours like Decimal('1.5'), not {value!r}")
    return number


def day(name: str, value: date | str) -> date:
    """A day; a moment is none, since whose day it falls on depends on a zone."""
    if isinstance(value, str):
        try:
            return read_date(value)
        except ValueError as error:
            raise InvalidArgument(f"{name}: {error}") from None
    given: object = value
    if isinstance(given, datetime) or not isinstance(given, date):
        raise InvalidArgument(f"{name}: give a date, not {value!r}")
    return given


def since(value: datetime) -> str:
    """An aware moment as `updated_since` wants it: UTC, whole minutes, rounded down (contract: updated_since)."""
    if value.tzinfo is None:
        raise InvalidArgument(f"updated_since: give a datetime with a time zone, not {value!r}")
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def known_fields(name: str, fields: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that the endpoint takes, checked by the kind that their names have.

    Args:
        name: the endpoint, for the error.
        fields: what the caller gave.
        known: the fields that may be given, with their types.
    """
    for field, value in fields.items():
        if field not in known:
            raise InvalidArgument(f"{name}: it takes no {field!r}; it takes {', '.join(sorted(known))}")
        _check_kind(f"{name}: {field}", value, str(known[field]))
    return dict(fields)


_KINDS: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("bool", bool),
    ("Decimal", (Decimal, int)),
    ("int", int),
    ("date", date),
    ("time", time),
    ("str", str),
)


def _check_kind(name: str, value: Any, kind: str) -> None:
    if value is None and "None" in kind:
        return
    for word, allowed in _KINDS:
        if word in kind:
            wrong = not isinstance(value, allowed) or (isinstance(value, bool) and word != "bool")
            wrong = wrong or (isinstance(value, Decimal) and not value.is_finite()) or isinstance(value, datetime)
            if wrong:
                raise InvalidArgument(f"{name}: give {kind}, not {value!r}")
            return
