"""The run lock of the commands that write to an account: at most one of them at a time, across processes.

Invariants:
- The locks are in the file of the throttle's ledger, under the name that the account has there.
- A run begins when no write of another run, which was cut off, can be processed any more.
- A run that renews its lock is alive, so that another one is refused. A lock that is not renewed is waited for.
- The journal of a run keeps the lock's owner from then on. A resumed run that was the last one to have the lock has it
  again at once, as the same owner, even if its process was killed: since it has its journal open, that process is dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from attrs import define

from harvest_async.cli.edge import BAD_INPUT, Failure
from harvest_async.cli.target import Target, ledger_path
from harvest_async.importer.rules import Guard, Rules, unguarded
from harvest_async.run_lock import HeldLock, LockHeld, SqliteRunLocks, hold

if TYPE_CHECKING:
    from harvest_async.importer.journal import Journal
    from harvest_async.progress import Progress

__all__ = ["OnlyRun", "locked"]

_LEASE: Final = 10.0
"""Seconds after which another command can have the lock of a process that was killed."""

_LOOKS: Final = 0.2
"""Seconds between looks at a lock that another run holds."""

_MAX_DELAY: Final = Rules().max_delay
_OWNER: Final = "lock_owner"
"""Where a journal has the last owner of the lock."""


@define
class OnlyRun:
    """The only run that writes to an account.

    Attributes:
        owner: the owner of the lock.
        guard: called directly before each write; it raises `LockLost` if another run may be writing.
        pending: set if a write may still be processed after the end of the run, so that the next run has to wait.
    """

    owner: str = ""
    guard: Guard = unguarded
    pending: bool = False

    async def keep_in(self, journal: Journal) -> None:
        """Store the owner in the journal of the run, so that the run has the lock again when it is resumed."""
        await journal.work(lambda: journal.describe(**{_OWNER: self.owner}))


class _Pending(Exception):
    """Ends the run in the way after which the next one waits."""


@asynccontextmanager
async def locked(
    target: Target, words: str, progress: Progress, journal: Journal | None = None, *, max_delay: float = _MAX_DELAY
) -> AsyncIterator[OnlyRun]:
    """Hold the account's run lock while the block runs; the block is cancelled if the lock is lost.

    Args:
        target: the account. One that ends with the command has no lock.
        words: the command, as those see it who find the lock held.
        progress: receives that the run waits.
        journal: the journal of a run that is resumed or undone; it stays open while the block runs.
        max_delay: the longest time in seconds after which a sent request may still be processed.

    Raises:
        Failure: another run has the lock.
        LockLost: the lock was lost.
        StorageError: the file of the locks can't be used.
    """
    if target.passing:
        yield OnlyRun()
        return
    locks = SqliteRunLocks(ledger_path())
    try:
        again = await _last_owner(locks, target, words, journal)
        owner = again or f"{words} [{uuid4().hex[:12]}]"
        if not again:
            await _wait_for_killed(locks, target, progress)
        with suppress(_Pending):
            async with hold(locks, target.account, lease=_LEASE, owner=owner) as held:
                if not again:
                    await _wait_until_quiet(held, held.lock.quiet(locks.clock), max_delay, progress)
                run = OnlyRun(owner, held.check)
                yield run
                if run.pending:
                    raise _Pending
    except LockHeld as error:
        raise Failure(BAD_INPUT, _explain(target, error), error) from error
    finally:
        locks.close()


async def _last_owner(locks: SqliteRunLocks, target: Target, words: str, journal: Journal | None) -> str | None:
    """Return the last owner of the lock if that was an earlier attempt of the same command with the same journal."""
    owner = None if journal is None else journal.meta.get(_OWNER)
    if owner is None or owner.rpartition(" [")[0] != words:  # a copy of a journal has another path, so other words
        return None
    holder = await locks.holder(target.account)
    return owner if holder is not None and holder.owner == owner else None


async def _wait_for_killed(locks: SqliteRunLocks, target: Target, progress: Progress) -> None:
    """Wait while the lock is held and not renewed, as that of a run whose process was killed; a few seconds at most."""
    holder, age = await locks.holder(target.account), 0.0
    while holder is not None and holder.is_held and holder.expires_in <= _LEASE and holder.heartbeat_age >= age:
        progress.state(f"waiting {holder.expires_in:.0f} s for the lock of {holder.owner}, unless it renews it")
        age = holder.heartbeat_age
        await asyncio.sleep(min(_LOOKS, holder.expires_in))
        holder = await locks.holder(target.account)
    progress.state(None)


async def _wait_until_quiet(held: HeldLock, quiet: float, max_delay: float, progress: Progress) -> None:
    if quiet < max_delay:
        left = max_delay - quiet
        progress.state(f"waiting {left:.0f} s, until no request of an earlier run can be processed any more")
    await held.wait_until_quiet(max_delay)
    progress.state(None)


def _explain(target: Target, error: LockHeld) -> str:
    """Return the message of a command that finds the lock held."""
    holder = error.holder
    who = "" if holder is None else f": {holder.owner}, last active {holder.heartbeat_age:.1f} s ago"
    return (
        f"account {target.name}: another run is writing to it{who}. Nothing was sent, since two runs at once create "
        "records twice. Wait until that run has ended, then re-run the same command. If its process was killed, its "
        f"lock ends in {error.retry_after:.0f} s."
    )
