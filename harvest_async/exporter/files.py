"""File formats of an export: JSON Lines, CSV and Parquet. Rows are processed one at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import frozen

from harvest_async.exporter import records
from harvest_async.exporter.disk import Keep, durable
from harvest_async.formulas import escape_all

__all__ = ["FORMATS", "CsvFile", "Format", "JsonLinesFile", "Writer"]


class Writer(Protocol):
    """Writes a file of records."""

    def add(self, record: Any) -> None:
        """Append a record."""
        ...

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Append the rows to keep from an older file of the same format; return their number."""
        ...

    def close(self) -> None:
        """Flush everything to the disk, and close the file."""
        ...


@frozen
class Format:
    """A format of files.

    Attributes:
        name: its name.
        ending: the suffix of its files, with the dot.
        open: opens a new file, for a path, a model and the fields to leave out.
    """

    name: str
    ending: str
    open: Callable[[Path, type[Any], frozenset[str]], Writer]


class JsonLinesFile:
    """JSON Lines (see `Writer`)."""

    def __init__(self, path: Path, model: type[Any], left_out: frozenset[str] = frozenset()) -> None:  # noqa: ARG002 - see `Format.open`
        self._left_out = left_out
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def add(self, record: Any) -> None:
        """Append a record."""
        self._file.write(records.line(record, self._left_out))

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Append rows of an older file."""
        count = 0
        with old.open(encoding="utf-8", newline="\n") as rows:
            for row in rows:
                fields = json.loads(row)
                if keep(str(fields.get("id")), str(fields.get(parent, ""))):
                    self._file.write(row)
                    count += 1
        return count

    def close(self) -> None:
        """Flush everything to the disk, and close the file."""
        durable(self._file)


class CsvFile:
    """CSV (see `Writer`); texts that a spreadsheet would run as a formula get an apostrophe (see `formulas`)."""

    def __init__(self, path: Path, model: type[Any], left_out: frozenset[str] = frozenset()) -> None:
        self._left_out = left_out
        self._header = [*records.columns(model, left_out), records.EXTRA]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(self._header)

    def add(self, record: Any) -> None:
        """Append a record."""
        self._rows.writerow(escape_all(records.cells(record, self._left_out)))

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Append rows of an older file; columns that it lacks are empty."""
        count = 0
        with old.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                if keep(row.get("id", ""), row.get(parent, "")):
                    self._rows.writerow([row.get(name, "") for name in self._header])
                    count += 1
        return count

    def close(self) -> None:
        """Flush everything to the disk, and close the file."""
        durable(self._file)


def _parquet(path: Path, model: type[Any], left_out: frozenset[str]) -> Writer:
    from harvest_async.exporter.parquet import ParquetFile  # noqa: PLC0415 - optional

    return ParquetFile(path, model, left_out)


FORMATS: Final = {
    each.name: each
    for each in (
        Format("jsonl", ".jsonl", JsonLinesFile),
        Format("csv", ".csv", CsvFile),
        Format("parquet", ".parquet", _parquet),
    )
}
"""The formats by their names."""
