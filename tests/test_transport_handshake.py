"""A TLS handshake that is cancelled leaves no connection open."""

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trustme

from harvest_async.transport import direct_transport

pytestmark = [pytest.mark.anyio, pytest.mark.socket]


@asynccontextmanager
async def silent_server():
    """A server that reads the beginning of a handshake and never responds; gives its address and two events."""
    begun, closed = asyncio.Event(), asyncio.Event()

    async def accept(reader, writer):
        await reader.read(16)
        begun.set()
        with suppress(ConnectionError):
            while await reader.read(65_536):
                pass
        closed.set()
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", begun, closed


async def test_a_cancelled_handshake_closes_its_connection():
    """A call that is cancelled while the server is silent closes its socket at once, not with its event loop."""
    async with (
        silent_server() as (address, begun, closed),
        httpx.AsyncClient(transport=direct_transport(address)) as client,
    ):
        call = asyncio.ensure_future(client.get(address))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        async with asyncio.timeout(30):
            await closed.wait()


async def test_a_handshake_that_ends_in_time_is_observed_by_the_caller_too():
    """The connection is used as without this transport, and another observer of the request sees every event."""
    authority, events = trustme.CA(), []
    served, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)

    async def respond(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def observe(event, _):
        events.append(event)

    async with await asyncio.start_server(respond, "127.0.0.1", 0, ssl=served) as server:
        address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with httpx.AsyncClient(transport=direct_transport(address, trusting)) as client:
            response = await client.get(address, extensions={"trace": observe})

    assert response.status_code == httpx.codes.NO_CONTENT
    assert "connection.start_tls.complete" in events
