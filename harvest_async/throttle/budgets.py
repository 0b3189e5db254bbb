"""Budgets: how many calls an account may make in a period. An API version may have several, which are counted apart."""

from __future__ import annotations

import asyncio
from threading import Lock
from typing import Final

from attrs import frozen

from harvest_async.clock import SECOND, Clock, span
from harvest_async.throttle.access import End
from harvest_async.throttle.gate import Gate
from harvest_async.throttle.ledgers.memory import Ledger
from harvest_async.throttle.ledgers.remote import RemoteLedger
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.snapshot import Snapshot, take_snapshot
from harvest_async.throttle.state import DEFAULT_CALLS, DEFAULT_PERIOD

__all__ = ["GENERAL", "Budget", "BudgetGates"]


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

    def gate(self) -> Gate:
        """Return the gate of the running event loop."""
        loop = asyncio.get_running_loop()
        return self.by_loop.get(loop) or self._create(loop)

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
