"""What a client of one API version or format writes, the clients of the others read."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_async.sandbox import Sandbox
from tests.agreement.driver import Driver, clients_of
from tests.agreement.kinds import KINDS

STEPS = 50
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def drive(data, done):
    """Make the steps of one example."""

    async def run():
        with closing(Sandbox(calls=10_000, period=1)) as sandbox:
            async with AsyncExitStack() as stack:
                clients = clients_of(sandbox)
                for each in clients.values():
                    await stack.enter_async_context(each)
                driver = Driver(clients, data.draw)
                await driver.begin()
                for _ in range(STEPS):
                    await driver.step()
                done.update(driver.steps)

    asyncio.run(run())


def test_what_one_version_writes_the_others_read():
    """Compares with a model after each of some hundred drawn steps of three clients."""
    done = Counter()

    @given(st.data())
    @settings(max_examples=6, deadline=None, suppress_health_check=QUIET, database=None)
    def check(data):
        drive(data, done)

    check()

    assert done.total() >= 6 * STEPS / 2


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_one_version_writes_the_others_read_in_many_steps():
    """Makes at least 2,000 steps, and each kind of record is created, changed and deleted."""
    done = Counter()

    @given(st.data())
    @settings(max_examples=45, deadline=None, suppress_health_check=QUIET, database=None)
    def check(data):
        drive(data, done)

    check()

    assert done.total() >= 2_000
    assert {f"create {name}" for name in (*KINDS, "invoice")} <= done.keys()
    assert {f"update {name}" for name in KINDS} <= done.keys()
    assert {"time entry", "move invoice", "pay invoice", "delete entry", "delete invoice"} <= done.keys()
