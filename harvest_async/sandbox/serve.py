"""The sandbox on a real socket, served by uvicorn with its defaults.

A server in a thread has an event loop of its own, so that measurements of a client's loop do not include the server. It
binds to loopback addresses only, unless `allow_remote` is set.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

__all__ = ["bind", "run", "running"]

_START_TIMEOUT: Final = 10.0
_GRACE: Final = 1


def bind(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """Bind a socket to an address.

    Raises:
        ValueError: other machines can reach it and `allow_remote` is off.
        OSError: it is in use.
    """
    if host != "localhost" and not allow_remote and not ipaddress.ip_address(host).is_loopback:
        msg = f"{host} can be reached from other machines, and the sandbox's passwords are public. Set allow_remote."
        raise ValueError(msg)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # without the protocol asyncio does not set TCP_NODELAY, and each response is delayed by 40 ms
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _server(app: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http="h11",  # the other implementation writes the names of headers in lower case
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(config)


def run(app: Any, bound: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve until a signal arrives."""
    server = _server(app)
    listening = address_of(bound)
    announced = threading.Thread(target=_announce, args=(server, ready, listening), daemon=True)
    announced.start()
    with bound:
        server.run(sockets=[bound])


@contextmanager
def running(app: Any, bound: socket.socket) -> Iterator[str]:
    """Serve in a thread and yield the address.

    Raises:
        RuntimeError: the server did not start; the cause has the reason.
    """
    server, failed = _server(app), list[BaseException]()

    def serve() -> None:
        try:
            server.run(sockets=[bound])
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=serve, name="sandbox", daemon=True)
    thread.start()
    try:
        _wait(server, thread, failed)
        yield address_of(bound)
    finally:
        server.should_exit = True
        thread.join(_START_TIMEOUT)
        bound.close()


def address_of(bound: socket.socket) -> str:
    """Return the address of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(server: uvicorn.Server, ready: Callable[[str], None], address: str) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    if server.started:
        ready(address)


def _wait(server: uvicorn.Server, thread: threading.Thread, failed: list[BaseException]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            msg = "The sandbox's server did not start."
            raise RuntimeError(msg) from (failed[0] if failed else None)
        time.sleep(0.005)
