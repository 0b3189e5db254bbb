"""What an open gate grants, alone and beside other processes, and when it looks again."""

import asyncio

import pytest

from harvest_async.clock import SECOND
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.connections import MOST_CONNECTIONS
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.processes import Demand
from tests.support.granting import GRACE, LIMIT, PERIOD, TRIP, Gate, capped, closed, opened, probe, watched
from tests.support.lanes import BULK, IDLE, INTERACTIVE, NOW, OWN, SPAN

# At once


def test_a_call_goes_at_once_through_an_open_gate():
    """Its lease begins now and ends at its deadline; it takes a connection."""
    gate, at = Gate(), opened(1)
    lease = gate.granting.at_once(Ticket(deadline=SECOND), at)

    assert (lease.number, lease.sent, lease.deadline) == (at.last_lease, NOW, NOW + SECOND)
    assert (lease.is_status_call, lease.probes) == (False, False)
    assert (gate.leases, gate.granting.count, gate.connections.busy) == ({lease.number: lease}, 1, 1)
    assert (at.window.free(NOW), at.window.latest_deadline) == (0, NOW + SECOND)


@pytest.mark.parametrize(
    ("at", "busy"),
    [(opened(0), 0), (closed(), 0), (watched(), 0), (opened(), LIMIT)],
    ids=["no lease", "a closed gate", "the status is asked for", "no connection"],
)
def test_a_call_waits_where_it_can_not_go_at_once(at, busy):
    """Nothing is granted."""
    gate = Gate(busy=busy)

    assert gate.granting.at_once(Ticket(probe=probe), at) is None
    assert (gate.leases, gate.granting.count, gate.connections.busy) == ({}, 0, busy)


def test_a_call_waits_for_a_connection_of_the_cap():
    """Although its own gate has one."""
    assert capped(lambda cap: Gate(cap=cap).granting.at_once(Ticket(), opened())) is None


# An open gate


@pytest.mark.parametrize(("free", "busy", "granted"), [(3, 0, 3), (10, LIMIT - 2, 2), (10, LIMIT, 0)])
def test_calls_go_as_leases_and_connections_allow(free, busy, granted):
    """In their order, each with a lease of its own."""
    gate, at = Gate(5, busy=busy), opened(free)
    _, numbers = gate.grant(at)

    assert numbers == list(range(1, granted + 1))
    assert (gate.granting.count, gate.connections.busy, len(gate.leases)) == (granted, busy + granted, granted)
    assert [lease.is_status_call or lease.probes for lease in gate.leases.values()] == [False] * granted


def test_a_cancelled_call_is_skipped():
    """It takes neither a lease nor a connection."""
    gate = Gate()
    gate.add(done=True)
    gate.add()

    assert gate.grant(opened()) == (None, [gate.granted[0][0].number])
    assert (gate.granting.count, gate.queue.size) == (1, 0)


def test_the_first_call_asks_for_the_status_when_it_is_time():
    """Its lease is for the status call, with its own deadline; the next call goes itself."""
    gate, at = Gate(), watched()
    for _ in range(2):
        gate.add(probe=probe, deadline=60 * SECOND)
    gate.grant(at)

    assert [lease.is_status_call for lease in gate.leases.values()] == [True, False]
    assert [lease.deadline - NOW for lease in gate.leases.values()] == [10 * SECOND, 60 * SECOND]
    assert at.watch_at == NOW + 4 * PERIOD


def test_the_deadline_of_a_status_call_is_no_longer_than_that_of_its_call():
    """The time of the call that asks for it."""
    gate = Gate()
    gate.add(probe=probe, deadline=SECOND)
    gate.grant(watched())

    assert [lease.deadline - NOW for lease in gate.leases.values()] == [SECOND]


@pytest.mark.parametrize(
    ("free", "at", "ticket", "asks"),
    [
        (1, NOW, {"probe": probe}, True),
        (1, NOW - 1, {"probe": probe}, True),
        (1, NOW + 1, {"probe": probe}, False),
        (1, None, {"probe": probe}, False),
        (9, NOW, {}, False),
        (1, NOW, {"probe": probe, "max_wait": SECOND}, False),
        (2, NOW, {"probe": probe, "max_wait": SECOND}, True),
    ],
)
def test_which_call_asks_for_the_status(free, at, ticket, asks):
    """One of an API version with a status call; a call that can't wait only if a second lease is free."""
    gate = Gate()
    gate.add(**ticket)
    gate.grant(watched(free, at=at))

    assert [lease.is_status_call for lease in gate.leases.values()] == [asks]


def test_an_undone_grant_leaves_nothing():
    """The ledger could not store it."""
    gate = Gate(3)
    gate.grant(opened())
    first, *others = gate.leases.values()
    gate.granting.revoke(first)

    assert (first.ended, gate.leases, gate.granting.count) == (True, {each.number: each for each in others}, 2)
    assert gate.connections.busy == 2


# The next look, alone


