"""What a client is created with, its lanes and options, and the throttle that clients share."""

import asyncio

import httpx
import pytest

from harvest_async import (
    BearerAuth,
    HarvestError,
    HarvestV1,
    InvalidArgument,
    NotSent,
    OutcomeUnknown,
    Throttle,
    WouldWait,
)
from tests.support.exchange import CLIENT, harvest_of, json_answer

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_calls_inside_bulk_stand_in_the_bulk_lane():
    """Only the calls of this task and those it starts; a lane given by name comes first."""
    harvest, _ = harvest_of(*[json_answer(CLIENT)] * 6)
    other, _ = harvest_of()
    lanes = []
    acquire = harvest.throttle.acquire

    async def watch(ticket):
        lanes.append(ticket.lane.value)
        return await acquire(ticket)

    harvest.throttle.acquire = watch
    await harvest.clients.get(7)
    with harvest.bulk(), other.bulk():
        await asyncio.gather(harvest.clients.get(7), harvest.options(lane="interactive").clients.get(7))
    with other.bulk():
        await harvest.options(lane="bulk").clients.get(7)

    assert lanes == ["interactive", "bulk", "interactive", "bulk"]


async def test_a_client_that_fails_fast_shares_the_gate():
    """`options(max_wait=...)` refuses what would wait longer; the client itself does not change."""
    harvest, _ = harvest_of(json_answer(CLIENT), throttle=Throttle(1, 15, clock=asyncio.get_running_loop().clock))
    with pytest.raises(WouldWait) as caught:
        await harvest.options(max_wait=1).clients.get(7)

    assert caught.value.wait > 10
    assert caught.value.request is not None
    assert "harvest_async" in caught.value.request.header("user-agent")


@pytest.mark.parametrize("wait", [-1, float("nan"), float("inf"), "2"])
async def test_a_wait_that_can_not_be_is_refused(wait):
    """The error is raised before anything is sent."""
    harvest, _ = harvest_of()
    with pytest.raises(InvalidArgument, match="max_wait"):
        harvest.options(max_wait=wait)


async def test_an_auth_flow_that_fails_gives_its_lease_back():
    """A lease that nothing was sent on is free again."""

    class Broken(httpx.Auth):
        def auth_flow(self, request):
            raise RuntimeError("no token")
            yield request

    harvest, _ = harvest_of(auth=Broken(), status=False)
    with pytest.raises(RuntimeError):
        await harvest.clients.get(7)

    assert harvest.throttle.snapshot().in_flight == 0
    assert harvest.throttle._gate().connections.busy == 0


async def test_a_status_call_that_fails_lets_the_call_go():
    """The error is raised from the call at the head of the queue, not from the probe."""
    harvest, inner = harvest_of(httpx.ReadError("lost"), json_answer(CLIENT), status=False)

    assert (await harvest.clients.get(7)).id == 7
    assert len(inner.sent) == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"base_url": "http://acme.example.com"}, "https"),
        ({"base_url": "ftp://acme.example.com"}, "whole address"),
        ({"base_url": "https://me:pw@acme.example.com"}, "credentials"),
        ({"base_url": "https://acme.example.com/?a=b"}, "query"),
        ({"base_url": "https://acme.example.com/a b"}, "character"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"base_url": "https://a:port"}, "base_url"),
        ({"app": "x\r\nX-Evil: 1"}, "line breaks"),
        ({"app": " "}, "app"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"app": "x\u2028y"}, "app"),
        ({"app": "x\x00"}, "app"),
        ({"auth": ("me", "pw")}, "auth"),
        ({"proxy": "ftp://me:pw@proxy.example"}, "proxy"),
        ({"proxy": "http://[me:pw"}, "proxy"),
        ({"proxy": "socks5://me:pw@proxy.example"}, "SOCKS"),
        ({"format": "yaml"}, "json"),
        ({"account": "evil.example.com/", "base_url": None}, "subdomain"),
    ],
)
def test_a_client_that_can_not_work_is_not_made(wrong, words):
    """Bad arguments raise when the client is created, before anything is sent."""
    given = {"account": "acme", "auth": BearerAuth("t"), "app": "tests", "base_url": "https://acme.example.com"}
    options = given | wrong
    with pytest.raises(InvalidArgument, match=words) as caught:
        HarvestV1(options.pop("account"), **options)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1", "https://a.example"]
)
def test_plain_http_is_for_loopback(address):
    """Credentials in the clear may not leave this machine."""
    assert HarvestV1("acme", auth=BearerAuth("t"), app="tests", base_url=address).name == "acme"


def test_clients_of_one_account_share_the_process_throttle():
    """Without a throttle of its own, a client finds the account's."""
    one, two = (HarvestV1("acme", auth=BearerAuth("t"), app="tests") for _ in range(2))
    other = HarvestV1("other", auth=BearerAuth("t"), app="tests")

    assert one.throttle is two.throttle
    assert one.throttle is not other.throttle


def test_errors_are_harvest_errors():
    """One class catches all."""
    assert all(issubclass(kind, HarvestError) for kind in (NotSent, OutcomeUnknown, WouldWait, InvalidArgument))
