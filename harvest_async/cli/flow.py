"""Run one import from the command line, from the file to the report.

Invariants:
    The report is correct however the import ends. During a run the first Ctrl-C waits for the calls in progress and the
    second ends it at once. During planning nothing has been written yet, so the first Ctrl-C ends it.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from harvest_async import imports
from harvest_async.cli.locking import OnlyRun, locked
from harvest_async.cli.show import Bar, err
from harvest_async.cli.target import Target
from harvest_async.errors import HarvestError, InvalidArgument
from harvest_async.importer.journal import Journal
from harvest_async.importer.planned_row import NewPerson
from harvest_async.importer.report import Effort, Overview, Report
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import Options, Source

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["ImportRequest", "ImportRun", "run_import"]


@frozen(kw_only=True)
class ImportRequest:
    """The options of an import.

    Attributes:
        options: the options for reading the file.
        email_domain: the domain for people without an e-mail address.
        create_people: whether to create missing people, or a function that asks.
        dry_run: whether to only plan.
        journal: the path of the journal; None for a sandbox in memory.
        resume: whether the journal exists already.
        reference: whether time entries get references, if the API has them.
        link: the permalink of these references; None for none.
        rules: the limits of the run.
    """

    options: Options
    email_domain: str | None = None
    create_people: bool | Callable[[tuple[NewPerson, ...]], Awaitable[bool]] = False
    dry_run: bool = False
    journal: Path | None = None
    resume: bool = False
    reference: bool = True
    link: str | None = None
    rules: Rules = field(factory=Rules)


@define
class ImportRun:
    """One import and its result, filled in while it runs.

    Attributes:
        source: the file; None if a journal is resumed without it.
        request: the options.
        overview: the plan; None before planning has finished.
        calls: the number of calls of the plan, reads included.
        seconds: the time that the plan takes in seconds.
        report: the report; None for a dry run.
        effort: the calls and the time that it took.
        error: the error that ended it early.
        interrupted: whether Ctrl-C ended it early.
        uses: the use of the window over time, as (seconds, calls in the window, calls allowed).
    """

    source: Source | None
    request: ImportRequest
    overview: Overview | None = None
    calls: int = 0
    seconds: float = 0.0
    report: Report | None = None
    effort: Effort = field(factory=Effort)
    error: Exception | None = None
    interrupted: bool = False
    uses: list[tuple[float, int, int]] = field(factory=list)


def run_import(target: Target, run: ImportRun, bar: Bar) -> None:
    """Run an import, and store its result in `run`, also after an interruption."""
    try:
        asyncio.run(_run(target, run, bar))
    except (KeyboardInterrupt, asyncio.CancelledError):
        run.interrupted = True


async def _run(target: Target, run: ImportRun, bar: Bar) -> None:
    began = time.monotonic()
    watching = asyncio.create_task(_watch(target, run, began))
    try:
        async with target.client() as harvest, bar.shown():
            await _import(harvest, target, run, bar)
    except Exception as error:  # noqa: BLE001 - it is shown below the report
        run.error = error
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        run.effort = _effort(target, time.monotonic() - began)


def _effort(target: Target, elapsed: float) -> Effort:
    """Return the calls and the time of a run; only the time if the ledger can't be read."""
    try:
        now = target.throttle.snapshot()
    except HarvestError:
        return Effort(seconds=elapsed)
    bound = imports.seconds_for(now.granted, now.calls, now.period)
    return Effort(now.granted, now.refused, elapsed, bound)


async def _import(harvest: Client, target: Target, run: ImportRun, bar: Bar) -> None:
    request = run.request
    if request.dry_run:
        with await _planned(harvest, target, run, bar) as plan:
            _note(plan, run)
        return
    with ExitStack() as stack:
        resumed = stack.enter_context(Journal.existing(request.journal)) if request.resume and request.journal else None
        words, max_delay = _words(target, request), request.rules.max_delay
        async with locked(target, words, bar, resumed, max_delay=max_delay) as only:
            await _execute(harvest, target, run, bar, resumed, only)


