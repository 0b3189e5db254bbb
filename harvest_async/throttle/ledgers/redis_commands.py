"""Commands to one Redis or Valkey server, sent with as little work as possible: a step is made for each call.

Invariants:
- A connection carries one command at a time. redis-py makes it: its name, its encryption, the sign-in.
- A command is sent once. Its time covers the connecting, the sending and the response, so that redis-py needs no timer
  for each of them.
- A connection is used again only after an ordinary response: not after an error, nor after a cancellation.
- A new connection learns the name that its server got when it was started (`run_id`,
  https://valkey.io/commands/info/): where another server has taken over, no error shows it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from harvest_async.redis_client import connect, server_of

__all__ = ["Commands", "packed"]


class Commands:
    """The connections that carry commands to one server.

    Args:
        url: its URL; see `redis_client.connect`.
        timeout: seconds for one command, up to its response.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._pool: Any = connect(url).connection_pool
        self._timeout = timeout
        self._idle: list[Any] = []
        self._servers: dict[Any, bytes] = {}  # connection -> name of its server

    async def execute(self, *arguments: bytes) -> tuple[Any, bytes]:
        """Send a command and return its response, and the name of the server; empty if the user must not know it.

        Raises:
            redis.exceptions.RedisError: the server refuses it, or the connection was lost.
            TimeoutError: the server did not respond in time.
        """
        connection = self._idle.pop() if self._idle else self._new()
        try:
            async with asyncio.timeout(self._timeout):
                await self._prepare(connection)
                await connection.send_packed_command(packed(arguments))
                response = await connection.read_response()
        except BaseException:
            await self._drop(connection)
            raise
        self._idle.append(connection)
        return response, self._servers[connection]

    async def aclose(self) -> None:
        """Close all connections; the next command opens one again."""
        for connection in tuple(self._servers):
            await self._drop(connection)
        self._idle.clear()

    def _new(self) -> Any:
        connection = self._pool.make_connection()
        self._servers[connection] = b""
        return connection

    async def _prepare(self, connection: Any) -> None:
        """Connect, or connect again what the server has closed."""
        if connection.is_connected and await _is_unusable(connection):
            await connection.disconnect(nowait=True)
        if not connection.is_connected:
            await connection.connect()
            self._servers[connection] = await server_of(connection)

    async def _drop(self, connection: Any) -> None:
        self._servers.pop(connection, None)
        await connection.disconnect(nowait=True)


async def _is_unusable(connection: Any) -> bool:
    """Return whether the server has closed a connection, or has sent what nobody asked for."""
    check = getattr(connection, "can_read", None) or connection.can_read_destructive  # its name before redis-py 8
    try:
        return bool(await check())
    except Exception:  # noqa: BLE001 - a check that fails shows the same
        return True


def packed(arguments: tuple[bytes, ...]) -> bytes:
    """Return a command in the form of the protocol (https://valkey.io/topics/protocol/): an array of strings."""
    parts = [b"*%d\r\n" % len(arguments)]
    parts += [b"$%d\r\n%b\r\n" % (len(each), each) for each in arguments]
    return b"".join(parts)
