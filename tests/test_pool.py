"""`HarvestPool`: many accounts over one set of connections."""

import asyncio

import pytest

from harvest_async import (
    BearerAuth,
    HarvestPool,
    HarvestV2,
    InvalidArgument,
    MemoryLedger,
    Registry,
    SqliteLedger,
    Throttle,
)
from harvest_async.throttle.registry import Identity
from tests.support.pool import APP, PoolServer, Provider, call, make_pool

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.fixture
async def server():
    """A server of any number of accounts."""
    return PoolServer(asyncio.get_running_loop().clock)


@pytest.fixture
def provider():
    """A provider of credentials."""
    return Provider()


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
