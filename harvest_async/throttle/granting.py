"""The rules by which a gate grants leases: from the account state, and for as many connections as may be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Protocol

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError
from harvest_async.throttle.closure import Why
from harvest_async.throttle.connections import MOST_CONNECTIONS, Connections
from harvest_async.throttle.errors import throttled
from harvest_async.throttle.forecast import QueueState, forecast
from harvest_async.throttle.lease import Lease, Owner, Ticket
from harvest_async.throttle.queue import CallQueue, Lane
from harvest_async.throttle.state import AccountState

__all__ = ["Expired", "Granted", "Granting", "LeaseOwner", "Waiter"]

_STATUS_DEADLINE: Final = 10 * SECOND
"""The time of the status call up to its response's headers: nothing else is sent meanwhile."""

_GRACE: Final = SECOND // 4
"""How long a process may be late for its turn before others take it."""
_APART: Final = SECOND // 1_000
_MOST_APART: Final = 50
"""How far apart processes look at a closed gate, so that they do not meet at the ledger; and how many of them."""
_LEAST_SLEEP: Final = SECOND // 1_000
_LONGEST_SLEEP: Final = 5 * SECOND
"""The limits of the time between two looks at an account state that others change, too."""


class Waiter:
    """A call that waits at the gate."""

    __slots__ = ("entered", "future", "number", "ticket", "timer")

    def __init__(self, ticket: Ticket, future: asyncio.Future[Lease], entered: int) -> None:
        self.ticket = ticket
        self.future = future
        self.entered = entered
        self.number = ticket.number
        self.timer: asyncio.TimerHandle | None = None


class LeaseOwner(Owner, Protocol):
    """Keeps the leases that were granted.

    Attributes:
        leases: the leases that have not ended, by number.
        awaits_connection: whether the queue waits for a connection and not for its turn, at a shared state.
    """

    leases: dict[int, Lease]
    awaits_connection: bool


Granted = list[tuple[Waiter, Lease]]
Expired = list[tuple[Waiter, HarvestError]]


