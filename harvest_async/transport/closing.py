"""A transport that closes its connections even if requests were in flight when it was closed.

Notes:
- httpcore's pool forgets a connection that is still being made when the pool is closed. The request goes on over it,
  and nobody closes it: it would stay open until its event loop ends.
- A request may also begin on a closed pool, which then opens a connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from harvest_async.cancellation import in_one_go

__all__ = ["ClosingTransport"]


class ClosingTransport(httpx.AsyncHTTPTransport):
    """httpx's transport. After `aclose`, the last request that ends closes the connections that were made meanwhile."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._in_flight = 0
        self._is_closed = False
        self._forgotten: list[Any] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        self._in_flight += 1
        try:
            response = await super().handle_async_request(request)
        except BaseException:
            await in_one_go(self._end())
            raise
        if self._is_closed:
            response.stream = _LastBody(response.stream, self._end)
        else:
            self._in_flight -= 1
        return response

    async def aclose(self) -> None:
        """Close all connections; one that a request is still making is closed when the last request has ended."""
        self._is_closed = True
        if self._in_flight:
            self._forgotten += getattr(self._pool, "connections", ())
        await super().aclose()

    async def _end(self) -> None:
        """Count a request that has ended; if it was the last one of a closed transport, close all connections."""
        self._in_flight -= 1
        if not self._is_closed or self._in_flight:
            return
        forgotten, self._forgotten = self._forgotten, []
        for connection in forgotten:
            await connection.aclose()
        await super().aclose()


class _LastBody(httpx.AsyncByteStream):
    """A response's body that notifies the transport when it is closed.

    Args:
        stream: the body.
        end: notifies the transport.
    """

    def __init__(self, stream: Any, end: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
        self._end = end
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        """Close the body, even if the caller is cancelled."""
        if not self._is_closed:
            self._is_closed = True
            await in_one_go(self._close())

    async def _close(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            await self._end()
