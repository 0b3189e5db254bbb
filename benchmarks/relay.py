"""A network between a client and a server: bytes take a while, each way.

Notes: it transfers bytes, in order, and delays the end of a connection like bytes. It does not parse HTTP.
"""

import asyncio
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

__all__ = ["relay"]


@asynccontextmanager
async def relay(address, seconds):
    """Put so long a way before a server; gives the address to use instead."""
    host, port = urlsplit(address).hostname, urlsplit(address).port

    ways = set()

    async def accept(reader, writer):
        ways.add(asyncio.current_task())
        to_server = await asyncio.open_connection(host, port)
        there = _carry(reader, to_server[1], seconds)
        back = _carry(to_server[0], writer, seconds)
        await asyncio.gather(there, back)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        bound = server.sockets[0].getsockname()
        yield f"http://{bound[0]}:{bound[1]}"
        await asyncio.gather(*ways)


async def _carry(reader, writer, seconds):
    """Carry bytes from one side to the other until the side that sends them closes."""
    loop, way = asyncio.get_running_loop(), asyncio.Queue()
    arriving = asyncio.ensure_future(_arrive(way, writer))
    data = b"-"
    while data:
        data = b""
        with suppress(ConnectionError):
            data = await reader.read(65_536)
        way.put_nowait((loop.time() + seconds, data))
    await arriving


async def _arrive(way, writer):
    loop = asyncio.get_running_loop()
    data = b"-"
    while data:
        due, data = await way.get()
        await asyncio.sleep(due - loop.time())
        with suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
    writer.close()
