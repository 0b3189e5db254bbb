"""The one call that goes through a shut gate, and the watch on others."""

import asyncio

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.testing import VirtualLoop
from tests.support.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualLoop}


async def test_the_probe_has_the_credentials_but_not_the_content():
    """The status call is signed like the refused call and carries nothing of it."""
    house = House()
    await house.client.post(
        "/x?access_token=t&secret=1",
        content=b"body",
        headers={"authorization": "Basic abc", "content-type": "text/csv"},
    )
    probe = house.account.requests[0]

    assert str(probe.url) == "https://acme.example.com/account/rate_limit_status?access_token=t"
    assert (probe.method, probe.content, probe.headers["authorization"]) == ("GET", b"", "Basic abc")
    assert (probe.headers["accept"], probe.headers["content-type"]) == ("application/json", "application/json")


async def test_paths_of_api_v2_are_never_probed_by_the_status_call():
    """API v2 has no status call."""
    house = House()
    await house.get("/v2/users/me")

    assert house.probes() == 0


async def test_a_broken_status_answer_lets_the_head_go_alone():
    """A status whose body breaks off, or is none, holds nobody up."""
    house = House()

    async def broken():
        yield b'{"count":'
        raise httpx.ReadError("cut")

    house.account.script.append(httpx.Response(200, content=broken()))
    assert await house.get() == 200
    assert house.clean()


async def test_an_outage_of_the_status_call_shuts_the_gate():
    """A bare 503 to the status call is an outage like any other."""
    house = House()
    house.account.script.append(httpx.Response(503))
    assert await house.get() == 200

    assert house.account.arrivals[1] - house.account.arrivals[0] >= 2 * SECOND


async def test_others_on_the_account_are_watched():
    """While the count is above ours, the status is asked again every four periods, in passing."""
    house = House(calls=10, period=1, pace="burst")
    house.account.spend(3)
    for _ in range(12):
        await house.get()
        await asyncio.sleep(1)

    # Asked at the start; others were there. Asked once more after four periods; they were gone.
    assert house.probes() == 2


async def test_watching_goes_on_while_others_send():
    """As long as others are seen, they are looked for."""
    house = House(calls=10, period=1, pace="burst")
    for _ in range(16):
        house.account.spend(2)
        await house.get()
        await asyncio.sleep(0.5)

    assert house.probes() == 3
    assert house.account.refused == 0
