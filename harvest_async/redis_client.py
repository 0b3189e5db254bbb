"""The connection to a Redis or Valkey server; the only module that imports redis-py.

Invariants:
- A command is sent once: redis-py's own retries are off, since they repeat a script whose response was lost.
- An error or a log names the server without its user and password.
- Closing ends even if its caller is cancelled, since redis-py would leave connections open then. The last command that
  outlives it closes the connections once more: one that was being made would stay open.
- A cancellation ends a command. redis-py's own time limit, `asyncio.wait_for`, loses one that arrives as a command is
  sent (Python 3.11, https://github.com/python/cpython/issues/86296), so each command has a limit around all of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from harvest_async.cancellation import finish
from harvest_async.errors import InvalidArgument, StorageError
from harvest_async.redaction import redact_message

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.lock import Lock

__all__ = [
    "Moved",
    "ScriptUnknown",
    "ServerAway",
    "connect",
    "explained",
    "location",
    "moved",
    "ping",
    "release",
    "server_of",
    "within",
]

T = TypeVar("T")

_NAME: Final = re.compile(rb"^run_id:(\w+)", re.MULTILINE)
_SCHEMES: Final = ("redis://", "rediss://", "unix://")
_TIMEOUT: Final = 5.0
"""Seconds for a command that does not wait."""


class ServerAway(StorageError):
    """The server can't be reached or does not serve at present; whether it ran the last command is unknown."""


class ScriptUnknown(StorageError):
    """The server does not have the script, so it ran nothing: send the script itself."""


class Moved(StorageError):
    """Another node of the cluster has the keys, and nothing was run.

    Attributes:
        host: its host.
        port: its port.
    """

    host = ""
    port = 0


def connect(url: str, *, timeout: float = _TIMEOUT, **options: Any) -> Redis:
    """Return a client of the server; it connects when it is first used, and decodes nothing.

    Args:
        url: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS, or `unix://PATH`.
        timeout: seconds for each command, from connecting to the response. A pipeline has none: use `within`.
        options: further options of `redis.asyncio.Redis.from_url`.

    Raises:
        InvalidArgument: `url` is not the address of a Redis server.
        ImportError: redis-py is not installed; it comes with the extra `redis`.
    """
    try:
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - the extra may be missing
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        msg = "a Redis or Valkey server needs redis-py: python -m pip install 'harvest-async[redis]'"
        raise ImportError(msg) from missing
    wrong = f"{location(url)!r} is not the address of a Redis server: use redis://HOST:PORT/0, or rediss:// for TLS"
    if not url.startswith(_SCHEMES):
        raise InvalidArgument(wrong)
    try:
        client = _client_type().from_url(
            url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=timeout,
            **{"socket_timeout": None, **options},
        )
    except ValueError as error:
        raise InvalidArgument(wrong) from error
    client.timeout = timeout
    return cast("Redis", client)


@cache
def _client_type() -> Any:
    """Return the class of clients, made when redis-py is first used."""
    from redis.asyncio import Redis  # noqa: PLC0415 - the extra may be missing

    class Client(Redis):
        timeout = _TIMEOUT
        in_flight = 0
        is_closed = False

        async def execute_command(self, *args: Any, **options: Any) -> Any:
            command: Awaitable[Any] = cast("Any", super()).execute_command(*args, **options)
            self.in_flight += 1
            try:
                return await within(self.timeout, command)
            finally:
                self.in_flight -= 1
                if self.is_closed and not self.in_flight:
                    await self.aclose()

        async def aclose(self, close_connection_pool: bool | None = None) -> None:
            self.is_closed = True
            await finish(super().aclose(close_connection_pool))

    return Client


async def within(seconds: float, command: Awaitable[T]) -> T:
    """Return the response to a command.

    Args:
        seconds: the time for connecting, sending and the response.
        command: the command.

    Raises:
        redis.exceptions.TimeoutError: the server did not respond in time; whether it ran the command is unknown.
    """
    from redis.exceptions import TimeoutError as TookTooLong  # noqa: PLC0415 - loaded with the client

    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await command
    except TimeoutError as error:
        if not limit.expired():
            raise
        msg = f"no response within {seconds:g} seconds"
        raise TookTooLong(msg) from error


