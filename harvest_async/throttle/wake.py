"""One timer for all calls that wait.

Invariants:
- It is set again only to a time that is earlier.
- It may fire early or late: what it calls reads the clock and sets it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harvest_async.clock import SECOND, Clock

__all__ = ["WakeTimer"]


class WakeTimer:
    """The one timer of a gate.

    Args:
        clock: the source of the time.
        wake: is called when the time has come.
    """

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._wake = wake
        self._timer: asyncio.TimerHandle | None = None

    def set(self, time: int | None) -> None:
        """Wake the calls at a time in nanoseconds, unless the timer fires earlier already; None changes nothing."""
        if time is None:
            return
        when = self._loop.time() + max(0, time - self._clock.now()) / SECOND
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._wake()
