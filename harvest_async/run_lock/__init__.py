"""Locks that let at most one run at a time write to an account, across processes and machines.

    locks = SqliteRunLocks("state/ledger.sqlite3")
    async with hold(locks, "acme", lease=30) as lock:
        await lock.wait_until_quiet(60)
        report = await imports.run(plan, guard=lock.check)

A lock is held for `lease` seconds and renewed in the background. A run that can't renew it, because its store is down
or because another run has taken it, is cancelled before another run may begin. The store is memory (one process), an
SQLite file (one machine) or a Redis or Valkey server (several machines).
"""

from harvest_async.run_lock.holding import HeldLock, hold
from harvest_async.run_lock.lock import Holder, LockHeld, LockLost, RunLock, RunLocks, new_owner
from harvest_async.run_lock.memory import MemoryRunLocks
from harvest_async.run_lock.redis import RedisRunLocks
from harvest_async.run_lock.sqlite import SqliteRunLocks

__all__ = [
    "HeldLock",
    "Holder",
    "LockHeld",
    "LockLost",
    "MemoryRunLocks",
    "RedisRunLocks",
    "RunLock",
    "RunLocks",
    "SqliteRunLocks",
    "hold",
    "new_owner",
]
