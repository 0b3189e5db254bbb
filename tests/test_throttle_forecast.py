"""The forecast of how long a new call waits, and of the next turn beside other processes."""

from heapq import heapify, heapreplace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.throttle.forecast import QueueState, forecast
from harvest_async.throttle.queue import Turn
from harvest_async.throttle.window import Window
from tests.support.lanes import IDLE, NOW, OWN, PERIOD, filled, state


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


def test_nothing_is_expected_before_a_shut_gate_opens():
    """Leases that are free, or are freed before the start, wait for it; those that are freed later don't."""
    window = Window(3, 10, 0)
    for lease, end in enumerate((0, 12)):
        window.take(lease, 0, 100)
        window.end(lease, end)

    assert going(window, 5, start=20, places=(1, 2, 3)) == [20, 20, 23]


def test_a_pace_begins_with_the_first_lease_that_is_free():
    """Where all leases are freed together, each call goes a step after the one before it."""
    window = Window(3, 10, 0)
    for lease in range(3):
        window.take(lease, 0, 100)
        window.end(lease, 4)

    assert going(window, 5, places=(1, 2, 3), step=2) == [15, 17, 19]


def test_a_forecast_is_in_whole_nanoseconds():
    """Also where connections share a round trip unevenly."""
    assert going(Window(100, 15_000, 0), places=(5, 6), room=4, trip=10) == [2, 5]
    assert going(Window(5, 10, 0), places=(6,), room=2, trip=101) == [252]


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


# The next turn beside other processes

TRIP = 100
ENDS = (10, 20, 30, 40)
FREED = [end + PERIOD + 1 for end in ENDS]


def turn(interactive=0, bulk=0, *, pace="burst", reserve=0, **how):
    """The next turn of a queue, with four leases that were used one after the other."""
    at = state(0, calls=4, ends=ENDS, **{"m": OWN, **how})
    return filled(interactive, bulk, pace=pace, reserve=reserve, shared=True).next_turn(at, NOW, TRIP)


@pytest.mark.parametrize(
    ("interactive", "other", "first", "last"),
    [
        (1, {}, 0, 0),
        (2, {}, 0, 1),
        (9, {}, 0, 3),
        (9, {"a": ((9, 0, 0), IDLE)}, 0, 1),
        (9, {"a": ((9, 2, 0), IDLE)}, 2, 3),
        (9, {"a": ((9, 3, 0), IDLE)}, 3, 3),
        (9, {"a": ((9, 9, 0), IDLE)}, 3, 3),
        (1, {"a": (IDLE, (9, 2, 0))}, 0, 0),
        (1, {"a": (IDLE, (9, 2, 0)), "passed": 9}, 1, 1),
        (1, {"a": (IDLE, (9, 2, 0)), "passed": 9, "bulk_at": NOW + 1}, 0, 0),
        (1, {"a": (IDLE, (9, 2, 0)), "passed": 9, "bulk_at": NOW}, 1, 1),
    ],
)
def test_the_next_turn_of_interactive_calls_is_behind_those_of_others(interactive, other, first, last):
    """It begins with the lease after theirs, and has as many leases as calls wait or a turn has."""
    assert turn(interactive, **other) == Turn(FREED[first], FREED[last])


@pytest.mark.parametrize(
    ("bulk", "other", "first", "last"),
    [
        (1, {}, 0, 0),
        (3, {}, 0, 2),
        (3, {"a": (IDLE, (9, 1, 0))}, 1, 2),
        (3, {"a": ((9, 1, 0), IDLE)}, 1, 2),
        (3, {"a": ((9, 1, 0), (9, 1, 0))}, 2, 3),
        (1, {"a": ((9, 3, 0), IDLE), "passed": 8}, 1, 1),
        (1, {"a": ((9, 3, 0), IDLE), "passed": 7}, 2, 2),
        (1, {"a": ((9, 3, 0), IDLE), "passed": 6}, 3, 3),
        (1, {"a": ((9, 1, 0), IDLE), "passed": 8}, 1, 1),
        (1, {"a": ((9, 2, 0), IDLE), "passed": 9}, 0, 0),
    ],
)
def test_the_next_turn_of_bulk_calls_is_behind_interactive_calls(bulk, other, first, last):
    """Of any process, and behind no more of them than may pass it still."""
    assert turn(0, bulk, **other) == Turn(FREED[first], FREED[last])


@pytest.mark.parametrize(
    ("other", "first"),
    [
        ({}, FREED[2]),
        ({"passed": 8}, FREED[2]),
        ({"passed": 9}, FREED[0]),
        ({"bulk_at": 1_500}, 1_500),
        ({"a": (IDLE, (9, 1, 0))}, FREED[3]),
    ],
)
def test_a_paced_bulk_call_has_a_turn_of_its_own(other, first):
    """Behind the leases that it leaves to the interactive lane, unless nine have passed it; not before its time."""
    assert turn(0, 5, pace="even", reserve=2, **other) == Turn(first, first)


def test_a_paced_bulk_call_goes_a_step_after_each_of_others():
    """Its time is later than that of the next call of all."""
    other = {"a": (IDLE, (9, 3, 0)), "bulk_at": 800}

    assert turn(0, 5, pace="even", **other) == Turn(800 + 3 * PERIOD // 4, 800 + 3 * PERIOD // 4)


def test_the_earlier_turn_of_both_lanes_is_the_next_one():
    """An interactive call goes before the bulk call that it passes, and after one that nine have passed."""
    assert turn(1, 1) == Turn(FREED[0], FREED[0])
    assert turn(1, 1, a=((9, 3, 0), IDLE), passed=9) == Turn(FREED[0], FREED[0])
    assert turn(0, 2, a=((9, 3, 0), IDLE)) == Turn(FREED[3], FREED[3])


def test_own_interactive_calls_go_before_a_bulk_call():
    """As many as wait, at most those that may pass it."""
    known = {"a": ((9, 3, 0), IDLE)}

    assert [turn(number, 1, **known).first for number in (0, 1)] == [FREED[3], FREED[3]]
    assert turn(1, 1, passed=8, a=((9, 3, 0), IDLE)) == Turn(FREED[1], FREED[1])


@pytest.mark.parametrize(("apart", "last"), [(1_000_000, 3_000_000), (4_000_000, 10_000_000)])
def test_a_turn_waits_a_hundredth_of_a_second_for_its_last_lease(apart, last):
    """Then the rest of its leases are taken in the next turn."""
    at = state(0, calls=4, ends=[number * apart for number in range(4)], m=OWN)
    at.window.resize(4, SECOND)

    assert filled(9, shared=True).next_turn(at, NOW, TRIP) == Turn(SECOND + 1, SECOND + 1 + last)
