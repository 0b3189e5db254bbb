"""The one call that goes through a shut gate, and the watch on others."""

import asyncio

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import Throttled
from harvest_async.throttle.closure import Why
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.throttle import Throttle
from tests.support.granting import PERIOD, Gate, capped, closed, probe
from tests.support.house import House
from tests.support.lanes import BULK, INTERACTIVE, NOW
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


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


async def test_an_api_without_a_status_call_is_probed_by_its_first_call():
    """Sends the first call alone, and no status call."""
    house = House(status=False)
    await house.many(3)

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

    # Requested at the start: others were there. Requested once more after four periods: nobody was left.
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


async def test_nobody_waits_for_the_status_that_is_asked_in_passing():
    """While the gate is open, the status call goes beside the call that began it."""
    house = House(calls=10, period=1, pace="burst")
    house.account.spend(3)
    await house.get()
    house.account.way = lambda number: 0.6 if house.account.requests[number].url.path.endswith("status") else 0.05
    house.account.spend(3)
    await asyncio.sleep(5)
    before = house.now
    await house.get(max_wait=0)
    took = house.now - before
    await asyncio.sleep(1)

    assert took < 0.2
    assert house.probes() == 2
    assert house.clean()


async def test_a_hurried_call_does_not_give_its_last_lease_to_the_status():
    """With one lease left and no patience, the call goes, and the status is asked for another time."""
    house = House(calls=3, period=1, pace="burst")
    house.account.spend(1)
    await house.get()
    await asyncio.sleep(3.5)
    await house.many(2)
    await asyncio.sleep(0.6)
    hurried = await house.get(max_wait=0)
    probes = [house.probes()]
    await asyncio.sleep(1.5)
    await house.get(max_wait=0)
    await asyncio.sleep(0.2)
    probes.append(house.probes())

    assert (hurried, probes) == (200, [1, 2])


async def test_a_status_call_in_passing_that_fails_is_logged_only(caplog):
    """A fault in the way to ask costs no caller anything."""
    throttle = Throttle(clock=clock())

    async def breaks(_):
        raise KeyError

    first = await throttle.acquire(Ticket())
    first.responded()
    first.release()
    lease = await throttle.acquire(Ticket(probe=breaks))
    await asyncio.sleep(0.1)

    assert lease.is_status_call is False
    assert "the status call failed: KeyError" in caplog.text


async def test_a_leader_hears_what_its_own_status_call_broke_by():
    """A fault that is nobody else's comes out where it was caused, and the next leads."""
    throttle = Throttle(clock=clock())

    async def breaks(_):
        raise KeyError

    with pytest.raises(KeyError):
        await throttle.acquire(Ticket(probe=breaks))
    lease = await throttle.acquire(Ticket())

    assert lease.probes is True


async def test_a_status_call_that_resists_cancellation_is_waited_for():
    """The leader is cancelled only after the probe has ended in any way, however often the leader is cancelled."""
    throttle, ended = Throttle(clock=clock()), []

    async def stubborn(_):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            ended.append(True)
            raise KeyError from None

    leader = asyncio.create_task(throttle.acquire(Ticket(probe=stubborn)))
    await asyncio.sleep(0.1)
    for _ in range(2):
        leader.cancel()
        await asyncio.sleep(0.1)
    with pytest.raises(asyncio.CancelledError):
        await leader

    assert ended == [True]
    assert throttle._gate().idle


async def test_the_probe_waits_for_a_connection_like_any_call():
    """Where every connection has an open body, a shut gate stays shut until one is closed."""
    throttle = Throttle(2_000, clock=clock(), pace="burst")
    leases = [await throttle.acquire(Ticket())]
    leases[0].responded()
    throttle._gate().connections.observe(60 * SECOND)  # so slow a server gets as many connections as there may be
    for _ in range(46):
        leases.append(await throttle.acquire(Ticket()))
        leases[-1].status_unreadable()
    refused = await throttle.acquire(Ticket())
    refused.refused(SECOND)
    waiting = asyncio.create_task(throttle.acquire(Ticket()))
    await asyncio.sleep(5)
    early = waiting.done()
    leases[0].release()

    assert early is False
    assert (await waiting).probes is True


# A closed gate


