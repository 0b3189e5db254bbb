"""The open clients of signed-in people: a client serves all requests of a session, so that connections are used again.

Invariants:
- A client is closed when nobody uses it any more, its session has ended, or there are too many.
- The requests of a session in one process share its credentials, so that they renew tokens together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from attrs import define

from harvest_async.auth.stores import TokenStore
from harvest_async.fastapi.oauth_app import OAuthApp
from harvest_async.fastapi.sessions import Session

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["SessionClients"]

_MOST: Final = 64
"""The most clients that are kept open while nobody uses them."""


@define(eq=False)
class _Entry:
    """A client and the number of its present users."""

    client: Client
    users: int = 0


class SessionClients:
    """The open clients of an app's sessions.

    Args:
        oauth: creates the clients.
        most: how many are kept open while nobody uses them.
    """

    def __init__(self, oauth: OAuthApp, *, most: int = _MOST) -> None:
        self._oauth = oauth
        self._most = most
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()  # the longest unused first

    @asynccontextmanager
    async def open(self, session: Session, store: TokenStore) -> AsyncIterator[Client]:
        """Give the client of a session; it stays open for the session's next request."""
        key = session.id, session.account
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(self._oauth.client(session.account, store))
        entry.users += 1
        self._entries.move_to_end(key)
        try:
            yield entry.client
        finally:
            entry.users -= 1
            if self._entries.get(key) is not entry and not entry.users:
                await entry.client.aclose()
            await self._close_surplus()

    async def forget(self, session: Session) -> None:
        """Close the clients of a session that has ended; one that is in use closes with its last user."""
        for key in [key for key in self._entries if key[0] == session.id]:
            await self._close(key)

    async def aclose(self) -> None:
        """Close all clients."""
        for key in list(self._entries):
            await self._close(key)

    async def _close_surplus(self) -> None:
        unused = [key for key, entry in self._entries.items() if not entry.users]
        for key in unused[: max(0, len(self._entries) - self._most)]:
            await self._close(key)

    async def _close(self, key: tuple[str, str]) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None and not entry.users:
            await entry.client.aclose()
