"""The time as an argument.

Notes:
- Times are integers in nanoseconds on a monotonic clock, and spans are integers in nanoseconds, too.
- Only `SystemClock` reads the machine's clock. Everything else gets a `Clock`, so that tests can set the time.
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Final, Protocol

__all__ = ["SECOND", "Clock", "SystemClock", "rounded_up", "seconds", "span"]

SECOND: Final = 1_000_000_000
"""One second in the unit of every clock: nanoseconds."""


class Clock(Protocol):
    """The source of the time for the throttle and the retries."""

    def now(self) -> int:
        """Return the nanoseconds on a monotonic scale that all users of one ledger share."""
        ...

    def today(self) -> datetime:
        """Return the wall clock's time in UTC, for responses without a `Date`."""
        ...


class SystemClock:
    """The machine's own clock; `now()` is `time.monotonic_ns`, one scale for all processes since boot."""

    __slots__ = ()

    now = staticmethod(time.monotonic_ns)
    """Return the nanoseconds since a time fixed at boot."""

    def today(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)


def span(seconds_: float) -> int:
    """Turn seconds into nanoseconds, rounded to the nearest."""
    return round(seconds_ * SECOND)


def seconds(span_: int) -> float:
    """Turn nanoseconds into seconds."""
    return span_ / SECOND


def rounded_up(seconds_: float) -> float:
    """Round seconds up to a tenth, for a message: who waits for that long does not come too early."""
    return math.ceil(round(seconds_ * 10, 6)) / 10