@pytest.mark.parametrize(
    ("why", "alone", "ticket", "is_status_call", "probes"),
    [
        (Why.THROTTLED, False, {"probe": probe}, True, True),
        (Why.THROTTLED, True, {"probe": probe}, False, True),
        (Why.THROTTLED, False, {}, False, True),
        (Why.UNKNOWN, False, {"probe": probe}, True, True),
        (Why.UNKNOWN, False, {"is_token_request": True}, False, False),
        (Why.OUTAGE, False, {"is_token_request": True}, False, True),
    ],
)
def test_the_head_of_the_queue_probes(why, alone, ticket, is_status_call, probes):
    """By the status call, where there is one; a token request at the start leaves it to others."""
    gate, at = Gate(), closed(why=why)
    at.alone = alone
    gate.add(deadline=SECOND, **ticket)
    gate.add()
    again, numbers = gate.grant(at)
    [lease] = gate.leases.values()

    assert (again, len(numbers), gate.queue.size) == (None, 1, 1)
    assert (lease.is_status_call, lease.probes, lease.deadline) == (is_status_call, True, NOW + SECOND)
    assert (at._probe == lease.number, at._probe_is_status_call) == (probes, is_status_call)


@pytest.mark.parametrize(
    ("at", "again"),
    [
        (closed(until=SECOND), SECOND),
        (closed(0, until=NOW - 1, ends=range(10, 20)), 10 + PERIOD + 1),
        (closed(9), None),
    ],
    ids=["the time has not passed", "no lease is free", "a call is in flight"],
)
def test_a_closed_gate_looks_again_when_it_may_probe(at, again):
    """Where the end of a call decides, that end looks again."""
    assert Gate(1).grant(at) == (again, [])


def test_a_closed_gate_without_waiters_does_not_look_again():
    """The next call does."""
    assert Gate().grant(closed(until=SECOND)) == (None, [])


def test_a_cancelled_call_does_not_probe():
    """The next one does."""
    gate = Gate()
    gate.add(done=True)
    gate.add(lane=BULK)
    _, numbers = gate.grant(closed())

    assert (len(numbers), gate.granted[0][0].ticket.lane, gate.queue.size) == (1, BULK, 0)


def test_a_probe_waits_for_a_connection_of_the_cap():
    """Its turn grants it; a call that a closed gate holds up for too long is looked at before."""

    def do(cap):
        gates = [Gate(1, cap=cap), Gate(1, cap=cap, max_block=SECOND)]
        return [(gate.grant(closed()), gate.connections.queued) for gate in gates]

    assert capped(do) == [((None, []), True), ((NOW + SECOND + 1, []), True)]


# Calls that are held up for too long


def test_a_call_that_is_held_up_for_too_long_is_turned_away():
    """From the closing of the gate or its own arrival on, whichever is later; those behind it are looked at next."""
    gate = Gate(now=10 * SECOND, max_block=8 * SECOND)
    for lane in (INTERACTIVE, BULK):
        for entered in (0, SECOND, 3 * SECOND):
            gate.add(lane, entered=entered)
    again, _ = gate.grant(closed(until=10 * SECOND + 5, since=2 * SECOND))

    assert [(waiter.ticket.lane, waiter.number) for waiter, _ in gate.expired] == [
        (INTERACTIVE, 1),
        (INTERACTIVE, 2),
        (BULK, 4),
        (BULK, 5),
    ]
    assert {type(error) for _, error in gate.expired} == {Throttled}
    assert str(gate.expired[0][1]).startswith("the account is blocked: more than max_block (8 s). Another program")
    assert (again, gate.queue.size) == (10 * SECOND + 5, 2)


@pytest.mark.parametrize(
    ("now", "until", "again"),
    [
        (9 * SECOND, 0, 10 * SECOND + 1),
        (10 * SECOND, 0, 10 * SECOND + 1),
        (10 * SECOND + 1, 0, None),
        (9 * SECOND, 10 * SECOND, 10 * SECOND),
        (9 * SECOND, 10 * SECOND + 1, None),
    ],
)
def test_a_call_is_turned_away_when_it_is_clear_that_it_waits_too_long(now, until, again):
    """A gate that stays closed until then turns it away at once."""
    gate = Gate(1, now=now, max_block=8 * SECOND)
    looks, _ = gate.grant(closed(0, period=90 * SECOND, ends=range(10, 20), until=until, since=2 * SECOND))

    assert (looks, len(gate.expired)) == (again, again is None)


@pytest.mark.parametrize(("max_block", "since"), [(None, NOW), (SECOND, None)])
def test_nobody_is_turned_away_without_a_limit_or_a_block(max_block, since):
    """A gate that is closed since nothing is known of the account holds nobody up for long."""
    gate = Gate(1, max_block=max_block)

    assert gate.grant(closed(until=90 * SECOND, since=since))[0] == 90 * SECOND
    assert gate.expired == []
