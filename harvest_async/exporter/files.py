"""One file for each kind of record: written beside its place, and put there only when it is whole and on the disk.

Rules of this room: an old file stands until its successor is durable; whatever interrupts a run leaves it as it was.
Rows are gone through one by one.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import frozen

from harvest_async.exporter import records
from harvest_async.formulas import escape_all

__all__ = ["FORMATS", "CsvFile", "Format", "JsonLinesFile", "Keep", "Writer", "durable", "place", "scratch"]

Keep = Callable[[str, str], bool]
"""Is given a row's own number and its parent's, and says whether the row stays."""


class Writer(Protocol):
    """Writes a file of records."""

    def add(self, record: Any) -> None:
        """Put a record at the end."""
        ...

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Put the rows of an older file of the same format at the end that stay; how many did."""
        ...

    def close(self) -> None:
        """Bring everything to the disk."""
        ...


@frozen
class Format:
    """A format of files.

    Attributes:
        name: what it is called.
        ending: how its files are called, with the dot.
        open: begins a file, for a path and a model.
    """

    name: str
    ending: str
    open: Callable[[Path, type[Any]], Writer]


class JsonLinesFile:
    """JSON Lines (see `Writer`)."""

    def __init__(self, path: Path, model: type[Any]) -> None:
        self._model = model
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def add(self, record: Any) -> None:
        """Put a record at the end."""
        self._file.write(records.line(record))

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Put rows of an older file at the end."""
        count = 0
        with old.open(encoding="utf-8", newline="\n") as rows:
            for row in rows:
                told = json.loads(row)
                if keep(str(told.get("id")), str(told.get(parent, ""))):
                    self._file.write(row)
                    count += 1
        return count

    def close(self) -> None:
        """Bring everything to the disk."""
        durable(self._file)


class CsvFile:
    """CSV (see `Writer`); texts that a spreadsheet program would run have an apostrophe in front (see `formulas`)."""

    def __init__(self, path: Path, model: type[Any]) -> None:
        self._header = [*records.columns(model), records.EXTRA]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(self._header)

    def add(self, record: Any) -> None:
        """Put a record at the end."""
        self._rows.writerow(escape_all(records.cells(record)))

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Put rows of an older file at the end; columns that it lacks are empty."""
        count = 0
        with old.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                if keep(row["id"], row.get(parent, "")):
                    self._rows.writerow([row.get(name, "") for name in self._header])
                    count += 1
        return count

    def close(self) -> None:
        """Bring everything to the disk."""
        durable(self._file)


def _parquet(path: Path, model: type[Any]) -> Writer:
    from harvest_async.exporter.parquet import ParquetFile  # noqa: PLC0415 - optional

    return ParquetFile(path, model)


FORMATS: Final = {
    each.name: each
    for each in (
        Format("jsonl", ".jsonl", JsonLinesFile),
        Format("csv", ".csv", CsvFile),
        Format("parquet", ".parquet", _parquet),
    )
}
"""The formats by their names."""


def durable(file: Any) -> None:
    """Bring a file to the disk, and close it."""
    with file:
        file.flush()
        os.fsync(file.fileno())


def scratch(path: Path) -> Path:
    """Where a file is written before it takes its place."""
    return path.with_name(f".{path.name}.new")


def place(new: Path, path: Path) -> None:
    """Put a durable file in its place, durably."""
    new.replace(path)
    with suppress(OSError):  # not every system can open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
