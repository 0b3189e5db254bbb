"""The two priorities of calls, and the queue of each."""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

__all__ = ["PASSES", "Lane", "LaneQueue", "Numbered"]

PASSES: Final = 9
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
