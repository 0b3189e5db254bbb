"""The forecast of how long a new call waits."""

from heapq import heapify, heapreplace

from hypothesis import given
from hypothesis import strategies as st

from harvest_async.throttle.forecast import QueueState, forecast
from harvest_async.throttle.window import Window


def going(window, now=0, start=None, *, places, kept=0, step=0, busy=0, room=48, trip=1):
    start = now if start is None else start
    return [forecast(window, QueueState(place, kept, step, busy, room, trip), now, start) for place in places]


def test_expected_releases_go_round():
    """The place in the queue gives the time: free leases now, then those that are freed, then the next round."""
    window = Window(2, 10, 0)
    window.take(1, 0, 100)
    window.end(1, 4)
    window.take(2, 0, 100)

    assert going(window, 5, places=range(1, 6)) == [15, 17, 26, 28, 37]


def test_a_window_that_holds_nothing_expects_a_new_round():
    """An empty window grants a round at once and the next one a period later."""
    assert going(Window(1, 10, 0), places=(1, 2, 3), trip=2) == [0, 12, 24]


def test_a_lease_is_of_no_use_without_a_connection():
    """Where connections are fewer than leases, the crowd in front is a round trip late for each time they are used."""
    assert going(Window(100, 15_000, 0), places=(1, 4, 5, 12), room=4, trip=100) == [0, 0, 25, 200]
    assert going(Window(100, 15_000, 0), places=(1, 2), busy=4, room=4, trip=100) == [25, 50]


def test_what_is_kept_for_others_comes_back_for_others():
    """A lane that leaves one lease of three to the other gets two in every round."""
    assert going(Window(3, 10, 0), places=(1, 2, 3, 4, 5), kept=1, trip=2) == [0, 0, 12, 12, 24]


def test_a_lane_with_a_pace_goes_no_faster():
    """One call a step, within a round and from round to round."""
    assert going(Window(3, 10, 0), places=(1, 2, 3, 4, 5), step=3) == [0, 3, 6, 11, 14]
    assert going(Window(3, 10, 0), places=(1, 3, 4), step=5) == [0, 10, 15]


def test_a_crowd_that_is_through_by_then_costs_nothing():
    """A call that waits long for a lease finds a free connection."""
    window = Window(100, 15_000, 0)
    for lease in range(100):
        window.take(lease, 0, 1)
        window.end(lease, lease * 150)

    assert going(window, 14_850, places=(50, 100), room=4, trip=100) == [15_000 + 49 * 150 + 1, 15_000 + 99 * 150 + 1]


@given(
    calls=st.integers(1, 20),
    held=st.lists(st.integers(0, 1_000), max_size=20),
    room=st.integers(1, 30),
    trip=st.integers(0, 300),
    place=st.integers(1, 60),
)
def test_a_forecast_is_what_a_line_would_do(calls, held, room, trip, place):
    """Played out call after call, with the same trip for each, the newcomer goes within one trip of its forecast."""
    window = Window(calls, 1_000, 0)
    for lease, base in enumerate(held[:calls]):
        window.take(lease, 0, 10_000)
        window.end(lease, base)
    now = 1_000
    leases = window.places(now, trip)
    heapify(leases)
    free = [now] * room
    for _ in range(place):
        went = max(leases[0], free[0])
        heapreplace(leases, went + trip + 1_000 + 1)
        heapreplace(free, went + trip)

    rounds = place // calls + 1
    assert abs(going(window, now, places=[place], room=room, trip=trip)[0] - went) <= rounds * (trip + 2)
