"""Hold a run lock while work runs: renew it in the background, and cancel the work if it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio

from harvest_async.cancellation import finish
from harvest_async.clock import SECOND
from harvest_async.errors import StorageError
from harvest_async.run_lock.lock import LockHeld, LockLost, RunLock, RunLocks, new_owner

__all__ = ["HeldLock", "hold"]

_RENEWALS: Final = 3
"""Renewals in each lease, so that two in a row may fail."""
_RETRIES: Final = 10
"""Attempts to renew in each lease while the store can't be used."""


class HeldLock:
    """A lock that is renewed in the background.

    Args:
        locks: the store.
        lock: the lock as it was acquired.

    Attributes:
        lock: the lock as it was last renewed.
    """

    def __init__(self, locks: RunLocks, lock: RunLock) -> None:
        self.lock = lock
        self._locks = locks
        self._lost: str | None = None
        self._ended = False
        self._is_quiet = False
        self._has_written = False

    @property
    def account(self) -> str:
        """The account."""
        return self.lock.account

    @property
    def token(self) -> int:
        """The fencing token."""
        return self.lock.token

    @property
    def has_written(self) -> bool:
        """Whether a write may still be processed: of this run, or of an earlier one that was not waited for."""
        return self._has_written or not self._is_quiet

    def check(self) -> None:
        """Check that this run may write now. It costs no call: give it to `imports.run` as its guard.

        Raises:
            LockLost: it may not.
        """
        self._has_written = True
        self._expect_held()

    def _expect_held(self) -> None:
        if self._lost is not None or not self.lock.is_valid(self._locks.clock):
            raise LockLost(self._lost or f"account {self.account}: the lock of the run has ended, and was not renewed")

    async def wait_until_quiet(self, seconds: float) -> None:
        """Wait until no write of an earlier run can be processed any more.

        It returns at once if the run before released the lock with its work done.

        Args:
            seconds: the longest time after which a sent request may still be processed (`Rules.max_delay`).

        Raises:
            LockLost: the lock was lost meanwhile.
        """
        await anyio.sleep(max(0.0, seconds - self.lock.quiet(self._locks.clock)))
        self._expect_held()
        self._is_quiet = True

    async def keep(self, scope: anyio.CancelScope) -> None:
        """Renew the lock until it is lost, then cancel the scope."""
        try:
            while self._lost is None and not self._ended:
                await anyio.sleep(self._pause())
                await self._renew()
        finally:
            scope.cancel()

    async def end(self, keeper: asyncio.Task[None]) -> None:
        """End the renewals; raise the error with which they failed, if they did.

        A client of a server can swallow a cancellation, so the renewals also end after the one that is under way.
        """
        self._ended = True
        keeper.cancel()
        await asyncio.wait([keeper])
        if not keeper.cancelled():
            keeper.result()

    async def _renew(self) -> None:
        try:
            self.lock = await self._locks.renew(self.lock)
        except LockLost as error:
            self._lost = error.message
        except StorageError as error:
            if not self.lock.is_valid(self._locks.clock):
                self._lost = f"account {self.account}: the lock of the run could not be renewed: {error.message}"

    def _pause(self) -> float:
        """Return the seconds until the next attempt to renew."""
        left = (self.lock.deadline - self._locks.clock.now()) / SECOND
        due = left - self.lock.lease * (1 - 1 / _RENEWALS)
        return due if due > 0 else max(0.0, min(left, self.lock.lease / _RETRIES))


@asynccontextmanager
async def hold(
    locks: RunLocks, account: str, *, lease: float = 30.0, owner: str | None = None, wait: float | None = 0.0
) -> AsyncIterator[HeldLock]:
    """Hold an account's lock while the block runs.

    The block is cancelled when the lock is lost. If it ends with an error, the next run waits until what was sent can't
    be processed any more; unless the block has waited for earlier runs and has not called `check`, so that nothing was
    sent.

    Args:
        locks: the store.
        account: the account.
        lease: seconds for which the lock is held after each renewal: the time after which others may take the lock of a
            process that died.
        owner: the name of the run; None makes one.
        wait: seconds to wait for another run that has the lock; None for ever.

    Raises:
        LockHeld: another run has it.
        LockLost: it was lost, and the block was cancelled.
        StorageError: the store can't be used.
    """
    held = HeldLock(locks, await _acquire(locks, account, owner or new_owner(), lease, wait))
    clean = False
    try:
        with anyio.CancelScope() as scope:
            keeper = asyncio.create_task(held.keep(scope))
            try:
                yield held
                clean = True
            finally:
                await finish(held.end(keeper))
        if not clean:
            held._expect_held()  # noqa: SLF001
    finally:
        await finish(_release(locks, held.lock, clean=clean or not held.has_written))


async def _acquire(locks: RunLocks, account: str, owner: str, lease: float, wait: float | None) -> RunLock:
    """Acquire a lock; wait for another run that has it."""
    until = None if wait is None else locks.clock.now() + round(wait * SECOND)
    while True:
        try:
            return await _acquire_once(locks, account, owner, lease)
        except LockHeld as error:
            left = error.retry_after if until is None else (until - locks.clock.now()) / SECOND
            if left <= 0:
                raise
            await anyio.sleep(max(0.001, min(left, error.retry_after, lease / _RENEWALS)))


async def _acquire_once(locks: RunLocks, account: str, owner: str, lease: float) -> RunLock:
    """Acquire a lock; release it if the caller is cancelled meanwhile."""
    acquired: list[RunLock] = []

    async def acquire() -> None:
        acquired.append(await locks.acquire(account, owner, lease))

    try:
        await finish(acquire())
    except asyncio.CancelledError:
        for lock in acquired:  # it has written nothing, but the run before it may have
            await finish(_release(locks, lock, clean=lock.quiet_since is None))
        raise
    return acquired[0]


async def _release(locks: RunLocks, lock: RunLock, *, clean: bool) -> None:
    """Release a lock; where the store can't be used, it ends with its lease."""
    with suppress(StorageError):
        await locks.release(lock, clean=clean)
