"""One account's budget, as users see it.

Notes: a `Throttle` may be made anywhere, outside of event loops too; the ledger lives as long as it does, a queue as
long as its event loop. Several threads may use it, each with an event loop and a queue of its own: they share one
ledger, so that the account's limit holds for all of them together.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Literal

from attrs import field, frozen

from harvest_async.clock import SECOND, Clock, SystemClock, span
from harvest_async.errors import InvalidArgument
from harvest_async.throttle.access import End
from harvest_async.throttle.gate import Gate
from harvest_async.throttle.lease import Lease, Ticket
from harvest_async.throttle.ledgers.memory import Ledger, MemoryLedger
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import DEFAULT_GUARD, AccountState, Bounds

__all__ = ["Snapshot", "Throttle"]

MOST_CALLS: Final = 10_000
LONGEST_PERIOD: Final = 3_600
"""The largest plausible numbers of a budget; the period in seconds."""


@frozen
class Snapshot:
    """The state of an account's budget at one time.

    Attributes:
        calls: calls allowed in a period.
        period: seconds.
        sent: leases held by our own calls: in flight, or less than a period after their response.
        foreign: leases held for calls of other programs.
        free: calls that could be sent now, were the gate open.
        in_flight: calls whose response is awaited.
        queued_interactive: calls waiting in the interactive lane.
        queued_bulk: calls waiting in the bulk lane.
        closed: why the gate is closed; None while it is open.
        closed_for: seconds until a closed gate lets its probe through; 0 while it is open.
        closed_until: the same as a time in UTC; None while it is open.
        said: the text of the server's last status; None where it was not requested.
        granted: leases granted by this throttle so far: the requests that it let through, status calls included.
        refused: how many of these the server refused.
    """

    calls: int
    period: float
    sent: int
    foreign: int
    free: int
    in_flight: int
    queued_interactive: int
    queued_bulk: int
    closed: str | None
    closed_for: float
    closed_until: datetime | None
    said: str | None
    granted: int
    refused: int
    _releases: tuple[float, ...] = field(repr=False, alias="releases")

    def seconds_until(self, calls: int) -> float:
        """Return the seconds until N `calls` could be sent, if nobody else sends and responses arrive at once.

        Raises:
            InvalidArgument: `calls` is below 1.
        """
        if calls < 1:
            raise InvalidArgument(f"seconds_until(calls={calls!r}): give 1 or more")
        rounds, place = divmod(calls - 1, self.calls)
        return max(self._releases[place], self.closed_for) + rounds * self.period


class Throttle:
    """One account's budget of calls: counts the requests that pass through it, and makes them wait.

    Left out, `calls` and `period` follow the server, starting with 100 calls in 15 s.

    Args:
        calls: a ceiling that the server may only tighten: 1 to 10,000.
        period: the same, in seconds: 1 to 3,600.
        pace: how the bulk lane goes: `"even"` spreads it out so that others hardly wait, `"burst"` sends whatever
            the window allows at once.
        reserve: how many leases an even pace leaves to the interactive lane.
        guard: the longest time, in seconds, that a request is assumed to travel.
        max_block: seconds that a call may be held up by a blocked account before `Throttled` is raised; None: no limit.
        ledger: where the count is kept. In memory by default: then the account's status is requested first, since what
            other programs sent is unknown. Where there is no status call (API v2), a throttle without a ledger of
            its own can't know what the last process sent.
        clock: the source of the time; the machine's by default.
        name: the account's name in the log.

    Raises:
        InvalidArgument: a number is out of its range.
    """

    def __init__(
        self,
        calls: int | None = None,
        period: float | None = None,
        *,
        pace: Literal["even", "burst"] = "even",
        reserve: int = 3,
        guard: float = DEFAULT_GUARD / SECOND,
        max_block: float | None = 900.0,
        ledger: Ledger | None = None,
        clock: Clock | None = None,
        name: str = "account",
    ) -> None:
        _check(calls is None or 1 <= calls <= MOST_CALLS, "calls", calls, "1 to 10,000")
        _check(period is None or 1 <= period <= LONGEST_PERIOD, "period", period, "1 to 3,600 seconds")
        _check(pace in {"even", "burst"}, "pace", pace, '"even" or "burst"')
        _check(reserve >= 0, "reserve", reserve, "0 or more")
        _check(0 <= guard <= LONGEST_PERIOD, "guard", guard, "0 to 3,600 seconds")
        _check(max_block is None or max_block >= 0, "max_block", max_block, "0 or more seconds, or None")
        self._settings = Settings(
            name=name,
            bounds=Bounds(calls, None if period is None else span(period), span(guard)),
            pace=pace,
            reserve=reserve,
            max_block=None if max_block is None else span(max_block),
        )
        self._ledger: Ledger = ledger or MemoryLedger()
        self._clock: Clock = clock or SystemClock()
        self._gates: dict[asyncio.AbstractEventLoop, Gate] = {}
        self._guard = Lock()  # for the gates: loops in several threads may come and go
        self._granted = self._refused = 0  # on event loops that have ended

    def __repr__(self) -> str:
        settings = self._settings
        return f"<Throttle {settings.name}, pace={settings.pace!r}>"

    @property
    def clock(self) -> Clock:
        """The source of the time."""
        return self._clock

    async def acquire(self, ticket: Ticket) -> Lease:
        """Wait for the right to send one request; for users with a transport of their own.

        Raises:
            WouldWait: it takes longer than the ticket's `max_wait`.
            Throttled: the account stays blocked.
            NotSent: another process has kept the ledger locked for longer than one attempt may take.
        """
        gate = self._gates.get(asyncio.get_running_loop()) or self._gate()
        return gate.acquire_at_once(ticket) or await gate.acquire(ticket)

    def snapshot(self) -> Snapshot:
        """Return the present state of the budget. Sends nothing; any thread may call it.

        Raises:
            HarvestError: the ledger can't be read.
        """
        now = self._clock.now()
        with self._guard:
            gates = tuple(self._gates.values())

        def look(state: AccountState) -> Snapshot:
            state.bound(self._settings.bounds)
            window, closed_for = state.window, max(0, state.until - now) if state.why else 0
            releases = tuple((time - now) / SECOND for time in window.places(now, 0))
            return Snapshot(
                calls=window.calls,
                period=window.period / SECOND,
                sent=window.held(now) - window.foreign,
                foreign=window.foreign,
                free=window.free(now),
                in_flight=window.in_flight(now),
                queued_interactive=sum(gate.queued(Lane.INTERACTIVE) for gate in gates),
                queued_bulk=sum(gate.queued(Lane.BULK) for gate in gates),
                closed=state.why.value if state.why else None,
                closed_for=closed_for / SECOND,
                closed_until=self._clock.today() + timedelta(microseconds=closed_for // 1_000) if state.why else None,
                said=state.said,
                granted=self._granted + sum(gate.granted for gate in gates),
                refused=self._refused + sum(gate.refused for gate in gates),
                releases=releases,
            )

        return self._ledger.read(look)

    def _gate(self) -> Gate:
        loop = asyncio.get_running_loop()
        with self._guard:
            gate = self._gates.get(loop)
            if gate is None:
                left = self._drop_dead_loops()
                gate = self._gates[loop] = Gate(self._ledger, self._settings, self._clock)
                gate.take_over(left)
                if len(self._gates) > 1:
                    for each in self._gates.values():
                        each.share()
        return gate

    def _drop_dead_loops(self) -> list[End]:
        """Drop the gates of event loops that have ended; return the ends of leases that the ledger lacks."""
        left: list[End] = []
        for loop, gate in tuple(self._gates.items()):
            if loop.is_closed() or (gate.idle and not loop.is_running()):
                left += gate.abandon()
                self._granted += gate.granted
                self._refused += gate.refused
                del self._gates[loop]
        return left


def _check(ok: bool, name: str, value: object, allowed: str) -> None:
    if not ok:
        raise InvalidArgument(f"Throttle({name}={value!r}): give {allowed}")
