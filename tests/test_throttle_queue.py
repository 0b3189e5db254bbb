"""The queue of calls at one gate: each of its rules by itself, alone and beside other processes."""

import asyncio

import pytest

from harvest_async.clock import SECOND
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.processes import Demand, Registration
from harvest_async.throttle.queue import CallQueue, Lane
from harvest_async.throttle.settings import Settings
from tests.support.lanes import BULK, IDLE, INTERACTIVE, NOW, OWN, PERIOD, SPAN, Call, filled, state


def order(queue, at, grants):
    """Grant leases one after the other; return the lanes by their first letters."""
    lanes = ""
    for _ in range(grants):
        lane = queue.next(at, NOW)
        lanes += "-" if lane is None else lane.value[0]
        if lane is not None:
            queue.pop(lane)
            queue.granted(lane, at, NOW)
            at.take(NOW, 10**9)
    return lanes


# Changes


def test_a_new_queue_is_empty():
    """Its pace is that of its settings, and its name is one of many."""
    settings = [Settings("a", Bounds(None, None, 0), pace, 3, None) for pace in ("even", "burst")]
    even, burst = CallQueue(settings[0], shared=True), CallQueue(settings[1], shared=False)

    assert (even.paced, even.shared, even.size, list(even)) == (True, True, 0, [])
    assert (burst.paced, burst.shared, burst.size, list(burst)) == (False, False, 0, [])
    assert (len(even.name), even.name != burst.name) == (8, True)


def test_calls_are_listed_lane_by_lane():
    """The interactive ones first."""
    queue = filled(2, 1)

    assert [call.number for call in queue] == [1, 2, 3]
    assert [len(queue[lane]) for lane in (INTERACTIVE, BULK)] == [2, 1]


def test_adding_a_call_returns_whether_it_is_at_the_head():
    """A new one is if its lane was empty, a refused one if no other refused one came before it."""
    queue = filled()

    added = [queue.add(INTERACTIVE, Call(number), requeue=False) for number in (7, 8)]
    added += [queue.add(INTERACTIVE, Call(number), requeue=True) for number in (5, 6, 4)]
    added.append(queue.add(BULK, Call(9), requeue=False))

    assert added == [True, False, True, False, True, True]
    assert (queue.size, [queue.pop(INTERACTIVE).number for _ in range(5)], queue.size) == (6, [4, 5, 6, 7, 8], 1)


def test_a_call_that_is_not_there_is_not_removed():
    """The size stays right."""
    queue = filled(1, 1)
    for _ in range(2):
        queue.remove(BULK, Call(2))

    assert (queue.size, len(queue[BULK]), len(queue[INTERACTIVE])) == (1, 0, 1)


@pytest.mark.parametrize(("interactive", "bulk", "first"), [(1, 1, INTERACTIVE), (0, 1, BULK), (0, 0, None)])
def test_the_interactive_lane_goes_first_through_a_closed_gate(interactive, bulk, first):
    """The bulk lane goes where nothing else waits."""
    assert filled(interactive, bulk).first() is first


# One process


@pytest.mark.parametrize(
    ("interactive", "bulk", "free", "expected"),
    [
        (0, 0, 10, "-"),
        (1, 1, 0, "-"),
        (2, 2, 10, "iibb-"),
        (2, 2, 3, "iib-"),
        (20, 2, 30, "iiiiiiiiibiiiiiiiiibii-"),
    ],
)
def test_the_order_of_both_lanes(interactive, bulk, free, expected):
    """Interactive calls first; after nine of them a bulk call is next."""
    at = state(free, calls=100)
    queue = filled(interactive, bulk)
    assert order(queue, at, len(expected)) == expected


