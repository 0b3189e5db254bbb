"""The connections of one event loop to a Redis or Valkey server, which the ledgers of all accounts share.

Invariants:
- A script is sent once; whether it is sent again is up to the caller.
- There is one connection for notices, from when the first ledger listens until none does; after it was lost, each
  listener is notified to look by itself.
- What was closed opens no connection again: a ledger that is used afterwards gets another object.
- In a cluster the keys of an account are on one node: a node that does not have them names the one that has.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakSet, WeakValueDictionary

from harvest_async.errors import HarvestError
from harvest_async.per_loop import PerLoop
from harvest_async.redis_client import Moved, ScriptUnknown, connect, explained, moved
from harvest_async.throttle.ledgers.redis_commands import Commands

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

__all__ = ["RedisConnection", "Script", "connections", "end_if_cancelled"]

_MOVES: Final = 2
"""How often the keys of an account may have moved to another node while a script is sent."""

_MOST: Final = 16
"""How many connections are used at the same time, beside the one for notices."""
_TIMEOUT: Final = 5.0
"""Seconds for a script, up to its response."""
_QUIET: Final = 15.0
"""Seconds without a notice after which the connection is tested."""
_FIRST, _LONGEST = 0.05, 0.5
"""Seconds between attempts to connect again: at first, and at most."""
_CLOSING: Final = 2.0
"""The longest time in seconds to write what is left when the event loop ends."""

_CANCELLATIONS: Final = 20

Notified = Callable[[bytes], None]


class Writer(Protocol):
    """What a user of the connections has not written yet."""

    async def flush(self) -> None:
        """Write it."""
        ...


class Script:
    """A Lua script and its name on the server."""

    def __init__(self, text: str) -> None:
        self.text = text.encode()
        self.sha = hashlib.sha1(self.text, usedforsecurity=False).hexdigest().encode()


class RedisConnection:
    """The connections to one server.

    Args:
        url: its URL; see `redis_client.connect`.

    Attributes:
        closed: whether it was closed; while what is left is being written it is not yet.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[str, Redis] = {}
        self._commands: dict[str, Commands] = {}
        self._nodes: dict[bytes, str] = {}  # key -> URL of the node that has it
        self._free = asyncio.Semaphore(_MOST)
        self._listeners: dict[bytes, set[Notified]] = {}
        self._writers: WeakSet[Writer] = WeakSet()
        self._pubsub: PubSub | None = None
        self._listening: asyncio.Task[None] | None = None
        self._changes: set[asyncio.Task[None]] = set()  # and tasks that listened, until they end
        self.closed = False

    async def run(self, script: Script, keys: list[bytes], arguments: list[bytes]) -> tuple[Any, bytes]:
        """Run a script whose keys have one hash tag; return its reply, and the name of the server.

        Raises:
            StorageError: see `redis_client.explained`.
        """
        async with self._free:
            for _ in range(_MOVES):
                try:
                    return await self._run(script, keys, arguments)
                except Moved as elsewhere:
                    self._nodes[keys[0]] = moved(self._url, elsewhere.host, elsewhere.port)
            return await self._run(script, keys, arguments)

    async def _run(self, script: Script, keys: list[bytes], arguments: list[bytes]) -> tuple[Any, bytes]:
        url = self._nodes.get(keys[0], self._url)
        commands, rest = self._commands_to(url), (b"%d" % len(keys), *keys, *arguments)
        try:
            return await commands.execute(b"EVALSHA", script.sha, *rest)
        except Exception:  # a context manager around each step would cost more
            with contextlib.suppress(ScriptUnknown), explained(url):
                raise
        with explained(url):
            return await commands.execute(b"EVAL", script.text, *rest)

    def _commands_to(self, url: str) -> Commands:
        if url not in self._commands:
            self._commands[url] = Commands(url, timeout=_TIMEOUT)
        return self._commands[url]

    def _client(self, url: str) -> Redis:
        if url not in self._clients:
            self._clients[url] = connect(url, socket_timeout=_TIMEOUT)  # of the connection that receives notices
        return self._clients[url]

    # Notices

    def listen(self, channel: str, notified: Notified) -> None:
        """Call `notified` with each message of a channel, and after the connection was lost.

        Then the message is `o` where the same server responds, and `l` where it is another one or was started again.
        """
        if self.closed:
            return
        name = channel.encode()
        new = name not in self._listeners
        self._listeners.setdefault(name, set()).add(notified)
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen())
        elif new and self._pubsub is not None:
            self._change(self._pubsub.subscribe(name))

    def ignore(self, channel: str, notified: Notified) -> None:
        """Call `notified` no more."""
        name = channel.encode()
        listeners = self._listeners.get(name, set())
        listeners.discard(notified)
        if listeners or self._listeners.pop(name, None) is None:
            return
        if not self._listeners and self._listening is not None:
            self._end_later(self._listening)
            self._listening.cancel()
            self._listening = self._pubsub = None
        elif self._pubsub is not None:
            self._change(self._pubsub.unsubscribe(name))

    def _change(self, subscription: Awaitable[None]) -> None:
        """Change what the connection is subscribed to; if that fails, it is made again with all channels."""

        async def change() -> None:
            with contextlib.suppress(HarvestError), explained(self._url):
                await subscription

        self._end_later(asyncio.get_running_loop().create_task(change()))

    def _end_later(self, task: asyncio.Task[None]) -> None:
        """Keep a task until it has ended."""
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    async def _listen(self) -> None:
        """Receive notices, and connect again whenever the connection is lost."""
        pause, server = _FIRST, ""
        while True:
            with contextlib.suppress(HarvestError), explained(self._url):
                async with self._client(self._url).pubsub() as pubsub:  # it would return None for what it ignores
                    subscribed: set[bytes] = set()
                    while new := [name for name in self._listeners if name not in subscribed]:
                        await pubsub.subscribe(*new)
                        subscribed.update(new)
                    end_if_cancelled()
                    self._pubsub = pubsub
                    before, server = server, await self._server()
                    if before:
                        self._notify_all(b"o" if server == before else b"l")
                    pause = _FIRST
                    await self._receive(pubsub)
            end_if_cancelled()
            self._pubsub = None
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST)

    async def _receive(self, pubsub: PubSub) -> None:
        """Receive notices until the connection does not respond any more."""
        quiet = False
        while True:
            message = await pubsub.get_message(timeout=_QUIET)
            end_if_cancelled()
            if message is None:
                if quiet:
                    return
                await pubsub.ping()
            elif message["type"] == "message":
                _notify(self._listeners.get(message["channel"], ()), message["data"])
            quiet = message is None

    async def _server(self) -> str:
        """Return the name that the server got when it was started."""
        return str((await self._client(self._url).info("server")).get("run_id"))

    def _notify_all(self, message: bytes) -> None:
        for listeners in tuple(self._listeners.values()):
            _notify(listeners, message)

    # End

    def before_close(self, writer: Writer) -> None:
        """Have what is left of a writer written before the connections are closed, unless it was dropped by then."""
        self._writers.add(writer)

    async def aclose(self) -> None:
        """Write what is left and close the connections."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await asyncio.gather(*(writer.flush() for writer in self._writers), return_exceptions=True)
        self.closed = True
        tasks = {*self._changes, *([self._listening] if self._listening else [])}
        self._listening = None
        for _ in range(_CANCELLATIONS):
            for task in tasks:
                task.cancel()  # redis-py may lose it while it connects
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=0.1)
        for client in self._clients.values():
            await client.aclose()
        for commands in self._commands.values():
            await commands.aclose()


def _notify(listeners: Iterable[Notified], message: bytes) -> None:
    """Call listeners with a message; who waits for the next message must not keep the last listener in memory."""
    for notified in tuple(listeners):
        notified(message)


def end_if_cancelled() -> None:
    """Raise CancelledError if the running task was cancelled: redis-py may lose it while it connects or waits.

    A task that went on then would keep `asyncio.run` from ending.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


_CONNECTIONS: Final[WeakValueDictionary[str, PerLoop[RedisConnection]]] = WeakValueDictionary()


def connections(url: str) -> PerLoop[RedisConnection]:
    """Return the connections to a server, one for each event loop, which all ledgers with the same URL share."""
    held = _CONNECTIONS.get(url)
    if held is None:
        held = _CONNECTIONS[url] = PerLoop(lambda: RedisConnection(url), RedisConnection.aclose)
    return held
