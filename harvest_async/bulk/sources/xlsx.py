"""XLSX through openpyxl, the only room that imports it (extra `[xlsx]`).

Rules of this room: unpacking a workbook is slow, so it is gone through once, row by row, into a temporary file that all
passes read. Typed cells become text that can be read in one way only: dates with the year first, numbers with a point
and never three digits behind it.
"""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from harvest_async.bulk.sources.origin import Origin, Text
from harvest_async.errors import InvalidArgument

__all__ = ["XlsxTable"]

_BIGGEST: Final = 4 << 30
_DIGITS: Final = 3


class XlsxTable:
    """A sheet of an XLSX file; a line is a row of the sheet.

    Raises:
        ImportError: the extra is not installed.
        InvalidArgument: it is no such file, or has no such sheet.
    """

    container: Final = "xlsx"
    typed: Final = False
    delimiter: Final = ""

    def __init__(self, origin: Origin, sheet: str | None = None) -> None:
        try:
            import openpyxl  # noqa: PLC0415 - optional
        except ImportError as error:
            raise ImportError("reading XLSX needs openpyxl: python -m pip install 'harvest-async[xlsx]'") from error
        self._load = openpyxl.load_workbook
        self._origin = origin
        self.text = Text("")
        self._rows = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed by `close`
        try:
            self.header_line, self.header = self._unpack(sheet)
        except BaseException:
            self._rows.close()
            raise

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each row below the header with its line; blank ones are passed over."""
        self._rows.seek(0)
        for line, *cells in csv.reader(self._rows):
            yield int(line), cells

    def close(self) -> None:
        """Give the temporary file back."""
        self._rows.close()

    def _unpack(self, sheet: str | None) -> tuple[int, list[str]]:
        """Write the rows of the sheet down; its header, and the line of that."""
        with self._book() as book:
            if sheet is not None and sheet not in book.sheetnames:
                raise InvalidArgument(f"the file has no sheet {sheet!r}, but {', '.join(book.sheetnames)}: see --sheet")
            for name in [sheet] if sheet is not None else book.sheetnames:
                rows = _rows(book[name]) if hasattr(book[name], "iter_rows") else iter(())
                first = next(rows, None)
                if first is not None:
                    csv.writer(self._rows).writerows([line, *cells] for line, cells in rows)
                    return first[0], _stripped(first[1])
        raise InvalidArgument("the file is empty")

    @contextmanager
    def _book(self) -> Iterator[Any]:
        with self._origin.opened() as stream:
            try:
                with zipfile.ZipFile(stream) as archive:
                    size = sum(part.file_size for part in archive.infolist())
                if size > _BIGGEST:
                    raise InvalidArgument(f"the file unpacks to {size >> 30} GiB: split it")
                stream.seek(0)
                book = self._load(stream, read_only=True, data_only=True)
            except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
                if isinstance(error, InvalidArgument):
                    raise
                raise InvalidArgument(f"the file is no XLSX: {error}") from error
            try:
                yield book
            finally:
                book.close()


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # what a file says about its own size is often wrong
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = ["" if value is None else _text(value) for value in values]
        if any(map(str.strip, cells)):
            yield line, cells


def _stripped(cells: list[str]) -> list[str]:
    """A header without the blank cells at its end."""
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds") if value.time() != time() else value.date().isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(value: float) -> str:
    """A number in the fifteen digits that a spreadsheet has, never with three behind the point."""
    if value == int(value):
        return str(int(value))
    text = format(value, ".15g")
    if "e" in text:
        text = format(value, ".15f").rstrip("0")
    return text + "0" if len(text.partition(".")[2]) == _DIGITS else text