class Granting:
    """Grants leases to the waiters of one gate.

    Args:
        owner: keeps the leases, which report their end to it.
        queue: the waiters.
        connections: the connections that the calls use.
        clock: the source of the time.
        max_block: how long a closed gate may hold a call up, in nanoseconds; None for no limit.

    Attributes:
        count: how many leases were granted so far.
        leading: how many callers wait for a status call in front of everyone.
    """

    def __init__(
        self, owner: LeaseOwner, queue: CallQueue[Waiter], connections: Connections, clock: Clock, max_block: int | None
    ) -> None:
        self._owner = owner
        self._queue = queue
        self._connections = connections
        self._clock = clock
        self._max_block = max_block
        self._leases = owner.leases
        self.count = self.leading = 0

    def at_once(self, ticket: Ticket, state: AccountState) -> Lease | None:
        """Grant a lease to a call while nobody waits; None where the call may have to wait."""
        now, window = self._clock.now(), state.window
        if state.why is not None or _asks(ticket, state, now):
            return None
        connections = self._connections
        if connections.busy >= connections.update(window) or connections.capped or not window.free(now):
            return None
        return self._lease(state.take, ticket, now)

    def grant(self, state: AccountState, granted: Granted, expired: Expired) -> int | None:
        """Grant all leases that may be granted; return the time at which to look again.

        Args:
            state: the account's state.
            granted: gets the waiters and their leases.
            expired: gets the waiters that a closed gate holds up for too long, and their errors.
        """
        now = self._clock.now()
        if state.why is not None:
            return self._grant_probe(state, now, granted, expired)
        queue, connections = self._queue, self._connections
        limit = connections.update(state.window)
        if queue.shared:
            self._register(state, now, since=now, until=now + _GRACE)
        while connections.busy < limit and not connections.capped and (lane := queue.next(state, now)) is not None:
            waiter = queue.pop(lane)
            if waiter.future.done():  # it was cancelled at the same time
                continue
            if _asks(waiter.ticket, state, now):
                state.watch(now)
                granted.append((waiter, self._lease(state.take, waiter.ticket, now, is_status_call=True)))
            else:
                queue.granted(lane, state, now)
                granted.append((waiter, self._lease(state.take, waiter.ticket, now)))
        return self._wake(state, now)

    def revoke(self, lease: Lease) -> None:
        """Undo the grant of a lease that the ledger could not store."""
        lease.ended = True
        del self._leases[lease.number]
        self._connections.release()
        self.count -= 1

    def goes_first(self, state: AccountState, now: int, place: int | None = None) -> bool:
        """Return whether a call is the one that a closed gate lets through now; its place is as in `expected`."""
        first = not self._queue.size if place is None else place == 1
        return state.why is not None and first and self._lets_probe(state, now)

    def expected(self, state: AccountState, lane: Lane, now: int, place: int | None = None) -> int:
        """Return how long a call is expected to wait, in nanoseconds.

        Args:
            state: the account's state.
            lane: the call's lane.
            now: the present time.
            place: the call's place in the queue of its lane; None is that of a new one.
        """
        trip = self._connections.trip
        start = now if state.why is None else max(now, state.until) + trip
        if lane is Lane.BULK:
            start = max(start, now + self._queue.held_back(state, now))
        queue = QueueState(
            place=self._place(state, lane) if place is None else place,
            kept=self._queue.kept(lane, state),
            step=self._queue.step(lane, state),
            busy=self._connections.busy,
            limit=self._connections.update(state.window),
            trip=trip,
        )
        return forecast(state.window, queue, now, start) - now

    def _place(self, state: AccountState, lane: Lane) -> int:
        place = self._queue.place(lane) + self.leading
        if not self._queue.shared:
            return place
        others = state.processes.before_last(self._queue.name, lane, place)
        return place + others

    def _lease(
        self,
        take: Callable[[int, int], int],
        ticket: Ticket,
        now: int,
        *,
        is_status_call: bool = False,
        probes: bool = False,
    ) -> Lease:
        deadline = now + (min(ticket.deadline, _STATUS_DEADLINE) if is_status_call else ticket.deadline)
        number = take(now, deadline)
        self._connections.take()
        self.count += 1
        lease = self._leases[number] = Lease(
            self._owner, number, now, deadline, is_status_call=is_status_call, probes=probes
        )
        return lease

    def _grant_probe(self, state: AccountState, now: int, granted: Granted, expired: Expired) -> int | None:
        next_limit = min(self._expire(state, now, expired), default=None)
        lane = self._queue.first()
        if lane is None:
            return None
        if not self._lets_probe(state, now):
            probe_at = self._look_for_probe(state, now) if self._queue.shared else state.probe_at(now)
            return _earliest(probe_at, next_limit)
        if self._connections.capped:
            self._connections.wait()
            return next_limit
        waiter = self._queue.pop(lane)
        if waiter.future.done():
            return self._grant_probe(state, now, granted, expired)
        ticket = waiter.ticket
        is_status_call = ticket.probe is not None and not state.alone
        # A token request is sent without the status: what others sent stays unknown.
        first = state.why is Why.UNKNOWN and ticket.is_token_request
        take = state.take if first else partial(state.take_probe, is_status_call=is_status_call)
        granted.append((waiter, self._lease(take, ticket, now, is_status_call=is_status_call, probes=True)))
        return None

    def _lets_probe(self, state: AccountState, now: int) -> bool:
        return self._connections.busy < MOST_CONNECTIONS and state.may_probe(now)

    def _expire(self, state: AccountState, now: int, expired: Expired) -> Iterator[int]:
        """Remove the waiters that the closed gate holds up too long; yield the next time for each lane."""
        if self._max_block is None or state.since is None:
            return
        # Waiters further back came later, so each lane is looked at from its head on.
        for lane in Lane:
            while (waiter := self._queue[lane].head()) is not None:
                limit = max(state.since, waiter.ticket.entered) + self._max_block
                if max(now, state.until) <= limit:
                    yield limit + 1
                    break
                reason = f"more than max_block ({self._max_block / SECOND:.0f} s)"
                expired.append((self._queue.pop(lane), throttled(state, now, reason)))

    def _wake(self, state: AccountState, now: int) -> int | None:
        """Return when to look again; None where nobody waits, or the release of a connection decides."""
        if self._queue.shared:
            return self._wake_for_turn(state, now)
        if not self._queue.size or self._connections.full:
            return None
        if self._connections.capped and state.window.free(now):
            self._connections.wait()
            return None
        held_back = self._queue.held_back(state, now) if self._queue[Lane.BULK] else 0
        return _earliest(state.window.next_release(now), now + held_back if held_back else None)

    # Other processes

    def _wake_for_turn(self, state: AccountState, now: int) -> int | None:
        """Return when to look again for this process's turn, and register it until then."""
        sleep = min(state.window.period, _LONGEST_SLEEP)
        self._owner.awaits_connection = awaits_connection = self._connections.full
        if not self._queue.size or awaits_connection:
            # Its turns are remembered for a while, so that nobody gains by waiting with one call at a time.
            self._register(state, now, since=now, until=now + state.window.period)
            return None
        if self._connections.capped and state.window.free(now):
            self._connections.wait()
            self._register(state, now, since=now, until=now + state.window.period)
            return None
        first, turn = self._queue.next_turn(state, now, self._connections.trip)
        turn = min(turn, now + sleep)
        if state.window.free(now) and (change := self._queue.next_change(state, now)) is not None:
            turn = min(turn, change)  # a lease is kept for a process that may not come
        turn = max(turn, now + _LEAST_SLEEP)
        self._register(state, now, since=min(first, turn), until=turn + _GRACE)
        return turn

    def _look_for_probe(self, state: AccountState, now: int) -> int:
        """Return when to look again at a closed gate, through which another process may be sending the probe."""
        at = state.probe_at(now)
        rank = self._queue.rank(state, now)
        if at is None:
            at = state.window.look_at(now)
        elif rank:
            at += self._connections.trip
        at += min(rank, _MOST_APART) * _APART
        self._register(state, now, since=now, until=at + _GRACE)
        return at

    def _register(self, state: AccountState, now: int, *, since: int, until: int) -> None:
        connections = self._connections
        capacity = 0 if connections.capped else max(0, connections.limit - connections.busy)
        self._queue.register(state, now, capacity, since=since, until=until)


def _asks(ticket: Ticket, state: AccountState, now: int) -> bool:
    """Return whether a call has to request the status first: it is time, and the call's API version has a status call.

    A lease that a call with `max_wait` needs is not used for it.
    """
    if state.watch_at is None or now < state.watch_at or ticket.probe is None:
        return False
    return ticket.max_wait is None or state.window.free(now) > 1


def _earliest(*times: int | None) -> int | None:
    return min((time for time in times if time is not None), default=None)
