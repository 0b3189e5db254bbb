"""The small parts of the throttle: queues, the bucket, the stored state, the registry."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.bucket import Bucket
from harvest_async.throttle.closure import Why
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.queue import LaneQueue
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity, Registry
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.throttle.state import AccountState


class Someone:
    """A waiter in a queue."""

    def __init__(self, number):
        self.number = number


# Lines


@given(st.lists(st.tuples(st.sampled_from(["join", "back", "leave", "pop"]), st.integers(0, 9)), max_size=40))
def test_a_line_serves_those_who_came_back_first_and_then_by_arrival(steps):
    """After any operations, a queue returns the lowest requeued waiter, then the first that arrived."""
    line, front, back, number = LaneQueue(), [], [], 0
    for step, which in steps:
        everyone = sorted(front, key=lambda one: one.number) + back
        if step == "join":
            number += 1
            back.append(Someone(number))
            line.append(back[-1])
        elif step == "back" and everyone:
            first = line.pop()
            assert first is everyone[0]
            (front if first in front else back).remove(first)
            front.append(first)
            line.requeue(first)
        elif step == "leave" and everyone:
            removed = everyone[which % len(everyone)]
            (front if removed in front else back).remove(removed)
            line.remove(removed)
        elif step == "pop" and everyone:
            assert line.pop() is everyone[0]
            (front if everyone[0] in front else back).remove(everyone[0])
        assert len(line) == len(front) + len(back)
        assert set(line) == {*front, *back}


def test_an_empty_line_has_no_head():
    """An empty queue returns nothing."""
    assert LaneQueue().head() is None
    with pytest.raises(IndexError):
        LaneQueue().pop()


# The bucket


def test_a_bucket_lets_one_through_in_every_step():
    """After one call the next has to wait for a step; another step makes a new bucket."""
    loop = VirtualLoop()

    async def run():
        bucket = Bucket()
        bucket.take()  # nothing to take from yet
        waits = [bucket.wait(SECOND)]
        bucket.take()
        waits.append(bucket.wait(SECOND))
        await asyncio.sleep(0.4)
        waits.append(bucket.wait(SECOND))
        waits.append(bucket.wait(2 * SECOND))
        return waits

    waits = loop.run_until_complete(run())
    loop.close()

    assert waits == [0.0, 1.0, pytest.approx(0.6, abs=1e-4), 0.0]


# The account state


def opened(calls=100, period=15 * SECOND):
    state = AccountState()
    state.bound(Bounds(None, None, 2 * SECOND))
    lease = state.take_probe(0, 60 * SECOND, is_status_call=True)
    state.status_received(lease, SECOND, status=RateLimitStatus(calls, period, 1, "1 of 100"), requested=0)
    return state


def test_a_book_begins_unknown_and_is_opened_by_a_status():
    """Nothing is known of an account before it was asked."""
    state = AccountState()

    assert state.why is Why.UNKNOWN
    assert opened().why is None


def test_a_stored_state_is_the_same_state():
    """What a ledger stores is everything."""
    state = opened(50)
    state.bound(Bounds(80, None, SECOND))
    lease = state.take(2 * SECOND, 60 * SECOND)
    state.refused(lease, 3 * SECOND, 15 * SECOND)

    again = AccountState.load(state.dump())

    assert again.dump() == state.dump()
    assert (again.why, again.window.calls, again.until) == (Why.THROTTLED, 50, 18 * SECOND)


def test_a_book_that_was_not_looked_at_is_unknown_again():
    """Knowledge goes stale; a closed gate stays closed."""
    state = opened()
    state.forget()
    assert state.why is Why.UNKNOWN

    shut = opened()
    shut.refused(shut.take(0, SECOND), SECOND, SECOND)
    shut.forget()
    assert shut.why is Why.THROTTLED


def test_a_restart_keeps_the_rest_of_a_block():
    """After the machine started again, what was left of a block is still waited for."""
    state = opened()
    state.refused(state.take(0, SECOND), SECOND, 100 * SECOND)
    state.restart(5, left=40 * SECOND)

    assert (state.until, state.since, state.why) == (40 * SECOND + 5, 5, Why.THROTTLED)

    state.restart(6, left=-1)
    assert (state.until, state.since) == (6, 6)

    calm = opened()
    calm.restart(5, left=-1)
    assert (calm.until, calm.since, calm.why) == (0, None, Why.UNKNOWN)


def test_a_state_of_which_nothing_is_known_holds_up_nobody():
    """Neither a restart nor a ledger that lost what it stored makes a block of it."""
    state = AccountState()
    state.restart(5, left=0)
    state.distrust(6)

    assert (state.why, state.since) == (Why.UNKNOWN, None)


def test_a_status_that_was_asked_in_passing_opens_nothing():
    """Only the probe opens a shut gate."""
    state = opened()
    passing = state.take(2 * SECOND, 60 * SECOND)
    state.refused(state.take(2 * SECOND, 60 * SECOND), 3 * SECOND, 15 * SECOND)
    state.status_received(passing, 4 * SECOND, status=RateLimitStatus(None, None, 2, "?"), requested=2 * SECOND)

    assert state.why is Why.THROTTLED
    assert state.window.calls == 100


def test_an_outage_met_by_the_probe_keeps_the_gate_shut():
    """The right to probe goes back, so that another may try."""
    state = opened()
    state.failed(state.take(0, SECOND), SECOND)
    state.failed(state.take_probe(4 * SECOND, 60 * SECOND, is_status_call=True), 5 * SECOND)

    assert (state.why, state.until) == (Why.OUTAGE, 9 * SECOND)


def test_a_probe_that_is_lost_in_a_block_adds_a_pause():
    """A probe without a response may have prolonged the block."""
    state = opened()
    state.refused(state.take(0, SECOND), SECOND, 3 * SECOND)
    probe = state.take_probe(5 * SECOND, 60 * SECOND, is_status_call=True)
    state.lost(probe, 6 * SECOND)
    state.lost(probe, 7 * SECOND)  # it has ended already

    assert state.until == (6 + 15 + 2 + 1) * SECOND


def test_the_end_of_a_call_in_flight_tells_when_to_probe():
    """No probe is sent while a response is awaited."""
    state = opened()
    state.take(2 * SECOND, 60 * SECOND)
    state.refused(state.take(2 * SECOND, 60 * SECOND), 3 * SECOND, SECOND)

    assert state.probe_at(3 * SECOND) is None
    assert not state.may_probe(30 * SECOND)


def test_a_full_window_puts_the_probe_off():
    """The probe takes a lease like any call."""
    state = opened(1)
    state.refused(state.take(2 * SECOND, 60 * SECOND), 3 * SECOND, SECOND)

    assert state.probe_at(5 * SECOND) == 16 * SECOND + 1


# Ledgers


def test_what_a_change_raises_comes_out_of_memory():
    """A ledger hides nothing."""
    ledger = MemoryLedger()

    def wrong(_):
        raise KeyError

    with pytest.raises(KeyError):
        ledger.transact(wrong)
    assert ledger.transact(lambda state: state.why) is Why.UNKNOWN


# The registry


def test_an_account_has_one_throttle():
    """An account has one throttle; an alias joins two names."""
    registry = Registry()
    acme = registry.throttle(Identity("s", "acme"))
    registry.alias(Identity("s", "123"), Identity("s", "acme"))

    assert registry.throttle(Identity("s", "acme")) is acme
    assert registry.throttle(Identity("s", "123")) is acme
    assert registry.throttle(Identity("t", "acme")) is not acme
    registry.clear()
    assert registry.throttle(Identity("s", "acme")) is not acme
    assert isinstance(DEFAULT_REGISTRY, Registry)


def test_an_alias_of_an_alias_leads_to_its_end():
    """In any order, joined names share one throttle; repeating or reversing an alias is allowed."""
    registry = Registry()
    one, two, three = (Identity("s", name) for name in ("1", "2", "3"))
    registry.alias(one, two)
    registry.alias(two, three)
    registry.alias(three, one)
    registry.alias(one, two)

    assert registry.throttle(one) is registry.throttle(two) is registry.throttle(three)


def test_an_alias_that_comes_too_late_is_refused():
    """A name with a budget of its own can't be joined any more: its calls were counted there."""
    registry = Registry()
    registry.throttle(Identity("s", "1"))
    with pytest.raises(InvalidArgument, match="in use"):
        registry.alias(Identity("s", "1"), Identity("s", "2"))


def test_a_call_of_a_dead_process_may_have_begun_the_block_anew():
    """Its lease lapsed while the gate was shut, so the gate stays shut for a period from then on."""
    state = opened()
    state.take(2 * SECOND, 10 * SECOND)
    state.refused(state.take(2 * SECOND, 60 * SECOND), 3 * SECOND, 5 * SECOND)

    assert [state.may_probe(moment * SECOND) for moment in (9, 13, 26)] == [False, False, False]
    assert state.until == (10 + 2 + 15) * SECOND
    assert state.may_probe(27 * SECOND) is True


def test_what_was_never_tried_tells_nothing_about_the_status_call():
    """A probe that was handed back unused leaves the question as it was."""
    state = AccountState()
    state.unused(state.take_probe(0, SECOND, is_status_call=True), 0)

    assert (state.alone, state.may_probe(0)) == (False, True)
