"""A list of the account that is loaded once and then updated by the records that changed.

Notes:
- No network: the caller gives a `CachedList` the function that requests the list.
- Deleted records are not among the changed ones, so a record that one of our own calls wrote counts as unknown until
  the server has returned it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from attrs import define

from harvest_async.clock import Clock, span
from harvest_async.errors import DecodeError, HarvestError, InvalidArgument

__all__ = ["CachedList", "Fetch", "Named", "Tally"]

T = TypeVar("T")

Fetch = Callable[[datetime | None], Awaitable[list[T]]]
"""Requests the whole list, or the records that changed since a time, by one call."""

_GLANCE: Final = 200

OVERLAP: Final = timedelta(minutes=1)
"""How far the times of two updates overlap: the server rounds times to the second."""


@define
class Tally:
    """The number of calls that cached lists made and saved.

    Attributes:
        calls: lists that were requested.
        saved: look-ups that needed no call of their own.
    """

    calls: int = 0
    saved: int = 0


class CachedList(Generic[T]):
    """A list that is cached.

    Args:
        name: the kind of the records, for messages.
        fetch: requests the list.
        clock: the source of the time.
        max_age: seconds after which the list is updated before it is used.
        tally: counts the calls.
    """

    def __init__(self, name: str, fetch: Fetch[T], clock: Clock, max_age: float, tally: Tally) -> None:
        self._name = name
        self._fetch = fetch
        self._clock = clock
        self._max_age = span(max_age)
        self._tally = tally
        self._records: dict[int, T] = {}
        self._indexes: dict[str, dict[str, list[T]]] = {}
        self._loaded: int | None = None  # the time of the last update
        self._mark: datetime | None = None  # the server's time up to which its changes are known
        self._touches = 0  # how many writes of our own there were,
        self._known = -1  # and how many of them the list includes
        self._suspects: set[int] = set()  # the records that they wrote
        self._deleted: set[int] = set()  # the records that they deleted while a list was requested
        self._loading: asyncio.Task[HarvestError | None] | None = None

    async def all(self) -> list[T]:
        """Return all records, archived ones too.

        Raises:
            HarvestError: they had to be requested, which failed.
        """
        await self._ready()
        return list(self._records.values())

    async def by_id(self, id: int) -> T | None:
        """Return the record with an id; None if there is none.

        Raises:
            HarvestError: as `all`.
        """
        await self._ready()
        return self._records.get(id)

    async def refresh(self) -> None:
        """Update the list now, by one call.

        Raises:
            HarvestError: as `all`.
        """
        self._touches += 1
        await self._ready()

    def touch(self, id: int | None = None, *, deleted: bool = False) -> None:
        """Take note of a write.

        Args:
            id: the record; None if it is a new one.
            deleted: whether the record is certainly deleted.
        """
        self._touches += 1
        if id is not None and deleted:
            self._deleted.add(id)
            self._drop(id)
        elif id is not None:
            self._suspects.add(id)

    def forget(self) -> None:
        """Discard the list: all of it is requested next."""
        self._touches += 1
        self._loaded = self._mark = None

    # Inside

    async def _matches(self, key: str, value: str, read: Callable[[T], str | None]) -> list[T]:
        """Return the records with a value of a field; case and surrounding blanks are ignored."""
        await self._ready()
        if key not in self._indexes:
            index = self._indexes[key] = {}
            for record in self._records.values():
                index.setdefault(_plain(read(record) or ""), []).append(record)
        return self._indexes[key].get(_plain(value), []) if value.strip() else []

    async def _one(self, key: str, value: str, read: Callable[[T], str | None]) -> T | None:
        found = await self._matches(key, value, read)
        in_use = [record for record in found if is_active(record)]
        if len(found) == 1 or len(in_use) == 1:
            return (in_use or found)[0]
        if not found:
            return None
        ids = ", ".join(str(record_id(record)) for record in found)
        raise InvalidArgument(f"{self._name}: {key} {value!r} is that of {len(found)} records ({ids}): ask by id")

    async def _ready(self) -> None:
        """Update the list if it is too old or lacks a write; concurrent callers share one call."""
        written = self._touches
        if self._knows(written) or self._loading is not None:
            self._tally.saved += 1
        while not self._knows(written):
            await self._load()

    def _knows(self, written: int) -> bool:
        loaded = self._loaded
        return loaded is not None and self._known >= written and self._clock.now() - loaded < self._max_age

    async def _load(self) -> None:
        loop = asyncio.get_running_loop()
        loading = self._loading
        if loading is None or loading.done() or loading.get_loop() is not loop:  # another loop's task may never end
            loading = self._loading = loop.create_task(self._run())
            loading.add_done_callback(self._ended)
        error = await asyncio.shield(loading)
        if error is not None:
            raise copy(error) from error.__cause__

    def _ended(self, loading: asyncio.Task[HarvestError | None]) -> None:
        if self._loading is loading:
            self._loading = None

    async def _run(self) -> HarvestError | None:
        written, began, suspects = self._touches, self._clock.today(), set(self._suspects)
        self._deleted.clear()
        since = None if self._loaded is None or self._mark is None else self._mark - OVERLAP
        try:
            found = await self._ask(since)
            if since is not None and not suspects <= set(map(record_id, found)):
                since, found = None, await self._ask(None)  # deleted, or not among the changed ones
        except HarvestError as error:
            return error
        self._merge(found, began, whole=since is None)
        self._suspects -= suspects
        self._known = written
        return None

    async def _ask(self, since: datetime | None) -> list[T]:
        self._tally.calls += 1
        return await self._fetch(since)

    def _merge(self, found: list[T], began: datetime, *, whole: bool) -> None:
        if whole:
            self._records.clear()
        self._records.update((record_id(record), record) for record in found)
        for id_ in self._deleted:
            self._drop(id_)
        self._indexes.clear()
        moments = [_updated_at(record) for record in self._records.values()]
        known = [moment for moment in moments if moment is not None]
        dated = bool(known) and len(known) == len(moments)  # by the server's clock, if each record has a time
        self._mark = max(known) if dated else began if moments else None
        self._loaded = self._clock.now()

    def _drop(self, id_: int) -> None:
        self._records.pop(id_, None)
        self._indexes.clear()


class Named(CachedList[T]):
    """A list of records that have names."""

    async def by_name(self, name: str) -> T | None:
        """Return the record with a name, in any case; None if there is none, the active one of several.

        Raises:
            InvalidArgument: several records have it; `named` returns them all.
            HarvestError: as `all`.
        """
        return await self._one("name", name, name_of)

    async def named(self, name: str) -> list[T]:
        """Return all records with a name, archived ones too.

        Raises:
            HarvestError: as `all`.
        """
        return list(await self._matches("name", name, name_of))


def record_id(record: Any) -> int:
    """Return a record's id.

    Raises:
        DecodeError: the server sent the record without one.
    """
    if record.id is None:
        raise DecodeError(
            f"a {type(record).__name__} came without an id, which is needed here: {repr(record)[:_GLANCE]}"
        )
    return int(record.id)


def name_of(record: Any) -> str | None:
    """Return a record's name; a person's is the first and the last name."""
    if hasattr(record, "first_name"):
        return " ".join(part for part in (record.first_name, record.last_name) if part)
    name: str | None = record.name
    return name


def is_active(record: Any) -> bool:
    """Return whether a record is active: records have one of three fields for that."""
    for name in ("active", "is_active"):
        if getattr(record, name, None) is not None:
            return bool(getattr(record, name))
    return not getattr(record, "deactivated", False)


def _updated_at(record: Any) -> datetime | None:
    moment: datetime | None = record.updated_at
    return moment


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
