"""One import on the command line, from the file to the report.

Rules of this room: it asks and tells; what is done is in `imports`. Whatever ends an import early, its report is true.
The first Ctrl-C lets a run finish what is on its way, the second ends it at once; while it is being planned nothing was
written yet, so the first one ends it.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from harvest_async import imports
from harvest_async.cli.show import Bar, err
from harvest_async.cli.target import Target
from harvest_async.errors import HarvestError
from harvest_async.importer.planned_row import NewPerson
from harvest_async.importer.report import Effort, Overview, Report
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import Options, Source

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["ImportRequest", "ImportRun", "run_errand"]


@frozen(kw_only=True)
class ImportRequest:
    """What was asked for.

    Attributes:
        options: how the file is read.
        email_domain: gives people an e-mail address who have none.
        make_people: whether people may be made, or who asks about them.
        dry_run: only read, and plan.
        journal: where the journal is; None for an account that ends with the run.
        resume: whether the journal is there already.
        rules: how the run goes.
    """

    options: Options
    email_domain: str | None = None
    create_people: bool | Callable[[tuple[NewPerson, ...]], Awaitable[bool]] = False
    dry_run: bool = False
    journal: Path | None = None
    resume: bool = False
    rules: Rules = field(factory=Rules)


@define
class ImportRun:
    """One import, and how far it came; filled in as it goes, so that it is there whatever happens.

    Attributes:
        source: the file; None where a journal is resumed without it.
        wishes: what was asked for.
        overview: the plan; None before there was one.
        calls: calls that the plan takes, reads included.
        seconds: the time that the plan takes.
        report: what was done; None for a dry run.
        effort: what it took.
        error: what ended it early.
        interrupted: whether it was Ctrl-C.
        uses: how the window was used, as (seconds, calls in the window, calls allowed).
    """

    source: Source | None
    wishes: ImportRequest
    overview: Overview | None = None
    calls: int = 0
    seconds: float = 0.0
    report: Report | None = None
    effort: Effort = field(factory=Effort)
    error: Exception | None = None
    interrupted: bool = False
    uses: list[tuple[float, int, int]] = field(factory=list)


def run_errand(target: Target, errand: ImportRun, bar: Bar) -> None:
    """Import; `errand` tells how it went, also after an interruption."""
    try:
        asyncio.run(_run(target, errand, bar))
    except (KeyboardInterrupt, asyncio.CancelledError):
        errand.interrupted = True


async def _run(target: Target, errand: ImportRun, bar: Bar) -> None:
    began = time.monotonic()
    watching = asyncio.create_task(_watch(target, errand, began))
    try:
        async with target.client() as harvest, bar.shown():
            await _import(harvest, target, errand, bar)
    except Exception as error:  # noqa: BLE001 - it is shown below the report
        errand.error = error
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        errand.effort = _effort(target, time.monotonic() - began)


def _effort(target: Target, elapsed: float) -> Effort:
    """Return what a run took; where the ledger can't be read, the time alone."""
    try:
        now = target.throttle.snapshot()
    except HarvestError:
        return Effort(seconds=elapsed)
    bound = imports.seconds_for(now.granted, now.calls, now.period)
    return Effort(now.granted, now.refused, elapsed, bound)


async def _import(harvest: Client, target: Target, errand: ImportRun, bar: Bar) -> None:
    wishes = errand.wishes
    plan = await _planned(harvest, target, errand, bar)
    with plan:
        errand.overview, errand.calls, errand.seconds = plan.overview, plan.calls, plan.seconds
        if wishes.dry_run:
            return
        with _interruptible(plan, errand):
            try:
                errand.report = await imports.run(plan, rules=wishes.rules, on_progress=bar)
            except BaseException as error:
                why = error.message if isinstance(error, HarvestError) else "interrupted"
                errand.report = plan.report(why)
                raise


async def _planned(harvest: Client, target: Target, errand: ImportRun, bar: Bar) -> imports.Plan:
    wishes, source = errand.wishes, errand.source
    if wishes.resume and wishes.journal is not None:
        return await imports.resume(
            harvest,
            wishes.journal,
            source=source,
            options=wishes.options,
            email_domain=wishes.email_domain,
            identity=target.identity,
        )
    if source is None:
        msg = "an import without a file needs a journal to resume"
        raise ValueError(msg)
    return await imports.plan(
        harvest,
        source,
        journal=None if wishes.dry_run else wishes.journal,
        options=wishes.options,
        email_domain=wishes.email_domain,
        create_people=wishes.create_people,
        identity=target.identity,
        on_progress=bar,
    )


@contextmanager
def _interruptible(plan: imports.Plan, errand: ImportRun) -> Iterator[None]:
    """While a run goes on, Ctrl-C is a wish first and an order then, and so is the end of the session."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM)

    def press() -> None:
        if not errand.interrupted and plan.runner is not None:
            errand.interrupted = True
            plan.runner.stop("interrupted")
            err.print("finishing what is on its way; Ctrl-C again ends at once")
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


async def _watch(target: Target, errand: ImportRun, began: float) -> None:
    """Look at the window every now and then, for the picture; ever more seldom, so that it stays small."""
    pause = 0.1
    while True:
        now = target.throttle.snapshot()
        errand.uses.append((time.monotonic() - began, now.sent + now.foreign, now.calls))
        if len(errand.uses) > 2_000:  # noqa: PLR2004 - more than a picture has columns
            errand.uses[:] = errand.uses[::2]
            pause *= 2
        await asyncio.sleep(pause)