def location(url: str) -> str:
    """Return a server's address without the user, the password and the options."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable)"
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl() if parts.scheme else "(no scheme)"


@contextmanager
def explained(url: str, what: str = "") -> Iterator[None]:
    """Raise errors of redis-py as errors that name the server without its password.

    Args:
        url: the address of the server.
        what: what is stored there, for the message: "the run locks".

    Raises:
        ServerAway: it can't be reached, is starting, or is a replica that takes no writes.
        ScriptUnknown: it does not have a script.
        Moved: it is a node of a cluster that does not have the keys.
        StorageError: it refuses the command.
    """
    from redis.exceptions import RedisError  # noqa: PLC0415 - loaded with the client

    try:
        yield
    except (RedisError, OSError) as error:
        server = f"{what} on {location(url)}" if what else location(url)
        raise (_unserved(error, server) or _explain(error, server)) from error


def _unserved(error: Exception, server: str) -> StorageError | None:
    """Return the error for a command that was not run, but can be in another way; None for any other one."""
    from redis import exceptions as e  # noqa: PLC0415 - loaded with the client

    if isinstance(error, e.NoScriptError):
        return ScriptUnknown(f"{server} does not have the script")
    if not isinstance(error, e.MovedError):
        return None
    elsewhere = Moved(f"{server} does not have the keys: give the URL of {error.host}:{error.port}")
    elsewhere.host, elsewhere.port = error.host, error.port
    return elsewhere


def _explain(error: Exception, server: str) -> StorageError:
    from redis import exceptions as e  # noqa: PLC0415 - loaded with the client

    text = redact_message(str(error))
    if isinstance(error, (e.AuthenticationError, e.AuthorizationError, e.NoPermissionError)):
        return StorageError(f"{server} refuses the user, the password or the command ({text}): correct the URL")
    if isinstance(error, e.ReadOnlyError):
        return ServerAway(f"{server} is a replica, which takes no writes: give the URL of the primary")
    if isinstance(error, e.OutOfMemoryError):
        return StorageError(f"{server} is out of memory ({text}): raise its maxmemory")
    if isinstance(error, e.ResponseError) and not isinstance(error, (e.ClusterDownError, e.TryAgainError)):
        return StorageError(f"{server} responded with an error ({text})")
    return ServerAway(f"{server} can't be reached ({type(error).__name__}: {text}): start it, or correct the URL")


def moved(url: str, host: str, port: int) -> str:
    """Return the URL of another node of the same cluster, with the same user, password and options."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    name = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{credentials}{at}{name or parts.hostname}:{port}").geturl()


async def release(lock: Lock, token: bytes) -> None:
    """Release a lock that was acquired with a token; do nothing if it has ended, or was never acquired."""
    from redis.exceptions import LockNotOwnedError  # noqa: PLC0415 - loaded with the client

    with suppress(LockNotOwnedError):
        await lock.do_release(token)


async def ping(url: str, what: str) -> None:
    """Check that a server responds.

    Args:
        url: its address.
        what: what is stored there, for the message.

    Raises:
        StorageError: it does not.
        InvalidArgument: `url` is not the address of a Redis server.
    """
    client = connect(url)
    try:
        with explained(url, what):
            await cast("Any", client).ping()
    finally:
        await client.aclose()


async def server_of(connection: Any) -> bytes:
    """Return the name that a connection's server got when it was started; empty if the user must not know it.

    Args:
        connection: a connection of redis-py, which carries no other command.

    Raises:
        redis.exceptions.RedisError: the connection was lost.
    """
    from redis.exceptions import ResponseError  # noqa: PLC0415 - loaded with the client

    await connection.send_command("INFO", "server")
    try:
        found = _NAME.search(await connection.read_response())
    except ResponseError:
        return b""
    return found[1] if found else b""
