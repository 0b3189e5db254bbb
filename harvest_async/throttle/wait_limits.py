"""How long calls wait at the gate: the checks against their `max_wait` and deadlines, and the errors of those that end.

Invariants:
- A call is checked when it comes, or, where the ledger takes a round trip, when the first plan has regarded it.
- Where processes share a file, a call is first checked by what is stored, which takes no lock: most refusals need none.
  What is checked and granted after that is done in one transaction, so that no other process comes between them.
- Its timer bounds the real wait, too. Where the ledger is in use, it has the length of one attempt more.
- A ledger in use is waited for within `max_wait`, and never longer than one attempt may take.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Final

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError
from harvest_async.throttle.access import Access
from harvest_async.throttle.errors import busy_too_long, throttled, would_wait
from harvest_async.throttle.granting import Granting, Waiter
from harvest_async.throttle.lease import DEADLINE, Ticket
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.plan import Plan
from harvest_async.throttle.queue import CallQueue
from harvest_async.throttle.remote_access import RemoteAccess
from harvest_async.throttle.state import AccountState

__all__ = ["REFUSALS", "WaitLimits"]

REFUSALS: Final = 5
"""How often a call may be refused."""

_UNSTORED: Final = SECOND // 20
"""How much sooner a call may go than the stored state says, by ends that processes have not stored yet.

