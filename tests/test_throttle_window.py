"""The window never exceeds the limit of an honest server, and grants all that it may."""

import heapq
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.throttle.window import Window

GUARD = 2 * SECOND


def window(calls=3, period=15 * SECOND):
    return Window(calls, period, GUARD)


def most_in_any_period(arrivals, period, *, open_at=1):
    """How many arrivals an honest server counts at most in one period.

    Servers differ in which end of the stretch they leave out, so both ends belong to it unless `open_at` is 0.
    """
    ordered = sorted(arrivals)
    start, most = 0, 0
    for end, arrival in enumerate(ordered):
        while ordered[start] <= arrival - period - open_at:
            start += 1
        most = max(most, end - start + 1)
    return most


LATENCY = st.one_of(st.just(0), st.integers(0, 2 * SECOND))
ATTEMPT = st.tuples(
    st.one_of(st.integers(0, SECOND // 4), st.integers(0, 20 * SECOND)),  # pause before it asks for a lease
    LATENCY,  # on its way to the server
    LATENCY,  # on its way back
    st.one_of(st.just(0), st.integers(0, 3 * SECOND)),  # how long the server takes
    st.sampled_from(["reply", "reply", "reply", "cancel", "timeout", "unsent", "refused", "forgotten"]),
    st.integers(0, 6 * SECOND),  # when it is cancelled, after it was sent
    st.integers(1, 5 * SECOND),  # its deadline
)


def run_schedule(calls, period, attempts, make=Window):
    """Send whenever the window grants a lease; return the arrivals that the server counts."""
    state = make(calls, period, GUARD)
    now, arrivals, events = 0, [], []
    for lease, (pause, way, back, work, fate, cut, limit) in enumerate(attempts):
        now += pause
        while not state.free(now):
            now = step(state, events, now)
        run_due(state, events, now)
        deadline = now + limit
        state.take(lease, now, deadline)
        end = end_of(lease, now, deadline, way=way, back=back, work=work, fate=fate, cut=cut)
        if end is not None:
            heapq.heappush(events, end)
        if fate != "unsent":
            arrivals.append(now + way)
    return arrivals


def end_of(lease, now, deadline, *, way, back, work, fate, cut):
    """How and when the client learns how its call ended."""
    reply = now + way + work + back
    if fate == "forgotten":
        return None
    if fate == "unsent":
        return (now + cut, lease, "unsent")
    if fate == "cancel" and now + cut < min(reply, deadline):
        return (now + cut, lease, "lost")
    if reply > deadline:
        return (deadline, lease, "lost")
    return (reply, lease, "refused" if fate == "refused" else "reply")


def run_due(state, events, now):
    while events and events[0][0] <= now:
        moment, lease, what = heapq.heappop(events)
        apply(state, moment, lease, what)


def apply(state, moment, lease, what):
    if what == "lost":
        state.lose(lease, moment)
    elif what == "unsent":
        state.give_back(lease)
    else:
        state.end(lease, moment, counted=what == "reply")


def step(state, events, now):
    """Go to the next moment at which something changes."""
    release = state.next_release(now)
    if events and (release is None or events[0][0] < release):
        moment, lease, what = heapq.heappop(events)
        apply(state, moment, lease, what)
        return max(now, moment)
    assert release is not None
    return max(now, release)


@settings(max_examples=300, deadline=None)
@given(
    calls=st.integers(1, 12),
    period=st.sampled_from([SECOND, 15 * SECOND]),
    attempts=st.lists(ATTEMPT, max_size=60),
)
def test_no_schedule_lets_an_honest_server_count_too_many(calls, period, attempts):
    """With any calls sent, ended, cancelled, cut off or forgotten, no period has more than N arrivals."""
    arrivals = run_schedule(calls, period, attempts)

    assert most_in_any_period(arrivals, period) <= calls


class StampedAtSending(Window):
    """Frees a lease one period after its call was sent."""

    def end(self, lease, _, *, counted=True):
        sent, _ = self._open.get(lease, (0, 0))  # one that has lapsed is not open any more
        super().end(lease, sent, counted=counted)


class Forgiving(Window):
    """Frees the lease of a call that was given up at once."""

    def lose(self, lease, _):
        self.give_back(lease)


def without_tick(calls, period, guard):
    return Window(calls, period - 1, guard)


def without_guard(calls, period, _):
    return Window(calls, period, 0)


@pytest.mark.parametrize("make", [StampedAtSending, Forgiving, without_tick, without_guard])
def test_a_window_that_frees_too_early_breaks_the_promise(make):
    """Among the schedules there is one that shows each way of freeing a lease too early."""

    def is_broken(schedule):
        calls, attempts = schedule
        return most_in_any_period(run_schedule(calls, 15 * SECOND, attempts, make), 15 * SECOND) > calls

    schedules = st.tuples(st.integers(1, 3), st.lists(ATTEMPT, max_size=20))
    seen = settings(max_examples=20_000, phases=[Phase.generate], database=None)
    calls, attempts = find(schedules, is_broken, settings=seen, random=Random(7))

    assert most_in_any_period(run_schedule(calls, 15 * SECOND, attempts), 15 * SECOND) <= calls


def test_the_judge_does_not_count_both_ends():
    """Two arrivals exactly one period apart are never in one half-open stretch, but in one that is closed."""
    assert most_in_any_period([0, 15], 15, open_at=0) == 1
    assert most_in_any_period([0, 15], 15) == 2
    assert most_in_any_period([0, 16], 15) == 1


def test_all_leases_go_out_at_once():
    """A new window grants all of its leases."""
    state = window()

    for lease in range(3):
        state.take(lease, 0, 60 * SECOND)

    assert (state.free(0), state.held(0), state.in_flight(0)) == (0, 3, 3)


def test_a_settled_lease_is_held_one_period_and_a_tick():
    """A lease is freed one tick after the period that began with the response."""
    state = window(calls=1)
    state.take(1, 0, 60 * SECOND)
    state.end(1, SECOND)

    assert [state.free(16 * SECOND), state.free(16 * SECOND + 1)] == [0, 1]
    assert state.next_release(2 * SECOND) is None  # it was freed by the look above


def test_the_next_release_is_the_earliest_reply_and_a_period():
    """Returns when to look again."""
    state = window()
    for lease, reply in ((1, 3), (2, 1), (3, 2)):
        state.take(lease, 0, 60 * SECOND)
        state.end(lease, reply * SECOND)

    assert state.next_release(4 * SECOND) == 16 * SECOND + 1


def test_a_lost_lease_is_held_for_the_way_it_may_still_go():
    """A call given up may arrive `guard` later."""
    state = window(calls=1)
    state.take(1, 0, 60 * SECOND)
    state.lose(1, SECOND)

    assert [state.free(18 * SECOND), state.free(18 * SECOND + 1)] == [0, 1]


def test_a_lease_that_never_left_comes_back_at_once():
    """Nothing was sent, so nothing is held."""
    state = window(calls=1)
    state.take(1, 0, 60 * SECOND)
    state.give_back(1)

    assert state.free(0) == 1
    assert state.next_release(0) is None


def test_a_forgotten_lease_frees_after_its_deadline():
    """A process that died while it waited does not keep its lease for ever."""
    state = window(calls=1)
    state.take(1, 0, 60 * SECOND)

    assert state.next_release(0) == 77 * SECOND + 1
    assert [state.free(77 * SECOND), state.free(77 * SECOND + 1)] == [0, 1]


def test_only_the_leases_past_their_deadline_are_given_up():
    """A lease with a longer deadline (an upload) outlives one with a shorter."""
    state = window()
    state.take(1, 0, 10 * SECOND)
    state.take(2, 0, 300 * SECOND)

    assert (state.in_flight(13 * SECOND), state.holds(1), state.holds(2)) == (1, False, True)


def test_ending_a_lease_twice_changes_nothing():
    """Ending a lease a second time changes nothing."""
    state = window(calls=1)
    state.take(1, 0, 60 * SECOND)
    state.end(1, SECOND)
    state.end(1, 9 * SECOND)
    state.lose(1, 9 * SECOND)
    state.give_back(1)

    assert state.free(16 * SECOND + 1) == 1


def test_foreign_calls_hold_leases_until_a_period_after_they_were_reported():
    """The server's count less our own calls takes leases."""
    state = window(calls=10)
    state.take(1, 0, 60 * SECOND)
    state.end(1, SECOND)

    assert state.adopt(5, 0, SECOND) is True
    assert (state.foreign, state.held(SECOND), state.next_release(SECOND)) == (4, 5, 16 * SECOND + 1)
    assert state.held(16 * SECOND + 1) == 0


def test_a_count_of_our_own_calls_takes_no_lease():
    """Calls whose response came before the status was requested are known to be ours."""
    state = window(calls=10)
    for lease in range(4):
        state.take(lease, 0, 60 * SECOND)
        state.end(lease, SECOND)
    state.take(9, 2 * SECOND, 60 * SECOND)
    state.end(9, 3 * SECOND)

    assert state.adopt(5, 2 * SECOND, 3 * SECOND) is False
    assert state.foreign == 0


def test_a_call_in_flight_may_or_may_not_be_counted():
    """Where it is unsure whether a counted call is ours, a lease too many is held, and nobody else is blamed."""
    state = window(calls=10)
    state.take(1, 0, 60 * SECOND)
    state.take(9, SECOND, 60 * SECOND)
    state.end(9, 2 * SECOND)

    assert state.adopt(2, SECOND, 2 * SECOND) is False
    assert (state.foreign, state.held(2 * SECOND)) == (1, 3)


def test_a_new_count_replaces_the_old_foreign_leases():
    """The server's last word is taken, not the sum of its words."""
    state = window(calls=10)
    state.adopt(8, 0, SECOND)
    state.adopt(3, 2 * SECOND, 3 * SECOND)

    assert state.foreign == 2


def test_a_refused_call_does_not_hide_a_foreign_one():
    """Refused calls hold leases but are not taken off the server's count."""
    state = window(calls=10)
    state.take(1, 0, 60 * SECOND)
    state.end(1, SECOND, counted=False)
    state.adopt(2, 2 * SECOND, 3 * SECOND)

    assert state.foreign == 1


def test_other_numbers_apply_to_what_is_held():
    """A longer period holds longer, fewer calls leave less."""
    state = window()
    state.take(1, 0, 60 * SECOND)
    state.end(1, 0)
    state.resize(2, 30 * SECOND)

    assert (state.free(20 * SECOND), state.free(30 * SECOND + 1)) == (1, 2)


def test_a_foreign_burst_puts_the_first_place_off():
    """Where more leases are held than there are, the surplus has to be freed first."""
    state = window(calls=2, period=10)
    state.take(1, 0, 100)
    state.end(1, 0)
    state.adopt(4, 1, 2)

    assert state.places(5, 0) == [13, 13]


def test_a_window_survives_being_stored():
    """What a ledger stores is the whole window."""
    state = window()
    state.take(1, 0, 60 * SECOND)
    state.take(2, 1, 60 * SECOND)
    state.end(2, 5)
    state.adopt(9, 4, 6)

    again = Window.load(state.dump())

    assert again.dump() == state.dump()
    assert again.held(7) == state.held(7)


def test_a_restart_holds_everything_anew():
    """Where the moments lost their scale, everything counts from now."""
    state = window()
    state.take(1, 50 * SECOND, 60 * SECOND)
    state.adopt(2, 50 * SECOND, 51 * SECOND)
    state.restart(SECOND)

    assert (state.held(SECOND), state.held(16 * SECOND), state.held(16 * SECOND + 1)) == (2, 2, 0)
