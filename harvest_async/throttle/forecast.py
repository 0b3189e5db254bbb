"""The expected wait of a new call at the gate.

A forecast looks at the leases that come free and at the connections that do; it promises nothing.
"""

from __future__ import annotations

from attrs import frozen

from harvest_async.throttle.window import Window

__all__ = ["QueueState", "forecast"]


@frozen
class QueueState:
    """The calls before a new one. Spans in nanoseconds.

    Attributes:
        place: which lease the new call gets, of those that its lane may take; 1 is the next.
        kept: leases that its lane leaves to others.
        step: the least time between two calls of its lane.
        busy: connections in use.
        limit: connections that may be in use.
        trip: the expected round trip.
    """

    place: int
    kept: int
    step: int
    busy: int
    limit: int
    trip: int

    def behind(self, calls: int, busy: int = 0) -> int:
        """Return how long it takes until the call after `calls` others goes, if all of them may go."""
        return max(calls * self.step, max(0, calls + busy + 1 - self.limit) * self.trip // self.limit)


def forecast(window: Window, queue: QueueState, now: int, start: int) -> int:
    """Return the time at which a new call is expected to go, not before `start`.

    Beyond the calls of one window the leases come free again a period and a round trip later, or as fast as pace and
    connections allow.
    """
    calls = window.calls - queue.kept
    rounds, index = divmod(queue.place - 1, calls)
    releases = window.places(now, queue.trip)[queue.kept :]
    going = [release + queue.behind(index - place) for place, release in enumerate(releases[: index + 1])]
    turn = max(window.period + queue.trip, calls * queue.trip // queue.limit, calls * queue.step)
    return max(start + queue.behind(index, queue.busy), *going) + rounds * turn