For a call that waits for less it is no more than it waits: leases that come free so soon ended long ago.
"""


class WaitLimits:
    """The limits of the waits in one queue.

    Args:
        access: the gate's access to the account state.
        queue: the calls that wait.
        granting: what grants their leases.
        clock: the source of the time.
    """

    def __init__(
        self, access: Access | RemoteAccess, queue: CallQueue[Waiter], granting: Granting, clock: Clock
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._access = access
        self._queue = queue
        self._granting = granting
        self._clock = clock
        self._unchecked: dict[Waiter, int] = {}  # calls with a `max_wait` that no plan has regarded, and their places
        self._planned: AbstractSet[Waiter] = frozenset()  # calls that a plan which is being stored has regarded
        self._least_deadline = DEADLINE

    # Calls that come

    def check(self, ticket: Ticket, now: int) -> bool:
        """Return whether a call may wait; False where that can't be found out yet.

        Raises:
            WouldWait: it would take longer than the ticket's `max_wait`.
            Throttled: the call was refused five times.
        """
        if ticket.refusals >= REFUSALS:
            raise self._refused_too_often(now)
        if not self._access.immediate:
            return False
        limit, expected = _limit(ticket), partial(self._expected, ticket=ticket, now=now)
        if self._access.memory is None:
            wait = self._expected_by_stored(expected)
            if wait - min(_UNSTORED, limit) > limit:
                raise would_wait(wait)
            if not self._queue.size or self._access.busy is not None:
                return False  # the plan that may grant its lease checks it
        try:
            wait = self._access.look(expected)
        except LedgerBusy:
            return False
        if wait > limit:
            raise would_wait(wait)
        return True

    def _expected(self, state: AccountState, ticket: Ticket, now: int, place: int | None = None) -> int:
        """Return how long a call is expected to wait; see `Granting.expected`."""
        if self._granting.goes_first(state, now, place):
            return 0
        return self._granting.expected(state, ticket.lane, now, place)

    def _expected_by_stored(self, expected: Callable[[AccountState], int]) -> int:
        """Return how long a call is expected to wait by what is stored; 0 where that can't be read, either."""
        try:
            return self._access.look_at_stored(expected) if isinstance(self._access, Access) else 0
        except LedgerBusy:
            return 0

    def _refused_too_often(self, now: int) -> HarvestError:
        def error(state: AccountState) -> HarvestError:
            return throttled(state, now, f"the call was refused {REFUSALS} times")

        try:
            return self._access.look(error)
        except LedgerBusy:
            return error(AccountState())

    def hurries(self, ticket: Ticket) -> bool:
        """Return whether a call may wait for less time than other processes may keep the ledger in use."""
        return _limit(ticket) < self._access.grace

    def watch(self, waiter: Waiter, *, checked: bool) -> None:
        """Bound the wait of a call that is about to enter the queue.

        Args:
            waiter: the call.
            checked: what `check` returned for it.
        """
        ticket = waiter.ticket
        if not checked:
            self._unchecked[waiter] = self._queue.place(ticket.lane) + self._granting.leading
        self._least_deadline = min(self._least_deadline, ticket.deadline)
        if ticket.max_wait is not None:
            waiter.timer = self._loop.call_later(ticket.patience or 0.0, self.too_long, waiter)

    def forget(self, waiter: Waiter) -> None:
        """Note that a call waits no more."""
        self._unchecked.pop(waiter, None)

    # Plans

    def planned(self, plan: Plan) -> None:
        """Note that a plan which is about to be stored has regarded all calls that wait."""
        self._planned = {waiter for waiter, _ in plan.granted} | self._unchecked.keys()

    def plan_ended(self) -> None:
        """Note that no plan is being stored any more."""
        self._planned = frozenset()

    def refuse_newcomers(self, state: AccountState, plan: Plan) -> None:
        """Add the calls to a plan that would wait too long, which could not be found out when they came.

        Args:
            state: the account's state, before the plan grants anything.
            plan: gets the calls and their errors; they leave the queue, so that no lease is kept for them.
        """
        now, newcomers, refused = self._clock.now(), self._unchecked, 0
        self._unchecked = {}
        for waiter, place in newcomers.items():
            wait = self._expected(state, waiter.ticket, now, place - refused)
            if wait > _limit(waiter.ticket) and not waiter.future.done():
                self._queue.remove(waiter.ticket.lane, waiter)
                plan.expired.append((waiter, would_wait(wait)))
                refused += 1

    def check_newcomers(self) -> None:
        """Raise the errors of calls that would wait too long after a plan that took a round trip."""
        if not self._unchecked:
            return
        now, newcomers = self._clock.now(), self._unchecked
        self._unchecked = {}
        for waiter, place in newcomers.items():
            if waiter.future.done():
                continue
            lane, limit = waiter.ticket.lane, _limit(waiter.ticket)
            with suppress(LedgerBusy):  # its timer bounds the wait then
                wait = self._access.look(partial(self._granting.expected, lane=lane, now=now, place=place))
                if wait > limit:
                    self.give_up(waiter, would_wait(wait))

    # Calls that give up

    def too_long(self, waiter: Waiter) -> None:
        """Raise the error of a call whose `max_wait` is over, unless it is to have its lease soon."""
        if waiter.future.done():
            return
        now, lane, grace = self._clock.now(), waiter.ticket.lane, self._access.grace
        if waiter in self._planned and self._access.busy_for() < grace:
            waiter.timer = self._loop.call_later(grace / SECOND, self.too_long, waiter)
            return
        try:
            error: HarvestError = would_wait(self._access.look(partial(self._granting.expected, lane=lane, now=now)))
        except LedgerBusy as busy:
            waited = self._access.busy_for()
            if waited < grace:
                waiter.timer = self._loop.call_later(grace / SECOND, self.too_long, waiter)
                return
            error = would_wait(waited, busy.message)
        except HarvestError as broken:
            error = copy(broken)
        self.give_up(waiter, error)

    def ledger_busy(self, busy: LedgerBusy) -> None:
        """Raise errors from calls that wait for a ledger in use as long as one attempt may take."""
        if self._access.busy_for() < self._least_deadline:
            return
        for waiter in self._queue:
            waited = self._access.busy_for(since=waiter.entered)
            if waited >= waiter.ticket.deadline:
                self.give_up(waiter, busy_too_long(busy.message, waited))

    def give_up(self, waiter: Waiter, error: HarvestError) -> None:
        """Remove a call from the queue and raise an error from it."""
        self._queue.remove(waiter.ticket.lane, waiter)
        self._unchecked.pop(waiter, None)
        if not waiter.future.done():  # it may have been cancelled at the same time
            waiter.future.set_exception(error)


def _limit(ticket: Ticket) -> int:
    """Return how long a call may still wait, in nanoseconds."""
    return sys.maxsize if ticket.max_wait is None else ticket.max_wait - ticket.waited
