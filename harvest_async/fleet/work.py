"""The kinds of work of a fleet: imports, exports, and the program's own actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from harvest_async import exports
from harvest_async.errors import InvalidArgument
from harvest_async.fleet.importing import import_file
from harvest_async.fleet.job import EXPORT, IMPORT, Job
from harvest_async.fleet.reading import Reading
from harvest_async.fleet.result import Result
from harvest_async.fleet.setup import Setup, Work

__all__ = ["work_of"]

Worker = Callable[[Setup, Work, str, Reading], Awaitable[Result]]


def work_of(setup: Setup, job: Job) -> Worker:
    """Return the function that does a job.

    Raises:
        InvalidArgument: the setup has no such action.
    """
    if job.kind in setup.actions:
        return _act
    known: dict[str, Worker] = {IMPORT: import_file, EXPORT: _export}
    if job.kind not in known:
        kinds = ", ".join([*known, *setup.actions])
        raise InvalidArgument(f"job {job.id}: unknown kind {job.kind!r}. Choose from: {kinds}.")
    return known[job.kind]


async def _act(setup: Setup, work: Work, *_: object) -> Result:
    """Call an action of the program."""
    text = await setup.actions[work.job.kind](work)
    return Result("done", text or "")


async def _export(setup: Setup, work: Work, *_: object) -> Result:
    """Export the account into the folder of the job's location; an export that ended early is resumed."""
    folder = await setup.fetch(work.job.location)
    done = await exports.export(work.harvest, folder, on_progress=work.progress)
    rows = sum(kind.rows for kind in done.kinds)
    return Result("done", f"{rows} {'row' if rows == 1 else 'rows'} in {folder}")
