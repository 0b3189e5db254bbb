"""XLSX packages: which sheets there are, and one sheet as a small package of its own.

Invariants:
- A sheet is looked through before the reader of cells gets it: how far it reaches, and which cells hold no value.
- The first look needs no text of cells; where it finds formulas, errors or odd numbers, a second look reads the text.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import IO, Final
from xml.sax.saxutils import quoteattr

from attrs import frozen

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.faults import Faults
from harvest_async.importer.sources.limits import Limits
from harvest_async.importer.sources.package import Package
from harvest_async.importer.sources.sheet_xml import Xml, read_attributes
from harvest_async.importer.sources.shown_units import units_of_styles
from harvest_async.importer.sources.xlsx_look import Look, Read, Strings

__all__ = ["Opened", "Sheet", "XlsxBook"]

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CHUNK: Final = 1 << 16
_FILLED: Final = re.compile(rb"<(?:[A-Za-z0-9]+:)?(?:v|f|is)[ />]")
_OVERLAP: Final = 32
_IN_MEMORY: Final = 1 << 20


@frozen
class Sheet:
    """A sheet: its name, its part of the package (empty if it is not a sheet of cells), and whether it is hidden."""

    name: str
    part: str
    hidden: bool = False


@frozen
class Opened:
    """A sheet that is ready to be read.

    Attributes:
        stream: a package that holds it alone.
        faults: its cells without a value.
        hidden_rows: rows with content that are hidden.
        explain: raise an error that names the place at fault, if there is one.
    """

    stream: IO[bytes]
    faults: Faults
    hidden_rows: int = 0
    explain: Callable[[], object] = lambda: None


class XlsxBook:
    """A workbook.

    Args:
        package: its parts.
        limits: how much of it is read.

    Raises:
        InvalidArgument: it is not a workbook.
    """

    def __init__(self, package: Package, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        self._blank: set[str] = set()
        top = self._relations("")
        self._main = next((part for kind, part in top.values() if kind == "officeDocument"), "xl/workbook.xml")
        if self._main.endswith(".bin"):
            raise InvalidArgument("the file is a binary workbook (.xlsb): save it as .xlsx or CSV")
        if self._main not in package:
            raise InvalidArgument("the file is not a valid XLSX file: it has no workbook")
        parts = self._relations(self._main)
        elements = read_attributes(self._main, package.chunks(self._main))
        kinds = dict(parts.values())
        self._styles, self._strings = kinds.get("styles", ""), kinds.get("sharedStrings", "")
        self._from_1904 = any(
            found.get("date1904") in ("1", "true") for name, found in elements if name == "workbookPr"
        )
        styles = read_attributes(self._styles, package.chunks(self._styles)) if self._styles in package else []
        self._units = units_of_styles(styles)
        self.sheets = [_sheet(found, parts) for name, found in elements if name == "sheet"]

    @contextmanager
    def opened(self, sheet: Sheet) -> Iterator[Opened | None]:
        """Open a package that holds this sheet alone; None if the sheet has no content."""
        if not sheet.part or sheet.part in self._blank:
            yield None
            return
        where = f"sheet {sheet.name!r}"
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as xml, tempfile.SpooledTemporaryFile(_IN_MEMORY) as target:
            look = Look(where, self._limits, self._units)
            self._package.copy(sheet.part, xml, look.feed)
            look.close()
            if not look.filled:
                self._blank.add(sheet.part)
                yield None
                return
            strings = self._compose(xml, target)
            read = partial(_read, xml, where, self._limits, strings, self._units)
            closer = look.odd or look.texts * max(strings, default=self._limits.bytes + 1) > self._limits.bytes
            faults = read() if closer else look.faults
            target.seek(0)
            yield Opened(target, faults, look.hidden_rows, read)

    def has_content(self, sheet: Sheet) -> bool:
        """Return whether a sheet has a cell with content; a sheet that can't be read counts as one that has."""
        tail = b""
        try:
            for chunk in self._package.chunks(sheet.part) if sheet.part else ():
                if _FILLED.search(tail + chunk):
                    return True
                tail = chunk[-_OVERLAP:]
        except InvalidArgument:
            return True
        return False

    def _compose(self, xml: IO[bytes], target: IO[bytes]) -> array[int]:
        """Write a package of one sheet; return the length of each shared text."""
        strings = Strings()
        xml.seek(0)
        with zipfile.ZipFile(target, "w") as package:
            package.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
            package.writestr("xl/workbook.xml", _workbook(from_1904=self._from_1904))
            related = [("worksheet", "worksheets/sheet1.xml")]
            with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
                while chunk := xml.read(_CHUNK):
                    part.write(chunk)
            if self._styles in self._package:
                related.append(("styles", "styles.xml"))
                self._add(package, "xl/styles.xml", self._styles, Xml(self._styles))
            if self._strings in self._package:
                related.append(("sharedStrings", "sharedStrings.xml"))
                self._add(package, "xl/sharedStrings.xml", self._strings, strings.xml)
            package.writestr("xl/_rels/workbook.xml.rels", _relations(related))
        return strings.lengths

    def _add(self, package: zipfile.ZipFile, name: str, source: str, xml: Xml) -> None:
        with package.open(name, "w", force_zip64=True) as part:
            for chunk in self._package.chunks(source):
                xml.feed(chunk)
                part.write(chunk)
        xml.close()

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the kind and the part of each relationship of a part, by its id."""
        folder, _, name = part.rpartition("/")
        path = f"{folder}/_rels/{name}.rels".lstrip("/")
        if path not in self._package:
            return {}
        elements = read_attributes(path, self._package.chunks(path))
        return {
            found.get("Id", ""): (
                found.get("Type", "").rpartition("/")[2],
                self._package.resolve(part, found["Target"]),
            )
            for name, found in elements
            if name == "Relationship" and "Target" in found
        }


def _read(xml: IO[bytes], where: str, limits: Limits, strings: array[int], units: Mapping[str, str]) -> Faults:
    """Read the text of all cells of a sheet."""
    look = Read(where, limits, strings, units)
    xml.seek(0)
    while chunk := xml.read(_CHUNK):
        look.feed(chunk)
    look.close()
    return look.faults


def _sheet(found: dict[str, str], parts: dict[str, tuple[str, str]]) -> Sheet:
    kind, part = parts.get(found.get("id", ""), ("worksheet", f"(of sheet {found.get('name', '')!r})"))
    hidden = found.get("state", "visible") != "visible"
    return Sheet(found.get("name", ""), part if kind == "worksheet" else "", hidden)


def _relations(related: list[tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="rId{number}" Type="{_TYPES}/{kind}" Target={quoteattr(target)}/>'
        for number, (kind, target) in enumerate(related, 1)
    )
    return f'<Relationships xmlns="{_RELATIONS}">{each}</Relationships>'


def _workbook(*, from_1904: bool) -> str:
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_TYPES}"><workbookPr date1904="{int(from_1904)}"/>'
        '<sheets><sheet name="sheet" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
