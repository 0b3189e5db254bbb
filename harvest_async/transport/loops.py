"""Transports of clients that live longer than an event loop: connections belong to the loop that made them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from harvest_async.cancellation import finish
from harvest_async.errors import InvalidArgument
from harvest_async.per_loop import PerLoop

__all__ = ["GivenTransport", "LoopTransport"]


class LoopTransport(httpx.AsyncBaseTransport):
    """Sends by a transport of the running event loop; makes it when the loop is first seen.

    Several threads may use it at a time, each with an event loop of its own.

    Args:
        make: makes a transport.
        at_once: whether to make the first one now, so that wrong arguments show.
    """

    __slots__ = ("_made", "_transports")

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport], *, at_once: bool = True) -> None:
        self._made = [make()] if at_once else None
        again = (lambda: self._made.pop() if self._made else make()) if at_once else make
        self._transports = PerLoop(again, _close)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; what the loop's transport raises comes out."""
        return await (await self.current()).handle_async_request(request)

    async def current(self) -> httpx.AsyncBaseTransport:
        """Return the transport of the running event loop."""
        return await self._transports.get()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._made:
            await self._made.pop().aclose()
        await self._transports.aclose()


class GivenTransport(httpx.AsyncBaseTransport):
    """Sends by a transport of the caller's, which can't be made again, on the event loop that uses it first.

    On a second event loop it raises `InvalidArgument`: the connections belong to the first one, so that every second
    call would fail. `aclose` alone closes it, since the caller may use it elsewhere.

    Args:
        transport: the caller's.
    """

    __slots__ = ("_loop", "_transport")

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._loop: asyncio.AbstractEventLoop | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; what the transport raises comes out."""
        return await (await self.current()).handle_async_request(request)

    async def current(self) -> httpx.AsyncBaseTransport:
        """Return the transport.

        Raises:
            InvalidArgument: it belongs to another event loop.
        """
        running = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = running
        if self._loop is not running:
            raise InvalidArgument(
                "transport: the one that the client was given belongs to another event loop: "
                "leave the argument out, or make a client for each event loop"
            )
        return self._transport

    async def aclose(self) -> None:
        """Close the transport; on its own event loop, if that still runs."""
        running = asyncio.get_running_loop()
        if self._loop is None or self._loop is running:
            await finish(self._transport.aclose())
        elif self._loop.is_running():
            asyncio.run_coroutine_threadsafe(self._transport.aclose(), self._loop)


async def _close(transport: httpx.AsyncBaseTransport) -> None:
    await transport.aclose()