def _words(target: Target, request: ImportRequest) -> str:
    """Return the command of a run for those who find its lock held."""
    journal = () if request.journal is None else ("--journal", str(request.journal.absolute()))
    return shlex.join(("harvest-async", "import", *journal, *target.words))


async def _execute(
    harvest: Client, target: Target, run: ImportRun, bar: Bar, resumed: Journal | None, only: OnlyRun
) -> None:
    """Plan an import, or resume the run of a journal, and run it."""
    request = run.request
    plan = await (_planned(harvest, target, run, bar) if resumed is None else _resumed(harvest, target, run, resumed))
    with plan:
        _note(plan, run)
        await only.keep_in(plan.journal)
        with _interruptible(plan, run):
            try:
                run.report = await imports.run(plan, rules=request.rules, on_progress=bar, guard=only.guard)
            except BaseException as error:
                why = error.message if isinstance(error, HarvestError) else "interrupted"
                run.report = plan.report(why)
                raise
            only.pending = bool(run.report.stopped and run.report.unknown)


def _note(plan: imports.Plan, run: ImportRun) -> None:
    run.overview, run.calls, run.seconds = plan.overview, plan.calls, plan.seconds


async def _resumed(harvest: Client, target: Target, run: ImportRun, journal: Journal) -> imports.Plan:
    request = run.request
    plan = await imports.resume(
        harvest,
        journal,
        source=run.source,
        options=request.options,
        email_domain=request.email_domain,
        identity=target.identity,
    )
    _check_references(plan, request)
    return plan


async def _planned(harvest: Client, target: Target, run: ImportRun, bar: Bar) -> imports.Plan:
    request, source = run.request, run.source
    if source is None:
        msg = "an import without a file needs a journal to resume"
        raise ValueError(msg)
    return await imports.plan(
        harvest,
        source,
        journal=None if request.dry_run else request.journal,
        options=request.options,
        email_domain=request.email_domain,
        create_people=request.create_people,
        reference=request.reference,
        link=request.link,
        identity=target.identity,
        on_progress=bar,
    )


def _check_references(plan: imports.Plan, request: ImportRequest) -> None:
    """Refuse options about references that differ from those with which the run was begun."""
    meta = plan.journal.meta
    option = ""
    if not request.reference and meta.get("references", "") in {"asked", "kept"}:
        option = "--no-reference"
    elif request.link is not None and request.link != meta.get("link"):
        option = "--link"
    if option:
        plan.close()
        raise InvalidArgument(
            f"{option}: the run of {request.journal} was begun without it: leave it out to resume, or name another "
            "--journal for a new run"
        )


@contextmanager
def _interruptible(plan: imports.Plan, run: ImportRun) -> Iterator[None]:
    """On the first Ctrl-C or SIGTERM stop after the calls in progress; on the second end at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM)

    def press() -> None:
        if not run.interrupted and plan.runner is not None:
            run.interrupted = True
            plan.runner.stop("interrupted")
            err.print("waiting for the calls in progress; press Ctrl-C again to end at once")
        elif task is not None:
            task.cancel()

    with suppress(NotImplementedError, ValueError):  # not on every system, and not beside the main thread
        for each in signals:
            loop.add_signal_handler(each, press)
    try:
        yield
    finally:
        for each in signals:
            with suppress(NotImplementedError, ValueError):
                loop.remove_signal_handler(each)


async def _watch(target: Target, run: ImportRun, began: float) -> None:
    """Sample the window for the chart, less often the longer the run takes."""
    pause = 0.1
    while True:
        now = target.throttle.snapshot()
        run.uses.append((time.monotonic() - began, now.sent + now.foreign, now.calls))
        if len(run.uses) > 2_000:  # noqa: PLR2004 - more than the chart has columns
            run.uses[:] = run.uses[::2]
            pause *= 2
        await asyncio.sleep(pause)
