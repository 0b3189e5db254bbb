"""The throttle as the server sees it: arrivals in a sliding window, and a lockout for who makes too many.

Rules of this room: pure, integers in nanoseconds, the moment is an argument. It counts arrivals and knows nothing of
clients. More than `calls` arrivals in a half-open `period` begin a lockout; each call made while it lasts begins it
anew, unless told otherwise (contract: throttle.reset).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

__all__ = ["Judge"]

_SECOND = 1_000_000_000


class Judge:
    """Counts and refuses.

    Attributes:
        calls: calls allowed in a period.
        period: nanoseconds.
        lockout: how long a lockout lasts, in nanoseconds.
        prolong: whether a call made in a lockout begins it anew.
        throttled: how many calls were refused.
        lockouts: how many lockouts began.
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
        self._shut_until = 0

    def arrive(self, now: int) -> bool:
        """A call arrives; whether it may be carried out."""
        self._forget(now)
        self.last = now
        if self.is_shut(now):
            if self.prolong:
                self._shut_until = now + self.lockout
            self.throttled += 1
            return False
        self._window.append(now)
        if len(self._window) <= self.calls:
            return True
        self.shut(now)
        self.throttled += 1
        return False

    def shut(self, now: int, lockout: int | None = None) -> None:
        """Begin a lockout, of its usual length or of another."""
        self._shut_until = now + (self.lockout if lockout is None else lockout)
        self.lockouts += 1

    def count(self, now: int) -> int:
        """How many calls are counted in the period that ends now."""
        self._forget(now)
        return len(self._window)

    def wait(self, now: int) -> int:
        """Whole seconds until the lockout ends, rounded up; 0 if there is none."""
        return max(0, -((now - self._shut_until) // _SECOND))

    def is_shut(self, now: int) -> bool:
        """Whether a lockout lasts."""
        return now < self._shut_until

    @property
    def shut_until(self) -> int:
        """When the last lockout ends or ended; 0 before the first."""
        return self._shut_until

    def restore(self, arrivals: Iterable[int], shut_until: int) -> None:
        """Go on with earlier arrivals, the oldest first, and an earlier lockout."""
        self._window = deque(arrivals)
        self.last = self._window[-1] if self._window else None
        self._shut_until = shut_until

    def _forget(self, now: int) -> None:
        while self._window and self._window[0] <= now - self.period:
            self._window.popleft()
