"""The gate: the one place that waits. A waiting line over an account's book, on one event loop.

Rules of this room:
- It grants no more leases than there are connections, so nobody waits in a pool behind it.
- Who goes next is for `lanes` to say, and whether anybody may for the book.
- One timer for all: whenever it fires, early or late, the clock is asked and the timer set anew.
- Whoever is at the head of the line leads the probe of a shut gate; it is cancelled with its leader, but outlives
  its leader's patience, or callers who never wait would find the gate shut for ever.
- Whatever was granted to a call that is cancelled in the same moment comes back.
- What was granted and has not left yet when the gate shuts does not leave: it goes back to the front.
- A ledger that somebody else is using is tried again by a timer (see `access`). Calls wait for it as long as they may
  wait at all, and never longer than one attempt may take.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from typing import Final, cast

from attrs import define, field

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError
from harvest_async.throttle.access import Access, End
from harvest_async.throttle.errors import busy_too_long, throttled, would_wait
from harvest_async.throttle.forecast import QueueState, forecast
from harvest_async.throttle.lease import DEADLINE, Lease, Probe, Ticket
from harvest_async.throttle.ledgers.memory import Ledger, LedgerBusy
from harvest_async.throttle.line import Lane
from harvest_async.throttle.probe import ask, wait_for
from harvest_async.throttle.queue import Lanes
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState, Why

__all__ = ["MOST_CONNECTIONS", "Gate"]

logger = logging.getLogger("harvest_async.throttle")

FEWEST_CONNECTIONS: Final = 16
MOST_CONNECTIONS: Final = 48
"""Between these the number of calls side by side follows the round trip. httpcore's pool is slow beyond."""

_HASTE: Final = 30
"""A whole window shall be sendable within this fraction of a period."""
_ASKING: Final = 10 * SECOND
"""How long the status call may take up to its answer's headers: nobody is served meanwhile."""
_REFUSALS: Final = 5
_LOOK: Final = SECOND // 10
"""How often the line looks at a book that others write, too."""
_GRACE: Final = SECOND // 20
"""How long a ledger may be in use before that is more than other processes' ordinary transactions."""
_SMOOTH: Final = 8
_FIRST_TRIP: Final = SECOND // 5


@define(eq=False)
class _Waiter:
    ticket: Ticket
    future: asyncio.Future[Lease]
    entered: int
    number: int
    timer: asyncio.TimerHandle | None = field(default=None)


