"""What really sends: httpcore's pool, with as many connections as a gate uses.

Rules of this room: one TLS context for the process; no connection outlives the call that lost it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpx

from harvest_async.address import is_loopback
from harvest_async.shield import finish
from harvest_async.throttle.gate import MOST_CONNECTIONS

__all__ = ["direct_transport"]

IDLE: Final = 2.0
"""Seconds after which we close an idle connection: before the server does (often 5 s), while we write on it."""


class _Direct(httpx.AsyncHTTPTransport):
    """The pool, swept after a call that failed or was cancelled.

    A call that is cancelled between its connection and its request leaves httpcore a connection that is neither idle
    nor closed nor anybody's: it would take a place in the pool for ever.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await super().handle_async_request(request)
        except BaseException:
            await finish(self.sweep())
            raise
        response.stream = _Swept(response.stream, self)
        return response

    async def sweep(self) -> None:
        """Close connections that nobody uses and nobody can use."""
        used = {id(waiting.connection) for waiting in self._pool._requests}  # noqa: SLF001 - httpcore has no other word
        for connection in self._pool.connections:
            if not (id(connection) in used or connection.is_idle() or connection.is_closed()):
                await connection.aclose()


class _Swept(httpx.AsyncByteStream):
    """A body after which the pool is swept if it was not read to its end."""

    def __init__(self, inner: Any, transport: _Direct) -> None:
        self._inner = inner
        self._transport = transport
        self._whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield chunk
        self._whole = True

    async def aclose(self) -> None:
        await self._inner.aclose()
        if not self._whole:
            await self._transport.sweep()


def direct_transport(
    address: str, ssl_context: ssl.SSLContext | None = None, proxy: str | None = None
) -> httpx.AsyncHTTPTransport:
    """Make a transport with as many connections as a gate uses.

    Args:
        address: where it leads.
        ssl_context: None shares one context with the process's other transports.
        proxy: the proxy's address; None goes by the environment, never for loopback.
    """
    limits = httpx.Limits(
        max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS, keepalive_expiry=IDLE
    )
    return _Direct(verify=ssl_context or _shared_tls(), limits=limits, proxy=proxy or _proxy_of(address))


@cache
def _shared_tls() -> ssl.SSLContext:
    """One TLS context for the process: making one costs more than everything else in a client."""
    return httpx.create_ssl_context()


def _proxy_of(address: str) -> str | None:
    """The proxy that the environment names for an address."""
    host = httpx.URL(address).host
    if is_loopback(address) or proxy_bypass(host):
        return None
    return getproxies().get(httpx.URL(address).scheme)
