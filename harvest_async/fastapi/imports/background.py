"""Imports that run in the background of an app: one per account at a time, across all worker processes.

    background = BackgroundImports(
        "/var/lib/app/imports", open_client, locks=SqliteRunLocks("/var/lib/app/locks.sqlite3"), cookies=cookies
    )
    app.include_router(imports_pages(background, access=may_import), prefix="/imports")

Invariants:
- A process works on an import while it holds the run lock of the account, and only then.
- An import whose process died is found by the others, or by the next one, and continued from its journal.
- Background work inherits nothing of the request that started it, such as its `max_wait`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from harvest_async.errors import HarvestError
from harvest_async.fastapi.csrf import Csrf
from harvest_async.fastapi.imports.folder import ImportFolder
from harvest_async.fastapi.imports.job import Job
from harvest_async.fastapi.imports.record import ACTIVE, ImportRecord, Phase
from harvest_async.fastapi.imports.upload import Upload, check_readable, store
from harvest_async.fastapi.refusals import Refusal
from harvest_async.fastapi.signed_cookies import SignedCookies
from harvest_async.importer.rules import Rules
from harvest_async.run_lock import LockHeld, LockLost, RunLocks, hold, new_owner

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["BackgroundImports"]

logger = logging.getLogger("harvest_async")

_MEBIBYTE: Final = 1 << 20
_GRACE: Final = 2.0
"""Seconds that a run has for the responses to what it sent when the app ends; then it is cancelled."""

OpenClient = Callable[[str], AbstractAsyncContextManager["Client"]]


class BackgroundImports:
    """The imports of an app.

    Args:
        folder: where files and journals are stored; all worker processes of the app share it.
        open_client: opens a client of the account for which a key is given: what `access` of the routers returns.
        locks: the run locks of the accounts; those of the other programs that write to the accounts, too.
        cookies: signs the tokens that protect forms.
        largest: bytes of a file, at most.
        rules: the rules of a run.
        lease: seconds after which another process takes over the import of one that died.
        watch: seconds between two looks for such imports.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        open_client: OpenClient,
        *,
        locks: RunLocks,
        cookies: SignedCookies,
        largest: int = 20 * _MEBIBYTE,
        rules: Rules = Rules(),  # noqa: B008 - frozen
        lease: float = 10.0,
        watch: float = 2.0,
    ) -> None:
        self.folder = ImportFolder(folder)
        self.csrf = Csrf(cookies)
        self.largest = largest
        self._open_client = open_client
        self._locks = locks
        self._rules = rules
        self._lease, self._watch = lease, watch
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._jobs: dict[str, Job] = {}
        self._users = 0

    @asynccontextmanager
    async def lifespan(self, _: Any = None) -> AsyncIterator[None]:
        """Continue what other processes left, while the app runs; the routers enter it."""
        self._users += 1
        watcher = asyncio.create_task(self._take_over_orphans()) if self._users == 1 else None
        try:
            yield
        finally:
            self._users -= 1
            if watcher is not None:
                watcher.cancel()
                await asyncio.wait([watcher])
                await self._end()

    # For the routers

    def find(self, number: str, owner: str) -> ImportRecord | None:
        """Return an import of an owner; None if it is another's, or there is none."""
        record = self.folder.load(number)
        return record if record is not None and record.owner == owner else None

    def list(self, owner: str) -> list[ImportRecord]:
        """Return the imports of an owner, the latest first."""
        return [record for record in self.folder.all() if record.owner == owner]

    async def upload(self, upload: Upload, owner: str) -> ImportRecord:
        """Store an uploaded file, and begin to plan its import.

        Raises:
            Refusal: the file can't be read, or another import of the account is active.
            HarvestError: the account can't be used.
        """
        number = await asyncio.to_thread(self.folder.create)
        try:
            stored = f"upload{upload.ending}"
            await store(upload, self.folder.file(number, stored))
            found = await check_readable(self.folder.file(number, stored), upload)
            now = time.time()
            record = ImportRecord(
                id=number, owner=owner, file=upload.name, stored=stored, phase=Phase.PLANNING, created_at=now,
                changed_at=now, fields=upload.fields, found=found,
            )  # fmt: skip
            return await self._start(record, Phase.PLANNING)
        except Exception:  # not a cancellation: the import has begun then, or `remove_abandoned` finds it
            await asyncio.to_thread(self.folder.remove, number)
            raise

    async def confirm(self, record: ImportRecord) -> ImportRecord:
        """Run a plan.

        Raises:
            Refusal: there is no plan to run, or another import of the account is active.
        """
        if record.phase is not Phase.PLANNED:
            raise _out_of_place(record, "there is no plan to run")
        return await self._start(record, Phase.RUNNING)

    async def resume(self, record: ImportRecord) -> ImportRecord:
        """Continue an import that ended early.

        Raises:
            Refusal: it did not, or another import of the account is active.
        """
        if not record.can_resume:
            raise _out_of_place(record, "it did not end early")
        return await self._start(record, Phase.PLANNING if record.overview is None else Phase.RUNNING)

    async def undo(self, record: ImportRecord) -> ImportRecord:
        """Delete what a run created.

        Raises:
            Refusal: nothing has run, or another import of the account is active.
        """
        if not record.can_undo:
            raise _out_of_place(record, "nothing of it has run")
        return await self._start(record, Phase.UNDOING)

    def cancel(self, record: ImportRecord) -> None:
        """Stop planning or a run, in whichever process it is, after the calls that are in progress.

        Raises:
            Refusal: it is not running.
        """
        if record.phase not in {Phase.PLANNING, Phase.RUNNING}:
            raise _out_of_place(record, "it is not running")
        self.folder.request_cancel(record.id)

    def remove(self, record: ImportRecord) -> None:
        """Remove an import from the list, with its file and its journal: it can't be undone any more.

        Raises:
            Refusal: it is active.
        """
        if record.is_active:
            raise _out_of_place(record, "it is still active: cancel it first")
        self.folder.remove(record.id)

    # Work

    async def _start(self, record: ImportRecord, phase: Phase) -> ImportRecord:
        """Begin a phase in the background; return the record once the account's lock is held."""
        started: asyncio.Future[ImportRecord] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._work(record, phase, started), context=Context())
        self._tasks[record.id] = task
        task.add_done_callback(lambda _: self._forget(record.id, task))
        try:
            return await asyncio.shield(started)
        except LockHeld as error:
            raise self._busy(record, error) from error

    async def _work(self, record: ImportRecord, phase: Phase, started: asyncio.Future[ImportRecord]) -> None:
        async with AsyncExitStack() as stack:
            try:
                harvest = await stack.enter_async_context(self._open_client(record.owner))
                account = str(harvest.identity)
                owner = f"{record.id} {new_owner()}"
                held = await stack.enter_async_context(hold(self._locks, account, lease=self._lease, owner=owner))
                self.folder.request_cancel(record.id, wanted=False)
                record = evolve(record, phase=phase, account=account, error="", changed_at=time.time())
                self.folder.save(record)
            except Exception as error:  # noqa: BLE001 - raised where the phase was started
                _set(started, error)
                return
            _set(started, record)
            job = self._jobs[record.id] = Job(self.folder, record, harvest, held, self._rules, self._locks.clock)
            try:
                await job.work()
            except LockLost as error:
                logger.warning("the import %s is continued by another process: %s", record.id, error.message)
            except Exception as error:
                logger.exception("the import %s failed", record.id)
                failed = f"An unexpected error ({type(error).__name__}): the log of this app has the details."
                self.folder.save(evolve(record, phase=Phase.FAILED, error=failed, changed_at=time.time()))

    def _forget(self, number: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(number) is task:
            del self._tasks[number]
            self._jobs.pop(number, None)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, LockLost):
            logger.error("the import %s ended with %s", number, type(error).__name__, exc_info=error)

    def _busy(self, record: ImportRecord, error: LockHeld) -> Refusal:
        """Return the refusal of a second import, with a link to the first one if the visitor may see it."""
        running = self.find(error.holder.owner.partition(" ")[0], record.owner) if error.holder is not None else None
        what = f"The import of {running.file}" if running is not None else "Another run"
        detail = (
            f"{what} is active in this account: wait for its end, or cancel it. Two at once would create records twice."
        )
        members = {} if running is None else {"running": running.id}
        return Refusal(409, "import-active", "Another import is active", detail, **members)

    # Other processes' imports

    async def _take_over_orphans(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.folder.remove_abandoned)
                for record in await asyncio.to_thread(self.folder.all):
                    if record.phase in ACTIVE and record.id not in self._tasks:
                        await self._take_over(record)
            except Exception:
                logger.exception("imports that other processes left can't be continued yet")
            await asyncio.sleep(self._watch)

    async def _take_over(self, record: ImportRecord) -> None:
        holder = await self._locks.holder(record.account) if record.account else None
        if holder is not None and holder.is_held:
            return
        current = self.folder.load(record.id)
        if current is None or not current.is_active:
            return
        cancelled = self.folder.cancel_requested(record.id)
        try:
            await self._start(evolve(current, resumed=current.resumed + 1), current.phase)
        except Refusal:
            return  # another process was first
        except HarvestError as error:
            logger.warning("the import %s can't be continued yet: %s", record.id, error.message)
            return
        logger.info("the import %s of another process is continued", record.id)
        if cancelled:
            self.folder.request_cancel(record.id)

    async def _end(self) -> None:
        """End all work, so that another process continues it."""
        for job in self._jobs.values():
            job.close()
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


def _set(future: asyncio.Future[ImportRecord], result: ImportRecord | Exception) -> None:
    """Set the result of a future, unless the request that waited for it has ended."""
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        future.exception()  # it need not be awaited any more
    else:
        future.set_result(result)


def _out_of_place(record: ImportRecord, why: str) -> Refusal:
    detail = f"The import of {record.file} is {record.phase}: {why}."
    return Refusal(409, "wrong-phase", "Not possible now", detail)