class Gate:
    """The waiting line of one account on the running event loop.

    Attributes:
        lent: how many leases it has lent; `refused` how many of their calls the server refused.
    """

    def __init__(self, ledger: Ledger, settings: Settings, clock: Clock) -> None:
        self._loop = asyncio.get_running_loop()
        self._access = Access(ledger, settings, clock, self._resumed)
        self._shared = ledger.shared
        self._settings = settings
        self._clock = clock
        self._lanes: Lanes[_Waiter] = Lanes(settings, shared=ledger.shared)
        self._leases: dict[int, Lease] = {}
        self._leading = 0
        self._busy = 0
        self._trip = _FIRST_TRIP
        self._numbers = 0
        self._hurry = DEADLINE  # the shortest deadline of any call so far
        self.granted = self.refused = 0
        self._timer: asyncio.TimerHandle | None = None

    # For callers

    async def acquire(self, ticket: Ticket) -> Lease:
        """Wait for the right to send one request.

        Raises:
            WouldWait: it would take, or has taken, longer than the ticket's `max_wait`.
            Throttled: the call was refused five times, or a shut gate holds it up for longer than `max_block`.
        """
        while True:
            lease = await self._wait(ticket)
            if not lease.asks:
                return lease
            probe = ask(cast("Probe", ticket.probe), lease)  # only who can ask is given a lease for it
            if not lease.probes:
                probe.add_done_callback(self._asked)  # the gate is open: nobody has to wait for it
                continue
            try:
                await self._lead(ticket, probe)
            except BaseException:
                self._dispatch()
                raise

    def queued(self, lane: Lane) -> int:
        """How many calls wait in a lane."""
        return len(self._lanes[lane])

    @property
    def idle(self) -> bool:
        """Whether nobody waits here and no answer is awaited."""
        return not (self._leases or self._leading or self._lanes)

    def abandon(self) -> list[End]:
        """The loop is closed: whatever was granted on it will not be ended by anyone. Gives what is not in the book."""
        now, ends = self._clock.now(), []
        for lease in self._leases.values():
            lease.ended = True
            ends.append(End(partial(_lose, lease.number), now))
        self._leases.clear()
        return self._access.leave(ends)

    def take_over(self, ends: Iterable[End]) -> None:
        """Take over what an abandoned gate could not write into the book."""
        self._access.take_over(ends)

    def share(self) -> None:
        """From now on gates on other event loops take from the same book."""
        self._shared = self._lanes.shared = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._dispatch)

    # For leases

    def withholds(self, lease: Lease) -> bool:
        """See `lease.Owner`."""
        return self._access.shut and not lease.probes

    def end(self, lease: Lease, change: Callable[[AccountState, int], bool]) -> None:
        """See `lease.Owner`."""
        self.refused += lease.turned_away
        self._leases.pop(lease.number, None)
        try:
            self._write_end(lease, change)
        finally:
            if not lease.asks:
                self._dispatch()

    def _write_end(self, lease: Lease, change: Callable[[AccountState, int], bool]) -> None:
        now = self._clock.now()
        self._access.end(End(change, now), refused=lease.turned_away)
        if lease.timely:
            self._trip += (now - lease.sent - self._trip) // _SMOOTH

    def disconnected(self, lease: Lease) -> None:
        """See `lease.Owner`."""
        self._busy -= 1
        if not lease.asks:
            self._dispatch()

    # Waiting

    async def _wait(self, ticket: Ticket) -> Lease:
        try:
            waiter = self._enter(ticket)
        except Exception:
            self._dispatch()  # it may have been a leader, for whom the others wait
            raise
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        finally:
            ticket.waited += self._clock.now() - waiter.entered
            if waiter.timer is not None:
                waiter.timer.cancel()

    def _enter(self, ticket: Ticket) -> _Waiter:
        now = self._clock.now()
        if ticket.refusals >= _REFUSALS:
            raise self._refused_too_often(now)
        self._hurry = min(self._hurry, ticket.deadline)
        if ticket.max_wait is not None:
            self._refuse_early(ticket, now)
        came_back = ticket.number > 0
        if not came_back:
            self._numbers += 1
            ticket.number, ticket.entered = self._numbers, now
        waiter = _Waiter(ticket, self._loop.create_future(), now, ticket.number)
        if (patience := ticket.patience) is not None:
            waiter.timer = self._loop.call_later(patience, self._too_long, waiter)
        self._stand(waiter, came_back=came_back)
        return waiter

    def _refused_too_often(self, now: int) -> HarvestError:
        def error(book: AccountState) -> HarvestError:
            return throttled(book, now, f"the call was refused {_REFUSALS} times")

        try:
            return self._access.transact(error)
        except LedgerBusy:
            return error(AccountState())

    def _stand(self, waiter: _Waiter, *, came_back: bool) -> None:
        line = self._lanes[waiter.ticket.lane]
        if came_back:
            line.come_back(waiter)
        else:
            line.join(waiter)
        if came_back or line.head() is waiter:  # behind another, a newcomer changes nothing
            self._dispatch()

    def _withdraw(self, waiter: _Waiter) -> None:
        """A waiter was cancelled; what it may have been granted in the same moment goes to the next."""
        self._lanes[waiter.ticket.lane].leave(waiter)
        if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
            waiter.future.result().put_back()

    def _too_long(self, waiter: _Waiter) -> None:
        if waiter.future.done():
            return
        now, lane = self._clock.now(), waiter.ticket.lane
        try:
            error: HarvestError = would_wait(self._access.transact(lambda book: self._expected(book, lane, now)))
        except LedgerBusy as busy:
            waited = self._access.busy_for()
            if waited < _GRACE:
                waiter.timer = self._loop.call_later(_GRACE / SECOND, self._too_long, waiter)
                return
            error = would_wait(waited, busy.message)
        except HarvestError as broken:
            error = copy(broken)
        self._give_up(waiter, error)

    def _refuse_early(self, ticket: Ticket, now: int) -> None:
        def expected(book: AccountState) -> int:
            return 0 if self._goes_first(book, now) else self._expected(book, ticket.lane, now)

        try:
            wait = self._access.transact(expected)
        except LedgerBusy:
            return  # it stands in line, and its timer sees to it that this is not for too long
        if wait > (ticket.max_wait or 0) - ticket.waited:
            raise would_wait(wait)

    def _goes_first(self, book: AccountState, now: int) -> bool:
        """Whether a newcomer is the one that a shut gate lets through now."""
        return book.why is not None and not self._lanes and self._lets_probe(book, now)

    def _expected(self, book: AccountState, lane: Lane, now: int) -> int:
        """How long a newcomer is expected to wait."""
        start = now if book.why is None else max(now, book.until) + self._trip
        if lane is Lane.BULK:
            start = max(start, now + self._lanes.held_back(book, now))
        place, kept = self._lanes.place(lane) + self._leading, self._lanes.kept(lane, book)
        crowd = QueueState(place, kept, self._lanes.step(lane, book), self._busy, self._room(book), self._trip)
        return forecast(book.window, crowd, now, start) - now

    # Probing

    async def _lead(self, ticket: Ticket, probe: asyncio.Task[None]) -> None:
        """Wait for the probe in front of everyone; nobody is served before its leader stands in line again."""
        self._leading += 1
        began = self._clock.now()
        try:
            ended = await wait_for(probe, ticket.patience)
        finally:
            self._leading -= 1
            ticket.waited += self._clock.now() - began
        if not ended:
            probe.add_done_callback(self._asked)
            raise would_wait(self._trip)

    def _asked(self, probe: asyncio.Task[None]) -> None:
        """A status call that nobody waited for has ended."""
        try:
            if not probe.cancelled() and (error := probe.exception()) is not None:
                logger.warning("%s: the status call failed: %s", self._settings.name, type(error).__name__)
        finally:
            self._dispatch()

    # Granting

    def _dispatch(self) -> None:
        """Grant whatever may be granted, and set the timer for what may not."""
        if not self._lanes:
            return
        granted: list[tuple[_Waiter, Lease]] = []
        try:
            wake = self._access.transact(lambda book: self._grant(book, granted))
        except LedgerBusy:
            return  # see `_resumed`
        except HarvestError as error:
            self._fail_all(error, granted)
            return
        self._arm(wake)
        for waiter, lease in granted:
            waiter.future.set_result(lease)

    def _resumed(self) -> None:
        """The ledger, which was in use, was tried again."""
        busy = self._access.busy
        if busy is None:
            self._dispatch()
            return
        if self._access.busy_for() < self._hurry:
            return
        for waiter in [waiter for line in self._lanes for waiter in line]:
            waited = self._access.busy_for(since=waiter.entered)
            if waited >= waiter.ticket.deadline:
                self._give_up(waiter, busy_too_long(busy.message, waited))

    def _fail_all(self, error: HarvestError, granted: list[tuple[_Waiter, Lease]]) -> None:
        """The ledger can't be used: say so to everyone instead of leaving them waiting."""
        for _, lease in granted:
            lease.ended = True
            del self._leases[lease.number]
            self._busy -= 1
        waiting = [waiter for line in self._lanes for waiter in line]
        for waiter in [waiter for waiter, _ in granted] + waiting:
            mine = copy(error)
            mine.__cause__ = error
            self._give_up(waiter, mine)

    def _give_up(self, waiter: _Waiter, error: HarvestError) -> None:
        self._lanes[waiter.ticket.lane].leave(waiter)
        if not waiter.future.done():  # it may have been cancelled in this moment
            waiter.future.set_exception(error)

    def _grant(self, book: AccountState, granted: list[tuple[_Waiter, Lease]]) -> int | None:
        """Grant leases out of the book; give the moment at which to look again."""
        now = self._clock.now()
        if book.why is not None:
            return self._grant_probe(book, now, granted)
        while self._busy < self._room(book) and (lane := self._lanes.next(book, now)) is not None:
            waiter = self._lanes[lane].pop()
            if waiter.future.done():  # it was cancelled in this moment
                continue
            asks = book.watch_at is not None and now >= book.watch_at and self._can_ask(waiter.ticket, book, now)
            if asks:
                book.watch(now)
            else:
                self._lanes.went(lane, book, now)
            granted.append((waiter, self._lend(book.take, waiter.ticket, now, asks=asks)))
        return self._wake(book, now)

    def _can_ask(self, ticket: Ticket, book: AccountState, now: int) -> bool:
        """Whether the status may be asked for in passing: not at the price of a lease that a hurried call needs."""
        return ticket.probe is not None and (ticket.max_wait is None or book.window.free(now) > 1)

    def _grant_probe(self, book: AccountState, now: int, granted: list[tuple[_Waiter, Lease]]) -> int | None:
        limit = self._expire(book, now)
        line = self._lanes.first()
        if not line:
            return None
        if not self._lets_probe(book, now):
            moments = [book.probe_at(now), limit, now + _LOOK if self._shared else None]
            return min((moment for moment in moments if moment is not None), default=None)
        waiter = line.pop()
        if waiter.future.done():
            return self._grant_probe(book, now, granted)
        asks = waiter.ticket.probe is not None and not book.alone
        first = (
            book.why is Why.UNKNOWN and waiter.ticket.is_token_request
        )  # it goes, and what others sent is still unknown
        take = book.take if first else partial(book.take_probe, asks=asks)
        granted.append((waiter, self._lend(take, waiter.ticket, now, asks=asks, probes=True)))
        return None

    def _lets_probe(self, book: AccountState, now: int) -> bool:
        return self._busy < MOST_CONNECTIONS and book.may_probe(now)

    def _lend(
        self, take: Callable[[int, int], int], ticket: Ticket, now: int, *, asks: bool, probes: bool = False
    ) -> Lease:
        deadline = now + (min(ticket.deadline, _ASKING) if asks else ticket.deadline)
        number = take(now, deadline)
        self._busy += 1
        self.granted += 1
        lease = self._leases[number] = Lease(self, number, now, deadline, asks=asks, probes=probes)
        return lease

    def _room(self, book: AccountState) -> int:
        """How many connections it takes to send a whole window in haste."""
        needed = book.window.calls * self._trip * _HASTE // book.window.period
        return min(max(needed, FEWEST_CONNECTIONS), MOST_CONNECTIONS)

    # Waking

    def _wake(self, book: AccountState, now: int) -> int | None:
        if not self._lanes:
            return None
        moments = [book.window.next_release(now), now + _LOOK if self._shared else None]
        if self._lanes[Lane.BULK] and (held_back := self._lanes.held_back(book, now)):
            moments.append(now + held_back)
        return min((moment for moment in moments if moment is not None), default=None)

    def _arm(self, wake: int | None) -> None:
        """Set the one timer, unless it goes off early enough as it is."""
        if wake is None:
            return
        when = self._loop.time() + max(0, wake - self._clock.now()) / SECOND
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._dispatch()

    def _expire(self, book: AccountState, now: int) -> int | None:
        """Give up on those whom the shut gate holds up too long; give the next moment at which one may be."""
        allowed = self._settings.max_block
        if allowed is None or book.since is None:
            return None
        limits: list[int] = []
        for line in self._lanes:
            # Whoever stands further back came later, so each line is asked from its head on.
            while (waiter := line.head()) is not None:
                limit = max(book.since, waiter.ticket.entered) + allowed
                if max(now, book.until) <= limit:
                    limits.append(limit + 1)
                    break
                self._give_up(waiter, throttled(book, now, f"more than max_block ({allowed / SECOND:.0f} s)"))
        return min(limits, default=None)


def _lose(number: int, book: AccountState, now: int) -> bool:
    """A lease of a loop that was closed; see `End`."""
    book.lost(number, now, cut=True)
    return False
