"""A crowd before a FastAPI app on a real socket, at the real limit."""

import asyncio
import time

import pytest

from harvest_async.sandbox import Sandbox
from tests.support.web import crowd, served, visit

VISITORS = 300
ROOM = 100 - 1  # the status call is the first
WAYS = (0, (0.02, 0.15))
"""Seconds each way between the app and its account."""


async def until_served(address, patience=20.0):
    """Ask again and again; gives the first success."""
    deadline = time.monotonic() + patience
    while (response := await visit(address)).status != 200:
        assert time.monotonic() < deadline, "no call succeeds any more"
        await asyncio.sleep(0.1)
    return response


async def storm(page):
    """A crowd; then the visitors who come while calls are free; then the first who is served again."""
    visits = await crowd(page, VISITORS)
    while (await visit(page)).status == 200:
        pass  # what the crowd left, since somebody's second was over, goes to who comes now
    return visits, await until_served(page)


def stand(way):
    """Put an app before a crowd, at the given distance to its account; return what happened, and the account."""
    sandbox = Sandbox()
    if way:
        sandbox.fault("latency_in", seconds=way, times=None)
        sandbox.fault("latency_out", seconds=way, times=None)
    with sandbox.serve_in_thread() as address:
        account = {
            "HARVEST_ACCOUNT": "sandbox",
            "HARVEST_APP": "tests (tests@example.com)",
            "HARVEST_BASE_URL": address,
        }
        credentials = {"HARVEST_EMAIL": "admin@example.com", "HARVEST_PASSWORD": "sandbox"}
        with served("tests.support.app:app", **account, **credentials) as server:
            visits, first = asyncio.run(storm(f"{server.address}/clients"))
    sandbox.close()
    return visits, first, server, sandbox


@pytest.mark.socket
@pytest.mark.realtime
@pytest.mark.alone
def test_a_crowd_is_served_up_to_the_capacity_and_gets_a_time_to_retry():
    """Of 300 at once the window's calls are served; the rest learn to the second when; nothing blocks, nothing leaks.

    Near the account and far from it, one after the other: a second is too short for two crowds on two cores.
    """
    for visits, first, server, sandbox in map(stand, WAYS):
        good = [each for each in visits if each.status == 200]
        refused = [each for each in visits if each.status == 503]
        assert len(good) + len(refused) == VISITORS
        assert 0.9 * ROOM <= len(good) <= ROOM
        assert (sandbox.throttled(), sandbox.max_in_window()) == (0, 100)
        assert max(abs(each.moment + int(each.headers["retry-after"]) - first.moment) for each in refused) <= 1.0
        assert server.ended_in < 5
        assert server.complaints == ""
