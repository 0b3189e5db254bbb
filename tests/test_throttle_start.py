"""What a gate does before it knows what others sent."""

import asyncio
from itertools import pairwise

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import ThrottledTransport
from tests.support.account import SlowAccount
from tests.support.house import House

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def test_the_first_thing_sent_is_the_status_call():
    """What other programs sent before us is asked for, not guessed."""
    house = House()
    await house.many(3)

    assert house.paths()[0] == "/account/rate_limit_status"
    assert house.probes() == 1


async def test_what_others_sent_is_left_to_them_at_the_start():
    """The status call's count takes leases until a period after its reply."""
    house = House(pace="burst")
    house.account.spend(95)
    await house.many(20)

    assert house.account.refused == 0
    assert house.throttle.snapshot().said == "96 of 100 calls in 15 s"
    assert 15 < house.now < 16


async def test_a_throttle_takes_the_servers_numbers():
    """Left out, calls and period follow the server."""
    house = House(calls=7, period=3)
    await house.many(15)

    assert (house.throttle.snapshot().calls, house.throttle.snapshot().period) == (7, 3.0)
    assert (house.account.refused, house.account.most_in_any_period()) == (0, 7)


async def test_a_users_numbers_are_a_ceiling():
    """The server may tighten what the user said, never widen it."""
    house = House(calls=100, period=15, status=True, guard=1)
    house.throttle = Throttle(5, 20, clock=house.clock)
    house.client = httpx.AsyncClient(
        transport=ThrottledTransport(house.account, house.throttle, status_path="/account/rate_limit_status"),
        base_url="https://acme.example.com",
    )
    await house.get()

    assert (house.throttle.snapshot().calls, house.throttle.snapshot().period) == (5, 20.0)


async def test_absurd_numbers_of_the_server_are_ignored(caplog):
    """Implausible numbers change nothing, and are logged."""
    house = House()
    house.account.status = lambda: {"max_calls": 0, "count": 1, "timeframe_limit": 99_999}
    await house.get()

    assert house.throttle.snapshot().calls == 100
    assert "implausible" in caplog.text


async def test_without_a_status_the_head_of_the_line_goes_alone():
    """A response that is no status sends one call ahead; the others follow after its response."""
    house = House()
    house.account.status_answers = False
    await house.many(3)

    assert [path in {"/1", "/2"} for path in house.paths()] == [False, False, True, True]
    first, second, *others = house.account.arrivals
    assert second - first >= SECOND // 10
    assert all(arrival - second >= SECOND // 10 for arrival in others)


async def test_a_throttle_without_a_status_call_sends_one_call_ahead():
    """Where there is no status call, the first call shows that the account is open."""
    house = House(status=False)
    await house.many(3)

    assert house.probes() == 0
    assert len(house.account.served) == 3


async def test_a_lost_status_call_lets_the_head_go_alone():
    """A status call that broke off does not keep anybody waiting."""
    house = House()
    house.account.script.append(httpx.ReadError("closed"))
    assert await house.get() == 200

    assert house.paths() == ["/x"]


async def test_a_lost_status_call_is_asked_again_before_anyone_else_goes():
    """What others sent stays unknown until a status arrives: one call goes alone, then the status is requested again."""
    house = House(pace="burst")
    house.account.spend(95)
    house.account.script.append(httpx.ReadError("closed"))
    await house.many(20)

    assert house.paths()[:2] == ["/0", "/account/rate_limit_status"]
    assert house.account.refused == 0


async def test_a_status_call_that_is_always_lost_is_done_without():
    """After three tries the queue goes on by the responses of the other calls."""
    house = House(pace="burst")
    for _ in range(3):
        house.account.script.extend([httpx.ReadError("closed"), None])
    await house.many(20)

    assert (house.probes(), len(house.account.served)) == (0, 20)
    assert house.throttle.snapshot().closed is None


async def test_a_cancelled_leader_leaves_the_question_open():
    """A leader that is granted the status call and cancelled at the same time says nothing about the server."""
    house = House(pace="burst")
    house.account.spend(95)
    leader = asyncio.create_task(house.get("/led"))
    others = asyncio.create_task(house.many(20))
    await asyncio.sleep(0)
    leader.cancel()
    await others

    assert (house.paths()[0], house.account.refused) == ("/account/rate_limit_status", 0)


async def test_a_status_call_that_could_not_connect_costs_nothing():
    """A call that never left gives its lease back at once; the next has its own try."""
    house = House()
    house.account.script.append(httpx.ConnectError("no route"))
    house.account.script.append(httpx.ConnectError("no route"))
    with pytest.raises(httpx.ConnectError):
        await house.get()
    assert await house.get() == 200

    assert house.throttle.snapshot().sent == 1
    assert house.clean()


async def test_a_status_call_that_meets_an_outage_lets_the_head_go_alone():
    """A response that is neither a status nor a refusal sends one call ahead after the outage's pause; then the status is requested again."""
    house = House(pace="burst")
    house.account.script.append(httpx.Response(503))
    await house.many(3)
    gaps = [(later - earlier) / SECOND for earlier, later in pairwise(house.account.arrivals)]

    assert house.paths()[:2] == ["/0", "/account/rate_limit_status"]
    assert gaps[0] >= 2


async def test_a_killed_status_call_keeps_nobody_waiting_for_long(tmp_path):
    """The right to probe of a process that died with it frees in seconds."""
    clock = asyncio.get_running_loop().clock
    account = SlowAccount(clock)
    dead = Throttle(clock=clock, ledger=SqliteLedger(tmp_path / "l", "a", clock=clock))
    leader = asyncio.create_task(dead.acquire(Ticket(probe=lambda _: asyncio.sleep(1_000))))
    await asyncio.sleep(0.1)
    throttle = Throttle(clock=clock, ledger=SqliteLedger(tmp_path / "l", "a", clock=clock))
    client = httpx.AsyncClient(
        transport=ThrottledTransport(account, throttle, status_path="/account/rate_limit_status"),
        base_url="https://a.example",
    )
    await client.get("/x")
    took = clock.now() / SECOND
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)

    assert took < 13
    assert [path for _, path in account.served] == ["/account/rate_limit_status", "/x"]


async def test_a_client_without_a_status_call_leaves_it_to_others():
    """A call without a status call of its own goes ahead; the next that has one requests the status in passing."""
    house = House(pace="burst")
    other = ThrottledTransport(house.account, house.throttle)
    async with httpx.AsyncClient(transport=other, base_url="https://acme.example.com") as client:
        await client.get("/v2/users/me")
    await house.get("/x")
    await asyncio.sleep(1)

    assert house.paths()[0] == "/v2/users/me"
    assert sorted(house.paths()[1:]) == ["/account/rate_limit_status", "/x"]
