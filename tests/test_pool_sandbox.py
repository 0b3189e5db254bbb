"""Pools against a sandbox of many accounts over a socket, by both API versions."""

import asyncio

import pytest

from harvest_async import BearerAuth, HarvestPool, Registry, Throttle
from harvest_async.fastapi import CallLog
from harvest_async.sandbox import Sandbox
from tests.support.pool import APP
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

ACCOUNTS = 12


@pytest.fixture(scope="module")
def sandbox():
    """A sandbox of twelve accounts that allows ten calls in two seconds."""
    found = Sandbox(calls=10, period=2.0, accounts=ACCOUNTS)
    yield found
    found.close()


def scaled(name):
    """A throttle for the sandbox's limit."""
    return Throttle(10, 2, pace="burst", name=name, guard=0.2)


async def test_no_account_exceeds_its_limit_by_v2(sandbox, address):
    """Twelve accounts read and write at once over four connections; each record is in its own account."""

    async def credentials(_account):
        return BearerAuth("sandbox-token")

    async def work(pool, account):
        async with pool.account(account) as harvest:
            await asyncio.gather(*(harvest.clients.create(name=f"Client {account}-{n}") for n in range(7)))
            return {client.name async for client in harvest.clients.list()}

    options = {"base_url": address, "registry": Registry(), "throttle": scaled, "max_connections": 4}
    async with HarvestPool(credentials, app=APP, **options) as pool:
        found = await asyncio.gather(*(work(pool, account) for account in range(1, ACCOUNTS + 1)))
        metrics = pool.metrics()

    assert found == [{f"Client {account}-{n}" for n in range(7)} for account in range(1, ACCOUNTS + 1)]
    assert all(sandbox.account(n).max_in_window() <= 10 for n in range(1, ACCOUNTS + 1))
    assert all(sandbox.account(n).throttled() == 0 for n in range(1, ACCOUNTS + 1))
    assert {each.calls for each in metrics.values()} == {8}


async def test_the_clients_of_a_pool_are_observed(address):
    """The pool's `telemetry` is that of each client, and has the calls of each account."""

    async def credentials(_account):
        return BearerAuth("sandbox-token")

    log = CallLog()
    options = {"base_url": address, "registry": Registry(), "throttle": scaled, "telemetry": log}
    async with HarvestPool(credentials, app=APP, **options) as pool:
        for account in (1, 2):
            async with pool.account(account) as harvest:
                await harvest.company.get()

    assert [each.name.rpartition("/")[2] for each in log.accounts] == ["1", "2"]
    assert [[entry.name for entry in each.calls] for each in log.accounts] == [["company.get"]] * 2


async def test_subdomains_by_v1(sandbox, address):
    """Three accounts by API v1, each at its own address, with the throttle's status call."""

    async def credentials(_account):
        return BearerAuth("sandbox-v1-token")

    async def work(pool, account):
        async with pool.account(account) as harvest:
            await harvest.tasks.create_id(name=f"Task of {account}")
            return [task.name async for task in harvest.tasks.list()]

    names = ("sandbox", "sandbox-2", "sandbox-3")
    options = {"base_url": f"{address}/accounts/{{account}}", "registry": Registry(), "throttle": scaled}
    async with HarvestPool(credentials, app=APP, version="v1", max_connections=2, **options) as pool:
        found = await asyncio.gather(*(work(pool, name) for name in names))

    assert found == [[f"Task of {name}"] for name in names]
    assert all(sandbox.account(name).throttled() == 0 for name in names)


async def test_accounts_share_a_server_of_ledgers(sandbox, address, tmp_path):
    """With the URL of a server, calls of many accounts over too few connections all get their turn."""

    async def credentials(_account):
        return BearerAuth("sandbox-token")

    async def work(pool, account):
        async with pool.account(account) as harvest:
            await asyncio.gather(*(harvest.company.get() for _ in range(4)))

    for number in range(6, 11):
        sandbox.account(number).set_limits(100, 15.0)
    with Valkey(tmp_path) as valkey:
        options = {"base_url": address, "registry": Registry(), "ledger": valkey.url, "max_connections": 2}
        async with HarvestPool(credentials, app=APP, **options) as pool:
            async with asyncio.timeout(30):
                await asyncio.gather(*(work(pool, account) for account in range(6, 11)))
            counts = {name: each.calls for name, each in pool.metrics().items()}
            assert (pool.snapshot().busy, pool.snapshot().waiting_accounts) == (0, 0)

    assert counts == {str(number): 4 for number in range(6, 11)}


async def test_a_connection_that_drops_is_replaced(sandbox, address):
    """Connections that the server drops fail one attempt, and the next one gets a new connection."""

    async def credentials(_account):
        return BearerAuth("sandbox-token")

    options = {"base_url": address, "registry": Registry(), "throttle": scaled, "max_connections": 1}
    async with HarvestPool(credentials, app=APP, **options) as pool, pool.account(5) as harvest:
        sandbox.account(5).fault("drop_before", times=1)
        company = await harvest.company.get()

        assert (company.name, pool.snapshot().connections) == ("Sandbox", 1)
