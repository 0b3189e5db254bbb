"""A transport for clients that live longer than an event loop: each loop has connections of its own."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from harvest_async.errors import InvalidArgument
from harvest_async.per_loop import PerLoop

__all__ = ["LoopTransport", "for_one_loop"]


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


def for_one_loop(transport: httpx.AsyncBaseTransport) -> LoopTransport:
    """Wrap a transport that can't be made again: on a second event loop it raises `InvalidArgument`.

    Its connections belong to the event loop that made them, so that on another one every second call would fail.
    """
    given = [transport]

    def make() -> httpx.AsyncBaseTransport:
        if not given:
            raise InvalidArgument(
                "transport: the one that the client was given belongs to another event loop: "
                "leave the argument out, or make a client for each event loop"
            )
        return given.pop()

    return LoopTransport(make)


async def _close(transport: httpx.AsyncBaseTransport) -> None:
    await transport.aclose()
