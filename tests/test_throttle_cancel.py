"""A cancelled call leaves nothing behind."""

import asyncio
import random

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError, WouldWait
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle
from tests.support.house import House, uneven
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), pace=st.sampled_from(["even", "burst"]), refuse=st.booleans())
def test_cancelled_calls_leave_nothing_behind(seed, pace, refuse):
    """Cancelled at any await, a call leaves no lease and no connection, and comes out as cancelled."""

    async def run():
        chance = random.Random(seed)
        house = House(10, 2, way=uneven(0.01, 0.4, seed), back=uneven(0.01, 0.4, seed + 1), pace=pace)
        if refuse:
            house.account.script.extend([None, None, httpx.Response(503, headers={"retry-after": "1"})])
        lanes = [Lane.INTERACTIVE, Lane.BULK]
        tasks = [asyncio.create_task(house.get(f"/{n}", lane=chance.choice(lanes))) for n in range(30)]
        cut = chance.sample(tasks, 12)
        for task in cut:
            await asyncio.sleep(chance.uniform(0, 0.3))
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return house, ends, house.clean()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        house, ends, clean = runner.run(run())

    assert clean
    assert {type(end) for end in ends} <= {int, asyncio.CancelledError}
    assert house.account.most_in_any_period() <= 10


async def test_granted_and_cancelled_in_the_same_moment_goes_to_the_next():
    """A lease granted to a call that is cancelled before it runs is given to the next in line."""
    throttle = Throttle(clock=clock())
    first = await throttle.acquire(Ticket())
    second = asyncio.create_task(throttle.acquire(Ticket()))
    third = asyncio.create_task(throttle.acquire(Ticket()))
    await asyncio.sleep(0)
    first.unsent()  # now the second is granted
    second.cancel()
    lease = await third

    assert second.cancelled()
    assert throttle.snapshot().in_flight == 1
    lease.responded()
    lease.release()
    first.release()
    assert throttle._gate().connections.busy == 0


async def test_a_call_cancelled_at_the_same_time_is_granted_nothing():
    """A lease that is freed at the time at which the head of the queue is cancelled goes to the next call."""
    throttle = Throttle(clock=clock())
    first = await throttle.acquire(Ticket())
    second = asyncio.create_task(throttle.acquire(Ticket()))
    third = asyncio.create_task(throttle.acquire(Ticket()))
    await asyncio.sleep(0)
    second.cancel()
    first.unused()
    lease = await third

    assert (second.cancelled(), lease.ended, throttle.snapshot().in_flight) == (True, False, 1)


async def test_a_wait_that_ends_as_it_is_granted_is_granted():
    """The end of `max_wait` does not take back what was granted in the same moment."""
    throttle = Throttle(clock=clock())
    first = await throttle.acquire(Ticket())
    second = asyncio.create_task(throttle.acquire(Ticket(max_wait=SECOND)))
    await asyncio.sleep(0)
    gate = throttle._gate()
    waiter = next(iter(gate._queue[Lane.INTERACTIVE]))
    first.unsent()
    gate._limits.too_long(waiter)

    assert (await second).ended is False


async def test_in_burst_pace_a_bulk_call_expects_to_go_when_leases_come_back():
    """Without a pace only the window counts."""
    house = House(calls=4, pace="burst")
    await house.many(3)
    with pytest.raises(WouldWait) as caught:
        await house.get(lane=Lane.BULK, max_wait=1)

    assert caught.value.wait == pytest.approx(15, abs=0.3)


async def test_a_call_given_up_in_the_moment_it_is_cancelled_is_cancelled():
    """An error that comes together with a cancellation does not replace it."""
    house = House(calls=3, max_block=5)
    await house.get()
    gate = house.throttle._gate()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "4"}))
    task = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    waiter = next(iter(gate._queue[Lane.INTERACTIVE]))
    waiter.future.set_exception(HarvestError("given up"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert house.clean()


async def test_an_attempt_has_a_deadline():
    """A missing response is not awaited for longer than the ticket's deadline."""
    house = House(way=lambda number: 100 if number == 1 else 0.05)
    with pytest.raises(httpx.ReadTimeout, match="deadline"):
        await house.get(deadline=10)

    assert house.now == pytest.approx(10.1, abs=0.01)
    assert house.throttle.snapshot().in_flight == 0


async def test_leaving_the_line_wakes_nobody():
    """A waiter that is cancelled leaves the others in their places."""
    house = House(calls=2, pace="burst")
    await house.get()
    tasks = [asyncio.create_task(house.get(f"/{n}")) for n in range(3)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert house.paths()[2:] == ["/1", "/2"]


async def test_a_call_cancelled_at_an_open_gate_is_granted_nothing():
    """The same while the gate is open: the lease goes to the next who still waits."""
    throttle = Throttle(2, clock=clock(), pace="burst")
    (await throttle.acquire(Ticket())).responded()
    second = await throttle.acquire(Ticket())
    third, fourth = (asyncio.create_task(throttle.acquire(Ticket())) for _ in range(2))
    await asyncio.sleep(0)
    third.cancel()
    second.unused()
    lease = await fourth

    assert (third.cancelled(), lease.ended, throttle.snapshot().in_flight) == (True, False, 1)
