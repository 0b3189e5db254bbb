"""Connections that gates share under a cap: turns, and what happens to those that are not used."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.throttle.connections import FEWEST_CONNECTIONS, MOST_CONNECTIONS, ConnectionCap, Connections
from harvest_async.throttle.window import Window

pytestmark = pytest.mark.anyio


class Gate:
    """A gate with a number of calls that wait; it takes what it may in its turns."""

    def __init__(self, cap, wanted=0, *, keeps=False):
        self.wanted, self.keeps, self.turns = wanted, keeps, 0
        self.connections = Connections(self.take_turn)
        self.connections.share(cap)

    def take_turn(self):
        self.turns += 1
        if not self.keeps:
            self.grant()
        return self.keeps

    def grant(self):
        connections = self.connections
        while self.wanted and not connections.full and not connections.capped:
            connections.take()
            self.wanted -= 1
        if self.wanted and not connections.full:
            connections.wait()

    def end(self):
        self.connections.release()
        if self.wanted and not self.connections.queued:
            self.grant()


async def test_a_gate_alone_takes_half_of_the_connections():
    """One gate uses no more than half, so that others find some free."""
    gate = Gate(ConnectionCap(8), 20)
    gate.grant()

    assert (gate.connections.busy, gate.connections.full, gate.connections.queued) == (4, True, False)


async def test_turns_are_of_one_connection():
    """A gate with many calls takes one connection a turn, and waits behind the others for the next."""
    cap = ConnectionCap(2)
    holder, crowded, single = Gate(cap, 1), Gate(cap, 9), Gate(cap, 1)
    for gate in (holder, crowded, single):
        gate.grant()
    assert (holder.connections.busy, crowded.connections.busy, single.connections.busy) == (1, 1, 0)

    crowded.end()

    assert (crowded.connections.busy, single.connections.busy) == (0, 1)
    assert crowded.connections.queued


async def test_a_turn_that_is_not_needed_passes():
    """A gate whose calls were cancelled lets the next one have its turn at once."""
    cap = ConnectionCap(1)
    holder, cancelled, last = Gate(cap, 1), Gate(cap, 1), Gate(cap, 1)
    for gate in (holder, cancelled, last):
        gate.grant()
    cancelled.wanted = 0

    holder.end()

    assert (cancelled.turns, cancelled.connections.busy, last.connections.busy, cap.busy) == (1, 0, 1, 1)


async def test_a_turn_may_be_kept_and_used_later():
    """A gate that has to store its grants first keeps the connection of its turn, and takes it later."""
    cap = ConnectionCap(1)
    holder, slow, last = Gate(cap, 1), Gate(cap, 2, keeps=True), Gate(cap, 1)
    for gate in (holder, slow, last):
        gate.grant()

    holder.end()
    assert (slow.connections.capped, cap.busy, last.connections.busy) == (False, 1, 0)
    slow.grant()
    slow.connections.end_turn()

    assert (slow.connections.busy, slow.wanted, cap.busy) == (1, 1, 1)


async def test_a_turn_that_was_kept_in_vain_passes():
    """If the gate has no use for it after all, the next gate gets its turn soon after."""
    cap = ConnectionCap(1)
    holder, slow, last = Gate(cap, 1), Gate(cap, 1, keeps=True), Gate(cap, 1)
    for gate in (holder, slow, last):
        gate.grant()
    holder.end()

    slow.connections.end_turn()
    slow.connections.end_turn()
    assert last.connections.busy == 0
    await asyncio.sleep(0)

    assert (last.connections.busy, cap.busy) == (1, 1)


async def test_an_error_in_a_turn_returns_its_connection():
    """A gate that fails in its turn takes no connection with it."""
    cap = ConnectionCap(1)
    holder = Gate(cap, 1)
    holder.grant()

    def fail():
        raise RuntimeError

    broken = Connections(fail)
    broken.share(cap)
    broken.wait()
    with pytest.raises(RuntimeError):
        holder.end()

    assert (cap.busy, cap.waiting) == (0, 0)


async def test_a_lifted_cap_limits_nobody():
    """All gates that wait go on."""
    cap = ConnectionCap(1)
    gates = [Gate(cap, 1) for _ in range(5)]
    for gate in gates:
        gate.grant()

    cap.lift()

    assert [gate.connections.busy for gate in gates] == [1] * 5


async def test_connections_in_use_move_to_another_cap():
    """A gate that gets another cap counts there, and the old one has them free."""
    first, second = ConnectionCap(4), ConnectionCap(4)
    gate = Gate(first, 2)
    gate.grant()
    gate.connections.share(second)
    gate.connections.share(second)

    assert (first.busy, second.busy, gate.connections.limit) == (0, 2, 2)


async def test_connections_may_leave_their_cap():
    """A gate without a cap has its own limit alone."""
    cap = ConnectionCap(2)
    gate = Gate(cap, 1)
    gate.grant()
    gate.connections.share(None)

    assert (cap.busy, gate.connections.busy, gate.connections.limit) == (0, 1, FEWEST_CONNECTIONS)


def test_without_a_cap_only_the_gates_own_limit_counts():
    """Waiting for a turn does nothing, and nothing is capped."""
    connections = Connections(lambda: False)
    connections.take()
    connections.wait()

    assert (connections.capped, connections.queued, connections.busy) == (False, False, 1)


@pytest.mark.parametrize(
    ("trip", "limit"), [(0, FEWEST_CONNECTIONS), (SECOND // 8, 25), (9 * SECOND, MOST_CONNECTIONS)]
)
def test_the_limit_of_a_gate_follows_the_round_trip(trip, limit):
    """At 100 calls in 15 s, 200 calls a second may be in flight, within the limits."""
    connections = Connections(lambda: False)
    connections.update(Window(100, 15 * SECOND, 0))
    for _ in range(200):
        connections.observe(trip)

    assert abs(connections.limit - limit) <= 1


def test_the_limit_of_a_gate_is_rounded_down():
    """As are the calls in a second: 21 at 5 calls in 7 s, in a round trip that grows by an eighth of the difference."""
    connections = Connections(lambda: False)
    connections.update(Window(5, 7 * SECOND, 0))
    connections.observe(10 * SECOND)

    assert (connections.trip, connections.limit) == (1.425 * SECOND, 29)


def test_the_limit_of_a_gate_follows_each_number_of_the_window():
    """Of a window that changes the calls or the period alone; within one it stays."""
    connections = Connections(lambda: False)
    numbers = [(60, 15), (60, 30), (120, 30), (120, 60), (120, 60)]

    assert [connections.update(Window(calls, period * SECOND, 0)) for calls, period in numbers] == [24, 12, 24, 12, 12]


@given(
    limit=st.integers(1, 6),
    wanted=st.lists(st.integers(0, 12), min_size=1, max_size=8),
    choices=st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=200),
)
def test_no_schedule_exceeds_the_cap_or_leaves_a_connection_unused(limit, wanted, choices):
    """In any order of ends and cancellations at most `limit` are in use, and none is free while a gate could use it."""

    async def run():
        cap = ConnectionCap(limit)
        gates = [Gate(cap, each) for each in wanted]
        for gate in gates:
            gate.grant()
        for index, ends in choices:
            gate = gates[index % len(gates)]
            if ends and gate.connections.busy:
                gate.end()
            elif not ends:
                gate.wanted = max(0, gate.wanted - 1)
            busy = sum(each.connections.busy for each in gates)
            assert busy == cap.busy <= limit
            assert busy == limit or not any(each.wanted and not each.connections.full for each in gates)
        while any(each.wanted or each.connections.busy for each in gates):
            for each in gates:
                if each.connections.busy:
                    each.end()
        assert (cap.busy, cap.waiting) == (0, 0)

    asyncio.run(run())
