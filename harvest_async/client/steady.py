"""Read lists that are paged by numbers without missing a record, although others delete records meanwhile.

The records of a page begin at a number: when a record before it is deleted, a record moves to a page that was read
already. A single page is one response, which misses nothing, so only the first page of a list is read: the next list
ends with the oldest day of that page, whose records are left out if they came already. Where this is impossible,
because records have no day, come in another order, or fill a page with one day, the list is read until two readings
agree.

Notes:
- A record that moves to another day meanwhile, from one that was not read to one that was, is missed; it has changed,
  so a list of changes since the beginning has it.
- Each record is yielded once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

from harvest_async.errors import HarvestError

__all__ = ["Listed", "agreed", "latest_first"]

_ROUNDS: Final = 20
_DAY: Final = timedelta(days=1)


class Listed(Protocol):
    """A record of a list."""

    @property
    def id(self) -> int | None:
        """Return its id."""
        ...

    @property
    def updated_at(self) -> datetime | None:
        """Return the time of its latest change."""
        ...


T = TypeVar("T", bound=Listed)
Read = Callable[[date | None, date | None], AsyncIterator[T]]
"""Returns the list from a first to a last day; None leaves the filter out."""


async def latest_first(
    read: Read[T], day_of: Callable[[T], date | None], *, size: int, first: date | None = None, last: date | None = None
) -> AsyncGenerator[T, None]:
    """Yield the records of a list that the server sorts by day, the latest first.

    Args:
        read: returns the list of some days, in pages of `size` records.
        day_of: returns a record's day.
        size: the number of records on a page.
        first: the first day; None for all.
        last: the last day; None for all.

    Raises:
        HarvestError: as the list; or the records of one day change too fast to be read.
    """
    seen: set[int | None] = set()
    while True:
        page = _Page(day_of, size, last)
        async with aclosing(page.records(read(first, last))) as found:
            async for record in found:
                if record.id not in seen:
                    seen.add(record.id)
                    yield record
        if not page.is_full:
            return
        one_day = page.oldest is not None and page.oldest == page.latest
        days = (page.oldest, page.oldest) if page.is_sorted and one_day else (first, last)
        if page.is_sorted and not one_day:
            last = page.oldest
            continue
        async with aclosing(agreed(partial(read, *days), size=size, seen=seen)) as found:
            async for record in found:
                yield record
        if days == (first, last) or page.oldest is None or page.oldest == first:
            return
        last = page.oldest - _DAY


@asynccontextmanager
async def _ended(found: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close a list at the end of the block, also one that was not read to its end."""
    try:
        yield found
    finally:
        if (close := getattr(found, "aclose", None)) is not None:
            await close()


class _Page(Generic[T]):
    """The first page of a list, and what its days show."""

    def __init__(self, day_of: Callable[[T], date | None], size: int, last: date | None) -> None:
        self._day_of = day_of
        self._size = size
        self._last = last or date.max
        self._count = 0
        self.is_sorted = True
        self.latest: date | None = None
        self.oldest: date | None = None

    @property
    def is_full(self) -> bool:
        """Whether the list may have another page."""
        return self._count == self._size

    async def records(self, found: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """Yield the records of the page; the next page is not requested."""
        async with _ended(found):
            async for record in found:
                self._count += 1
                day = self._day_of(record)
                if day is None or day > (self.oldest or self._last):
                    self.is_sorted = False
                self.latest, self.oldest = self.latest or day, day
                yield record
                if self.is_full:
                    return


async def agreed(
    read: Callable[[], AsyncIterator[T]], *, size: int, seen: set[int | None] | None = None
) -> AsyncGenerator[T, None]:
    """Yield the records of a list in any order; a list of several pages is read until two readings agree.

    A reading has missed nothing if each record that it found is unchanged in the next one: nothing was deleted before
    a page that it read.

    Args:
        read: returns the list.
        size: the number of records on a page.
        seen: the ids of records that are not yielded; it gets those of the yielded ones.

    Raises:
        HarvestError: as the list; or the records change too fast to be read.
    """
    known = set[int | None]() if seen is None else seen
    before: dict[int | None, datetime | None] | None = None
    for _ in range(_ROUNDS):
        now: dict[int | None, datetime | None] = {}
        async with _ended(read()) as found:
            async for record in found:
                now[record.id] = record.updated_at
                if record.id not in known:
                    known.add(record.id)
                    yield record
        if len(now) < size or (before is not None and before.items() <= now.items()):
            return
        before = now
    raise HarvestError(
        f"the records of a list changed each of the {_ROUNDS} times it was read: try again when other programs change "
        "fewer of them"
    )
