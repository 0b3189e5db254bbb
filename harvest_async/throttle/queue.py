"""The two lanes at a gate: who goes next, and at which pace.

Rules of this room:
- The interactive lane goes first, and as the window allows. The bulk lane goes when its pace and the reserve allow.
- Neither starves the other: when nine others passed a waiting bulk call, it is its turn.
- Nothing here waits or takes a lease; the gate does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from harvest_async.clock import SECOND
from harvest_async.throttle.bucket import Bucket
from harvest_async.throttle.line import Lane, Line, Numbered
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["Lanes"]

W = TypeVar("W", bound=Numbered)

_TURN: Final = 9
"""So many interactive calls may pass a waiting bulk call before it goes."""


class Lanes(Generic[W]):
    """The waiting lines of a gate.

    Args:
        settings: how the throttle was set up.
        shared: whether other gates take from the same book, so that the pace has to be kept there, too.

    Attributes:
        shared: the same; it may become true later.
    """

    def __init__(self, settings: Settings, *, shared: bool) -> None:
        self._even = settings.pace == "even"
        self._least = settings.reserve if self._even else 0
        self.shared = shared
        self._bucket = Bucket()
        self._lines: dict[Lane, Line[W]] = {lane: Line() for lane in Lane}
        self._passed = 0

    def __bool__(self) -> bool:
        return any(self._lines.values())

    def __getitem__(self, lane: Lane) -> Line[W]:
        return self._lines[lane]

    def __iter__(self) -> Iterator[Line[W]]:
        return iter(self._lines.values())

    def first(self) -> Line[W]:
        """The line whose head goes through a shut gate; it is empty where nobody waits at all."""
        return self._lines[Lane.INTERACTIVE] or self._lines[Lane.BULK]

    def next(self, book: AccountState, now: int) -> Lane | None:
        """The lane whose head may go now, the turn being counted; None where nobody may."""
        free = book.window.free(now)
        if not free:
            return None
        interactive, bulk = self._lines[Lane.INTERACTIVE], self._lines[Lane.BULK]
        its_turn = self._passed >= _TURN
        room = its_turn or free > self.kept(Lane.BULK, book)
        if bulk and room and (its_turn or not interactive) and self.held_back(book, now) == 0:
            self._passed = 0
            return Lane.BULK
        if interactive:
            self._passed += bool(bulk)
            return Lane.INTERACTIVE
        return None

    def held_back(self, book: AccountState, now: int) -> int:
        """How long the pace holds the bulk lane back."""
        if not self._even:
            return 0
        left = round(self._bucket.wait(_step(book)) * SECOND)
        return max(left, book.bulk_at - now) if self.shared else left

    def went(self, lane: Lane, book: AccountState, now: int) -> None:
        """The head of a lane goes now; `held_back` has just given 0."""
        if self._even and lane is Lane.BULK:
            self._bucket.take()
            book.bulk_at = now + _step(book)

    def place(self, lane: Lane) -> int:
        """Which lease a newcomer would get, of those that its lane may take; 1 is the next."""
        interactive, bulk = len(self._lines[Lane.INTERACTIVE]), len(self._lines[Lane.BULK])
        if lane is Lane.BULK:
            return interactive + bulk + 1
        return interactive + min(bulk, (self._passed + interactive) // _TURN) + 1

    def kept(self, lane: Lane, book: AccountState) -> int:
        """How many leases a lane leaves to the other one."""
        return min(self._least, book.window.calls - 1) if lane is Lane.BULK else 0

    def step(self, lane: Lane, book: AccountState) -> int:
        """The least time between two calls of a lane."""
        return _step(book) if self._even and lane is Lane.BULK else 0


def _step(book: AccountState) -> int:
    return book.window.period // book.window.calls
