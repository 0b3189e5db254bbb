"""The exact window: at most `calls` leases in any `period`, whatever the network does between us and the server.

Rules of this room:
- Pure: integers in nanoseconds, the moment is always an argument, nothing is awaited and nothing read.
- A call that is sent holds a lease. The server counts the call at some moment between its sending and its reply,
  so the lease is held until one `period` after the REPLY, and one tick more since the server's window is half-open.
- A lease without a reply is held as if the server counted it at the latest moment possible: `guard` after the call
  was given up, or after its deadline, whichever comes first.
- Foreign calls, which the server counted and we did not send, hold leases too.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any, Final

__all__ = ["TICK", "Window"]

TICK: Final = 1
"""What a lease is held longer than one period."""

_NEVER: Final = -(1 << 62)
"""The `sent` of a call that the server may not have counted."""


class Window:
    """Leases held against one budget of calls.

    Attributes:
        calls: how many leases there are.
        period: how long a lease is held after the reply, in nanoseconds.
        guard: the longest that a request may travel, in nanoseconds.
        foreign: how many calls of other programs hold leases.
        astray: the latest moment at which a call that was given up may have arrived; 0 where none was.
    """

    __slots__ = (
        "_foreign_base",
        "_lapse",
        "_open",
        "_past",
        "calls",
        "foreign",
        "guard",
        "latest_lost_arrival",
        "period",
    )

    def __init__(self, calls: int, period: int, guard: int) -> None:
        self.calls = calls
        self.period = period
        self.guard = guard
        self.foreign = 0
        self.latest_lost_arrival = 0
        self._foreign_base = 0
        self._open: dict[int, tuple[int, int]] = {}  # lease -> (sent, deadline)
        self._past: list[tuple[int, int]] = []  # heap of (base, sent): held until base + period
        self._lapse = 0  # no open lease lapses before this moment

    def take(self, lease: int, now: int, deadline: int) -> None:
        """Begin a lease for a call sent now whose reply is awaited until `deadline`. Ask `free` first."""
        lapse = deadline + self.guard
        self._lapse = min(self._lapse, lapse) if self._open else lapse
        self._open[lease] = (now, deadline)

    def settle(self, lease: int, now: int, *, counted: bool = True) -> None:
        """The reply to a lease's call came now; `counted` False where the server refused to carry it out."""
        sent, _ = self._open.pop(lease, (None, 0))
        if sent is not None:
            heappush(self._past, (now, sent if counted else _NEVER))

    def lose(self, lease: int, now: int) -> None:
        """A lease's call was given up now; it may be travelling yet."""
        sent, deadline = self._open.pop(lease, (None, 0))
        if sent is not None:
            arrival = min(now, deadline) + self.guard
            self.latest_lost_arrival = max(self.latest_lost_arrival, arrival)
            heappush(self._past, (arrival, _NEVER))

    def give_back(self, lease: int) -> None:
        """A lease's call never left this machine."""
        self._open.pop(lease, None)

    def holds(self, lease: int) -> bool:
        """Whether a lease's call is still awaited."""
        return lease in self._open

    def in_flight(self, now: int) -> int:
        """How many calls are awaited."""
        self._prune(now)
        return len(self._open)

    def held(self, now: int) -> int:
        """How many leases are taken, foreign ones among them; more than `calls` after a foreign burst."""
        self._prune(now)
        return len(self._open) + len(self._past) + self.foreign

    def free(self, now: int) -> int:
        """How many calls may be sent now."""
        return max(0, self.calls - self.held(now))

    def next_release(self, now: int) -> int | None:
        """The earliest moment at which a lease held now comes back by itself; None where nothing is held."""
        self._prune(now)
        bases = [self._past[0][0]] if self._past else []
        if self.foreign:
            bases.append(self._foreign_base)
        if not bases:
            bases = [deadline + self.guard for _, deadline in self._open.values()]
        return min(bases) + self.period + TICK if bases else None

    def places(self, now: int, trip: int, start: int | None = None) -> list[int]:
        """The moments at which the leases for the next `calls` calls are expected, in order.

        Args:
            now: the present moment.
            trip: the round trip that is expected of calls in flight.
            start: the moment before which none is lent; None is now.
        """
        self._prune(now)
        start = now if start is None else start
        bases = [base for base, _ in self._past] + [self._foreign_base] * self.foreign + [now + trip] * len(self._open)
        releases = sorted(max(start, base + self.period + TICK) for base in bases)
        return ([start] * (self.calls - len(releases)) + releases)[-self.calls :]

    def adopt(self, count: int, asked: int, told: int) -> bool:
        """Take leases for foreign calls, from the server's own count.

        The answer was asked for at `asked` and came at `told`; its own call is part of `count`. Of our calls, those
        that the server surely counted are taken off; a call it may or may not have counted is not, so that we
        rather hold a lease too many.

        Returns:
            Whether other programs use the account, that is: whether `count` is more than all of our calls.
        """
        self._prune(told)
        begin = told - self.period
        surely = 1 + sum(1 for base, sent in self._past if base <= asked and sent > begin)
        maybe_processed = len(self._open) + sum(1 for base, _ in self._past if base >= asked - self.period)
        self.foreign = max(0, count - surely)
        self._foreign_base = told
        return count > max(maybe_processed, 1)

    def resize(self, calls: int, period: int) -> None:
        """Go on with other numbers; what is held is held by the new ones."""
        self.calls = calls
        self.period = period

    def dump(self) -> dict[str, Any]:
        """Everything as plain values, for a ledger that stores it."""
        return {
            "numbers": [self.calls, self.period, self.guard],
            "foreign": [self.foreign, self._foreign_base],
            "astray": self.latest_lost_arrival,
            "open": [[lease, sent, deadline] for lease, (sent, deadline) in self._open.items()],
            "past": [list(pair) for pair in self._past],
        }

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Window:
        """What `dump` gave, as a window again."""
        window = cls(*stored["numbers"])
        window.foreign, window._foreign_base = stored["foreign"]
        window.latest_lost_arrival = stored["astray"]
        for lease, sent, deadline in stored["open"]:
            window.take(lease, sent, deadline)
        window._past = [(base, sent) for base, sent in stored["past"]]
        heapify(window._past)
        return window

    def restart(self, now: int) -> None:
        """Hold everything from now on: the scale of the moments was lost (the machine was started again)."""
        count = len(self._open) + len(self._past)
        self._open.clear()
        self._past = [(now, _NEVER)] * min(count, self.calls)
        self._foreign_base, self.latest_lost_arrival = now, 0

    def _prune(self, now: int) -> None:
        if self._open and now > self._lapse:
            self._give_up(now)
        gone = now - self.period
        while self._past and self._past[0][0] < gone:
            heappop(self._past)
        if self.foreign and self._foreign_base < gone:
            self.foreign = 0

    def _give_up(self, now: int) -> None:
        """Treat calls whose deadline and guard are over as lost: their process died or forgot them."""
        for lease, (_, deadline) in list(self._open.items()):
            if now > deadline + self.guard:
                self.lose(lease, deadline)
        self._lapse = min((deadline + self.guard for _, deadline in self._open.values()), default=0)
