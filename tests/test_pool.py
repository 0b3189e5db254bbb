"""`HarvestPool`: many accounts over one set of connections."""

import asyncio
import gc
import tracemalloc
import weakref

import pytest

from harvest_async import (
    BasicAuth,
    BearerAuth,
    HarvestPool,
    HarvestV2,
    InvalidArgument,
    MemoryLedger,
    NotSent,
    Registry,
    SqliteLedger,
    Throttle,
    Unauthorized,
)
from harvest_async.auth.refreshable import Renewing
from harvest_async.throttle.registry import Identity
from tests.support.pool import APP, PoolServer, Provider, make_pool

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.fixture
async def server():
    """A server of any number of accounts."""
    return PoolServer(asyncio.get_running_loop().clock)


@pytest.fixture
def provider():
    """A provider of credentials."""
    return Provider()


async def call(pool, account, times=1):
    async with pool.account(account) as harvest:
        for _ in range(times):
            company = await harvest.company.get()
        return company.name


# Accounts


async def test_each_account_has_its_own_credentials_and_id(server, provider):
    """Calls carry the id and the token of their account, over the connections of all."""
    async with make_pool(server, provider) as pool:
        names = await asyncio.gather(*(call(pool, account) for account in (1, 2, 3)))

    assert names == ["1", "2", "3"]
    assert {(name, signed) for _, name, signed in server.calls} == {(n, f"Bearer token-{n}") for n in "123"}


async def test_numbers_and_texts_name_one_account(server, provider):
    """`7`, `"7"` and `" 7 "` are one account, with one client and one throttle."""
    async with make_pool(server, provider) as pool:
        async with pool.account(7) as number, pool.account("7") as text, pool.account(" 7 ") as padded:
            assert number is text is padded
        await call(pool, 7)

        assert list(pool.metrics()) == ["7"]
        assert provider.asked == ["7"]


@pytest.mark.parametrize("account", [0, -1, "", "acme", None, True, 1.5, 2**63])
async def test_what_is_no_account_is_refused(server, account):
    """Raises before anything is requested."""
    async with make_pool(server) as pool:
        with pytest.raises(InvalidArgument, match="account_id: give the account's number"):
            async with pool.account(account):
                pass


async def test_subdomains_of_v1_are_accounts(server, provider):
    """By API v1 an account is a subdomain in any case of letters, at an address of its own."""
    pool = make_pool(server, provider, version="v1")
    async with pool, pool.account("Acme") as acme, pool.account("acme") as same, pool.account("beta") as beta:
        assert acme is same
        assert [acme.address, beta.address] == ["https://acme.harvestapp.com", "https://beta.harvestapp.com"]


async def test_the_address_may_name_the_account(server):
    """`{account}` in `base_url` is replaced by the account's name."""
    address = "https://sandbox.example/accounts/{account}"
    async with make_pool(server, version="v1", base_url=address) as pool, pool.account("acme") as harvest:
        assert harvest.address == "https://sandbox.example/accounts/acme"


async def test_an_account_has_one_throttle_with_clients_outside_the_pool(server):
    """A client without a pool finds the same throttle in the registry."""
    registry = Registry()
    async with make_pool(server, registry=registry) as pool, pool.account(7) as harvest:
        assert registry.throttle(Identity("harvestapp.com", "7")) is harvest.throttle


async def test_no_account_exceeds_its_limit(server):
    """Accounts with more calls than their limit allows wait, each for itself, and none is refused."""
    server.limit = 20
    clock = asyncio.get_running_loop().clock
    pool = make_pool(server, max_connections=6, throttle=lambda name: Throttle(20, 15, clock=clock, name=name))
    async with pool:
        await asyncio.gather(*(call(pool, account, 30) for account in (1, 2, 3)))

    assert not server.refused
    assert [server.most_in_any_period(name) <= 20 for name in "123"] == [True] * 3


# Connections


async def test_no_more_connections_are_open_than_allowed(server):
    """Fifty accounts with a call each use four connections, one after the other."""
    async with make_pool(server, max_connections=4) as pool:
        await asyncio.gather(*(call(pool, account) for account in range(1, 51)))

    assert (server.most_open, server.made, server.open) == (4, 4, 0)


