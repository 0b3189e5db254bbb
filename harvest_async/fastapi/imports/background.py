"""Imports that run in the background of an app: one per account at a time, across all worker processes.

locks = SqliteRunLocks("/var/lib/app/locks.sqlite3")
background = BackgroundImports("/var/lib/app/imports", open_client, locks=locks, cookies=cookies)
app.include_router(imports_pages(background, access=may_import), prefix="/imports")
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

import anyio
from anyio import to_thread
from attrs import evolve

from harvest_async.fastapi.csrf import Csrf
from harvest_async.fastapi.imports.folder import ImportFolder
from harvest_async.fastapi.imports.record import ImportRecord, Phase
from harvest_async.fastapi.imports.upload import Upload, check_readable, store
from harvest_async.fastapi.imports.workers import OpenClient, Workers
from harvest_async.fastapi.refusals import Refusal
from harvest_async.fastapi.signed_cookies import SignedCookies
from harvest_async.importer.rules import Rules
from harvest_async.run_lock import RunLocks

__all__ = ["BackgroundImports"]

T = TypeVar("T")
Given = TypeVarTuple("Given")

_MEBIBYTE: Final = 1 << 20
_DAY: Final = 86_400.0
_READERS: Final = 4
"""How many threads read files of imports at a time."""
_CHECKED: Final = 2
"""How many uploaded files are looked through at a time: a workbook of the largest size takes some hundred megabytes."""
_CONFIRMING: Final = 600.0
"""Seconds within which the run of a plan that was confirmed in time has begun, or failed to."""
_NOT_UNDONE: Final = {
    Phase.RUNNING: "wait for its end, or cancel it first",
    Phase.UNDOING: "it can be undone once",
    Phase.UNDONE: "it can be undone once",
}
"""Why an import that has run can't be undone now."""


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
        plans_last: seconds for which a plan can be confirmed, a day by default. Then it is no longer found, and some
            minutes later it is removed with its file. None keeps plans until they are removed by hand. Imports that
            run, can be resumed, or have run are always kept.
        now: returns the present time as a timestamp.
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
        plans_last: float | None = _DAY,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.folder = ImportFolder(folder)
        self.csrf = Csrf(cookies)
        self.largest = largest
        self._plans_last = plans_last
        self._now = now
        self._readers = anyio.CapacityLimiter(_READERS)
        self._checkers = anyio.CapacityLimiter(_CHECKED)
        self._workers = Workers(self.folder, open_client, locks, rules, lease, watch, self._is_over)

    @asynccontextmanager
    async def lifespan(self, _: Any = None) -> AsyncIterator[None]:
        """Continue what other processes left, while the app runs; the routers enter it."""
        async with self._workers.lifespan():
            yield

    # For the routers

    async def find(self, number: str, owner: str) -> ImportRecord | None:
        """Return an import of an owner; None if it is another's, has expired, or there is none."""
        record = await self.read(self.folder.load, number)
        return record if record is not None and self._belongs(record, owner) else None

    async def list(self, owner: str) -> list[ImportRecord]:
        """Return the imports of an owner, the latest first."""
        return [record for record in await self.read(self.folder.all) if self._belongs(record, owner)]

    async def read(self, look: Callable[[Unpack[Given]], T], *given: *Given) -> T:
        """Return what a function reads in the folder, in a thread; only a few do so at a time."""
        return await to_thread.run_sync(look, *given, limiter=self._readers)

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
            found = await check_readable(self.folder.file(number, stored), upload, self._checkers)
            now = time.time()
            record = ImportRecord(
                id=number, owner=owner, file=upload.name, stored=stored, phase=Phase.PLANNING, created_at=now,
                changed_at=now, fields=upload.fields, found=found,
            )  # fmt: skip
            return await self._workers.start(record, Phase.PLANNING)
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
        return await self._begin(record, Phase.RUNNING)

    async def resume(self, record: ImportRecord) -> ImportRecord:
        """Continue an import that ended early.

        Raises:
            Refusal: it did not, or another import of the account is active.
        """
        if not record.can_resume:
            raise _out_of_place(record, "it did not end early")
        return await self._begin(record, Phase.PLANNING if record.overview is None else Phase.RUNNING)

    async def undo(self, record: ImportRecord) -> ImportRecord:
        """Delete what a run created.

        Raises:
            Refusal: nothing has run, it runs or was undone, or another import of the account is active.
        """
        if not record.can_undo:
            raise _out_of_place(record, _NOT_UNDONE.get(record.phase, "nothing of it has run"))
        return await self._begin(record, Phase.UNDOING)

    def cancel(self, record: ImportRecord) -> None:
        """Stop planning or a run, in whichever process it is, after the calls that are in progress.

        Raises:
            Refusal: it is not running.
        """
        if record.phase not in {Phase.PLANNING, Phase.RUNNING}:
            raise _out_of_place(record, "it is not running")
        self.folder.request_cancel(record.id)

    async def remove(self, record: ImportRecord) -> None:
        """Remove an import from the list, with its file and its journal: it can't be undone any more.

        Raises:
            Refusal: it is active.
        """
        active = await asyncio.to_thread(self.folder.remove_inactive, record.id)
        if active is not None:
            raise _out_of_place(active, "it is still active: cancel it first")

    async def _begin(self, record: ImportRecord, phase: Phase) -> ImportRecord:
        """Begin a phase that a person has asked for, which no other process has continued yet."""
        return await self._workers.start(evolve(record, resumed=0), phase)

    def _belongs(self, record: ImportRecord, owner: str) -> bool:
        return record.owner == owner and not record.has_expired(self._now(), self._plans_last)

    def _is_over(self, record: ImportRecord) -> bool:
        """Return whether a plan expired a while ago, so that no run confirmed just in time is about to begin."""
        return record.has_expired(self._now() - _CONFIRMING, self._plans_last)


def _out_of_place(record: ImportRecord, why: str) -> Refusal:
    detail = f"The import of {record.file} is {record.phase}: {why}."
    return Refusal(409, "wrong-phase", "Not possible now", detail)
