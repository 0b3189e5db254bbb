"""How long a newcomer is going to wait at the gate.

Rules of this room: pure. A forecast looks at the leases that come back and at the connections that get free; it
promises nothing, and whoever was promised more waits no longer for it.
"""

from __future__ import annotations

from attrs import frozen

from harvest_async.throttle.window import Window

__all__ = ["QueueState", "forecast"]


@frozen
class QueueState:
    """Who stands before a newcomer. Spans in nanoseconds.

    Attributes:
        place: which lease the newcomer gets, of those that its lane may take; 1 is the next.
        kept: leases that its lane leaves to others.
        step: the least time between two calls of its lane.
        busy: connections in use.
        room: connections that there are.
        trip: the round trip that is expected.
    """

    place: int
    kept: int
    step: int
    busy: int
    room: int
    trip: int

    def behind(self, calls: int, busy: int = 0) -> int:
        """How long it takes until the one after `calls` others, all of them free to go, goes itself."""
        return max(calls * self.step, max(0, calls + busy + 1 - self.room) * self.trip // self.room)


def forecast(window: Window, crowd: QueueState, now: int, start: int) -> int:
    """The moment at which a newcomer is expected to go, none before `start`.

    Beyond the calls of one window the places come round again, a period and a trip later, or as fast as pace and
    connections allow.
    """
    calls = window.calls - crowd.kept
    rounds, index = divmod(crowd.place - 1, calls)
    releases = window.places(now, crowd.trip, start)[crowd.kept :]
    going = [release + crowd.behind(index - place) for place, release in enumerate(releases[: index + 1])]
    turn = max(window.period + crowd.trip, calls * crowd.trip // crowd.room, calls * crowd.step)
    return max(start + crowd.behind(index, crowd.busy), *going) + rounds * turn
