"""The lists of API v2 that are paged by numbers, read without missing a record while others delete some."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from operator import attrgetter
from typing import Any, Final

from harvest_async.client.steady import latest_first
from harvest_async.v2.client import HarvestV2

__all__ = ["is_numbered", "steady_list"]

_PAGE: Final = 2000
_DAYS: Final = {
    "time_entries": attrgetter("spent_date"),
    "expenses": attrgetter("spent_date"),
    "invoices": attrgetter("issue_date"),
    "estimates": attrgetter("issue_date"),
}
"""The day by which the records of each list are sorted, the latest first."""


def is_numbered(name: str) -> bool:
    """Return whether a resource's list is paged by numbers; the others have cursors, which miss nothing."""
    return name in _DAYS


def steady_list(
    harvest: HarvestV2, name: str, *, first: date | None = None, last: date | None = None, **filters: Any
) -> AsyncIterator[Any]:
    """List the records of a resource between two days, the latest first (see `client.steady`).

    Args:
        harvest: the client.
        name: the resource.
        first: the first day; None for all.
        last: the last day; None for all.
        filters: other filters of the list.
    """
    resource = getattr(harvest, name)

    def read(from_: date | None, to: date | None) -> AsyncIterator[Any]:
        days = {"from_": from_, "to": to}
        given = {key: day for key, day in days.items() if day is not None}
        found: AsyncIterator[Any] = resource.list(**given, **filters, per_page=_PAGE).__aiter__()
        return found

    return latest_first(read, _DAYS[name], size=_PAGE, first=first, last=last)
