"""Drafts of the state on a server: what a step would store, with the ends and the grants of one gate.

Invariants:
- A draft is a copy: nothing is known to be stored before the server says so.
- The number of a lease is not used again, even if the step that granted it was not stored.
"""

from __future__ import annotations

import secrets
from typing import Final

from harvest_async.clock import Clock
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.ended import End, Turn
from harvest_async.throttle.ledgers.remote import Commit, Notice
from harvest_async.throttle.plan import Plan, Planner
from harvest_async.throttle.remote_state import RemoteState
from harvest_async.throttle.state import AccountState

__all__ = ["Drafts"]

_NUMBERS: Final = 24
"""Bits of a lease's number that count the leases of one gate; those above are its own."""


class Drafts:
    """Drafts the steps of one gate.

    Args:
        remote: what is known of the stored state.
        user: the name of the gate among all that use the account.
        bounds: the numbers that bound the state.
        clock: the source of the time.
        planner: the gate.

    Attributes:
        repeated: the numbers of leases whose end may be stored already.
        last_lease: the number of the lease that was granted last.
    """

    def __init__(self, remote: RemoteState, user: str, bounds: Bounds, clock: Clock, planner: Planner) -> None:
        self._remote = remote
        self._user = user
        self._bounds = self._applied = bounds
        self._clock = clock
        self._planner = planner
        self._steps = 0
        self.repeated: set[int] = set()
        self.last_lease = secrets.randbits(38) << _NUMBERS

    def new(self) -> AccountState:
        """Return a copy of the state as of the last exchange, within the bounds."""
        now = self._clock.now()
        draft = self._remote.draft(now, self._planner.open_leases())
        guard = self._bounds.guard + self._remote.late
        if guard != self._applied.guard:
            self._applied = self._bounds._replace(guard=guard)
        draft.bound(self._applied, now)
        return draft

    def end(self, end: End, state: AccountState) -> Turn | None:
        """Write the end of a lease into a draft; return what there is to log."""
        if end.lease in self.repeated and not state.window.holds(end.lease):
            return None
        return End(end.change, end.lease, end.time + self._remote.late).apply(state)

    def change(self, state: AccountState, ends: tuple[End, ...], plan: Plan, *, plans: bool) -> list[Turn | None]:
        """Write ends and grants into a state; return what there is to log."""
        logs = [self.end(end, state) for end in ends]
        state.number_from(self.last_lease)
        try:
            if plans:
                self._planner.plan(state, plan)
        finally:
            self.last_lease = state.last_lease
        return logs

    def commit(self, state: AccountState, ends: tuple[End, ...], plan: Plan, *, was_closed: bool) -> Commit | None:
        """Return the request to store a changed state; None if nothing was changed."""
        remote = self._remote
        if not (ends or plan.granted or remote.changed or _differ(self.new(), state, self._clock.now())):
            return None
        self._steps += 1
        is_closed = state.why is not None
        notice = Notice.NONE
        if remote.changed:
            notice = Notice.LOST
        elif is_closed != was_closed:
            notice = Notice.CLOSED if is_closed else Notice.CHANGED
        return remote.commit(state, f"{self._user}:{self._steps}", self._clock.now(), notice)


def _differ(before: AccountState, after: AccountState, now: int) -> bool:
    """Return whether a state was changed otherwise than by the passing of time."""
    before.window.held(now)
    after.window.held(now)
    return before.dump() != after.dump()
