"""The commands `harvest-async fleet ...`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import click
from attrs import asdict
from rich.table import Table

from harvest_async.cli.common import asked, json_option, print_json
from harvest_async.cli.show import counted, err, out
from harvest_async.cli.worker import app_option
from harvest_async.fleet import Job, JobStatus, statuses
from harvest_async.fleet.docket import enqueue_jobs
from harvest_async.fleet.load import open_setup

__all__ = ["fleet"]

_SHOWN: Final = 40


@click.group(short_help="Bulk work over many accounts.")
def fleet() -> None:
    """Queue jobs for many accounts, and show their progress. `harvest-async worker` executes them."""


@fleet.command()
@click.argument("account")
@click.argument("locations", nargs=-1, required=True, metavar="FILE...")
@app_option
@click.option("--export", "is_export", is_flag=True, help="Export the account to the folder FILE instead.")
@click.option("--again", is_flag=True, help="Execute a job again that is done, failed or quarantined.")
@json_option
def add(account: str, locations: tuple[str, ...], app: str, *, is_export: bool, again: bool, as_json: bool) -> None:
    """Queue the import of each FILE into ACCOUNT.

    The same file for the same account is one job, however often it is queued. Each worker has to be able to read FILE.

    \b
      harvest-async fleet add 123456 /shared/acme.csv --app fleet_setup:setup
    """
    kind = "export" if is_export else "import"
    jobs = [Job(account, each if "://" in each else str(Path(each).absolute()), kind) for each in locations]

    async def queue() -> int:
        async with open_setup(app) as setup:
            return await enqueue_jobs(setup, jobs, again=again)

    queued: int = asked(queue)
    if as_json:
        print_json({"queued": queued, "finished": len(jobs) - queued, "jobs": [each.id for each in jobs]})
        return
    out.print(f"queued: {counted(queued, 'job')}")
    if queued < len(jobs):
        err.print(f"{counted(len(jobs) - queued, 'job')} finished before; --again executes them again")


@fleet.command()
@app_option
@json_option
def status(app: str, *, as_json: bool) -> None:
    """Show the progress of all accounts.

    \b
      harvest-async fleet status --app fleet_setup:setup
    """

    async def read() -> list[JobStatus]:
        async with open_setup(app) as setup:
            return [each async for each in statuses(setup)]

    found: list[JobStatus] = asked(read)
    counts = Counter(each.state for each in found)
    if as_json:
        print_json({"states": counts, "accounts": _accounts(found), "jobs": [_document(each) for each in found]})
        return
    out.print(f"{counted(len(found), 'job')} of {counted(_accounts(found), 'account')}", markup=False)
    for state, number in sorted(counts.items()):
        out.print(f"  {state}: {number}")
    _show([each for each in found if each.state not in {"done", "queued"}])


def _accounts(found: list[JobStatus]) -> int:
    return len({each.job.account for each in found})


def _document(status: JobStatus) -> dict[str, Any]:
    document = asdict(status)
    return {**document.pop("job"), **document}


def _show(found: list[JobStatus]) -> None:
    """Show the jobs that run or need attention, as many as a screen has lines."""
    if not found:
        return
    table = Table("account", "kind", "state", "progress", "file", "message", box=None)
    for each in sorted(found, key=lambda status: (not status.is_finished, status.job.account))[:_SHOWN]:
        progress = f"{each.part} {each.steps}/{each.total}" if each.part and not each.is_finished else ""
        cells = (each.job.account, each.job.kind, each.state, progress, each.job.location, each.message)
        table.add_row(*map(_plain, cells))
    out.print(table)
    if len(found) > _SHOWN:
        out.print(f"and {len(found) - _SHOWN} more: --json lists all")


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
