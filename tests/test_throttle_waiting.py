"""A call that may not wait fails at once, with the time it would have waited."""

import asyncio

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import WouldWait
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.transport import TICKET
from tests.support.house import House, uneven

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_max_wait_refuses_what_would_wait_longer():
    """A call that would wait longer is refused at once, with the time after which it would go."""
    house = House(calls=5, pace="burst")
    await house.many(4)
    before = house.now
    with pytest.raises(WouldWait) as caught:
        await house.get(max_wait=2)

    assert house.now == before
    assert caught.value.wait == pytest.approx(15, abs=0.3)
    assert "/x" in caught.value.request.url
    await asyncio.sleep(caught.value.wait)
    assert await house.get(max_wait=0.1) == 200


async def test_a_wait_of_some_milliseconds_is_not_shown_as_none():
    """The message rounds up, so that who waits for as long as it says does not come too early."""
    house = House(calls=5, pace="burst")
    await house.many(4)
    with pytest.raises(WouldWait) as caught:
        await house.get(max_wait=0)
    await asyncio.sleep(caught.value.wait - 0.004)
    with pytest.raises(WouldWait, match=r"would wait 0\.1 s .*: retry in 0\.1 s") as soon:
        await house.get(max_wait=0)

    assert 0 < soon.value.wait < 0.05


async def test_max_wait_bounds_the_real_wait():
    """Where the forecast was too short, the wait still ends."""
    house = House(calls=5, way=lambda number: 30 if number == 0 else 0.05)
    first = asyncio.create_task(house.get())
    await asyncio.sleep(0.1)
    with pytest.raises(WouldWait):
        await house.get(max_wait=2)
    waited = house.now
    await first

    assert waited == pytest.approx(2.1, abs=0.01)
    assert house.clean()


async def test_max_wait_bounds_the_leaders_wait_too():
    """The leader of a probe does not wait longer than its `max_wait`, while the probe has its own deadline."""
    house = House(way=30)
    with pytest.raises(WouldWait):
        await house.get(max_wait=2)
    ended = house.now
    await asyncio.sleep(8.1)

    assert ended == pytest.approx(2, abs=0.01)
    assert house.clean()


@pytest.mark.parametrize("max_wait", [0, 0.05])
async def test_callers_who_never_wait_open_the_gate_all_the_same(max_wait):
    """The status call outlives the patience of the caller who led it, so the gate opens for the next."""
    house = House()
    with pytest.raises(WouldWait):
        await house.get(max_wait=max_wait)
    await asyncio.sleep(0.3)

    assert await house.get(max_wait=max_wait) == 200
    assert house.probes() == 1


async def test_callers_who_never_wait_open_a_gate_without_a_status_call():
    """Where there is nothing to ask, the first of them goes ahead alone at once."""
    house = House(status=False)

    assert [await house.get(max_wait=0), await house.get(max_wait=0)] == [200, 200]


async def test_callers_who_never_wait_open_the_gate_after_a_block():
    """Once the time has passed, somebody leads the probe, however little patience there is."""
    house = House()
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "5"}))
    ends = []
    for _ in range(4):
        ends.append(await asyncio.gather(house.get(max_wait=0.01), return_exceptions=True))
        await asyncio.sleep(3)

    assert [type(end) for (end,) in ends] == [WouldWait, WouldWait, WouldWait, int]


async def test_a_bulk_call_knows_its_place():
    """In an even pace a bulk call's wait counts all calls before it."""
    house = House()
    await house.get()
    bulk = asyncio.create_task(house.many(40, lane=Lane.BULK))
    await asyncio.sleep(0.01)
    with pytest.raises(WouldWait) as caught:
        await house.get(lane=Lane.BULK, max_wait=1)
    await bulk

    assert caught.value.wait == pytest.approx(39 * 0.15, abs=0.3)


async def test_a_shut_gate_is_part_of_the_expected_wait():
    """While the account is blocked, a call that may not wait gets an error with the time."""
    house = House()
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "9"}))
    waiting = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    with pytest.raises(WouldWait) as caught:
        await house.get(max_wait=2)
    await waiting

    assert caught.value.wait == pytest.approx(8.2, abs=0.3)


@pytest.mark.parametrize("pace", ["even", "burst"])
@pytest.mark.parametrize("lane", [Lane.INTERACTIVE, Lane.BULK])
async def test_the_forecast_is_right_while_a_bulk_lane_saturates(pace, lane):
    """The forecast of a refused call is within a second of when a call in the same place is really sent."""
    house = House(pace=pace, way=uneven(0.02, 0.15), back=uneven(0.02, 0.15, 8))
    bulk = asyncio.create_task(house.many(400, lane=Lane.BULK))
    misses = await asyncio.gather(*(miss_after(second, house, lane) for second in range(1, 30, 3)))
    await bulk

    assert house.account.refused == 0
    assert max(misses) <= 1


async def miss_after(second, house, lane):
    """Return how far the forecast after some seconds is from the wait of a call in the same place."""
    await asyncio.sleep(second)
    forecast, ticket = 0.0, Ticket(lane=lane)
    try:
        await house.get(lane=lane, max_wait=0)
    except WouldWait as refusal:
        forecast = refusal.wait
    await house.client.get("/x", extensions={TICKET: ticket})
    return abs(ticket.waited / SECOND - forecast)
