"""A transport for clients that live longer than an event loop: each loop has connections of its own.

Invariants:
- A connection is used on the event loop that made it, and on no other.
- Connections are closed with their transport, or when their loop ends (`asyncio.run`, `asyncio.Runner`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from threading import Lock

import httpx

__all__ = ["LoopTransport", "for_one_loop"]


class LoopTransport(httpx.AsyncBaseTransport):
    """Sends by a transport of the running event loop; makes it when the loop is first seen.

    Several threads may use it at a time, each with an event loop of its own.

    Args:
        make: makes a transport.
    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._make = make
        self._spare: httpx.AsyncBaseTransport | None = make()  # what is wrong with the arguments shows at once
        self._held: dict[asyncio.AbstractEventLoop, tuple[httpx.AsyncBaseTransport, AsyncGenerator[None, None]]] = {}
        self._guard = Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; what the loop's transport raises comes out."""
        return await (await self.current()).handle_async_request(request)

    async def current(self) -> httpx.AsyncBaseTransport:
        """Return the transport of the running event loop."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is not None:
            return held[0]
        with self._guard:
            for closed in [each for each in self._held if each.is_closed()]:
                del self._held[closed]  # what was connected on it can't be used, nor closed in order, any more
            transport, self._spare = self._spare or self._make(), None
            keeper = _keeper(transport)
            self._held[loop] = transport, keeper
        await anext(keeper)
        return transport

    async def aclose(self) -> None:
        """Close the connections of the running event loop, and have those of other loops closed that still run."""
        running = asyncio.get_running_loop()
        with self._guard:
            held, self._held = self._held, {}
        for loop, (_, keeper) in held.items():
            if loop is not running and loop.is_running():
                asyncio.run_coroutine_threadsafe(keeper.aclose(), loop)
        if running in held:
            await held[running][1].aclose()


def for_one_loop(transport: httpx.AsyncBaseTransport) -> LoopTransport:
    """Wrap a transport that can't be made again: on a second event loop, nothing is sent and an error says why."""
    given = [transport]

    def make() -> httpx.AsyncBaseTransport:
        return given.pop() if given else _Unusable()

    return LoopTransport(make)


class _Unusable(httpx.AsyncBaseTransport):
    """What stands for a transport whose connections belong to another event loop."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(
            "the transport that the client was given belongs to another event loop: "
            "leave the argument `transport` out, or make a client for each event loop",
            request=request,
        )


async def _keeper(transport: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
    """Close a transport when this generator is closed: an event loop that ends closes those that began on it."""
    try:
        yield
    finally:
        await transport.aclose()
