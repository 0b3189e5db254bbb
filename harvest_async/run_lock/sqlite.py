"""Run locks in an SQLite file: at most one run per account on this machine.

Invariants:
- The file may be that of a ledger, which has another table; it is private to its owner.
- Times are on the machine's monotonic scale, which all of its processes share until the machine starts again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

import anyio
from attrs import astuple

from harvest_async.clock import Clock, SystemClock
from harvest_async.errors import StorageError
from harvest_async.run_lock.lock import Holder, LockLost, RunLock, check_names
from harvest_async.run_lock.record import LockRecord, acquired, holder_of, lock_of, released, renewed
from harvest_async.throttle.ledgers.file import LedgerFile
from harvest_async.throttle.ledgers.memory import LedgerBusy

__all__ = ["SqliteRunLocks"]

T = TypeVar("T")

_SCHEMA: Final = """
    create table if not exists run_locks (
        account text primary key, token integer not null, owner text not null, lease integer not null,
        heartbeat integer not null, state text not null, quiet_since integer
    )
"""
_READ: Final = "select token, owner, lease, heartbeat, state, quiet_since from run_locks where account = ?"
_WRITE: Final = "insert or replace into run_locks values (?, ?, ?, ?, ?, ?, ?)"

_PAUSE: Final = 0.01
_PATIENCE: Final = 5.0
"""Seconds after which a file that others keep locked can't be used."""


class SqliteRunLocks:
    """The locks of all processes of a machine that take the same file.

    Args:
        path: the file; it is created if it is missing, its folder too. The file of a `SqliteLedger` can be used.
        clock: the source of time; its scale has to be that of the machine's other processes.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self._file = LedgerFile(Path(path))
        self._prepared = 0

    def __repr__(self) -> str:
        return f"SqliteRunLocks({str(self._file.path)!r})"

    async def acquire(self, account: str, owner: str, lease: float) -> RunLock:
        """See `RunLocks.acquire`."""
        check_names(account, owner, lease)

        def change(record: LockRecord | None) -> LockRecord:
            return acquired(record, account, owner, lease, self.clock.now())

        return lock_of(await self._change(account, change), account, lease)

    async def renew(self, lock: RunLock) -> RunLock:
        """See `RunLocks.renew`."""

        def change(record: LockRecord | None) -> LockRecord | None:
            return renewed(record, lock.token, self.clock.now())

        record = await self._change(lock.account, change)
        if record is None:
            raise LockLost(f"account {lock.account}: another run has taken its lock")
        return lock_of(record, lock.account, lock.lease)

    async def release(self, lock: RunLock, *, clean: bool = True) -> None:
        """See `RunLocks.release`."""
        await self._change(lock.account, lambda record: released(record, lock.token, self.clock.now(), clean=clean))

    async def holder(self, account: str) -> Holder | None:
        """See `RunLocks.holder`."""
        record = await self._use(lambda database: _stored(database, account))
        return None if record is None else holder_of(record, account, self.clock.now())

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._file.close()

    async def _change(self, account: str, change: Callable[[LockRecord | None], T]) -> T:
        """Store what `change` makes of an account's record, and return it."""

        def work(database: sqlite3.Connection) -> T:
            database.execute("begin exclusive")
            try:
                record = change(_stored(database, account))
                if isinstance(record, LockRecord):
                    database.execute(_WRITE, (account, *astuple(record)))
                database.execute("commit")
            except BaseException:
                database.rollback()
                raise
            return record

        return await self._use(work)

    async def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Use the file as soon as no other process has it locked.

        Raises:
            StorageError: it can't be used, or others keep it locked.
        """

        def prepared(database: sqlite3.Connection) -> T:
            if self._prepared != self._file.opened:
                database.execute(_SCHEMA)
                self._prepared = self._file.opened
            return work(database)

        with anyio.move_on_after(_PATIENCE):
            while True:
                try:
                    return self._file.use(prepared)
                except LedgerBusy:
                    await anyio.sleep(_PAUSE)
        raise StorageError(
            f"the run locks in {self._file.path} can't be used: another process has kept the file locked for "
            f"{_PATIENCE:.0f} s. End that process or let it continue if it hangs, or choose another file"
        )


def _stored(database: sqlite3.Connection, account: str) -> LockRecord | None:
    with closing(database.execute(_READ, (account,))) as rows:
        row = rows.fetchone()
    return None if row is None else LockRecord(*row)
