"""What tests need: a Harvest account to run against, and time that passes at once.

pytest loads this module as a plugin wherever the library is installed, so its fixtures are simply there:
`harvest_sandbox`, `harvest_client` and `harvest_address`. A whole import at 100 calls in 15 seconds takes no time at
all on a `VirtualLoop`, if sandbox and throttle go by its clock:

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = runner.get_loop().clock
        sandbox, throttle = Sandbox(clock=clock), Throttle(clock=clock)
        runner.run(main(in_process(sandbox), throttle))

Rules of this room: nothing but the library itself is imported until a fixture is asked for; no server, no sandbox.
Time moves only when the loop would sleep.
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
    from harvest_async.v1.client import HarvestV1

__all__ = ["VirtualClock", "VirtualLoop", "harvest_address", "harvest_client", "harvest_sandbox", "in_process"]

_STEP: Final = 1_000
"""How far past a timer the clock goes, in nanoseconds: rounding must never leave it short."""

_PATIENCE: Final = 3.0
"""Real seconds that a loop without timers waits for another thread."""


class VirtualClock:
    """A clock that is moved by hand, or by a `VirtualLoop` that would otherwise sleep.

    Args:
        start: the wall clock at the moment at which it is made; aware.

    Attributes:
        moment: nanoseconds since it was made.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self.moment = 0
        self._start = start

    def now(self) -> int:
        """Nanoseconds since the clock was made."""
        return self.moment

    def today(self) -> datetime:
        """The wall clock that goes with it, in UTC."""
        return self._start + timedelta(microseconds=self.moment // 1_000)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
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
                msg = "nothing is left that could ever happen: every task waits, and no timer is set"
                raise RuntimeError(msg)
            return ready
        ready = super().select(0)
        if not ready and timeout > 0:
            self._clock.moment += round(timeout * SECOND) + _STEP
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on which sleeping takes no time: whenever nothing is left to do, its clock leaps to the next timer.

    For code that only waits for timers. A test that talks to a real socket needs a real loop. A loop on which nothing
    could ever happen any more raises `RuntimeError` instead of hanging.

    Args:
        patience: real seconds that it waits for other threads before it says that nothing can happen any more.

    Attributes:
        clock: the clock that goes with the loop; give it to a `Throttle`, and to the `Sandbox`.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.clock = VirtualClock()
        super().__init__(_Leap(self.clock, patience))

    def time(self) -> float:
        """The loop's own time, in seconds, which is the clock's."""
        return self.clock.moment / SECOND

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Join the threads of `asyncio.to_thread`, without a limit: they take real time, and this loop has none."""
        await super().shutdown_default_executor()


def in_process(sandbox: Sandbox) -> httpx.AsyncBaseTransport:
    """Make a transport that leads to a sandbox without a socket: `HarvestV1(..., transport=in_process(sandbox))`.

    Broken connections raise what httpx would raise. Needs the extra `sandbox`.

    Raises:
        ImportError: the extra is not installed.
    """
    import httpx  # noqa: PLC0415 - see the rules

    class InProcess(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return await super().handle_async_request(request)
            except ConnectionResetError as error:
                raise httpx.ReadError(str(error), request=request) from error

    return InProcess(app=sandbox.app)


@pytest.fixture
def harvest_sandbox() -> Iterator[Sandbox]:
    """A fresh Harvest account: `world` holds its records, `fault(...)` breaks things, `requests()` tells what came."""
    from harvest_async.sandbox import Sandbox  # noqa: PLC0415 - see the rules

    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def harvest_address(harvest_sandbox: Sandbox) -> Iterator[str]:
    """The same account over a real socket on loopback: its address, for `base_url` or any other client."""
    with harvest_sandbox.serve_in_thread() as address:
        yield address


@pytest.fixture
def harvest_client(harvest_sandbox: Sandbox) -> Callable[..., HarvestV1]:
    """Makes clients that are signed in to the account, in process, on one throttle; use them with `async with`.

    `harvest_client("user@example.com", format="xml")`: whose client, and options of `HarvestV1`.
    """
    from harvest_async.auth import BasicAuth  # noqa: PLC0415 - see the rules
    from harvest_async.throttle.throttle import Throttle  # noqa: PLC0415
    from harvest_async.v1.client import HarvestV1  # noqa: PLC0415

    throttle = Throttle()

    def make(email: str = "admin@example.com", **options: Any) -> HarvestV1:
        given: dict[str, Any] = {
            "auth": BasicAuth(email, "sandbox"),
            "app": "tests (tests@example.com)",
            "base_url": "http://127.0.0.1",
            "throttle": throttle,
            "transport": in_process(harvest_sandbox),
        }
        return HarvestV1("sandbox", **(given | options))

    return make
