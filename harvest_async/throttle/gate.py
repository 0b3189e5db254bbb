"""The gate: the one place that waits. A waiting line over an account's book, on one event loop.

Rules of this room:
- It grants no more leases than there are connections, so nobody waits in a pool behind it.
- The interactive lane goes first; the bulk lane goes when its pace and the reserve allow, and after ten others.
- One timer for all: whenever it fires, early or late, the clock is asked and the timer set anew.
- Whoever is at the head of the line leads the probe of a shut gate; it is cancelled with its leader, but outlives
  its leader's patience, or callers who never wait would find the gate shut for ever.
- Whatever was granted to a call that is cancelled in the same moment comes back.
- What was granted and has not left yet when the gate shuts does not leave: it goes back to the front.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, TypeVar, cast

from attrs import define, field, frozen

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError, Throttled, WouldWait
from harvest_async.throttle.book import Book
from harvest_async.throttle.bucket import Bucket
from harvest_async.throttle.forecast import Crowd, forecast
from harvest_async.throttle.lease import Lease, Probe, Ticket
from harvest_async.throttle.ledger import Ledger
from harvest_async.throttle.line import Lane, Line

__all__ = ["MOST_CONNECTIONS", "Gate", "Settings"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

FEWEST_CONNECTIONS: Final = 16
MOST_CONNECTIONS: Final = 48
"""Between these the number of calls side by side follows the round trip. httpcore's pool is slow beyond."""

_HASTE: Final = 20
"""A whole window shall be sendable within this fraction of a period."""
_ASKING: Final = 10 * SECOND
"""How long the status call may take up to its answer's headers: nobody is served meanwhile."""
_REFUSALS: Final = 5
_TURN: Final = 9
"""So many interactive calls may pass a waiting bulk call before it goes."""
_LOOK: Final = SECOND // 10
"""How often the line looks at a book that others write, too."""
_SMOOTH: Final = 8
_FIRST_TRIP: Final = SECOND // 5


