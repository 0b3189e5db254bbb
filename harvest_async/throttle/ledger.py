"""Where an account's book is kept, and how it is shared.

Rules of this room: a ledger stores, it decides nothing. Every rule is in `book` and runs inside `transact`, so the
books of a process, a machine or a fleet obey the same ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from harvest_async.throttle.book import Book

__all__ = ["Ledger", "MemoryLedger"]

T = TypeVar("T")


class Ledger(Protocol):
    """Keeps one account's book.

    Attributes:
        shared: whether others may change the book at any time, so that a waiting line has to look again by itself.
    """

    shared: bool

    def transact(self, change: Callable[[Book], T]) -> T:
        """Let `change` read and write the book with nobody else at it, keep the result, give what it gives.

        `change` is called once and awaits nothing. What it raises comes out, and then nothing is kept.
        """
        ...


class MemoryLedger:
    """A book that lives as long as the process, for one event loop at a time."""

    shared = False

    def __init__(self) -> None:
        self._book = Book()
        self._lock = threading.Lock()

    def transact(self, change: Callable[[Book], T]) -> T:
        """See `Ledger.transact`; the lock is for threads that look on (`snapshot`)."""
        with self._lock:
            return change(self._book)
