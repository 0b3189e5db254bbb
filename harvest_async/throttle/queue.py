"""The queue of calls at a gate: two lanes, the order within each, and the pace of the bulk lane.

Invariants:
- The interactive lane goes first, as fast as the window allows. The bulk lane goes when its pace and the reserve allow.
- Neither lane starves the other: after nine interactive calls passed a waiting bulk call, the bulk call is next.
- Within a lane calls go in the order of their arrival; refused calls return to the front, in their first order.
- Where other gates use the same account state, the lanes and the turns of all of them count (see `processes`).
- Every operation costs the same at any length of the queue. Nothing here waits or takes a lease; the gate does.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from harvest_async.clock import SECOND
from harvest_async.throttle.bucket import Bucket
from harvest_async.throttle.lane import PASSES, Lane, LaneQueue, Numbered
from harvest_async.throttle.processes import Demand, Registration
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["CallQueue", "Lane", "LaneQueue", "Numbered"]


_TOGETHER: Final = SECOND // 100
"""How long the first lease of a turn waits for the others of the turn."""


class Turn(NamedTuple):
    """The time of a turn at the leases that several processes use.

    Attributes:
        first: when its first lease is free.
        last: when all of its leases are free, or a little after the first.
    """

    first: int
    last: int


W = TypeVar("W", bound=Numbered)


class CallQueue(Generic[W]):
    """The waiters of both lanes at one gate.

    Args:
        settings: how the throttle was set up.
        shared: whether other gates use the same account state, so that the pace has to be kept there, too.

    Attributes:
        name: its name among all gates that use the account state; a process that was forked has gates of its own.
        shared: the same; it may become true later.
        size: how many waiters there are.
    """

    def __init__(self, settings: Settings, *, shared: bool) -> None:
        self.paced = settings.pace == "even"
        self._reserve = settings.reserve if self.paced else 0
        self.name = secrets.token_urlsafe(6)
        self.shared = shared
        self.size = 0
        self._bucket = Bucket()
        self._interactive: LaneQueue[W] = LaneQueue()
        self._bulk: LaneQueue[W] = LaneQueue()
        self._passed = self._registered = 0

    def __getitem__(self, lane: Lane) -> LaneQueue[W]:
        return self._bulk if lane is Lane.BULK else self._interactive

    def __iter__(self) -> Iterator[W]:
        return iter((*self._interactive, *self._bulk))

    # Changes

    def add(self, lane: Lane, waiter: W, *, requeue: bool) -> bool:
        """Add a waiter to a lane; return whether it is at the head now."""
        queue = self[lane]
        self.size += 1
        if requeue:
            queue.requeue(waiter)
            return queue.head() is waiter
        queue.append(waiter)
        return len(queue) == 1

    def remove(self, lane: Lane, waiter: W) -> None:
        """Remove a waiter, which need not be there."""
        if self[lane].remove(waiter):
            self.size -= 1

    def pop(self, lane: Lane) -> W:
        """Remove and return the head of a lane."""
        waiter = self[lane].pop()
        self.size -= 1
        return waiter

    # Order

    def first(self) -> Lane | None:
        """Return the lane whose head goes through a closed gate; None where nobody waits."""
        if len(self._interactive):
            return Lane.INTERACTIVE
        return Lane.BULK if len(self._bulk) else None

    def next(self, state: AccountState, now: int) -> Lane | None:
        """Return the lane whose head may go now, and count the turn; None where nobody may."""
        free = state.window.free(now) if self.size else 0
        if not free:
            return None
        if self.shared:
            return self._next_shared(state, now, free)
        bulk = len(self._bulk)
        interactive = self.size - bulk
        if bulk:
            its_turn = self._passed >= PASSES
            allowed = its_turn or free > self.kept(Lane.BULK, state)
            if allowed and (its_turn or not interactive) and self.held_back(state, now) == 0:
                self._passed = 0
                return Lane.BULK
        if interactive:
            self._passed += bool(bulk)
            return Lane.INTERACTIVE
        return None

    def _next_shared(self, state: AccountState, now: int, free: int) -> Lane | None:
        """Return the lane whose head may go now, if others wait for the same leases."""
        processes, interactive = state.processes, len(self._interactive)
        its_turn = processes.passes_left == 0
        if self._bulk and (its_turn or not interactive) and self.held_back(state, now) == 0:
            before = self._before(Lane.BULK, state, now)
            kept = 0 if its_turn else self.kept(Lane.BULK, state) + processes.due(self.name, Lane.INTERACTIVE, now)
            if free > kept + before and not (self.paced and before):
                return Lane.BULK
        if interactive and free > self._before(Lane.INTERACTIVE, state, now) + self._bulk_elsewhere(state, now):
            return Lane.INTERACTIVE
        return None

    def _bulk_elsewhere(self, state: AccountState, now: int) -> bool:
        """Return whether a bulk call of another process goes before the next interactive call."""
        processes = state.processes
        return processes.passes_left == 0 and now >= state.bulk_at and processes.due(self.name, Lane.BULK, now) > 0

    def held_back(self, state: AccountState, now: int) -> int:
        """Return the nanoseconds for which the pace holds the bulk lane back."""
        if not self.paced:
            return 0
        if self.shared:
            return max(0, state.bulk_at - now)
        return round(self._bucket.wait(_step(state)) * SECOND)

    def granted(self, lane: Lane, state: AccountState, now: int) -> None:
        """Note that the head of a lane goes now; `held_back` has just returned 0."""
        if self.paced and lane is Lane.BULK:
            if not self.shared:  # a grant that is undone must not use up the bucket; the state has the pace of all
                self._bucket.take()
            state.bulk_at = now + _step(state)
        if self.shared:
            state.processes.granted(self.name, lane)

    # Other processes

    @property
    def outgrown(self) -> bool:
        """Whether twice as many calls wait as were registered."""
        return self.shared and self.size >= 2 * self._registered

    def register(self, state: AccountState, now: int, capacity: int, *, since: int, until: int) -> None:
        """Register what waits here, and between which times the state is looked at again.

        Args:
            state: the account's state.
            now: the present time.
            capacity: how many calls could be sent at once.
            since: the time from which leases are kept for this queue.
            until: the time from which it is skipped.
        """
        interactive, bulk = len(self._interactive), len(self._bulk)
        self._registered = self.size
        ready = min(interactive, capacity)
        bulk_ready = min(bulk, capacity - ready, 1 if self.paced else bulk)
        state.processes.register(
            self.name, Demand(interactive, ready), Demand(bulk, bulk_ready), now, since=since, until=until
        )

    def registration(self, state: AccountState, granted: list[Lane], now: int) -> Registration | None:
        """Return what is registered in the state, with calls that are granted there as ones that wait and are ready.

        Args:
            state: the account's state.
            granted: the lanes of the calls.
            now: the present time, from which leases are kept for these calls.
        """
        registered = state.processes.registration(self.name)
        if registered is None or not granted:
            return registered
        interactive, bulk = (
            Demand(demand.waiting + granted.count(lane), demand.ready + granted.count(lane))
            for lane, demand in ((Lane.INTERACTIVE, registered.interactive), (Lane.BULK, registered.bulk))
        )
        return registered._replace(since=now, interactive=interactive, bulk=bulk)

    def rank(self, state: AccountState, now: int) -> int:
        """Return how many other processes go through a closed gate before the head of this queue."""
        return state.processes.rank(self.name, self.first() or Lane.BULK, now)

    def next_change(self, state: AccountState, now: int) -> int | None:
        """Return the time from which another process is late for its turn; None where this one would not be next."""
        lane = self.first()
        if lane is None or self._before(lane, state, None) > self._before(lane, state, now):
            return None
        return state.processes.next_change(self.name, now)

    def next_turn(self, state: AccountState, now: int, trip: int) -> Turn:
        """Return the time of the next turn, as far as it can be expected; the earlier one of both lanes."""
        places = state.window.places(now, trip)
        turns = []
        if self._interactive:
            place = self._before(Lane.INTERACTIVE, state, None) + self._bulk_elsewhere(state, now)
            turns.append(_turn(places, place, self._leases_in_turn(Lane.INTERACTIVE, state)))
        if self._bulk:
            before = self._before(Lane.BULK, state, None)
            place = before + self._before_bulk(state, now)
            turn = _turn(places, place, self._leases_in_turn(Lane.BULK, state))
            paced = now + self.held_back(state, now) + before * self.step(Lane.BULK, state)
            turns.append(Turn(max(turn.first, paced), max(turn.last, paced)))
        return min(turns)

    def _before(self, lane: Lane, state: AccountState, now: int | None) -> int:
        return state.processes.before(self.name, lane, state.window.calls, now)

    def _leases_in_turn(self, lane: Lane, state: AccountState) -> int:
        """Return how many calls of a lane may go in one turn."""
        if self.paced and lane is Lane.BULK:
            return 1
        return min(len(self[lane]), state.processes.leases_in_turn(state.window.calls))

    def _before_bulk(self, state: AccountState, now: int) -> int:
        """Return how many interactive calls go, and leases are kept for them, before the next bulk call."""
        interactive = len(self._interactive) + state.processes.due(self.name, Lane.INTERACTIVE, now)
        passes = state.processes.passes_left
        kept = self.kept(Lane.BULK, state) + interactive
        return min(passes, kept) if passes <= interactive else kept

    # Forecast

    def place(self, lane: Lane) -> int:
        """Return which lease a new waiter would get, of those that its lane may take; 1 is the next."""
        interactive, bulk = len(self._interactive), len(self._bulk)
        if lane is Lane.BULK:
            return interactive + bulk + 1
        return interactive + min(bulk, (self._passed + interactive) // PASSES) + 1

    def kept(self, lane: Lane, state: AccountState) -> int:
        """Return how many leases a lane leaves to the other one."""
        return min(self._reserve, state.window.calls - 1) if lane is Lane.BULK else 0

    def step(self, lane: Lane, state: AccountState) -> int:
        """Return the least nanoseconds between two calls of a lane."""
        return _step(state) if self.paced and lane is Lane.BULK else 0


def _turn(places: list[int], place: int, leases: int) -> Turn:
    """Return the times of a turn that begins with a place; see `Window.places`."""
    most = len(places) - 1
    first, last = places[min(place, most)], places[min(place + leases - 1, most)]
    return Turn(first, min(last, first + _TOGETHER))


def _step(state: AccountState) -> int:
    return state.window.period // state.window.calls
