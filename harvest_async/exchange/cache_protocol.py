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
from harvest_async.secret import Secret
from harvest_async.messages import Answer, Wire

__all__ = ["Cache", "Shelf", "Watcher", "keepable", "tells_apart", "whose"]


class Watcher(Protocol):
    """Keeps something of the account that writes may change."""

    def wrote(self, call: Call[Any], *, done: bool) -> None:
        """A call has ended that is no safe read; `done` says that it succeeded."""
        ...


class Shelf(Protocol):
    """What one client keeps."""

    async def answer(self, wire: Wire, whose: Secret, fetch: Callable[[Wire], Awaitable[Answer]], /) -> Answer:
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

    def open(self, place: str, /) -> Shelf:
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


async def whose(auth: httpx.Auth) -> Secret:
    """What tells the sender from anybody else; empty where nobody is signed in."""
    if isinstance(auth, Renewing):
        return await auth.whose()
    return auth.whose() if isinstance(auth, Signing) else Secret(b"")
