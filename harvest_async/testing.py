"""What tests need: time that passes at once, and a Harvest account to run against.

Rules of this room: it is loaded by pytest in every project that has the library installed, so it imports nothing
heavy until a fixture is asked for. Time moves only when the loop would sleep.
"""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import Final

from harvest_async.clock import SECOND

__all__ = ["VirtualClock", "VirtualLoop"]

_STEP: Final = 1_000
"""How far past a timer the clock goes, in nanoseconds: rounding must never leave it short."""

_PATIENCE: Final = 3.0
"""Real seconds that a loop without timers waits for another thread."""


class VirtualClock:
    """A clock that is moved by hand, or by a `VirtualLoop` that would otherwise sleep.

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
        """Let time pass."""
        self.moment += round(seconds * SECOND)


class _Leap(selectors.DefaultSelector):
    """A selector that moves a clock instead of waiting for it."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(_PATIENCE)
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

    For code that only waits for timers. A test that talks to a real socket needs a real loop.

    Attributes:
        clock: the clock that goes with the loop; give it to a `Throttle`.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        super().__init__(_Leap(self.clock))

    def time(self) -> float:
        """The loop's own time, in seconds, which is the clock's."""
        return self.clock.moment / SECOND
