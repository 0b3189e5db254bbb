"""Receives what most commands to a Redis or Valkey server are responded to with: a status, in one line.

Invariants:
- A status is taken only as a whole, and only while one is awaited. All else, errors among it, is passed on to the
  stream that redis-py reads, as is the end of the connection: so redis-py reads all other responses, and its checks of
  the connection stay right.
"""

from __future__ import annotations

import asyncio
from typing import cast

__all__ = ["StatusReplies"]


class StatusReplies(asyncio.Protocol):
    """The receiver of a connection, in front of the stream that redis-py reads.

    Args:
        transport: the connection, which has no command on its way.

    Attributes:
        quiet: whether nothing was passed on since this was last set to True, neither data nor an end.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._stream = cast("asyncio.Protocol", transport.get_protocol())
        self._status: asyncio.Future[bytes | None] | None = None
        self.quiet = True
        transport.set_protocol(self)

    async def send(self, command: bytes, deadline: float) -> bytes | None:
        """Send a command and return its status; None if redis-py has the response, or the error of the connection.

        Args:
            command: the command in the form of the protocol.
            deadline: until when the status is awaited, in the event loop's time.

        Raises:
            TimeoutError: the server did not respond in time.
        """
        status: asyncio.Future[bytes | None] = self._loop.create_future()
        self._status = status
        timer = self._loop.call_at(deadline, self._fail, status)
        self._transport.write(command)
        try:
            return await status
        finally:
            timer.cancel()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if data[:1] == b"+" and data.find(b"\r\n") == len(data) - 2 and self._end(data[1:-2]):
            return
        self._stream.data_received(data)
        self._passed_on()

    def eof_received(self) -> bool | None:
        """See `asyncio.Protocol`."""
        self._passed_on()
        return self._stream.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stream.connection_lost(exc)
        self._passed_on()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._stream.pause_writing()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._stream.resume_writing()

    def _passed_on(self) -> None:
        self.quiet = False
        self._end(None)

    def _end(self, status: bytes | None) -> bool:
        """End the wait for a status; return False if none is awaited."""
        awaited, self._status = self._status, None
        if awaited is None or awaited.done():
            return False
        awaited.set_result(status)
        return True

    @staticmethod
    def _fail(status: asyncio.Future[bytes | None]) -> None:
        if not status.done():
            status.set_exception(TimeoutError())
