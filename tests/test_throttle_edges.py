"""What gates do with calls whose step was not stored, or whose state can't be looked at."""

import asyncio

import pytest

from harvest_async.errors import WouldWait
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.throttle.errors import would_wait
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.memory import LedgerBusy, MemoryLedger
from harvest_async.throttle.plan import Plan
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

SECOND = 10**9


async def with_a_waiter(**ticket):
    """Return a throttle of one call whose gate has one waiter, the gate, the waiter and its task."""
    throttle = Throttle(1, 10, clock=clock(), pace="burst")
    first = await throttle.acquire(Ticket())
    first.responded()
    first.release()
    task = asyncio.ensure_future(throttle.acquire(Ticket(**ticket)))
    await asyncio.sleep(0)
    gate = throttle._gate()
    (waiter,) = gate._queue
    return throttle, gate, waiter, task


async def ended(task):
    """Cancel a task and wait for it."""
    task.cancel()
    await asyncio.wait([task])


def test_numbers_that_one_user_leaves_open_are_those_of_the_others():
    """A ceiling of calls and one of the period, each given by another throttle, hold together."""
    assert Bounds(5, None).agree((None, 10 * SECOND)) == (5, 10 * SECOND)


async def test_a_throttle_with_a_call_in_flight_does_not_rest():
    """Dropping it would lose the lease."""
    throttle = Throttle(clock=clock())
    lease = await throttle.acquire(Ticket())

    assert not throttle.resting()
    lease.put_back()


async def test_a_plan_that_is_undone_returns_its_calls_to_the_queue():
    """Calls that the plan had given up wait again; one that was cancelled meanwhile does not."""
    _, gate, waiter, task = await with_a_waiter()
    gate._queue.remove(Lane.INTERACTIVE, waiter)

    gate.undo(Plan(granted=[], expired=[(waiter, would_wait(SECOND))]))
    assert list(gate._queue) == [waiter]

    await ended(task)
    gate.undo(Plan(granted=[], expired=[(waiter, would_wait(SECOND))]))
    assert list(gate._queue) == []


async def test_connections_are_left_by_the_cap_that_has_them():
    """A cap that another one has replaced changes nothing."""
    throttle = Throttle(clock=clock())
    first, second = ConnectionCap(4), ConnectionCap(4)
    throttle.share_connections(second)

    throttle.leave_connections(first)

    assert throttle._cap is second


async def test_newcomers_that_can_wait_go_on_waiting():
    """A call within its `max_wait` stays, and one that has ended is left alone."""
    _, gate, waiter, task = await with_a_waiter(max_wait=60 * SECOND)
    gate._limits._unchecked = {waiter: 0}
    gate._limits.check_newcomers()
    assert not task.done()

    await ended(task)
    gate._limits._unchecked = {waiter: 0}
    gate._limits.check_newcomers()
    assert list(gate._queue) == []


class BusyLedger(MemoryLedger):
    """A ledger that somebody else uses all the time, even for a look."""

    shared = True

    def for_budget(self, name):  # noqa: ARG002
        return self

    def transact(self, change):  # noqa: ARG002
        raise LedgerBusy("in use")

    def read(self, look):  # noqa: ARG002
        raise LedgerBusy("in use")


async def test_a_call_waits_for_a_ledger_that_can_not_be_looked_at():
    """It waits as long as it may, since nobody knows how long it would take, and is refused then."""
    throttle = Throttle(clock=clock(), ledger=BusyLedger())
    began = clock().now()

    with pytest.raises(WouldWait, match="in use"):
        await throttle.acquire(Ticket(max_wait=SECOND))

    assert SECOND <= clock().now() - began < 2 * SECOND


async def test_a_ledger_that_is_still_in_use_is_left_alone_after_a_try():
    """The calls go on waiting, and none is granted."""
    _, gate, waiter, task = await with_a_waiter()
    gate._access._since, gate._access.busy = clock().now(), LedgerBusy("in use")

    gate._resumed()

    assert list(gate._queue) == [waiter]
    gate._access.busy = None
    await ended(task)