@pytest.mark.parametrize(
    ("waiting", "free", "busy", "again"),
    [(0, 0, 0, None), (1, 0, 0, 10 + PERIOD + 1), (1, 0, LIMIT, None), (5, 2, LIMIT - 1, None)],
)
def test_a_gate_looks_again_when_a_lease_is_free(waiting, free, busy, again):
    """Unless nobody waits, or only the release of a connection helps."""
    assert Gate(waiting, busy=busy).grant(opened(free, ends=range(10, 20)))[0] == again


def test_a_gate_looks_again_when_the_pace_allows_a_bulk_call():
    """Or earlier, where a lease is free for the interactive lane."""

    async def run():
        paced = [Gate(0, 2, pace="even", now=NOW), Gate(0, 2, pace="even", now=NOW)]
        return [gate.grant(at)[0] for gate, at in zip(paced, [opened(), opened(5, ends=[10])], strict=True)]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(run()) == [NOW + PERIOD // 10] * 2


def test_a_gate_does_not_look_again_for_the_pace_where_no_bulk_call_waits():
    """An interactive call needs a lease, whenever a bulk call might go."""

    async def run():
        gate, at = Gate(1, 1, pace="even"), opened(0, ends=range(10, 20))
        assert gate.queue.held_back(at, NOW) == 0
        gate.queue.granted(BULK, at, NOW)
        gate.queue.pop(BULK)
        return gate.grant(at)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(run()) == (10 + PERIOD + 1, [])


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("free", "waits"), [(1, True), (0, False)])
def test_a_gate_waits_for_a_connection_of_the_cap_if_it_has_a_lease(free, waits, shared):
    """The turn grants then; a gate without a lease looks again at its time."""

    def do(cap):
        gate, at = Gate(1, cap=cap, shared=shared), opened(free, ends=range(10, 20), m=OWN)
        again, numbers = gate.grant(at)
        return again, numbers, gate.connections.queued, at.processes.registration("m")

    again, numbers, queued, registered = capped(do)
    assert (again, numbers, queued) == (None if waits else 10 + PERIOD + 1, [], waits)
    if shared:
        span = (NOW, NOW + PERIOD) if waits else (10 + PERIOD + 1, 10 + PERIOD + 1 + GRACE)
        assert (registered.since, registered.until, registered.interactive.ready) == (*span, 0)


# Places


@pytest.mark.parametrize(
    ("waiting", "place", "at", "first"),
    [
        (0, None, closed(), True),
        (1, None, closed(), False),
        (1, 1, closed(), True),
        (0, 2, closed(), False),
        (0, None, opened(), False),
        (0, None, closed(until=NOW + 1), False),
    ],
)
def test_one_call_goes_first_through_a_closed_gate(waiting, place, at, first):
    """The head of the queue, or a new one where nobody waits, once the time has passed."""
    assert Gate(waiting).granting.goes_first(at, NOW, place) is first


@pytest.mark.parametrize(("busy", "first"), [(MOST_CONNECTIONS - 1, True), (MOST_CONNECTIONS, False)])
def test_the_probe_needs_a_connection(busy, first):
    """Any of the most that a gate may have."""
    assert Gate(busy=busy).granting.goes_first(closed(), NOW) is first


@pytest.mark.parametrize(
    ("at", "waiting", "leading", "place", "expected"),
    [
        (opened(), 0, 0, None, 0),
        (opened(0, ends=range(10, 20)), 0, 0, None, 10 + PERIOD + 1 - NOW),
        (opened(0, ends=range(10, 20)), 2, 0, None, 12 + PERIOD + 1 - NOW),
        (opened(0, ends=range(10, 20)), 2, 3, None, 15 + PERIOD + 1 - NOW),
        (opened(0, ends=range(10, 20)), 2, 3, 2, 11 + PERIOD + 1 - NOW),
        (closed(until=SECOND), 0, 0, None, SECOND + TRIP - NOW),
        (closed(until=NOW - 5), 0, 0, None, TRIP),
    ],
)
def test_the_expected_wait_of_a_call_is_that_of_its_place(at, waiting, leading, place, expected):
    """Behind those that wait; at a closed gate a round trip after the time has passed."""
    gate = Gate(waiting)
    gate.granting.leading = leading

    assert gate.granting.expected(at, INTERACTIVE, NOW, place) == expected


def test_the_expected_wait_counts_the_calls_of_other_processes():
    """In the same lane, up to the new call."""
    at = opened(0, ends=range(10, 20), a=((3, 3, 0), (5, 5, 0)), m=OWN)

    assert Gate(2, shared=True).granting.expected(at, INTERACTIVE, NOW) == 15 + PERIOD + 1 - NOW
    assert Gate(2, shared=True).granting.expected(at, BULK, NOW) == 17 + PERIOD + 1 - NOW
    assert Gate(2).granting.expected(at, INTERACTIVE, NOW) == 12 + PERIOD + 1 - NOW


