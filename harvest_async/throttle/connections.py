"""The connections that a gate may use at once: as many as the measured round trip needs, within limits.

httpcore's pool gets slow with many connections, so that calls wait at the gate and not in the pool.
"""

from __future__ import annotations

from typing import Final

from harvest_async.clock import SECOND
from harvest_async.throttle.window import Window

__all__ = ["FEWEST_CONNECTIONS", "MOST_CONNECTIONS", "Connections"]

FEWEST_CONNECTIONS: Final = 16
MOST_CONNECTIONS: Final = 48
"""The limits of the number of connections."""

_HASTE: Final = 30
"""A whole window can be sent within this fraction of a period."""
_SMOOTHING: Final = 8
_FIRST_TRIP: Final = SECOND // 5


class Connections:
    """Counts the connections in use, and the round trip that is expected.

    Attributes:
        busy: how many connections are in use.
        limit: how many may be in use, as of the last `update` and `observe`.
        trip: the expected round trip in nanoseconds.
    """

    __slots__ = ("_calls", "_period", "busy", "limit", "trip")

    def __init__(self) -> None:
        self.busy = 0
        self.limit = FEWEST_CONNECTIONS
        self.trip = _FIRST_TRIP
        self._calls, self._period = 0, SECOND

    @property
    def full(self) -> bool:
        """Whether no further call may be sent before a connection is released."""
        return self.busy >= self.limit

    def update(self, window: Window) -> int:
        """Set the limit by the window's present numbers, and return it."""
        if window.calls != self._calls or window.period != self._period:
            self._calls, self._period = window.calls, window.period
            self._set_limit()
        return self.limit

    def observe(self, trip: int) -> None:
        """Take a measured round trip into account."""
        self.trip += (trip - self.trip) // _SMOOTHING
        self._set_limit()

    def _set_limit(self) -> None:
        needed = self._calls * self.trip * _HASTE // self._period
        self.limit = min(max(needed, FEWEST_CONNECTIONS), MOST_CONNECTIONS)
