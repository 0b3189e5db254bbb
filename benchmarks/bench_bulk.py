"""What does a row of a large import cost, and what does the journal cost of that?

A sandbox in another process allows 10,000 calls a second, so that the client is what is measured; 16 writes go side by
side, which is how many connections the gate opens at the real limit. A file of N rows
(50,000 by default, `--rows`) is imported; memory is looked at four times a second from the beginning to the end. A few
thousand of the same creates are made once more without plan and journal, to compare.

    python benchmarks/bench_bulk.py [--rows N]

Asked for: memory at most 100 MiB over the start, at most 2 ms of CPU a row, at most 15 % of it for the journal.
"""

import argparse
import asyncio
import csv
import os
import resource
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path

from support import heading, sandboxes, show

from harvest_async import Throttle, imports
from harvest_async.importer.journal import Journal

SIDE_BY_SIDE = 16
HEADER = ("User", "Email", "Client", "Project", "Task", "Description", "Start date", "Start time", "End date",
          "End time", "Duration")  # fmt: skip


def write_file(path, rows):
    """Rows of five people over many days, with notes of an ordinary length."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for number in range(rows):
            day = date(2016, 1, 4) + timedelta(days=number // 30)
            name = f"Person {number % 5}"
            begin = 8 + number % 8
            writer.writerow(
                (name, f"person{number % 5}@example.com", "ACME", f"Project {number % 20}", f"Task {number % 7}",
                 f"Ticket {number}: what was done, in a sentence of an ordinary length", day, f"{begin:02}:00:00", day,
                 f"{begin:02}:30:00", "00:30:00")
            )  # fmt: skip


class Memory(threading.Thread):
    """Looks how much memory the process has."""

    def __init__(self):
        super().__init__(daemon=True)
        self.start_mib, self.most_mib = now_mib(), 0.0
        self.ended = threading.Event()

    def run(self):
        """Look, until it has ended."""
        while not self.ended.wait(0.25):
            self.most_mib = max(self.most_mib, now_mib())


def now_mib():
    """The process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu():
    """The CPU that this process has had, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def import_file(server, path, journal):
    """Import a file; gives what each part took."""
    options = imports.Options(long_days=True)
    memory = Memory()
    memory.start()
    async with server.harvest(Throttle(pace="burst")) as harvest:
        began, at = time.monotonic(), cpu()
        with imports.open_source(path, options) as source:
            plan = await imports.plan(harvest, source, journal=journal, options=options, create_people=True)
        planned, wrote = cpu() - at, await journal.work(time.thread_time)
        at = cpu()
        report = await imports.run(plan, rules=imports.Rules(side_by_side=SIDE_BY_SIDE))
        ran, took = cpu() - at, time.monotonic() - began
        wrote = await journal.work(time.thread_time) - wrote
    memory.ended.set()
    return report, planned, ran, wrote, took, memory


async def write_bare(server, rows):
    """Send the same writes without plan and journal, N at a time."""
    async with server.harvest(Throttle(pace="burst")) as harvest:
        [person] = [each for each in await harvest.people.list() if each.email == "person0@example.com"]
        [project, *_] = await harvest.projects.list()
        [task, *_] = [each.task_id for each in await harvest.task_assignments.list(project.id)]
        numbers = iter(range(rows))

        async def work():
            for number in numbers:
                notes = f"Ticket {number}: what was done, in a sentence of an ordinary length"
                await harvest.time.create_id(
                    project.id, task, hours="0.5", spent_at=date(2026, 1, 5), notes=notes, of_user=person.id
                )

        at = cpu()
        with harvest.bulk():
            await asyncio.gather(*(work() for _ in range(SIDE_BY_SIDE)))
        return cpu() - at


def main():
    """Measure, and say how the figures lie."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, sandboxes(1, "--calls", "10000", "--period", "1") as [server]:
        path = Path(folder) / "time.csv"
        write_file(path, rows)
        with Journal(Path(folder) / "run.journal") as journal:
            report, planned, ran, wrote, took, memory = asyncio.run(import_file(server, path, journal))
            syncs = journal.syncs
        few = min(rows, 5_000)
        bare = asyncio.run(write_bare(server, few)) / few
    each, over = (planned + ran) / rows * 1e3, memory.most_mib - memory.start_mib
    heading(f"What does a row of a large import cost? {rows} rows in {took:.0f} s, {syncs} syncs")
    figures = [
        ("created", report.created),
        ("memory over the start", f"{over:.0f} MiB"),
        ("CPU a row, plan and run", f"{each:.2f} ms"),
        ("of that the plan", f"{planned / rows * 1e3:.2f} ms"),
        ("of the run the journal's thread", f"{wrote / ran:.1%}"),
        ("CPU of a bare create through the client", f"{bare * 1e3:.2f} ms"),
    ]
    show(("what", "measured"), figures, "at most 100 MiB, 2 ms a row, 15 % for the journal")
    sys.exit(not (report.created == rows and over <= 100 and each <= 2 and wrote / ran <= 0.15))


if __name__ == "__main__":
    main()
