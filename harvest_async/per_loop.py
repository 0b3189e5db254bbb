"""One value for each event loop, for objects that live longer than a loop or are used by several threads.

Invariants:
- A value is used on the event loop on which it was made, and on no other.
- It is closed by `aclose`, or when its loop ends (`asyncio.run` and `asyncio.Runner` close asynchronous generators).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from threading import Lock
from typing import Generic, TypeVar

from harvest_async.cancellation import finish

__all__ = ["PerLoop"]

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a value when an event loop first asks for it. Any thread may ask.

    Args:
        make: makes a value.
        close: closes one.
    """

    __slots__ = ("__weakref__", "_close", "_guard", "_held", "_make")

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._held: dict[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None, None]]] = {}
        self._guard = Lock()

    async def get(self) -> T:
        """Return the value of the running event loop."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is not None:
            return held[0]
        with self._guard:
            for closed in [each for each in self._held if each.is_closed()]:
                del self._held[closed]
            value = self._make()
            keeper = _keep(self._close, value)
            self._held[loop] = value, keeper
        await anext(keeper)
        return value

    async def aclose(self) -> None:
        """Close the value of the running event loop, and have those of other loops closed that still run."""
        running = asyncio.get_running_loop()
        with self._guard:
            held, self._held = self._held, {}
        for loop, (_, keeper) in held.items():
            if loop is not running and loop.is_running():
                asyncio.run_coroutine_threadsafe(keeper.aclose(), loop)
        if running in held:
            await held[running][1].aclose()


async def _keep(close: Callable[[T], Awaitable[None]], value: T) -> AsyncGenerator[None, None]:
    """Close a value when this generator is closed: an event loop that ends closes those that began on it."""

    async def end() -> None:
        await close(value)

    try:
        yield
    finally:
        await finish(end())
