"""The protocol of ledgers, which store the state of an account's budgets, and the ledger in memory.

Invariants: a ledger stores and decides nothing. Every rule is in `state` and runs inside `transact`, so that the same
rules hold for a process, a machine and a fleet.
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
    """Another process or thread is using the ledger. Nothing was changed: try again a little later."""

    names_machine = True

    def again(self) -> Self:
        """Return an error with the same message."""
        return type(self)(self.message)


class Ledger(Protocol):
    """Stores the state of one budget of one account.

    Attributes:
        shared: whether others may change the state at any time, so that a queue has to look at it again by itself.
    """

    shared: bool

    def for_budget(self, name: str) -> Ledger:
        """Return the ledger of another budget of the same account, in the same store; itself for its own budget."""
        ...

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """Call `change` with the state while nobody else uses it, store what it changed, and return its result.

        `change` is called once and awaits nothing. If it raises, nothing is stored. It is called on an event loop, so
        it must not wait for anything.

        Raises:
            LedgerBusy: the state is in use; `change` was not called.
            HarvestError: the state can't be read or written.
        """
        ...

    def read(self, look: Callable[[AccountState], T]) -> T:
        """Call `look` with the state that was stored last; its changes are not stored. Any thread may call it.

        Raises:
            LedgerBusy: the state can't even be read, since another process is creating or moving the store.
            HarvestError: the state can't be read.
        """
        ...


class MemoryLedger:
    """Stores the state as long as the process lives.

    Args:
        budgets: the ledgers of the account's other budgets by name; None starts with the general one alone.
    """

    shared = False

    def __init__(self, budgets: dict[str, MemoryLedger] | None = None) -> None:
        self.state = AccountState()
        self.lock = threading.Lock()
        self._budgets: dict[str, MemoryLedger] = {"general": self} if budgets is None else budgets

    def for_budget(self, name: str) -> MemoryLedger:
        """See `Ledger.for_budget`."""
        with self.lock:
            if name not in self._budgets:
                self._budgets[name] = MemoryLedger(self._budgets)
            return self._budgets[name]

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """See `Ledger.transact`; the lock is for other threads, which hold it as long as a change takes."""
        with self.lock:
            return change(self.state)

    def read(self, look: Callable[[AccountState], T]) -> T:
        """See `Ledger.read`."""
        return self.transact(look)
