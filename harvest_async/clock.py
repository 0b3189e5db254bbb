"""Time as an argument.

Rules of this room: moments are integers in nanoseconds on a clock that never goes back; spans are integers in
nanoseconds too. Only `SystemClock` reads the machine, so whoever is given a `Clock` can be tested by hand.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, Protocol

__all__ = ["SECOND", "Clock", "SystemClock", "seconds", "span"]

SECOND: Final = 1_000_000_000
"""One second in the unit of every clock: nanoseconds."""


class Clock(Protocol):
    """What the throttle and the retries ask for the time."""

    def now(self) -> int:
        """Nanoseconds on a monotonic scale that all users of one ledger share."""
        ...

    def today(self) -> datetime:
        """The wall clock as an aware datetime in UTC, for HTTP dates that come without a `Date`."""
        ...


class SystemClock:
    """The machine's own clock; `now()` is `time.monotonic_ns`, one scale for all processes since boot."""

    __slots__ = ()

    now = staticmethod(time.monotonic_ns)
    """Return the nanoseconds since a time fixed at boot."""

    def today(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


def span(seconds_: float) -> int:
    """Turn seconds into nanoseconds, rounded to the nearest."""
    return round(seconds_ * SECOND)


def seconds(span_: int) -> float:
    """Turn nanoseconds into seconds."""
    return span_ / SECOND
