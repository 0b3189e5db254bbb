"""How long does an import take, and how many calls, at the real limit?

652 rows of five people, as a time tracker exports them, go into an empty account that allows 100 calls in 15 s and
shuts out any client that sends more; 20-150 ms each way. Then the same file once more. Beside it: a loop that logs
the same rows one after the other, one call each 0.15 s, into a project that is there.

Rules:
- Both run in the same minutes, each against a sandbox of its own, in a process of its own.
- The import is the command line, timed from the start of its process to the end; nothing is prepared for it.
- The bound is that of 692 calls (40 more than rows), 90 s: the seventh hundred can't begin earlier.
- Calls, bookings and refusals are counted in the server's list of requests.

`python benchmarks/bench_import_run.py FILE` measures a file of your own, with `--client` and `--task` filled in.
"""

import asyncio
import csv
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from aiolimiter import AsyncLimiter
from attrs import frozen
from support import CREDENTIALS, heading, prepare, sandboxes, show, trailing

from harvest_async import Throttle

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.sample import make_rows, write_csv

ROWS = 652
MORE = 40
FILL = ("--client", "ACME", "--task", "Development")


@frozen
class Outcome:
    """How a contestant did; `requests` is the server's list."""

    name: str
    seconds: float
    requests: list
    planned: int | None = None

    @property
    def logged(self):
        """How many entries the server made."""
        return sum(each["path"] == "/daily/add" and each["status"] in {200, 201} for each in self.requests)


def import_file(server, file, state):
    """Run the command line; gives its seconds and what it says."""
    account = {"ACCOUNT": "sandbox", "EMAIL": CREDENTIALS[0], "PASSWORD": CREDENTIALS[1], "APP": "benchmarks"}
    account |= {"BASE_URL": server.address, "STATE_DIR": str(state)}
    env = {**os.environ, **{f"HARVEST_{name}": value for name, value in account.items()}}
    command = [sys.executable, "-m", "harvest_async", "import", str(file), *FILL, "--yes", "--json"]
    began = time.monotonic()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return time.monotonic() - began, json.loads(done.stdout)


def import_twice(server, file):
    """The outcomes of an import, and of the same once more."""
    outcomes, seen = [], 0
    with tempfile.TemporaryDirectory() as state:
        for name in ("harvest-async import", "the same file again"):
            seconds, report = import_file(server, file, state)
            requests = server.requests()
            outcomes.append(Outcome(name, seconds, requests[seen:], report["plan"]["calls"]))
            seen = len(requests)
    return outcomes


def read(file):
    """The rows of a file as plain dictionaries."""
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


def fields_of(row, ids):
    hours, minutes, seconds = map(int, row["Duration"].split(":"))
    fields = {"project_id": ids["project"], "task_id": ids["task"], "spent_at": row["Start date"]}
    return fields | {"hours": f"{hours + minutes / 60 + seconds / 3600:.2f}", "notes": row["Description"]}


async def loop(server, file):
    """What one writes first: a loop."""
    async with server.harvest(Throttle()) as harvest:
        ids = await prepare(harvest)
    before, began = len(await asyncio.to_thread(server.requests)), time.monotonic()
    limiter = AsyncLimiter(1, 0.15)
    async with server.plain() as client:
        for each in read(file):
            async with limiter:
                await client.post("/daily/add", json=fields_of(each, ids))
    seconds = time.monotonic() - began
    return Outcome("a loop, 0.15 s apart", seconds, (await asyncio.to_thread(server.requests))[before:])


async def contests(servers, file):
    twice, looped = await asyncio.gather(asyncio.to_thread(import_twice, servers[0], file), loop(servers[1], file))
    return [*twice, looped]


def row(outcome, bound):
    return (
        outcome.name,
        len(outcome.requests),
        outcome.planned or "-",
        outcome.logged,
        f"{outcome.seconds:.1f} s",
        f"{outcome.seconds / bound:.3f}",
        sum(each["status"] == 503 for each in outcome.requests),
        max(trailing([each["arrival"] for each in outcome.requests]), default=0),
    )


def measure(file):
    count = len(read(file))
    bound = (math.ceil((count + MORE) / 100) - 1) * 15
    with sandboxes(2) as servers:
        for server in servers:
            server.latency(0.02, 0.15)
        outcomes = asyncio.run(contests(servers, file))
    columns = ("", "calls", "planned", "logged", "time", f"of the bound of {bound} s", "refused", "most in a window")
    asked = f"the import at most {count + MORE} calls, 1.1 of the bound, 0 refused; again: 0 logged"
    show(columns, [row(outcome, bound) for outcome in outcomes], asked)


def main():
    heading(__doc__.splitlines()[0], "aiolimiter")
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "export.csv"
        file.write_bytes(write_csv(make_rows(ROWS)))
        measure(file)


if __name__ == "__main__":
    main()
