"""Import files into an account: plan an import, run it, resume it, undo it.

    with open_source("export.csv", Options(fill=Fill(client="ACME"))) as source:
        plan = await imports.plan(harvest, source, create_people=True)
    print(plan.overview.create, plan.calls, plan.seconds)
    report = await imports.run(plan, journal="acme.journal")

Every step is stored in a journal on the disk before it is sent, so a run that ended early can be resumed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from attrs import define, field

from harvest_async import versions
from harvest_async.errors import InvalidArgument
from harvest_async.importer.account import Account
from harvest_async.importer.journal import Journal, JournalError
from harvest_async.importer.loading import check_source, load_rows
from harvest_async.importer.new_people import Consent
from harvest_async.importer.planned_row import NewPerson
from harvest_async.importer.planner import PlanOptions, build_plan
from harvest_async.importer.report import Overview, Report, overview, report_of, seconds_for
from harvest_async.importer.rules import Guard, Rules, Stopped, unguarded
from harvest_async.importer.run import Runner
from harvest_async.importer.sources import Fill, Options, Source, open_source
from harvest_async.importer.undo import UndoResult, UnlinkResult, undo_run, unlink_run
from harvest_async.progress import Progress, Quiet

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = [
    "Fill",
    "Guard",
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
    "UnlinkResult",
    "open_source",
    "plan",
    "resume",
    "run",
    "seconds_for",
    "undo",
    "unlink",
]

_PLAIN: Final = Options()
_RULES: Final = Rules()
_QUIET: Final = Quiet()

CreatePeople = bool | Callable[[tuple[NewPerson, ...]], Awaitable[bool]]


@define(eq=False)
class Plan:
    """A planned import in its journal; a context manager.

    Attributes:
        harvest: the account's client.
        journal: the journal.
        overview: what a run would do, as of the time of planning.
        reads: the number of calls that planning took.
        runner: the run; None before `run`.
    """

    harvest: Client
    journal: Journal
    overview: Overview
    reads: int
    _account: Account = field(repr=False)
    runner: Runner | None = field(default=None, repr=False)
    _scratch: Path | None = field(default=None, repr=False, alias="scratch")

    @property
    def calls(self) -> int:
        """The number of calls of the whole import, reads included."""
        return self.reads + self.overview.writes

    @property
    def seconds(self) -> float:
        """The seconds that these calls take at the account's limit."""
        now = self.harvest.throttle.snapshot()
        return seconds_for(self.calls, now.calls, now.period)

    def report(self, stopped: str | None = None) -> Report:
        """Return what was done so far."""
        return report_of(self.journal, stopped)

    def close(self) -> None:
        """Close the journal, and delete it if it has no path of its own."""
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
    harvest: Client,
    source: Source,
    *,
    journal: Journal | str | os.PathLike[str] | None = None,
    options: Options = _PLAIN,
    email_domain: str | None = None,
    create_people: CreatePeople = False,
    reference: bool = True,
    link: str | None = None,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
) -> Plan:
    """Plan the import of a source. Nothing is written to the account.

    Args:
        harvest: the account's client.
        source: the rows, from `open_source`.
        journal: the path of the journal; None uses a temporary file until `run` gets a path.
        options: the options with which the source was opened; a resumed run needs the same.
        email_domain: the domain of e-mail addresses for people who have none.
        create_people: whether people may be created, or a function that decides it. Each new person gets an e-mail and
            takes a seat of the account's plan.
        reference: whether each time entry gets a reference to its row, if the API version has references. With them, a
            run whose responses were lost finds its own entries exactly, and `undo` deletes no others.
        link: the permalink of these references: an address that Harvest shows at each entry.
        identity: a string that identifies the account among all accounts; its service and name by default.
        on_progress: receives the progress.

    Raises:
        InvalidArgument: the source as a whole can't be imported, the client is not an administrator's, or `link` is
            given without references.
        JournalError: the journal exists already, or can't be used.
        HarvestError: the account can't be read.
    """
    account = _account(harvest, identity)
    _check_link(account, link, reference=reference)
    scratch = Path(mkdtemp(prefix="harvest-plan-")) if journal is None else None
    opened = journal if isinstance(journal, Journal) else Journal(scratch / "plan.journal" if scratch else journal)
    before = harvest.throttle.snapshot().granted
    try:
        opened.expect_new()
        await opened.work(load_rows, opened, source)
        on_progress.begin("checking the rows", 0)
        await opened.work(check_source, opened)
        about = {"file": source.sha256, "account": account.identity, "options": digest_of(options, email_domain)}
        await opened.work(lambda: opened.describe(**about))
        await account.check_role()
        await build_plan(
            account, opened, PlanOptions(email_domain, _consent(create_people), reference, link), on_progress
        )
        seen = await opened.work(overview, opened)
    except BaseException:
        if not isinstance(journal, Journal):
            opened.close()
        _remove(scratch)
        raise
    return Plan(harvest, opened, seen, harvest.throttle.snapshot().granted - before, account, scratch=scratch)


