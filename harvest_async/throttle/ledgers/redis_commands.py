"""Commands to one Redis or Valkey server, sent with as little work as possible: a step is made for each call.

Invariants:
- A connection carries one command at a time. redis-py makes it: its name, its encryption, the sign-in.
- A command is sent once. Its time covers the connecting, the sending and the response, so that redis-py needs no timer
  for each of them.
- A response that is a status, as that of most steps, is taken by `status_replies`; redis-py reads all others. Without
  the writer of a connection, which is not documented by redis-py, it reads them all.
- A connection is used again only after an ordinary response: not after an error, nor after a cancellation.
- A new connection learns the name that its server got when it was started (`run_id`,
  https://valkey.io/commands/info/): where another server has taken over, no error shows it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from harvest_async.redis_client import connect, server_of
from harvest_async.throttle.ledgers.status_replies import StatusReplies

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
        self._all: set[_Line] = set()
        self._idle: list[_Line] = []
        self._closed = False

    async def execute(self, *arguments: bytes) -> tuple[Any, bytes]:
        """Send a command and return its response, and the name of the server; empty if the user must not know it.

        Raises:
            redis.exceptions.RedisError: the server refuses it, or the connection was lost.
            TimeoutError: the server did not respond in time.
        """
        line = self._idle.pop() if self._idle else self._new()
        try:
            response = await line.execute(packed(arguments), asyncio.get_running_loop().time() + self._timeout)
        except BaseException:
            await self._drop(line)
            raise
        if self._closed:
            await self._drop(line)
        else:
            self._idle.append(line)
        return response, line.server

    async def aclose(self) -> None:
        """Close all connections; a command that is on its way, or comes later, closes its own."""
        self._closed = True
        for line in tuple(self._all):
            await self._drop(line)
        self._idle.clear()

    def _new(self) -> _Line:
        line = _Line(self._pool.make_connection())
        self._all.add(line)
        return line

    async def _drop(self, line: _Line) -> None:
        self._all.discard(line)
        await line.connection.disconnect(nowait=True)


class _Line:
    """One connection.

    Args:
        connection: redis-py's connection.

    Attributes:
        server: the name of its server.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.server = b""
        self._statuses: StatusReplies | None = None

    async def execute(self, command: bytes, deadline: float) -> Any:
        """Send a command and return its response."""
        statuses = self._statuses
        if statuses is None or not statuses.quiet:
            async with asyncio.timeout_at(deadline):
                await self._prepare()
            statuses = self._statuses
        if statuses is None:
            async with asyncio.timeout_at(deadline):
                await self.connection.send_packed_command(command)
        elif (status := await statuses.send(command, deadline)) is not None:
            return status
        async with asyncio.timeout_at(deadline):
            return await self.connection.read_response()

    async def _prepare(self) -> None:
        """Connect, or connect again what the server has closed."""
        connection = self.connection
        if connection.is_connected and await _is_unusable(connection):
            await connection.disconnect(nowait=True)
        if connection.is_connected:
            if self._statuses is not None:
                self._statuses.quiet = True
            return
        await connection.connect()
        self.server = await server_of(connection)
        writer = getattr(connection, "_writer", None)
        self._statuses = None if writer is None else StatusReplies(writer.transport)


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
