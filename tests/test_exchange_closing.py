"""Clients that are closed while calls wait: each gets an error that says so, and nothing is sent."""

import asyncio

import httpx
import pytest

from harvest_async import BearerAuth, InvalidArgument, Throttle
from tests.support.exchange import CLIENT, harvest_of, json_answer

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

REFUSED = httpx.codes.SERVICE_UNAVAILABLE


async def blocked(**options):
    """A client whose account is blocked, its server, and a call that waits."""
    harvest, server = harvest_of(json_answer({}, REFUSED, **{"retry-after": "5"}), **options)
    waiting = asyncio.create_task(harvest.clients.get(7))
    await asyncio.sleep(1)
    return harvest, server, waiting


async def test_a_call_that_waits_when_its_client_is_closed_is_refused():
    """Nothing is sent with its lease, which it returns."""
    harvest, server, waiting = await blocked()
    sent = len(server.sent)
    await harvest.aclose()
    with pytest.raises(InvalidArgument, match="the client has been closed: make a new one"):
        await waiting

    assert len(server.sent) == sent
    assert harvest.throttle.snapshot().in_flight == 0


async def test_calls_of_a_closed_client_hold_up_no_other_client():
    """A call behind them in the queue leads the probe that opens the account."""
    throttle = Throttle(clock=asyncio.get_running_loop().clock)
    harvest, _, first = await blocked(throttle=throttle)
    other, _ = harvest_of(json_answer(CLIENT), throttle=throttle)
    second = asyncio.create_task(other.clients.get(7))
    await asyncio.sleep(0)
    await harvest.aclose()
    refused, served = await asyncio.gather(first, second, return_exceptions=True)

    assert isinstance(refused, InvalidArgument)
    assert served.id == 7


async def test_a_closed_client_fetches_no_file():
    """A receipt, for example, comes from another host, without the throttle."""
    harvest, server = harvest_of(auth=BearerAuth("t"))
    await harvest.aclose()
    with pytest.raises(InvalidArgument, match="the client has been closed"):
        await harvest._exchange.fetch("https://files.example.com/7.png", accept="image/*", largest=100)

    assert server.sent == []
