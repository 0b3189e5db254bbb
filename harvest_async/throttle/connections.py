"""The connections that gates use: how many one gate may use, and a cap that several gates share.

The number of connections of a gate follows the measured round trip, within limits: httpcore's pool gets slow with many
of them, so that calls wait at the gate and not in the pool.

Invariants:
- Gates that share a cap take turns: each turn grants one connection, and a gate with more calls waits for its next turn
  behind all others that wait. A gate with a thousand waiting calls delays a gate with one by one turn.
- Only a gate that could send a call now waits for a turn: one whose account is blocked takes no connection.
- A gate has its connection from the beginning of its turn. It takes it at once, returns it at once, or keeps its turn
  until it knows, because its ledger is on a server.
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
        take_turn: grants what may be granted; called when it is the gate's turn for a connection of the cap. Returns
            whether the gate keeps its turn, and calls `end_turn` when it knows what it needs.

    Attributes:
        busy: how many connections are in use.
        limit: how many may be in use, as of the last `update` and `observe`.
        trip: the expected round trip in nanoseconds.
    """

    __slots__ = ("_calls", "_cap", "_has_turn", "_most", "_period", "_take_turn", "busy", "limit", "trip")

    def __init__(self, take_turn: Callable[[], bool]) -> None:
        self._take_turn = take_turn
        self._has_turn = False
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
        """Whether the cap has no connection for this gate now: none is free, or other gates are first."""
        return self._cap is not None and not self._has_turn and not self._cap.free

    @property
    def queued(self) -> bool:
        """Whether this gate waits for a turn, which will grant what may be granted."""
        return self._cap is not None and self._cap.has(self)

    def share(self, cap: ConnectionCap | None) -> None:
        """Count under a cap from now on, with the connections that are in use already; None counts under none."""
        if cap is self._cap:
            return
        if self._cap is not None:
            self._cap.release(self.busy)
        self._cap, self._most = cap, MOST_CONNECTIONS
        if cap is not None:
            self._most = min(MOST_CONNECTIONS, cap.share)
            cap.busy += self.busy
        self.observe(self.trip)

    def take(self) -> None:
        """Take a connection; check `full` and `capped` first."""
        self.busy += 1
        if self._has_turn:
            self._has_turn = False
        elif self._cap is not None:
            self._cap.busy += 1

    def release(self) -> None:
        """Release a connection; gates that wait for their turn get it."""
        self.busy -= 1
        if self._cap is not None:
            self._cap.release()

    def wait(self) -> None:
        """Wait for a turn, unless this gate does so already."""
        if self._cap is not None:
            self._cap.wait(self)

    def begin_turn(self) -> bool:
        """Use a connection that the cap has taken for this gate; return whether the gate keeps its turn for later."""
        self._has_turn = True
        return self._take_turn()

    def end_turn(self) -> None:
        """End a turn; if its connection was not used, the next gate may have it."""
        had, self._has_turn = self._has_turn, False
        if had and self._cap is not None:
            self._cap.busy -= 1
            self._cap.give_turns_soon()

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
        self._waiting: OrderedDict[Connections, None] = OrderedDict()
        self._soon: asyncio.Handle | None = None

    @property
    def waiting(self) -> int:
        """How many gates wait for a turn."""
        return len(self._waiting)

    @property
    def free(self) -> bool:
        """Whether a gate without a turn may take a connection now."""
        return self.busy < self._limit and not self._waiting

    def has(self, connections: Connections) -> bool:
        """Return whether a gate waits for a turn."""
        return connections in self._waiting

    def wait(self, connections: Connections) -> None:
        """Let a gate wait for a turn; one that waits keeps its place."""
        self._waiting.setdefault(connections)

    def release(self, count: int = 1) -> None:
        """Release connections, and let the gates that wait have their turns."""
        self.busy -= count
        self._give_turns()

    def lift(self) -> None:
        """Set no limit from now on."""
        self._limit = _NO_LIMIT
        self._give_turns()

    def give_turns_soon(self) -> None:
        """Let the gates that wait have their turns, after what is going on now: a ledger may be in use by it."""
        if self._waiting and self._soon is None:
            self._soon = self.loop.call_soon(self._give_turns)

    def _give_turns(self) -> None:
        """Let gates take what is free, one connection a turn; a turn that its gate does not need passes."""
        self._soon = None
        while self._waiting and self.busy < self._limit:
            connections, _ = self._waiting.popitem(last=False)
            self.busy += 1
            keeps = False
            try:
                keeps = connections.begin_turn()
            finally:
                if not keeps:
                    connections.end_turn()
