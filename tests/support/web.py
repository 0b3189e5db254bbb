"""An app on a real socket, and a crowd of visitors that costs little."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from attrs import frozen


@contextmanager
def served(app, *, patience=10.0):
    """Serve an ASGI app with its lifespan under uvicorn, in a thread; gives the address and the server."""
    bound = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        deadline = time.monotonic() + patience
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert server.started, "the app did not start"
        yield f"http://127.0.0.1:{bound.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join(patience)
        bound.close()
        assert not thread.is_alive(), "the app did not stop"


@frozen
class Visit:
    """An answer to a visitor; `moment` is on the monotonic clock, when the answer was there."""

    moment: float
    status: int
    headers: dict[str, str]
    body: str


async def visit(address):
    """GET on a connection of its own."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return Visit(time.monotonic(), int(first.split()[1]), headers, body)
    finally:
        writer.close()
        await writer.wait_closed()


async def crowd(address, visitors):
    """So many visitors at once."""
    return await asyncio.gather(*(visit(address) for _ in range(visitors)))
