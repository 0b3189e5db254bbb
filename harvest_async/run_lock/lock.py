"""The protocol of the stores of run locks, and the values that they return.

Invariants:
- At most one owner holds the lock of an account. Each time it is acquired it gets a greater token than ever before.
- A holder counts its time from before its request to the store, and the store from when the request arrives: the holder
  stops writing before the store gives the lock to another.
- A lock says since when the account is quiet, that is, when the run before may last have sent a write. A write that was
  sent may still be processed some time later, so the next run waits until that time has passed.
"""

from __future__ import annotations

import os
import socket
from typing import Final, Protocol
from uuid import uuid4

from attrs import field, frozen

from harvest_async.clock import SECOND, Clock, rounded_up
from harvest_async.errors import HarvestError, InvalidArgument

__all__ = ["MAX_LEASE", "Holder", "LockHeld", "LockLost", "RunLock", "RunLocks", "check_names", "new_owner"]

MAX_LEASE: Final = 3600.0
"""The longest lease in seconds."""


class LockHeld(HarvestError):
    """Another run has the account's lock. Nothing was changed.

    Attributes:
        account: the account.
        holder: who has the lock; None if that is unknown, because the store began anew a short while ago.
        retry_after: seconds after which the lock is free unless its holder renews it.
    """

    names_machine = True

    def __init__(self, account: str, holder: Holder | None, retry_after: float) -> None:
        if holder is None:
            why = "the store of its lock began empty a short while ago, so that a run may still be writing"
        else:
            why = f"the run {holder.owner} is writing; its last heartbeat was {holder.heartbeat_age:.1f} s ago"
        super().__init__(
            f"account {account}: {why}. Try again in {rounded_up(retry_after):.1f} s, or wait for that run."
        )
        self.account = account
        self.holder = holder
        self.retry_after = retry_after


class LockLost(HarvestError):
    """The run does not hold the account's lock any more: it must not write."""


@frozen
class Holder:
    """Who holds the lock of an account, or held it last.

    Attributes:
        account: the account.
        owner: the owner.
        token: the fencing token.
        heartbeat_age: seconds since the lock was acquired, renewed or released last.
        expires_in: seconds until the lock is free unless it is renewed; 0 if it is free.
    """

    account: str
    owner: str
    token: int
    heartbeat_age: float
    expires_in: float

    @property
    def is_held(self) -> bool:
        """Whether the lock is held."""
        return self.expires_in > 0


@frozen
class RunLock:
    """An account's lock, held until its deadline.

    Attributes:
        account: the account.
        owner: the owner.
        token: the fencing token, greater than that of each holder before.
        lease: seconds for which it is held after each renewal.
        deadline: when it ends, by the clock of this process.
        quiet_since: since when no other run can have sent a write, by the clock of this process; None if no run
            before this one ended without saying that its work was done.
    """

    account: str
    owner: str
    token: int
    lease: float
    deadline: int = field(repr=False)
    quiet_since: int | None = field(repr=False)

    def is_valid(self, clock: Clock) -> bool:
        """Return whether the lock is certainly held now."""
        return clock.now() < self.deadline

    def quiet(self, clock: Clock) -> float:
        """Return the seconds since another run may last have sent a write; infinity if there is no such run."""
        return float("inf") if self.quiet_since is None else (clock.now() - self.quiet_since) / SECOND


class RunLocks(Protocol):
    """A store of the locks of many accounts.

    Attributes:
        clock: the clock of this process, by which deadlines are given.
    """

    clock: Clock

    async def acquire(self, account: str, owner: str, lease: float) -> RunLock:
        """Acquire the lock of an account. The owner who holds it already gets it again with the same token.

        Args:
            account: the account.
            owner: a string that no other run has, see `new_owner`.
            lease: seconds for which the lock is held, above 0 and at most an hour. All runs of an account use the same.

        Raises:
            LockHeld: another owner holds it.
            InvalidArgument: the account, the owner or the lease can't be used.
            StorageError: the store can't be used; the same call can be repeated.
        """
        ...

    async def renew(self, lock: RunLock) -> RunLock:
        """Hold a lock for another lease.

        Raises:
            LockLost: another owner has acquired it meanwhile, or it was released.
            StorageError: the store can't be used; the same call can be repeated.
        """
        ...

    async def release(self, lock: RunLock, *, clean: bool = True) -> None:
        """Release a lock; nothing happens if another owner has it.

        Args:
            lock: the lock.
            clean: whether every write of the run has got its response. If not, the next run waits.

        Raises:
            StorageError: the store can't be used; the lock then ends with its lease.
        """
        ...

    async def holder(self, account: str) -> Holder | None:
        """Return who holds the lock of an account or held it last; None if that is unknown.

        Raises:
            StorageError: the store can't be used.
        """
        ...


def new_owner() -> str:
    """Return a name for one run, with the machine and the process, that no other run has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"


def check_names(account: str, owner: str, lease: float) -> None:
    """Check the arguments of `RunLocks.acquire`.

    Raises:
        InvalidArgument: one of them can't be used.
    """
    if not account or not owner:
        raise InvalidArgument("a run lock needs the name of an account and of an owner: neither may be empty")
    if not 0 < lease <= MAX_LEASE:
        raise InvalidArgument(f"lease: {lease!r} is not a number of seconds above 0 and at most {MAX_LEASE:.0f}")
