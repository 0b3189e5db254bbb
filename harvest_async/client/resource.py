"""What all resources have in common.

Rules of this room: whatever lists can be awaited into a list or iterated over; a write that gives no record back is
followed by one read; an update with nothing in it is no call. Where a section finds nothing although it should, the
account is asked whether the section's module is on (contract: invoice_module_off).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator, Hashable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar, Generic, TypeVar, cast
from weakref import WeakValueDictionary

from harvest_async.call import Call, Created, Follow, Page, Repeat
from harvest_async.client.results import Bare
from harvest_async.errors import FieldsIgnored, Forbidden, HarvestError, NotFound, ResponseError, Unauthorized
from harvest_async.exchange import Exchange
from harvest_async.v1.models import WhoAmI

__all__ = ["Learned", "Listing", "Resource", "taken"]

T = TypeVar("T")

_ADMINS_ONLY = frozenset(
    {
        "people.create",
        "people.delete",
        "people.reset_password",
        "people.toggle",
        "people.update",
        "reports.project_entries",
        "reports.project_expenses",
        "reports.user_entries",
        "reports.user_expenses",
    }
)
"""Calls that only administrators may make (contract: admin)."""

_WHO_AM_I = Call[WhoAmI]("account.who_am_i", "GET", "/account/who_am_i", Bare(WhoAmI), Repeat.SAFE)

_MODULES = ("approval", "estimates", "expenses", "invoices")
"""The parts of an account that can be switched off (contract: modules)."""


class Learned:
    """What a client has learned about its account; all clients made by its `options()` share it.

    Attributes:
        timestamp_timers: whether the person who is signed in tracks time by start and end; None until it is known.
        modules: the modules that are known to be switched on.
    """

    __slots__ = ("_locks", "modules", "timestamp_timers")

    def __init__(self) -> None:
        self.timestamp_timers: bool | None = None
        self.modules: set[str] = set()
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def note(self, me: WhoAmI) -> None:
        """Remember what the account says of itself and of the person who is signed in."""
        self.timestamp_timers = bool(me.user.timestamp_timers)
        self.modules = {name for name in _MODULES if getattr(me.company.modules, name, None) is True}

    def forget(self) -> None:
        """Forget all of it: somebody else has signed in."""
        self.timestamp_timers = None
        self.modules = set()

    def lock(self, urgency: Hashable) -> asyncio.Lock:
        """Return the lock under which calls of one urgency ask, so that none waits for a call that may wait longer."""
        return self._locks.setdefault((asyncio.get_running_loop(), urgency), asyncio.Lock())


class Resource:
    """What all resources have: the way to the account."""

    __slots__ = ("_exchange", "_learned")

    module: ClassVar[str | None] = None
    """The part of the account that has to be switched on for this section (contract: modules)."""

    def __init__(self, exchange: Exchange, learned: Learned | None = None) -> None:
        self._exchange = exchange
        self._learned = learned or Learned()

    async def _send(self, call: Call[T]) -> T:
        """Carry a call out."""
        return await self._explained(call, self._exchange.send(call))

    async def _create(self, call: Call[Created[T]], read: Follow[T]) -> T:
        """Create a record and give it whole (see `Exchange.create_and_read`)."""
        return await self._explained(call, self._exchange.create_and_read(call, read))

    async def _changed(self, call: Call[T | None], read: Call[T]) -> T:
        """A write's record: from the answer where it is there, else read once more (contract: writes.follow_up)."""
        record = await self._send(call)
        return await self._send(read) if record is None else record

    async def _updated(
        self, before: object, model: type[T], fields: Mapping[str, Any], call: Call[T | None], read: Call[T]
    ) -> T:
        """An update's record; where nothing changes, the one at hand, or the one that is read."""
        if fields:
            return await self._changed(call, read)
        return before if isinstance(before, model) else await self._send(read)

    async def _switch(self, read: Call[T], toggle: Call[T | None], *, on: bool) -> T:
        """Toggle a record only if it needs to be, and read it again (contract: toggles_flip)."""
        record = await self._send(read)
        active: bool | None = getattr(record, "active", None)
        return record if active is on else await self._changed(toggle, read)

    def _list(self, call: Call[Page[T]]) -> Listing[T]:
        return Listing(self, call)

    async def _records(self, call: Call[Page[T]]) -> AsyncGenerator[T, None]:
        try:
            found = cast("AsyncGenerator[T, None]", self._exchange.records(call))
            async with aclosing(found) as records:
                async for record in records:
                    yield record
        except ResponseError as error:
            await self._explain(call, error)
            raise

    async def _explained(self, call: Call[Any], work: Awaitable[T]) -> T:
        """What comes of a call; a refusal tells what this section knows of its cause."""
        try:
            return await work
        except ResponseError as error:
            await self._explain(call, error)
            raise

    async def _explain(self, call: Call[Any], error: ResponseError) -> None:
        """Say in a refusal's message what this section knows of its cause (contract: role_as_404, report_role)."""
        if not isinstance(error, NotFound | Forbidden | Unauthorized):
            return
        if call.name in _ADMINS_ONLY:
            error.add("this call is for administrators: whoever is signed in may not be one")
        if isinstance(error, NotFound) and self.module is not None and await self._is_off(self.module):
            error.add(f"the account's module {self.module!r} is switched off")

    async def _is_off(self, module: str) -> bool:
        """Whether the account says that a module is off; once it was on, it is not asked about again."""
        if module in self._learned.modules:
            return False
        try:
            me = await self._exchange.send(_WHO_AM_I)
        except HarvestError:
            return False
        self._learned.note(me)
        return getattr(me.company.modules, module, None) is False


class Listing(Generic[T]):
    """A list that is on the server: await it, or iterate over it with `async for`. Each use asks the server."""

    __slots__ = ("_call", "_section")

    def __init__(self, section: Resource, call: Call[Page[T]]) -> None:
        self._section = section
        self._call = call

    def __await__(self) -> Generator[Any, None, list[T]]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._section._records(self._call)  # noqa: SLF001 - the two are one

    async def _whole(self) -> list[T]:
        return [item async for item in self]


def taken(what: str, sent: Mapping[str, Any], record: T, names: frozenset[str]) -> T:
    """A record after an update, once it has what was sent (contract: locked_fields).

    Raises:
        NotTaken: the server left some of these fields as they were.
    """
    left = sorted(name for name in names & sent.keys() if getattr(record, name) != sent[name])
    if left:
        raise FieldsIgnored(
            f"{what}: done, but the server left {', '.join(left)} as they were", record=record, names=left
        )
    return record