def test_only_calls_that_pass_a_waiting_bulk_call_are_counted():
    """A bulk call that arrives later waits for nine."""
    queue = filled(12)
    at = state(60, calls=100)
    assert order(queue, at, 5) == "iiiii"
    queue.add(BULK, Call(20), requeue=False)
    queue.add(BULK, Call(21), requeue=False)

    assert order(queue, at, 4) == "iiii"
    assert [queue.place(lane) for lane in (INTERACTIVE, BULK)] == [3 + 0 + 1, 3 + 2 + 1]
    for number in range(30, 42):
        queue.add(INTERACTIVE, Call(number), requeue=False)
    assert queue.place(INTERACTIVE) == 15 + 2 + 1
    assert order(queue, at, 7) == "iiiiibi"


def even(what):
    """Run a function on a loop in virtual time, which the bucket of an even pace needs."""

    async def do():
        return what()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(do())


@pytest.mark.parametrize(
    ("interactive", "free", "expected"), [(0, 3, "-"), (0, 4, "b-"), (1, 4, "i-"), (1, 5, "ib-"), (1, 1, "i-")]
)
def test_an_even_pace_leaves_the_reserve_to_the_interactive_lane(interactive, free, expected):
    """And lets one bulk call go in each step."""
    queue = filled(interactive, 2, pace="even", reserve=3)

    assert even(lambda: order(queue, state(free), len(expected))) == expected


def test_a_bulk_call_ignores_the_reserve_when_it_is_its_turn():
    """After nine interactive calls it takes the last lease."""
    queue = filled(20, 2, pace="even", reserve=3)

    assert even(lambda: order(queue, state(10), 10)) == "iiiiiiiiib"


def test_the_pace_is_kept_when_it_is_the_turn_of_a_bulk_call():
    """Interactive calls go meanwhile."""
    queue = filled(30, 2, pace="even", reserve=3)

    assert even(lambda: order(queue, state(30, calls=30), 21)) == "iiiiiiiiibiiiiiiiiiii"


