"""ODS packages: how far each sheet reaches, and which cells hold no value.

Invariants:
- Repeated rows and columns are multiplied before anything is built from them; blank ones at the end count nothing.
- The reader of cells reads all sheets at once, so that all of them are looked through first.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.faults import Faults, SheetContent
from harvest_async.importer.sources.limits import Limits
from harvest_async.importer.sources.package import Package
from harvest_async.importer.sources.sheet_xml import Xml, read_attributes
from harvest_async.importer.sources.shown_units import unit_of_text
from harvest_async.importer.sources.xlsx import Opened

__all__ = ["OdsBook"]

_CONTENT: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
_XMLNS: Final = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
_CELLS: Final = ("table:table-cell", "table:covered-table-cell")


class OdsBook:
    """A workbook.

    Args:
        package: its parts.
        limits: how much of it is read.

    Raises:
        InvalidArgument: it is protected by a password.
    """

    def __init__(self, package: Package, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        if _MANIFEST in package:
            names = {name for name, _ in read_attributes(_MANIFEST, package.chunks(_MANIFEST))}
            if "encryption-data" in names:
                raise InvalidArgument("the workbook is protected by a password: save it without one")

    @contextmanager
    def opened(self) -> Iterator[tuple[Opened, list[SheetContent]]]:
        """Give a package with all sheets, and what was found in each."""
        looks = _Looks(self._limits)
        with tempfile.SpooledTemporaryFile(1 << 20) as target:
            with zipfile.ZipFile(target, "w") as package:
                package.writestr("mimetype", _TYPE)
                package.writestr(_MANIFEST, _manifest())
                with package.open(_CONTENT, "w", force_zip64=True) as part:
                    for chunk in self._package.chunks(_CONTENT):
                        looks.xml.feed(chunk)
                        part.write(chunk)
                looks.xml.close()
            target.seek(0)
            yield Opened(target, Faults()), list(looks.sheets)


def _manifest() -> str:
    return (
        f'<manifest:manifest xmlns:manifest="{_XMLNS}"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{_TYPE}"/></manifest:manifest>'
    )


class Look(SheetContent):
    """Looks through one sheet."""

    def __init__(self, name: str, limits: Limits) -> None:
        super().__init__(name)
        self._limits = limits
        self._where = f"sheet {name!r}"
        self._row = self._column = self._width = 0
        self._repeat = 1
        self._row_filled = 0
        self._row_hidden = False
        self._row_covered: list[tuple[int, int]] = []
        self._row_units: list[tuple[int, str]] = []
        self._row_faults: list[tuple[int, str, str]] = []

    def begin_row(self, repeat: int, *, hidden: bool) -> None:
        """Begin a row that is repeated `repeat` times."""
        self._repeat, self._column, self._row_filled, self._row_faults = repeat, 0, 0, []
        self._row_hidden = hidden
        self._row_covered, self._row_units = [], []

    def cover(self, repeat: int) -> None:
        """Note that a merged cell covers the next cell, which is repeated `repeat` times."""
        self._row_covered.append((self._column, self._column + repeat))

    def add_cell(self, repeat: int, *, content: bool, fault: tuple[str, str] | None, unit: str = "") -> None:
        """Add a cell that is repeated `repeat` times."""
        if content:
            self._row_filled += repeat
            self._width = max(self._width, self._column + repeat)
            self._limits.check_cells(self._where, 1, self._width, self._width)
            if unit:
                self._row_units.extend((column, unit) for column in range(self._column, self._column + repeat))
            if fault:
                self._row_faults.append((self._column, *fault))
        self._column += repeat

    def end_row(self) -> None:
        """End the row."""
        self._row += self._repeat
        if not self._row_filled:
            return
        self._limits.check_rows(self._where, self._row)
        self.filled += self._row_filled * self._repeat
        self.hidden_rows += self._repeat * self._row_hidden
        self._limits.check_cells(self._where, self._row, self._width, self.filled)
        for column, unit in self._row_units:
            self.faults.units.add(self._row - self._repeat + 1, column, unit, self._repeat)
        for column, reason, text in self._row_faults:
            for row in range(self._row - self._repeat + 1, self._row + 1):
                self.faults.add(row, column, reason, text)
        for first, behind in self._row_covered:
            for column in range(first, min(behind, self._width)):
                for row in range(self._row - self._repeat + 1, self._row + 1):
                    self.faults.add_merged(row, column)


class _Looks:
    """Looks through all sheets."""

    def __init__(self, limits: Limits) -> None:
        self.sheets: list[Look] = []
        self.xml = Xml(_CONTENT, self._start, self._end, self._text)
        self._limits = limits
        self._cell: dict[str, str] | None = None
        self._said: list[str] = []
        self._repeat = 1
        self._paragraphs = 0
        self._bytes = 0

    def _start(self, name: str, attributes: list[str]) -> None:
        if not name.startswith(("table:table", "table:covered", "text:")):
            return
        found = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if name == "table:table":
            self.sheets.append(Look(found.get("table:name", ""), self._limits))
        elif name == "table:table-row" and self.sheets:
            self._repeat = _times(found, "table:number-rows-repeated")
            hidden = found.get("table:visibility", "visible") != "visible"
            self.sheets[-1].begin_row(self._repeat, hidden=hidden)
        elif name in _CELLS and self.sheets:
            self._cell, self._said, self._paragraphs = found, [], 0
        elif name == "text:s" and self._cell is not None:
            self._add_bytes(_times(found, "text:c"))
        elif name == "text:p":
            self._paragraphs += 1

    def _text(self, text: str) -> None:
        if self._cell is not None:
            self._said.append(text)

    def _end(self, name: str) -> None:
        if name in _CELLS and self._cell is not None:
            if name == _CELLS[1] and self.sheets:
                self.sheets[-1].cover(_times(self._cell, "table:number-columns-repeated"))
            self._add(self._cell, "".join(self._said))
            self._cell = None
        elif name == "table:table-row" and self.sheets:
            self.sheets[-1].end_row()

    def _add(self, cell: dict[str, str], said: str) -> None:
        times, text = _times(cell, "table:number-columns-repeated"), said.strip()
        formula, kind = "table:formula" in cell, cell.get("office:value-type", "")
        fault = None
        if cell.get("calcext:value-type") == "error" or (formula and text.startswith(("#", "Err:"))):
            fault = (f"holds the error {text or '?'}: correct it in the sheet", text)
        elif formula and not kind:
            fault = (
                "has a formula whose result is not stored: open the file in a spreadsheet program, and save it", ""
            )  # fmt: skip
        elif kind in ("float", "currency", "percentage") and not _is_finite(cell.get("office:value", "")):
            text = cell.get("office:value", "")
            fault = (f"holds {text[:40]!r}, which is no number", text)
        content = bool(kind or text or formula)
        if content:
            self._add_bytes((len(said) + len(cell.get("office:string-value", ""))) * times)
        unit = "%" if kind == "percentage" else unit_of_text(text) if kind == "float" else ""
        self.sheets[-1].add_cell(times, content=content, fault=fault, unit=unit)

    def _add_bytes(self, count: int) -> None:
        self._bytes += count * self._repeat
        self._limits.check_bytes("the text of the workbook", self._bytes)


def _times(found: dict[str, str], name: str) -> int:
    text = found.get(name, "1")
    if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) < 1:  # noqa: PLR2004 - far above any sheet
        raise InvalidArgument(f"the workbook is damaged: {name} is {text[:40]!r}")
    return int(text)


def _is_finite(text: str) -> bool:
    try:
        return float(text) - float(text) == 0
    except ValueError:
        return False
