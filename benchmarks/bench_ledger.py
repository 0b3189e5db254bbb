"""Does a ledger in a file hold up the event loop, used by one process, by four, or locked by a stopped one?

Rules:
- A gap is the time between two turns of a task that only sleeps for a millisecond, above that millisecond.
- The other processes take leases as fast as they can; the stopped one was stopped inside its transaction.
- 8 calls wait while the ledger is locked, and all of them go on when the stopped process ends.
- The first line is an event loop that does nothing else: what the machine itself holds up.
"""

import asyncio
import gc
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support import heading, percentile, show

from harvest_async.clock import SECOND
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle

SECONDS = 3.0

HOLDER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("begin immediate")
print("begun", flush=True)
time.sleep(60)
"""

RIVAL = """
import sys, time
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
ledger, end = SqliteLedger(sys.argv[1], "a"), time.monotonic() + float(sys.argv[2])
print("begun", flush=True)
while time.monotonic() < end:
    try:
        ledger.transact(lambda state: state.unused(state.take(0, 1), 0))
    except LedgerBusy:
        pass
    time.sleep(0.002)
"""


def throttle_of(path):
    return Throttle(10_000, 1, guard=0, pace="burst", ledger=SqliteLedger(path, "a"))


def start(program, *arguments):
    """Start a program, and wait until it says that it has begun."""
    process = subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


async def nothing(_):
    return [0.0], await gaps(SECONDS)


async def gaps(seconds):
    worst, end = [], time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        await asyncio.sleep(0.001)
        worst.append((time.monotonic() - before - 0.001) * 1_000)
    return worst


async def take(throttle, took):
    while True:
        began = time.perf_counter()
        lease = await throttle.acquire(Ticket())
        took.append((time.perf_counter() - began) * 1_000)
        lease.unused()
        lease.release()
        await asyncio.sleep(0.002)


async def contested(path, rivals):
    throttle, took = throttle_of(path), []
    first = await throttle.acquire(Ticket())
    first.responded()
    first.release()
    processes = [start(RIVAL, path, SECONDS + 1) for _ in range(rivals)]
    task = asyncio.ensure_future(take(throttle, took))
    seen = await gaps(SECONDS)
    task.cancel()
    for process in processes:
        process.communicate()
    return took, seen


async def stopped(path):
    throttle, took = throttle_of(path), []
    first = await throttle.acquire(Ticket())
    first.responded()
    first.release()
    process = start(HOLDER, path)
    try:
        process.send_signal(signal.SIGSTOP)
        calls = [asyncio.ensure_future(throttle.acquire(Ticket(deadline=600 * SECOND))) for _ in range(8)]
        seen = await gaps(SECONDS)
    finally:
        process.kill()
        process.communicate()
    began = time.perf_counter()
    await asyncio.gather(*calls)
    took.append((time.perf_counter() - began) * 1_000)
    return took, seen


def main():
    heading(__doc__.partition("\n")[0])
    rows = []
    gc.freeze()
    cases = {
        "no ledger": nothing,
        "alone": lambda path: contested(path, 0),
        "four processes": lambda path: contested(path, 3),
        "one is stopped": stopped,
    }
    for name, run in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            took, seen = asyncio.run(run(Path(folder) / "ledger"))
        figures = [percentile(took, 0.5), percentile(took, 0.99), percentile(seen, 0.5), max(seen)]
        rows.append((name, *(f"{figure:.2f}" for figure in figures)))
    show(("who", "acquire p50 ms", "p99", "gap p50 ms", "largest"), rows, "alone: acquire <= 1 ms; gaps <= 5 ms")


main()
