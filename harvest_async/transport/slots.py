"""A transport for many accounts: a number of connections, each with a transport of its own.

httpcore's pool looks at each of its connections several times for each request, so one pool of 64 connections costs
many times what a request itself does. Here a request takes a free connection directly, of the same origin if there is
one.

Invariants:
- No more than `connections` are open. A request without a free one waits in the order of arrival, for as long as its
  timeout for the pool allows; calls of throttles that share a `ConnectionCap` of this size never do.
- A connection that was cut off, or whose response was not read to its end, is closed and not used again.
- Idle connections are closed by a timer, before the server closes them.
- It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeAlias

import httpx
from attrs import define, field

from harvest_async.cancellation import in_one_go
from harvest_async.errors import InvalidArgument
from harvest_async.transport.direct import IDLE

__all__ = ["SlotTransport"]

Make: TypeAlias = Callable[[str], httpx.AsyncBaseTransport]
"""Makes a transport of one connection to the origin of an address."""
_Origin: TypeAlias = tuple[str, str, int | None]

_CLOSED: Final = "the pool of accounts has been closed: make a new one"


@define(eq=False)
class _Slot:
    """A connection.

    Attributes:
        origin: the scheme, host and port that it leads to; None before its first request.
        transport: sends on it; None while it is not open.
        idle_since: when its last request ended, on the event loop's clock.
    """

    origin: _Origin | None = None
    transport: httpx.AsyncBaseTransport | None = None
    idle_since: float = 0.0


@define(eq=False)
class _Idle:
    """The connections that no request uses, by origin and by how long they are idle."""

    by_age: OrderedDict[_Slot, None] = field(factory=OrderedDict)
    by_origin: dict[_Origin, OrderedDict[_Slot, None]] = field(factory=dict)

    def add(self, slot: _Slot) -> None:
        """Add an open connection, the last one to have been used."""
        self.by_age[slot] = None
        if slot.origin is not None:
            self.by_origin.setdefault(slot.origin, OrderedDict())[slot] = None

    def take(self, origin: _Origin) -> _Slot | None:
        """Remove and return the connection to an origin that was used last; None if there is none."""
        slots = self.by_origin.get(origin)
        return None if not slots else self._remove(next(reversed(slots)))

    def oldest(self) -> _Slot | None:
        """Return the connection that is idle longest; None if there is none."""
        return next(iter(self.by_age), None)

    def take_oldest(self) -> _Slot | None:
        """Remove and return the connection that is idle longest; None if there is none."""
        slot = self.oldest()
        return None if slot is None else self._remove(slot)

    def _remove(self, slot: _Slot) -> _Slot:
        del self.by_age[slot]
        if slot.origin is not None:
            slots = self.by_origin[slot.origin]
            del slots[slot]
            if not slots:
                del self.by_origin[slot.origin]
        return slot


class SlotTransport(httpx.AsyncBaseTransport):
    """Sends requests of many clients, which do not close it: `shut` does.

    Args:
        make: makes the transport of one connection.
        connections: the most connections that are open at a time.

    Attributes:
        busy: how many connections requests use.
    """

    def __init__(self, make: Make, connections: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._make = make
        self._most = connections
        self._idle = _Idle()
        self._waiting: deque[asyncio.Future[_Slot]] = deque()
        self._used: set[_Slot] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def busy(self) -> int:
        """How many connections requests use."""
        return len(self._used)

    @property
    def open(self) -> int:
        """How many connections are open or are being made."""
        return len(self._used) + len(self._idle.by_age)

    async def current(self) -> httpx.AsyncBaseTransport:
        """Return the transport itself.

        Raises:
            InvalidArgument: it was closed, or the running event loop is another one.
        """
        if self._is_closed:
            raise InvalidArgument(_CLOSED)
        if asyncio.get_running_loop() is not self._loop:
            raise InvalidArgument(
                "this pool of accounts belongs to another event loop: make one pool for each event loop"
            )
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; exceptions of the connection's transport are passed on.

        Raises:
            httpx.PoolTimeout: no connection was free in time.
            httpx.ConnectError: the transport was closed.
        """
        url = request.url
        slot = await self._take((url.scheme, url.host, url.port), request)
        try:
            if slot.transport is None:
                slot.transport = self._make(str(url))
            response = await slot.transport.handle_async_request(request)
        except BaseException:
            await in_one_go(self._discard(slot))
            raise
        if response.is_closed:
            self._return(slot)
        else:
            response.stream = _SlotBody(response.stream, self, slot)
        return response

    async def aclose(self) -> None:
        """Do nothing: other clients use the connections."""

    async def shut(self) -> None:
        """Close all connections. Requests in flight lose theirs and fail; those that wait for one fail at once."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(httpx.ConnectError(_CLOSED))
        slots = [*self._used]
        while (slot := self._idle.take_oldest()) is not None:
            slots.append(slot)
        for slot in slots:
            await _close(slot)
        if self._closing:
            await asyncio.wait(self._closing)

    # Taking and returning connections

    async def _take(self, origin: _Origin, request: httpx.Request) -> _Slot:
        if self._is_closed:
            raise httpx.ConnectError(_CLOSED, request=request)
        slot = self._idle.take(origin)
        if slot is None and self.open >= self._most:
            slot = self._idle.take_oldest()
            if slot is None:
                slot = await self._wait(request)
        if slot is None:
            slot = _Slot()
        self._used.add(slot)
        if slot.origin != origin:
            try:
                await in_one_go(_close(slot))
            except BaseException:
                self._return(slot)
                raise
            slot.origin = origin
        return slot

    async def _wait(self, request: httpx.Request) -> _Slot:
        """Wait for a connection that another request returns; it counts as used already."""
        waiter: asyncio.Future[_Slot] = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._return(waiter.result())  # it was cancelled just when it got one
            if isinstance(error, TimeoutError):
                raise httpx.PoolTimeout("no connection was free in time", request=request) from error
            raise

    def _return(self, slot: _Slot) -> None:
        """Give a connection to the next request that waits, or keep it idle."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(slot)
                return
        self._used.discard(slot)
        if slot.transport is None:
            return
        if self._is_closed:
            self._close_later(slot)
            return
        slot.idle_since = self._loop.time()
        self._idle.add(slot)
        if self._timer is None:
            self._timer = self._loop.call_later(IDLE, self._close_idle)

    async def _discard(self, slot: _Slot) -> None:
        """Close a connection that can't be used again, and return its place."""
        try:
            await _close(slot)
        finally:
            self._return(slot)

    # Idle connections

    def _close_idle(self) -> None:
        """Close the connections that have been idle for too long."""
        self._timer, now = None, self._loop.time()
        while (slot := self._idle.oldest()) is not None:
            left = slot.idle_since + IDLE - now
            if left > 0:
                self._timer = self._loop.call_later(left, self._close_idle)
                return
            self._idle.take_oldest()
            self._close_later(slot)

    def _close_later(self, slot: _Slot) -> None:
        task = self._loop.create_task(_close(slot))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _SlotBody(httpx.AsyncByteStream):
    """A response's body that returns its connection when it is closed."""

    def __init__(self, stream: Any, transport: SlotTransport, slot: _Slot) -> None:
        self._stream = stream
        self._transport = transport
        self._slot: _Slot | None = slot
        self._is_complete = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk
        self._is_complete = True

    async def aclose(self) -> None:
        """Close the body, even if the caller is cancelled."""
        if self._slot is None:
            return
        slot, self._slot = self._slot, None
        await in_one_go(self._end(slot))

    async def _end(self, slot: _Slot) -> None:
        try:
            await self._stream.aclose()
        except BaseException:
            self._is_complete = False
            raise
        finally:
            if self._is_complete:
                self._transport._return(slot)  # noqa: SLF001 - the two classes are one
            else:
                await self._transport._discard(slot)  # noqa: SLF001


async def _close(slot: _Slot) -> None:
    """Close a connection; its place stays as it is."""
    transport, slot.transport, slot.origin = slot.transport, None, None
    if transport is not None:
        await transport.aclose()
