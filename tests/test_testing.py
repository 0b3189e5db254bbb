"""The pytest plugin as a user meets it, and virtual time."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pytest

from harvest_async import BasicAuth, HarvestV1, OutcomeUnknown, Throttle
from harvest_async.sandbox import Sandbox
from harvest_async.testing import VirtualClock, VirtualLoop, in_process

pytestmark = pytest.mark.anyio

A_USERS_TESTS = """
import json
import urllib.request

import pytest
from harvest_async import HarvestV1, OutcomeUnknown


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
async def test_in_process(harvest_sandbox, harvest_client):
    async with harvest_client() as harvest:
        made = await harvest.clients.create(name="ACME")
        assert [client.id for client in await harvest.clients.list()] == [made.id]
    assert [client["name"] for client in harvest_sandbox.world.clients()] == ["ACME"]


@pytest.mark.anyio
async def test_with_a_fault(harvest_sandbox, harvest_client):
    harvest_sandbox.fault("drop_after", match={"path": "/clients", "method": "POST"})
    async with harvest_client() as harvest:
        with pytest.raises(OutcomeUnknown):
            await harvest.clients.create(name="ACME")
    assert [client["name"] for client in harvest_sandbox.world.clients()] == ["ACME"]


@pytest.mark.anyio
async def test_as_a_regular_user_in_xml(harvest_client):
    async with harvest_client("user@example.com", format="xml") as harvest:
        me = await harvest.account.who_am_i()
    assert me.user.admin is False


@pytest.mark.anyio
async def test_both_versions_see_one_account(harvest_sandbox, harvest_client, harvest_v2):
    async with harvest_v2() as v2, harvest_client() as v1:
        made = await v2.clients.create("ACME")
        assert (await v1.clients.get(made.id)).name == "ACME"
        assert v1.throttle is v2.throttle


@pytest.mark.anyio
async def test_as_a_regular_user_of_v2(harvest_v2):
    async with harvest_v2("user@example.com") as harvest:
        assert (await harvest.users.me()).email == "user@example.com"


def test_over_a_socket(harvest_sandbox, harvest_address):
    with urllib.request.urlopen(f"{harvest_address}/_sandbox/throttle") as response:
        assert json.load(response)["calls"] == 100


def test_each_test_has_a_fresh_account(harvest_sandbox):
    assert not harvest_sandbox.requests()
    assert not harvest_sandbox.world.clients()
"""


def test_the_fixtures_are_there_without_any_set_up(pytester):
    """A project that has the library installed uses the fixtures with no conftest and no import; warnings are errors."""
    pytester.makepyfile(A_USERS_TESTS)

    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=7)


def test_the_fixtures_are_listed_with_what_they_are_for(pytester):
    """`pytest --fixtures` shows each with its docstring."""
    result = pytester.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider")

    result.stdout.fnmatch_lines_random(
        [
            "harvest_sandbox -- *",
            "*A new Harvest account*",
            "harvest_address -- *",
            "*on a real loopback socket*",
            "harvest_client -- *",
            "*creates clients of the account*",
        ]
    )


def test_the_plugin_loads_nothing_heavy():
    """Neither the sandbox nor a web server is imported before a fixture asks for it."""
    code = "import sys, harvest_async.testing; print(*sorted(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"harvest_async.sandbox", "harvest_async.cli", "starlette", "uvicorn", "fastapi"} & set(loaded)


def test_an_import_at_the_real_limit_takes_no_time():
    """On a virtual loop, 250 calls at 100 in 15 seconds wait for two periods of the loop's time and for none of ours."""
    began = time.monotonic()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = runner.get_loop().clock
        sandbox, throttle = Sandbox(clock=clock), Throttle(clock=clock, pace="burst")

        async def main():
            options = {"throttle": throttle, "transport": in_process(sandbox), "base_url": "http://127.0.0.1"}
            auth = BasicAuth("admin@example.com", "sandbox")
            async with HarvestV1("sandbox", auth=auth, app="tests", **options) as harvest, asyncio.TaskGroup() as group:
                for _ in range(250):
                    group.create_task(harvest.request("GET", "/account/who_am_i"))

        runner.run(main())
    sandbox.close()

    assert (sandbox.throttled(), sandbox.max_in_window(), len(sandbox.requests())) == (0, 100, 251)
    assert 30 <= clock.moment / 1e9 <= 31
    assert time.monotonic() - began < 15


async def test_a_broken_connection_is_what_httpx_would_raise(harvest_sandbox):
    """In process, a connection that the sandbox breaks is a read error like any other."""
    harvest_sandbox.fault("drop_before")
    async with httpx.AsyncClient(transport=in_process(harvest_sandbox), base_url="http://127.0.0.1") as client:
        with pytest.raises(httpx.ReadError):
            await client.get("/account/who_am_i")


async def test_clients_of_one_account_share_its_budget(harvest_client):
    """Two clients in a test share one throttle, as one account has one budget."""
    assert harvest_client().throttle is harvest_client("user@example.com").throttle


async def test_a_client_takes_options_of_its_own(harvest_client):
    """What is given to the maker comes before what the fixture would give."""
    throttle = Throttle(calls=1, period=1)

    assert harvest_client(throttle=throttle).throttle is throttle


async def test_a_lost_response_is_reported(harvest_sandbox, harvest_client):
    """A fault after the commit leaves the record there, and its outcome unknown."""
    harvest_sandbox.fault("drop_after", match={"method": "POST"})
    async with harvest_client() as harvest:
        with pytest.raises(OutcomeUnknown):
            await harvest.tasks.create(name="Work")

    assert "Work" in [task["name"] for task in harvest_sandbox.world.tasks()]


def test_a_clock_is_moved_by_hand():
    """Both scales move together: nanoseconds from zero, the wall clock from its start."""
    clock = VirtualClock(datetime(2020, 2, 29, 12, 0, tzinfo=UTC))

    clock.advance(90.5)

    assert (clock.now(), clock.today()) == (90_500_000_000, datetime(2020, 2, 29, 12, 1, 30, 500_000, tzinfo=UTC))


def test_sleeping_takes_no_time_and_keeps_its_order():
    """Timers fire in their order, the loop's clock is past each of them, and an hour is over at once."""
    began, woken = time.monotonic(), []

    async def main():
        loop = asyncio.get_running_loop()

        async def sleep(seconds):
            await asyncio.sleep(seconds)
            woken.append((seconds, loop.time() >= seconds))

        await asyncio.gather(*(sleep(seconds) for seconds in (3600, 1, 0.25)))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())

    assert woken == [(0.25, True), (1, True), (3600, True)]
    assert time.monotonic() - began < 5


def test_another_thread_is_waited_for():
    """A loop without timers waits for a thread's result in real time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        response = runner.run(asyncio.to_thread(lambda: 7))

    assert response == 7


def test_a_loop_that_would_hang_says_so():
    """Where every task waits and no timer is set, the loop raises instead of waiting for ever."""

    async def main():
        await asyncio.get_running_loop().create_future()

    loop = VirtualLoop(patience=0.02)
    task = loop.create_task(main())
    with pytest.raises(RuntimeError, match="deadlock"):
        loop.run_until_complete(task)
    task.cancel()
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()

    assert task.cancelled()
