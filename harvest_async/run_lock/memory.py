"""Run locks in memory: at most one run per account in this process."""

from __future__ import annotations

import threading

from harvest_async.clock import Clock, SystemClock
from harvest_async.run_lock.lock import Holder, LockLost, RunLock, check_names
from harvest_async.run_lock.record import LockRecord, acquired, holder_of, lock_of, released, renewed

__all__ = ["MemoryRunLocks"]


class MemoryRunLocks:
    """The locks of this process's runs; any thread and event loop may use them.

    Args:
        clock: the source of time.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self._records: dict[str, LockRecord] = {}
        self._guard = threading.Lock()

    async def acquire(self, account: str, owner: str, lease: float) -> RunLock:
        """See `RunLocks.acquire`."""
        check_names(account, owner, lease)
        with self._guard:
            record = acquired(self._records.get(account), account, owner, lease, self.clock.now())
            self._records[account] = record
        return lock_of(record, account, lease)

    async def renew(self, lock: RunLock) -> RunLock:
        """See `RunLocks.renew`."""
        with self._guard:
            record = renewed(self._records.get(lock.account), lock.token, self.clock.now())
            if record is None:
                raise LockLost(f"account {lock.account}: another run has taken its lock")
            self._records[lock.account] = record
        return lock_of(record, lock.account, lock.lease)

    async def release(self, lock: RunLock, *, clean: bool = True) -> None:
        """See `RunLocks.release`."""
        with self._guard:
            record = released(self._records.get(lock.account), lock.token, self.clock.now(), clean=clean)
            if record is not None:
                self._records[lock.account] = record

    async def holder(self, account: str) -> Holder | None:
        """See `RunLocks.holder`."""
        record = self._records.get(account)
        return None if record is None else holder_of(record, account, self.clock.now())
