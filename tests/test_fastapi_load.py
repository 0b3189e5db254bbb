"""A crowd before a FastAPI app on a real socket, at the real limit."""

import asyncio
import time

import pytest

from tests.support.web import crowd, served, visit

VISITORS = 300
ROOM = 100 - 1  # the status call is the first


async def until_served(address, patience=20.0):
    """Ask again and again; gives the first success."""
    deadline = time.monotonic() + patience
    while (answer := await visit(address)).status != 200:
        assert time.monotonic() < deadline, "no call succeeds any more"
        await asyncio.sleep(0.1)
    return answer


@pytest.mark.socket
@pytest.mark.realtime
@pytest.mark.parametrize("way", [0, (0.02, 0.15)], ids=["near", "far"])
def test_a_crowd_is_served_as_far_as_there_is_room_and_told_when_to_come_back(harvest_sandbox, harvest_address, way):
    """Of 300 at once the window's room is served; the rest learn to the second when; nothing blocks, nothing leaks."""
    if way:
        harvest_sandbox.fault("latency_in", seconds=way, times=None)
        harvest_sandbox.fault("latency_out", seconds=way, times=None)
    account = {
        "HARVEST_ACCOUNT": "sandbox",
        "HARVEST_APP": "tests (tests@example.com)",
        "HARVEST_BASE_URL": harvest_address,
    }
    credentials = {"HARVEST_EMAIL": "admin@example.com", "HARVEST_PASSWORD": "sandbox"}

    async def storm(page):
        visits = await crowd(page, VISITORS)
        while (await visit(page)).status == 200:
            pass  # what the crowd left, since somebody's second was over, goes to who comes now
        return visits, await until_served(page)

    with served("tests.support.app:app", **account, **credentials) as server:
        visits, first = asyncio.run(storm(f"{server.address}/clients"))

    good = [each for each in visits if each.status == 200]
    told = [each for each in visits if each.status == 503]
    assert len(good) + len(told) == VISITORS
    assert 0.9 * ROOM <= len(good) <= ROOM
    assert (harvest_sandbox.throttled(), harvest_sandbox.max_in_window()) == (0, 100)
    assert max(abs(each.moment + int(each.headers["retry-after"]) - first.moment) for each in told) <= 1.0
    assert server.ended_in < 5
    assert server.complaints == ""