async def test_a_thousand_calls_of_one_account_do_not_starve_another(server):
    """A call of a second account is the next to be sent, not the last."""
    clock = asyncio.get_running_loop().clock
    throttle = lambda name: Throttle(5_000, 15, clock=clock, name=name)  # noqa: E731
    server.limit = 5_000
    async with make_pool(server, max_connections=4, throttle=throttle) as pool:
        await call(pool, 1)
        await call(pool, 2)
        async with pool.account(1) as harvest:
            crowd = [asyncio.ensure_future(harvest.company.get()) for _ in range(1_000)]
            await asyncio.sleep(0.1)
            began = clock.now()
            await call(pool, 2)
            took = (clock.now() - began) / 1e9
            for each in crowd:
                each.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)

    assert took < 0.11  # a call takes 0.05 s, and it waits for one of others at most


async def test_accounts_take_turns(server):
    """Where connections are too few, accounts with many calls get the same share."""
    clock = asyncio.get_running_loop().clock
    server.limit = 5_000
    throttle = lambda name: Throttle(5_000, 15, clock=clock, name=name)  # noqa: E731
    async with make_pool(server, max_connections=3, throttle=throttle) as pool:
        tasks = [asyncio.ensure_future(call(pool, account, 40)) for account in (1, 2, 3, 4, 5) for _ in range(4)]
        await asyncio.sleep(10)
        counts = [pool.metrics(account)[str(account)].calls for account in range(1, 6)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert min(counts) >= 0.9 * max(counts) > 50


async def test_a_slow_account_leaves_half_of_the_connections(server):
    """Calls of an account whose server does not respond hold no more than half of the connections."""
    server.seconds["1"] = 40.0
    async with make_pool(server, max_connections=4) as pool, pool.account(1) as slow:
        stuck = [asyncio.ensure_future(slow.company.get()) for _ in range(10)]
        await asyncio.sleep(45)  # the first call goes alone
        began = asyncio.get_running_loop().time()
        await call(pool, 2, 3)

        assert (pool.snapshot().busy, asyncio.get_running_loop().time() - began < 1) == (2, True)
        for each in stuck:
            each.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_blocked_account_delays_no_other_and_holds_no_connection(server):
    """While one account is blocked, calls of another take as long as ever over a single connection."""
    server.limit = 10
    clock = asyncio.get_running_loop().clock
    async with make_pool(server, max_connections=1) as pool, pool.account(1) as blocked:
        waiting = [asyncio.ensure_future(blocked.company.get()) for _ in range(30)]
        await asyncio.sleep(3)
        assert pool.metrics(1)["1"].closed
        began = clock.now()
        await call(pool, 2, 5)
        took = (clock.now() - began) / 1e9
        assert pool.snapshot().busy == 0
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert took < 0.3
    assert server.refused["2"] == 0


async def test_cancelled_calls_return_leases_and_connections(server):
    """After calls were cancelled in every phase, all connections are free and none is lost."""
    async with make_pool(server, max_connections=3) as pool:
        for pause in (0, 0.01, 0.03, 0.05, 0.06, 0.2):
            tasks = [asyncio.ensure_future(call(pool, account, 3)) for account in range(1, 12)]
            await asyncio.sleep(pause)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(70)  # a cancelled call's lease is held for a while
        metrics = pool.metrics().values()

        assert (pool.snapshot().busy, pool.snapshot().waiting_accounts) == (0, 0)
        assert sum(each.in_flight + each.waiting + each.blocks for each in metrics) == 0
        assert await asyncio.gather(*(call(pool, account) for account in (1, 2, 3, 4))) == ["1", "2", "3", "4"]
    assert server.open == 0


async def test_idle_connections_are_closed(server):
    """A pool that nobody uses has no open connection after a while."""
    async with make_pool(server) as pool:
        await asyncio.gather(*(call(pool, account) for account in range(1, 9)))
        assert server.open == 8
        await asyncio.sleep(3)

        assert (server.open, pool.snapshot().connections) == (0, 0)


async def test_connections_lead_to_the_address_of_the_account(server):
    """By API v1 each account has an address: a connection is used again for its own, and replaced for another."""
    async with make_pool(server, version="v1", max_connections=2) as pool:
        for name in ("acme", "beta", "acme", "beta", "gamma", "acme"):
            async with pool.account(name) as harvest:
                await harvest.request("GET", "/anything")

    assert server.most_open == 2
    assert [name for _, name, _ in server.calls if name != "acme"].count("beta") >= 2
    assert server.made == 4  # acme, beta, gamma in place of the one used longest ago, acme again


# Credentials


async def test_concurrent_first_uses_ask_for_credentials_once(server, provider):
    """Twenty blocks that open together share one call of the provider."""
    provider.seconds = 1.0
    async with make_pool(server, provider) as pool:
        await asyncio.gather(*(call(pool, 1) for _ in range(20)))

    assert provider.asked == ["1"]


async def test_a_first_use_that_is_cancelled_does_not_stop_the_others(server, provider):
    """The provider goes on for those who wait with the cancelled one."""
    provider.seconds = 1.0
    async with make_pool(server, provider) as pool:
        first, second = (asyncio.ensure_future(call(pool, 1)) for _ in range(2))
        await asyncio.sleep(0.5)
        first.cancel()

        assert await second == "1"
    assert provider.asked == ["1"]


async def test_an_error_of_the_provider_reaches_the_caller_and_is_not_kept(server, provider):
    """An unknown account raises the provider's own error each time; a later success is used."""
    provider.error = LookupError("no such account")
    async with make_pool(server, provider) as pool:
        for _ in range(2):
            with pytest.raises(LookupError, match="no such account"):
                await call(pool, 1)
        provider.error = None

        assert await call(pool, 1) == "1"
    assert provider.asked == ["1"] * 3


async def test_a_provider_that_hangs_is_given_up(server, provider):
    """Raises NotSent after `patience`, in every caller that waits, and asks again for the next one."""
    provider.seconds = 1e6
    loop = asyncio.get_running_loop()
    async with make_pool(server, provider, patience=5) as pool:
        began = loop.time()
        errors = await asyncio.gather(call(pool, 1), call(pool, 1), return_exceptions=True)
        assert 5 <= loop.time() - began < 6
        provider.seconds = 0.0

        assert await call(pool, 1) == "1"
    assert [type(error) for error in errors] == [NotSent, NotSent]
    assert "the credentials of account 1 were not provided within 5 s" in str(errors[0])


async def test_a_provider_that_is_cancelled_by_others_is_an_error(server):
    """A provider that ends by a cancellation of its own does not cancel the caller."""

    async def provider(_account):
        raise asyncio.CancelledError

    async with make_pool(server, provider) as pool:
        with pytest.raises(NotSent, match="credentials of account 1 was cancelled"):
            await call(pool, 1)


@pytest.mark.parametrize("given", [None, "token", object()])
async def test_what_is_no_credential_is_refused(server, given):
    """Names the account and what to return instead, and shows nothing of the value."""

    async def provider(_account):
        return given

    async with make_pool(server, provider) as pool:
        with pytest.raises(InvalidArgument, match=f"returned {type(given).__name__} for account 1: return BearerAuth"):
            await call(pool, 1)


async def test_credentials_of_another_version_are_refused(server):
    """API v2 has no passwords."""

    async def provider(_account):
        return BasicAuth("me@example.com", "secret")

    async with make_pool(server, provider) as pool:
        with pytest.raises(InvalidArgument, match="API v2 accepts no e-mail and password"):
            await call(pool, 1)


async def test_refused_credentials_are_asked_for_again(server, provider):
    """A token that is refused in mid-run is replaced by a new one from the provider, within the same call."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        server.valid = {"new"}
        provider.tokens["1"] = "new"
        await harvest.company.get()

    assert provider.asked == ["1", "1"]
    assert [signed for _, _, signed in server.calls] == ["Bearer token-1", "Bearer token-1", "Bearer new"]


async def test_calls_in_flight_with_refused_credentials_ask_once(server, provider):
    """Ten calls that are refused together ask the provider once."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        server.valid, provider.tokens["1"] = {"new"}, "new"
        await asyncio.gather(*(harvest.company.get() for _ in range(8)))

    assert provider.asked == ["1", "1"]


async def test_credentials_that_are_refused_for_good_raise(server, provider):
    """If new credentials are refused, too, the call raises Unauthorized, and the next call asks once more."""
    server.valid = set()
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        with pytest.raises(Unauthorized):
            await harvest.company.get()
        server.valid = {"token-1"}

        assert (await harvest.company.get()).name == "1"
    assert provider.asked == ["1", "1"]


async def test_forgotten_credentials_are_asked_for_again(server, provider):
    """`forget` in the middle of a block: calls in flight end, the next one asks the provider."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        running = asyncio.ensure_future(harvest.company.get())
        await asyncio.sleep(0.01)
        pool.forget(1)
        provider.tokens["1"] = "new"
        await running
        await harvest.company.get()
        pool.forget(2)  # unknown: nothing happens

    assert [signed for _, _, signed in server.calls] == ["Bearer token-1", "Bearer new"]


class Expiring(Renewing):
    """Credentials that expire: each renewal gives another token, until it is refused."""

    def __init__(self):
        self.renewals, self.held, self.refused, self.ended = 0, None, False, 0

    def signer(self):
        return self.held

    def invalidate(self, signer):
        if self.held is signer:
            self.held = None

    async def cache_identity(self):
        return b""

    async def renew(self, send):  # noqa: ARG002 - the protocol has it
        if self.refused:
            raise Unauthorized("sign in again")
        self.renewals += 1
        self.held = BearerAuth(f"renewed-{self.renewals}")

    async def settle(self):
        self.ended += 1


async def test_credentials_that_expire_are_renewed_and_replaced_when_that_fails(server):
    """They renew themselves; when the renewal is refused the provider is asked for others."""
    given = [Expiring(), Expiring()]
    asked = iter(given)

    async def provider(_account):
        return next(asked)

    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        given[0].held, given[0].refused = None, True
        with pytest.raises(Unauthorized):
            await harvest.company.get()
        await harvest.company.get()

    assert [each.renewals for each in given] == [1, 1]
    assert given[1].ended == 1  # a renewal that runs when the pool is closed is waited for


async def test_secrets_are_not_shown(server, provider):
    """Neither the pool nor its parts show a token."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        shown = f"{pool!r} {harvest!r} {harvest.auth!r} {pool.metrics()} {pool.snapshot()}"

    assert "token-1" not in shown
    assert "ProvidedAuth('1')" in shown


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


# Ledgers


async def test_accounts_share_the_file_of_a_ledger(server, tmp_path):
    """A path is one open SQLite file for all accounts, under the names that the command line uses."""
    clock = asyncio.get_running_loop().clock
    async with make_pool(server, ledger=tmp_path / "ledger.sqlite3") as pool:
        await asyncio.gather(*(call(pool, account) for account in (1, 2, 3)))

    own = Throttle(
        ledger=SqliteLedger(tmp_path / "ledger.sqlite3", account="harvestapp.com/2", clock=clock), clock=clock
    )
    assert own.snapshot().sent == 1


async def test_a_function_makes_the_ledgers(server):
    """A function is given the account's name, once as long as the throttle lives."""
    made = {}

    def ledger(name):
        made[name] = MemoryLedger()
        return made[name]

    async with make_pool(server, ledger=ledger) as pool:
        await call(pool, 5, 2)
        await call(pool, 6)

    assert list(made) == ["5", "6"]
    assert made["5"].state.window.held(0) == 2


async def test_throttles_with_a_shared_ledger_are_dropped_when_idle(server, tmp_path):
    """The ledger has the window, so that nothing is lost by it."""
    async with make_pool(server, ledger=tmp_path / "ledger.sqlite3") as pool:
        await call(pool, 1)
        await asyncio.sleep(40)

        assert pool.snapshot().accounts == 0


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


# Arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_connections": 0}, r"max_connections=0\): give a whole number from 1 to 10,000"),
        ({"max_connections": -3}, "max_connections"),
        ({"max_connections": True}, "max_connections"),
        ({"max_connections": 2.5}, "give a whole number"),
        ({"max_connections": "8"}, "max_connections"),
        ({"max_connections": 10_001}, "max_connections"),
        ({"patience": 0}, r"patience=0\): give seconds above 0"),
        ({"patience": float("nan")}, "patience"),
        ({"patience": None}, "patience"),
        ({"version": "v9"}, "Unknown API version 'v9'. Choose from: v1, v2."),
        ({"colour": "red"}, "unknown option colour. Choose from: base_url, format,"),
        ({"ledger": 5}, "ledger: give the path of a file, the URL of a Redis server, or a function"),
        ({"ledger": "redis://host:secret/0"}, "not the address of a Redis server"),
        ({"ledger": "x", "throttle": Throttle}, "give either ledger or throttle"),
    ],
)
def test_arguments_are_checked(options, message):
    """Each argument that can't be used is named, with what can."""
    with pytest.raises(InvalidArgument, match=message):
        HarvestPool(Provider(), app=APP, **options)


def test_credentials_have_to_be_a_function():
    """Credentials themselves are not accepted in place of the function, and not shown."""
    with pytest.raises(InvalidArgument, match="credentials: give a coroutine function") as caught:
        HarvestPool(BearerAuth("secret-token"), app=APP)

    assert "secret-token" not in str(caught.value)


async def test_an_application_without_contact_is_refused(server):
    """The first block raises what the client would raise."""
    async with make_pool(server, app="tests") as pool:
        with pytest.raises(InvalidArgument, match="app: add an e-mail address or a link"):
            await call(pool, 1)


def test_a_pool_is_loaded_on_first_use():
    """The class is that of the package, and its clients are those of the default version."""
    assert HarvestPool.__module__ == "harvest_async.pool.pool"
    assert HarvestV2.__name__ == "HarvestV2"
