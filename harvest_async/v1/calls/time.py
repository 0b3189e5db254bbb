"""Time tracking: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from harvest_async.call import Call, Created, DeleteResult, path
from harvest_async.client import builders as frame
from harvest_async.client.builders import IDEMPOTENT, SAFE, UNSAFE, Id
from harvest_async.client.results import Bare, Changed, Entry, Made, Removed
from harvest_async.v1.models import Daily, DayEntry

__all__ = ["create_entry", "daily", "delete_entry", "show_entry", "toggle_timer", "update_entry"]


def daily(day: date | None, of_user: Id | None, *, slim: bool) -> Call[Daily]:
    """Contract: time_tracking.daily, time_tracking.daily_for_date: the day of the year comes first."""
    query = (*frame.of_user(of_user), *((("slim", "1"),) if slim else ()))
    if day is None:
        return Call("time_tracking.daily", "GET", "/daily", Bare(Daily), SAFE, query)
    where = path("/daily/{}/{}", day.timetuple().tm_yday, day.year)
    return Call("time_tracking.daily_for_date", "GET", where, Bare(Daily), SAFE, query)


def show_entry(id: Id, of_user: Id | None) -> Call[DayEntry]:
    """Contract: time_tracking.show."""
    return Call(
        "time_tracking.show", "GET", frame.place("/daily/show/{entry}", id), Entry(), SAFE, frame.of_user(of_user)
    )


def toggle_timer(id: Id, of_user: Id | None) -> Call[DayEntry]:
    """Contract: time_tracking.toggle_timer: a GET that changes state (toggle_is_get)."""
    return Call(
        "time_tracking.toggle_timer",
        "GET",
        frame.place("/daily/timer/{entry}", id),
        Entry(),
        UNSAFE,
        frame.of_user(of_user),
    )


def create_entry(fields: Mapping[str, Any], of_user: Id | None) -> Call[Created[DayEntry]]:
    """Contract: time_tracking.create."""
    result, body = Made(Entry()), frame.request(fields)
    return Call("time_tracking.create", "POST", "/daily/add", result, UNSAFE, frame.of_user(of_user), body)


def update_entry(id: Id, fields: Mapping[str, Any], of_user: Id | None) -> Call[DayEntry | None]:
    """Contract: time_tracking.update: by POST (update_verb), and whole (update_overwrites)."""
    where = frame.place("/daily/update/{entry}", id)
    return Call(
        "time_tracking.update",
        "POST",
        where,
        Changed(Entry()),
        IDEMPOTENT,
        frame.of_user(of_user),
        frame.request(fields),
    )


def delete_entry(id: Id, of_user: Id | None) -> Call[DeleteResult]:
    """Contract: time_tracking.delete."""
    return Call(
        "time_tracking.delete",
        "DELETE",
        frame.place("/daily/delete/{entry}", id),
        Removed(),
        IDEMPOTENT,
        frame.of_user(of_user),
    )
