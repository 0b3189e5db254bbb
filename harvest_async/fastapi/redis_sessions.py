"""Sessions of signed-in people in Redis or Valkey, for an app on several machines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from attrs import asdict

from harvest_async.auth.stores import TokenStore
from harvest_async.auth.tokens import Tokens, dump, load
from harvest_async.cancellation import finish
from harvest_async.errors import StorageError
from harvest_async.fastapi.sessions import MAX_AGE, SESSION, Session, digest, session_of
from harvest_async.fastapi.signed_cookies import SignedCookies
from harvest_async.per_loop import PerLoop
from harvest_async.redis_client import connect, location, release

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

__all__ = ["RedisSessions"]

_PREFIX: Final = "harvest_async:session:"
_LOCK_LASTS: Final = 90.0
"""Seconds after which the lock of a process that died is free: longer than a request for tokens may take."""

_AGAIN: Final = 0.05
"""Seconds after which a lock that somebody else holds is tried again."""


class RedisSessions:
    """Keeps sessions and their tokens in Redis; the cookie has the session's id alone.

    Args:
        cookies: signs the cookies.
        url: the server: `redis://HOST:PORT/0`, `rediss://` for TLS.
        max_age: seconds after which a person has to sign in again.

    Raises:
        InvalidArgument: `url` is not the address of a Redis server.
        ImportError: the extra `redis` is not installed.
    """

    def __init__(self, cookies: SignedCookies, url: str, *, max_age: float = MAX_AGE) -> None:
        self._cookies = cookies
        self._max_age = max_age
        self._server = _Server(url)

    def __repr__(self) -> str:
        return f"RedisSessions({self._server.where!r})"

    @property
    def max_age(self) -> float:
        """See `Sessions.max_age`."""
        return self._max_age

    async def save(self, session: Session) -> str:
        """See `Sessions.save`."""
        text, lasts = json.dumps(asdict(session)), int(self._max_age)
        await self._server.do(lambda redis: redis.set(_key(session.id), text, ex=lasts))
        return self._cookies.sign(SESSION, session.id)

    async def load(self, text: str) -> Session | None:
        """See `Sessions.load`."""
        number = self._cookies.value(SESSION, text, self._max_age)
        if not isinstance(number, str):
            return None
        stored = await self._server.do(lambda redis: redis.get(_key(number)))
        return None if stored is None else session_of(_json(stored))

    async def delete(self, session: Session) -> None:
        """See `Sessions.delete`."""
        async with self.tokens(session).lock():  # a renewal that is in progress would store its tokens again
            await self._server.do(lambda redis: redis.delete(_key(session.id), _tokens_key(session.id)))

    def tokens(self, session: Session) -> TokenStore:
        """See `Sessions.tokens`."""
        return _RedisTokens(self._server, session.id, int(self._max_age))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._server.clients.aclose()


class _Server:
    """A Redis server.

    Attributes:
        where: its address without credentials.
        clients: its client of each event loop.
    """

    def __init__(self, url: str) -> None:
        self.where = location(url)
        connect(url)  # a wrong address is an error at once
        self.clients = PerLoop(lambda: connect(url), _close)

    async def do(self, command: Callable[[Redis], Awaitable[Any]]) -> Any:
        """Send a command.

        Raises:
            StorageError: the server can't be used.
        """
        client = await self.clients.get()
        try:
            return await command(client)
        except Exception as error:
            message = f"the sessions at {self.where} can't be used ({type(error).__name__}): see that the server runs"
            raise StorageError(message) from error


class _RedisTokens:
    """The tokens of one session; see `TokenStore`."""

    def __init__(self, server: _Server, session_id: str, lasts: int) -> None:
        self._server = server
        self._id = session_id
        self._lasts = lasts

    def __repr__(self) -> str:
        return f"<tokens of a session at {self._server.where}>"

    async def load(self) -> Tokens | None:
        """See `TokenStore.load`."""
        stored = await self._server.do(lambda redis: redis.get(_tokens_key(self._id)))
        if stored is None:
            return None
        try:
            return load(stored)
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise StorageError(f"{self!r} can't be read: sign in again") from None

    async def save(self, tokens: Tokens) -> None:
        """See `TokenStore.save`."""
        await self._server.do(lambda redis: redis.set(_tokens_key(self._id), dump(tokens), ex=self._lasts))

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """See `TokenStore.lock`; the lock of a process that died is free after a minute and a half."""
        client = await self._server.clients.get()
        lock = client.lock(f"{_key(self._id)}:lock", timeout=_LOCK_LASTS, sleep=_AGAIN)
        token = uuid4().bytes  # of our own, so that a lock that the server gives as the caller is cancelled is released
        try:
            await self._server.do(lambda _: lock.acquire(token=token))
        except asyncio.CancelledError:
            await finish(self._release(lock, token))
            raise
        try:
            yield
        finally:
            await finish(self._release(lock, token))

    async def _release(self, lock: Lock, token: bytes) -> None:
        await self._server.do(lambda _: release(lock, token))


async def _close(client: Redis) -> None:
    await client.aclose()


def _key(session_id: str) -> str:
    return f"{_PREFIX}{digest(session_id)}"


def _tokens_key(session_id: str) -> str:
    return f"{_key(session_id)}:tokens"


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
