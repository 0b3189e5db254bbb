"""The throttle over a real socket: forced refusals, and cancellation at any moment."""

import asyncio
import random

import httpx
import pytest

from harvest_async import BasicAuth, HarvestV1, Throttle
from harvest_async.clock import SECOND
from harvest_async.sandbox import Sandbox
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.transport import TICKET, ThrottledTransport, direct_transport

STATUS_PATH = "/account/rate_limit_status"

pytestmark = [pytest.mark.socket, pytest.mark.anyio]

AUTH = BasicAuth("admin@example.com", "sandbox")


@pytest.fixture
def sandbox():
    sandbox = Sandbox(30, 1)
    with sandbox.serve_in_thread() as address:
        sandbox.address = address
        yield sandbox
    sandbox.close()


def refusals_and_after(sandbox):
    """The requests from the first refusal on: those that were refused, and those that came after them."""
    log = sandbox.requests()
    log = log[next(place for place, request in enumerate(log) if request.status == 503) :]
    return [one for one in log if one.status == 503], [one for one in log if one.status != 503]


@pytest.mark.parametrize("hint", ["seconds", "date"])
async def test_a_refusal_from_outside_stops_everyone_and_doubles_nothing(sandbox, hint):
    """Nothing is sent until Retry-After has passed, then exactly one probe; every client is created once."""
    sandbox.fault("throttle", match={"method": "POST"}, after=5, retry_after=hint, seconds=2)
    async with HarvestV1("sandbox", auth=AUTH, app="tests", base_url=sandbox.address, throttle=Throttle()) as harvest:
        ids = await asyncio.gather(*(harvest.clients.create_id(f"Client {number}") for number in range(40)))

    refused, after = refusals_and_after(sandbox)
    after = [one for one in after if one.arrival > refused[0].arrival + SECOND]
    names = [client["name"] for client in sandbox.world.tables["client"].values()]
    assert len({created.id for created in ids}) == 40
    assert sorted(name for name in names if name.startswith("Client ")) == sorted(f"Client {n}" for n in range(40))
    assert after[0].path == STATUS_PATH
    assert after[0].arrival - refused[-1].arrival >= 1.9 * SECOND
    assert [one.path for one in after].count(STATUS_PATH) == 1
    assert sandbox.lockouts() == 1


async def test_a_burst_of_another_program_is_waited_for(sandbox):
    """Another program has used up the account's window: all calls are processed once, after it."""
    async with HarvestV1("sandbox", auth=AUTH, app="tests", base_url=sandbox.address, throttle=Throttle()) as harvest:
        await harvest.account.who_am_i()
        sandbox.spend(30)
        await asyncio.gather(*(harvest.clients.create_id(f"Client {number}") for number in range(30)))

    names = [client["name"] for client in sandbox.world.tables["client"].values()]
    assert sum(name.startswith("Client ") for name in names) == 30
    assert sandbox.lockouts() == 1


@pytest.mark.parametrize("pace", ["even", "burst"])
@pytest.mark.parametrize("refuse", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
async def test_calls_cancelled_at_any_moment_leave_nothing_behind(sandbox, pace, refuse, seed):
    """No lease and no connection is kept, and cancellation comes out as cancellation."""
    chance = random.Random(seed)
    for kind in ("latency_in", "latency_out"):
        sandbox.fault(kind, times=None, seconds=(0, 0.05))
    if refuse:
        sandbox.fault("throttle", after=9, seconds=1)
    throttle = Throttle(pace=pace)
    inner = direct_transport(sandbox.address)
    transport = ThrottledTransport(inner, throttle, status_path=STATUS_PATH)
    async with httpx.AsyncClient(transport=transport, base_url=sandbox.address, auth=AUTH) as client:

        async def call():
            ticket = Ticket(lane=chance.choice(list(Lane)))
            headers = {"accept": "application/json"}
            return (await client.get("/clients", headers=headers, extensions={TICKET: ticket})).status_code

        tasks = [asyncio.create_task(call()) for _ in range(45)]
        for task in chance.sample(tasks, 25):
            await asyncio.sleep(chance.uniform(0, 0.06))
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        gate = throttle._gate()
        left = (throttle.snapshot().in_flight, gate.idle, gate.connections.busy, inner._pool._requests)
        busy = [one for one in inner._pool.connections if not (one.is_idle() or one.is_closed())]

    assert left == (0, True, 0, [])
    assert busy == []
    assert {end for end in ends if isinstance(end, int)} == {200}
    assert {type(end) for end in ends} == {int, asyncio.CancelledError}
    assert sandbox.lockouts() == refuse


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_calls_cancelled_twice_leave_the_pool_whole(seed):
    """However often and wherever calls are cancelled, the next call finds a pool without connections that nobody uses."""
    chance, sandbox = random.Random(seed), Sandbox(10_000, 1)
    sandbox.fault("latency_in", times=None, seconds=(0, 0.03))
    with sandbox.serve_in_thread() as address:
        throttle, inner = Throttle(10_000, 1, pace="burst"), direct_transport(address)
        transport = ThrottledTransport(inner, throttle, status_path=STATUS_PATH)
        async with httpx.AsyncClient(transport=transport, base_url=address, auth=AUTH) as client:

            async def cut(task):
                await asyncio.sleep(chance.uniform(0, 0.25))
                task.cancel()
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                task.cancel()

            headers = {"accept": "application/json"}
            tasks = [asyncio.create_task(client.get("/clients", headers=headers)) for _ in range(100)]
            await asyncio.gather(*(cut(task) for task in chance.sample(tasks, 70)))
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.get("/clients", headers=headers)
            gate = throttle._gate()
            left = (throttle.snapshot().in_flight, gate.idle, gate.connections.busy, inner._pool._requests)
            busy = [one for one in inner._pool.connections if not (one.is_idle() or one.is_closed())]
    sandbox.close()

    assert left == (0, True, 0, [])
    assert busy == []
