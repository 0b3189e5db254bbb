"""What is checked before a call is made: whatever the server would misread, or answer with a riddle.

Rules of this room: pure. Each check gives the value that is sent, or raises `InvalidArgument` with the argument's name
and what to give instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import Any, Final

from harvest_async.codec.text import read_date
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import models

__all__ = [
    "Check",
    "check_of",
    "day",
    "hours",
    "number",
    "order",
    "record_id",
    "reference",
    "required_text",
    "segment",
    "since",
]

Check = Callable[[str, Any], Any]

_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_YEARS: Final = range(1900, 2200)
_PATIENCE: Final = 40
_DIGITS: Final = 30
"""How large and how fine a number may be, in digits."""

REFERS: Final[dict[str, tuple[type[Any], ...]]] = {
    "category": (models.InvoiceItemCategory,),
    "client": (models.Client,),
    "contact": (models.Contact,),
    "entry": (models.DayEntry, models.ReportEntry),
    "expense": (models.Expense,),
    "expense_category": (models.ExpenseCategory,),
    "invoice": (models.Invoice,),
    "message": (models.InvoiceMessage,),
    "payment": (models.InvoicePayment,),
    "person": (models.Person, models.Me),
    "project": (models.Project, models.TrackableProject),
    "task": (models.Task, models.TrackableTask),
    "task_assignment": (models.TaskAssignment,),
    "user_assignment": (models.UserAssignment,),
}
"""The records that may be given in place of an id, by what the id is of."""

_PEOPLE: Final = frozenset({"of_user", "user"})


def record_id(name: str, value: Any) -> object:
    """The id of what is given: a record's own, or the value itself.

    Args:
        name: what it is the id of: `client`, `client_id`.
        value: an id, or a record of that kind.
    """
    kinds = REFERS.get(_referred(name), ())
    if isinstance(value, kinds):
        number: int | None = value.id
        if number is None:
            raise InvalidArgument(
                f"{name}: this {type(value).__name__} came from the server without an id: give the id"
            )
        if not number:
            raise InvalidArgument(f"{name}: this {type(value).__name__} has no id: it has yet to be made")
        return number
    if hasattr(value, "id"):
        wanted = " or ".join(kind.__name__ for kind in kinds) or "one"
        raise InvalidArgument(f"{name}: give an id or a {wanted}, not a {type(value).__name__}")
    return value


def segment(name: str, value: object) -> str:
    """What stands in the path or in a query: an id, a record, or an e-mail address (contract: person_by_email)."""
    known = record_id(name, value)
    text = str(known)
    wrong = isinstance(known, bool) or not isinstance(known, int | str) or (isinstance(known, int) and known <= 0)
    if wrong or text in {"", ".", ".."} or _CONTROL.search(text):
        raise InvalidArgument(f"{name}: give an id, not {_shown(value)}")
    return text


def reference(name: str, value: object) -> int:
    """An id in a body: a number, whatever it was given as (contract: ids_as_strings)."""
    known = record_id(name, value)
    if isinstance(known, str) and known.strip().isdecimal():
        known = int(known)
    if isinstance(known, bool) or not isinstance(known, int) or known <= 0:
        raise InvalidArgument(f"{name}: give an id, not {_shown(value)}")
    return known


def required_text(name: str, value: object) -> str:
    """A text that may not be blank."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidArgument(f"{name}: give a text, not {_shown(value)}")
    return value


