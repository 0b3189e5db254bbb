"""The parameters that select the records of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.v2.base import Request
from harvest_async.sandbox.values import read_day, read_time, read_value

__all__ = ["day_of", "flag_of", "matching", "number_of", "since", "within"]


def since(request: Request, records: Iterable[Record]) -> list[Record]:
    """Return the records that `updated_since` selects."""
    given = request.parameter("updated_since")
    if not given:
        return list(records)
    time = read_time(given)
    return [record for record in records if record["updated_at"] >= time]


def matching(request: Request, records: Iterable[Record], **values: Callable[[Record], Any]) -> list[Record]:
    """Return the records whose value equals a parameter's; an id and a flag are read as such."""
    kept = list(records)
    for name, value in values.items():
        if request.parameter(name):
            wanted = flag_of(request, name) if name.startswith("is_") else number_of(request, name)
            kept = [record for record in kept if value(record) == wanted]
    return kept


def within(request: Request, records: Iterable[Record], name: str) -> list[Record]:
    """Return the records whose day is in the range of `from` and `to`; either may be missing."""
    first, last = day_of(request, "from") or date.min, day_of(request, "to") or date.max
    return [record for record in records if first <= record[name] <= last]


def number_of(request: Request, name: str) -> int | None:
    """Return a parameter that is an id; None if it is missing."""
    given = request.parameter(name)
    number = read_id(given) if given else None
    if given and number is None:
        raise Refusal(422, f"{name} is invalid")
    return number


def flag_of(request: Request, name: str) -> bool | None:
    """Return a parameter that is true or false; None if it is missing."""
    flag: bool | None = read_value(name, bool, request.parameter(name))
    return flag


def day_of(request: Request, name: str) -> date | None:
    """Return a parameter that is a day; None if it is missing."""
    given = request.parameter(name)
    try:
        return read_day(given) if given else None
    except ValueError:
        raise Refusal(422, f"{name} is not a date") from None
