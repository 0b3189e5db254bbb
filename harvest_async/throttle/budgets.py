"""Budgets: how many calls an account may make in a period. An API version may have several, which are counted apart."""

from __future__ import annotations

import asyncio
from threading import Lock
from typing import Final, NamedTuple

from attrs import frozen

from harvest_async.clock import SECOND, Clock, span
from harvest_async.errors import HarvestError
from harvest_async.throttle.bounds import DEFAULT_CALLS, DEFAULT_PERIOD
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.throttle.ended import End
from harvest_async.throttle.gate import Gate
from harvest_async.throttle.ledgers.memory import Ledger, MemoryLedger
from harvest_async.throttle.ledgers.remote import RemoteLedger
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.snapshot import Snapshot, take_snapshot
from harvest_async.throttle.state import AccountState

__all__ = ["GENERAL", "Budget", "BudgetGates", "Counts"]


@frozen
class Budget:
    """One budget of an API version.

    Attributes:
        name: its name, which `Call.budget` and `Ticket.budget` refer to.
        calls: the calls that the server allows in a period, as documented.
        period: seconds.
        fallback_wait: seconds to wait after a refusal that does not say for how long.
    """

    name: str
    calls: int
    period: float
    fallback_wait: float


GENERAL: Final = Budget("general", DEFAULT_CALLS, DEFAULT_PERIOD / SECOND, 16.0)
"""The budget of all calls that belong to no other one: 100 calls in 15 seconds."""


class Counts(NamedTuple):
    """What the gates of a throttle know by themselves.

    Attributes:
        granted: leases granted so far: the requests that were let through, status calls included.
        refused: how many of these the server refused.
        in_flight: calls whose response is awaited.
        queued: calls that wait.
        closed: whether a gate was closed at the last look.
    """

    granted: int = 0
    refused: int = 0
    in_flight: int = 0
    queued: int = 0
    closed: bool = False

    def plus(self, other: Counts) -> Counts:
        """Return the sum of both."""
        return Counts(
            self.granted + other.granted,
            self.refused + other.refused,
            self.in_flight + other.in_flight,
            self.queued + other.queued,
            self.closed or other.closed,
        )


class BudgetGates:
    """The gates of one budget: one for each event loop that uses it.

    Args:
        ledger: where the budget's state is stored.
        settings: how the throttle was set up, with the bounds of this budget.
        clock: the source of the time.
        fallback_wait: see `Budget`.

    Attributes:
        fallback_wait: the same, in nanoseconds.
        by_loop: the gates by event loop.
    """

    def __init__(self, ledger: Ledger | RemoteLedger, settings: Settings, clock: Clock, fallback_wait: float) -> None:
        self.fallback_wait = span(fallback_wait)
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self.by_loop: dict[asyncio.AbstractEventLoop, Gate] = {}
        self._lock = Lock()  # event loops in several threads may come and go
        self._granted = self._refused = 0  # on event loops that have ended
        self._cap: ConnectionCap | None = None

    def gate(self) -> Gate:
        """Return the gate of the running event loop."""
        loop = asyncio.get_running_loop()
        return self.by_loop.get(loop) or self._create(loop)

    def share(self, cap: ConnectionCap, *, ends: bool = False) -> None:
        """Count the connections of the cap's event loop under it, also those of a gate that is made later.

        Args:
            cap: the cap.
            ends: whether that ends now.
        """
        with self._lock:
            self._cap = None if ends else cap
            gate = self.by_loop.get(cap.loop)
        if gate is not None:
            gate.connections.share(self._cap)

    def counts(self) -> Counts:
        """Return what the gates know, without a look into the ledger; any thread may call it."""
        with self._lock:
            gates = tuple(self.by_loop.values())
        return Counts(
            granted=self._granted + sum(gate.granted for gate in gates),
            refused=self._refused + sum(gate.refused for gate in gates),
            in_flight=sum(gate.in_flight for gate in gates),
            queued=sum(gate.queued(lane) for gate in gates for lane in Lane),
            closed=any(gate.closed for gate in gates),
        )

    def resting(self) -> bool:
        """Return whether nothing would be lost if the gates were dropped, and a ledger in memory with them."""
        with self._lock:
            gates = tuple(self.by_loop.values())
        if not all(gate.resting for gate in gates):
            return False
        return not isinstance(self._ledger, MemoryLedger) or self._ledger.read(self._is_spent)

    def fail_waiting(self, error: HarvestError) -> None:
        """Raise an error from all calls that wait on the running event loop."""
        gate = self.by_loop.get(asyncio.get_running_loop())
        if gate is not None:
            gate.fail_waiting(error)

    def _is_spent(self, state: AccountState) -> bool:
        """Return whether a state says no more than a new one: no lease is held, and no block is known."""
        return state.since is None and not state.window.held(self._clock.now())

    def snapshot(self) -> Snapshot:
        """Return the present state of the budget; any thread may call it.

        Raises:
            HarvestError: the ledger can't be read.
        """
        with self._lock:
            gates = tuple(self.by_loop.values())
        return take_snapshot(self._ledger, self._settings, self._clock, gates, (self._granted, self._refused))

    def _create(self, loop: asyncio.AbstractEventLoop) -> Gate:
        """Create the gate of the running event loop, whose thread is the only one that does so."""
        with self._lock:
            left = self._drop_dead_loops()
            gate = self.by_loop[loop] = Gate(self._ledger, self._settings, self._clock)
            if self._cap is not None and self._cap.loop is loop:
                gate.connections.share(self._cap)
            gate.take_over(left)
            if len(self.by_loop) > 1:
                for each in self.by_loop.values():
                    each.share()
        return gate

    def _drop_dead_loops(self) -> list[End]:
        """Drop the gates of event loops that have ended; return the ends of leases that the ledger lacks."""
        left: list[End] = []
        for loop, gate in tuple(self.by_loop.items()):
            if loop.is_closed() or (gate.idle and not loop.is_running()):
                left += gate.abandon()
                self._granted += gate.granted
                self._refused += gate.refused
                del self.by_loop[loop]
        return left
