"""A transport that is closed while a request is in flight leaves no connection."""

import asyncio
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from harvest_async.transport import direct_transport

pytestmark = [pytest.mark.anyio, pytest.mark.socket]


@asynccontextmanager
async def serving():
    """A server; gives its address and the tasks of its connections, which have ended when it has."""
    tasks = []

    async def accept(reader, writer):
        tasks.append(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", tasks
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks)


async def call(transport, address):
    response = await transport.handle_async_request(httpx.Request("GET", address))
    try:
        return await response.aread()
    finally:
        await response.aclose()


@pytest.mark.parametrize("cancelled", [False, True], ids=["finished", "cancelled"])
@pytest.mark.parametrize("steps", range(20))
async def test_whenever_a_transport_is_closed_no_connection_is_left(steps, cancelled):
    """The request ends over its connection or fails, at any step of the event loop; the connection is closed then."""
    async with serving() as (address, _):
        transport = direct_transport(address)
        request = asyncio.create_task(call(transport, address))
        for _ in range(steps):
            await asyncio.sleep(0)
        await transport.aclose()
        if cancelled:
            request.cancel()
        [end] = await asyncio.gather(request, return_exceptions=True)

        assert end == b"ok" or isinstance(end, httpx.TransportError | asyncio.CancelledError)


async def test_requests_that_outlive_a_transport_do_not_end_each_other():
    """Each of several that were connecting gets its response; the last one closes the connections."""
    async with serving() as (address, connections):
        transport = direct_transport(address)
        requests = [asyncio.create_task(call(transport, address)) for _ in range(5)]
        await asyncio.sleep(0)
        await transport.aclose()

        assert await asyncio.gather(*requests) == [b"ok"] * 5
        assert len(connections) == 5
