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
from harvest_async.throttle.ended import End, log_turn
from harvest_async.throttle.granting import Granting, Waiter
from harvest_async.throttle.lease import Change, Lease, Ticket, write_end
from harvest_async.throttle.ledgers.memory import Ledger, MemoryLedger
from harvest_async.throttle.ledgers.remote import RemoteLedger
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
        refused: how many of its calls the server refused.
    """

    def __init__(self, ledger: Ledger | RemoteLedger, settings: Settings, clock: Clock) -> None:
        self._loop = asyncio.get_running_loop()
        self._access = (
            RemoteAccess(ledger, settings, clock, self)
            if isinstance(ledger, RemoteLedger)
            else Access(ledger, settings, clock, self._resumed)
        )
        self._memory: MemoryLedger | None = self._access.memory
        self._name = settings.name
        self._bounds = settings.bounds
        self._clock = clock
        self._queue: CallQueue[Waiter] = CallQueue(settings, shared=ledger.shared)
        self.connections = Connections(self._take_turn)
        self._granting = Granting(self, self._queue, self.connections, clock, settings.max_block)
        self._status_calls = StatusCalls(settings.name, self._granting, self.connections, clock, self._dispatch)
        self._limits = WaitLimits(self._access, self._queue, self._granting, clock)
        self._last_number = 0
        self.refused = 0
        self._takes_turns = ledger.shared
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
    def idle(self) -> bool:
        """Whether no call waits here and no response is awaited."""
        return not (self._granting.leases or self._granting.leading or self._queue.size)

    @property
    def closed(self) -> bool:
        """Whether the account's gate was closed at the last look; the ledger is not read for it."""
        return self._access.closed

    @property
    def in_flight(self) -> int:
        """How many of its calls are sent and wait for a response."""
        return len(self._granting.leases)

    @property
    def resting(self) -> bool:
        """Whether it is idle and the ledger has all that it knows."""
        return self.idle and self._access.complete

    def fail_waiting(self, error: HarvestError) -> None:
        """Raise an error from all calls that wait."""
        self.fail(error, Plan())

    def abandon(self) -> list[End]:
        """Return the ends that the ledger does not have yet: the loop is closed, its calls will end no lease."""
        now, leases = self._clock.now(), self._granting.leases
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

    # For leases

    def withholds(self, lease: Lease) -> bool:
        """See `lease.Owner`."""
        return self._access.closed and not lease.probes

    def end(self, lease: Lease, change: Change) -> None:
        """See `lease.Owner`."""
        self.refused += lease.turned_away
        self._granting.leases.pop(lease.number, None)
        if self._takes_turns and self._may_end_soon(lease):
            now = self._clock.now()
            self._access.end_soon(End(change, lease.number, now, is_plain=change is AccountState.responded))
            self.connections.observe(now - lease.sent)
            return
        try:
            now = self._clock.now()
            if self._memory is None:
                self._access.end(End(change, lease.number, now), refused=lease.turned_away)
            else:
                self._end_in_memory(self._memory, lease.number, change, now)
            if lease.timely:
                self.connections.observe(now - lease.sent)
        finally:
            # Behind an open gate the next call needs a free connection, too, and its release dispatches.
            if self._awaits(lease) and (self._access.closed or not self.connections.full):
                self._dispatch()

    def disconnected(self, lease: Lease) -> None:
        """See `lease.Owner`."""
        self.connections.release()
        # With a shared ledger the time of the next turn is known, unless this gate waits for a connection.
        if self._awaits(lease) and (not self._takes_turns or self._granting.awaits_connection):
            self._dispatch()

    def _awaits(self, lease: Lease) -> bool:
        """Return whether waiters are to be served when a lease ends; not before a turn for a connection comes."""
        return bool(self._queue.size) and not lease.is_status_call and not self.connections.queued

    def _may_end_soon(self, lease: Lease) -> bool:
        """Return whether the end of a lease may be written a little later, together with others.

        Its lease is free in a period, which others have to know by then; the next turn of this gate is known already.
        """
        return (
            (bool(self._granting.leases or self._queue.size) or not self._access.immediate)
            and lease.timely
            and not (lease.probes or lease.is_status_call or self._access.closed)
        )

    def _end_in_memory(self, memory: MemoryLedger, number: int, change: Change, now: int) -> None:
        """Write the end of a lease without the detour that a shared ledger needs."""
        with memory.lock:
            state = memory.state
            if state.bounds is not self._bounds:
                state.bound(self._bounds)
            turned = write_end(state, change, number, now)
            why, until = state.why, state.until
        self._access.closed = why is not None
        if turned:
            log_turn(self._name, why, until, now)

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
        if isinstance(self._access, Access) and not self._queue.size and not self._granting.leases:
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
        return list(self._granting.leases.values())

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
