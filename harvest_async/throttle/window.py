"""The exact window: at most `calls` leases in any `period`, however long requests and responses travel.

Invariants:
- Integers in nanoseconds; the present time is always an argument. Nothing is awaited, nothing is read.
- A call that is sent holds a lease. The server counts the call at some time between its sending and its response, so
  the lease is held until one `period` after the RESPONSE, and one tick more since the server's window is half-open.
- A lease without a response is held as if the server counted it as late as possible: `guard` after the call was given
  up, or after its deadline, whichever comes first.
- Foreign calls, which the server counted and we did not send, hold leases too.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import chain
from typing import Any, Final

__all__ = ["TICK", "Window"]

TICK: Final = 1
"""How much longer than one period a lease is held."""

_SOON: Final = 100_000_000
"""The nanoseconds until the first look whether the calls of other processes have ended."""

_NEVER: Final = -(1 << 62)
"""The `sent` of a call that the server may not have counted."""


class Window:
    """Leases held against one budget of calls.

    Attributes:
        calls: how many leases there are.
        period: how long a lease is held after the response, in nanoseconds.
        guard: the longest that a request may travel, in nanoseconds.
        foreign: how many calls of other programs hold leases.
        latest_lost_arrival: the latest time at which a call that was given up may have arrived; 0 if none was.
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
        self._lapse = 0  # no open lease lapses before this time

    def take(self, lease: int, now: int, deadline: int) -> None:
        """Begin a lease for a call sent now whose response is awaited until `deadline`. Check `free` first."""
        lapse = deadline + self.guard
        if lapse < self._lapse or not self._open:
            self._lapse = lapse
        self._open[lease] = (now, deadline)

    def end(self, lease: int, now: int, *, counted: bool = True) -> None:
        """End a lease whose response came now; `counted` is False where the server refused to process the call."""
        sent, _ = self._open.pop(lease, (None, 0))
        if sent is not None:
            heappush(self._past, (now, sent if counted else _NEVER))

    def lose(self, lease: int, now: int) -> None:
        """End a lease whose call was given up now; it may still be on its way."""
        sent, deadline = self._open.pop(lease, (None, 0))
        if sent is not None:
            arrival = min(now, deadline) + self.guard
            self.latest_lost_arrival = max(self.latest_lost_arrival, arrival)
            heappush(self._past, (arrival, _NEVER))

    def give_back(self, lease: int) -> None:
        """End a lease whose call never left this machine."""
        self._open.pop(lease, None)

    def holds(self, lease: int) -> bool:
        """Return whether a lease's call is still awaited."""
        return lease in self._open

    def in_flight(self, now: int) -> int:
        """Return how many calls are awaited."""
        self._prune(now)
        return len(self._open)

    def look_at(self, now: int) -> int:
        """Return when to look whether the awaited calls have ended, which nobody reports.

        The longer they have been on their way, the later; and as soon as one of them lapses.
        """
        latest = max((sent for sent, _ in self._open.values()), default=now)
        return min(max(latest + _SOON, now + (now - latest) // 3), max(now, self._lapse) + TICK)

    def held(self, now: int) -> int:
        """Return how many leases are taken, foreign ones included; more than `calls` after a foreign burst."""
        self._prune(now)
        return len(self._open) + len(self._past) + self.foreign

    def free(self, now: int) -> int:
        """Return how many calls may be sent now."""
        past = self._past
        if self.foreign or (past and past[0][0] < now - self.period) or (now > self._lapse and self._open):
            self._prune(now)
        return max(0, self.calls - len(self._open) - len(past) - self.foreign)

    def next_release(self, now: int) -> int | None:
        """Return the earliest time at which a lease held now comes free by itself; None where nothing is held."""
        self._prune(now)
        bases = [self._past[0][0]] if self._past else []
        if self.foreign:
            bases.append(self._foreign_base)
        if not bases:
            bases = [deadline + self.guard for _, deadline in self._open.values()]
        return min(bases) + self.period + TICK if bases else None

    def places(self, now: int, trip: int) -> list[int]:
        """Return the times at which the leases for the next `calls` calls are expected, in order.

        Args:
            now: the present time.
            trip: the round trip that is expected of calls in flight.
        """
        self._prune(now)
        bases = [base for base, _ in self._past] + [self._foreign_base] * self.foreign + [now + trip] * len(self._open)
        releases = sorted(max(now, base + self.period + TICK) for base in bases)
        return ([now] * self.calls + releases)[-self.calls :]

    def adopt(self, count: int, requested: int, received: int) -> bool:
        """Take leases for foreign calls, from the server's own count.

        The count was requested at `requested` and received at `received`; its own call is part of `count`. Our calls
        that the server surely counted are subtracted; a call that it may or may not have counted is not, so that we
        hold a lease too many rather than one too few.

        Returns:
            Whether other programs use the account: whether `count` is more than all of our calls.
        """
        self._prune(received)
        begin = received - self.period
        surely = 1 + sum(1 for base, sent in self._past if base <= requested and sent > begin)
        maybe_processed = len(self._open) + sum(1 for base, _ in self._past if base >= requested - self.period)
        self.foreign = max(0, count - surely)
        self._foreign_base = received
        return count > max(maybe_processed, 1)

    def resize(self, calls: int, period: int) -> None:
        """Use other numbers from now on, for the leases held already as well."""
        self.calls = calls
        self.period = period

    @property
    def latest_deadline(self) -> int:
        """The time until which the last of the responses is awaited; 0 where none is."""
        return max((deadline for _, deadline in self._open.values()), default=0)

    def dump(self) -> dict[str, Any]:
        """Return everything as plain values, for a ledger that stores it."""
        return {
            "numbers": [self.calls, self.period, self.guard],
            "foreign": [self.foreign, self._foreign_base],
            "latest_lost_arrival": self.latest_lost_arrival,
            "open": [[lease, sent, deadline] for lease, (sent, deadline) in self._open.items()],
            "past": [list(pair) for pair in self._past],
        }

    def dump_steady(self) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """Return what few steps change: `numbers`, `foreign` and `latest_lost_arrival` of `dump`."""
        return (self.calls, self.period, self.guard), (self.foreign, self._foreign_base), self.latest_lost_arrival

    def dump_leases(self) -> list[int]:
        """Return the rest of `dump` as integers: how many leases are open, then the items of `open` and of `past`."""
        numbers = [len(self._open)]
        for lease, times in self._open.items():
            numbers += (lease, *times)
        numbers += chain.from_iterable(self._past)
        return numbers

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Window:
        """Return the window that `dump` returned as plain values."""
        window = cls(*stored["numbers"])
        window.foreign, window._foreign_base = stored["foreign"]
        window.latest_lost_arrival = stored["latest_lost_arrival"]
        for lease, sent, deadline in stored["open"]:
            window.take(lease, sent, deadline)
        window._past = [(base, sent) for base, sent in stored["past"]]
        heapify(window._past)
        return window

    def copy(self) -> Window:
        """Return a window with the same leases, which changes apart from this one."""
        twin = Window(self.calls, self.period, self.guard)
        twin.foreign, twin._foreign_base = self.foreign, self._foreign_base
        twin.latest_lost_arrival, twin._lapse = self.latest_lost_arrival, self._lapse
        twin._open, twin._past = self._open.copy(), self._past.copy()
        return twin

    def shift(self, by: int) -> None:
        """Move all times by a number of nanoseconds, to another scale."""
        self._foreign_base += by
        self.latest_lost_arrival += by
        self._lapse += by
        self._open = {lease: (sent + by, deadline + by) for lease, (sent, deadline) in self._open.items()}
        self._past = [(base + by, sent if sent == _NEVER else sent + by) for base, sent in self._past]

    def fill(self, now: int, deadline: int | None = None) -> None:
        """Hold as many leases from now on as there are, since it is not known which calls were sent.

        Calls that are awaited stay so: until the given deadline, or each until its own if None is given.
        """
        self.foreign, self._foreign_base, self.latest_lost_arrival = self.calls, now, 0
        self._past.clear()
        if deadline is not None:
            self._open = dict.fromkeys(self._open, (now, deadline))
            self._lapse = deadline + self.guard

    def restart(self, now: int) -> None:
        """Hold all leases from now on: the scale of the times was lost (the machine was restarted)."""
        count = len(self._open) + len(self._past)
        self._open.clear()
        self._past = [(now, _NEVER)] * min(count, self.calls)
        self._foreign_base, self.latest_lost_arrival = now, 0

    def _prune(self, now: int) -> None:
        if self._open and now > self._lapse:
            self._give_up(now)
        expired = now - self.period
        while self._past and self._past[0][0] < expired:
            heappop(self._past)
        if self.foreign and self._foreign_base < expired:
            self.foreign = 0

    def _give_up(self, now: int) -> None:
        """Treat calls whose deadline and guard are over as lost: their process died."""
        for lease, (_, deadline) in list(self._open.items()):
            if now > deadline + self.guard:
                self.lose(lease, deadline)
        self._lapse = min((deadline + self.guard for _, deadline in self._open.values()), default=0)
