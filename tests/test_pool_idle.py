"""What a `HarvestPool` drops: accounts that are idle, and everything when it is closed."""

import asyncio
import gc
import sqlite3
import threading
import tracemalloc
import weakref
from contextlib import closing

import httpx
import pytest

from harvest_async import HarvestPool, InvalidArgument, NotSent, Registry, SqliteLedger, Throttle
from harvest_async.throttle.registry import Identity
from tests.support.pool import APP, Expiring, PoolServer, Provider, call, make_pool

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.fixture
async def server():
    """A server of any number of accounts."""
    return PoolServer(asyncio.get_running_loop().clock)


@pytest.fixture
def provider():
    """A provider of credentials."""
    return Provider()


# Idle accounts


async def test_an_idle_account_is_dropped(server, provider):
    """After a period without calls the client, the credentials and the throttle are released; counts stay."""
    registry = Registry()
    async with make_pool(server, provider, registry=registry) as pool:
        async with pool.account(1) as harvest:
            await harvest.company.get()
            released = weakref.ref(harvest.throttle)
        del harvest
        await asyncio.sleep(40)
        gc.collect()

        assert (pool.snapshot().accounts, released()) == (0, None)
        assert pool.metrics()["1"].calls == 1
        await call(pool, 1)
        assert pool.metrics()["1"].calls == 2
    assert provider.asked == ["1", "1"]


async def test_an_account_in_use_is_not_dropped(server, provider):
    """An open block keeps the client and the credentials, however long nothing is called."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await call(pool, 1)
        await asyncio.sleep(1_000)
        async with pool.account(1) as same:
            assert same is harvest
        await harvest.company.get()

    assert provider.asked == ["1"]


async def test_a_client_that_outlives_its_drop_shares_the_window(server):
    """A client that is used after its account was dropped counts with the account's next client."""
    async with make_pool(server) as pool:
        async with pool.account(1) as kept:
            await kept.company.get()
        await asyncio.sleep(40)
        assert pool.snapshot().accounts == 0
        await kept.company.get()
        async with pool.account(1) as harvest:
            assert harvest is not kept
            assert harvest.throttle is kept.throttle


async def test_a_window_that_matters_is_kept(server):
    """A report counts for 15 minutes: the client is dropped, the throttle with its windows is not."""
    async with make_pool(server) as pool:
        async with pool.account(1) as harvest:
            with pytest.raises(Exception, match="results"):
                await harvest.reports.uninvoiced("2026-01-01", "2026-01-31")
            throttle = harvest.throttle
        del harvest
        await asyncio.sleep(60)
        assert (pool.snapshot().accounts, pool.snapshot().clients) == (1, 0)
        async with pool.account(1) as again:
            assert again.throttle is throttle
            assert again.throttle.snapshot("reports").sent == 1
        del again
        await asyncio.sleep(1_000)

        assert pool.snapshot().accounts == 0


async def test_a_blocked_account_is_not_forgotten(server):
    """An account whose block is not over keeps its throttle."""
    server.limit = 1
    async with make_pool(server) as pool:
        async with pool.account(1) as harvest:
            await harvest.company.get()
            refused = asyncio.ensure_future(harvest.company.get())
            await asyncio.sleep(0.5)
            refused.cancel()
            await asyncio.gather(refused, return_exceptions=True)
        await asyncio.sleep(17)

        assert pool.snapshot().accounts == 1


async def test_idle_accounts_cost_next_to_nothing(server):
    """Two hundred idle accounts hold at most 1 kB each."""
    async with make_pool(server) as pool:
        await call(pool, 1)
        await asyncio.sleep(40)
        server.calls.clear()
        gc.collect()
        tracemalloc.start()
        try:
            for account in range(2, 202):
                await call(pool, account)
            await asyncio.sleep(40)
            server.calls.clear()
            server._arrived.clear()
            gc.collect()
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert held / 200 <= 1_048


# The end


async def test_calls_after_the_end_are_refused(server, provider):
    """A closed pool raises, and so does a client of it; closing it again does nothing."""
    pool = make_pool(server, provider)
    async with pool, pool.account(1) as harvest:
        await harvest.company.get()
    await pool.aclose()

    with pytest.raises(InvalidArgument, match="the pool has been closed"):
        await call(pool, 1)
    with pytest.raises(InvalidArgument, match="has been closed"):
        await harvest.company.get()
    with pytest.raises(InvalidArgument, match="the pool has been closed"):
        async with pool:
            pass


async def test_closing_the_pool_ends_calls_that_wait(server, provider):
    """Calls that wait for a lease or a connection raise at once, and the connections are closed."""
    server.limit = 1
    pool = make_pool(server, provider, max_connections=2)
    async with pool.account(1) as harvest:
        calls = [asyncio.ensure_future(harvest.company.get()) for _ in range(4)]
        await asyncio.sleep(1)  # one was served, one was refused, and all wait until the block is over
        began = asyncio.get_running_loop().time()
        await pool.aclose()
        results = await asyncio.gather(*calls, return_exceptions=True)

    assert asyncio.get_running_loop().time() - began < 1
    assert [type(each) for each in results[1:]] == [InvalidArgument] * 3
    assert server.open == 0


@pytest.mark.parametrize("steps", [1, 10, 20, 30])
async def test_closing_the_pool_closes_its_ledger_last(server, tmp_path, steps):
    """Calls in flight end before; SQLite deletes the log when the last connection to a file is closed."""
    pool = make_pool(server, ledger=tmp_path / "ledger.db")
    calls = [asyncio.ensure_future(call(pool, account)) for account in (1, 2, 3)]
    for _ in range(steps):
        await asyncio.sleep(0)
    await pool.aclose()
    await asyncio.gather(*calls, return_exceptions=True)

    assert not (tmp_path / "ledger.db-wal").exists()