@frozen
class Settings:
    """How a `Throttle` was set up. Spans in nanoseconds.

    Attributes:
        name: the account, for the log.
        calls: the user's ceiling; None leaves it to the server.
        period: the user's ceiling; None leaves it to the server.
        pace: how the bulk lane goes.
        reserve: leases that an even pace leaves to the interactive lane.
        guard: the longest that a request may travel.
        max_block: how long a call may be held up by a shut gate; None for ever.
    """

    name: str
    calls: int | None
    period: int | None
    pace: Literal["even", "burst"]
    reserve: int
    guard: int
    max_block: int | None


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
        lent: how many leases it has lent.
    """

    def __init__(self, ledger: Ledger, settings: Settings, clock: Clock) -> None:
        self._loop = asyncio.get_running_loop()
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._bucket = Bucket()
        self._lines: dict[Lane, Line[_Waiter]] = {lane: Line() for lane in Lane}
        self._leases: dict[int, Lease] = {}
        self._leading = 0
        self._asking: set[asyncio.Task[None]] = set()
        self._shut = False
        self._busy = 0
        self._passed = 0
        self._trip = _FIRST_TRIP
        self._numbers = 0
        self.lent = 0
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
            probe = self._ask(ticket, lease)
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
        return len(self._lines[lane])

    @property
    def idle(self) -> bool:
        """Whether nobody waits here and no answer is awaited."""
        return not (self._leases or self._leading or any(self._lines.values()))

    def abandon(self) -> None:
        """The loop is closed: whatever was granted on it will not be ended by anyone."""
        now = self._clock.now()

        def lose_all(book: Book) -> None:
            for lease in self._leases.values():
                lease.ended = True
                book.lost(lease.number, now, cut=True)

        self._transact(lose_all)
        self._leases.clear()

    # For leases

    def withholds(self, lease: Lease) -> bool:
        """See `lease.Owner`."""
        return self._shut and not lease.probes

    def end(self, lease: Lease, change: Callable[[Book, int], bool]) -> None:
        """See `lease.Owner`."""
        self._leases.pop(lease.number, None)
        now = self._clock.now()
        told, why, until = self._transact(lambda book: (change(book, now), book.why, book.until))
        if told and why is None:
            logger.warning("%s: the gate is open again", self._settings.name)
        elif told and why is not None:
            logger.warning(
                "%s: the gate is closed for %.1f s, %s", self._settings.name, (until - now) / SECOND, why.value
            )
        if lease.timely:
            self._trip += (now - lease.sent - self._trip) // _SMOOTH
        if not lease.asks:
            self._dispatch()

    def disconnected(self, lease: Lease) -> None:
        """See `lease.Owner`."""
        self._busy -= 1
        if not lease.asks:
            self._dispatch()

    # Waiting

    async def _wait(self, ticket: Ticket) -> Lease:
        try:
            waiter = self._enter(ticket)
        except HarvestError:
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
            raise self._transact(lambda book: _throttled(book, now, f"the call was refused {_REFUSALS} times"))
        if ticket.max_wait is not None:
            self._refuse_early(ticket, now)
        came_back = ticket.number > 0
        if not came_back:
            self._numbers += 1
            ticket.number, ticket.entered = self._numbers, now
        waiter = _Waiter(ticket, self._loop.create_future(), now, ticket.number)
        if ticket.max_wait is not None:
            left = (ticket.max_wait - ticket.waited) / SECOND
            waiter.timer = self._loop.call_later(left, self._too_long, waiter)
        self._stand(waiter, came_back=came_back)
        return waiter

    def _stand(self, waiter: _Waiter, *, came_back: bool) -> None:
        line = self._lines[waiter.ticket.lane]
        if came_back:
            line.come_back(waiter)
        else:
            line.join(waiter)
        if came_back or line.head() is waiter:  # behind another, a newcomer changes nothing
            self._dispatch()

    def _withdraw(self, waiter: _Waiter) -> None:
        """A waiter was cancelled; what it may have been granted in the same moment goes to the next."""
        self._lines[waiter.ticket.lane].leave(waiter)
        if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
            lease = waiter.future.result()
            lease.unused()
            lease.release()

    def _too_long(self, waiter: _Waiter) -> None:
        if not waiter.future.done():
            self._lines[waiter.ticket.lane].leave(waiter)
            now = self._clock.now()
            wait = self._transact(lambda book: self._expected(book, waiter.ticket.lane, now))
            waiter.future.set_exception(_would_wait(wait))

    def _refuse_early(self, ticket: Ticket, now: int) -> None:
        wait = self._transact(lambda book: 0 if self._goes_first(book, now) else self._expected(book, ticket.lane, now))
        if wait > (ticket.max_wait or 0) - ticket.waited:
            raise _would_wait(wait)

    def _goes_first(self, book: Book, now: int) -> bool:
        """Whether a newcomer is the one that a shut gate lets through now."""
        return book.why is not None and not any(self._lines.values()) and self._lets_probe(book, now)

    def _expected(self, book: Book, lane: Lane, now: int) -> int:
        """How long a newcomer is expected to wait."""
        interactive, bulk = len(self._lines[Lane.INTERACTIVE]), len(self._lines[Lane.BULK])
        place = interactive + self._leading + 1
        start = now if book.why is None else max(now, book.until) + self._trip
        paced = start
        if lane is Lane.BULK:
            place += bulk
            if self._settings.pace == "even":
                place += self._reserve(book)
                paced += self._paced(book, now) + bulk * self._step(book)
        else:
            place += min(bulk, (self._passed + interactive) // _TURN)
        crowd = Crowd(place, self._busy, self._room(book.window.calls, book.window.period), self._trip)
        return max(paced, forecast(book.window, crowd, now, start)) - now

    # Probing

    def _ask(self, ticket: Ticket, lease: Lease) -> asyncio.Task[None]:
        """Begin to ask for the status."""

        async def ask() -> None:
            try:
                await cast("Probe", ticket.probe)(lease)  # only who can ask is given a lease for it
            finally:
                lease.cut()
                lease.release()

        task = self._loop.create_task(ask())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return task

    async def _lead(self, ticket: Ticket, probe: asyncio.Task[None]) -> None:
        """Wait for the probe in front of everyone; nobody is served before its leader stands in line again."""
        self._leading += 1
        began = self._clock.now()
        left = None if ticket.max_wait is None else (ticket.max_wait - ticket.waited) / SECOND
        try:
            await asyncio.wait({probe}, timeout=left)
        except asyncio.CancelledError:
            await _stop(probe)
            raise
        finally:
            self._leading -= 1
            ticket.waited += self._clock.now() - began
        if not probe.done():
            probe.add_done_callback(self._asked)
            raise _would_wait(self._trip)
        probe.result()

    def _asked(self, probe: asyncio.Task[None]) -> None:
        """A status call that nobody waited for has ended."""
        if not probe.cancelled() and (error := probe.exception()) is not None:
            logger.warning("%s: the status call failed: %s", self._settings.name, type(error).__name__)
        self._dispatch()

    # Granting

    def _dispatch(self) -> None:
        """Grant whatever may be granted, and set the timer for what may not."""
        if not any(self._lines.values()):
            return
        granted: list[tuple[_Waiter, Lease]] = []
        try:
            wake = self._transact(lambda book: self._grant(book, granted))
        except HarvestError as error:
            self._fail_all(error, [waiter for waiter, _ in granted])
            return
        self._arm(wake)
        for waiter, lease in granted:
            waiter.future.set_result(lease)

    def _fail_all(self, error: HarvestError, granted: list[_Waiter]) -> None:
        """The ledger can't be used: say so to everyone instead of leaving them waiting."""
        waiting = [waiter for line in self._lines.values() for waiter in line]
        for waiter in granted + waiting:
            self._give_up(waiter, HarvestError(error.message))

    def _give_up(self, waiter: _Waiter, error: HarvestError) -> None:
        self._lines[waiter.ticket.lane].leave(waiter)
        if not waiter.future.done():  # it may have been cancelled in this moment
            waiter.future.set_exception(error)

    def _grant(self, book: Book, granted: list[tuple[_Waiter, Lease]]) -> int | None:
        """Grant leases out of the book; give the moment at which to look again."""
        now = self._clock.now()
        if book.why is not None:
            return self._grant_probe(book, now, granted)
        while (lane := self._next_lane(book, now)) is not None:
            waiter = self._lines[lane].pop()
            if waiter.future.done():  # it was cancelled in this moment
                continue
            asks = book.watch_at is not None and now >= book.watch_at and self._can_ask(waiter.ticket, book, now)
            if asks:
                book.watch(now)
            elif lane is Lane.BULK and self._settings.pace == "even":
                self._bucket.take()
                book.bulk_at = now + self._step(book)
            granted.append((waiter, self._lend(book.take, waiter.ticket, now, asks=asks)))
        return self._wake(book, now)

    def _can_ask(self, ticket: Ticket, book: Book, now: int) -> bool:
        """Whether the status may be asked for in passing: not at the price of a lease that a hurried call needs."""
        return ticket.probe is not None and (ticket.max_wait is None or book.window.free(now) > 1)

    def _grant_probe(self, book: Book, now: int, granted: list[tuple[_Waiter, Lease]]) -> int | None:
        limit = self._expire(book, now)
        line = self._lines[Lane.INTERACTIVE] or self._lines[Lane.BULK]
        if not line:
            return None
        if not self._lets_probe(book, now):
            moments = [book.probe_at(now), limit, now + _LOOK if self._ledger.shared else None]
            return min((moment for moment in moments if moment is not None), default=None)
        waiter = line.pop()
        if waiter.future.done():
            return self._grant_probe(book, now, granted)
        asks = waiter.ticket.probe is not None and not book.alone
        take = partial(book.take_probe, asks=asks)
        granted.append((waiter, self._lend(take, waiter.ticket, now, asks=asks, probes=True)))
        return None

    def _lets_probe(self, book: Book, now: int) -> bool:
        return self._busy < MOST_CONNECTIONS and book.may_probe(now)

    def _lend(
        self, take: Callable[[int, int], int], ticket: Ticket, now: int, *, asks: bool, probes: bool = False
    ) -> Lease:
        deadline = now + (min(ticket.deadline, _ASKING) if asks else ticket.deadline)
        number = take(now, deadline)
        self._busy += 1
        self.lent += 1
        lease = self._leases[number] = Lease(self, number, now, deadline, asks=asks, probes=probes)
        return lease

    def _next_lane(self, book: Book, now: int) -> Lane | None:
        free = book.window.free(now)
        if not free or self._busy >= self._room(book.window.calls, book.window.period):
            return None
        interactive, bulk = self._lines[Lane.INTERACTIVE], self._lines[Lane.BULK]
        its_turn = self._passed >= _TURN
        room = its_turn or free > self._reserve(book)
        if bulk and room and (its_turn or not interactive) and self._paced(book, now) == 0:
            self._passed = 0
            return Lane.BULK
        if interactive:
            self._passed += bool(bulk)
            return Lane.INTERACTIVE
        return None

    def _paced(self, book: Book, now: int) -> int:
        """How long the pace holds the bulk lane back."""
        if self._settings.pace == "burst":
            return 0
        return max(
            round(self._bucket.wait(self._step(book)) * SECOND), book.bulk_at - now if self._ledger.shared else 0
        )

    def _step(self, book: Book) -> int:
        return book.window.period // book.window.calls

    def _reserve(self, book: Book) -> int:
        return min(self._settings.reserve, book.window.calls - 1) if self._settings.pace == "even" else 0

    def _room(self, calls: int, period: int) -> int:
        """How many connections it takes to send a whole window in haste."""
        needed = calls * self._trip * _HASTE // period
        return min(max(needed, FEWEST_CONNECTIONS), MOST_CONNECTIONS)

    # Waking

    def _wake(self, book: Book, now: int) -> int | None:
        if not any(self._lines.values()):
            return None
        moments = [book.window.next_release(now), now + _LOOK if self._ledger.shared else None]
        if self._lines[Lane.BULK] and (held_back := self._paced(book, now)):
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

    def _expire(self, book: Book, now: int) -> int | None:
        """Give up on those whom the shut gate holds up too long; give the next moment at which one may be."""
        allowed = self._settings.max_block
        if allowed is None or book.since is None:
            return None
        limits: list[int] = []
        for line in self._lines.values():
            # Whoever stands further back came later, so each line is asked from its head on.
            while (waiter := line.head()) is not None:
                limit = max(book.since, waiter.ticket.entered) + allowed
                if max(now, book.until) <= limit:
                    limits.append(limit + 1)
                    break
                self._give_up(waiter, _throttled(book, now, f"more than max_block ({allowed / SECOND:.0f} s)"))
        return min(limits, default=None)

    def _transact(self, change: Callable[[Book], T]) -> T:
        settings = self._settings

        def bounded(book: Book) -> T:
            book.bound(settings.calls, settings.period, settings.guard)
            result = change(book)
            self._shut = book.why is not None
            return result

        return self._ledger.transact(bounded)


async def _stop(task: asyncio.Task[None]) -> None:
    """Cancel a task and stay until it has ended, however often we are cancelled meanwhile."""
    task.cancel()
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # what it failed by is of no use any more


def _would_wait(wait: int) -> WouldWait:
    seconds = wait / SECOND
    return WouldWait(
        f"the call would wait {seconds:.1f} s at the gate, longer than max_wait: try again then, or allow more",
        wait=seconds,
    )


def _throttled(book: Book, now: int, why: str) -> Throttled:
    seconds = max(0, book.until - now) / SECOND
    said = f"; the server said: {book.said}" if book.said else ""
    return Throttled(
        f"the account is blocked: {why}{said}. Another program may be using it up; try again in {seconds:.0f} s",
        retry_after=seconds,
        status_text=book.said,
    )
