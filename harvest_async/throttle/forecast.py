"""How long a newcomer is going to wait at the gate.

Rules of this room: pure. A forecast looks at the leases that come back and at the connections that get free; it
promises nothing, and whoever was promised more waits no longer for it.
"""

from __future__ import annotations

from attrs import frozen

from harvest_async.throttle.window import Window

__all__ = ["Crowd", "forecast"]


@frozen
class Crowd:
    """Who stands before a newcomer. Spans in nanoseconds.

    Attributes:
        place: which lease the newcomer gets; 1 is the next.
        busy: connections in use.
        room: connections that there are.
        trip: the round trip that is expected.
    """

    place: int
    busy: int
    room: int
    trip: int

    def ahead(self, calls: int) -> int:
        """How long it takes until the one after `calls` others, all of them free to go, has a connection."""
        return max(0, calls + 1 - self.room) * self.trip // self.room


def forecast(window: Window, crowd: Crowd, now: int, start: int) -> int:
    """The moment at which a newcomer is expected to go, none before `start`.

    Beyond one window's calls the places come round again, a period and a trip later, or as fast as the connections go.
    """
    rounds, index = divmod(crowd.place - 1, window.calls)
    releases = window.places(now, crowd.trip, start)
    going = [release + crowd.ahead(index - place) for place, release in enumerate(releases[: index + 1])]
    turn = max(window.period + crowd.trip, window.calls * crowd.trip // crowd.room)
    return max(start + crowd.ahead(crowd.busy + index), *going) + rounds * turn
