"""The processes that wait for leases of one budget, and the turns that they take.

Invariants:
- Within a lane processes take turns: the one with the fewest turns so far is next. A turn is one lease, or a few where
  there are many, which are taken in one step. A process that begins to wait starts with the turns of the one that was
  served last, so that nobody makes up for time in which nothing waited.
- A process registers whenever it looks at the state: how many calls wait, how many of them it could send at once, and
  the span of time in which it will look again. Within that span it has its turn before others; before and after it,
  leases are not kept for it. So a process that died or was stopped holds nobody up for longer than that span, and
  continues as if it had never been away.
- The present time is always an argument. A name belongs to one gate: one event loop of one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from harvest_async.throttle.lane import PASSES, Lane

__all__ = ["Demand", "ProcessQueue", "Registration"]


_MOST_IN_TURN: Final = 4
"""The most leases that one turn has."""


class Demand(NamedTuple):
    """What a process has in one lane.

    Attributes:
        waiting: how many calls wait.
        ready: how many of them it could send at once; never more than wait.
    """

    waiting: int
    ready: int


class Registration(NamedTuple):
    """What a process has waiting, and when it looks again; see `ProcessQueue.register`."""

    name: str
    since: int
    until: int
    interactive: Demand
    bulk: Demand


_NOTHING: Final = Demand(0, 0)


class _Process:
    """One registered process: when it looks again, and by lane its demand and its turns."""

    __slots__ = ("bulk", "bulk_turn", "interactive", "interactive_turn", "since", "until")

    def __init__(self, since: int, until: int, interactive_turn: int, bulk_turn: int) -> None:
        self.since, self.until = since, until
        self.interactive = self.bulk = _NOTHING
        self.interactive_turn, self.bulk_turn = interactive_turn, bulk_turn

    def copy(self) -> _Process:
        twin = _Process(self.since, self.until, self.interactive_turn, self.bulk_turn)
        twin.interactive, twin.bulk = self.interactive, self.bulk
        return twin

    def demand(self, lane: Lane) -> Demand:
        return self.bulk if lane is Lane.BULK else self.interactive

    def turn(self, lane: Lane) -> int:
        return self.bulk_turn if lane is Lane.BULK else self.interactive_turn


class ProcessQueue:
    """The processes that use one budget, in the order of their turns."""

    __slots__ = ("_known", "_latest_bulk", "_latest_interactive", "_passed")

    def __init__(self) -> None:
        self._known: dict[str, _Process] = {}
        self._latest_interactive = self._latest_bulk = 0  # the turn of the call that was granted last
        self._passed = 0  # interactive calls that passed a waiting bulk call

    # Changes

    def register(self, name: str, interactive: Demand, bulk: Demand, now: int, *, since: int, until: int) -> None:
        """Note what a process has waiting, and that it looks again between two times; others that are late are dropped.

        Args:
            name: the process.
            interactive: what waits in the interactive lane.
            bulk: what waits in the bulk lane.
            now: the present time.
            since: the time from which leases are kept for it.
            until: the time from which it is skipped, unless it registers again.
        """
        for late in [each for each, process in self._known.items() if process.until < now]:
            del self._known[late]
        process = self._known.get(name)
        if process is None:
            process = self._known[name] = _Process(since, until, 0, 0)
        if interactive.waiting and not process.interactive.waiting:
            process.interactive_turn = max(process.interactive_turn, self._next_turn(Lane.INTERACTIVE))
        if bulk.waiting and not process.bulk.waiting:
            process.bulk_turn = max(process.bulk_turn, self._next_turn(Lane.BULK))
        process.since, process.until = since, until
        process.interactive, process.bulk = interactive, bulk

    def granted(self, name: str, lane: Lane) -> None:
        """Note that a registered process takes a lease for a call of a lane."""
        process = self._known[name]
        if lane is Lane.BULK:
            self._latest_bulk = max(self._latest_bulk, process.bulk_turn)
            process.bulk_turn += 1
            self._passed = 0
        else:
            self._latest_interactive = max(self._latest_interactive, process.interactive_turn)
            process.interactive_turn += 1
            self._passed += any(each.bulk.waiting for each in self._known.values())

    def registration(self, name: str) -> Registration | None:
        """Return what a process has registered; None if it has not."""
        known = self._known.get(name)
        if known is None:
            return None
        return Registration(name, known.since, known.until, known.interactive, known.bulk)

    # Order

    @property
    def passes_left(self) -> int:
        """How many interactive calls may go before a waiting bulk call does; 0 if it is the bulk call's turn."""
        return max(0, PASSES - self._passed)

    def due(self, name: str, lane: Lane, now: int) -> int:
        """Return how many calls of a lane other processes could send now."""
        return sum(other.demand(lane).ready for other in self._others(name, now))

    def leases_in_turn(self, calls: int) -> int:
        """Return how many leases a turn has, of the number of `calls` in a window: fewer if more processes wait."""
        waiting = sum(bool(each.interactive.waiting or each.bulk.waiting) for each in self._known.values())
        return max(1, min(_MOST_IN_TURN, calls // (waiting or 1)))

    def before(self, name: str, lane: Lane, calls: int, now: int | None) -> int:
        """Return how many calls of other processes go before the next one of this process, in its lane.

        Args:
            name: the process.
            lane: the lane.
            calls: how many leases there are in a window.
            now: the present time, to count only the processes for which leases are kept now; None counts all.
        """
        return self._before(name, lane, now, 0, self.leases_in_turn(calls), waiting=False)

    def rank(self, name: str, lane: Lane, now: int) -> int:
        """Return how many other processes are before this one, the head of whose queue waits in a lane."""
        if lane is Lane.BULK and (others := sum(bool(each.interactive.ready) for each in self._others(name, now))):
            return others
        own = self._known.get(name)
        turn = (0 if own is None else own.turn(lane), name)
        return sum(
            (each.turn(lane), other) < turn
            for other, each in self._known.items()
            if each.demand(lane).ready and each.since <= now <= each.until
        )

    def before_last(self, name: str, lane: Lane, calls: int) -> int:
        """Return how many waiting calls of other processes go before a process has sent N `calls` of a lane."""
        return self._before(name, lane, None, calls - 1, 1, waiting=True)

    def next_change(self, name: str, now: int) -> int | None:
        """Return the time from which the first of the other processes is late; None where no lease is kept for one."""
        late = (other.until + 1 for other in self._others(name, now) if other.interactive.ready or other.bulk.ready)
        return min(late, default=None)

    def _before(self, name: str, lane: Lane, now: int | None, more: int, size: int, *, waiting: bool) -> int:
        """Return how many calls of others go before a process has its next turn, or the one some calls later."""
        own = self._known.get(name)
        turn = (self._next_turn(lane) if own is None else own.turn(lane)) + more
        total = 0
        for other, process in self._known.items():
            if other == name or (now is not None and not process.since <= now <= process.until):
                continue
            demand = process.demand(lane)
            turns = (turn // size + (other < name)) * size - process.turn(lane)  # equal turns go by name
            total += max(0, min(turns, demand.waiting if waiting else demand.ready))
        return total

    def _next_turn(self, lane: Lane) -> int:
        """Return the turn with which a process begins to wait."""
        latest = self._latest_bulk if lane is Lane.BULK else self._latest_interactive
        return min((each.turn(lane) for each in self._known.values() if each.demand(lane).waiting), default=latest)

    def _others(self, name: str, now: int) -> Iterator[_Process]:
        return (each for other, each in self._known.items() if other != name and each.since <= now <= each.until)

    # Storage

    def copy(self) -> ProcessQueue:
        """Return a queue with the same processes, which changes apart from this one."""
        twin = ProcessQueue()
        twin._latest_interactive, twin._latest_bulk, twin._passed = (
            self._latest_interactive,
            self._latest_bulk,
            self._passed,
        )
        twin._known = {name: process.copy() for name, process in self._known.items()}
        return twin

    def shift(self, by: int) -> None:
        """Move all times by a number of nanoseconds, to another scale."""
        for process in self._known.values():
            process.since += by
            process.until += by

    def dump(self) -> dict[str, Any]:
        """Return everything as plain values, for a ledger that stores it."""
        return {
            "latest": [self._latest_interactive, self._latest_bulk, self._passed],
            "known": {
                name: [
                    *(each.since, each.until),
                    *(*each.interactive, each.interactive_turn),
                    *(*each.bulk, each.bulk_turn),
                ]
                for name, each in self._known.items()
            },
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the processes."""
        return tuple(self._known)

    def dump_numbers(self) -> list[int]:
        """Return what `dump` returns without the names: three integers, and eight for each process."""
        numbers = [self._latest_interactive, self._latest_bulk, self._passed]
        for each in self._known.values():
            numbers += (each.since, each.until)
            numbers += (*each.interactive, each.interactive_turn, *each.bulk, each.bulk_turn)
        return numbers

    @classmethod
    def load(cls, stored: dict[str, Any]) -> ProcessQueue:
        """Return the queue that `dump` returned as plain values."""
        queue = cls()
        queue._latest_interactive, queue._latest_bulk, queue._passed = stored["latest"]
        for name, (since, until, *lanes) in stored["known"].items():
            waiting, ready, interactive_turn, bulk_waiting, bulk_ready, bulk_turn = lanes
            process = queue._known[name] = _Process(since, until, interactive_turn, bulk_turn)
            process.interactive, process.bulk = Demand(waiting, ready), Demand(bulk_waiting, bulk_ready)
        return queue
