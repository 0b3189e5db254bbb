"""What the exchange asks of a cache, and which calls it takes to it.

Rules of this room: what may be kept is a property of the endpoint (contract: caching): reads that may be repeated
freely, and never the throttle's status. Every other call may change what is kept.
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
    """Keeps something of the account that writes may change."""

    def wrote(self, call: Call[Any], *, done: bool) -> None:
        """A call has ended that is no safe read; `done` says that it succeeded."""
        ...


class ResponseStore(Protocol):
    """What one client keeps."""

    async def response(
        self, wire: Request, cache_identity: Secret, fetch: Callable[[Request], Awaitable[Response]], /
    ) -> Response:
        """Give what is kept, or fetch it."""
        ...

    def written(self) -> None:
        """Something may have changed."""
        ...

    async def aclose(self) -> None:
        """Keep nothing open."""
        ...


class Cache(Protocol):
    """Where clients keep answers: `cache.HttpCache`."""

    def open(self, place: str, /) -> ResponseStore:
        """Give one client's part; `place` names the account."""
        ...


def keepable(call: Call[Any], status_call: Call[Any] | None) -> bool:
    """Whether the answer to a call may be kept."""
    return (
        call.method == "GET" and call.repeat is Repeat.SAFE and (status_call is None or call.name != status_call.name)
    )


def tells_apart(auth: httpx.Auth) -> bool:
    """Whether it is known whose answers they are that come to calls signed in this way."""
    return isinstance(auth, Signing | Renewing)


async def cache_identity(auth: httpx.Auth) -> Secret:
    """What tells the sender from anybody else; empty where nobody is signed in."""
    if isinstance(auth, Renewing):
        return await auth.cache_identity()
    return auth.cache_identity() if isinstance(auth, Signing) else Secret(b"")
