"""The work on imports in one process: each phase in a task, while the run lock of its account is held.

Invariants:
- A process works on an import while it holds the run lock of the account, and only then.
- An import whose process died is found by the others, or by the next one, and continued from its journal.
- Background work inherits nothing of the request that started it, such as its `max_wait`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context
from typing import TYPE_CHECKING, Final

from attrs import evolve

from harvest_async.cancellation import finish
from harvest_async.errors import HarvestError
from harvest_async.fastapi.imports.folder import ImportFolder
from harvest_async.fastapi.imports.job import Job
from harvest_async.fastapi.imports.record import ImportRecord, Phase
from harvest_async.fastapi.refusals import Refusal
from harvest_async.importer.rules import Rules
from harvest_async.run_lock import HeldLock, LockHeld, LockLost, RunLocks, hold, new_owner

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["OpenClient", "Workers"]

logger = logging.getLogger("harvest_async")

_GRACE: Final = 2.0
"""Seconds that a run has for the responses to what it sent when the app ends; then it is cancelled."""

_RELEASE: Final = 0.02
_RELEASES: Final = 50
"""Seconds between two looks whether the lock of an import that has ended is released, and how many there are."""

OpenClient = Callable[[str], AbstractAsyncContextManager["Client"]]


class Workers:
    """Works on the imports of an app; the arguments are those of `BackgroundImports`, and which imports to remove."""

    def __init__(
        self,
        folder: ImportFolder,
        open_client: OpenClient,
        locks: RunLocks,
        rules: Rules,
        lease: float,
        watch: float,
        is_over: Callable[[ImportRecord], bool],
    ) -> None:
        self._folder = folder
        self._open_client = open_client
        self._locks = locks
        self._rules = rules
        self._lease, self._watch = lease, watch
        self._is_over = is_over
        self._tasks: dict[asyncio.Task[None], str] = {}  # an import has two when it is confirmed twice at once
        self._jobs: dict[asyncio.Future[ImportRecord], Job] = {}
        self._users = 0

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
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

    async def start(self, record: ImportRecord, phase: Phase) -> ImportRecord:
        """Begin a phase in the background; return the record once the account's lock is held.

        Raises:
            Refusal: another import of the account is active, or this one was changed since it was read.
            HarvestError: the account can't be used.
        """
        started: asyncio.Future[ImportRecord] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._work(record, phase, started), context=Context())
        self._tasks[task] = record.id
        task.add_done_callback(lambda _: self._forget(record.id, task, started))
        try:
            return await asyncio.shield(started)
        except LockHeld as error:
            raise self._busy(record, error) from error

    async def _work(self, record: ImportRecord, phase: Phase, started: asyncio.Future[ImportRecord]) -> None:
        held: HeldLock | None = None
        async with AsyncExitStack() as stack:
            try:
                harvest = await stack.enter_async_context(self._open_client(record.owner))
                account = str(harvest.identity)
                held = await self._hold(stack, account, f"{record.id} {new_owner()}")
                before = record
                record = evolve(record, phase=phase, account=account, error="", changed_at=time.time())
                await finish(asyncio.to_thread(self._begin, before, record))
            except Exception as error:
                _set(started, error)
                if held is not None and held.lock.quiet_since is not None:
                    raise  # so that the next run still waits for an earlier one that was cut off
                return
            _set(started, record)
            job = self._jobs[started] = Job(self._folder, record, harvest, held, self._rules, self._locks.clock)
            try:
                await job.work()
            except LockLost:
                raise
            except Exception as error:
                logger.exception("the import %s failed", record.id)
                failed = f"An unexpected error ({type(error).__name__}): the log of this app has the details."
                ended = evolve(record, phase=Phase.FAILED, error=failed, changed_at=time.time())
                await finish(asyncio.to_thread(self._folder.save, ended))

    async def _hold(self, stack: AsyncExitStack, account: str, owner: str) -> HeldLock:
        """Hold the account's lock; wait for one that is about to be released, since its import has ended."""
        for _ in range(_RELEASES):
            try:
                return await stack.enter_async_context(hold(self._locks, account, lease=self._lease, owner=owner))
            except LockHeld as error:
                holder = self._holder_of(error)
                if holder is None or holder.is_active:
                    raise
            await asyncio.sleep(_RELEASE)
        return await stack.enter_async_context(hold(self._locks, account, lease=self._lease, owner=owner))

    def _begin(self, before: ImportRecord, record: ImportRecord) -> None:
        """Store the beginning of a phase, in a thread.

        Raises:
            Refusal: another request, or another process, has changed or removed the import since it was read.
        """
        if not self._folder.is_current(before):
            detail = f"The import of {record.file} was changed meanwhile, or removed: load the page again."
            raise Refusal(409, "wrong-phase", "Not possible now", detail)
        if not before.is_active:  # the request to cancel a phase that is continued holds for it, too
            self._folder.request_cancel(record.id, wanted=False)
        self._folder.save(record)

    def _holder_of(self, error: LockHeld) -> ImportRecord | None:
        """Return the import that holds a lock; None if another program does."""
        return None if error.holder is None else self._folder.load(error.holder.owner.partition(" ")[0])

    def _forget(self, number: str, task: asyncio.Task[None], started: asyncio.Future[ImportRecord]) -> None:
        del self._tasks[task]
        self._jobs.pop(started, None)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            _set(started, error)
        started.cancel()  # a request that still waits for it would wait for ever
        if isinstance(error, LockLost):
            logger.warning("the import %s is continued by another process: %s", number, error.message)
        elif error is not None and not isinstance(error, Refusal):
            logger.error("the import %s ended with %s", number, type(error).__name__, exc_info=error)

    def _busy(self, record: ImportRecord, error: LockHeld) -> Refusal:
        """Return the refusal of a second import, with a link to the first one if the visitor may see it."""
        if error.holder is None:
            detail = "The store of the run locks began empty a short while ago: an earlier run may still be writing."
            wait = max(1, math.ceil(error.retry_after))
            return Refusal(503, "import-wait", "Imports can begin shortly", detail, retry_after=wait)
        holder = self._holder_of(error)
        running = holder if holder is not None and holder.owner == record.owner else None
        what = f"The import of {running.file}" if running is not None else "Another run"
        detail = (
            f"{what} is active in this account: wait for its end, or cancel it. Two at once would create records twice."
        )
        members = {} if running is None else {"running": running.id}
        return Refusal(409, "import-active", "Another import is active", detail, **members)

    # Imports of other processes

    async def _take_over_orphans(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._folder.remove_abandoned)
                for record in await asyncio.to_thread(self._folder.all):
                    if self._is_over(record):
                        await asyncio.to_thread(self._folder.remove, record.id)
                    elif record.is_active and record.id not in self._tasks.values():
                        await self._take_over(record)
            except Exception:
                logger.exception("imports that other processes left can't be continued yet")
            await asyncio.sleep(self._watch)

    async def _take_over(self, record: ImportRecord) -> None:
        holder = await self._locks.holder(record.account) if record.account else None
        if holder is not None and holder.is_held:
            return
        current = await asyncio.to_thread(self._folder.load, record.id)
        if current is None or not current.is_active:
            return
        try:
            await self.start(evolve(current, resumed=current.resumed + 1), current.phase)
        except Refusal:
            return  # another process was first
        except HarvestError as error:
            logger.warning("the import %s can't be continued yet: %s", record.id, error.message)
            return
        logger.info("the import %s of another process is continued", record.id)

    async def _end(self) -> None:
        """End all work, so that another process continues it."""
        for job in self._jobs.values():
            job.close()
        tasks = list(self._tasks)
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
