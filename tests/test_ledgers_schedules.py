"""Several processes on one account over a ledger on a server, in virtual time: an honest account counts what arrives.

The account refuses calls beyond its limit. Processes have clocks that differ by minutes, they crash and start again,
their calls are cancelled, and the ledger's server loses requests, replies and what it stored, is slow, and its clock jumps.
"""

import asyncio
import random

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.lease import DEADLINE, Ticket
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import TICKET, ThrottledTransport
from tests.support.account import SlowAccount
from tests.support.ledger_server import LedgerServer, SimulatedLedger, SkewedClock

CALLS, PERIOD = 8, 2


class Process:
    """One process of the account: its clock, its ledger and its client."""

    def __init__(self, house, pace="burst", share=None):
        clock = SkewedClock(house.clock, house.random.randrange(10**6) * SECOND)
        self.ledger = SimulatedLedger(house.server, share=share)
        self.throttle = Throttle(CALLS, PERIOD, clock=clock, ledger=self.ledger, pace=pace, guard=0.5)
        transport = ThrottledTransport(house.account, self.throttle, status_path=house.status_path)
        self._client = httpx.AsyncClient(transport=transport, base_url="https://a.example")
        self.tasks = []

    def begin(self, calls, deadline=DEADLINE):
        self.tasks += [asyncio.ensure_future(self._call(number, deadline)) for number in range(calls)]

    async def _call(self, number, deadline):
        try:
            ticket = Ticket(deadline=deadline)
            return (await self._client.get(f"/{number}", extensions={TICKET: ticket})).status_code
        except (HarvestError, httpx.TimeoutException) as error:  # a step that took longer than a call's deadline
            return error

    def die(self):
        """End at once: what is on its way arrives, and nothing else happens."""
        self.ledger.dead = True
        for task in self.tasks:
            task.cancel()


class House:
    """The account, the ledger's server, and the processes."""

    def __init__(self, seed, *, status_path=None, near=False):
        self.random = random.Random(seed)
        self.clock = asyncio.get_running_loop().clock
        self.clock.moment = 10_000 * SECOND
        way, ledger_way = ((0, 0.001), (0, 0.05)) if near else ((0.02, 0.15), (0.0001, 0.004))
        self.server = LedgerServer(self.clock, way=lambda: self.random.uniform(*ledger_way))
        self.status_path = status_path
        ways = {name: lambda _: self.random.uniform(*way) for name in ("way", "back")}
        self.account = Arrivals(self.clock, CALLS, PERIOD, **ways)
        self.processes = []
        self.lost_at = 0

    async def known(self):
        """Wait until a new process can know what was sent: none can if what was stored has just been lost."""
        left = self.lost_at + (PERIOD + 1) * SECOND - self.clock.now()
        await asyncio.sleep(max(0, left) / SECOND)

    def lose(self):
        """Note a loss. A process that has not read the state yet can't know of it: it ends."""
        self.lost_at = self.clock.now()
        for process in [each for each in self.processes if each.ledger.known is None]:
            process.die()
            self.processes.remove(process)

    def start(self, **options):
        self.processes.append(Process(self, **options))
        return self.processes[-1]

    async def finish(self, seconds=120):
        """Wait until all calls have ended; return their results."""
        tasks = [task for process in self.processes for task in process.tasks]
        _, late = await asyncio.wait([*tasks, asyncio.ensure_future(asyncio.sleep(0))], timeout=seconds)
        assert not late
        return [task.result() for task in tasks if not task.cancelled()]


class Arrivals(SlowAccount):
    """An account whose calls arrive even if their sender dies meanwhile."""

    async def handle_async_request(self, request):
        return await asyncio.shield(asyncio.ensure_future(super().handle_async_request(request)))


def run(main, seed=0, **options):
    async def house():
        house = House(seed, **options)
        await main(house)
        return house

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(house())


EVENTS = st.sampled_from(
    [
        *(
            "calls",
            "calls",
            "bulk",
            "die",
            "start",
            "lost reply",
            "lost request",
            "restart",
            "fail over",
            "down",
            "wait",
        ),
        *("clock", "lost entries", "cancel", "slow"),
    ]
)


