"""A gate's access to the book in its ledger, which somebody else may be using.

Invariants:
- Nothing waits: a change is made at once, or `LedgerBusy` is raised and the ledger tried again by a timer.
- The end of a lease is never lost: a busy ledger gets it later, with the time at which it happened and before any new
  lease is lent. Until then the lease is held; the book frees it after its deadline, as that of a dead process.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from attrs import frozen

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError, StorageError
from harvest_async.throttle.ledgers.memory import Ledger, LedgerBusy
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState, Why

__all__ = ["Access", "End"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

_FIRST: Final = 0.001
_LONGEST: Final = 0.03
"""Seconds until a busy ledger is tried again: at first, and at most."""


@frozen
class End:
    """How a lease ended, and when; `change` returns whether to log that the gate opened or closed."""

    change: Callable[[AccountState, int], bool]
    moment: int


class Access:
    """Changes the book of one gate's account.

    Args:
        ledger: where the book is.
        settings: the numbers by which the book goes.
        clock: tells the time.
        resume: is called when a busy ledger is free again; grants what can be granted, in a transaction of its own.

    Attributes:
        shut: whether the account's gate was shut at the last look.
        busy: what the ledger said when it was found in use; None while it can be used.
    """

    def __init__(self, ledger: Ledger, settings: Settings, clock: Clock, resume: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._resume = resume
        self._ends: list[End] = []
        self._pause = _FIRST
        self._since = 0
        self._timer: asyncio.TimerHandle | None = None
        self.shut = False
        self.busy: LedgerBusy | None = None

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """Change the book at once.

        Raises:
            LedgerBusy: somebody else is using the ledger; `resume` is called when it is free.
            HarvestError: the ledger can't be used.
        """
        if self.busy is not None:
            raise self.busy.again()
        try:
            return self._transact(change)
        except LedgerBusy as busy:
            self.busy, self._since, self._pause = busy, self._clock.now(), _FIRST
            self._try_later()
            raise

    def end(self, end: End, *, refused: bool) -> None:
        """Write the end of a lease into the book, as soon as that is possible.

        Args:
            end: how the lease ended.
            refused: whether the server refused the call: nothing leaves before the book has been told so.
        """
        self._ends.append(end)
        try:
            self.transact(_nothing)
        except LedgerBusy:
            self.shut = self.shut or refused
        except HarvestError as error:  # the call was made, whatever became of the ledger
            self.shut = self.shut or refused
            logger.warning("%s: %s", self._settings.name, error.message)

    def busy_for(self, since: int = 0) -> int:
        """Return for how long the ledger has been in use, in nanoseconds, and at most since a moment."""
        return 0 if self.busy is None else self._clock.now() - max(self._since, since)

    def leave(self, ends: Iterable[End]) -> list[End]:
        """Return the ends that are not in the book yet, those given among them; the event loop is gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._ends.extend(ends)
        try:
            self._transact(_nothing)
        except LedgerBusy:
            return self._ends
        return []

    def take_over(self, ends: Iterable[End]) -> None:
        """Take over the ends of leases that another event loop has left."""
        self._ends.extend(ends)

    def _transact(self, change: Callable[[AccountState], T]) -> T:
        settings = self._settings

        def bounded(book: AccountState) -> T:
            book.bound(settings.calls, settings.period, settings.guard)
            said.clear()
            said.extend([(_apply(end, book), book.why, book.until) for end in self._ends])
            result = change(book)
            self.shut = book.why is not None
            return result

        said: list[tuple[bool, Why | None, int]] = []
        try:
            result = self._ledger.transact(bounded)
        except HarvestError:
            raise
        except Exception as error:
            message = f"the throttle's ledger can't be used ({type(error).__name__}: {error}): choose another"
            raise StorageError(message) from error
        self._ends.clear()
        for told, why, until in said:
            if told:
                self._log(why, until)
        return result

    def _log(self, why: Why | None, until: int) -> None:
        if why is None:
            logger.warning("%s: the gate is open again", self._settings.name)
        else:
            left = (until - self._clock.now()) / SECOND
            logger.warning("%s: the gate is closed for %.1f s, %s", self._settings.name, left, why.value)

    def _try_later(self) -> None:
        # Processes that wait for one another must not keep in step.
        self._timer = self._loop.call_later(self._pause * random.uniform(0.5, 1), self._try_again)  # noqa: S311
        self._pause = min(2 * self._pause, _LONGEST)

    def _try_again(self) -> None:
        try:
            self._transact(_nothing)
        except LedgerBusy:
            self._try_later()
        except HarvestError:
            self.busy = None  # the calls that wait hear of it by `resume`
        else:
            self.busy = None
        self._resume()


def _apply(end: End, book: AccountState) -> bool:
    """Write an end into the book; one that fails must not stop all others."""
    try:
        return end.change(book, end.moment)
    except Exception:
        logger.exception("the end of a lease can't be written into the throttle's ledger")
        return False


def _nothing(_: AccountState) -> None:
    """Change nothing but what is late."""
