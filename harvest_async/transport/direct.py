"""What really sends: httpcore's pool, with as many connections as a gate uses.

Rules of this room: one TLS context for the process; no connection outlives the call that lost it.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from harvest_async.address import is_loopback
from harvest_async.throttle.gate import MOST_CONNECTIONS
from harvest_async.transport.loops import LoopTransport

__all__ = ["direct_transport", "sweep"]

IDLE: Final = 2.0
"""Seconds after which we close an idle connection: before the server does (often 5 s), while we write on it."""


async def sweep(transport: httpx.AsyncBaseTransport) -> None:
    """Close the connections of a pool that nobody uses and nobody can use.

    A call that is cancelled between its connection and its request, or twice while its answer is closed, leaves a
    connection that is neither idle nor closed nor anybody's: it would take a place in the pool for ever.
    """
    if isinstance(transport, LoopTransport):
        transport = await transport.current()
    pool = getattr(transport, "_pool", None)  # neither httpx nor httpcore has another word for it
    if not isinstance(pool, httpcore.AsyncConnectionPool):
        return
    used = {id(waiting.connection) for waiting in pool._requests}  # noqa: SLF001
    for connection in pool.connections:
        if not (id(connection) in used or connection.is_idle() or connection.is_closed()):
            await connection.aclose()


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
    return httpx.AsyncHTTPTransport(
        verify=ssl_context or _shared_tls(), limits=limits, proxy=proxy or _proxy_of(address)
    )


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
