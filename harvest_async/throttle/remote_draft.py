"""Drafts of the state on a server: what a step would store, with the ends and the grants of one gate.

Invariants:
- A draft is a copy: nothing is known to be stored before the server says so.
- The number of a lease is not used again, even if the step that granted it was not stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final

from harvest_async.clock import SECOND, Clock
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.ended import End, Turn
from harvest_async.throttle.ledgers.remote import Commit, Notice
from harvest_async.throttle.plan import Plan, Planner
from harvest_async.throttle.processes import Registration
from harvest_async.throttle.remote_state import RemoteState
from harvest_async.throttle.state import AccountState

__all__ = ["Drafts"]

_NUMBERS: Final = 24
"""Bits of a lease's number that count the leases of one gate; those above are its own."""

_FINE: Final = SECOND // 1_000
"""The unit of the guard in nanoseconds."""


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
        guard = self._bounds.guard - (-self._remote.late // _FINE) * _FINE  # rounded up, so that it seldom changes
        if guard != self._applied.guard:
            self._applied = self._bounds._replace(guard=guard)
        draft.bound(self._applied, now)
        return draft

    def end(self, end: End, state: AccountState) -> Turn | None:
        """Write the end of a lease into a draft; return what there is to log."""
        if end.lease in self.repeated and not state.window.holds(end.lease):
            return None
        return End(end.change, end.lease, end.time + self._remote.late).apply(state)

    def end_all(self, ends: Iterable[End], state: AccountState) -> list[Turn | None]:
        """Write the ends of leases into a draft; return what there is to log."""
        return [self.end(end, state) for end in ends]

    def change(self, state: AccountState, ends: tuple[End, ...], plan: Plan, *, plans: bool) -> list[Turn | None]:
        """Write ends and grants into a state; return what there is to log."""
        logs = self.end_all(ends, state)
        state.number_from(self.last_lease)
        try:
            if plans:
                self._planner.plan(state, plan)
        finally:
            self.last_lease = state.last_lease
        return logs

    def is_registered(self, state: AccountState) -> bool:
        """Return whether others keep leases for this process when it looks again, as far as a draft registers it."""
        own, known = self._planner.registration(state, Plan()), self._remote.state
        if own is None or known is None:
            return own is None
        before = known.processes.registration(own.name)
        return before is not None and before.since <= own.until and own.since <= before.until

    def commit(self, state: AccountState, ends: tuple[End, ...], plan: Plan, *, was_closed: bool) -> Commit | None:
        """Return the request to store what a step has changed; None if nothing was changed.

        What needs no new state is only entered beside it, since others may have stored one meanwhile.
        """
        remote, now = self._remote, self._clock.now()
        plain = [end for end in ends if end.is_plain and not remote.changed]
        registration = self._planner.registration(state, plan)
        entries = remote.entries(registration, plain, now)
        if not (plan.granted or remote.changed or len(plain) < len(ends)):
            before = self.new()
            self.end_all(ends, before)
            if not _differ(before, state, now):
                return remote.commit_entries(state, now, entries) if ends or _registers(before, registration) else None
        self._steps += 1
        is_closed = state.why is not None
        notice = Notice.NONE
        if remote.changed:
            notice = Notice.LOST
        elif is_closed != was_closed:
            notice = Notice.CLOSED if is_closed else Notice.CHANGED
        return remote.commit(state, f"{self._user}:{self._steps}", now, notice, entries)


def _differ(before: AccountState, after: AccountState, now: int) -> bool:
    """Return whether a state was changed otherwise than by the passing of time and by what processes registered.

    Each process numbers leases on its own, so that the number of the last one is no change.
    """
    before.window.held(now)
    after.window.held(now)
    dumps = before.dump(), after.dump()
    for dump in dumps:
        del dump["processes"], dump["_last_lease"]
    return dumps[0] != dumps[1]


def _registers(before: AccountState, registration: Registration | None) -> bool:
    """Return whether a process has registered something else than before."""
    return registration is not None and registration != before.processes.registration(registration.name)
