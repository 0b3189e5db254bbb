"""The sandbox on a real socket, with uvicorn's defaults.

Rules of this room: the only one that imports uvicorn. A server in a thread has an event loop of its own, so that a
client's loop is measured alone. Loopback only, unless told.
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

_PATIENCE: Final = 10.0
_GRACE: Final = 1


def bind(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """Take an address.

    Raises:
        ValueError: it can be reached from other machines, and that was not asked for.
        OSError: it is taken.
    """
    if host != "localhost" and not allow_remote and not ipaddress.ip_address(host).is_loopback:
        msg = f"{host} can be reached from other machines, and the sandbox's passwords are public: allow_remote says so"
        raise ValueError(msg)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # a socket must name its protocol, or asyncio does not send at once and each answer waits 40 ms to be acknowledged
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
    """Serve until a signal comes."""
    server = _server(app)
    listening = address_of(bound)
    announced = threading.Thread(target=_announce, args=(server, ready, listening), daemon=True)
    announced.start()
    with bound:
        server.run(sockets=[bound])


@contextmanager
def running(app: Any, bound: socket.socket) -> Iterator[str]:
    """Serve in a thread; gives the address.

    Raises:
        RuntimeError: the server did not start; the cause says why.
    """
    server, failed = _server(app), list[BaseException]()

    def serve() -> None:
        try:
            server.run(sockets=[bound])
        except BaseException as error:  # noqa: BLE001 - it is raised where the server was asked for
            failed.append(error)

    thread = threading.Thread(target=serve, name="sandbox", daemon=True)
    thread.start()
    try:
        _wait(server, thread, failed)
        yield address_of(bound)
    finally:
        server.should_exit = True
        thread.join(_PATIENCE)
        bound.close()


def address_of(bound: socket.socket) -> str:
    """The address that a socket is bound to."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(server: uvicorn.Server, ready: Callable[[str], None], address: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    if server.started:
        ready(address)


def _wait(server: uvicorn.Server, thread: threading.Thread, failed: list[BaseException]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            msg = "the sandbox's server did not start"
            raise RuntimeError(msg) from (failed[0] if failed else None)
        time.sleep(0.005)
