"""The gate, with a transport and a judging server, in time that passes at once: the full rate, never more."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.queue import Lane
from tests.support.house import House, uneven

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@settings(max_examples=40, deadline=None)
@given(
    calls=st.integers(1, 30),
    number=st.integers(1, 90),
    low=st.floats(0, 0.2),
    high=st.floats(0.2, 2.0),
    seed=st.integers(0, 10_000),
    pace=st.sampled_from(["even", "burst"]),
)
def test_no_burst_is_ever_refused(calls, number, low, high, seed, pace):
    """With any latencies each way, our own calls never get the account blocked, and all are processed."""

    async def run():
        house = House(calls, 15, way=uneven(low, high, seed), back=uneven(low, high, seed + 1), pace=pace)
        answers = await house.many(number)
        return house, answers

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        house, answers = runner.run(run())

    assert answers == [200] * number
    assert (house.account.refused, house.account.most_in_any_period() <= calls) == (0, True)


async def test_a_burst_takes_the_time_that_the_limit_asks_for():
    """250 calls at 100 per 15 s end soon after the second window began."""
    house = House(way=uneven(0.02, 0.15), back=uneven(0.02, 0.15, 8), pace="burst")
    await house.many(250)

    assert house.account.refused == 0
    assert 30 < house.now < 30 * 1.08


async def test_an_even_pace_sends_bulk_calls_evenly():
    """The bulk lane sends one call in every period / calls."""
    house = House()
    await house.many(30, lane=Lane.BULK)
    gaps = [later - earlier for earlier, later in pairwise(house.account.arrivals[1:])]

    assert min(gaps) >= 0.149 * SECOND
    assert max(gaps) <= 0.160 * SECOND


async def test_an_even_pace_leaves_the_reserve_to_others():
    """With the window full but for the reserve, a bulk call waits and an interactive one goes at once."""
    house = House(calls=10, reserve=3)
    bulk = asyncio.create_task(house.many(9, lane=Lane.BULK))
    await asyncio.sleep(14)
    before = house.now
    await house.get()
    waited = house.now - before
    await bulk

    assert waited < 0.2
    assert house.now > 15


async def test_a_reserve_never_takes_everything():
    """An account of one call still lets bulk calls through."""
    house = House(calls=1, period=1, reserve=3)
    await house.many(2, lane=Lane.BULK)

    assert len(house.account.served) == 3


async def test_interactive_calls_go_before_bulk_calls():
    """A newcomer in the interactive lane passes the whole bulk lane."""
    house = House(calls=3, pace="burst")
    bulk = asyncio.create_task(house.many(8, lane=Lane.BULK))
    await asyncio.sleep(1)
    await house.get("/me")
    place = len(house.account.served)
    await bulk

    assert place <= 4


async def test_interactive_calls_do_not_starve_the_bulk_lane():
    """After nine others a waiting bulk call has its turn."""
    house = House(calls=10, pace="burst")
    await house.get("/first")
    bulk = asyncio.create_task(house.get("/bulk", lane=Lane.BULK))
    others = asyncio.create_task(house.many(60))
    await bulk
    served = len(house.account.served)
    await others

    assert served <= 2 + 10 + 10


async def test_calls_wait_in_line_and_not_in_the_pool():
    """No more requests are on their way than there are connections."""
    house = House(calls=1000, pace="burst", way=0.01, back=0.01)
    most = 0

    async def watch():
        nonlocal most
        while True:
            most = max(most, len(house.account.requests) - len(house.account.served) + house.account.open_bodies)
            await asyncio.sleep(0.005)

    watcher = asyncio.create_task(watch())
    await house.many(200)
    watcher.cancel()

    assert most <= 48
