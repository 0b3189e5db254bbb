"""The gate: the only place where calls wait. It holds the queue of one account on one event loop.

Invariants:
- It grants no more leases than there are connections, so that no call waits in a connection pool behind it.
- The queue decides which call is next; the account state decides whether any may go.
- The call at the head of the queue leads the probe of a closed gate. The probe is cancelled with its leader, but
  outlives its leader's `max_wait`, or callers with a short one would find the gate closed for ever.
- A lease that is granted to a call which is cancelled at the same time is put back.
- A call that has its lease and has not left yet when the gate closes does not leave: it returns to the front.
- A ledger in use is tried again by a timer (see `access`); how long calls wait for it is in `wait_limits`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from copy import copy
from functools import partial

from harvest_async.clock import Clock
from harvest_async.errors import HarvestError
from harvest_async.throttle.access import Access
from harvest_async.throttle.connections import Connections
from harvest_async.throttle.ended import End
from harvest_async.throttle.granting import Granting, Waiter
from harvest_async.throttle.lease import Lease, Ticket
from harvest_async.throttle.ledgers.memory import Ledger, MemoryLedger
from harvest_async.throttle.ledgers.remote import RemoteLedger
from harvest_async.throttle.open_leases import OpenLeases
from harvest_async.throttle.plan import Plan
from harvest_async.throttle.probe import StatusCalls
from harvest_async.throttle.processes import Registration
from harvest_async.throttle.queue import CallQueue, Lane
from harvest_async.throttle.remote_access import RemoteAccess
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState
from harvest_async.throttle.wait_limits import REFUSALS, WaitLimits
from harvest_async.throttle.wake import WakeTimer

__all__ = ["Gate"]


class Gate:
    """The queue of one account on the running event loop.

    Attributes:
        connections: the connections that its calls use.
    """

    def __init__(self, ledger: Ledger | RemoteLedger, settings: Settings, clock: Clock) -> None:
        self._loop = asyncio.get_running_loop()
        self._access = (
            RemoteAccess(ledger, settings, clock, self)
            if isinstance(ledger, RemoteLedger)
            else Access(ledger, settings, clock, self._resumed)
        )
        self._memory: MemoryLedger | None = self._access.memory
        self._bounds = settings.bounds
        self._clock = clock
        self._queue: CallQueue[Waiter] = CallQueue(settings, shared=ledger.shared)
        self.connections = Connections(self._take_turn)
        self._open = OpenLeases(self._access, self._queue, self.connections, settings, clock, self._dispatch)
        self._granting = Granting(self._open, self._queue, self.connections, clock, settings.max_block)
        self._status_calls = StatusCalls(settings.name, self._granting, self.connections, clock, self._dispatch)
        self._limits = WaitLimits(self._access, self._queue, self._granting, clock)
        self._last_number = 0
        self._announces = False
        self._timer = WakeTimer(clock, self._dispatch)

    # For callers

    def acquire_at_once(self, ticket: Ticket) -> Lease | None:
        """Return a lease for a call that need not wait; None where it may have to, and `acquire` decides.

        A call need not wait where the gate is open, nobody waits, a lease and a connection are free, and the ledger is
        in memory.
        """
        if (
            self._memory is None
            or self._queue.size
            or self._granting.leading
            or ticket.refusals >= REFUSALS
            or (ticket.max_wait is not None and ticket.waited > ticket.max_wait)
            or (ticket.lane is Lane.BULK and self._queue.paced)
        ):
            return None
        with self._memory.lock:
            state = self._memory.state
            if state.bounds is not self._bounds:
                state.bound(self._bounds, self._clock.now())
            self._access.closed = state.why is not None
            lease = self._granting.at_once(ticket, state)
        if lease is not None and not ticket.number:
            self._number(ticket, lease.sent)
        return lease

    async def acquire(self, ticket: Ticket) -> Lease:
        """Wait for the right to send one request.

        Raises:
            WouldWait: it would take, or has taken, longer than the ticket's `max_wait`.
            Throttled: the call was refused five times, or a closed gate holds it up for longer than `max_block`.
        """
        while True:
            waiter = self._enter(ticket)
            try:
                lease = await waiter.future
            except asyncio.CancelledError:
                self._withdraw(waiter)
                raise
            finally:
                ticket.waited += self._clock.now() - waiter.entered
                if waiter.timer is not None:
                    waiter.timer.cancel()
            if not lease.is_status_call:
                return lease
            await self._status_calls.send(ticket, lease)

    def queued(self, lane: Lane) -> int:
        """Return how many calls wait in a lane."""
        return len(self._queue[lane])

    @property
    def granted(self) -> int:
        """How many leases it has granted so far."""
        return self._granting.count

    @property
    def refused(self) -> int:
        """How many of its calls the server refused."""
        return self._open.refused

    @property
    def idle(self) -> bool:
        """Whether no call waits here and no response is awaited."""
        return not (self._open.leases or self._granting.leading or self._queue.size)

    @property
    def closed(self) -> bool:
        """Whether the account's gate was closed at the last look; the ledger is not read for it."""
        return self._access.closed

    @property
    def in_flight(self) -> int:
        """How many of its calls are sent and wait for a response."""
        return len(self._open.leases)

    @property
    def resting(self) -> bool:
        """Whether it is idle and the ledger has all that it knows."""
        return self.idle and self._access.complete

    def fail_waiting(self, error: HarvestError) -> None:
        """Raise an error from all calls that wait."""
        self.fail(error, Plan())

    def abandon(self) -> list[End]:
        """Return the ends that the ledger does not have yet: the loop is closed, its calls will end no lease."""
        now, leases = self._clock.now(), self._open.leases
        for lease in leases.values():
            lease.ended = True
        ends = [End(partial(AccountState.lost, cut=True), number, now) for number in leases]
        leases.clear()
        return self._access.leave(ends)

    def take_over(self, ends: Iterable[End]) -> None:
        """Take over the ends that an abandoned gate could not write into the ledger."""
        self._access.take_over(ends)

    async def flush(self) -> None:
        """Wait until the ledger has all that this gate knows, but not for long."""
        await self._access.flush()

    def share(self) -> None:
        """Note that gates on other event loops use the same account state from now on."""
        self._queue.shared = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._dispatch)

    # Waiting

    def _enter(self, ticket: Ticket) -> Waiter:
        try:
            now = self._clock.now()
            checked = True
            if ticket.max_wait is not None or ticket.refusals >= REFUSALS:
                checked = self._limits.check(ticket, now)
            requeue = ticket.number > 0
            if not requeue:
                self._number(ticket, now)
            waiter = Waiter(ticket, self._loop.create_future(), now)
            self._limits.watch(waiter, checked=checked)
        except Exception:
            self._dispatch()  # it may have been a leader, for which the others wait
            raise
        first = self._queue.add(ticket.lane, waiter, requeue=requeue)
        if not checked and isinstance(self._access, Access):
            self._access.dispatch(self, hurry=self._limits.hurries(ticket))
        elif first or requeue:  # a new call behind another one changes nothing
            self._dispatch()
        elif self._queue.outgrown and not self._announces:
            self._announces = True
            self._loop.call_soon(self._announce)
        return waiter

    def _announce(self) -> None:
        """Register what has been added, at once for all calls that were made together, so that others count it."""
        self._announces = False
        self._dispatch()

    def _number(self, ticket: Ticket, now: int) -> None:
        self._last_number += 1
        ticket.number, ticket.entered = self._last_number, now

    def _withdraw(self, waiter: Waiter) -> None:
        """Remove a cancelled waiter; a lease that was granted to it at the same time goes to the next."""
        self._queue.remove(waiter.ticket.lane, waiter)
        self._limits.forget(waiter)
        if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
            waiter.future.result().put_back()
        if isinstance(self._access, Access) and not self._queue.size and not self._open.leases:
            self._access.write_ends()  # nothing else is sure to do so before the loop is closed

    # Granting

    def _dispatch(self) -> None:
        """Grant what may be granted, and set the timer for the rest."""
        if not self._queue.size:
            return
        self._access.dispatch(self)

    def plan(self, state: AccountState, plan: Plan) -> None:
        """See `plan.Planner`."""
        if self._access.immediate:
            self._limits.refuse_newcomers(state, plan)
            if not self._queue.size:
                return
        plan.wake = self._granting.grant(state, plan.granted, plan.expired)
        if not self._access.immediate:
            self._limits.planned(plan)

    def registration(self, state: AccountState, plan: Plan) -> Registration | None:
        """See `plan.Planner`."""
        return self._queue.registration(state, [waiter.ticket.lane for waiter, _ in plan.granted], self._clock.now())

    def confirm(self, plan: Plan) -> None:
        """See `plan.Planner`."""
        self._limits.plan_ended()
        self._timer.set(plan.wake)
        for waiter, lease in plan.granted:
            self._limits.forget(waiter)
            if waiter.future.done():  # it gave up while the plan was stored
                lease.put_back()
            else:
                waiter.future.set_result(lease)
        for waiter, error in plan.expired:
            self._limits.give_up(waiter, error)
        self.connections.end_turn()
        self._limits.check_newcomers()

    def undo(self, plan: Plan) -> None:
        """See `plan.Planner`."""
        self._limits.plan_ended()
        for waiter, lease in plan.granted:
            self._granting.revoke(lease)
            self._requeue(waiter)
        for waiter, _ in plan.expired:
            self._requeue(waiter)

    def open_leases(self) -> list[Lease]:
        """See `plan.Planner`."""
        return list(self._open.leases.values())

    def _requeue(self, waiter: Waiter) -> None:
        if not waiter.future.done():
            self._queue.add(waiter.ticket.lane, waiter, requeue=True)

    def _take_turn(self) -> bool:
        """Grant a lease with a connection that other gates want, too; return whether that takes a round trip."""
        self._dispatch()
        return bool(self._queue.size) and not self._access.immediate

    def _resumed(self) -> None:
        """Serve the waiters after a ledger in use was tried again."""
        busy = self._access.busy
        if busy is None:
            self._dispatch()
            busy = self._access.busy
        if busy is not None:
            self._limits.ledger_busy(busy)

    def fail(self, error: HarvestError, plan: Plan) -> None:
        """See `plan.Planner`."""
        for _, lease in plan.granted:
            self._granting.revoke(lease)
        for waiter in [*(waiter for waiter, _ in (*plan.granted, *plan.expired)), *self._queue]:
            own = copy(error)
            own.__cause__ = error
            self._limits.give_up(waiter, own)
        self.connections.end_turn()
