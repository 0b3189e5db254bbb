"""How does the cost grow with rows, accounts, processes and waiting tasks, by powers of ten?

| of | what is done | what is counted |
| --- | --- | --- |
| rows | an import into an empty account over API v2, the file read and a journal written | processor time |
| accounts | five calls of each, all at the same time, through one pool | processor time |
| processes | 1,000 calls by all of them together, over a ledger in one file | operations of the ledger |
| waiting tasks | one call of each through the gate | processor time |

Rules:
- The exponent is the slope of log(total cost) over log(count): 1 is linear growth. Processes share the same calls, so
  that 0 is best there.
- The sandbox of the import is another process, and its limit is so high that nothing waits. Accounts and tasks need
  none. The server of the processes allows 100 calls in 2 s.
- Of accounts and tasks the least of three rounds counts, since other processes disturb.

Usage: python benchmarks/bench_growth.py [--short]
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_gate import open_throttle, waiting_calls
from bench_import_rows import APP, OPTIONS, PEOPLE, TOKEN, make_rows, write_csv
from bench_pool import growth_of
from bench_processes import Plan, ledger_of
from bench_processes import measure as measure_processes
from charts import lines
from support import PICTURES, SHORT, growth, heading, results, sandboxes, show

from harvest_async import BearerAuth, HarvestV2, Throttle, imports

ROWS = (100, 1_000, 10_000)
ACCOUNTS = (10, 100, 1_000) if SHORT else (10, 100, 1_000, 10_000)
PROCESSES = (1, 10, 100)
TASKS = (1_000, 10_000, 100_000)
CALLS = 1_000
LIMIT = 10_000
"""Calls a second of the sandbox that the import uses."""
SECONDS, OPERATIONS = "s of processor time", "operations of the ledger"


async def import_file(address, file):
    """Import a file; print the seconds of processor time, without those of the start."""
    harvest = HarvestV2(1, auth=BearerAuth(TOKEN), app=APP, base_url=address, throttle=Throttle(LIMIT, 1, pace="burst"))
    began = time.process_time()
    async with harvest:
        with imports.open_source(file, OPTIONS) as source:
            journal = file.with_suffix(".journal")
            plan = await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True)
        with plan:
            report = await imports.run(plan)
    print(json.dumps({"seconds": time.process_time() - began, "created": report.created}))


def cost_of_rows(count):
    """Return the processor time of an import in a process of its own."""
    with sandboxes(1, "--calls", str(LIMIT), "--period", "1") as (server,), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.csv"
        file.write_bytes(write_csv(make_rows(count, people=PEOPLE)))
        command = [sys.executable, __file__, "--import", server.address, str(file)]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        assert done["created"] == count, done
        return done["seconds"]


def cost_of_accounts(count):
    """Return the processor time of all calls."""
    return min(asyncio.run(growth_of(count)) for _ in range(3)) * count * 5 / 1e6


def cost_of_processes(count):
    """Return how often the ledger was used."""
    with ledger_of("sqlite") as ledger:
        found = measure_processes(Plan(ledger, count, CALLS, 2))
    assert not found.failed, found
    return found.operations * CALLS


def cost_of_tasks(count):
    """Return the processor time of all tasks."""
    return min(asyncio.run(waiting_calls(open_throttle(), count)) for _ in range(3)) * count / 1e6


MEASURED = {
    "rows": (cost_of_rows, ROWS, SECONDS, 1.1),
    "accounts": (cost_of_accounts, ACCOUNTS, SECONDS, 1.1),
    "processes": (cost_of_processes, PROCESSES, OPERATIONS, 0.2),
    "waiting tasks": (cost_of_tasks, TASKS, SECONDS, 1.1),
}
"""The function that measures, the counts, the unit and the largest exponent that is asked for."""


def measure():
    """Return pairs of count and cost by what grows, after what is loaded has been set apart from the collector."""
    asyncio.run(growth_of(10))
    gc.collect()
    gc.freeze()
    return {name: [(count, cost(count)) for count in counts] for name, (cost, counts, _, _) in MEASURED.items()}


def give_headline(found, exponents):
    """Give the README's table a line, and draw the growth."""
    ranges = ", ".join(f"{points[0][0]:,}-{points[-1][0]:,} {name}" for name, points in found.items())
    ours = ", ".join(f"{name} {exponent:.2f}" for name, exponent in exponents.items())
    results.headline(f"growth of the cost, {ranges}", f"exponents: {ours}", "1 is linear; 0 is best for processes")
    series = {
        f"{name}: exponent {exponents[name]:.2f}": [(count, cost / points[0][1]) for count, cost in points]
        for name, points in found.items()
    }
    note = "Upwards: times the cost of the smallest count. Of processes: uses of the ledger for the same 1,000 calls."
    lines(PICTURES / "growth.svg", "Growth of the cost", note, series)


def main():
    heading(__doc__.splitlines()[0])
    found = measure()
    exponents = {name: growth(points) for name, points in found.items()}
    rows = [
        (f"{count:,} {name}", f"{cost:,.3f} {MEASURED[name][2]}", f"{cost / count * 1000:,.3f}")
        for name, points in found.items()
        for count, cost in points
    ]
    show(("", "cost", "each, thousandths"), rows, "what grows by the exponents below")
    asked = ", ".join(f"{name} at most {most}" for name, (_, _, _, most) in MEASURED.items())
    show(("", "exponent"), [(name, f"{exponent:.3f}") for name, exponent in exponents.items()], asked)
    give_headline(found, exponents)


if __name__ == "__main__":
    if "--import" in sys.argv:
        asyncio.run(import_file(sys.argv[2], Path(sys.argv[3])))
    else:
        main()
