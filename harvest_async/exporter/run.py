"""An export: kind after kind, each durable before the next one begins.

Rules of this room: nothing of the account is held but numbers of people, projects and invoices. A kind's file takes its
place first, the state follows; so an export that was interrupted goes on where it was, and reads nothing twice but a
minute. What was deleted in the account is not told by changes (contract: updated_since.deletions): only an export of
everything forgets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from harvest_async.cancellation import finish
from harvest_async.client.cached_list import record_id
from harvest_async.errors import InvalidArgument
from harvest_async.exporter.files import FORMATS, Writer, place, scratch
from harvest_async.exporter.flow import in_order
from harvest_async.exporter.receipts import FOLDER, fetch_receipts
from harvest_async.exporter.sections import SECTIONS, Days, ExportTable
from harvest_async.exporter.state import State, load
from harvest_async.progress import Progress, Quiet
from harvest_async.throttle.registry import service_of
from harvest_async.v1.client import HarvestV1

__all__ = ["Exported", "Kept", "export"]

_QUIET: Final = Quiet()
_FIRST: Final = date(2000, 1, 1)
_YEARS_AHEAD: Final = 10


@frozen
class Kept:
    """What became of one kind of record.

    Attributes:
        name: the kind.
        path: its file; None where it has none, since a part of the account is switched off.
        read: records that were read.
        rows: records that the file has.
    """

    name: str
    path: Path | None
    read: int
    rows: int


@define
class Exported:
    """What an export did; true at any moment.

    Attributes:
        folder: where the files are.
        kinds: what became of each kind that is done.
        calls: calls that were sent.
    """

    folder: Path
    kinds: list[Kept] = field(factory=list)
    calls: int = 0

    @property
    def read(self) -> int:
        """Records that were read."""
        return sum(kind.read for kind in self.kinds)


async def export(
    harvest: HarvestV1,
    folder: str | Path,
    *,
    format: str = "jsonl",
    only: Iterable[str] = (),
    first: date | None = None,
    last: date | None = None,
    full: bool = False,
    receipts: bool = False,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
    exported: Exported | None = None,
) -> Exported:
    """Bring an account's records into a folder, one file for each kind; what is there is brought up to date.

    Args:
        harvest: the account's client; an administrator's.
        folder: where the files go; made if need be.
        format: `jsonl`, `csv` or `parquet`.
        only: the kinds; all by default.
        first: the first day of time and expenses; all by default.
        last: the last one, included.
        full: read everything, so that what was deleted in the account goes, too.
        receipts: fetch the images of the expenses that are read, too, into the folder `receipts`: one call each.
        identity: which account it is, in a word that no other account has; its service and name by default.
        on_progress: is told how it goes on.
        exported: is filled in as it goes.

    Raises:
        InvalidArgument: an option does not fit, or the folder holds something else.
        ImportError: the format needs an extra that is not installed.
        HarvestError: the account can't be read; what is done stands, and the same call goes on from there.
    """
    chosen, days = _chosen(only), _days(first, last)
    account = identity or f"{service_of(harvest.address)}/{harvest.name}"
    state = _begin(Path(folder), account, format, f"{first or ''}..{last or ''}".strip("."), full=full)
    result = exported if exported is not None else Exported(Path(folder))
    before = harvest.throttle.snapshot().granted
    try:
        with harvest.bulk():
            await _Export(harvest, result, state, days, on_progress, receipts=receipts).run(chosen)
    finally:
        result.calls = harvest.throttle.snapshot().granted - before
    return result


def _chosen(only: Iterable[str]) -> list[ExportTable]:
    wanted = set(only)
    if unknown := sorted(wanted - SECTIONS.keys()):
        raise InvalidArgument(f"there are no {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    return [section for section in SECTIONS.values() if not wanted or section.name in wanted]


def _days(first: date | None, last: date | None) -> Days:
    far = date(date.today().year + _YEARS_AHEAD, 12, 31)  # noqa: DTZ011 - any far end is as good
    days = first or _FIRST, last or far
    if days[1] < days[0]:
        raise InvalidArgument(f"the last day, {days[1]}, is before the first, {days[0]}")
    return days


def _begin(folder: Path, account: str, format: str, days: str, *, full: bool) -> State:
    """Make the folder, and find out how far it is."""
    if format not in FORMATS:
        raise InvalidArgument(f"format={format!r}: there are {', '.join(FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_mixed(folder, format)
    return load(folder, account, format, days, full=full)


def _refuse_mixed(folder: Path, format: str) -> None:
    for other in FORMATS.values():
        if other.name != format:
            for name in SECTIONS:
                if (folder / f"{name}{other.ending}").exists():
                    raise InvalidArgument(f"{folder} holds {name}{other.ending}: export {format} to another folder")


class _Export:
    def __init__(
        self, harvest: HarvestV1, result: Exported, state: State, days: Days, progress: Progress, *, receipts: bool
    ) -> None:
        self._harvest = harvest
        self._receipts = receipts
        self._folder = result.folder
        self._result = result
        self._state = state
        self._days = days
        self._progress = progress
        self._format = FORMATS[state.format]
        self._numbers: dict[str, list[int]] = {}
        self._changed = _Changed()

    async def run(self, sections: Sequence[ExportTable]) -> None:
        """Bring each kind up to date."""
        modules = (await self._harvest.account.who_am_i()).company.modules
        off = {name for name in ("expenses", "invoices") if getattr(modules, name, None) is False}
        invoiced = [section.name for section in sections if section.parts == "invoices" and section.module not in off]
        if invoiced:
            self._changed = await self._changed_invoices(invoiced)
        for section in sections:
            if section.module in off:
                self._result.kinds.append(Kept(section.name, None, 0, 0))
            else:
                await self._section(section)

    async def _parts(self, kind: str) -> list[int]:
        """The numbers of all parts of a kind; a single one where it has none."""
        if not kind:
            return [0]
        if kind == "invoices":
            return self._changed.numbers
        if kind not in self._numbers:
            self._numbers[kind] = [record_id(record) async for record in getattr(self._harvest, kind).list()]
        return self._numbers[kind]

    async def _changed_invoices(self, names: Sequence[str]) -> _Changed:
        """The invoices that changed; their lines, messages and payments are read with them."""
        known = [self._state.since(name) if self._path(name).exists() else None for name in names]
        since = None if None in known else min(moment for moment in known if moment is not None)
        numbers: dict[int, None] = {}
        latest: dict[str, datetime] = {}
        async for invoice in self._harvest.invoices.list(updated_since=since):
            numbers[record_id(invoice)] = None  # a page may bring one again (contract: paging.drift)
            _note(latest, "", invoice)
        return _Changed(list(numbers), latest, since is None)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{self._format.ending}"

    async def _section(self, section: ExportTable) -> None:
        """Read what changed of a kind, and put its file in its place."""
        parts, path = await self._parts(section.parts), self._path(section.name)
        whole = section.parts == "invoices" and self._changed.whole
        intake = _Intake(section, self._state, parts, path if path.exists() and not whole else None)
        self._progress.begin(section.name.replace("_", " "), len(parts))
        new = scratch(path)
        try:
            rows = await self._written(section, parts, intake, new)
            await self._fetch_receipts(intake.with_receipt)
            await finish(asyncio.to_thread(place, new, path))
        finally:
            with suppress(FileNotFoundError):
                new.unlink()
        latest = self._changed.latest if section.parts == "invoices" else intake.latest if section.since else {}
        self._state.saw(section.name, latest)
        await finish(asyncio.to_thread(self._state.save, self._folder))
        self._result.kinds.append(Kept(section.name, path, intake.read, rows))

    async def _fetch_receipts(self, expenses: list[tuple[int, int]]) -> None:
        """Fetch images before their expenses count as read, so that none is missed after an interruption."""
        if self._receipts and expenses:
            self._progress.begin(FOLDER, len(expenses))
            count = await fetch_receipts(self._harvest, self._folder, expenses)
            self._result.kinds.append(Kept(FOLDER, self._folder / FOLDER, count, count))

    async def _written(self, section: ExportTable, parts: list[int], intake: _Intake, new: Path) -> int:
        """Write what is read, and what stays of the older file; how many rows that are."""
        writer = self._format.open(new, section.model)
        try:
            await self._read(section, parts, intake, writer)
            return intake.read + await finish(asyncio.to_thread(intake.take_over, writer))
        finally:
            await finish(asyncio.to_thread(writer.close))

    async def _read(self, section: ExportTable, parts: list[int], intake: _Intake, writer: Writer) -> None:
        def read(part: int) -> AsyncIterator[Any]:
            return section.read(self._harvest, part, intake.since(part), self._days)

        def take(part: int, record: Any) -> None:
            if intake.is_new(part, record):
                writer.add(record)

        async def done(_: int) -> None:
            self._progress.step()

        await in_order(parts, read, take, done)


@frozen
class _Changed:
    """The invoices that changed, when the latest did, and whether they are all that there are."""

    numbers: list[int] = field(factory=list)
    latest: dict[str, datetime] = field(factory=dict)
    whole: bool = True


class _Intake:
    """What is read of one kind, and which rows of its older file stay beside it."""

    def __init__(self, section: ExportTable, state: State, parts: list[int], old: Path | None) -> None:
        self._section = section
        self._old = old
        self._since = {part: state.since(section.name, _word(section, part)) if old else None for part in parts}
        self._whole = not section.parts and self._since.get(0) is None
        self._read_on = {str(part) for part, moment in self._since.items() if moment is not None}
        self._read_anew = {str(part) for part in parts}
        self._ids: set[str] = set()
        self.latest: dict[str, datetime] = {}
        self.with_receipt: list[tuple[int, int]] = []
        self.read = 0

    def since(self, part: int) -> datetime | None:
        """From when on a part is read."""
        return self._since[part] if self._section.since else None

    def is_new(self, part: int, record: Any) -> bool:
        """Take note of a record; False where it was there already."""
        if self._old is not None and not self._whole:
            number = str(record_id(record))
            if number in self._ids:
                return False
            self._ids.add(number)
        _note(self.latest, _word(self._section, part), record)
        if getattr(record, "has_receipt", False):
            self.with_receipt.append((record_id(record), part))
        self.read += 1
        return True

    def take_over(self, writer: Writer) -> int:
        """Put the older rows that stay behind those that were read; how many they are."""
        if self._old is None or self._whole:
            return 0
        return writer.take_over(self._old, self._section.parent, self._stays)

    def _stays(self, number: str, parent: str) -> bool:
        """Whether an older row is still good: not read anew, and of a part that is there and was read for changes."""
        if number in self._ids:
            return False
        if not self._section.parent:
            return True
        if self._section.parts == "invoices":
            return parent not in self._read_anew
        return parent in self._read_on


def _word(section: ExportTable, part: int) -> str:
    return str(part) if section.parts else ""


def _note(latest: dict[str, datetime], part: str, record: Any) -> None:
    """Note when a record changed, if it is the latest of its part."""
    moment: datetime | None = getattr(record, "updated_at", None)
    if moment is not None and (part not in latest or latest[part] < moment):
        latest[part] = moment
