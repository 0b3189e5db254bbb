"""The body of a response whose connection belongs to a lease."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from harvest_async.cancellation import in_one_go
from harvest_async.throttle.lease import Lease

__all__ = ["LeasedBody", "close", "close_after_error"]


class LeasedBody(httpx.AsyncByteStream):
    """A response's body that releases its lease's connection when it is closed."""

    def __init__(self, stream: Any, lease: Lease, sweep_pool: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
        self._lease = lease
        self._sweep_pool = sweep_pool
        self._is_complete = False
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk
        self._is_complete = True

    async def aclose(self) -> None:
        """Close the body, even if the caller is cancelled, and release the connection."""
        if self._is_closed:
            return
        self._is_closed = True
        # A pool that is cancelled while it takes a connection back keeps it as if it were in use.
        try:
            await in_one_go(self._return_connection())
        finally:
            self._lease.release()

    async def _return_connection(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if not self._is_complete:
                await self._sweep_pool()


async def close(response: httpx.Response, lease: Lease) -> None:
    """Close a response, even if the caller is cancelled, and release its connection."""
    try:
        await in_one_go(response.aclose())
    finally:
        lease.release()


async def close_after_error(response: httpx.Response, lease: Lease) -> None:
    """End the lease and close the response, so that its connection returns to the pool."""
    try:
        lease.cut()
    finally:
        await close(response, lease)
