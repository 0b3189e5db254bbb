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
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from harvest_async.clock import SECOND

if TYPE_CHECKING:
    import httpx

    from harvest_async.sandbox import Sandbox
    from harvest_async.throttle.throttle import Throttle
    from harvest_async.versions import HarvestV1, HarvestV2

__all__ = [
    "VirtualClock",
    "VirtualLoop",
    "harvest_address",
    "harvest_client",
    "harvest_sandbox",
    "harvest_throttle",
    "harvest_v2",
    "in_process",
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
    import httpx  # noqa: PLC0415 - see the module docstring

    class InProcess(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return await super().handle_async_request(request)
            except ConnectionResetError as error:
                raise httpx.ReadError(str(error), request=request) from error

    return InProcess(app=sandbox.app)


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