async def test_closing_the_pool_waits_until_its_ledger_has_the_ends_of_calls(server, tmp_path):
    """Another process may be using the file; without their ends the leases would be held for a minute."""
    path, loop = tmp_path / "ledger.db", asyncio.get_running_loop()
    pool = make_pool(server, ledger=path)
    await call(pool, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        running = asyncio.ensure_future(call(pool, 1))
        await asyncio.sleep(0.03)
        other.execute("begin exclusive")
        loop.call_later(0.2, other.rollback)
        await running
        await pool.aclose()

    assert len(server.calls) == 2
    ledger = SqliteLedger(path, account="harvestapp.com/1", clock=loop.clock)
    assert Throttle(ledger=ledger, clock=loop.clock).snapshot().in_flight == 0


async def test_a_pool_is_closed_even_if_closing_it_is_cancelled(server, tmp_path):
    """Its ledger, too."""
    pool = make_pool(server, ledger=tmp_path / "ledger.db")
    running = asyncio.ensure_future(call(pool, 1))
    await asyncio.sleep(0.03)
    closing_pool = asyncio.ensure_future(pool.aclose())
    await asyncio.sleep(0)
    closing_pool.cancel()
    await asyncio.gather(running, closing_pool, return_exceptions=True)

    assert closing_pool.cancelled()
    assert server.open == 0
    assert not (tmp_path / "ledger.db-wal").exists()


async def test_a_pool_that_takes_long_to_close_drops_nothing_meanwhile(server):
    """The timer for idle accounts may fire while a renewal of a token is waited for."""

    class Slow(Expiring):
        async def settle(self):
            await asyncio.sleep(60)

    async def provider(_account):
        return Slow()

    async with make_pool(server, provider) as pool:
        await call(pool, 1)

    assert pool.snapshot().accounts == 1


async def test_closing_the_pool_ends_a_provider_that_runs(server, provider):
    """A block that waits for credentials raises."""
    provider.seconds = 20.0
    pool = make_pool(server, provider)
    opening = asyncio.ensure_future(call(pool, 1))
    await asyncio.sleep(0.1)
    await pool.aclose()

    with pytest.raises(NotSent, match="was cancelled"):
        await opening


async def test_a_client_that_was_closed_is_replaced(server):
    """Closing a client in its block closes no connection of others, and the next block gets a new client."""
    async with make_pool(server) as pool:
        async with pool.account(1) as harvest:
            await harvest.aclose()

        assert await call(pool, 1) == "1"
        assert await call(pool, 2) == "2"


async def test_throttles_of_a_closed_pool_are_not_limited_by_it(server):
    """A client outside the pool finds the account's throttle, with its window, but without the pool's cap."""
    registry = Registry()
    async with make_pool(server, registry=registry, max_connections=1) as pool:
        await call(pool, 1)

    throttle = registry.throttle(Identity("harvestapp.com", "1"))
    assert throttle.snapshot().sent == 1
    assert throttle._gate().connections.limit > 1


async def test_names_that_are_no_accounts_leave_nothing(server, provider):
    """An account that the provider does not know is forgotten, and so is one whose client can't be made."""
    provider.error = LookupError()
    async with make_pool(server, provider) as pool, make_pool(server, provider, app="tests") as other:
        for each in (pool, other):
            with pytest.raises((LookupError, InvalidArgument)):
                await call(each, 1)
        await asyncio.sleep(40)

        assert [(each.metrics(), each.snapshot().accounts) for each in (pool, other)] == [({}, 0)] * 2


@pytest.mark.parametrize("opened", [False, True])
def test_another_event_loop_gets_a_clear_error(opened):
    """A pool belongs to the event loop on which it was used first."""
    pool = HarvestPool(Provider(), app=APP, registry=Registry())
    kept = []

    async def use():
        async with pool.account(1) as harvest:
            kept.append(harvest)

    asyncio.run(use())
    with pytest.raises(InvalidArgument, match="belongs to another event loop"):
        asyncio.run(kept[0].company.get() if opened else use())


class LoopConnection(httpx.MockTransport):
    """A connection that can be used and closed on its own event loop only, as a real one."""

    closings = 0

    async def handle_async_request(self, request):
        self._loop = asyncio.get_running_loop()
        return await super().handle_async_request(request)

    async def aclose(self):
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("Event loop is closed")
        self.closings += 1


def pool_of_one_connection(**options):
    """A pool, and its only connection."""
    connection = LoopConnection(lambda _: httpx.Response(200, json={"name": "ACME"}))
    options = {"registry": Registry(), "transport": lambda _: connection, "max_connections": 1} | options
    return HarvestPool(Provider(), app=APP, **options), connection


def test_a_pool_may_be_closed_after_its_event_loop_has_ended(tmp_path):
    """Its connections ended with the loop, and its ledger is closed."""
    pool, connection = pool_of_one_connection(ledger=tmp_path / "ledger.db")
    asyncio.run(call(pool, 1))
    asyncio.run(pool.aclose())

    assert connection.closings == 0
    assert not (tmp_path / "ledger.db-wal").exists()


def test_a_pool_is_closed_on_its_own_event_loop():
    """Another thread may close it."""
    pool, connection = pool_of_one_connection()
    used, closed = threading.Event(), threading.Event()

    async def use():
        await call(pool, 1)
        used.set()
        await asyncio.to_thread(closed.wait, 30)

    thread = threading.Thread(target=asyncio.run, args=(use(),))
    thread.start()
    used.wait(30)
    try:
        asyncio.run(pool.aclose())
    finally:
        closed.set()
        thread.join()

    assert connection.closings == 1
