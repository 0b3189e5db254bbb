"""The rules of run locks, as functions over the stored record of one account.

Times are nanoseconds on the scale of the store. On a machine's monotonic scale a heartbeat can be in the future only if
the machine has started again since: its holder is dead then.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import evolve, frozen

from harvest_async.clock import SECOND, span
from harvest_async.run_lock.lock import Holder, LockHeld, RunLock

__all__ = ["LockRecord", "acquired", "holder_of", "lock_of", "released", "renewed"]

_FIRST: Final = 1


@frozen
class LockRecord:
    """What is stored of an account's lock.

    Attributes:
        token: the fencing token.
        owner: who acquired it last.
        lease: how long it is held after a heartbeat.
        heartbeat: when it was acquired, renewed or released last.
        state: `held` (until it expires), `released`, or `clean`: released, with all writes responded to.
        quiet_since: since when no run before this one can have sent a write; None if there was none.
    """

    token: int
    owner: str
    lease: int
    heartbeat: int
    state: Literal["held", "released", "clean"]
    quiet_since: int | None

    def ends(self, now: int) -> int:
        """Return when the lock ended or will end."""
        if self.heartbeat > now:
            return now
        return self.heartbeat + self.lease if self.state == "held" else self.heartbeat


def acquired(record: LockRecord | None, account: str, owner: str, lease: float, now: int) -> LockRecord:
    """Return the record after an owner has acquired the lock.

    Raises:
        LockHeld: another owner holds it.
    """
    if record is None:
        return LockRecord(_FIRST, owner, span(lease), now, "held", None)
    if record.ends(now) > now and record.owner == owner:
        return evolve(record, heartbeat=now, lease=span(lease))
    if record.ends(now) > now:
        raise LockHeld(account, holder_of(record, account, now), (record.ends(now) - now) / SECOND)
    quiet_since = None if record.state == "clean" else record.ends(now)
    return LockRecord(record.token + 1, owner, span(lease), now, "held", quiet_since)


def renewed(record: LockRecord | None, token: int, now: int) -> LockRecord | None:
    """Return the record after a renewal; None if the lock was lost."""
    if record is None or record.token != token or record.state != "held":
        return None
    return evolve(record, heartbeat=now)


def released(record: LockRecord | None, token: int, now: int, *, clean: bool) -> LockRecord | None:
    """Return the record after a release; None if the lock was lost."""
    held = renewed(record, token, now)
    return None if held is None else evolve(held, state="clean" if clean else "released")


def holder_of(record: LockRecord, account: str, now: int) -> Holder:
    """Return who holds the lock or held it last."""
    age, left = max(0, now - record.heartbeat), max(0, record.ends(now) - now)
    return Holder(account, record.owner, record.token, age / SECOND, left / SECOND)


def lock_of(record: LockRecord, account: str, lease: float) -> RunLock:
    """Return the lock of a record that was written just now, on the scale of this process."""
    deadline = record.heartbeat + record.lease
    return RunLock(account, record.owner, record.token, lease, deadline, record.quiet_since)
