"""Sources: files that are read as rows and problems.

A file is read twice: the first pass decides how its values are read, and the second one yields the rows. Neither pass
holds more than one row.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final, Self

from attrs import evolve

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import KINDS
from harvest_async.importer.sources.faults import Fault
from harvest_async.importer.sources.firstpass import FirstPass, first_pass
from harvest_async.importer.sources.folder import files_of
from harvest_async.importer.sources.formats import lay_out
from harvest_async.importer.sources.kinds import AnyRow, Notice, Problem
from harvest_async.importer.sources.limits import guarded, only_invalid
from harvest_async.importer.sources.lines import JsonLines
from harvest_async.importer.sources.names import Beside
from harvest_async.importer.sources.nested import NestedTable
from harvest_async.importer.sources.opening import open_table, records_of
from harvest_async.importer.sources.options import ROUNDINGS, Found, Options
from harvest_async.importer.sources.origin import Origin
from harvest_async.importer.sources.reading import Cells
from harvest_async.importer.sources.records import RecordReader
from harvest_async.importer.sources.roster import Shared
from harvest_async.importer.sources.several import Where, check_together, of_columns, origins_of
from harvest_async.importer.sources.sheets import SheetTable
from harvest_async.importer.sources.template import mapping_of
from harvest_async.importer.sources.timing import TimeReader

__all__ = ["Source", "mapping_for", "open_source"]

_GUESSED: Final = (
    "the file is not UTF-8 and is read as cp1252 (Windows, Western Europe): if letters look wrong, name the encoding "
    "with --encoding"
)
_PLAIN: Final = Options()
_WARNINGS: Final = {
    "invoice_payments": "an account that thanks clients for payments by e-mail does so for these, too",
}
"""Side effects of creating records of a kind."""


class Source:
    """Rows of one file, or of the files of a folder; a context manager.

    Iterate over it for rows and problems. Each iteration reads the files anew.

    Attributes:
        found: what was detected about each file.
        notices: the notices about all files.
    """

    def __init__(self, files: tuple[_File, ...], notices: tuple[Notice, ...] = ()) -> None:
        self._files = files
        self.found = tuple(file.found for file in files)
        self.notices = notices + tuple(notice for found in self.found for notice in found.notices)

    @property
    def rows(self) -> int:
        """The number of rows below the headers, including those with problems."""
        return sum(found.rows for found in self.found)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all files in hexadecimal, which identifies the input."""
        if len(self.found) == 1:
            return self.found[0].sha256
        together = "".join(f"{found.file}:{found.sha256}\n" for found in self.found)
        return hashlib.sha256(together.encode()).hexdigest()

    def __iter__(self) -> Iterator[AnyRow | Problem]:
        """Yield rows and problems in the order of the files; problems of a whole file come before its rows."""
        shared = Shared()
        for file in self._files:
            yield from file.items(shared)

    def cells(self, file: str, rows: Collection[int]) -> Iterator[list[str]]:
        """Yield the header of a file, and the unchanged cells of some of its rows, to be corrected and loaded again.

        Args:
            file: its name; empty means the only one.
            rows: their numbers.
        """
        for each in self._files:
            if file in ("", each.found.file):
                yield from each.cells(rows)

    def close(self) -> None:
        """Close temporary files."""
        for file in self._files:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(where: Where | Sequence[Where], options: Options = _PLAIN, name: str = "") -> Source:
    """Open a file, several files, a folder with the files of an export, or a stream of bytes.

    Several files are one input: people and their hours per day are checked across all of them, messages name the file
    of each row, and records come before the rows that refer to them, in any order of the files. A mapped column need
    not be in each of them.

    Args:
        where: the input; a stream that can't be sought is copied to a temporary file first.
        options: how to read it; the defaults detect it.
        name: the name of a stream in messages.

    Raises:
        InvalidArgument: an option is not valid, or a file has no known format or is given twice.
        ImportError: the file is a workbook, and the extra `[xlsx]` is not installed.
    """
    _check(options)
    if isinstance(where, Sequence) and not isinstance(where, str):
        if len(where) != 1:
            return _open_files(where, options)
        where = where[0]
    if isinstance(where, str | os.PathLike) and Path(where).is_dir():
        return _open_folder(Path(where), options)
    return Source((_File(Origin(where, name or None), options),))


def mapping_for(where: Where, options: Options = _PLAIN) -> str:
    """Return a mapping file in TOML for a file: its columns, the fields they are read as, and all other fields.

    Raises:
        InvalidArgument: the file can't be read.
        ImportError: the file is a workbook, and the extra `[xlsx]` is not installed.
    """
    with closing(Origin(where)) as origin, closing(open_table(origin, options)[0]) as table:
        root = table.root if isinstance(table, JsonLines) else ""
        return mapping_of(table.header, table.header_line, options, origin.name, root)


def _open_files(wheres: Sequence[Where], options: Options) -> Source:
    if not wheres:
        raise InvalidArgument("name a file to read")
    files: list[_File] = []
    with ExitStack() as stack:
        for origin in origins_of(wheres):
            files.append(_File(origin, options, origin.name))
            stack.callback(files[-1].close)
        check_together([(file.found, file.titles) for file in files], options)
        stack.pop_all()
    kinds = list(KINDS)
    return Source(tuple(sorted(files, key=lambda file: kinds.index(file.kind))))


def _check(options: Options) -> None:
    if options.rounding not in ROUNDINGS:
        raise InvalidArgument(f"{options.rounding!r} is no rounding; there are {', '.join(ROUNDINGS)}")
    day = 24 * 60
    if options.round_to is not None and not 1 <= options.round_to <= day:
        raise InvalidArgument(f"--round-to {options.round_to}: give minutes from 1 to {day}")
    if options.delimiter is not None and len(options.delimiter) != 1:
        raise InvalidArgument(f"--delimiter {options.delimiter!r}: give one character")


