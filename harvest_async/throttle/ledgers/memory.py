"""Where an account's book is kept, and how it is shared.

Rules of this room: a ledger stores, it decides nothing. Every rule is in `book` and runs inside `transact`, so the
books of a process, a machine or a fleet obey the same ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from harvest_async.errors import HarvestError
from harvest_async.throttle.state import AccountState

__all__ = ["Ledger", "LedgerBusy", "MemoryLedger"]

T = TypeVar("T")


class LedgerBusy(HarvestError):
    """Somebody else is using the ledger. Nothing was changed: try again a little later."""

    def again(self) -> Self:
        """Return an error that says the same."""
        return type(self)(self.message)


class Ledger(Protocol):
    """Keeps one account's book.

    Attributes:
        shared: whether others may change the book at any time, so that a waiting line has to look again by itself.
    """

    shared: bool

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """Let `change` read and write the book with nobody else at it, keep the result, give what it gives.

        `change` is called once and awaits nothing. What it raises comes out, and then nothing is kept. It is called
        on an event loop, so it must not wait for anybody else.

        Raises:
            LedgerBusy: somebody else is using the book; `change` was not called.
            HarvestError: the book can't be read or written.
        """
        ...

    def read(self, look: Callable[[AccountState], T]) -> T:
        """Let `look` read the book as it was kept last; what it changes is not kept. May be called by any thread.

        Raises:
            LedgerBusy: the book can't even be read, since somebody else is making or moving it.
            HarvestError: the book can't be read.
        """
        ...


class MemoryLedger:
    """A book that lives as long as the process."""

    shared = False

    def __init__(self) -> None:
        self.state = AccountState()
        self.lock = threading.Lock()

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """See `Ledger.transact`; the lock is for other threads, which hold it as long as a change takes."""
        with self.lock:
            return change(self.state)

    def read(self, look: Callable[[AccountState], T]) -> T:
        """See `Ledger.read`."""
        return self.transact(look)
