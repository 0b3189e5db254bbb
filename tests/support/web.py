"""An app on a real socket, and a crowd of visitors that costs little."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, frozen

ROOT = Path(__file__).parents[2]

_LISTENING = r"Exception ignored in: (<socket\.socket fd=\d+, [^>]*laddr=\('127\.0\.0\.1', \d+\)>)\nResourceWarning: unclosed \1\n"
"""What uvicorn's supervisor of several workers writes about the socket on which it listens, when it ends."""


@define
class Server:
    """An app that is served; `ended_in` and `complaints` are there once it has ended."""

    address: str
    ended_in: float = 0.0
    complaints: str = ""


@contextmanager
def served(app, patience=20.0, workers=1, **environment):
    """Serve an app, `module:name`, by uvicorn in processes of its own in which warnings are errors."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "error", "-m", "uvicorn", app, "--port", str(port), "--log-level", "warning"]
    command += ["--workers", str(workers)] if workers > 1 else []
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        start_new_session=True,
        env={**{key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    server = Server(f"http://127.0.0.1:{port}")
    try:
        _wait(port, process, patience)
        yield server
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=patience)
        server.ended_in = time.monotonic() - began
        server.complaints = re.sub(_LISTENING, "", complaints)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the workers, too
        process.communicate()


def _wait(port, process, patience):
    deadline = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, "the app did not start"
            time.sleep(0.02)
        else:
            return


@frozen
class Visit:
    """A response to a visitor; `moment` is on the monotonic clock, when the response was there."""

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
    """Run the given number of visitors at once."""
    return await asyncio.gather(*(visit(address) for _ in range(visitors)))
