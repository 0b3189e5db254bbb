"""The ticks at which leases of the window lapse, come free and move: each changed by one would be seen here."""

import pytest

from harvest_async.clock import SECOND
from harvest_async.throttle.window import TICK, Window

PERIOD, GUARD = 15 * SECOND, 2 * SECOND


def window(calls=5):
    """A window without leases."""
    return Window(calls, PERIOD, GUARD)


def test_an_empty_window_is_looked_at_in_the_next_tick():
    """Where no call is awaited there is nothing to wait for."""
    assert window().look_at(5) == 5 + TICK


@pytest.mark.parametrize(
    ("now", "look"),
    [
        (SECOND + 1, SECOND + SECOND // 10),
        (31 * SECOND + 1, 31 * SECOND + 1 + 30 * SECOND // 3),
        (61 * SECOND, 62 * SECOND + TICK),
        (70 * SECOND, 70 * SECOND + TICK),
    ],
)
def test_the_longer_a_call_is_awaited_the_later_it_is_looked_at(now, look):
    """A third of the time for which it has been awaited, but not after it lapses."""
    state = window()
    state.take(1, SECOND, 60 * SECOND)

    result = state.look_at(now)

    assert (result, type(result)) == (look, int)


def test_the_first_call_that_lapses_is_looked_at():
    """Of several calls, the one with the earliest deadline decides, whichever was sent first."""
    state = window()
    state.take(1, 0, 60 * SECOND)
    state.take(2, 0, 50 * SECOND)

    assert state.look_at(51 * SECOND) == 52 * SECOND + TICK


def test_after_a_call_has_lapsed_the_next_one_is_looked_at():
    """Giving up one call leaves the others with their own times."""
    state = window()
    state.take(1, 0, 10 * SECOND)
    state.take(2, 0, 60 * SECOND)

    assert state.in_flight(20 * SECOND) == 1
    assert state.look_at(61 * SECOND) == 62 * SECOND + TICK


def test_a_call_lapses_the_tick_after_deadline_and_guard():
    """While another call lapses, one whose guard is not over stays awaited, up to its last tick."""
    state = window()
    state.take(1, 0, 10 * SECOND)
    state.take(2, 0, 14 * SECOND)

    assert [state.in_flight(now) for now in (12 * SECOND, 12 * SECOND + 1, 16 * SECOND, 16 * SECOND + 1)] == [
        2,
        1,
        1,
        0,
    ]


def test_a_call_in_its_last_tick_is_awaited_while_another_has_lapsed():
    """Looked at for the first time in the last tick of one call, only the other one is given up."""
    state = window()
    state.take(1, 0, 10 * SECOND)
    state.take(2, 0, 14 * SECOND)

    assert state.in_flight(16 * SECOND) == 1


def test_a_restart_holds_the_leases_of_ended_calls_too_and_forgets_lost_ones():
    """Calls in flight and calls that ended are counted alike; no arrival is awaited any more."""
    state = window()
    for lease in (1, 2, 3):
        state.take(lease, 0, 10 * SECOND)
    state.end(1, SECOND)
    state.lose(2, SECOND)

    state.restart(SECOND)

    assert (state.held(SECOND), state.in_flight(SECOND), state.latest_lost_arrival) == (3, 0, 0)


def test_calls_that_ended_when_the_count_was_requested_are_surely_counted():
    """Our call whose response came in that very tick is subtracted from the server's count."""
    state = window()
    state.take(1, 0, 10 * SECOND)
    state.end(1, SECOND)

    state.adopt(2, SECOND, 2 * SECOND)

    assert state.foreign == 0


def test_calls_sent_a_whole_period_before_the_count_came_are_not_surely_counted():
    """One sent exactly a period before the response may have left the server's window."""
    state = window()
    state.take(1, SECOND, 10 * SECOND)
    state.end(1, 2 * SECOND)

    state.adopt(2, 3 * SECOND, SECOND + PERIOD)

    assert state.foreign == 1


def test_calls_a_whole_period_old_may_be_counted():
    """They explain a count, so that nobody else is blamed for it."""
    state = window()
    for lease in (1, 2):
        state.take(lease, 0, 10 * SECOND)
        state.end(lease, 0)

    assert state.adopt(2, PERIOD, PERIOD) is False
    assert state.adopt(3, PERIOD, PERIOD) is True


def filled():
    """A window with a lease of each kind, and the plain values that it has."""
    state = window()
    for lease in (1, 2, 3, 4):
        state.take(lease, 5, 100)
    state.end(1, 20)
    state.end(2, 21, counted=False)
    state.lose(3, 30)
    state.foreign, state._foreign_base = 1, 40
    return state


def test_a_shift_moves_every_time_but_the_one_that_is_never():
    """All times move by the same span; a refused call still has no time at which it was counted."""
    state, expected = filled(), filled().dump()
    expected["foreign"][1] += 7
    expected["latest_lost_arrival"] += 7
    expected["open"] = [[lease, sent + 7, deadline + 7] for lease, sent, deadline in expected["open"]]
    expected["past"] = [[base + 7, sent + 7 if sent > 0 else sent] for base, sent in expected["past"]]

    look = state.look_at(0)
    state.shift(7)

    assert state.dump() == expected
    assert state.look_at(7) == look + 7


def test_a_shifted_call_lapses_at_its_new_time():
    """A lease whose time moved back is not held for the old time."""
    state = window()
    state.take(1, 100 * SECOND, 110 * SECOND)

    state.shift(-100 * SECOND)

    assert state.look_at(11 * SECOND) == 12 * SECOND + TICK


def test_a_copy_is_equal_and_apart():
    """What happens to the copy does not happen to the window."""
    state = filled()
    before = state.dump()

    twin = state.copy()

    assert twin.dump() == before
    assert twin.look_at(10 * SECOND) == state.look_at(10 * SECOND)
    twin.end(4, 50)
    twin.take(9, 50, 60)
    twin.foreign = 0
    assert state.dump() == before


def test_the_leases_of_a_window_are_stored_as_integers():
    """How many are open, then each with its times, then the times of those that are over."""
    state = filled()
    state.take(5, 6, 200)
    whole = state.dump()

    assert state.dump_leases() == [2, 4, 5, 100, 5, 6, 200, *(number for pair in whole["past"] for number in pair)]
    assert len(whole["past"]) == 3
    numbers, foreign, lost = state.dump_steady()
    assert ([*numbers], [*foreign], lost) == (whole["numbers"], whole["foreign"], whole["latest_lost_arrival"])


def test_a_filled_window_holds_all_leases_from_now_on():
    """Besides the calls in flight, as many foreign leases as there are calls are held for a period."""
    state = filled()

    state.fill(50)

    stored = state.dump()
    assert (stored["foreign"], stored["latest_lost_arrival"], stored["past"]) == ([5, 50], 0, [])
    assert stored["open"] == [[4, 5, 100]]


def test_a_filled_window_can_give_its_calls_another_deadline():
    """Calls that are awaited lapse a guard after the deadline that is given, all at once."""
    state = filled()

    state.fill(SECOND, 20 * SECOND)

    assert state.dump()["open"] == [[4, SECOND, 20 * SECOND]]
    assert state.look_at(21 * SECOND) == 22 * SECOND + TICK


def test_two_windows_begin_with_nothing():
    """A new window holds no lease, awaits no arrival and lapses at no time."""
    state = window()

    assert (state.held(0), state.free(0), state.next_release(0), state.latest_lost_arrival) == (0, 5, None, 0)
    assert state.dump()["foreign"] == [0, 0]


def test_leases_are_held_through_their_last_tick():
    """A lease and foreign ones come free in the tick after a period, not in the period's last one."""
    state = window()
    state.take(1, 0, SECOND)
    state.end(1, SECOND)
    state.adopt(3, 0, SECOND)

    assert [state.held(now) for now in (SECOND + PERIOD, SECOND + PERIOD + TICK)] == [3, 0]
