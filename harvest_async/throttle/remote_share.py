"""The share of a budget that one process uses while the ledger's server can't be reached."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.lease import Lease
from harvest_async.throttle.remote_state import enter
from harvest_async.throttle.state import AccountState

__all__ = ["share_of"]


def share_of(
    known: AccountState | None,
    share: Fraction | None,
    *,
    guard: int,
    last_lease: int,
    leases: Iterable[Lease],
    now: int,
) -> AccountState | None:
    """Return a state with a share of the budget, whose leases are all held for one period; None if there is no share.

    Args:
        known: the state as of the last exchange; None if it was never read.
        share: the part of the calls that this process may make, between 0 and 1; None for no calls.
        guard: the longest time that a request may travel, in nanoseconds.
        last_lease: the number after which the leases are numbered.
        leases: the leases of this process's calls in flight.
        now: the present time.
    """
    calls = 0 if known is None or share is None else int(known.window.calls * share)
    if known is None or not calls:
        return None
    alone = known.copy()
    alone.bound(Bounds(calls, known.window.period, guard))
    alone.number_from(last_lease)
    alone.restart(now, left=known.until - now)
    alone.window.fill(now, now)
    enter(alone, leases)
    return alone
