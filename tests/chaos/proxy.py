"""A TCP proxy on loopback that holds back, cuts, resets and silences connections; it does not parse HTTP.

Invariants:
- The conduct of the nth connection follows from the seed and n alone.
- What a client has sent before it gave up arrives within `LONGEST_DELAY` for each piece, or never.
"""

import asyncio
import random
import socket
import struct
import threading
from contextlib import suppress

from tests.chaos.conduct import CALM, End

_RESET = struct.pack("ii", 1, 0)
_PATIENCE = 10
_LAST_BYTES = 0.5
"""Seconds within which a connection takes the bytes that were written before its end."""


class _Ended(Exception):
    """The connection has reached the end of its conduct."""


class Proxy:
    """Serves in a thread with an event loop of its own.

    Args:
        port: the port of the server.
        conduct: gives the conduct of a connection, from a source of chance.
        seed: the seed of that source.
        contexts: the server's side of TLS: one that clients trust and one that they do not; None for plain TCP.

    Attributes:
        address: where clients connect.
        accepted: how many connections there were.
        ended: how many of them ended by their conduct.
    """

    def __init__(self, port, conduct, seed, contexts=None):
        self._port, self._conduct, self._seed, self._contexts = port, conduct, seed, contexts
        self.accepted = self.ended = 0
        self._open = []
        self._ready, self._stop = threading.Event(), None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="chaos proxy", daemon=True)
        self.address = ""

    @property
    def open(self):
        """How many connections are open."""
        return len(self._open)

    def reset_all(self):
        """Reset all connections."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def _reset_all(self):
        for writers in self._open:
            for writer in writers:
                _reset(writer)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(_PATIENCE), "the proxy did not start"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE)

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        inner = await self._inner_servers()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        scheme = "https" if inner else "http"
        self.address = f"{scheme}://127.0.0.1:{_port(server)}"
        self._ready.set()
        await self._stop.wait()
        for each in (server, *inner):
            each.close()
        self._reset_all()
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=_PATIENCE)

    async def _inner_servers(self):
        """Start a server for each side of TLS, behind the proxy, and note their ports."""
        outer, inner = self._port, []
        self._ports = dict.fromkeys((False, True), outer)
        for foreign, context in (self._contexts or {}).items():

            async def end_tls(reader, writer):
                writers = [writer]
                with suppress(OSError):
                    to_server = await asyncio.open_connection("127.0.0.1", outer)
                    writers.append(to_server[1])
                    await self._relay((reader, writer), to_server, CALM, random)
                await _close(writers)

            inner.append(await asyncio.start_server(end_tls, "127.0.0.1", 0, ssl=context))
            self._ports[foreign] = _port(inner[-1])
        return inner

    async def _accept(self, reader, writer):
        number, self.accepted = self.accepted, self.accepted + 1
        chance = random.Random(f"{self._seed} {number}")
        conduct = self._conduct(chance)
        writers = [writer]
        self._open.append(writers)
        try:
            with suppress(OSError):
                to_server = await asyncio.open_connection("127.0.0.1", self._ports[conduct.foreign])
                writers.append(to_server[1])
                await self._relay((reader, writer), to_server, conduct, chance)
        except _Ended:
            self.ended += 1
        finally:
            await _close(writers)
            self._open.remove(writers)

    async def _relay(self, client, server, conduct, chance):
        """Carry bytes both ways until a side closes or the conduct ends the connection."""
        ways = (
            asyncio.ensure_future(_carry(client[0], server[1], conduct, conduct.request_bytes, chance)),
            asyncio.ensure_future(_carry(server[0], client[1], conduct, conduct.response_bytes, chance)),
        )
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        except _Ended:
            await _stop(ways)
            if conduct.end is End.RESET:
                _reset(client[1])
                _reset(server[1])
            elif conduct.end is End.SILENCE:
                while await client[0].read(65_536):
                    pass
            raise
        finally:
            await _stop(ways)


async def _close(writers):
    """Close connections once what was written has left, or soon."""
    for each in writers:
        each.close()
    closed = [asyncio.ensure_future(each.wait_closed()) for each in writers]
    await asyncio.wait(closed, timeout=_LAST_BYTES)
    for each in writers:
        each.transport.abort()
    await _stop(closed)


def _port(server):
    return server.sockets[0].getsockname()[1]


async def _stop(ways):
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)


async def _carry(reader, writer, conduct, limit, chance):
    """Carry bytes one way until the side that sends them closes."""
    passed = 0
    while data := await reader.read(conduct.piece):
        held = conduct.latency + chance.random() * conduct.jitter
        if held:
            await asyncio.sleep(held)
        if limit is not None and passed + len(data) > limit:
            writer.write(data[: limit - passed])
            await writer.drain()
            raise _Ended
        passed += len(data)
        writer.write(data)
        await writer.drain()


def _reset(writer):
    """Close a connection by a reset."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
