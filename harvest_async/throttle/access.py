"""A gate's access to the account state in its ledger, which other processes may be using.

Invariants:
- Nothing waits: a change is made at once, or `LedgerBusy` is raised and the ledger tried again by a timer. Only for a
  call that may not wait the first attempts are made together, within milliseconds (see `Access.dispatch`).
- The end of a lease is never lost: a busy ledger gets it later, with the time at which it happened and before any new
  lease is granted. Until then the lease is held; the state frees it after its deadline, like that of a dead process.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, TypeVar

from harvest_async.clock import SECOND, Clock, span
from harvest_async.errors import HarvestError, StorageError
from harvest_async.throttle.ended import End, Turn, log_turn
from harvest_async.throttle.ledgers.memory import Ledger, LedgerBusy, MemoryLedger
from harvest_async.throttle.plan import Plan, Planner
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["Access", "unusable"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

_FIRST: Final = 0.002
_LONGEST: Final = 0.03
"""Seconds until a busy ledger is tried again: at first, and at most."""

_ATTEMPTS: Final = 5
_BETWEEN: Final = 0.001
"""How often a ledger in use is tried for a call that may not wait, and the seconds between."""

_BRIEFLY: Final = SECOND // 10
"""How long a ledger may be in use, in nanoseconds, until such a call waits as any other one does."""

_SOON: Final = 0.1
"""Seconds after which the ends of leases are written that nobody waits for."""

_PATIENCE: Final = 1.0
"""Seconds that the end of a program waits for a ledger in use."""


class Access:
    """Changes the state of one gate's account.

    Args:
        ledger: where the state is stored.
        settings: the numbers that bound the state.
        clock: the source of the time.
        resume: called when a busy ledger is free again; grants what can be granted, in a transaction of its own.

    Attributes:
        immediate: whether the state can be looked at without waiting for an exchange with a server.
        grace: how long the ordinary transactions of other processes may keep the ledger in use, in nanoseconds.
        memory: the ledger if it is in memory, so that it is never in use for longer than a change takes; else None.
        closed: whether the account's gate was closed at the last look.
        busy: the error with which the ledger was found in use; None while it can be used.
    """

    immediate: Final = True
    grace: Final = SECOND // 20

    def __init__(self, ledger: Ledger, settings: Settings, clock: Clock, resume: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ledger = ledger
        self.memory: MemoryLedger | None = ledger if type(ledger) is MemoryLedger else None
        self._settings = settings
        self._bounds = settings.bounds
        self._clock = clock
        self._resume = resume
        self._ends: list[End] = []
        self._pause = _FIRST
        self._since = self._retry_at = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writes_soon = self._tries_again = False
        self.closed = False
        self.busy: LedgerBusy | None = None

    def transact(self, change: Callable[[AccountState], T], attempts: int = 1) -> T:
        """Change the state at once.

        Args:
            change: changes it and returns the result.
            attempts: how often a ledger in use is tried, a millisecond apart.

        Raises:
            LedgerBusy: another process or thread is using the ledger; `resume` is called when it is free.
            HarvestError: the ledger can't be used.
        """
        if self.memory is not None and not self._ends:
            return self._change_memory(self.memory, change)
        if self.busy is not None and attempts == 1 and self._clock.now() < self._retry_at:
            raise self.busy.again()
        try:
            result = self._attempt(change, attempts)
        except LedgerBusy as busy:
            if self.busy is None and not self._tries_again:
                self._since, self._pause = self._clock.now(), _FIRST
            self.busy = busy
            self._try_later()
            raise
        self.busy = None
        return result

    def look(self, look: Callable[[AccountState], T]) -> T:
        """Return what `look` finds in the state; see `transact`."""
        return self.transact(look)

    def look_at_stored(self, look: Callable[[AccountState], T]) -> T:
        """Return what `look` finds in the state as it is stored, while another process changes it.

        The stored state lacks what this process has not written yet.

        Raises:
            LedgerBusy: the ledger can't be read, either.
            HarvestError: the ledger can't be used.
        """

        def bounded(state: AccountState) -> T:
            state.bound(self._bounds)
            return look(state)

        return self._ledger.read(bounded)

    def dispatch(self, planner: Planner, *, hurry: bool = False) -> None:
        """Grant what may be granted: plan it, store it, and have it handed out.

        Args:
            planner: the gate.
            hurry: whether a call has come that may not wait for as long as other processes use the ledger, and an
                event loop with many calls returns to it later than that. A ledger in use is then tried again for a
                few milliseconds, in which the event loop does nothing else, unless it has been in use for long.
        """
        plan = Plan()
        attempts = _ATTEMPTS if hurry and self.busy_for() < _BRIEFLY else 1
        try:
            self.transact(lambda state: planner.plan(state, plan), attempts)
        except LedgerBusy:
            return  # `resume` dispatches when it is free
        except HarvestError as broken:
            planner.fail(broken, plan)
            return
        planner.confirm(plan)

    def end(self, end: End, *, refused: bool) -> None:
        """Write the end of a lease into the state, as soon as that is possible.

        Args:
            end: how the lease ended.
            refused: whether the server refused the call: nothing leaves before the state has it.
        """
        self._ends.append(end)
        self._write(refused=refused)

    def end_soon(self, end: End) -> None:
        """Write the end of a lease into the state with the next change, or a little later.

        Its time counts, so that a later writing holds nobody up.
        """
        self._ends.append(end)
        if not self._writes_soon:
            self._writes_soon = True
            self._loop.call_later(_SOON, self._write_ends)

    def write_ends(self) -> None:
        """Write the ends of leases that the ledger does not have yet."""
        if self._ends and self.busy is None:
            self._write()

    async def flush(self) -> None:
        """Wait until the ledger has the ends of all leases, but no longer than a second."""
        self.write_ends()
        for _ in range(round(_PATIENCE / _LONGEST)):
            if not self._ends:
                return
            await asyncio.sleep(_LONGEST)

    def busy_for(self, since: int = 0) -> int:
        """Return for how long the ledger has been in use, in nanoseconds, and at most since a given time."""
        return 0 if self.busy is None else self._clock.now() - max(self._since, since)

    @property
    def complete(self) -> bool:
        """Whether the ledger has all that this gate knows."""
        return not self._ends and self.busy is None

    def leave(self, ends: Iterable[End]) -> list[End]:
        """Return the ends that the ledger does not have yet, the given ones included; the event loop has ended."""
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

    def _change_memory(self, memory: MemoryLedger, change: Callable[[AccountState], T]) -> T:
        try:
            with memory.lock:
                state = memory.state
                if state.bounds is not self._bounds:
                    state.bound(self._bounds, self._clock.now())
                result = change(state)
                self.closed = state.why is not None
                return result
        except HarvestError:
            raise
        except Exception as error:
            raise unusable(error) from error

    def _attempt(self, change: Callable[[AccountState], T], attempts: int) -> T:
        """Change the state in the last of some attempts, if the ledger was in use at all before."""
        for _ in range(attempts - 1):
            with suppress(LedgerBusy):
                return self._transact(change)
            time.sleep(_BETWEEN)
        return self._transact(change)

    def _transact(self, change: Callable[[AccountState], T]) -> T:
        def bounded(state: AccountState) -> T:
            state.bound(self._bounds, self._clock.now())
            logs.clear()
            logs.extend(end.apply(state) for end in self._ends)
            result = change(state)
            self.closed = state.why is not None
            return result

        logs: list[Turn | None] = []
        try:
            result = self._ledger.transact(bounded)
        except HarvestError:
            raise
        except Exception as error:
            raise unusable(error) from error
        self._ends.clear()
        for log in logs:
            if log is not None:
                log_turn(self._settings.name, *log, self._clock.now())
        return result

    def _write_ends(self) -> None:
        self._writes_soon = False
        self.write_ends()

    def _write(self, *, refused: bool = False) -> None:
        try:
            self.transact(_nothing)
        except LedgerBusy:
            self.closed = self.closed or refused
        except HarvestError as error:  # the calls were made, even if the ledger can't be used
            self.closed = self.closed or refused
            logger.warning("%s: %s", self._settings.name, error.message)

    def _try_later(self) -> None:
        # Processes that wait for one another must not retry at the same times.
        pause = self._pause * random.uniform(0.5, 1)  # noqa: S311
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(pause, self._try_again)
        self._retry_at = self._clock.now() + span(pause)
        self._pause = min(2 * self._pause, _LONGEST)

    def _try_again(self) -> None:
        self._timer = None
        self.busy, self._tries_again = None, True
        try:
            self._resume()  # reports to the calls that wait if the ledger can't be used
            self.write_ends()
        finally:
            self._tries_again = False


def unusable(error: Exception) -> StorageError:
    """Return the error of calls whose ledger fails with an exception of another library."""
    return StorageError(f"the throttle's ledger can't be used ({type(error).__name__}: {error}): choose another")


def _nothing(_: AccountState) -> None:
    """Change nothing but what is late."""