def _open_folder(folder: Path, options: Options) -> Source:
    wanted, notices = files_of(folder)
    alone = len(wanted) == 1
    files: list[_File] = []
    with ExitStack() as stack:
        for path in wanted:
            files.append(_File(Origin(path), options, "" if alone else path.name))
            stack.callback(files[-1].close)
        stack.pop_all()
    return Source(tuple(files), notices)


class _File:
    """One file of a source, after its first pass."""

    def __init__(self, origin: Origin, options: Options, label: str = "") -> None:
        self.origin = origin
        self._options = options
        self._label = label
        with ExitStack() as stack:
            stack.callback(origin.close)
            try:
                with only_invalid("the file"):
                    self._table, sha256 = open_table(origin, options)
                    stack.callback(self._table.close)
                    root = self._table.root if isinstance(self._table, JsonLines) else ""
                    if label:
                        options = of_columns(options, self._table.header)
                    self._layout = lay_out(self._table.header, self._table.header_line, options, origin.name, root)
                    self._run_first_pass(sha256)
            except InvalidArgument as error:
                raise InvalidArgument(f"{label}: {error}") if label else error from None
            stack.pop_all()

    @property
    def kind(self) -> str:
        """The kind of its rows."""
        return self._layout.format.kind.name

    @property
    def titles(self) -> Sequence[str]:
        """The names of its columns."""
        return self._layout.titles

    def _run_first_pass(self, sha256: str) -> None:
        """Return the first pass: what concerns the file as a whole."""
        seen = first_pass(self._table.records(), self._layout, self._options, typed=self._table.typed)
        if not seen.rows and not self._label:
            raise InvalidArgument("the file has no rows below its header")
        self._faults, self._reading = seen.faults, seen.reading
        self.found = self._describe(sha256, seen)

    def _describe(self, sha256: str, seen: FirstPass) -> Found:
        layout, table = self._layout, self._table
        of_sheet = table.notices if isinstance(table, SheetTable) else ()
        notices = [evolve(notice, file=self._label) for notice in (*of_sheet, *layout.notices, *seen.notices)]
        if warning := _WARNINGS.get(layout.format.kind.name):
            notices.append(Notice("", warning, self._label))
        if table.text.encoding == "cp1252" and self._options.encoding is None:
            notices.append(Notice("", _GUESSED, self._label))
        return Found(
            file=self.origin.name,
            format=layout.format.name,
            title=layout.format.title,
            container=table.container,
            encoding=table.text.encoding.removesuffix("-sig"),
            bom=table.text.bom,
            delimiter=table.delimiter,
            date_order=seen.reading.order,
            decimal=seen.reading.mark,
            columns={name: layout.titles[place] for name, place in layout.places.items()},
            rows=seen.rows,
            sha256=sha256,
            notices=tuple(notices),
        )

    def items(self, shared: Shared) -> Iterator[AnyRow | Problem]:
        """Return the second pass."""
        for fault in self._faults:
            yield evolve(fault, file=self._label)
        nested = isinstance(self._table, JsonLines | NestedTable) and self._table.nested
        cells = Cells(self._layout, self._options.fill, self._names(), self._label, nested=nested)
        read = self._reader(cells, shared)
        width = len(self._layout.titles)
        for number, (line, record) in enumerate(guarded(self._table.records(), "the file"), 1):
            if (faults := self._table.faults.get(line)) and (broken := self._broken(faults, line, number)):
                yield from broken
                continue
            if len(record) > width and any(map(str.strip, record[width:])):
                yield Problem(line, number, "", _too_wide(len(record), width), "", self._label)
                continue
            cells.turn(line, number, record)
            yield from _read(read, cells)
            if cells.problems:
                yield from cells.problems

    def _broken(self, faults: Mapping[int, Fault], line: int, row: int) -> list[Problem]:
        """Return the problems of cells that can't be read, such as errors of a spreadsheet."""
        places = set(self._layout.places.values())
        return [
            Problem(line, row, self._layout.titles[place], fault.reason, fault.text, self._label)
            for place, fault in sorted(faults.items())
            if place in places
        ]

    def _names(self) -> Beside:
        folder = self.origin.path.parent if self.origin.path is not None else None
        return Beside(folder, records_of)

    def _reader(self, cells: Cells, shared: Shared) -> Any:
        kind, reading = self._layout.format.kind, self._reading
        if kind.name == "time_entries":
            return TimeReader(cells, self._options, reading, shared).read
        return RecordReader(kind, self._options, reading.order, reading.mark, shared.roster).read

    def close(self) -> None:
        """Close temporary files."""
        self._table.close()
        self.origin.close()

    def cells(self, rows: Collection[int]) -> Iterator[list[str]]:
        """Return the header, and the cells of some rows."""
        yield list(self._layout.titles)
        for number, (_, record) in enumerate(guarded(self._table.records(), "the file"), 1):
            if number in rows:
                yield record


def _read(read: Callable[[Cells], Iterator[AnyRow]], cells: Cells) -> list[AnyRow]:
    """Read a row; an unexpected error becomes one with the row's place."""
    with only_invalid(f"line {cells.line}, row {cells.row}"):
        return list(read(cells))


def _too_wide(cells: int, width: int) -> str:
    columns = "1 column" if width == 1 else f"{width} columns"
    return f"has {cells} cells under {columns}: is a cell with the delimiter not quoted?"