def test_the_pace_holds_the_bulk_lane_back_for_a_step():
    """A bulk call goes in each part of the period, an interactive one whenever it likes."""

    def seconds():
        at = state()
        at.window.resize(4, 2 * SECOND)
        queue = filled(1, 1, pace="even")
        waits = [queue.held_back(at, NOW)]
        queue.granted(INTERACTIVE, at, NOW)
        waits.append(queue.held_back(at, NOW))
        queue.granted(BULK, at, NOW)
        return [*waits, queue.held_back(at, NOW)], at.bulk_at

    assert even(seconds) == ([0, 0, SECOND // 2], NOW + SECOND // 2)


def test_a_burst_has_no_pace():
    """Bulk calls go as fast as the window allows."""
    queue, at = filled(0, 2), state()
    queue.granted(BULK, at, NOW)

    assert (queue.held_back(at, NOW), at.bulk_at) == (0, 0)
    assert [queue.step(lane, at) for lane in Lane] == [0, 0]


@pytest.mark.parametrize(("calls", "kept"), [(10, 3), (3, 2), (1, 0)])
def test_the_reserve_leaves_one_lease(calls, kept):
    """The interactive lane leaves none to the bulk lane, and a burst has no reserve."""
    at = state(calls, calls=calls)
    queue = filled(pace="even", reserve=3)

    assert [queue.kept(lane, at) for lane in (INTERACTIVE, BULK)] == [0, kept]
    assert filled(reserve=3).kept(BULK, at) == 0
    assert [queue.step(lane, at) for lane in (INTERACTIVE, BULK)] == [0, PERIOD // calls]


# Several processes


@pytest.mark.parametrize("pace", ["burst", "even"])
@pytest.mark.parametrize(
    ("interactive", "bulk", "free", "passed", "bulk_at", "other", "expected"),
    [
        (1, 0, 1, 0, 0, {}, INTERACTIVE),
        (1, 0, 2, 0, 0, {"a": ((9, 2, 0), IDLE)}, None),
        (1, 0, 3, 0, 0, {"a": ((9, 2, 0), IDLE)}, INTERACTIVE),
        (1, 0, 1, 8, 0, {"a": (IDLE, (9, 2, 0))}, INTERACTIVE),
        (1, 0, 1, 9, 0, {"a": (IDLE, (9, 2, 0))}, None),
        (1, 0, 2, 9, 0, {"a": (IDLE, (9, 2, 0))}, INTERACTIVE),
        (1, 0, 1, 9, NOW, {"a": (IDLE, (9, 2, 0))}, None),
        (1, 0, 1, 9, NOW + 1, {"a": (IDLE, (9, 2, 0))}, INTERACTIVE),
        (1, 0, 1, 9, 0, {"a": (IDLE, (9, 0, 0))}, INTERACTIVE),
        (1, 1, 9, 0, 0, {}, INTERACTIVE),
        (1, 1, 1, 9, 0, {}, BULK),
        (1, 1, 1, 9, 0, {"a": ((9, 2, 0), IDLE)}, BULK),
        (0, 1, 5, 0, 0, {"a": ((9, 2, 0), IDLE)}, {"burst": BULK, "even": None}),
        (0, 1, 2, 0, 0, {"a": ((9, 2, 0), IDLE)}, None),
        (0, 1, 3, 0, 0, {"a": ((9, 2, 0), IDLE)}, {"burst": BULK, "even": None}),
        (0, 1, 6, 0, 0, {"a": ((9, 2, 0), IDLE)}, BULK),
        (0, 1, 1, 0, 0, {"a": (IDLE, (9, 1, 0))}, None),
        (0, 1, 2, 0, 0, {"a": (IDLE, (9, 1, 0))}, {"burst": BULK, "even": None}),
        (0, 1, 9, 0, 0, {"a": (IDLE, (9, 1, 0))}, {"burst": BULK, "even": None}),
        (1, 1, 1, 9, 0, {"a": (IDLE, (9, 1, 0))}, None),
        (1, 1, 2, 9, 0, {"a": (IDLE, (9, 1, 0))}, {"burst": BULK, "even": INTERACTIVE}),
        (0, 1, 9, 0, NOW, {}, BULK),
        (0, 1, 9, 0, NOW + 1, {}, {"burst": BULK, "even": None}),
        (1, 1, 9, 9, NOW + 1, {}, {"burst": BULK, "even": INTERACTIVE}),
    ],
)
def test_a_lease_is_left_to_the_process_that_is_next(interactive, bulk, free, passed, bulk_at, other, expected, pace):
    """In its lane those before it go first, then the bulk calls that nine calls have passed; paced ones one by one."""
    queue = filled(interactive, bulk, pace=pace, reserve=3, shared=True)
    at = state(free, passed=passed, bulk_at=bulk_at, m=OWN, **other)

    assert queue.next(at, NOW) is (expected[pace] if isinstance(expected, dict) else expected)


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
def test_no_lease_is_left_to_a_process_that_looks_later(lane):
    """It takes its turn when it looks again."""
    at = state(1, m=OWN)
    waiting = {lane: Demand(9, 9)}
    nothing = Demand(0, 0)
    at.processes.register(
        "a", waiting.get(INTERACTIVE, nothing), waiting.get(BULK, nothing), NOW, since=NOW + 1, until=90
    )

    assert filled(lane is INTERACTIVE, lane is BULK, shared=True).next(at, NOW) is lane


def test_a_grant_uses_a_turn_of_this_process():
    """And sets the time of the next bulk call of all."""
    at = state(m=OWN)
    queue = filled(1, 1, pace="even", shared=True)
    queue.granted(INTERACTIVE, at, NOW)
    interactive = at.processes.dump()["known"]["m"]
    assert at.bulk_at == 0
    queue.granted(BULK, at, NOW)

    assert (interactive[4], at.processes.dump()["known"]["m"][7]) == (101, 101)
    assert at.bulk_at == NOW + PERIOD // 10
    assert [queue.held_back(at, time) for time in (NOW, NOW + 99, NOW + 100, NOW + 101)] == [100, 1, 0, 0]


@pytest.mark.parametrize(
    ("pace", "capacity", "ready", "bulk_ready"),
    [("burst", 3, 3, 0), ("burst", 7, 5, 2), ("burst", 20, 5, 4), ("even", 7, 5, 1), ("even", 5, 5, 0)],
)
def test_what_waits_is_registered_with_what_could_be_sent(pace, capacity, ready, bulk_ready):
    """Interactive calls get the connections first; of paced bulk calls one is ready."""
    at, queue = state(), filled(5, 4, pace=pace, shared=True)
    queue.register(at, NOW, capacity, since=41, until=61)

    assert at.processes.registration("m") == Registration("m", 41, 61, Demand(5, ready), Demand(4, bulk_ready))


def test_no_bulk_call_is_ready_where_none_waits():
    """Also at an even pace, at which one may be."""
    at, queue = state(), filled(1, pace="even", shared=True)
    queue.register(at, NOW, 9, since=41, until=61)

    assert at.processes.registration("m") == Registration("m", 41, 61, Demand(1, 1), Demand(0, 0))


@pytest.mark.parametrize(("added", "outgrown"), [(3, False), (4, True)])
def test_a_queue_has_outgrown_its_registration_at_twice_its_size(added, outgrown):
    """Only where others wait for the same leases."""
    queue, alone = filled(3, 1, shared=True), filled(3, 1)
    for each in (queue, alone):
        each.register(state(), NOW, 9, since=41, until=61)
        for number in range(added):
            each.add(BULK, Call(20 + number), requeue=False)

    assert (queue.outgrown, alone.outgrown) == (outgrown, False)


def test_granted_calls_are_registered_as_ones_that_wait():
    """From now on, until the ledger has stored their grant."""
    at, queue = state(m=((4, 2, 7), (3, 1, 8))), filled(shared=True)

    assert queue.registration(at, [INTERACTIVE, BULK, INTERACTIVE], NOW) == Registration(
        "m", NOW, 60, Demand(6, 4), Demand(4, 2)
    )
    assert queue.registration(at, [], NOW) == Registration("m", *SPAN, Demand(4, 2), Demand(3, 1))
    assert queue.registration(state(), [BULK], NOW) is None


@pytest.mark.parametrize(("interactive", "bulk", "rank"), [(1, 1, 1), (0, 1, 2), (0, 0, 2)])
def test_a_queue_has_a_rank_at_a_closed_gate(interactive, bulk, rank):
    """By its first lane."""
    at = state(a=((9, 9, 99), IDLE), b=((9, 9, 101), IDLE), m=OWN)

    assert filled(interactive, bulk, shared=True).rank(at, NOW) == rank


@pytest.mark.parametrize(
    ("interactive", "bulk", "other", "change"),
    [
        (0, 0, ((9, 9, 0), IDLE), None),
        (1, 0, ((9, 9, 0), IDLE), 61),
        (1, 1, (IDLE, (9, 9, 0)), 61),
        (0, 1, ((9, 9, 0), IDLE), 61),
        (0, 1, (IDLE, (9, 9, 0)), 61),
        (1, 0, ((9, 0, 0), IDLE), None),
    ],
)
def test_a_process_that_is_late_lets_the_next_one_go(interactive, bulk, other, change):
    """The time is the end of its span; nobody waits for one that could not send anything."""
    queue = filled(interactive, bulk, shared=True)

    assert queue.next_change(state(m=OWN, a=other), NOW) == change


def test_a_process_behind_one_that_looks_later_is_not_next():
    """A lease that is kept for nobody now will be kept then."""
    queue = filled(1, shared=True)
    at = state(m=OWN, a=((9, 9, 0), IDLE), b=((9, 9, 0), IDLE))
    at.processes.register("b", Demand(9, 9), Demand(0, 0), NOW, since=NOW + 1, until=90)

    assert queue.next_change(at, NOW) is None


def test_a_place_counts_the_calls_before_a_new_one():
    """All of both lanes before a bulk call; before an interactive one those bulk calls that nine calls have passed."""
    places = {
        sizes: [filled(*sizes).place(lane) for lane in (INTERACTIVE, BULK)] for sizes in [(8, 3), (9, 3), (30, 2)]
    }

    assert places == {(8, 3): [9, 12], (9, 3): [11, 13], (30, 2): [33, 33]}