async def resume(
    harvest: Client,
    journal: Journal | str | os.PathLike[str],
    *,
    source: Source | None = None,
    options: Options = _PLAIN,
    email_domain: str | None = None,
    identity: str | None = None,
) -> Plan:
    """Return the plan of a run that ended early; `run` continues it.

    Args:
        harvest: the account's client.
        journal: the run's journal.
        source: the file, to check that it is the same; the rows are read from the journal.
        options: as given to `plan`; checked if `source` is given.
        email_domain: as given to `plan`; checked if `source` is given.
        identity: as given to `plan`.

    Raises:
        JournalError: it belongs to another account, file or options, its plan is incomplete, or another process
            uses it.
    """
    account = _account(harvest, identity)
    opened = journal if isinstance(journal, Journal) else Journal.existing(journal)
    try:
        expected = {"account": account.identity}
        if source is not None:
            expected |= {"file": source.sha256, "options": digest_of(options, email_domain)}
        opened.expect(**expected)
        opened.expect_planned()
        before = harvest.throttle.snapshot().granted
        await account.check_role()
        opened.expect(timestamps=str(int(await account.timestamps())))
        seen = await opened.work(overview, opened)
    except BaseException:
        if not isinstance(journal, Journal):
            opened.close()
        raise
    return Plan(harvest, opened, seen, harvest.throttle.snapshot().granted - before, account)


async def run(
    plan: Plan,
    *,
    journal: str | os.PathLike[str] | None = None,
    rules: Rules = _RULES,
    on_progress: Progress = _QUIET,
    guard: Guard = unguarded,
) -> Report:
    """Run a plan.

    Args:
        plan: from `plan` or `resume`.
        journal: the path to which the journal is moved, for a plan without one.
        rules: the rules of the run.
        on_progress: receives the progress.
        guard: called directly before each write. If it raises, the run ends with that error and can be resumed: the
            `check` of a run lock (`harvest_async.run_lock`) lets at most one run write at a time.

    Returns:
        What was done. If the run ended early, `stopped` has the reason, and its journal can be resumed.

    Raises:
        HarvestError: the account can't be used (the sign-in failed, for example); the journal can be resumed.
    """
    if journal is not None and plan.journal.path != Path(journal):
        old = plan.journal
        plan.journal = await asyncio.to_thread(old.copy_to, journal)
        plan._discard()  # noqa: SLF001
    clock = plan.harvest.throttle.clock
    runner = plan.runner = Runner(plan._account, plan.journal, rules, clock, on_progress, guard)  # noqa: SLF001
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
    harvest: Client,
    journal: Journal | str | os.PathLike[str],
    *,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
    guard: Guard = unguarded,
) -> UndoResult:
    """Delete what a run created, where the server allows it. `guard` is called before each delete, as by `run`.

    Raises:
        JournalError: the journal belongs to another account, or another process uses it.
        HarvestError: the account can't be used; `undo` can be called again.
    """
    account = _account(harvest, identity)
    with _opened(journal, account) as opened:
        await account.check_role()
        return await undo_run(account, opened, on_progress, guard)


async def unlink(
    harvest: Client,
    journal: Journal | str | os.PathLike[str],
    *,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
) -> UnlinkResult:
    """Remove the references from the time entries that a run created. Afterwards `undo` leaves these entries.

    Raises:
        JournalError: the journal belongs to another account, or another process uses it.
        HarvestError: the account can't be used; `unlink` can be called again.
    """
    account = _account(harvest, identity)
    with _opened(journal, account) as opened:
        await account.check_role()
        return await unlink_run(account, opened, on_progress)


@contextmanager
def _opened(journal: Journal | str | os.PathLike[str], account: Account) -> Iterator[Journal]:
    """Open the journal of a run in an account, and close it unless it was opened by the caller."""
    opened = journal if isinstance(journal, Journal) else Journal.existing(journal)
    try:
        opened.expect(account=account.identity)
        yield opened
    finally:
        if not isinstance(journal, Journal):
            opened.close()


def _account(harvest: Client, identity: str | None) -> Account:
    """Return the account of a client, whose calls wait as long as necessary, whichever `max_wait` the client has."""
    adapter: Callable[[Client, str], Account] = versions.load("import_account", versions.version_of(harvest))
    return adapter(harvest.options(max_wait=None), identity or str(harvest.identity))


def digest_of(options: Options, email_domain: str | None) -> str:
    """Return a digest of all options that decide how a file is read."""
    return sha256(f"{options!r} {email_domain!r}".encode()).hexdigest()[:16]


def _consent(create_people: CreatePeople) -> Consent | None:
    if callable(create_people):
        return create_people

    async def yes(_: tuple[NewPerson, ...]) -> bool:
        return True

    return yes if create_people else None


def _check_link(account: Account, link: str | None, *, reference: bool) -> None:
    if link and not reference:
        raise InvalidArgument("link: it belongs to the references of time entries. Leave out reference=False, or link.")
    if link and account.references is None:
        raise InvalidArgument("link: the entries of this API version have no references. Leave it out, or use API v2.")


def _remove(scratch: Path | None) -> None:
    if scratch is not None:
        shutil.rmtree(scratch)
