"""The base class of all resources, and the lists that they return.

Notes:
- A list can be awaited, or iterated over with `async for`.
- A write whose response has no record is followed by one read. An update that changes nothing sends nothing.
- Where a resource isn't found, the account is asked whether the module is switched on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Hashable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar, Final, Generic, TypeVar
from weakref import WeakValueDictionary

from attrs import field, frozen

from harvest_async.call import Call, Created, Follow, Page
from harvest_async.errors import FieldsIgnored, Forbidden, HarvestError, NotFound, ResponseError, Unauthorized
from harvest_async.exchange import Exchange

__all__ = ["AccountRules", "Learned", "Listing", "Profile", "Resource", "taken"]

T = TypeVar("T")

_NONE_KNOWN: Final[frozenset[str]] = frozenset()
"""One for all clients."""


@frozen
class Profile:
    """The settings of the account and of the person who is signed in that decide how calls are made.

    Attributes:
        timestamp_timers: whether the person tracks time by start and end.
        modules: the modules that can be switched off: True for on, False for off, None where the server doesn't say.
    """

    timestamp_timers: bool
    modules: Mapping[str, bool | None] = field(factory=dict)


@frozen
class AccountRules:
    """The facts of an API version that explain why a call was refused.

    Attributes:
        admin_calls: names of the calls that only administrators may make.
        profile_call: builds the call that reads the profile; None where the version has none.
        read_profile: turns the result of that call into a `Profile`.
    """

    admin_calls: frozenset[str] = frozenset()
    profile_call: Callable[[], Call[Any]] | None = None
    read_profile: Callable[[Any], Profile] = lambda _: Profile(timestamp_timers=False)


class Learned:
    """Facts that a client has learned about its account; shared by all clients made by its `options()`.

    Args:
        rules: the facts of the API version.

    Attributes:
        rules: the facts of the API version.
        timestamp_timers: whether the person who is signed in tracks time by start and end; None until it is known.
        modules: the modules that are known to be switched on.
    """

    __slots__ = ("_locks", "modules", "rules", "timestamp_timers")

    def __init__(self, rules: AccountRules | None = None) -> None:
        self.rules = rules or AccountRules()
        self.timestamp_timers: bool | None = None
        self.modules = _NONE_KNOWN
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] | None = None

    def note(self, result: Any) -> Profile:
        """Store the profile, given as the result of `rules.profile_call`, and return it."""
        profile = self.rules.read_profile(result)
        self.timestamp_timers = profile.timestamp_timers
        self.modules = frozenset(name for name, is_on in profile.modules.items() if is_on)
        return profile

    def forget(self) -> None:
        """Forget everything, because another person has signed in."""
        self.timestamp_timers = None
        self.modules = frozenset()

    def lock(self, urgency: Hashable) -> asyncio.Lock:
        """Return the lock for requests of one urgency, so that none waits for a call that may wait longer."""
        if self._locks is None:
            self._locks = WeakValueDictionary()
        return self._locks.setdefault((asyncio.get_running_loop(), urgency), asyncio.Lock())


class Resource:
    """The base class of all resources."""

    __slots__ = ("_exchange", "_learned")

    module: ClassVar[str | None] = None
    """The module of the account that has to be switched on for this resource."""

    def __init__(self, exchange: Exchange, learned: Learned | None = None) -> None:
        self._exchange = exchange
        self._learned = learned or Learned()

    async def _send(self, call: Call[T]) -> T:
        """Send a call and return its result."""
        try:
            return await self._exchange.send(call)
        except ResponseError as error:
            await self._explain(call, error)
            raise

    async def _create(self, call: Call[Created[T]], read: Follow[T] | None = None) -> T:
        """Create a record and return it whole (see `Exchange.create_and_read`)."""
        return await self._explained(call, self._exchange.create_and_read(call, read))

    async def _changed(self, call: Call[T | None], read: Call[T]) -> T:
        """Send a write and return its record: from the response if it has one, else read once more."""
        record = await self._send(call)
        return await self._send(read) if record is None else record

    async def _updated(
        self, before: object, model: type[T], fields: Mapping[str, Any], call: Call[T | None], read: Call[T]
    ) -> T:
        """Send an update and return its record; where nothing changes, return the given record or read it."""
        if fields:
            return await self._changed(call, read)
        return before if isinstance(before, model) else await self._send(read)

    async def _switch(self, read: Call[T], toggle: Call[T | None], *, on: bool) -> T:
        """Read a record, and toggle it only if its state differs from `on`."""
        record = await self._send(read)
        active: bool | None = getattr(record, "active", None)
        return record if active is on else await self._changed(toggle, read)

    async def _by_times(self) -> bool:
        """Return whether the account tracks start and end times; one call per client, also for concurrent uses."""
        learned, profile_call = self._learned, self._learned.rules.profile_call
        if learned.timestamp_timers is None and profile_call is not None:
            async with learned.lock(self._exchange.urgency):
                if learned.timestamp_timers is None:
                    learned.note(await self._send(profile_call()))
        return bool(learned.timestamp_timers)

    def _list(self, call: Call[Page[T]]) -> Listing[T]:
        return Listing(self, call)

    async def _records(self, call: Call[Page[T]]) -> AsyncGenerator[T, None]:
        try:
            async with aclosing(self._exchange.slices(call)) as slices:
                async for records in slices:
                    for record in records:
                        yield record
        except ResponseError as error:
            await self._explain(call, error)
            raise

    async def _explained(self, call: Call[Any], work: Awaitable[T]) -> T:
        """Await a call; add known causes to the message of a refusal."""
        try:
            return await work
        except ResponseError as error:
            await self._explain(call, error)
            raise

    async def _explain(self, call: Call[Any], error: ResponseError) -> None:
        """Add known causes to a refusal's message; a missing right and a missing record give the same 404."""
        if not isinstance(error, NotFound | Forbidden | Unauthorized):
            return
        if call.name in self._learned.rules.admin_calls:
            error.add("only administrators may make this call: check the role of the person who is signed in")
        if isinstance(error, NotFound) and self.module is not None and await self._is_off(self.module):
            error.add(f"the account's module {self.module!r} is switched off")

    async def _is_off(self, module: str) -> bool:
        """Ask the account whether a module is off; one that is known to be on is not asked about again."""
        profile_call = self._learned.rules.profile_call
        if profile_call is None or module in self._learned.modules:
            return False
        try:
            result = await self._exchange.send(profile_call())
        except HarvestError:
            return False
        return self._learned.note(result).modules.get(module) is False


class Listing(Generic[T]):
    """A list on the server: await it, or iterate over it with `async for`. Each use sends a request."""

    __slots__ = ("_call", "_resource")

    def __init__(self, resource: Resource, call: Call[Page[T]]) -> None:
        self._resource = resource
        self._call = call

    def __await__(self) -> Generator[Any, None, list[T]]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._resource._records(self._call)  # noqa: SLF001 - the two are one

    async def _whole(self) -> list[T]:
        return [item async for item in self]


def taken(name: str, sent: Mapping[str, Any], record: T, names: frozenset[str]) -> T:
    """Return a record after an update if it has the values that were sent.

    Raises:
        FieldsIgnored: the server left some of these fields as they were.
    """
    left = sorted(each for each in names & sent.keys() if getattr(record, each) != sent[each])
    if left:
        raise FieldsIgnored(
            f"{name}: the update succeeded, but the server left {', '.join(left)} as they were: "
            "check whether the record is locked",
            record=record,
            names=left,
        )
    return record
