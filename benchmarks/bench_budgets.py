"""Are both budgets of API v2 used in full, without one refusal, and without one delaying the other?

- 250 calls and 250 reports side by side, each at 100 per 15 s (reports scaled from 15 min), 20 to 150 ms each way.
- The same calls while 1,000 reports wait: how long a call takes beyond its latency.
- 1,000 calls of four processes that share a ledger in a file, at a scaled 100 per 2 s.

Asked for: time at most 1.05 of the bound (four processes: 1.08 at the real numbers, 1.2 scaled), no refusal, a delay of
at most 0.05 s (p99).

Usage: python benchmarks/bench_budgets.py
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from support import heading, percentile, sandboxes, show

from harvest_async import BearerAuth, HarvestV2, SqliteLedger, Throttle

CALLS = 250
BACKLOG = 1_000
PROCESSES, SHARED_CALLS, SHARED_PERIOD = 4, 1_000, 2
DAYS = date(2026, 1, 1), date(2026, 1, 31)
TOKEN = BearerAuth("sandbox-token")


def client_at(address, throttle):
    """Return a client of a sandbox."""
    return HarvestV2(1, auth=TOKEN, app="benchmarks (me@example.com)", base_url=address, throttle=throttle)


def scaled(**options):
    """Return a throttle whose reports are counted by 15 s."""
    from harvest_async.throttle.budgets import Budget

    return Throttle(pace="burst", budgets=(Budget("reports", 100, 15, 16),), **options)


def refused(server):
    """Return how many requests the server refused."""
    return sum(each["status"] == 429 for each in server.requests())


async def both(server):
    """Return the seconds that calls and reports take side by side."""
    async with client_at(server.address, scaled()) as harvest:
        began = time.monotonic()
        calls = [harvest.clients.list() for _ in range(CALLS)]
        reports = [harvest.reports.time_by_client(*DAYS) for _ in range(CALLS)]
        await asyncio.gather(*calls, *reports)
        return time.monotonic() - began


async def beside_a_backlog(server):
    """Return the delays of calls, in seconds beyond the time that the same calls take without waiting reports."""
    async with client_at(server.address, scaled()) as harvest:
        await harvest.reports.time_by_client(*DAYS)
        alone = [await _timed(harvest) for _ in range(40)]
        backlog = [asyncio.ensure_future(harvest.reports.time_by_client(*DAYS)) for _ in range(BACKLOG)]
        await asyncio.sleep(2)
        beside = [await _timed(harvest) for _ in range(40)]
        for each in backlog:
            each.cancel()
        await asyncio.gather(*backlog, return_exceptions=True)
    usual = percentile(alone, 0.5)
    return [each - usual for each in alone], [each - usual for each in beside]


async def _timed(harvest):
    began = time.perf_counter()
    await harvest.clients.list()
    return time.perf_counter() - began


async def share(address, path, calls):
    """Make calls as one of several processes."""
    throttle = Throttle(100, SHARED_PERIOD, pace="burst", ledger=SqliteLedger(Path(path), account="acme"))
    async with client_at(address, throttle) as harvest:
        await asyncio.gather(*(harvest.clients.list() for _ in range(calls)))


def together(server):
    """Return the seconds that several processes take for their calls."""
    with tempfile.TemporaryDirectory() as folder:
        each = SHARED_CALLS // PROCESSES
        command = [sys.executable, __file__, "--share", server.address, f"{folder}/ledger", str(each)]
        began = time.monotonic()
        running = [subprocess.Popen(command) for _ in range(PROCESSES)]
        codes = [process.wait(timeout=120) for process in running]
        assert codes == [0] * PROCESSES
        return time.monotonic() - began


def main():
    """Print the figures."""
    heading("Are both budgets of API v2 used in full?")
    rows = []
    with sandboxes(1, "--report-period", "15") as (server,):
        server.latency(0.02, 0.15)
        seconds, bound = asyncio.run(both(server)), (-(-CALLS // 100) - 1) * 15
        rows.append(("250 calls and 250 reports", f"{seconds / bound:.2f} of {bound} s", refused(server), "1.05, 0"))
    with sandboxes(1, "--report-period", "15") as (server,):
        alone, beside = asyncio.run(beside_a_backlog(server))
        figure = f"{percentile(beside, 0.99) * 1000:.0f} ms (alone {percentile(alone, 0.99) * 1000:.0f} ms)"
        rows.append(("delay of a call beside 1,000 reports, p99", figure, refused(server), "50 ms, 0"))
    with sandboxes(1, "--period", str(SHARED_PERIOD)) as (server,):
        server.latency(0.02, 0.15)
        seconds, bound = together(server), (SHARED_CALLS // 100 - 1) * SHARED_PERIOD
        rows.append(("1,000 calls of four processes", f"{seconds / bound:.2f} of {bound} s", refused(server), "1.2, 0"))
    show(("what", "figure", "refused", "asked for"), rows, "the last column")


if __name__ == "__main__":
    if "--share" in sys.argv:
        asyncio.run(share(*sys.argv[2:4], int(sys.argv[4])))
    else:
        main()
