"""What all benchmarks share: a sandbox in a process of its own, clients for it, and tables.

Notes:
- A server never runs in the client's process, so that its CPU is not counted; it is ended by its own process.
- What a server saw is computed from its list of requests, never taken from its own count.
- A figure is printed as it was measured, beside what is asked for.
"""

import asyncio
import math
import os
import platform
import subprocess
import sys
from collections import deque
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import httpx
from attrs import frozen
from results import Results
from rich.console import Console
from rich.table import Table

from harvest_async import BasicAuth, HarvestV1

__all__ = [
    "CREDENTIALS",
    "PICTURES",
    "SHORT",
    "Server",
    "finish",
    "growth",
    "heading",
    "installed",
    "percentile",
    "prepare",
    "results",
    "sandboxes",
    "show",
    "trailing",
]

SHORT = "--short" in sys.argv
"""Whether the shorter form is run: fewer runs and fewer rows, for a run of all questions in a quarter of an hour."""
PICTURES = Path(__file__).with_name("pictures")
CREDENTIALS = ("admin@example.com", "sandbox")

results = Results()
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)


@frozen
class Server:
    """A sandbox in another process."""

    address: str

    def fault(self, kind, **details):
        """Let something happen to every call."""
        self._post("/_sandbox/faults", {"kind": kind, "times": None, **details})

    def latency(self, low, high):
        """Delay each way by a random time within the given range, in seconds; arrivals are stamped after the way in."""
        self.fault("latency_in", seconds=[low, high])
        self.fault("latency_out", seconds=[low, high])

    def requests(self):
        """All requests as they arrived."""
        return httpx.get(f"{self.address}/_sandbox/requests", trust_env=False, timeout=60).json()

    def harvest(self, throttle, **options):
        """A client for it."""
        auth = BasicAuth(*CREDENTIALS)
        return HarvestV1("sandbox", auth=auth, app="benchmarks", base_url=self.address, throttle=throttle, **options)

    def plain(self, **options):
        """Plain httpx for the same account."""
        headers = {"accept": "application/json", "content-type": "application/json", "user-agent": "benchmarks"}
        options = {"timeout": 60, "trust_env": False, **options}
        return httpx.AsyncClient(base_url=self.address, auth=CREDENTIALS, headers=headers, **options)

    def _post(self, path, content):
        httpx.post(f"{self.address}{path}", json=content, trust_env=False).raise_for_status()


@contextmanager
def _sandbox(*options):
    command = [sys.executable, "-m", "harvest_async", "sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout
        finally:
            process.terminate()
            process.communicate()


@contextmanager
def sandboxes(count, *options):
    """Start the given number of sandboxes, each a process; options as on the command line."""
    with ExitStack() as stack:
        outputs = [stack.enter_context(_sandbox(*options)) for _ in range(count)]
        yield [Server(output.readline().split()[2].rstrip(":")) for output in outputs]


def installed(contestants, distributions):
    """Return the contestants whose distribution is installed; name the others, and go on without them.

    Args:
        contestants: by name.
        distributions: the name of the distribution that a contestant needs, by the contestant's name.
    """
    found = dict(contestants)
    for name, distribution in distributions.items():
        try:
            version(distribution)
        except PackageNotFoundError:
            console.print(f"not installed: {distribution}; {name} is left out", style="yellow", markup=False)
            results.left_out.append(name)
            del found[name]
        else:
            results.compared(distribution)
    return found


def growth(costs):
    """Return the slope of log(total) over log(count), by least squares, from pairs of count and total."""
    points = [(math.log(count), math.log(total)) for count, total in costs]
    middle = [sum(axis) / len(points) for axis in zip(*points, strict=True)]
    across = sum((x - middle[0]) * (y - middle[1]) for x, y in points)
    return across / sum((x - middle[0]) ** 2 for x, _ in points)


async def prepare(harvest):
    """Create a project on which the administrator may log time; return the ids."""
    client = await harvest.clients.create_id(name="ACME")
    project = await harvest.projects.create_id(name="Site", client_id=client.id)
    task = await harvest.tasks.create_id(name="Development")
    await harvest.task_assignments.create_id(project.id, task.id)
    await harvest.user_assignments.create_id(project.id, (await harvest.account.who_am_i()).user.id)
    return {"client": client.id, "project": project.id, "task": task.id}


def trailing(arrivals, period=15.0):
    """For each arrival, how many came in the half-open period that ends with it."""
    window, counts = deque(), []
    for arrival in sorted(arrivals):
        window.append(arrival)
        while window[0] <= arrival - period:
            window.popleft()
        counts.append(len(window))
    return counts


def percentile(values, share):
    """The smallest value that so large a share of the values does not pass."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


async def finish(jobs, seconds, stop=None):
    """Run jobs side by side for at most so long, or until `stop` is set; whether all of them ended."""
    work = asyncio.gather(*jobs)
    stopped = asyncio.ensure_future((stop or asyncio.Event()).wait())
    try:
        await asyncio.wait({work, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ended = work.done()
    finally:
        work.cancel()
        stopped.cancel()
    await asyncio.wait({work})
    if ended:
        work.result()
    elif not work.cancelled():
        work.exception()
    return ended


def heading(question, *packages):
    """What is asked, and of what."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("httpx", *packages))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    console.print(f"\n{question}\n{machine}, {versions}\n", markup=False)


def show(columns, rows, asked):
    """A table, the first column to the left, and what is asked for."""
    table = Table(*columns)
    for column in table.columns[1:]:
        column.justify = "right"
    rows = list(rows)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)
    console.print(f"Asked for: {asked}\n", markup=False)
    for line in results.add(columns, rows):
        console.print(line, style="red", markup=False)