@pytest.mark.parametrize(
    ("bulk_at", "busy", "expected"), [(NOW, 0, 0), (NOW + 900, 0, 900), (NOW, LIMIT, TRIP // LIMIT)]
)
def test_the_expected_wait_of_a_bulk_call_is_that_of_its_pace(bulk_at, busy, expected):
    """And that of the connections, if all are in use."""
    gate = Gate(pace="even", shared=True, busy=busy)

    assert gate.granting.expected(opened(bulk_at=bulk_at, m=OWN), BULK, NOW) == expected


@pytest.mark.parametrize(("place", "expected"), [(7, 6 * PERIOD // 10), (8, PERIOD + TRIP)])
def test_a_bulk_call_is_expected_to_leave_the_reserve(place, expected):
    """Three leases of ten go to the interactive lane in each round."""
    gate = Gate(pace="even", reserve=3, shared=True)

    assert gate.granting.expected(opened(m=OWN), BULK, NOW, place) == expected


# The next look, beside other processes


def registered(at):
    """The span that this process has registered."""
    found = at.processes.registration("m")
    return found.since, found.until


@pytest.mark.parametrize(
    ("period", "at"), [(PERIOD, 10 + PERIOD + 1), (SECOND, 10 + SECOND + 1), (9 * SECOND, NOW + 5 * SECOND)]
)
def test_a_gate_looks_again_at_its_turn(period, at):
    """It registers from then on, for a while; it looks after five seconds at the latest."""
    gate, made = Gate(1, shared=True), opened(0, period=period, ends=range(10, 20))

    assert gate.grant(made)[0] == at
    assert (registered(made), gate.awaits_connection) == ((at, at + GRACE), False)


def test_a_gate_looks_again_within_a_period():
    """A lease that is held for longer may end early."""
    gate, made = Gate(1, shared=True), opened(0, ends=range(NOW, NOW + 10))
    made.processes = opened(a=((9, 9, 0), IDLE), m=OWN).processes

    assert gate.grant(made)[0] == NOW + PERIOD
    assert registered(made) == (NOW + PERIOD, NOW + PERIOD + GRACE)


def test_a_gate_without_waiters_is_remembered_for_a_period():
    """Nobody gains by waiting with one call at a time."""
    gate, made = Gate(2, shared=True), opened(m=OWN)

    assert gate.grant(made) == (None, [1, 2])
    assert (registered(made), gate.awaits_connection) == ((NOW, NOW + PERIOD), False)
    assert made.processes.registration("m").interactive == (0, 0)


def test_a_gate_without_connections_is_remembered_for_a_period():
    """It keeps no lease from others, and the release of a connection looks again."""
    gate, made = Gate(3, shared=True, busy=LIMIT - 1), opened(m=OWN)

    assert gate.grant(made) == (None, [1])
    assert (registered(made), gate.awaits_connection) == ((NOW, NOW + PERIOD), True)
    assert made.processes.registration("m").interactive == (2, 0)


@pytest.mark.parametrize(("until", "again"), [(SPAN[1], NOW + 10**6), (NOW + 10**7, NOW + 10**7 + 1)])
def test_a_gate_looks_again_when_another_process_is_late(until, again):
    """Not before a millisecond."""
    gate, made = Gate(1, shared=True), opened(2, m=OWN)
    made.processes.register("a", Demand(9, 9), Demand(0, 0), NOW, since=NOW, until=until)
    made.processes.register("m", Demand(9, 9), Demand(0, 0), NOW, since=NOW, until=until)

    assert gate.grant(made) == (again, [])
    assert registered(made) == (again, again + GRACE)


def test_leases_are_kept_for_the_whole_turn_of_a_process():
    """From the first one on, although it looks when all of them are free."""
    gate, made = Gate(9, shared=True), opened(0, ends=range(10, 20))

    assert gate.grant(made)[0] == 13 + PERIOD + 1
    assert registered(made) == (10 + PERIOD + 1, 13 + PERIOD + 1 + GRACE)


@pytest.mark.parametrize(
    ("at", "ranks", "again"),
    [
        (closed(until=SECOND), 0, SECOND),
        (closed(until=SECOND), 2, SECOND + TRIP + 2 * SECOND // 1_000),
        (closed(until=SECOND), 70, SECOND + TRIP + 50 * SECOND // 1_000),
        (closed(9), 0, NOW + NOW // 3),
        (closed(9), 2, NOW + NOW // 3 + 2 * SECOND // 1_000),
    ],
)
def test_processes_look_at_a_closed_gate_one_after_the_other(at, ranks, again):
    """A round trip after the first, a little apart; while calls are in flight the state of the window decides."""
    known = {f"{number:02}": ((9, 9, 0), IDLE) for number in range(ranks)}
    at.processes = opened(m=OWN, **known).processes
    gate = Gate(1, shared=True)
    before = at.window.look_at(NOW)
    expected = again if at.until else before + again - NOW - NOW // 3

    assert gate.grant(at)[0] == expected
    assert registered(at) == (NOW, expected + GRACE)
