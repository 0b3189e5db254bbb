"""How close does an import of many rows come to the time that the account's limit allows?

Rows of 20 people go into an empty account over API v2 and over API v1, at a scaled 100 calls per 2 s, with ways of 3 to
20 ms: those of 20 to 150 ms, scaled alike. The people, the client, the project and the tasks are created with them.
Beside it for 1,000 rows: a loop that logs them into a project that is there, and sleeps as long as the server asks.

Rules:
- The client and the server are processes of their own. The time begins before the file is opened, with a journal on the
  disk.
- The bound is that of the calls that the server received: 100 at once, and 100 more with each period.
- Planning ends with the first write. Its reads of time entries are counted apart from its other lists.
- Every row must be there once in the end.

Asked for: at most 1.05 of the bound, 0 refused; over API v2 at most 6 lists and one read of entries to plan an empty
account.

Usage: python benchmarks/bench_import_rows.py [--real] [--rows N ...]

`--real` has 100 calls per 15 s and ways of 20 to 150 ms, and 1,000 rows alone: 150 s and more for each import.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from attrs import frozen
from support import CREDENTIALS, heading, sandboxes, show

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle, imports
from harvest_async.importer.report import seconds_for
from harvest_async.importer.sources import Fill, Options

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.sample import make_rows, write_csv

LIMIT = 100
LOOP = 1_000
"""The most rows that the loop logs."""
PEOPLE = tuple(f"Person Number{number}" for number in range(20))
OPTIONS = Options(fill=Fill(client="ACME", task="Development"))
APP = "benchmarks (me@example.com)"
TOKEN = "sandbox-token"
ENTRIES = {"v1": "/daily/add", "v2": "/v2/time_entries"}


@frozen
class Scale:
    """The account's period, and the shortest and the longest way."""

    period: float
    ways: tuple


SCALED, REAL = Scale(2.0, (0.0027, 0.02)), Scale(15.0, (0.02, 0.15))


@frozen
class Outcome:
    """How an import did: its seconds, the calls of the server's list, and those before the first write."""

    name: str
    rows: int
    seconds: float
    requests: list
    path: str
    cpu: float | None = None

    @property
    def logged(self):
        """How many entries were created."""
        posts = (each for each in self.requests if (each["method"], each["path"]) == ("POST", self.path))
        return sum(each["status"] in {200, 201} for each in posts)

    @property
    def refused(self):
        """How many calls the throttle refused."""
        return sum(each["status"] in {429, 503} for each in self.requests)

    @property
    def planning(self):
        """The lists of planning, and its reads of time entries."""
        reads = []
        for each in self.requests:
            if each["method"] != "GET":
                break
            reads.append(each["path"])
        lists = [path for path in reads if path not in {"/v2/company", "/v2/users/me", "/account/who_am_i"}]
        entries = sum(path.endswith(("time_entries", "/entries")) for path in lists)
        return f"{len(lists) - entries} + {entries}"


def client(api, address, throttle):
    """A client of a sandbox."""
    options = {"app": APP, "base_url": address, "throttle": throttle}
    if api == "v1":
        return HarvestV1("sandbox", auth=BasicAuth(*CREDENTIALS), **options)
    return HarvestV2(1, auth=BearerAuth(TOKEN), **options)


async def import_file(api, address, file, period):
    """Import a file; print the seconds and the number of created rows."""
    began = time.monotonic()
    journal = file.with_suffix(f".{api}.journal")
    async with client(api, address, Throttle(LIMIT, period, pace="burst")) as harvest:
        with imports.open_source(file, OPTIONS) as source:
            plan = await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True)
        with plan:
            report = await imports.run(plan)
    used = {"seconds": time.monotonic() - began, "cpu": time.process_time(), "created": report.created}
    print(json.dumps(used))


def run_import(api, count, scale):
    """The outcome of an import in a process of its own, against a server of its own."""
    with sandboxes(1, "--period", str(scale.period)) as (server,), tempfile.TemporaryDirectory() as folder:
        server.latency(*scale.ways)
        file = Path(folder) / "export.csv"
        file.write_bytes(write_csv(make_rows(count, people=PEOPLE)))
        command = [sys.executable, __file__, "--import", api, server.address, str(file), str(scale.period)]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        outcome = Outcome(
            f"import over API {api}", count, done["seconds"], server.requests(), ENTRIES[api], done["cpu"]
        )
        assert done["created"] == outcome.logged == count, (done["created"], outcome.logged, count)
        return outcome


async def prepared(address):
    """The ids of a project on which the administrator may log time."""
    async with client("v2", address, Throttle(LIMIT, 1)) as harvest:
        owner = await harvest.clients.create("ACME")
        project = await harvest.projects.create(owner, name="Site", is_billable=True, bill_by="none", budget_by="none")
        task = await harvest.tasks.create("Development")
        await harvest.task_assignments.create(project, task)
        return {"project_id": project.id, "task_id": task.id}


def run_loop(count, scale):
    """The outcome of a loop as one writes it first: one call after the other, and a pause when one is refused."""
    with sandboxes(1, "--period", str(scale.period)) as (server,):
        ids = asyncio.run(prepared(server.address))
        time.sleep(scale.period)
        server.latency(*scale.ways)
        before, began = len(server.requests()), time.monotonic()
        headers = {"authorization": f"Bearer {TOKEN}", "harvest-account-id": "1", "user-agent": APP}
        with httpx.Client(base_url=f"{server.address}/v2", headers=headers, trust_env=False) as session:
            for row in make_rows(count, people=PEOPLE):
                hours, minutes, _ = map(int, row[11].split(":"))
                fields = {**ids, "spent_date": row[7], "hours": round(hours + minutes / 60, 2), "notes": row[5]}
                while (response := session.post("/time_entries", json=fields)).status_code == 429:
                    time.sleep(float(response.headers.get("retry-after", 1)))
        seconds = time.monotonic() - began
        return Outcome("a loop that sleeps when refused", count, seconds, server.requests()[before:], ENTRIES["v2"])


def row(outcome, period):
    accepted = len(outcome.requests) - outcome.refused
    bound = seconds_for(accepted, LIMIT, period)
    planning = "-" if outcome.name.startswith("a loop") else outcome.planning
    return (
        f"{outcome.rows:,} rows, {outcome.name}",
        f"{outcome.seconds / bound:.3f}",
        f"{outcome.seconds:.1f} of {bound:.0f} s",
        f"{accepted:,}",
        outcome.refused,
        planning,
        "-" if outcome.cpu is None else f"{outcome.cpu / outcome.rows * 1000:.1f} ms",
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--rows", type=int, nargs="+")
    given = parser.parse_args()
    scale = REAL if given.real else SCALED
    counts = given.rows or ([1_000] if given.real else [1_000, 10_000])
    heading(__doc__.splitlines()[0])
    outcomes = [run_import(api, count, scale) for count in counts for api in ("v2", "v1")]
    outcomes += [run_loop(count, scale) for count in counts if count <= LOOP]
    columns = (
        "",
        "of the bound",
        "time",
        "calls",
        "refused",
        "to plan: lists + entries",
        "CPU of the client for a row",
    )
    asked = "at most 1.05 of the bound, 0 refused; over API v2 at most 6 lists and one read of entries to plan"
    show(columns, [row(outcome, scale.period) for outcome in outcomes], asked)


if __name__ == "__main__":
    if "--import" in sys.argv:
        _, _, api, address, file, period = sys.argv
        asyncio.run(import_file(api, address, Path(file), float(period)))
    else:
        main()
