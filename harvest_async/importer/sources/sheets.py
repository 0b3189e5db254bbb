"""Sheets of workbooks (XLSX, ODS, XLS) as tables.

Invariants:
- Unpacking a workbook is slow, so it is done once, row by row, into a temporary file that all passes read.
- A line is a row of the sheet.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, time
from typing import Any, Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.calamine import as_text, load, rows, with_unit
from harvest_async.importer.sources.encodings import Text
from harvest_async.importer.sources.faults import Fault, Faults, column_letters
from harvest_async.importer.sources.kinds import Notice
from harvest_async.importer.sources.limits import LONGEST_CELL, Limits, only_invalid
from harvest_async.importer.sources.ods import OdsBook
from harvest_async.importer.sources.origin import Origin
from harvest_async.importer.sources.package import Package
from harvest_async.importer.sources.xls import XlsBook
from harvest_async.importer.sources.xlsx import Opened, XlsxBook

__all__ = ["SheetTable"]

_ZIP: Final = b"PK"
_VISIBLE: Final = "SheetVisibleEnum.Visible"


class SheetTable:
    """A sheet of a workbook.

    Args:
        origin: the file.
        sheet: the sheet's name; the first with content if None.
        limits: the limits on its size.

    Attributes:
        container: `xlsx`, `ods` or `xls`.
        notices: the sheets and hidden rows that a person may not expect to be read, or not to be.
        faults: row -> column (from 0) -> why the cell can't be read.

    Raises:
        ImportError: the extra `[xlsx]` is not installed.
        InvalidArgument: it is not a workbook, or has no such sheet.
    """

    typed: Final = False
    delimiter: Final = ""

    def __init__(self, origin: Origin, sheet: str | None = None, limits: Limits | None = None) -> None:
        self._origin = origin
        self._limits = limits or Limits()
        self.text = Text("")
        self.container = ""
        self.faults: dict[int, dict[int, Fault]] = {}
        self.notices: list[Notice] = []
        self.header_line, self.header = 0, [""]
        self._rows = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed by `close`
        self._written = csv.writer(self._rows)
        try:
            with only_invalid("the workbook"):
                self._unpack(sheet)
        except BaseException:
            self._rows.close()
            raise

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row below the header with its line; blank rows are skipped."""
        self._rows.seek(0)
        for line, *cells in csv.reader(self._rows):
            yield int(line), cells

    def close(self) -> None:
        """Close the temporary file."""
        self._rows.close()

    def _unpack(self, sheet: str | None) -> None:
        with self._origin.opened() as stream:
            zipped = stream.read(2) == _ZIP
            stream.seek(0)
            if not zipped:
                self.container = "xls"
                found = self._from_whole(XlsBook(stream, self._limits), sheet)
            else:
                with Package(stream, self._limits) as package:
                    found = self._from_package(package, sheet)
        if not found:
            raise InvalidArgument("the file is empty")

    def _from_package(self, package: Package, sheet: str | None) -> bool:
        if "content.xml" in package:
            self.container = "ods"
            return self._from_whole(OdsBook(package, self._limits), sheet)
        self.container = "xlsx"
        book = XlsxBook(package, self._limits)
        for each in _chosen(book.sheets, sheet):
            with book.opened(each) as opened:
                if opened is None or not self._take(opened, load(opened.stream), 0, each.name, opened.faults):
                    continue
            others = [] if sheet else [other for other in book.sheets if other != each and book.has_content(other)]
            self.notices = _notices(each, others, opened.hidden_rows)
            return True
        return False

    def _from_whole(self, book: OdsBook | XlsBook, sheet: str | None) -> bool:
        with book.opened() as (opened, looks):
            loaded = load(opened.stream)
            for look, data in zip(looks, loaded.sheets_metadata, strict=True):
                look.name, look.hidden = data.name, str(data.visible) != _VISIBLE
            for look in _chosen(looks, sheet):
                if look.filled and self._take(opened, loaded, looks.index(look), look.name, look.faults):
                    others = [] if sheet else [other for other in looks if other is not look and other.filled]
                    self.notices = _notices(look, others, look.hidden_rows)
                    return True
        return False

    def _take(self, opened: Opened, book: Any, index: int, name: str, faults: Faults) -> bool:
        """Write the rows of a sheet; return whether there are any."""
        try:
            return self._write(rows(book, index, f"sheet {name!r}"), name, faults)
        except InvalidArgument:
            opened.explain()
            raise

    def _write(self, found: Iterator[tuple[int, list[Any]]], name: str, faults: Faults) -> bool:
        for line, values in found:
            cells = [as_text(value) for value in values]
            for column, unit in faults.units.of_row(line).items():
                cells[column : column + 1] = [with_unit(value, unit) for value in values[column : column + 1]]
            if faults.negative:
                self._check_negative(line, values, faults)
            if not any(map(str.strip, cells)) and not faults.of_values(line):
                continue
            if len(max(cells, key=len, default="")) > LONGEST_CELL:
                raise InvalidArgument(_too_long(name, line, cells))
            if self.header_line:
                self._written.writerow([line, *cells])
            else:
                self.header_line, self.header = line, _stripped(cells)
                _check_header(faults, line)
        self.faults = faults.rows
        return bool(self.header_line)

    def _check_negative(self, line: int, values: list[Any], faults: Faults) -> None:
        for column, value in enumerate(values):
            if isinstance(value, date | time) and (line, column) in faults.negative:
                faults.add(line, column, "is formatted as a date or a time, and holds a negative number")


def _chosen(sheets: Sequence[Any], name: str | None) -> list[Any]:
    """Return the sheet with a name, or all sheets, the hidden ones last."""
    if name is None:
        return sorted(sheets, key=lambda sheet: bool(sheet.hidden))
    chosen = [sheet for sheet in sheets if sheet.name == name]
    if not chosen:
        raise InvalidArgument(
            f"the file has no sheet {name!r}, but {', '.join(sheet.name for sheet in sheets)}: see --sheet"
        )
    return chosen[:1]


def _notices(read: Any, others: Sequence[Any], hidden_rows: int) -> list[Notice]:
    """Return notices about a sheet that is read, and others with content that aren't.

    Args:
        read: the sheet.
        others: the other sheets with content, if none was named by an option.
        hidden_rows: the number of rows of the sheet that are hidden.
    """
    notices = []
    if left := [repr(each.name) for each in others if not each.hidden]:
        are = "is" if len(left) == 1 else "are"
        notices.append(Notice("", f"the sheet {read.name!r} is read, {', '.join(left)} {are} not: see --sheet"))
    if read.hidden:
        notices.append(Notice("", f"the sheet {read.name!r} is read, and is hidden"))
    if hidden_rows:
        rows = "1 hidden row is" if hidden_rows == 1 else f"{hidden_rows:,} hidden rows are"
        notices.append(Notice("", f"{rows} read, too: delete the rows that should not be imported"))
    return notices


def _check_header(faults: Faults, line: int) -> None:
    for fault in faults.of_values(line):
        raise InvalidArgument(f"row {line}, the header: {fault.reason}")


def _too_long(name: str, line: int, cells: list[str]) -> str:
    column = next(index for index, cell in enumerate(cells) if len(cell) > LONGEST_CELL)
    return (
        f"sheet {name!r}, row {line}: cell {column_letters(column)}{line} has more than {LONGEST_CELL:,} characters: "
        "shorten it"
    )


def _stripped(cells: list[str]) -> list[str]:
    """Return a header without the blank cells at its end."""
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells
