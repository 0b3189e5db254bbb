"""Imports for programs: plan a file against an account, look at the plan, carry it out, resume it, undo it.

    with open_source("export.csv", Options(fill=Fill(client="ACME"))) as source:
        plan = await imports.plan(harvest, source, make_people=True)
    print(plan.overview.create, plan.calls, plan.seconds)
    report = await imports.run(plan, journal="acme.journal")

Rules of this room: it puts the parts of `bulk` together for an account of API v1. What a run does is on the disk before
it is done; whatever ends a run early, `resume` goes on with its journal.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Final, Self

from attrs import define, field

from harvest_async.importer.journal import Journal, JournalError
from harvest_async.importer.loading import check_source, load_rows
from harvest_async.importer.new_people import Consent
from harvest_async.importer.planned_row import NewPerson
from harvest_async.importer.planner import PlanOptions, build_plan
from harvest_async.importer.report import Overview, Report, overview, report_of, seconds_for
from harvest_async.importer.rules import Rules, Stopped
from harvest_async.importer.run import Runner
from harvest_async.importer.sources import Fill, Options, Source, open_source
from harvest_async.importer.undo import UndoResult, undo_run
from harvest_async.progress import Progress, Quiet
from harvest_async.throttle.registry import service_of
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.import_adapter import V1ImportAccount

__all__ = [
    "Fill",
    "JournalError",
    "NewPerson",
    "Options",
    "Overview",
    "Plan",
    "Progress",
    "Report",
    "Rules",
    "Source",
    "Stopped",
    "UndoResult",
    "open_source",
    "plan",
    "resume",
    "run",
    "seconds_for",
    "undo",
]

_PLAIN: Final = Options()
_RULES: Final = Rules()
_QUIET: Final = Quiet()

MakePeople = bool | Callable[[tuple[NewPerson, ...]], Awaitable[bool]]


@define(eq=False)
class Plan:
    """An import that is planned, and lies in its journal; a context manager.

    Attributes:
        harvest: the account's client.
        journal: the journal.
        overview: what would be done, as it stood when the plan was made.
        reads: calls that were made to plan it.
        runner: what carries it out; None before `run`.
    """

    harvest: HarvestV1
    journal: Journal
    overview: Overview
    reads: int
    _account: V1ImportAccount = field(repr=False)
    runner: Runner | None = field(default=None, repr=False)
    _scratch: Path | None = field(default=None, repr=False, alias="scratch")

    @property
    def calls(self) -> int:
        """Calls that the whole import takes, reads included."""
        return self.reads + self.overview.writes

    @property
    def seconds(self) -> float:
        """How long so many calls take at the account's limit."""
        now = self.harvest.throttle.snapshot()
        return seconds_for(self.calls, now.calls, now.period)

    def report(self, stopped: str | None = None) -> Report:
        """What was done so far."""
        return report_of(self.journal, stopped)

    def close(self) -> None:
        """Let go of the journal; one without a path of its own is gone then."""
        self.journal.close()
        self._discard()

    def _discard(self) -> None:
        """Delete the scratch folder that `plan` created, if it did."""
        _remove(self._scratch)
        self._scratch = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def plan(
    harvest: HarvestV1,
    source: Source,
    *,
    journal: Journal | str | os.PathLike[str] | None = None,
    options: Options = _PLAIN,
    email_domain: str | None = None,
    create_people: MakePeople = False,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
) -> Plan:
    """Plan the import of a source; the account is only read.

    Args:
        harvest: the account's client.
        source: the rows, from `open_source`.
        journal: where the plan is kept; None keeps it in a scratch file until `run` is given a path.
        options: how the source was opened: a resumed run has to be given the same.
        email_domain: gives an e-mail address to people who have none.
        create_people: whether people may be made, which sends each an e-mail and takes a seat of the account's plan; or
            what is asked about them.
        identity: which account it is, in a word that no other account has; its service and name by default.
        on_progress: is told how it goes on.

    Raises:
        InvalidArgument: the source as a whole can't be imported, or the client is not an administrator's.
        JournalError: the journal is there already, or can't be used.
        HarvestError: the account can't be read.
    """
    account = _account(harvest, identity)
    scratch = Path(mkdtemp(prefix="harvest-plan-")) if journal is None else None
    book = journal if isinstance(journal, Journal) else Journal(scratch / "plan.journal" if scratch else journal)
    before = harvest.throttle.snapshot().granted
    try:
        _check_new(book)
        await book.work(load_rows, book, source)
        await book.work(check_source, book)
        about = {"file": source.sha256, "account": account.identity, "options": digest_of(options, email_domain)}
        await book.work(lambda: book.describe(**about))
        await account.check_role()
        await build_plan(account, book, PlanOptions(email_domain, _consent(create_people)), on_progress)
        seen = await book.work(overview, book)
    except BaseException:
        if not isinstance(journal, Journal):
            book.close()
        _remove(scratch)
        raise
    return Plan(harvest, book, seen, harvest.throttle.snapshot().granted - before, account, scratch=scratch)


async def resume(
    harvest: HarvestV1,
    journal: Journal | str | os.PathLike[str],
    *,
    source: Source | None = None,
    options: Options = _PLAIN,
    email_domain: str | None = None,
    identity: str | None = None,
) -> Plan:
    """Take up a run that ended early; `run` goes on with it.

    Args:
        harvest: the account's client.
        journal: the run's journal.
        source: the file again, to see that it is the same; the rows themselves are in the journal.
        options: as given to `plan`; looked at together with `source`.
        email_domain: the same.
        identity: as given to `plan`.

    Raises:
        JournalError: it belongs to another account, file or options, it was never planned to its end, or another
            process has it.
    """
    account = _account(harvest, identity)
    book = journal if isinstance(journal, Journal) else _there(Path(journal))
    try:
        expected = {"account": account.identity}
        if source is not None:
            expected |= {"file": source.sha256, "options": digest_of(options, email_domain)}
        book.expect(**expected)
        _check_planned(book)
        before = harvest.throttle.snapshot().granted
        await account.check_role()
        book.expect(timestamps=str(int(await account.timestamps())))
        seen = await book.work(overview, book)
    except BaseException:
        if not isinstance(journal, Journal):
            book.close()
        raise
    return Plan(harvest, book, seen, harvest.throttle.snapshot().granted - before, account)


async def run(
    plan: Plan,
    *,
    journal: str | os.PathLike[str] | None = None,
    rules: Rules = _RULES,
    on_progress: Progress = _QUIET,
) -> Report:
    """Carry a plan out.

    Args:
        plan: from `plan` or `resume`.
        journal: where the journal is kept from now on, for a plan that was made without one.
        rules: how it goes.
        on_progress: is told how it goes on.

    Returns:
        What was done. A run that was stopped, or gave up, says so in `stopped`; its journal can be resumed.

    Raises:
        HarvestError: the account can't be worked with (sign-in, a block without end); the journal can be resumed.
    """
    if journal is not None and plan.journal.path != Path(journal):
        old = plan.journal
        plan.journal = await asyncio.to_thread(old.copy_to, journal)
        plan._discard()  # noqa: SLF001
    runner = plan.runner = Runner(plan._account, plan.journal, rules, plan.harvest.throttle.clock, on_progress)  # noqa: SLF001
    try:
        await runner.run()
    except Stopped as early:
        why, gave_up = early.message, early.gave_up
        return await plan.journal.work(lambda: report_of(plan.journal, why, gave_up=gave_up))
    report = await plan.journal.work(plan.report)
    if not (report.left or report.unknown):
        await plan.journal.work(lambda: plan.journal.describe(finished="1"))
    return report


async def undo(
    harvest: HarvestV1,
    journal: Journal | str | os.PathLike[str],
    *,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
) -> UndoResult:
    """Remove what a run made, where the server allows it.

    Raises:
        JournalError: the journal belongs to another account, or another process has it.
        HarvestError: the account can't be worked with; it can be called again.
    """
    account = _account(harvest, identity)
    book = journal if isinstance(journal, Journal) else _there(Path(journal))
    try:
        book.expect(account=account.identity)
        await account.check_role()
        return await undo_run(account, book, on_progress)
    finally:
        if not isinstance(journal, Journal):
            book.close()


def _account(harvest: HarvestV1, identity: str | None) -> V1ImportAccount:
    """Return an account whose calls wait for as long as it takes, whatever `max_wait` the client has."""
    patient = harvest.options(max_wait=None)
    return V1ImportAccount(patient, identity or f"{service_of(harvest.address)}/{harvest.name}")


def digest_of(options: Options, email_domain: str | None) -> str:
    """What decides how a file is read, as one word."""
    return sha256(f"{options!r} {email_domain!r}".encode()).hexdigest()[:16]


def _consent(create_people: MakePeople) -> Consent | None:
    if callable(create_people):
        return create_people

    async def yes(_: tuple[NewPerson, ...]) -> bool:
        return True

    return yes if create_people else None


def _check_new(journal: Journal) -> None:
    if "account" in journal.meta:
        raise JournalError(f"{journal.path} is a run's journal already: resume it, or choose another path")


def _check_planned(journal: Journal) -> None:
    if journal.meta.get("planned") != "1":
        raise JournalError(f"{journal.path}: its run ended before anything was sent: import the file again")


def _there(path: Path) -> Journal:
    if not path.is_file() or not path.stat().st_size:
        raise JournalError(f"{path}: there is no such journal, or it is empty")
    return Journal(path)


def _remove(scratch: Path | None) -> None:
    if scratch is not None:
        shutil.rmtree(scratch)