def number(name: str, value: object) -> Decimal:
    """A decimal number. Floats have to be exact: nobody can tell 0.1 from its neighbours."""
    try:
        found = Decimal(value.strip() if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (InvalidOperation, ValueError, TypeError):
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite() or abs(found.adjusted()) > _DIGITS:
        raise InvalidArgument(f"{name}: give a decimal number like Decimal('1.5'), not {_shown(value)}")
    if isinstance(value, float) and found != Decimal(repr(value)):
        raise InvalidArgument(f"{name}: the float {value!r} is not exact: give Decimal('{value!r}')")
    return found


def hours(name: str, value: object) -> Decimal:
    """Decimal hours, 0 or more. Blank ones would start a timer (contract: blank_hours_starts_timer)."""
    found = number(name, value)
    if found < 0:
        raise InvalidArgument(f"{name}: give 0 or more hours, not {_shown(value)}")
    return found


def day(name: str, value: object) -> date:
    """A day; a moment is none, since whose day it falls on depends on a zone."""
    if isinstance(value, str):
        try:
            value = read_date(value)
        except ValueError as error:
            raise InvalidArgument(f"{name}: {error}") from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise InvalidArgument(f"{name}: give a date, not {_shown(value)}")
    if value.year not in _YEARS:
        raise InvalidArgument(f"{name}: {value} is out of range: give a day from {_YEARS[0]} to {_YEARS[-1]}")
    return value


def order(first_name: str, first: object, last_name: str, last: object) -> tuple[date, date]:
    """Two days, the first not after the last (contract: dates.report_range: both are included)."""
    begin, end = day(first_name, first), day(last_name, last)
    if begin > end:
        raise InvalidArgument(f"{first_name}={begin} lies after {last_name}={end}")
    return begin, end


def moment(name: str, value: object) -> datetime:
    """A moment with a time zone."""
    if not isinstance(value, datetime):
        raise InvalidArgument(f"{name}: give a datetime with a time zone, not {_shown(value)}")
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidArgument(f"{name}: {value} has no time zone: give it one, {value}+00:00 for example")
    if value.year not in _YEARS:
        raise InvalidArgument(f"{name}: {value} is out of range: give a moment from {_YEARS[0]} to {_YEARS[-1]}")
    return value


def since(value: object) -> str:
    """An aware moment as `updated_since` wants it: UTC, whole minutes, rounded down (contract: updated_since)."""
    return moment("updated_since", value).astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def check_of(kind: str) -> Check:
    """How a value is checked whose type is written so: `Number | None`."""
    words = kind.split(" | ")
    base = words[0].partition("[")[0]
    known = getattr(models, base, None)
    check: Check = _CHECKS.get(base, _text)
    if isinstance(known, type) and issubclass(known, StrEnum):
        check = partial(_word, known)
    if "None" not in words:
        return check
    return lambda name, value: None if value is None else check(name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name}: give a text, not {_shown(value)}")
    return value


def _word(known: type[StrEnum], name: str, value: object) -> str:
    """A word of a set, as the server spells it; one that is not known here may be known there."""
    text = required_text(name, value)
    try:
        return known(text)
    except ValueError:
        return text


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name}: give True or False, not {_shown(value)}")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(f"{name}: give a whole number, not {_shown(value)}")
    return value


def _time(name: str, value: object) -> time:
    if not isinstance(value, time):
        raise InvalidArgument(f"{name}: give a time, like time(8, 30), not {_shown(value)}")
    if value.tzinfo is not None or value.second or value.microsecond:
        raise InvalidArgument(f"{name}: give whole minutes without a zone, as the timesheet's clock shows, not {value}")
    return value


def _zone(name: str, value: object) -> str:
    try:
        return models.zone_name(required_text(name, value))
    except ValueError as error:
        raise InvalidArgument(f"{name}: {error}") from None


def _lines(name: str, value: object) -> str:
    """Line items as a table; one that was given as text has to have the whole header (contract: csv_header_intact)."""
    rows = list(_several(name, value, "LineItem rows"))
    if not isinstance(value, str):
        if wrong := [row for row in rows if not isinstance(row, models.LineItem)]:
            raise InvalidArgument(f"{name}: give LineItem rows, not {_shown(wrong[0])}")
        return models.write_lines(rows)
    try:
        models.read_lines(value)
    except ValueError as error:
        raise InvalidArgument(f"{name}: {error}") from None
    header = ",".join(models.HEADER)
    if value.strip() and value.strip().splitlines()[0].strip() != header:
        raise InvalidArgument(f"{name}: the first line has to be {header}, or the server drops all lines")
    return value.strip()


def _projects(name: str, value: object) -> str:
    given = value.split(",") if isinstance(value, str) else _several(name, value, "projects")
    return ",".join(str(reference("project", each)) for each in given)


def _addresses(name: str, value: object) -> str:
    given = value.split(",") if isinstance(value, str) else _several(name, value, "e-mail addresses")
    found = [_text(name, each).strip() for each in given]
    if not found or any("@" not in each or _CONTROL.search(each) for each in found):
        raise InvalidArgument(f"{name}: give one or more e-mail addresses, not {_shown(value)}")
    return ",".join(found)


def _several(name: str, value: object, what: str) -> Iterable[Any]:
    if not isinstance(value, Iterable):
        raise InvalidArgument(f"{name}: give {what}, not {_shown(value)}")
    return value


def _referred(name: str) -> str:
    """What an id is of: `client` of `client_id`."""
    plain = name.rpartition(" ")[2].removesuffix("_id")
    return "person" if plain in _PEOPLE else plain


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _PATIENCE else f"{text[:_PATIENCE]}..."


_CHECKS: Final[dict[str, Check]] = {
    "Addresses": _addresses,
    "Day": day,
    "Hours": hours,
    "Lines": _lines,
    "Name": required_text,
    "Number": number,
    "PersonRef": reference,
    "ProjectRef": reference,
    "ProjectRefs": _projects,
    "Ref": reference,
    "TaskRef": reference,
    "ZoneName": _zone,
    "bool": _flag,
    "datetime": moment,
    "int": _whole,
    "time": _time,
}
