"""The server's rate limits, one per budget: arrivals in a sliding window, and a lockout for an account that exceeds it.

Notes:
- Times are integers in nanoseconds; the current time is an argument.
- It counts arrivals of the whole account and does not distinguish clients.
- More than `calls` arrivals in a half-open `period` begin a lockout. A call made during the lockout restarts it, unless
  `prolong` is off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

__all__ = ["BUDGETS", "GENERAL", "REPORTS", "RateLimitStatus", "RateLimiter"]

GENERAL: Final = "general"
REPORTS: Final = "reports"
BUDGETS: Final = (GENERAL, REPORTS)
"""The names of the budgets; each has calls and a window of its own."""

_SECOND = 1_000_000_000


class RateLimitStatus(NamedTuple):
    """The rate limiter's numbers; lengths are in whole seconds.

    Attributes:
        calls: calls allowed in a period.
        period: the length of the period.
        lockout: the length of a lockout.
        counted: calls counted in the period that ends now.
        last: the time of the last counted call.
    """

    calls: int
    period: int
    lockout: int
    counted: int
    last: datetime | None


class RateLimiter:
    """Count calls and refuse those above the limit.

    Attributes:
        calls: calls allowed in a period.
        period: the length of the period in nanoseconds.
        lockout: the length of a lockout in nanoseconds.
        prolong: whether a call made during a lockout restarts it.
        throttled: number of refused calls.
        lockouts: number of lockouts.
        last: the last counted arrival; None before the first.
    """

    def __init__(self, calls: int, period: int, lockout: int, *, prolong: bool = True) -> None:
        self.calls = calls
        self.period = period
        self.lockout = lockout
        self.prolong = prolong
        self.throttled = 0
        self.lockouts = 0
        self.last: int | None = None
        self._window: deque[int] = deque()
        self._locked_until = 0

    def arrive(self, now: int) -> bool:
        """Count a call and return whether it is accepted."""
        self._forget(now)
        self.last = now
        if self.is_locked(now):
            if self.prolong:
                self._locked_until = now + self.lockout
            self.throttled += 1
            return False
        self._window.append(now)
        if len(self._window) <= self.calls:
            return True
        self.lock_out(now)
        self.throttled += 1
        return False

    def lock_out(self, now: int, lockout: int | None = None) -> None:
        """Begin a lockout, of the usual length or of another."""
        self._locked_until = now + (self.lockout if lockout is None else lockout)
        self.lockouts += 1

    def count(self, now: int) -> int:
        """Return the number of calls counted in the period that ends now."""
        self._forget(now)
        return len(self._window)

    def status(self, now: int, last: datetime | None) -> RateLimitStatus:
        """Return the numbers; `last` is the wall clock's time of the last counted call."""
        return RateLimitStatus(self.calls, self.period // _SECOND, self.lockout // _SECOND, self.count(now), last)

    def wait(self, now: int) -> int:
        """Return the seconds until the lockout ends, rounded up; 0 if there is none."""
        return max(0, -((now - self._locked_until) // _SECOND))

    def is_locked(self, now: int) -> bool:
        """Return whether a lockout is active."""
        return now < self._locked_until

    @property
    def locked_until(self) -> int:
        """The end of the last lockout; 0 before the first."""
        return self._locked_until

    def restore(self, arrivals: Iterable[int], locked_until: int) -> None:
        """Continue with earlier arrivals, the oldest first, and an earlier lockout."""
        self._window = deque(arrivals)
        self.last = self._window[-1] if self._window else None
        self._locked_until = locked_until

    def _forget(self, now: int) -> None:
        while self._window and self._window[0] <= now - self.period:
            self._window.popleft()
