"""The protocols of caches, and which calls may be cached.

Notes:
- Whether a response may be cached is a property of the endpoint: reads that may be repeated, except the rate limit
  status. Every other call may change cached records.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import httpx

from harvest_async.auth import Renewing, Signing
from harvest_async.call import Call, Repeat
from harvest_async.messages import Request, Response
from harvest_async.secret import Secret

__all__ = ["Cache", "ResponseStore", "Watcher", "cache_identity", "keepable", "tells_apart"]


class Watcher(Protocol):
    """Keeps records of the account that writes may change."""

    def wrote(self, call: Call[Any], *, done: bool) -> None:
        """Take note of a call other than a safe read; `done` is True if it succeeded."""
        ...


class ResponseStore(Protocol):
    """The cached responses of one client."""

    async def response(
        self, wire: Request, cache_identity: Secret, fetch: Callable[[Request], Awaitable[Response]], /
    ) -> Response:
        """Return a cached response, or fetch it."""
        ...

    def written(self) -> None:
        """Take note that records may have changed."""
        ...

    async def aclose(self) -> None:
        """Close all files."""
        ...


class Cache(Protocol):
    """A cache that several clients may share: `cache.HttpCache`."""

    def open(self, place: str, /) -> ResponseStore:
        """Return the part of one client; `place` names the account."""
        ...


def keepable(call: Call[Any], status_call: Call[Any] | None) -> bool:
    """Return whether the response to a call may be cached."""
    return (
        call.method == "GET" and call.repeat is Repeat.SAFE and (status_call is None or call.name != status_call.name)
    )


def tells_apart(auth: httpx.Auth) -> bool:
    """Return whether this kind of authentication identifies the person whose responses are cached."""
    return isinstance(auth, Signing | Renewing)


async def cache_identity(auth: httpx.Auth) -> Secret:
    """Return the identity of the person who is signed in; empty if nobody is."""
    if isinstance(auth, Renewing):
        return await auth.cache_identity()
    return auth.cache_identity() if isinstance(auth, Signing) else Secret(b"")
