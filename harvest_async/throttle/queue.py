"""The queue of calls at a gate: two lanes, the order within each, and the pace of the bulk lane.

Invariants:
- The interactive lane goes first, as fast as the window allows. The bulk lane goes when its pace and the reserve allow.
- Neither lane starves the other: after nine interactive calls passed a waiting bulk call, the bulk call is next.
- Within a lane calls go in the order of their arrival; refused calls return to the front, in their first order.
- Every operation costs the same at any length of the queue. Nothing here waits or takes a lease; the gate does.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

from harvest_async.clock import SECOND
from harvest_async.throttle.bucket import Bucket
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["CallQueue", "Lane", "LaneQueue", "Numbered"]

_PASSES: Final = 9
"""How many interactive calls may pass a waiting bulk call before it goes."""


class Lane(enum.Enum):
    """The priority of a call."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Numbered(Protocol):
    """A waiter in a queue."""

    @property
    def number(self) -> int:
        """The order of arrival: earlier waiters have lower numbers."""
        ...


W = TypeVar("W", bound=Numbered)


class LaneQueue(Generic[W]):
    """The waiters of one lane in the order in which they go."""

    __slots__ = ("_arrived", "_order", "_requeued")

    def __init__(self) -> None:
        # A plain dict looks through all deleted entries for its first one, so that emptying it takes quadratic time.
        self._arrived: OrderedDict[int, W] = OrderedDict()
        self._requeued: dict[int, W] = {}
        self._order: list[int] = []  # heap of the requeued numbers; may have some that were removed

    def __len__(self) -> int:
        return len(self._arrived) + len(self._requeued)

    def __iter__(self) -> Iterator[W]:
        return iter((*self._requeued.values(), *self._arrived.values()))

    def append(self, waiter: W) -> None:
        """Add a waiter at the end."""
        self._arrived[waiter.number] = waiter

    def requeue(self, waiter: W) -> None:
        """Add a waiter at the front, behind the requeued ones with a lower number."""
        self._requeued[waiter.number] = waiter
        heappush(self._order, waiter.number)

    def remove(self, waiter: W) -> bool:
        """Remove a waiter; return whether it was there."""
        number = waiter.number
        return (self._arrived.pop(number, None) or self._requeued.pop(number, None)) is not None

    def head(self) -> W | None:
        """Return the waiter that goes next; None if there is none."""
        if self._order:
            while self._order and self._order[0] not in self._requeued:
                heappop(self._order)
            if self._order:
                return self._requeued[self._order[0]]
        return next(iter(self._arrived.values()), None)

    def pop(self) -> W:
        """Remove and return the waiter that goes next.

        Raises:
            IndexError: the queue is empty.
        """
        if not self._order and self._arrived:
            return self._arrived.popitem(last=False)[1]
        head = self.head()
        if head is None:
            raise IndexError
        self.remove(head)
        return head


class CallQueue(Generic[W]):
    """The waiters of both lanes at one gate.

    Args:
        settings: how the throttle was set up.
        shared: whether other gates use the same account state, so that the pace has to be kept there, too.

    Attributes:
        shared: the same; it may become true later.
        size: how many waiters there are.
    """

    def __init__(self, settings: Settings, *, shared: bool) -> None:
        self.paced = settings.pace == "even"
        self._reserve = settings.reserve if self.paced else 0
        self.shared = shared
        self.size = 0
        self._bucket = Bucket()
        self._interactive: LaneQueue[W] = LaneQueue()
        self._bulk: LaneQueue[W] = LaneQueue()
        self._passed = 0

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
        free = state.window.free(now)
        if not free:
            return None
        bulk = len(self._bulk)
        interactive = self.size - bulk
        if bulk:
            its_turn = self._passed >= _PASSES
            allowed = its_turn or free > self.kept(Lane.BULK, state)
            if allowed and (its_turn or not interactive) and self.held_back(state, now) == 0:
                self._passed = 0
                return Lane.BULK
        if interactive:
            self._passed += bool(bulk)
            return Lane.INTERACTIVE
        return None

    def held_back(self, state: AccountState, now: int) -> int:
        """Return the nanoseconds for which the pace holds the bulk lane back."""
        if not self.paced:
            return 0
        left = round(self._bucket.wait(_step(state)) * SECOND)
        return max(left, state.bulk_at - now) if self.shared else left

    def granted(self, lane: Lane, state: AccountState, now: int) -> None:
        """Note that the head of a lane goes now; `held_back` has just returned 0."""
        if self.paced and lane is Lane.BULK:
            self._bucket.take()
            state.bulk_at = now + _step(state)

    # Forecast

    def place(self, lane: Lane) -> int:
        """Return which lease a new waiter would get, of those that its lane may take; 1 is the next."""
        interactive, bulk = len(self._interactive), len(self._bulk)
        if lane is Lane.BULK:
            return interactive + bulk + 1
        return interactive + min(bulk, (self._passed + interactive) // _PASSES) + 1

    def kept(self, lane: Lane, state: AccountState) -> int:
        """Return how many leases a lane leaves to the other one."""
        return min(self._reserve, state.window.calls - 1) if lane is Lane.BULK else 0

    def step(self, lane: Lane, state: AccountState) -> int:
        """Return the least nanoseconds between two calls of a lane."""
        return _step(state) if self.paced and lane is Lane.BULK else 0


def _step(state: AccountState) -> int:
    return state.window.period // state.window.calls
