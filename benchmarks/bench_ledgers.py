"""What does an acquire cost over a ledger in SQLite and on a Valkey server, and does it hold up the event loop?

Rules:
- The window holds 60 of 100 leases, so that the state has its usual size; the lease that is measured is given back.
- A PING is sent by the same client between two acquires, so that both see the same machine.
- A gap is the time between two turns of a task that only sleeps for a millisecond, above that millisecond, while calls
  are made one after the other; the first line is an event loop that does nothing else.
- What several processes cost together is measured by `bench_processes.py --ledger valkey`.
"""

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path

from support import heading, percentile, show

from harvest_async import RedisLedger, SqliteLedger, Throttle
from harvest_async.redis_client import connect
from harvest_async.throttle.lease import Ticket

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.valkey import Valkey

ROUNDS = 300
HELD = 60


def throttle_of(ledger):
    return Throttle(100, 3_600, guard=0, pace="burst", ledger=ledger)


async def nothing(took):
    await asyncio.sleep(2)
    took.append(0.0)


async def acquire(throttle, took, between=None):
    """Take and give back leases, with something else in between."""
    for number in range(ROUNDS + HELD + 1):
        began = time.perf_counter()
        lease = await throttle.acquire(Ticket())
        seconds = time.perf_counter() - began
        if number <= HELD:
            lease.responded()
        else:
            took.append(seconds * 1_000)
            lease.unused()
        lease.release()
        await throttle.flush()
        if between is not None:
            await between()


async def watched(work, took):
    """Do work; return the gaps of the event loop in milliseconds."""
    gaps, task = [], asyncio.ensure_future(work(took))
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append((time.perf_counter() - before - 0.001) * 1_000)
    await task
    return gaps


async def in_file(folder):
    took = []
    throttle, other = (throttle_of(SqliteLedger(Path(folder) / "ledger", account=name)) for name in ("acme", "other"))
    await acquire(throttle, took)
    return took, await watched(lambda more: acquire(other, more, lambda: asyncio.sleep(0)), [])  # as a call does


async def on_server(url):
    """Measure acquires and PINGs in turn; the gaps without the PINGs."""
    took, pings, ledger = [], [], RedisLedger(url, account="acme")
    throttle, other = throttle_of(ledger), throttle_of(RedisLedger(url, account="other"))
    async with connect(url) as client:

        async def ping():
            began = time.perf_counter()
            await client.ping()
            pings.append((time.perf_counter() - began) * 1_000)

        await acquire(throttle, took, ping)
    gaps = await watched(lambda more: acquire(other, more), [])
    await ledger.aclose()
    return took, pings, gaps


def main():
    """Print the figures."""
    heading(__doc__.partition("\n")[0])
    gc.freeze()
    idle = asyncio.run(watched(nothing, []))
    rows = [("an idle loop", "", "", "", f"{max(idle):.2f}")]
    with tempfile.TemporaryDirectory() as folder:
        took, gaps = asyncio.run(in_file(folder))
        middle = percentile(took, 0.5)
        rows.append(("SQLite", f"{middle:.3f}", f"{percentile(took, 0.99):.3f}", "", f"{max(gaps):.2f}"))
        with Valkey(folder) as server:
            took, pings, gaps = asyncio.run(on_server(server.url))
    middle, ping = percentile(took, 0.5), percentile(pings, 0.5)
    ratio = f"{middle / ping:.2f} of {ping:.3f}"
    rows.append(("Valkey", f"{middle:.3f}", f"{percentile(took, 0.99):.3f}", ratio, f"{max(gaps):.2f}"))
    columns = ("ledger", "acquire p50 ms", "p99", "PINGs", "largest gap ms")
    show(columns, rows, "SQLite <= 1 ms, Valkey <= 1.6 PINGs, gaps <= 5 ms above those of an idle loop")


main()
