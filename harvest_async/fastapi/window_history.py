"""How the windows of all accounts were used over the last minutes, by looking at them once a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Final
from weakref import WeakKeyDictionary

from attrs import define, field, frozen

from harvest_async.errors import HarvestError
from harvest_async.fastapi.call_log import AccountLog, CallLog
from harvest_async.throttle.snapshot import Snapshot
from harvest_async.throttle.throttle import Throttle

__all__ = ["BudgetHistory", "Sample", "WindowHistory"]

logger = logging.getLogger("harvest_async")

PAUSE: Final = 1.0
KEPT: Final = 180
"""Seconds between two looks, and how many are kept."""


@frozen
class Sample:
    """A window at one time.

    Attributes:
        at: the time, as a timestamp.
        ours, others: the leases of our calls and of other programs.
        limit: the calls allowed in a period.
        closed: whether the gate was closed.
    """

    at: float
    ours: int
    others: int
    limit: int
    closed: bool


@define(eq=False)
class BudgetHistory:
    """A budget of an account, now and over the last minutes.

    Attributes:
        account: the account's name.
        budget: the budget's name.
        ledger: the kind of ledger, and whether other processes share it.
        snapshot: the latest state; None if the ledger could not be read yet.
        read_in: seconds that it took to read the ledger.
        error: why the ledger can't be read; empty if it can.
        samples: the looks, the latest last.
    """

    account: str
    budget: str
    ledger: str
    snapshot: Snapshot | None = None
    read_in: float = 0.0
    error: str = ""
    samples: deque[Sample] = field(factory=lambda: deque(maxlen=KEPT))

    def look(self, throttle: Throttle) -> None:
        """Look at the window once."""
        began = time.perf_counter()
        try:
            now = throttle.snapshot(self.budget)
        except Exception as error:  # noqa: BLE001 - the other budgets are still looked at, and this one again
            self._failed(error)
            return
        finally:
            self.read_in = time.perf_counter() - began
        self.snapshot, self.error = now, ""
        self.samples.append(Sample(time.time(), now.sent, now.foreign, now.calls, now.closed is not None))

    def _failed(self, error: Exception) -> None:
        """Note an error, and log the first of several in a row."""
        if not self.error:
            unexpected = None if isinstance(error, HarvestError) else error
            where = f"{self.account}, budget {self.budget}"
            logger.error("%s: the ledger can't be read: %s", where, error, exc_info=unexpected)
        self.error = f"{type(error).__name__}: the ledger can't be read; the log of this app has the details"


class WindowHistory:
    """The windows of all accounts of a log of calls.

    Args:
        log: knows the accounts.
    """

    def __init__(self, log: CallLog) -> None:
        self._log = log
        self._budgets: WeakKeyDictionary[AccountLog, dict[str, BudgetHistory]] = WeakKeyDictionary()

    def of(self, account: AccountLog) -> list[BudgetHistory]:
        """Return the budgets of an account."""
        return [self._budget(account, budget) for budget in account.throttle.budgets]

    async def watch(self) -> None:
        """Look at all windows for ever; ledgers are read in a thread, since they may be files."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        """Look at all windows once."""
        for account in self._log.accounts:
            for history in self.of(account):
                history.look(account.throttle)

    def _budget(self, account: AccountLog, budget: str) -> BudgetHistory:
        ledger = account.throttle.ledger
        kind = f"{type(ledger).__name__}, {'shared with other processes' if ledger.shared else 'of this process alone'}"
        new = BudgetHistory(account.name, budget, kind)
        return self._budgets.setdefault(account, {}).setdefault(budget, new)
