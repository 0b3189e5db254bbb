"""The waiting line of one lane.

Rules of this room: pure, no loop, no clock. First come first served; a call that was refused comes back to the
front, in the order of its first number. Leaving costs the same wherever one stands, and wakes nobody.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

__all__ = ["Lane", "Line", "Numbered"]


class Lane(enum.Enum):
    """Which line a call stands in."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Numbered(Protocol):
    """Whoever stands in a line."""

    @property
    def number(self) -> int:
        """The place: whoever came earlier has a lower one."""
        ...


W = TypeVar("W", bound=Numbered)


class Line(Generic[W]):
    """Waiters in the order in which they go."""

    __slots__ = ("_back", "_front", "_waiters")

    def __init__(self) -> None:
        self._waiters: dict[int, W] = {}  # everyone who waits
        self._front: list[int] = []  # heap of the numbers of those who came back; may name some who left
        self._back: dict[int, None] = {}  # the numbers of the others, as they came

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[W]:
        return iter(tuple(self._waiters.values()))

    def join(self, waiter: W) -> None:
        """Stand at the end."""
        self._waiters[waiter.number] = waiter
        self._back[waiter.number] = None

    def come_back(self, waiter: W) -> None:
        """Stand at the front, behind those who came back with a lower number."""
        self._waiters[waiter.number] = waiter
        heappush(self._front, waiter.number)

    def leave(self, waiter: W) -> None:
        """Go without having been served; nothing happens to one who does not stand here."""
        self._waiters.pop(waiter.number, None)
        self._back.pop(waiter.number, None)

    def head(self) -> W | None:
        """Whoever goes next."""
        while self._front and self._front[0] not in self._waiters:
            heappop(self._front)
        number = self._front[0] if self._front else next(iter(self._back), None)
        return None if number is None else self._waiters[number]

    def pop(self) -> W:
        """Take out whoever goes next; ask `len` first."""
        head = self.head()
        if head is None:
            raise IndexError
        self.leave(head)
        return head
