"""Import the file of a job: resume its run, or plan it against the account again.

Invariants:
- A journal is resumed only if no other journal was used for the account since: what another run wrote is not in it.
- Without its journal a run is planned anew. Rows that are in the account already are found there and not sent again.
- One file has one journal for each run; its name has the job and the fencing token of the run that began it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harvest_async import imports
from harvest_async.fleet.reading import Reading
from harvest_async.fleet.result import Result
from harvest_async.fleet.setup import ImportSettings, Setup, Work
from harvest_async.importer.journal import Journal, JournalError, JournalInUse
from harvest_async.importer.rules import Stopped

__all__ = ["import_file"]

_DIGITS: Final = 20


async def import_file(setup: Setup, work: Work, account: str, reading: Reading) -> Result:
    """Import the file of a job's location.

    Raises:
        InvalidArgument: the file can't be imported.
        HarvestError: the account can't be used, or the run ended early; the same call continues it.
        LockLost: another run may be writing.
    """
    settings = setup.imports(work.job)
    plan = await _resumed(setup, work, account) or await _planned(setup, work, settings, reading)
    with plan:
        await setup.store.set_writer(account, work.token, _name(plan))
        report = await imports.run(plan, rules=settings.rules, guard=work.guard, on_progress=work.progress)
    return _result(report)


async def _resumed(setup: Setup, work: Work, account: str) -> imports.Plan | None:
    """Return the plan of a run that ended early; None if there is none, or if another run has written since."""
    journals = sorted(setup.journals.glob(f"{work.job.id}.*.journal"))
    if not journals or await setup.store.writer(account) != journals[-1].name:
        return None
    try:
        journal = Journal.existing(journals[-1])
    except JournalInUse:
        raise
    except JournalError:
        return None
    if journal.meta.get("planned") != "1" or journal.meta.get("finished") == "1":
        journal.close()
        return None
    try:
        return await imports.resume(work.harvest, journal)
    except BaseException:
        journal.close()
        raise


async def _planned(setup: Setup, work: Work, settings: ImportSettings, reading: Reading) -> imports.Plan:
    """Return a new plan of the file."""
    path = setup.journals / f"{work.job.id}.{work.token:0{_DIGITS}}.journal"
    file = await setup.fetch(work.job.location)
    await reading.begin()
    with imports.open_source(file, settings.options) as source:
        return await imports.plan(
            work.harvest,
            source,
            journal=path,
            options=settings.options,
            email_domain=settings.email_domain,
            create_people=settings.create_people,
            reference=settings.reference,
            link=settings.link,
            on_progress=work.progress,
        )


def _name(plan: imports.Plan) -> str:
    return Path(plan.journal.path or "").name


def _result(report: imports.Report) -> Result:
    """Return the result of a run."""
    rows = f"{report.created} created, {report.existing} there before"
    if report.stopped is not None:
        raise Stopped(f"{rows}, {report.left} left: {report.stopped}")
    if report.complete:
        return Result("done", rows)
    left = f"{report.left} left, " if report.left else ""
    return Result("incomplete", f"{rows}, {left}{len(report.rejected)} rejected, {len(report.unknown)} unknown")
