"""The protocol of ledgers: what one throttle does, another one over the same ledger respects, wherever it is stored."""

import asyncio

import pytest

from harvest_async import MemoryLedger, RedisLedger, SqliteLedger, Throttle
from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument, WouldWait
from harvest_async.throttle.budgets import Budget
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.server_status import RateLimitStatus
from tests.support.calls import call

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

CALLS, PERIOD, GUARD = 4, 1, 0.2
REPORTS = Budget("reports", 2, 1.0, 16.0)
LONG = 10
"""Seconds that a call which has its turn may take on a busy machine."""


@pytest.fixture(params=["memory", "sqlite", "valkey"])
async def throttles(request, tmp_path):
    """Make throttles of one account, as several processes have them; with its ledger in memory, one process has one."""
    if request.param == "memory":
        memory = MemoryLedger()

        def make():
            return memory

    elif request.param == "sqlite":

        def make():
            return SqliteLedger(tmp_path / "ledger", account="acme")

    else:
        server = request.getfixturevalue("valkey")

        def make():
            return RedisLedger(server.url, account=request.node.name)

    made = []

    def throttle(calls=CALLS, period=PERIOD, **options):
        if request.param == "memory" and made and (calls, period) == (CALLS, PERIOD):
            return made[0]
        options = {"guard": GUARD, "pace": "burst", "ledger": make(), "budgets": [REPORTS], **options}
        made.append(Throttle(calls, period, **options))
        return made[-1]

    yield throttle
    for each in made:
        if isinstance(each._ledger, RedisLedger):
            await each._ledger.aclose()


async def waited(throttle, **options):
    """Return the seconds that a call waits."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await call(throttle, **options)
    return loop.time() - began


async def is_full(throttle, **options):
    """Return whether a call would have to wait."""
    try:
        lease = await throttle.acquire(Ticket(max_wait=SECOND // 50, **options))
    except WouldWait:
        return True
    lease.put_back()
    return False


async def test_leases_are_counted_together_until_a_period_after_the_response(throttles):
    """What one holds is not free for the other, and is again one period later."""
    one, two = throttles(), throttles()
    for throttle in (one, one, two, two):
        await call(throttle)

    assert await is_full(one)
    assert await is_full(two)
    assert 0.5 < await waited(two) < LONG


async def test_budgets_are_counted_apart(throttles):
    """A full budget leaves the other one as it is, on both throttles."""
    one, two = throttles(), throttles()
    for _ in range(2):
        await call(one, budget="reports")

    assert await is_full(two, budget="reports")
    assert not await is_full(two)


async def test_a_refusal_closes_the_gate_for_all(throttles):
    """Nothing is granted anywhere until its time is over, and then one probe goes first."""
    one, two = throttles(), throttles()
    await call(two)
    lease = await one.acquire(Ticket())
    lease.refused(SECOND)
    lease.release()

    loop = asyncio.get_running_loop()
    began = loop.time()
    first = await two.acquire(Ticket())
    assert 0.9 < loop.time() - began < LONG
    assert first.probes
    assert await is_full(one)
    first.responded()
    first.release()
    await asyncio.wait_for(call(one), LONG)
    assert one.snapshot().closed is None


async def test_an_unknown_account_is_probed_once(throttles):
    """Of two calls that come at the same time one goes alone, and the other one after its response."""
    one, two = throttles(), throttles()
    calls = [asyncio.ensure_future(each.acquire(Ticket())) for each in (one, two)]
    done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED, timeout=5)
    await asyncio.sleep(0.1)
    (first,), (second,) = done, waiting

    assert first.result().probes
    assert not second.done()
    first.result().responded()
    first.result().release()
    (await asyncio.wait_for(second, 5)).put_back()


async def test_the_server_s_numbers_hold_for_all(throttles):
    """A limit that the server reports to one is the other's, too."""
    one, two = throttles(), throttles()
    await call(one)
    await asyncio.sleep(0.05)
    lease = await one.acquire(Ticket())
    status = RateLimitStatus(3, SECOND, count=2, text="status")
    lease.status_received(status)
    lease.release()
    await asyncio.sleep(0.1)
    await call(two)

    assert await is_full(two)
    assert two.snapshot().calls == 3


async def test_bulk_calls_of_all_keep_one_pace(throttles):
    """Calls of the bulk lane go one step apart, whichever throttle they are made through."""
    one, two = throttles(pace="even", reserve=0), throttles(pace="even", reserve=0)
    await call(one)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(call(each, lane=Lane.BULK) for each in (one, two, one)))

    assert loop.time() - began > 0.45


async def test_the_reserve_is_left_once_per_account(throttles):
    """Bulk calls leave the reserved leases free together, and an interactive call gets one."""
    one, two = throttles(pace="even", reserve=2), throttles(pace="even", reserve=2)
    await call(one)
    await call(one, lane=Lane.BULK)
    bulk = asyncio.ensure_future(call(two, lane=Lane.BULK))
    await asyncio.sleep(0.3)

    assert not bulk.done()
    assert await waited(two) < 0.3
    await bulk


async def test_a_process_that_died_gives_its_leases_back_and_not_early(throttles):
    """A lease that nobody ends is free after its deadline, the guard and a period."""
    one, two = throttles(), throttles()
    await call(one)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(3):
        await one.acquire(Ticket(deadline=SECOND // 2))
    await asyncio.sleep(1.1)
    await call(two)

    assert await is_full(two)
    await call(two)
    assert loop.time() - began >= 0.5 + GUARD + PERIOD


async def test_throttles_that_disagree_are_refused(throttles):
    """The error has both values."""
    one, two, three = throttles(), throttles(calls=5), throttles(period=2)
    await call(one)
    with pytest.raises(InvalidArgument, match=r"calls=5.* has calls=4"):
        await call(two)
    with pytest.raises(InvalidArgument, match=r"period=2.* has period=1"):
        await call(three)
    await asyncio.wait_for(call(one), LONG)
