"""How close does an import of many rows come to the time that the account's limit allows?

Rows of 20 people go into an empty account over API v2 and over API v1, at a scaled 100 calls per 2 s, with ways of 3 to
20 ms: those of 20 to 150 ms, scaled alike. The people, the client, the project and the tasks are created with them.
Beside it: a loop that logs them into a project that is there and sleeps as long as the server asks, one call after the
other, and the same with ten calls at once.

Rules:
- The client and the server are processes of their own. The time begins before the file is opened, with a journal on the
  disk.
- The bound is that of the calls that the server received: 100 at once, and 100 more with each period.
- Planning ends with the first write. Its reads of time entries are counted apart from its other lists.
- Every row of an import must be there once in the end.
- A loop is stopped after 1.5 of the bound and 30 s; nobody goes on for longer with an account that stays blocked.

Asked for: at most 1.05 of the bound, 0 refused; over API v2 at most 6 lists and one read of entries to plan an empty
account.

Usage: python benchmarks/bench_import_rows.py [--real] [--short] [--rows N ...]

`--real` has 100 calls per 15 s and ways of 20 to 150 ms, and 1,000 rows alone: 150 s and more for each import.
`--short` imports 10,000 rows over API v2 beside the loops, all at the same time.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from attrs import frozen
from charts import bars
from support import CREDENTIALS, PICTURES, SHORT, finish, heading, results, sandboxes, show

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle, imports
from harvest_async.importer.report import seconds_for
from harvest_async.importer.sources import Fill, Options

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.sample import make_rows, write_csv

LIMIT = 100
AT_ONCE = 10
"""Calls at once of the second loop."""
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

    def bound(self, period):
        """Return the seconds in which the limit allows the calls that were not refused."""
        return seconds_for(len(self.requests) - self.refused, LIMIT, period)

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


def run_loop(at_once, count, scale):
    """The outcome of a loop as one writes it first: some calls at once, and a pause when one is refused."""
    with sandboxes(1, "--period", str(scale.period)) as (server,):
        ids = asyncio.run(prepared(server.address))
        time.sleep(scale.period)
        server.latency(*scale.ways)
        before, began = len(server.requests()), time.monotonic()
        asyncio.run(log_rows(server.address, ids, count, at_once, 1.5 * seconds_for(count, LIMIT, scale.period) + 30))
        seconds = time.monotonic() - began
        name = "a loop" if at_once == 1 else f"a loop of {at_once} at once"
        return Outcome(name, count, seconds, server.requests()[before:], ENTRIES["v2"])


async def log_rows(address, ids, count, at_once, patience):
    """Log the rows, and stop after some seconds."""
    headers = {"authorization": f"Bearer {TOKEN}", "harvest-account-id": "1", "user-agent": APP}
    rows = iter(make_rows(count, people=PEOPLE))
    async with httpx.AsyncClient(base_url=f"{address}/v2", headers=headers, trust_env=False, timeout=60) as session:

        async def work():
            for row in rows:
                hours, minutes, _ = map(int, row[11].split(":"))
                fields = {**ids, "spent_date": row[7], "hours": round(hours + minutes / 60, 2), "notes": row[5]}
                await log_row(session, fields)

        await finish([work() for _ in range(at_once)], patience)


async def log_row(session, fields):
    """Log a row, and try again for as long as the server refuses it."""
    refused = True
    while refused:
        response = await session.post("/time_entries", json=fields)
        if refused := response.status_code == 429:
            await asyncio.sleep(float(response.headers.get("retry-after", 1)))


def row(outcome, period):
    accepted = len(outcome.requests) - outcome.refused
    bound = outcome.bound(period)
    return (
        f"{outcome.rows:,} rows, {outcome.name}",
        f"{outcome.seconds / bound:.3f}" if outcome.logged == outcome.rows else "-",
        f"{outcome.seconds:.1f} of {bound:.0f} s",
        f"{outcome.logged:,}",
        f"{accepted:,}",
        outcome.refused,
        "-" if outcome.name.startswith("a loop") else outcome.planning,
        "-" if outcome.cpu is None else f"{outcome.cpu / outcome.rows * 1000:.1f} ms",
    )


def in_words(outcome):
    """Return how a contestant did, in the words of the README's table."""
    end = f"{outcome.seconds:.0f} s"
    if outcome.logged < outcome.rows:
        end = f"stopped after {outcome.seconds:.0f} s with {outcome.logged:,} rows"
    return f"{end}, {outcome.refused or 'none'} refused"


def give_headline(outcomes, scale):
    """Give the README's table a line about the most rows, and draw it."""
    most = max(outcome.rows for outcome in outcomes)
    ours, *others = sorted(
        (outcome for outcome in outcomes if outcome.rows == most and not outcome.name.endswith("v1")),
        key=lambda outcome: outcome.name.startswith("a loop"),
    )
    scaled = f"at {LIMIT} calls in {scale.period:.0f} s; the limit allows {ours.bound(scale.period):.0f} s"
    beside = "; ".join(f"{outcome.name}: {in_words(outcome)}" for outcome in others)
    results.headline(f"import of {most:,} rows over API v2 {scaled}", in_words(ours), beside)
    bound = ("Harvest's own limit", ours.bound(scale.period), f"{ours.bound(scale.period):.0f} s", False)
    rows = [(each.name, each.seconds, in_words(each), not each.name.startswith("a loop")) for each in (ours, *others)]
    note = f"Into an empty account at {LIMIT} calls in {scale.period:.0f} s; less is better."
    bars(PICTURES / "import.svg", f"Import of {most:,} rows", note, [bound, *rows])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rows", type=int, nargs="+")
    given = parser.parse_args()
    scale = REAL if given.real else SCALED
    counts = given.rows or ([1_000] if given.real else [10_000] if given.short else [1_000, 10_000])
    heading(__doc__.splitlines()[0])
    outcomes = []
    for count in counts:
        with ThreadPoolExecutor(3 if SHORT else 1) as side_by_side:
            jobs = [side_by_side.submit(run_import, api, count, scale) for api in (("v2",) if SHORT else ("v2", "v1"))]
            jobs += [side_by_side.submit(run_loop, at_once, count, scale) for at_once in (1, AT_ONCE)]
            outcomes += [job.result() for job in jobs]
    columns = (
        "",
        "of the bound",
        "time",
        "rows logged",
        "calls",
        "refused",
        "to plan: lists + entries",
        "CPU of the client for a row",
    )
    asked = "at most 1.05 of the bound, 0 refused; over API v2 at most 6 lists and one read of entries to plan"
    show(columns, [row(outcome, scale.period) for outcome in outcomes], asked)
    give_headline(outcomes, scale)


if __name__ == "__main__":
    if "--import" in sys.argv:
        _, _, api, address, file, period = sys.argv
        asyncio.run(import_file(api, address, Path(file), float(period)))
    else:
        main()
