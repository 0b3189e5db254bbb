"""The time of a server, estimated from its responses.

Invariants:
- A server's time that was read between two times of ours bounds how far its clock is ahead of ours: between the read
  time less the later of ours, and the read time less the earlier one.
- Where others know that a clock has jumped, only what was observed since counts.
- Only differences of our monotonic clock are used, so that it does not matter what any machine's wall clock shows.
"""

from __future__ import annotations

from typing import Final

from harvest_async.clock import SECOND

__all__ = ["ServerTime"]

_DRIFT: Final = 2_000
"""Two clocks may drift apart by one part in this many."""
_JUMP: Final = SECOND // 50
"""By how much a response has to disagree with the earlier ones until one of the clocks is taken to have jumped."""
_RESOLUTION: Final = 1_000
"""The server's time is in whole microseconds, rounded down."""


class ServerTime:
    """How far a server's clock is ahead of ours, in nanoseconds.

    Attributes:
        least: the lower bound.
        most: the upper bound.
    """

    __slots__ = ("_at", "_last", "least", "most")

    def __init__(self) -> None:
        self.least = self.most = 0
        self._last = (0, 0)
        self._at: int | None = None

    def observe(self, sent: int, received: int, time: int) -> bool:
        """Take a time of the server into account that was read between two times of ours.

        Returns:
            Whether one of the two clocks has jumped since the last observation.
        """
        self._last = least, most = time - received, time + _RESOLUTION - sent
        jumped = False
        if self._at is not None:
            drift = max(0, received - self._at) // _DRIFT
            lower, upper = self.least - drift, self.most + drift
            jumped = least > upper + _JUMP or most < lower - _JUMP
            if max(least, lower) <= min(most, upper):
                least, most = max(least, lower), min(most, upper)
        self.least, self.most, self._at = least, most, received
        return jumped

    def forget(self) -> None:
        """Rely on the last observation alone: it may be too slow to show that a clock has jumped before it."""
        self.least, self.most = self._last
