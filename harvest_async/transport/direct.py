"""The transport that sends: httpcore's pool, with as many connections as a gate uses.

Invariants: one TLS context for the process; no connection outlives the call that lost it.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpx

from harvest_async.address import is_loopback
from harvest_async.throttle.connections import MOST_CONNECTIONS
from harvest_async.transport.handshake import HandshakeTransport
from harvest_async.transport.loops import GivenTransport, LoopTransport

__all__ = ["direct_transport", "load_transport", "sweep", "timeouts"]

logger = logging.getLogger("harvest_async")

CONNECT: Final = 10.0
"""Seconds that making a connection may take."""

IDLE: Final = 2.0
"""Seconds after which we close an idle connection: before the server does (often 5 s), while we write on it."""


async def sweep(transport: httpx.AsyncBaseTransport) -> None:
    """Close the connections of a pool that nobody uses and nobody can use.

    A call that is cancelled between its connection and its request, or twice while its response is closed, leaves a
    connection that is neither idle nor closed nor anybody's: it would take a place in the pool for ever.

    Where a release of httpx or httpcore keeps its pool in another way, nothing is closed, and the log says so once.
    """
    import httpcore  # noqa: PLC0415 - httpx, too, loads it with the first transport

    if isinstance(transport, GivenTransport | LoopTransport):
        transport = await transport.current()
    pool = getattr(transport, "_pool", None)  # neither httpx nor httpcore has another word for it
    if not isinstance(pool, httpcore.AsyncConnectionPool):
        if isinstance(transport, httpx.AsyncHTTPTransport):
            _warn_once()
        return
    used = _used(pool)
    if used is None:
        _warn_once()
        return
    for connection in pool.connections:
        if not (id(connection) in used or connection.is_idle() or connection.is_closed()):
            await connection.aclose()


def _used(pool: Any) -> set[int] | None:
    """Return the ids of the connections that requests hold, None if this httpcore does not list its requests."""
    requests = getattr(pool, "_requests", None)
    if not isinstance(requests, Iterable):
        return None
    try:
        return {id(request.connection) for request in requests}
    except AttributeError:
        return None


@cache
def _warn_once() -> None:
    """Log that connections of cancelled calls can't be found."""
    logger.warning(
        "This release of httpx or httpcore does not list the requests of its connection pool: connections that "
        "cancelled calls leave behind can't be closed early. Install httpcore>=1.0.5,<1.1."
    )


def direct_transport(
    address: str,
    ssl_context: ssl.SSLContext | None = None,
    proxy: str | None = None,
    *,
    connections: int = MOST_CONNECTIONS,
) -> httpx.AsyncHTTPTransport:
    """Make a transport with as many connections as a gate uses.

    Args:
        address: where it leads.
        ssl_context: None shares one context with the process's other transports.
        proxy: the proxy's address; None goes by the environment, never for loopback.
        connections: the most connections.
    """
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE)
    return HandshakeTransport(verify=ssl_context or _shared_tls(), limits=limits, proxy=proxy or _proxy_of(address))


def load_transport() -> None:
    """Load what the first request of a process needs, so that it does not hold up the calls beside it.

    These are the libraries that send, and the TLS context: some 0.2 s of a processor's time.
    """
    direct_transport("https://localhost")


@lru_cache(256)
def timeouts(seconds: float) -> Mapping[str, float | None]:
    """Return the timeouts of httpx's steps on the network, for an attempt that may take the given seconds."""
    return MappingProxyType(httpx.Timeout(seconds, connect=min(CONNECT, seconds)).as_dict())


@cache
def _shared_tls() -> ssl.SSLContext:
    """One TLS context for the process: making one costs more than everything else in a client."""
    return httpx.create_ssl_context()


def _proxy_of(address: str) -> str | None:
    """The proxy that the environment names for an address."""
    if is_loopback(address):
        return None
    url = httpx.URL(address)
    proxy = getproxies().get(url.scheme)
    return None if proxy is None or proxy_bypass(url.host) else proxy
