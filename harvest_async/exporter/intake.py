"""The records read of one kind, compared with the rows of its older file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harvest_async.exporter.account import ExportTable
from harvest_async.exporter.files import Writer
from harvest_async.exporter.state import State

__all__ = ["Intake", "note_latest"]

_REMEMBERED: Final = 10_000
"""The ids of the last records that are remembered, since a record that is inserted meanwhile moves others to the next
page."""


class Intake:
    """Records read of one kind, and the rows to keep from its older file."""

    def __init__(
        self, section: ExportTable, state: State, parts: list[int], old: Path | None, *, compare: bool = False
    ) -> None:
        self._compare = compare and old is not None
        self._section = section
        self._old = old
        self._since = {part: state.since(section.name, part_name(section, part)) if old else None for part in parts}
        self._whole = not section.parents and self._since.get(0) is None
        self._read_on = {str(part) for part, moment in self._since.items() if moment is not None}
        self._read_anew = {str(part) for part in parts}
        self._ids: dict[str, None] = {}
        self.latest: dict[str, datetime] = {}
        self.with_receipt: list[tuple[int, int]] = []
        self.deleted: list[int] = []
        self.read = 0

    @property
    def deleted_ids(self) -> tuple[int, ...] | None:
        """Return the ids of deleted records; None if they were not looked for."""
        return tuple(self.deleted) if self._compare else None

    def since(self, part: int) -> datetime | None:
        """Return the time since which the changes of a part are read; None reads all of it."""
        return self._since[part] if self._section.since else None

    def is_new(self, part: int, record: Any) -> bool:
        """Register a record; return False if it was read before."""
        number = _number(record)
        if number and self._section.shared:
            number = f"{part}/{number}"
        if number and number in self._ids:
            return False
        self._ids[number] = None
        if not self._compare and (self._old is None or self._whole) and len(self._ids) > _REMEMBERED:
            del self._ids[next(iter(self._ids))]
        note_latest(self.latest, part_name(self._section, part), record)
        self.read += 1
        return True

    def recover(self, number: int) -> None:
        """Count a record that was found by its id as read."""
        self.deleted.remove(number)
        self.read += 1

    def take_over(self, writer: Writer) -> int:
        """Append the older rows that are kept; return their number."""
        if self._old is None or (self._whole and not self._compare):
            return 0
        return writer.take_over(self._old, self._section.parent, self._stays)

    def _stays(self, number: str, parent: str) -> bool:
        """Return whether to keep an older row: not read again, and of a parent that exists and was read for changes."""
        if number in self._ids:
            return False
        if self._compare:
            if number.isdecimal():
                self.deleted.append(int(number))
            return False
        if not self._section.parent:
            return True
        if self._section.whole:
            return parent not in self._read_anew
        return parent in self._read_on


def _number(record: Any) -> str:
    """Return a record's id as text; empty if it has none, like the company."""
    number = getattr(record, "id", None)
    return "" if number is None else str(number)


def part_name(section: ExportTable, part: int) -> str:
    """Return the name of a part in the state: the id of the parent; empty if the kind has no parents."""
    return str(part) if section.parents else ""


def note_latest(latest: dict[str, datetime], part: str, record: Any) -> None:
    """Record the time of a change if it is the latest of its part."""
    moment: datetime | None = getattr(record, "updated_at", None)
    if moment is not None and (part not in latest or latest[part] < moment):
        latest[part] = moment
