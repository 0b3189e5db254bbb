"""Export an account, one kind of record after the other.

Invariants:
    Only ids of parents are held in memory. A kind's file is replaced first and the state is saved afterwards, so an
    interrupted export resumes with the first kind that is not complete. The API does not report deleted records as
    changes; only a full export removes them from the files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from harvest_async.cancellation import finish
from harvest_async.client.cached_list import record_id
from harvest_async.concurrency import read_in_order
from harvest_async.errors import InvalidArgument
from harvest_async.exporter.account import Days, ExportAccount, ExportTable
from harvest_async.exporter.deletions import note_deleted
from harvest_async.exporter.disk import place, scratch
from harvest_async.exporter.files import FORMATS, Writer
from harvest_async.exporter.intake import Intake, note_latest
from harvest_async.exporter.receipts import FOLDER, fetch_receipts
from harvest_async.exporter.state import State, load
from harvest_async.progress import Progress

__all__ = ["Exported", "Kept", "export_account"]

_FIRST: Final = date(2000, 1, 1)
_YEARS_AHEAD: Final = 10


@frozen
class Kept:
    """The result for one kind of record.

    Attributes:
        name: the kind.
        path: its file; None if its module is disabled in the account.
        read: the number of records that were read.
        rows: the number of records in the file.
        deleted: the ids of records that an earlier export had and the account has no longer; None if they were not
            compared.
    """

    name: str
    path: Path | None
    read: int
    rows: int
    deleted: tuple[int, ...] | None = None


@define
class Exported:
    """The result of an export; also valid while the export runs.

    Attributes:
        folder: the folder of the files.
        kinds: the result for each completed kind.
        calls: the number of calls that were sent.
    """

    folder: Path
    kinds: list[Kept] = field(factory=list)
    calls: int = 0

    @property
    def read(self) -> int:
        """Return the number of records that were read."""
        return sum(kind.read for kind in self.kinds)


async def export_account(
    account: ExportAccount,
    result: Exported,
    *,
    identity: str,
    folder: Path,
    format: str,
    only: Iterable[str],
    first: date | None,
    last: date | None,
    full: bool,
    receipts: bool,
    deleted: bool,
    on_progress: Progress,
) -> None:
    """Export an account; see `exports.export`."""
    chosen, days = _chosen(account.tables, only), _days(first, last)
    dates = f"{first or ''}..{last or ''}".strip(".")
    state = _begin(folder, account.tables, identity, format, dates, full=full)
    if deleted:
        await _check_deleted(account, full=full)
        state = State(identity, format, dates)
    export = _Export(account, result, state, days, on_progress, receipts=receipts, deleted=deleted)
    await export.run(chosen)


async def _check_deleted(account: ExportAccount, *, full: bool) -> None:
    """Check that deleted records differ from those that the person may not see."""
    if full:
        raise InvalidArgument("deleted: give either deleted or full: deleted reads everything, too, and compares it")
    if not await account.is_administrator():
        raise InvalidArgument(
            "deleted: the signed-in person does not see all records, so missing ones may not be deleted: sign in as an "
            "administrator"
        )


def _chosen(tables: Mapping[str, ExportTable], only: Iterable[str]) -> list[ExportTable]:
    wanted = set(only)
    if unknown := sorted(wanted - tables.keys()):
        names = ", ".join(map(repr, unknown))
        raise InvalidArgument(f"Unknown kind{'s' * (len(unknown) > 1)} {names}. Choose from: {', '.join(tables)}.")
    return [table for table in tables.values() if not wanted or table.name in wanted]


def _days(first: date | None, last: date | None) -> Days:
    far = date(date.today().year + _YEARS_AHEAD, 12, 31)  # noqa: DTZ011 - any distant day will do
    days = first or _FIRST, last or far
    if days[1] < days[0]:
        raise InvalidArgument(f"the last day, {days[1]}, is before the first, {days[0]}")
    return days


def _begin(folder: Path, tables: Iterable[str], account: str, format: str, days: str, *, full: bool) -> State:
    """Create the folder, and load the state of an earlier export."""
    if format not in FORMATS:
        raise InvalidArgument(f"Unknown format {format!r}. Choose from: {', '.join(FORMATS)}.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it has the records of an account
    _refuse_mixed(folder, tables, format)
    return load(folder, account, format, days, full=full)


def _refuse_mixed(folder: Path, tables: Iterable[str], format: str) -> None:
    for other in FORMATS.values():
        if other.name != format:
            for name in tables:
                if (folder / f"{name}{other.ending}").exists():
                    raise InvalidArgument(f"{folder} holds {name}{other.ending}: export {format} to another folder")


class _Export:
    def __init__(
        self,
        account: ExportAccount,
        result: Exported,
        state: State,
        days: Days,
        progress: Progress,
        *,
        receipts: bool,
        deleted: bool,
    ) -> None:
        self._account = account
        self._receipts = receipts
        self._deleted = deleted
        self._folder = result.folder
        self._result = result
        self._state = state
        self._days = days
        self._progress = progress
        self._format = FORMATS[state.format]
        self._numbers: dict[str, list[int]] = {}
        self._changed: dict[str, _Changed] = {}
        self._began = datetime.now(UTC)

    async def run(self, sections: Sequence[ExportTable]) -> None:
        """Bring each kind up to date."""
        off = await self._account.disabled_modules()
        whole = [section for section in sections if section.whole and section.module not in off]
        for kind in dict.fromkeys(section.parents for section in whole):
            names = [section.name for section in whole if section.parents == kind]
            self._changed[kind] = await self._changed_parents(kind, names)
        for section in sections:
            if section.module in off:
                self._result.kinds.append(Kept(section.name, None, 0, 0))
            else:
                await self._section(section)

    async def _parts(self, kind: str) -> list[int]:
        """Return the ids of all parents of a kind; `[0]` if it has no parents."""
        if not kind:
            return [0]
        if kind not in self._numbers:
            self._numbers[kind] = [record_id(record) async for record in self._account.parents(kind)]
        return self._numbers[kind]

    async def _changed_parents(self, kind: str, names: Sequence[str]) -> _Changed:
        """Return the parents that changed; all their records are read again."""
        known = [self._state.since(name) if self._path(name).exists() else None for name in names]
        since = None if None in known else min(moment for moment in known if moment is not None)
        numbers: dict[int, None] = {}
        latest: dict[str, datetime] = {}
        async for record in self._account.parents(kind, since):
            numbers[record_id(record)] = None  # pages may overlap when records change meanwhile
            note_latest(latest, "", record)
        return _Changed(list(numbers), latest, since is None)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{self._format.ending}"

    async def _section(self, section: ExportTable) -> None:
        """Read the changes of a kind, and replace its file."""
        changed = self._changed.get(section.parents, _Changed()) if section.whole else None
        parts = await self._parts(section.parents) if changed is None else changed.numbers
        path = self._path(section.name)
        is_old = path.exists() and (self._deleted or changed is None or not changed.whole)
        intake = Intake(section, self._state, parts, path if is_old else None, compare=self._compares(section))
        self._progress.begin(section.name.replace("_", " "), len(parts))
        new = scratch(path)
        try:
            rows = await self._written(section, parts, intake, new)
            await self._fetch_receipts(intake.with_receipt)
            if intake.deleted:
                await finish(asyncio.to_thread(note_deleted, self._folder, section.name, intake.deleted))
            await finish(asyncio.to_thread(place, new, path))
        finally:
            with suppress(FileNotFoundError):
                new.unlink()
        latest = changed.latest if changed is not None else intake.latest if section.since else {}
        self._state.saw(section.name, {part: min(moment, self._began) for part, moment in latest.items()})
        await finish(asyncio.to_thread(self._state.save, self._folder))
        self._result.kinds.append(Kept(section.name, path, intake.read, rows, intake.deleted_ids))

    def _compares(self, section: ExportTable) -> bool:
        """Return whether deleted records of a kind are looked for; an entry may have left the days of the export."""
        return self._deleted and not section.shared and not (section.dated and self._state.days)

    async def _fetch_receipts(self, expenses: list[tuple[int, int]]) -> None:
        """Fetch images before their expenses are saved as read, so that none is missed after an interruption."""
        if self._receipts and expenses:
            self._progress.begin(FOLDER, len(expenses))
            count = await fetch_receipts(self._account, self._folder, expenses)
            self._result.kinds.append(Kept(FOLDER, self._folder / FOLDER, count, count))

    async def _written(self, section: ExportTable, parts: list[int], intake: Intake, new: Path) -> int:
        """Write the records read and the rows kept from the older file; return the number of rows."""
        writer = self._format.open(new, section.model, section.left_out)
        try:
            await self._read(section, parts, intake, writer)
            kept = await finish(asyncio.to_thread(intake.take_over, writer))
            await self._recover(section, intake, writer)
            return intake.read + kept
        finally:
            await finish(asyncio.to_thread(writer.close))

    async def _recover(self, section: ExportTable, intake: Intake, writer: Writer) -> None:
        """Write the records that a list missed, which are not deleted."""
        for number in tuple(intake.deleted):
            if (record := await self._account.find(section, number)) is not None:
                writer.add(record)
                intake.recover(number)

    async def _read(self, section: ExportTable, parts: list[int], intake: Intake, writer: Writer) -> None:
        def read(part: int) -> AsyncIterator[Any]:
            return self._account.records(section, part, intake.since(part), self._days)

        def take(part: int, record: Any) -> None:
            if intake.is_new(part, record):
                writer.add(record)
                if self._account.has_receipt(record):
                    intake.with_receipt.append((record_id(record), part))

        async def done(_: int) -> None:
            self._progress.step()

        await read_in_order(parts, read, take, done)


@frozen
class _Changed:
    """Parents that changed, the latest change, and whether they are all parents of the account."""

    numbers: list[int] = field(factory=list)
    latest: dict[str, datetime] = field(factory=dict)
    whole: bool = True
