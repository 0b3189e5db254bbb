"""The sandbox's throttle counts as the contract says, and as a naive count of all arrivals does."""

from hypothesis import given
from hypothesis import strategies as st

from harvest_async.sandbox.log import most_in_window
from harvest_async.sandbox.rate_limiter import RateLimiter

SECOND = 1_000_000_000


def judge(calls=3, period=10, lockout=10, **options):
    return RateLimiter(calls, period, lockout, **options)


def verdicts(judge, *arrivals):
    return [judge.arrive(arrival) for arrival in arrivals]


def naive(arrivals, calls, period, lockout, *, prolong):
    """What an account does that looks at all of its past for each call."""
    accepted, counted, shut_until = [], [], -1
    for now in arrivals:
        if now < shut_until:
            shut_until = now + lockout if prolong else shut_until
            accepted.append(False)
            continue
        counted.append(now)
        within = sum(1 for each in counted if now - period < each <= now)
        if within > calls:
            shut_until = now + lockout
        accepted.append(within <= calls)
    return accepted


@given(
    gaps=st.lists(st.integers(0, 12), max_size=60),
    calls=st.integers(1, 5),
    period=st.integers(1, 15),
    lockout=st.integers(1, 20),
    prolong=st.booleans(),
)
def test_it_agrees_with_a_naive_count_of_all_arrivals(gaps, calls, period, lockout, prolong):
    """For any arrivals and numbers, the sliding window and the lockout judge as if all arrivals were looked at."""
    arrivals, now = [], 0
    for gap in gaps:
        now += gap
        arrivals.append(now)

    accepted = verdicts(judge(calls, period, lockout, prolong=prolong), *arrivals)

    assert naive(arrivals, calls, period, lockout, prolong=prolong) == accepted


@given(arrivals=st.lists(st.integers(0, 200), max_size=60), period=st.integers(1, 30))
def test_the_most_in_a_window_is_the_most_in_any_stretch(arrivals, period):
    """The figure that is computed from the list of requests is that of the fullest half-open stretch."""
    fullest = max((sum(1 for each in arrivals if end - period < each <= end) for end in arrivals), default=0)

    assert fullest == most_in_window(arrivals, period)


def test_as_many_calls_as_allowed_pass_at_once():
    """The call that is one too many is refused, and no call before it."""
    assert verdicts(judge(), 0, 0, 0, 0) == [True, True, True, False]


def test_the_window_is_half_open():
    """A call frees its place exactly one period after its arrival."""
    assert verdicts(judge(), 0, 5, 9, 10) == [True, True, True, True]
    assert verdicts(judge(), 0, 5, 9, 9) == [True, True, True, False]


def test_each_call_in_a_lockout_begins_it_anew():
    """An account that goes on calling stays shut; it opens one lockout after its last call."""
    assert verdicts(judge(), 0, 0, 0, 0, 9, 18, 27, 37) == [True] * 3 + [False] * 4 + [True]


def test_a_lockout_that_does_not_prolong_ends_by_itself():
    """With the switch off, calls in a lockout are refused and change nothing."""
    assert verdicts(judge(prolong=False), 0, 0, 0, 0, 9, 10) == [True] * 3 + [False] * 2 + [True]


def test_a_lockout_counts_once_and_each_refusal_by_itself():
    """The figures count lockouts and refusals separately."""
    counting = judge()
    verdicts(counting, 0, 0, 0, 0, 1, 2, 30, 30, 30, 30)

    assert (counting.lockouts, counting.throttled) == (2, 4)


def test_the_wait_is_in_whole_seconds_rounded_up():
    """A client that waits for the given time finds the account open."""
    counting = RateLimiter(1, 15 * SECOND, 15 * SECOND)
    counting.arrive(0)
    counting.arrive(0)

    assert counting.wait(1) == 15
    assert counting.wait(14 * SECOND + 1) == 1
    assert counting.wait(15 * SECOND) == 0
    assert counting.arrive(counting.wait(1) * SECOND + 1)


def test_calls_that_left_the_window_are_not_counted():
    """The count is that of the period that ends now."""
    counting = judge()
    verdicts(counting, 0, 4)

    assert [counting.count(now) for now in (9, 10, 14)] == [2, 1, 0]


def test_a_lockout_can_be_of_another_length_once():
    """A lockout from outside has its own length and leaves the usual one alone."""
    counting = judge()
    counting.lock_out(0, 3)

    assert verdicts(judge_with(counting, prolong=False), 2, 3) == [False, True]


def judge_with(counting, *, prolong):
    counting.prolong = prolong
    return counting
