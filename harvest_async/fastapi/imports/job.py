"""One phase of an import: planning, the run, or undoing it. The caller holds the account's run lock.

Invariants:
- All calls are in the bulk lane.
- A phase that ends early leaves a journal from which another process continues; only its end changes the record.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import evolve

from harvest_async import imports
from harvest_async.cancellation import finish
from harvest_async.clock import Clock
from harvest_async.errors import HarvestError, InvalidArgument
from harvest_async.fastapi.imports.folder import ImportFolder
from harvest_async.fastapi.imports.form import in_terms_of_form, is_set, options_of, shortened
from harvest_async.fastapi.imports.progress import FileProgress
from harvest_async.fastapi.imports.record import MOST_PROBLEMS, ImportRecord, Phase, overview_of, report_of, undo_of
from harvest_async.importer.rejects import write_rejects
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import Problem, Unfit, open_source
from harvest_async.run_lock import HeldLock

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["Job"]

_LOOK: Final = 0.2
"""Seconds between two looks for a request to cancel, which another process may have made."""


class Job:
    """Works on one import.

    Args:
        folder: the folder of the imports.
        record: the import, whose phase is to be done.
        harvest: the account's client.
        held: the account's run lock.
        rules: the rules of a run.
        clock: the clock of the run locks.
    """

    def __init__(
        self, folder: ImportFolder, record: ImportRecord, harvest: Client, held: HeldLock, rules: Rules, clock: Clock
    ) -> None:
        self._folder = folder
        self._record = record
        self._harvest = harvest
        self._held = held
        self._rules = rules
        self._clock = clock
        self._progress = FileProgress(folder, record.id)
        self._progress.begin("starting", 0)
        self._plan: imports.Plan | None = None
        self._scope = anyio.CancelScope()
        self._cancelled = False
        self._closing = False

    async def work(self) -> None:
        """Do the phase, and store the record at its end."""
        try:
            changes = await self._phase()
        except InvalidArgument as error:
            changes = self._failed(error)
        except HarvestError as error:
            self._held.check()  # another process works on the import if the lock was lost
            changes = {"phase": Phase.FAILED, "error": error.message}
        else:
            if self._closing:
                return
        self._record = evolve(self._record, changed_at=time.time(), **changes)
        await finish(asyncio.to_thread(self._folder.save, self._record))

    def close(self) -> None:
        """End the run once the writes that were sent have their responses; another process continues it."""
        self._closing = True
        self._stop("the server is restarting")

    # The phases

    async def _make_plan(self) -> dict[str, Any]:
        await self._wait_for_earlier_runs()
        record, options = self._record, options_of(self._record.fields)
        await asyncio.to_thread(self._folder.clear_journal, record.id)
        stored = self._folder.file(record.id, record.stored)
        with await asyncio.to_thread(open_source, stored, options, record.file) as source:
            plan = await imports.plan(
                self._harvest,
                source,
                journal=self._folder.journal(record.id),
                options=options,
                email_domain=record.fields.get("email_domain") or None,
                create_people=is_set(record.fields, "create_people"),
                on_progress=self._progress,
            )
        with plan:
            overview = overview_of(plan.overview, plan.calls, plan.seconds)
            return {"phase": Phase.PLANNED, "overview": overview, **await self._keep_rejected(plan.overview.rejected)}

    async def _run(self) -> dict[str, Any]:
        if not self._record.resumed:
            await self._wait_for_earlier_runs()
        plan = await imports.resume(self._harvest, self._folder.journal(self._record.id))
        with plan:
            self._plan = plan
            report = await imports.run(plan, rules=self._rules, on_progress=self._progress)
        phase = Phase.DONE if report.stopped is None else Phase.CANCELLED if self._cancelled else Phase.STOPPED
        stopped = "" if report.stopped is None or self._cancelled else report.stopped
        kept = await self._keep_rejected(report.rejected)
        return {"phase": phase, "report": report_of(report), "error": stopped, **kept}

    async def _undo(self) -> dict[str, Any]:
        journal = self._folder.journal(self._record.id)
        result = await imports.undo(self._harvest, journal, on_progress=self._progress)
        return {"phase": Phase.UNDONE, "undone": undo_of(result)}

    async def _wait_for_earlier_runs(self) -> None:
        """Wait until no write of another run of the account, which was cut off, can be processed any more."""
        if self._held.lock.quiet(self._clock) < self._rules.max_delay:
            self._progress.state("waiting until no request of an earlier run can be processed any more")
            await self._held.wait_until_quiet(self._rules.max_delay)
            self._progress.state(None)

    async def _keep_rejected(self, problems: Sequence[Problem]) -> dict[str, Any]:
        """Store the rejected rows, to be corrected and uploaded again; return what the record has of them."""
        record = self._record
        in_terms = [evolve(each, reason=in_terms_of_form(each.reason)) for each in problems]

        def write() -> None:
            stored = self._folder.file(record.id, record.stored)
            with open_source(stored, options_of(record.fields), record.file) as source:
                write_rejects(source, in_terms, self._folder.rejected(record.id))

        if problems:
            await asyncio.to_thread(write)
        return {"problems": [_shown(each) for each in problems[:MOST_PROBLEMS]], "problem_count": len(problems)}

    # Cancelling

    async def _phase(self) -> dict[str, Any]:
        """Do the phase; end early when a visitor cancels the import, or when the app ends. Return the changes."""
        phases = {Phase.PLANNING: self._make_plan, Phase.RUNNING: self._run, Phase.UNDOING: self._undo}
        changes: dict[str, Any] = {"phase": Phase.CANCELLED}
        looking = asyncio.create_task(self._look())
        try:
            with self._scope, self._harvest.bulk():
                changes = await phases[self._record.phase]()
        finally:
            looking.cancel()
        return changes

    async def _look(self) -> None:
        while self._is_reopening or not self._folder.cancel_requested(self._record.id):  # noqa: ASYNC110 - another process may request it
            await anyio.sleep(_LOOK)
        self._cancelled = True
        self._stop("cancelled")

    @property
    def _is_reopening(self) -> bool:
        """Whether a run is not continued yet: cancelled now, it would not report what another process has created."""
        is_open = self._plan is not None and self._plan.runner is not None
        return self._record.phase is Phase.RUNNING and self._record.resumed > 0 and not is_open

    def _stop(self, why: str) -> None:
        if self._plan is not None and self._plan.runner is not None:
            self._plan.runner.stop(why)
        elif self._record.phase is not Phase.UNDOING:
            self._scope.cancel()

    # The record

    def _failed(self, error: InvalidArgument) -> dict[str, Any]:
        if isinstance(error, Unfit):
            found = error.findings
            problems = {"problems": [_shown(each) for each in found.problems], "problem_count": found.count}
            return {"phase": Phase.FAILED, "error": "The file as a whole can't be imported.", **problems}
        return {"phase": Phase.FAILED, "error": in_terms_of_form(error.message)}


def _shown(problem: Problem) -> dict[str, Any]:
    """Return a problem for people, in the terms of the form."""
    return {
        "line": problem.line,
        "row": problem.row,
        "column": shortened(problem.column),
        "text": shortened(problem.text),
        "reason": in_terms_of_form(problem.reason),
    }