@settings(max_examples=20)
@given(st.lists(EVENTS, min_size=3, max_size=10), st.integers(0, 10**6), st.booleans())
def test_no_schedule_sends_more_than_the_account_allows(events, seed, near):
    """At most N calls arrive in any window, and all calls of processes that live end."""

    async def schedule(house):
        for _ in range(3):
            house.start().begin(house.random.randrange(1, 12))
        for event in events:
            await asyncio.sleep(house.random.uniform(0, 1.2))
            await EFFECTS[event](house)
        await house.finish()

    house = run(schedule, seed, near=near)

    assert (house.account.refused, house.account.most_in_any_period() <= CALLS) == (0, True)


def test_a_loss_does_not_prolong_the_leases_of_a_process_that_died():
    """They end when the deadline of its calls, the guard and a period are over, as without the loss."""
    wait, house = _wait_after_a_death(LedgerServer.restart)

    assert PERIOD < wait < 5 + 0.5 + PERIOD + 1
    assert (house.account.refused, house.account.most_in_any_period() <= CALLS) == (0, True)


@pytest.mark.parametrize("jump", [300, -300])
def test_after_a_clock_jumped_calls_of_a_process_that_died_are_awaited_for_a_minute(jump):
    """Their own deadlines mean nothing any more."""

    def set_clock(server):
        server.ahead += jump * SECOND

    wait, house = _wait_after_a_death(set_clock)

    assert 60 < wait < 60 + 0.5 + PERIOD + 1
    assert (house.account.refused, house.account.most_in_any_period() <= CALLS) == (0, True)


def _wait_after_a_death(harm):
    """Have a process die with calls in flight, harm the server, and return how long another one's call then takes."""
    waits = []

    async def schedule(house):
        lives, dies = house.start(), house.start()
        dies.begin(3, deadline=5 * SECOND)
        await house.finish()
        dies.begin(3, deadline=5 * SECOND)
        await asyncio.sleep(0.015)
        dies.die()
        lives.begin(1)
        await house.finish()
        harm(house.server)
        began = house.clock.now()
        lives.begin(1)  # its step shows the harm; it may be granted by then
        await house.finish()
        lives.begin(1)
        await house.finish()
        waits.append((house.clock.now() - began) / SECOND)

    house = run(schedule)
    return waits[0], house


async def _calls(house):
    deadline = house.random.choice((1, 5, 60)) * SECOND
    for process in house.random.sample(house.processes, min(1, len(house.processes))):
        process.begin(house.random.randrange(1, 12), deadline)


async def _bulk(house):
    await house.known()
    process = house.start(pace="even")
    process.begin(house.random.randrange(1, 12))


async def _die(house):
    if len(house.processes) > 1:
        house.processes.pop(house.random.randrange(len(house.processes))).die()


async def _start(house):
    await house.known()
    house.start().begin(house.random.randrange(1, 12))


async def _lost_reply(house):
    house.server.lost_replies += house.random.randrange(1, 4)


async def _lost_request(house):
    house.server.lost_requests += house.random.randrange(1, 4)


async def _restart(house):
    house.lose()
    house.server.restart()


async def _fail_over(house):
    house.lose()
    house.server.fail_over(house.random.uniform(0, 0.3))


async def _down(house):
    house.server.down = True
    await asyncio.sleep(house.random.uniform(0.1, 3))
    house.server.down = False


async def _wait(house):
    await asyncio.sleep(house.random.uniform(0, 5))


async def _clock(house):
    house.lose()
    house.server.ahead += round(house.random.choice((-400, -3, -0.3, 0.3, 3, 400)) * SECOND)


async def _lost_entries(house):
    house.server.lose_entries()


async def _cancel(house):
    tasks = [task for process in house.processes for task in process.tasks if not task.done()]
    for task in house.random.sample(tasks, len(tasks) // 2):
        task.cancel()


async def _slow(house):
    """Delay what is sent within a short time by seconds."""
    way, house.server.way = house.server.way, lambda: house.random.uniform(0.2, 2)
    await asyncio.sleep(0.1)
    house.server.way = way


EFFECTS = {
    "clock": _clock,
    "lost entries": _lost_entries,
    "cancel": _cancel,
    "slow": _slow,
    "calls": _calls,
    "bulk": _bulk,
    "die": _die,
    "start": _start,
    "lost reply": _lost_reply,
    "lost request": _lost_request,
    "restart": _restart,
    "fail over": _fail_over,
    "down": _down,
    "wait": _wait,
}
