"""Both budgets of API v2 in use at once, by the clock and over real servers: how long calls take, and no refusals."""

import asyncio
import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import date

import pytest

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from harvest_async.throttle.budgets import Budget
from tests.support.importing import virtually

CALLS, PERIOD, MADE = 100, 15, 250
BOUND = (-(-MADE // CALLS) - 1) * PERIOD
"""The least seconds from the first of the calls of a budget to the last: those of the full windows before the last."""

DAYS = date(2026, 1, 1), date(2026, 1, 31)
OPTIONS = {"auth": BearerAuth("sandbox-token"), "app": "tests (tests@example.com)"}

PROGRAM = """
import asyncio, sys
from datetime import date

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.throttle.budgets import Budget
from harvest_async.throttle.ledgers.sqlite import SqliteLedger

CLIENTS, REPORTS = map(int, sys.argv[3:])


async def main():
    budgets = [Budget("reports", 100, 15, 15)]
    throttle = Throttle(pace="burst", ledger=SqliteLedger(sys.argv[2], account="1"), budgets=budgets)
    options = {"auth": BearerAuth("sandbox-token"), "app": "tests (tests@example.com)"}
    async with HarvestV2(1, base_url=sys.argv[1], throttle=throttle, **options) as harvest:
        days = date(2026, 1, 1), date(2026, 1, 31)
        print("ready", flush=True)
        sys.stdin.readline()
        clients = [harvest.clients.list() for _ in range(CLIENTS)]
        reports = [harvest.reports.time_by_client(*days) for _ in range(REPORTS)]
        await asyncio.gather(*(wait(each) for each in (*clients, *reports)))


async def wait(listing):
    await listing


asyncio.run(main())
"""
"""Makes calls of both budgets with a ledger in a file, once a line comes."""


def delay(sandbox):
    """Let each request and each response take 20 to 150 ms."""
    for kind in ("latency_in", "latency_out"):
        sandbox.fault(kind, times=None, seconds=(0.02, 0.15))


def took(sandbox, budget):
    """Return the seconds from the first arrival of a budget to the last, and how many were refused."""
    arrivals = [each.arrival for each in sandbox.requests() if each.budget == budget]
    return (max(arrivals) - min(arrivals)) / 1e9, sandbox.throttled(budget)


def test_two_budgets_at_once_take_little_longer_than_the_bound():
    """Makes 250 calls of each, 20 to 150 ms each way, in at most 1.05 of the bound, and none is refused."""

    async def do(clock):
        with closing(Sandbox(CALLS, PERIOD, report_calls=CALLS, report_period=PERIOD, clock=clock)) as sandbox:
            delay(sandbox)
            throttle = Throttle(clock=clock, pace="burst", budgets=[Budget("reports", CALLS, PERIOD, PERIOD)])
            given = {"base_url": "http://127.0.0.1", "transport": in_process(sandbox), "throttle": throttle}
            async with HarvestV2(1, **given, **OPTIONS) as harvest:
                clients = [as_task(harvest.clients.list()) for _ in range(MADE)]
                reports = [as_task(harvest.reports.time_by_client(*DAYS)) for _ in range(MADE)]
                await asyncio.gather(*clients, *reports)
            return [took(sandbox, budget) for budget in ("general", "reports")]

    (general, refused), (reports, refused_reports) = virtually(do)

    assert (refused, refused_reports) == (0, 0)
    assert general <= 1.05 * BOUND
    assert reports <= 1.05 * BOUND


def as_task(listing):
    """Read a list in a task of its own."""

    async def read():
        return await listing

    return asyncio.ensure_future(read())


def test_a_backlog_of_reports_delays_no_general_call():
    """While 1,000 reports wait, 99 of 100 general calls take at most 0.05 s longer than their way there and back."""

    async def do(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            for kind in ("latency_in", "latency_out"):
                sandbox.fault(kind, times=None, seconds=0.1)
            given = {"base_url": "http://127.0.0.1", "transport": in_process(sandbox)}
            async with HarvestV2(1, throttle=Throttle(clock=clock, pace="burst"), **given, **OPTIONS) as harvest:
                await harvest.clients.list()
                backlog = [as_task(harvest.reports.time_by_client(*DAYS)) for _ in range(1_000)]
                waits = []
                for _ in range(100):
                    await asyncio.sleep(1)
                    began = clock.now()
                    await harvest.clients.list()
                    waits.append((clock.now() - began) / 1e9 - 0.2)
                waiting = sum(not each.done() for each in backlog)
                for each in backlog:
                    each.cancel()
                await asyncio.gather(*backlog, return_exceptions=True)
            return sorted(waits)[98], waiting, sandbox.throttled("reports")

    wait, waiting, refused = virtually(do)

    assert wait <= 0.05
    assert (waiting, refused) == (900, 0)


@pytest.mark.socket
@pytest.mark.realtime
@pytest.mark.alone
@pytest.mark.timeout(120)
def test_four_processes_share_both_budgets(tmp_path):
    """Make 250 general calls and 100 reports with one ledger in at most 1.08 of the bound, and none is refused."""
    with closing(Sandbox(CALLS, PERIOD, report_calls=CALLS, report_period=PERIOD)) as sandbox:
        delay(sandbox)
        with sandbox.serve_in_thread() as address, ExitStack() as stack:
            programs = [
                stack.enter_context(start(address, tmp_path / "ledger", clients, 25)) for clients in (63, 63, 62, 62)
            ]
            assert [program.stdout.readline() for program in programs] == ["ready\n"] * 4
            for program in programs:
                program.stdin.write("\n")
                program.stdin.flush()
            ended = [program.wait(100) for program in programs]
        (seconds, refused), (_, refused_reports) = (took(sandbox, budget) for budget in ("general", "reports"))
        made = len(sandbox.requests())

    assert (ended, made, refused, refused_reports) == ([0] * 4, MADE + CALLS, 0, 0)
    assert seconds <= 1.08 * BOUND


def start(address, ledger, clients, reports):
    """Start the program that makes the calls."""
    command = [sys.executable, "-c", PROGRAM, address, str(ledger), str(clients), str(reports)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
