"""Test tools: a Harvest account to test against, and an event loop with virtual time.

pytest loads this module as a plugin wherever the library is installed, so the fixtures `harvest_sandbox`,
`harvest_client`, `harvest_v2` and `harvest_address` are available. An import at 100 calls per 15 seconds takes no time
on a `VirtualLoop` if the sandbox and the throttle use its clock:

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = runner.get_loop().clock
        sandbox, throttle = Sandbox(clock=clock), Throttle(clock=clock)
        runner.run(main(in_process(sandbox), throttle))

Notes:
    No server and no sandbox is imported before a fixture is used. Virtual time moves only when the loop would sleep.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from harvest_async.clock import SECOND

if TYPE_CHECKING:
    import httpx

    from harvest_async.sandbox import Sandbox
    from harvest_async.testing.app import AppClient
    from harvest_async.throttle.throttle import Throttle
    from harvest_async.versions import HarvestV1, HarvestV2

__all__ = [
    "VirtualClock",
    "VirtualLoop",
    "harvest_address",
    "harvest_app_client",
    "harvest_client",
    "harvest_sandbox",
    "harvest_throttle",
    "harvest_v2",
    "in_process",
    "sandbox_behind",
]

_STEP: Final = 1_000
"""Nanoseconds that the clock moves past a timer, so that rounding never leaves it short."""

_PATIENCE: Final = 3.0
"""Real seconds that a loop without timers waits for another thread."""


class VirtualClock:
    """A clock that is moved by hand, or by a `VirtualLoop` that would otherwise sleep.

    Args:
        start: the wall clock time at its creation; aware.

    Attributes:
        moment: nanoseconds since its creation.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self.moment = 0
        self._start = start

    def now(self) -> int:
        """Return the nanoseconds since the clock's creation."""
        return self.moment

    def today(self) -> datetime:
        """Return the wall clock time in UTC."""
        return self._start + timedelta(microseconds=self.moment // 1_000)

    def advance(self, seconds: float) -> None:
        """Move the clock by a number of seconds."""
        self.moment += round(seconds * SECOND)


class _Leap(selectors.DefaultSelector):
    """A selector that moves a clock instead of waiting for it."""

    def __init__(self, clock: VirtualClock, patience: float) -> None:
        super().__init__()
        self._clock = clock
        self._patience = patience

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(self._patience)
            if not ready:
                msg = "deadlock: every task waits, and no timer is set"
                raise RuntimeError(msg)
            return ready
        ready = super().select(0)
        if not ready and timeout > 0:
            self._clock.moment += round(timeout * SECOND) + _STEP
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on which sleeping takes no time: when it is idle, its clock moves to the next timer.

    For code that only waits for timers. A test that uses a real socket needs a real loop. If every task waits and no
    timer is set, the loop raises `RuntimeError` instead of hanging.

    Args:
        patience: real seconds to wait for other threads before `RuntimeError` is raised.

    Attributes:
        clock: the loop's clock; pass it to a `Throttle` and to the `Sandbox`.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.clock = VirtualClock()
        super().__init__(_Leap(self.clock, patience))

    def time(self) -> float:
        """Return the clock's time in seconds."""
        return self.clock.moment / SECOND

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Join the threads of `asyncio.to_thread` without a timeout: they take real time."""
        await super().shutdown_default_executor()


def in_process(sandbox: Sandbox) -> httpx.AsyncBaseTransport:
    """Return a transport to a sandbox without a socket: `HarvestV1(..., transport=in_process(sandbox))`.

    Broken connections raise the errors of httpx. Needs the extra `sandbox`.

    Raises:
        ImportError: the extra is not installed.
    """
    from harvest_async.testing.transport import in_process  # noqa: PLC0415 - see the module docstring

    return in_process(sandbox)


def harvest_app_client(
    app: Any, *, sandbox: Sandbox | None = None, clients: Mapping[str, Any] | None = None
) -> AbstractAsyncContextManager[AppClient]:
    """Start an app whose Harvest accounts are a sandbox, and give an HTTP client of the app.

        async with harvest_app_client(app) as client:
            assert (await client.get("/clients")).json() == []
            client.sandbox.fault("throttle", times=1)
            print(client.sandbox.requests())

    The app's lifespan runs; its clients, and those of its pools, are made for the sandbox instead, so that no setting
    is needed and nothing reaches Harvest. `client.sandbox.assert_nothing_sent()` checks that no call was made.

    Args:
        app: a FastAPI app whose clients are made by `harvest_lifespan`.
        sandbox: the account; None makes a new one.
        clients: by key the class of a client, or `HarvestPool`. It is needed where neither the method
            (`HarvestV2.from_env`) nor the annotation of the function that makes the client says the class.

    Raises:
        InvalidArgument: when it starts, if the class of a client is not known.
        ImportError: the extra `sandbox` is not installed.
    """
    from harvest_async.testing.app import open_app  # noqa: PLC0415 - see the module docstring

    return open_app(app, sandbox=sandbox, clients=clients)


def sandbox_behind(
    app: Any, *, sandbox: Sandbox | None = None, clients: Mapping[str, Any] | None = None
) -> AbstractContextManager[Sandbox]:
    """Let an app that is started inside use a sandbox, for tests without `async`:

        with sandbox_behind(app) as sandbox, TestClient(app) as client:
            assert client.get("/clients").json() == []

    The arguments are those of `harvest_app_client`.
    """
    from harvest_async.testing.app import sandbox_behind  # noqa: PLC0415 - see the module docstring

    return sandbox_behind(app, sandbox=sandbox, clients=clients)


@pytest.fixture
def harvest_sandbox() -> Iterator[Sandbox]:
    """A new Harvest account: `world` holds its records, `fault(...)` injects faults, `requests()` lists requests."""
    from harvest_async.sandbox import Sandbox  # noqa: PLC0415 - see the module docstring

    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def harvest_address(harvest_sandbox: Sandbox) -> Iterator[str]:
    """The address of the same account on a real loopback socket, for `base_url` or any other client."""
    with harvest_sandbox.serve_in_thread() as address:
        yield address


@pytest.fixture
def harvest_throttle() -> Throttle:
    """The throttle that the clients of `harvest_client` and `harvest_v2` share."""
    from harvest_async.throttle.throttle import Throttle  # noqa: PLC0415 - see the module docstring

    return Throttle()


@pytest.fixture
def harvest_client(harvest_sandbox: Sandbox, harvest_throttle: Throttle) -> Callable[..., HarvestV1]:
    """A function that creates clients of the account by API v1, in process; use them with `async with`.

    `harvest_client("user@example.com", format="xml")`: the user's e-mail, and options of the client.
    """
    return _maker("v1", harvest_sandbox, harvest_throttle)


@pytest.fixture
def harvest_v2(harvest_sandbox: Sandbox, harvest_throttle: Throttle) -> Callable[..., HarvestV2]:
    """A function that creates clients of the same account by API v2, in process; use them with `async with`.

    `harvest_v2("user@example.com", timeout=5)`: the user's e-mail, and options of the client.
    """
    return _maker("v2", harvest_sandbox, harvest_throttle)


def _maker(version: str, sandbox: Sandbox, throttle: Throttle) -> Callable[..., Any]:
    """Return a function that creates clients of a version for the users of a sandbox."""
    from harvest_async.versions import load  # noqa: PLC0415 - see the module docstring

    def make(email: str = "admin@example.com", **options: Any) -> Any:
        given: dict[str, Any] = {
            **load("setup", version).sandbox("http://127.0.0.1", email),
            "app": "tests (tests@example.com)",
            "throttle": throttle,
            "transport": in_process(sandbox),
        }
        return load("client", version)(**(given | options))

    return make
