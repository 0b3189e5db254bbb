"""A throttle outlives event loops, and reports its state."""

import asyncio
import threading
import time

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument, WouldWait
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import ThrottledTransport
from tests.support.account import SlowAccount
from tests.support.house import House

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def test_a_throttle_outlives_its_loops():
    """A line whose loop is closed is replaced; the count stays."""
    throttles = []

    async def run(offset):
        loop = asyncio.get_running_loop()
        if not throttles:
            throttles.append((loop.clock, SlowAccount(loop.clock, way=0.01, back=0.01)))
            throttles.append(Throttle(clock=loop.clock, pace="burst"))
        clock, account = throttles[0]
        loop.clock.moment = clock.moment = max(loop.clock.moment, clock.moment)
        account.clock = throttles[1]._clock = throttles[1]._budgets["general"]._clock = clock = loop.clock
        client = httpx.AsyncClient(
            transport=ThrottledTransport(account, throttles[1], status_path="/account/rate_limit_status"),
            base_url="https://a.example",
        )
        await asyncio.gather(*(client.get(f"/{offset + n}") for n in range(60)))
        throttles[0] = (clock, account)

    for round_ in range(3):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            if throttles:
                runner.get_loop().clock.moment = throttles[0][0].moment
            runner.run(run(60 * round_))

    clock, account = throttles[0]
    assert (account.refused, account.most_in_any_period()) == (0, 100)
    assert clock.now() > 15 * SECOND


def test_leases_of_a_loop_that_was_closed_are_lost():
    """A loop closed in the middle of a call leaves a lease that frees in its time."""
    loop = VirtualLoop()
    throttle = Throttle(clock=loop.clock)

    async def take():
        await throttle.acquire(Ticket())

    loop.run_until_complete(take())
    loop.close()
    again = VirtualLoop()
    again.clock.moment = loop.clock.moment
    throttle._clock = throttle._budgets["general"]._clock = again.clock

    async def look():
        await throttle.acquire(Ticket())
        return throttle.snapshot().in_flight

    assert again.run_until_complete(look()) == 1
    again.close()


def test_two_live_loops_may_share_a_ledger(tmp_path):
    """With a shared ledger each loop has a line of its own."""
    first, second = VirtualLoop(), VirtualLoop()
    throttle = Throttle(clock=first.clock, ledger=SqliteLedger(tmp_path / "l", "a", clock=first.clock))
    lease = first.run_until_complete(throttle.acquire(Ticket()))
    lease.responded()
    first.run_until_complete(throttle.acquire(Ticket()))
    second.run_until_complete(throttle.acquire(Ticket()))

    assert throttle.snapshot().granted == 3
    first.close()
    second.close()


def test_two_live_loops_draw_on_one_ledger_in_memory():
    """Each has a waiting line of its own, and the account's limit holds for both together."""
    first, second = VirtualLoop(), VirtualLoop()
    throttle = Throttle(2, 60, clock=first.clock)
    lease = first.run_until_complete(throttle.acquire(Ticket()))
    lease.responded()
    first.run_until_complete(throttle.acquire(Ticket()))
    with pytest.raises(WouldWait):
        second.run_until_complete(throttle.acquire(Ticket(max_wait=SECOND)))

    assert throttle.snapshot().granted == 2
    first.close()
    second.close()


def test_an_end_is_written_within_the_bounds_of_its_own_throttle():
    """Two throttles over one ledger: each uses its own ceiling, as long as no call of the other one is counted."""
    loop, ledger = VirtualLoop(), MemoryLedger()
    narrow, wide = (Throttle(calls, 60, ledger=ledger, clock=loop.clock) for calls in (2, 50))
    lease = loop.run_until_complete(narrow.acquire(Ticket()))
    wide.snapshot()
    lease.responded()

    assert ledger.state.window.calls == 2
    with pytest.raises(InvalidArgument, match=r"calls=50.* has calls=2"):
        loop.run_until_complete(wide.acquire(Ticket()))
    loop.clock.advance(61)
    assert loop.run_until_complete(wide.acquire(Ticket())).sent == loop.clock.now()
    assert ledger.state.window.calls == 50
    loop.close()


def test_clients_in_several_threads_share_the_limit():
    """Eight event loops at once, on one throttle with its ledger in memory: nothing is refused or lost."""
    account = Counter(calls=20, period=1.0)
    throttle = Throttle(20, 1, guard=0, pace="burst", max_block=None)
    ends = []

    async def work():
        transport = ThrottledTransport(account, throttle, status_path=None)
        async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as client:
            ends.extend(
                [response.status_code for response in await asyncio.gather(*(client.get("/") for _ in range(8)))]
            )

    threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert ends == [200] * 64
    assert account.most == 20
    assert throttle.snapshot().in_flight == 0


class Counter(httpx.AsyncBaseTransport):
    """Counts how many calls arrive in any period; threads may share it."""

    def __init__(self, calls, period):
        self.calls, self.period, self.arrivals, self.lock = calls, period, [], threading.Lock()

    @property
    def most(self):
        return max(sum(0 <= later - one < self.period for later in self.arrivals) for one in self.arrivals)

    async def handle_async_request(self, _):
        with self.lock:
            self.arrivals.append(time.monotonic())
        await asyncio.sleep(0.01)
        return httpx.Response(200)


async def test_a_snapshot_tells_how_the_budget_stands():
    """Sent, free, queued, closed: what a person or a program wants to know."""
    house = House(calls=5, pace="burst")
    house.account.spend(1)
    await house.many(2)
    tasks = asyncio.gather(house.many(3), house.many(2, lane=Lane.BULK))
    await asyncio.sleep(0.001)
    seen = house.throttle.snapshot()
    await tasks

    assert (seen.sent, seen.foreign, seen.free, seen.in_flight) == (4, 1, 0, 1)
    assert (seen.queued_interactive, seen.queued_bulk, seen.closed, seen.closed_for) == (2, 2, None, 0)
    assert [round(seen.seconds_until(n)) for n in (1, 5, 6)] == [15, 15, 30]


async def test_a_snapshot_of_a_shut_gate_says_until_when():
    """The end of a closed gate is reported in seconds and as a time."""
    house = House()
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "9"}))
    waiting = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    seen = house.throttle.snapshot()
    until = (seen.closed_until - house.clock.today()).total_seconds()
    await waiting

    assert (seen.closed, round(seen.closed_for), round(until)) == ("the account is throttled", 8, 8)
    assert round(seen.seconds_until(1)) == 8


async def test_a_snapshot_counts_from_one():
    """Nobody asks when no call could go."""
    with pytest.raises(InvalidArgument):
        Throttle().snapshot().seconds_until(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"calls": 0},
        {"calls": 10_001},
        {"period": 0.5},
        {"period": 3_601},
        {"pace": "fast"},
        {"reserve": -1},
        {"guard": -1},
        {"max_block": -1},
    ],
)
def test_numbers_out_of_range_are_refused(wrong):
    """A throttle says which of its arguments is wrong and what would be right."""
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        Throttle(**wrong)


def test_a_throttle_shows_what_it_is():
    """Its repr names the account."""
    assert repr(Throttle(name="acme")) == "<Throttle acme, pace='even'>"
