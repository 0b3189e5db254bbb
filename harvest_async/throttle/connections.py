"""The connections that gates use: how many one gate may use, and a cap that several gates share.

The number of connections of a gate follows the measured round trip, within limits: httpcore's pool gets slow with many
of them, so that calls wait at the gate and not in the pool.

Invariants:
- Gates that share a cap take turns: each turn grants one connection, and a gate with more calls waits for its next turn
  behind all others that wait. A gate with a thousand waiting calls delays a gate with one by one turn.
- Only a gate that could send a call now waits for a turn: one whose account is blocked takes no connection.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from harvest_async.clock import SECOND
from harvest_async.throttle.window import Window

__all__ = ["FEWEST_CONNECTIONS", "MOST_CONNECTIONS", "ConnectionCap", "Connections"]

FEWEST_CONNECTIONS: Final = 8
MOST_CONNECTIONS: Final = 48
"""The limits of the number of connections."""

_HASTE: Final = 30
"""A whole window can be sent within this fraction of a period."""
_FASTEST: Final = 200
"""Calls per second beyond which no connections are added: they would wait for the processor, and slow the pool down."""
_SMOOTHING: Final = 8
_FIRST_TRIP: Final = SECOND // 5
_NO_LIMIT: Final = 1 << 62


class Connections:
    """Counts the connections that a gate has in use, and the round trip that is expected.

    Args:
        dispatch: grants what may be granted; called when it is the gate's turn for a connection of the cap.

    Attributes:
        busy: how many connections are in use.
        limit: how many may be in use, as of the last `update` and `observe`.
        trip: the expected round trip in nanoseconds.
    """

    __slots__ = ("_calls", "_cap", "_dispatch", "_most", "_period", "busy", "limit", "trip")

    def __init__(self, dispatch: Callable[[], None]) -> None:
        self._dispatch = dispatch
        self._cap: ConnectionCap | None = None
        self._most = MOST_CONNECTIONS
        self.busy = 0
        self.limit = FEWEST_CONNECTIONS
        self.trip = _FIRST_TRIP
        self._calls, self._period = 0, SECOND

    @property
    def full(self) -> bool:
        """Whether no further call may be sent before a connection of this gate is released."""
        return self.busy >= self.limit

    @property
    def capped(self) -> bool:
        """Whether the cap has no connection for this gate now: none is free, or it is another gate's turn."""
        return self._cap is not None and not self._cap.allows(self)

    @property
    def queued(self) -> bool:
        """Whether this gate waits for a turn, which will dispatch it."""
        return self._cap is not None and self._cap.has(self)

    def share(self, cap: ConnectionCap) -> None:
        """Count under a cap from now on, with the connections that are in use already."""
        if cap is self._cap:
            return
        if self._cap is not None:
            self._cap.release(self.busy)
        self._cap, self._most = cap, min(MOST_CONNECTIONS, cap.share)
        cap.busy += self.busy
        self.observe(self.trip)

    def take(self) -> None:
        """Take a connection; check `full` and `capped` first."""
        self.busy += 1
        if self._cap is not None:
            self._cap.take()

    def release(self) -> None:
        """Release a connection; gates that wait for their turn get it."""
        self.busy -= 1
        if self._cap is not None:
            self._cap.release()

    def wait(self) -> None:
        """Wait for a turn, unless this gate does so already."""
        if self._cap is not None:
            self._cap.wait(self, self._dispatch)

    def update(self, window: Window) -> int:
        """Set the limit by the window's present numbers, and return it."""
        if window.calls != self._calls or window.period != self._period:
            self._calls, self._period = window.calls, window.period
            self.observe(self.trip)
        return self.limit

    def observe(self, trip: int) -> None:
        """Take a measured round trip into account."""
        self.trip += (trip - self.trip) // _SMOOTHING
        needed = min(self._calls * _HASTE * SECOND // self._period, _FASTEST) * self.trip // SECOND
        self.limit = min(max(needed, FEWEST_CONNECTIONS), self._most)


class ConnectionCap:
    """A cap on the connections of all gates that share it, on one event loop.

    Args:
        limit: the most connections that are in use at a time.

    Attributes:
        busy: how many are in use.
        share: the most that one gate may use: half of them, so that a server which is slow for one account leaves the
            other half to the rest.
        loop: the event loop.
    """

    def __init__(self, limit: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.busy = 0
        self.share = (limit + 1) // 2
        self._limit = limit
        self._waiting: OrderedDict[Connections, Callable[[], None]] = OrderedDict()
        self._turn: Connections | None = None

    @property
    def waiting(self) -> int:
        """How many gates wait for a turn."""
        return len(self._waiting)

    def allows(self, connections: Connections) -> bool:
        """Return whether a gate may take a connection now."""
        return self.busy < self._limit and (not self._waiting or self._turn is connections)

    def has(self, connections: Connections) -> bool:
        """Return whether a gate waits for a turn."""
        return connections in self._waiting

    def take(self) -> None:
        """Take a connection; the turn in progress, if there is one, has been used."""
        self.busy += 1
        self._turn = None

    def release(self, count: int = 1) -> None:
        """Release connections, and let the gates that wait have their turns."""
        self.busy -= count
        if self._waiting:
            self._give_turns()

    def wait(self, connections: Connections, dispatch: Callable[[], None]) -> None:
        """Let a gate wait for a turn; one that waits keeps its place."""
        self._waiting.setdefault(connections, dispatch)

    def lift(self) -> None:
        """Set no limit from now on."""
        self._limit = _NO_LIMIT
        self._give_turns()

    def _give_turns(self) -> None:
        """Let gates take what is free, one connection a turn; a turn that its gate does not need passes."""
        while self._waiting and self.busy < self._limit and self._turn is None:
            self._turn, dispatch = self._waiting.popitem(last=False)
            try:
                dispatch()
            finally:
                self._turn = None
