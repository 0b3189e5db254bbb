"""A crowd before four workers of a web app, while an import runs on the same account."""

import asyncio
import csv
import math
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import frozen

from tests.support.web import crowd, served, visit

WORKERS = 4
ACCOUNT = {
    "HARVEST_ACCOUNT": "sandbox",
    "HARVEST_APP": "load (load@example.com)",
    "HARVEST_EMAIL": "admin@example.com",
    "HARVEST_PASSWORD": "sandbox",
}


@frozen
class Outcome:
    """What happened to a crowd.

    Attributes:
        served: the visits that were served.
        refused: those that got a 503.
        others: all others.
        free: the leases that were free while visitors came.
        first: when the first came who was served after the crowd, on the monotonic clock.
        bare: the visits to a route that refuses without a look at the account, by as many at once.
        patient: the statuses of the visitors who wait.
        requests: what the sandbox received.
        calls, period: the limit.
        ended_in: seconds that the app took to shut down.
        complaints: what it wrote as errors.
        imported: whether the import was still running at the end of the crowd.
    """

    served: list
    refused: list
    others: list
    free: int
    first: float
    bare: list
    patient: list
    requests: list
    calls: int
    period: float
    ended_in: float
    complaints: str
    imported: bool

    @property
    def most(self):
        """The most requests that the sandbox received in a period."""
        arrivals = sorted(each["arrival"] for each in self.requests)
        return max(in_period(arrivals, end, self.period) for end in arrivals)

    @property
    def throttled(self):
        """The number of requests that the sandbox refused."""
        return sum(each["refused"] for each in self.requests)

    def refused_in(self, share):
        """The time within which so large a share of the refusals was there, in seconds from the entry of the handler."""
        return _within(share, self.refused)

    def bare_in(self, share):
        """The same time for the route that looks at nothing: what the machine and the framework take."""
        return _within(share, self.bare)

    @property
    def off(self):
        """The greatest difference between a `Retry-After` and the time at which a visitor came next who was served."""
        successes = sorted([*map(entered, self.served), self.first])
        retries = [(answered(each), int(each.headers["retry-after"])) for each in self.refused]
        return max((abs(now + wait - _next(successes, now)) for now, wait in retries), default=0.0)


def _within(share, visits):
    """The seconds within which so large a share of some visits had their responses."""
    took = sorted(float(each.headers["x-took"]) for each in visits)
    return took[math.ceil(len(took) * share) - 1] if took else 0.0


def entered(visit):
    """When the handler was entered, on the monotonic clock: a visitor's own time depends on the crowd."""
    return float(visit.headers["x-entered"])


def answered(visit):
    """When the app began to respond to a visit."""
    return entered(visit) + float(visit.headers["x-took"])


def _next(times, now):
    """The first of the times that is not before now; the last if there is none."""
    return next((each for each in times if each >= now), times[-1])


def in_period(arrivals, end, period):
    """The number of arrivals in the half-open period that ends with a time."""
    return sum(end - period < each <= end for each in arrivals)


def free_leases(requests, begin, end, calls, period):
    """The most calls that visitors could have made between two times, given all calls before and those of the import.

    A lease that was used before frees a period after its call; nobody can use one twice within a period.
    """
    arrivals = [each["arrival"] for each in requests]
    used = in_period(arrivals, begin, period)
    freed = sum(begin - period < each <= end - period for each in arrivals)
    imports = sum(begin < each["arrival"] <= end for each in requests if each["path"] != "/clients")
    return calls - used + freed - imports


@contextmanager
def sandbox(calls, period):
    """A sandbox in a process of its own; gives its address."""
    command = [sys.executable, "-m", "harvest_async", "sandbox", "--port", "0"]
    command += ["--calls", str(calls), "--period", str(period)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[2].rstrip(":")
        finally:
            process.terminate()
            process.communicate()


@contextmanager
def importing(address, folder, rows):
    """An import of many rows in a process of its own, which shares the ledger; gives the process."""
    file = folder / "import.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["Date", "Person", "Client", "Project", "Task", "Notes", "Hours"])
        days = (f"2026-{1 + row // 28 % 12:02}-{1 + row % 28:02}" for row in range(rows))
        writer.writerows(
            [day, "admin@example.com", "ACME", "Website", "Work", f"entry {row}", "0.25"]
            for row, day in enumerate(days)
        )
    command = [sys.executable, "-m", "tests.support.load_import", str(file), str(folder / "ledger.sqlite3")]
    environment = {**os.environ, **ACCOUNT, "HARVEST_BASE_URL": address}
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "started\n", "the import did not start"
            yield process
        finally:
            process.terminate()
            process.communicate()


def stand(calls, period, *, visitors=500, patient=300, rows=4_000):
    """Put the app before a crowd while an import runs; return what happened."""
    with tempfile.TemporaryDirectory() as name, sandbox(calls, period) as address:
        folder = Path(name)
        environment = {**ACCOUNT, "HARVEST_BASE_URL": address, "LOAD_LEDGER": str(folder / "ledger.sqlite3")}
        with (
            importing(address, folder, rows) as process,
            served("tests.support.load_app:app", patience=60.0, workers=WORKERS, **environment) as server,
        ):
            time.sleep(2 * period)  # the import has its pace
            found = asyncio.run(_storm(server.address, address, calls, period, visitors, patient))
            imported = process.poll() is None
        requests = found.pop("requests")
        return Outcome(
            **found, requests=requests, calls=calls, period=period, ended_in=server.ended_in,
            complaints=server.complaints, imported=imported,
        )  # fmt: skip


async def _storm(page, address, calls, period, visitors, patient):
    await asyncio.gather(*(visit(f"{page}/impatient") for _ in range(WORKERS)))
    visits = await crowd(f"{page}/impatient", visitors)
    came = [*map(entered, visits)]
    first = await _until_served(f"{page}/impatient", 3 * period + 5)
    bare = await crowd(f"{page}/refused", visitors)
    waiting = await crowd(f"{page}/patient", patient)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        requests = (await client.get(f"{address}/_sandbox/requests")).json()
    good, busy = ([each for each in visits if each.status == status] for status in (200, 503))
    return {
        "served": good,
        "refused": busy,
        "others": [each for each in visits if each.status not in {200, 503}],
        "free": free_leases(requests, min(came), max(came), calls, period),
        "first": first,
        "bare": bare,
        "patient": [each.status for each in waiting],
        "requests": requests,
    }


async def _until_served(page, seconds):
    """Return when the first of further visitors is served."""
    deadline = time.monotonic() + seconds
    while (response := await visit(page)).status != 200:
        assert time.monotonic() < deadline, "no visitor is served any more"
        await asyncio.sleep(0.05)
    return entered(response)
