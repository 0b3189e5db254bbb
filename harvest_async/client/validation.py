"""Checks of arguments before a request is sent.

A check takes the argument's name and its value. It returns the value to send, or raises `InvalidArgument` with the
argument's name and what to give instead. `check_of` finds the check for a type annotation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NoReturn, Union, get_args, get_origin

from attrs import frozen

from harvest_async.codec.text import read_date
from harvest_async.errors import InvalidArgument

__all__ = [
    "Check",
    "CheckedBy",
    "addresses",
    "check_of",
    "day",
    "flag",
    "hours",
    "moment",
    "number",
    "order",
    "refuse",
    "required_text",
    "several",
    "shown",
    "since",
]

Check = Callable[[str, Any], Any]
"""A check: the argument's name and value -> the value to send."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_YEARS: Final = range(1900, 2200)
_LONGEST: Final = 40
_DIGITS: Final = 30
"""The largest exponent of a number, in digits before or after the decimal point."""


@frozen
class CheckedBy:
    """The check of an annotated type: `Annotated[str, CheckedBy(required_text)]`."""

    check: Check


def check_of(hint: Any) -> Check:
    """Return the check for a type annotation.

    The check of an `Annotated` type is the one in its metadata. A union with `None` also accepts `None`. A union with
    a `StrEnum` or a `Literal` accepts its values and any other text, since the server may know values that this version
    does not; a type checker refuses them.

    Raises:
        TypeError: there is no check for this type.
    """
    members = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    check = _check_of([member for member in members if member is not NoneType])
    return partial(_optional, check) if NoneType in members else check


def required_text(name: str, value: object) -> str:
    """Check a text that must not be blank."""
    if not isinstance(value, str) or not value.strip():
        refuse(name, "a text", value)
    return value


def number(name: str, value: object) -> Decimal:
    """Check a decimal number; a float is accepted only if it is exact, as 0.5 is and 0.1 is not."""
    try:
        found = Decimal(value.strip() if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (InvalidOperation, ValueError, TypeError):
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite() or abs(found.adjusted()) > _DIGITS:
        refuse(name, "a decimal number like Decimal('1.5')", value)
    if isinstance(value, float) and found != Decimal(repr(value)):
        raise InvalidArgument(f"{name}: the float {value!r} is not exact: give Decimal('{value!r}')")
    return found


def hours(name: str, value: object) -> Decimal:
    """Check decimal hours: 0 or more. Blank hours would start a timer, so they are refused."""
    found = number(name, value)
    if found < 0:
        refuse(name, "0 or more hours", value)
    return found


def day(name: str, value: object) -> date:
    """Check a day. A datetime is refused, since its day depends on a time zone."""
    if isinstance(value, str):
        try:
            value = read_date(value)
        except ValueError as error:
            raise InvalidArgument(f"{name}: {error}") from None
    if isinstance(value, datetime) or not isinstance(value, date):
        refuse(name, "a date", value)
    if value.year not in _YEARS:
        raise InvalidArgument(f"{name}: {value} is out of range: give a day from {_YEARS[0]} to {_YEARS[-1]}")
    return value


def order(first_name: str, first: object, last_name: str, last: object) -> tuple[date, date]:
    """Check two days, the first of which must not be after the last; a range includes both."""
    begin, end = day(first_name, first), day(last_name, last)
    if begin > end:
        raise InvalidArgument(f"{first_name}={begin} lies after {last_name}={end}")
    return begin, end


def moment(name: str, value: object) -> datetime:
    """Check a datetime, which must have a time zone."""
    if not isinstance(value, datetime):
        refuse(name, "a datetime with a time zone", value)
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidArgument(f"{name}: {value} has no time zone: give it one, {value}+00:00 for example")
    if value.year not in _YEARS:
        raise InvalidArgument(f"{name}: {value} is out of range: give a moment from {_YEARS[0]} to {_YEARS[-1]}")
    return value


def since(name: str, value: object) -> str:
    """Return an aware datetime as `updated_since` wants it: in UTC, in whole minutes, rounded down."""
    return moment(name, value).astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def flag(name: str, value: object) -> bool:
    """Check that a value is True or False."""
    if not isinstance(value, bool):
        refuse(name, "True or False", value)
    return value


def addresses(name: str, value: object) -> str:
    """Return one or more e-mail addresses, joined by commas."""
    given = value.split(",") if isinstance(value, str) else several(name, value, "e-mail addresses")
    found = [_text(name, each).strip() for each in given]
    if not found or any("@" not in each or _CONTROL.search(each) for each in found):
        refuse(name, "one or more e-mail addresses", value)
    return ",".join(found)


def several(name: str, value: object, expected: str) -> Iterable[Any]:
    """Check that a value can be iterated over; `expected` names its elements in the error."""
    if not isinstance(value, Iterable):
        refuse(name, expected, value)
    return value


def refuse(name: str, expected: str, value: object) -> NoReturn:
    """Raise an `InvalidArgument` that says what to give instead of a value."""
    raise InvalidArgument(f"{name}: give {expected}, not {shown(value)}")


def shown(value: object) -> str:
    """Return a value as messages show it, at most 40 characters long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _check_of(members: list[Any]) -> Check:
    """Return the check for the members of a union without `None`."""
    for member in members:
        if get_origin(member) is Annotated:
            return next(each.check for each in get_args(member) if isinstance(each, CheckedBy))
        if isinstance(member, type) and issubclass(member, StrEnum):
            return partial(_enum_value, member)
        if get_origin(member) is Literal:
            return required_text
    if len(members) == 1 and members[0] in _CHECKS:
        return _CHECKS[members[0]]
    msg = f"no check for {members}: use Annotated[..., CheckedBy(...)]"
    raise TypeError(msg)


def _optional(check: Check, name: str, value: object) -> Any:
    return None if value is None else check(name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        refuse(name, "a text", value)
    return value


def _enum_value(kind: type[StrEnum], name: str, value: object) -> str:
    """Return a value of an enumeration as the server spells it, or the text itself if it is not a known value."""
    text = required_text(name, value)
    try:
        return kind(text)
    except ValueError:
        return text


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(name, "a whole number", value)
    return value


def _time(name: str, value: object) -> time:
    if not isinstance(value, time):
        refuse(name, "a time, like time(8, 30)", value)
    if value.tzinfo is not None or value.second or value.microsecond:
        raise InvalidArgument(f"{name}: give whole minutes without a time zone, as the timesheet shows, not {value}")
    return value


_CHECKS: Final[dict[type[Any], Check]] = {
    bool: flag,
    datetime: moment,
    int: _whole,
    str: _text,
    time: _time,
}
