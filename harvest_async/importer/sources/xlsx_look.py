"""What a sheet of an XLSX package holds, found before anything is built from it.

Invariants:
- The first look (`Look`) needs no text of cells; `Read` also sees the text.
- Only cells with content count: cells that have a style alone take no place.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping
from typing import Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.faults import Faults
from harvest_async.importer.sources.limits import Limits
from harvest_async.importer.sources.sheet_xml import Xml, local

__all__ = ["Look", "Read", "Strings"]

_COLUMNS: Final = 1 << 14
_ODD: Final = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*+)?>\s*+(?:[-+&nNiI]|<!)")
"""A number that may be none, or negative; or text that has to be decoded first."""
_OVERLAP: Final = 64


_AREA: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})")


class Strings:
    """Measures shared texts."""

    def __init__(self) -> None:
        self.lengths: array[int] = array("Q")
        self.xml = Xml("sharedStrings.xml", self._start, text=self._text)

    def _start(self, name: str, _: list[str]) -> None:
        if local(name) == "si":
            self.lengths.append(0)

    def _text(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


class Look:
    """Looks through a sheet: how far its content reaches, and whether a cell needs a closer look.

    Args:
        where: the sheet, for messages.
        limits: how far its content may reach.
        units: the units that styles show, by their numbers.

    Attributes:
        filled: cells with content.
        texts: cells with a shared text.
        odd: whether there are formulas, errors, or numbers that may be none.
        faults: cells without a value; at the first look those that a merged cell covers.
        hidden_rows: rows with content that are hidden.
    """

    def __init__(self, where: str, limits: Limits, units: Mapping[str, str]) -> None:
        self.where = where
        self._units, self._unit = units, ""
        self.limits = limits
        self.filled = self.texts = self.hidden_rows = 0
        self.odd = False
        self.faults = Faults()
        self.row, self.column = 0, -1
        self._rows = self._width = 0
        self._counted = self._row_hidden = False
        self._tail = b""
        self._columns: dict[str, int] = {}
        self._xml = self._make_xml()

    def _make_xml(self) -> Xml:
        return Xml(self.where, self._start)

    def feed(self, chunk: bytes) -> None:
        """Look at the next piece of the sheet."""
        self._xml.feed(chunk)
        if not self.odd:
            piece = self._tail + chunk
            self.odd = _ODD.search(piece) is not None
            self._tail = piece[-_OVERLAP:]

    def close(self) -> None:
        """Check how far the content reaches."""
        self._xml.close()
        self.limits.check_cells(self.where, self._rows, self._width, self.filled)

    def _start(self, name: str, attributes: list[str]) -> None:
        if ":" in name:
            name = local(name)
        if name == "c":
            self._cell(attributes)
        elif name in ("v", "is"):
            self._count()
            if self._unit:
                self.faults.units.add(self.row, self.column, self._unit)
        elif name == "f":
            self.odd = True
            self._count()
        elif name == "row":
            self._row(attributes)
        elif name == "mergeCell":
            self._merge(dict(zip(attributes[::2], attributes[1::2], strict=True)).get("ref", ""))

    def _row(self, attributes: list[str]) -> None:
        self.row, self.column, self._row_hidden = self.row + 1, -1, False
        self.limits.check_filled(self.where, self.filled)
        for index in range(0, len(attributes), 2):
            if attributes[index] == "r":
                self.row = self._number(attributes[index + 1])
            elif attributes[index] == "hidden":
                self._row_hidden = attributes[index + 1] in ("1", "true")

    def _merge(self, reference: str) -> None:
        """Note the cells that a merged cell covers, as far as the sheet has content."""
        match = _AREA.fullmatch(reference)
        if match is None:
            return
        first, last = (self._column_of(letters, reference) for letters in match.group(1, 3))
        top, bottom = int(match[2]), int(match[4])
        self.faults.add_area(top, first, min(bottom, self._rows), min(last, self._width - 1))

    def _cell(self, attributes: list[str]) -> None:
        self._counted, self._unit = False, ""
        self.column += 1
        for index in range(0, len(attributes), 2):
            key, value = attributes[index], attributes[index + 1]
            if key == "r":
                self._place(value)
            elif key == "s":
                self._unit = self._units.get(value, "")
            elif key == "t":
                if value == "s":
                    self.texts += 1
                elif value == "e":
                    self.odd = True

    def _place(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = self._column_of(letters, reference)
        self.row, self.column = self._number(reference[len(letters) :]), column

    def _column_of(self, letters: str, reference: str) -> int:
        column = 0
        if not letters.isascii() or not letters.isalpha() or len(letters) > 3:  # noqa: PLR2004 - XFD is the last
            raise InvalidArgument(f"{self.where} has a cell at {reference[:40]!r}, which is no place in a sheet")
        for letter in letters.upper():
            column = column * 26 + ord(letter) - ord("A") + 1
        return column - 1

    def _number(self, text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 12 or text == "0":  # noqa: PLR2004 - far above any row
            raise InvalidArgument(f"{self.where} has a row {text[:40]!r}, which is no place in a sheet")
        return int(text)

    def _count(self) -> None:
        """Take note that the cell at hand has content."""
        if self._counted:
            return
        self._counted = True
        self.filled += 1
        if self._row_hidden:
            self.hidden_rows, self._row_hidden = self.hidden_rows + 1, False
        row, column = self.row, self.column
        if row > self._rows or column >= self._width:
            self.limits.check_rows(self.where, row)
            if column >= _COLUMNS:
                raise InvalidArgument(
                    f"{self.where} has {column + 1:,} columns, more than the {_COLUMNS:,} of any sheet"
                )
            self._rows, self._width = max(row, self._rows), max(column + 1, self._width)


class Read(Look):
    """Looks through a sheet, and at what each cell holds.

    Args:
        where: the sheet, for messages.
        limits: how far its content may reach.
        strings: how long each shared text is.
        units: the units that styles show, by their numbers.
    """

    def __init__(self, where: str, limits: Limits, strings: array[int], units: Mapping[str, str]) -> None:
        super().__init__(where, limits, units)
        self._strings = strings
        self._type, self._formula, self._inside = "n", False, False
        self._text: list[str] = []
        self._bytes = 0

    def _make_xml(self) -> Xml:
        return Xml(self.where, self._begin, self._end, self._characters)

    def _begin(self, name: str, attributes: list[str]) -> None:
        self._start(name, attributes)
        plain = local(name)
        if plain == "c":
            pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
            self._type, self._formula, self._text = pairs.get("t", "n"), False, []
        elif plain == "f":
            self._formula = True
        elif plain == "v":
            self._inside = True

    def _end(self, name: str) -> None:
        plain = local(name)
        if plain == "v":
            self._inside = False
        elif plain == "c":
            self._judge("".join(self._text).strip())

    def _characters(self, text: str) -> None:
        if self._inside:
            self._text.append(text)

    def _judge(self, text: str) -> None:
        """Say what is wrong with a cell."""
        kind, add = self._type, self.faults.add
        if kind == "s" and text:
            self._count_text(text)
        elif kind == "e":
            add(self.row, self.column, f"holds the error {text or '?'}: correct it in the sheet", text)
        elif self._formula and not text and kind not in ("str", "inlineStr"):
            add(self.row, self.column, "has a formula whose result is not stored: open the file in a spreadsheet "
                "program, and save it")  # fmt: skip
        elif kind == "n" and text and not _is_number(text):
            add(self.row, self.column, f"holds {text[:40]!r}, which is no number", text)
        elif kind == "n" and text.startswith("-"):
            self.faults.negative.add((self.row, self.column))

    def _count_text(self, text: str) -> None:
        place = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004 - any index
        if not 0 <= place < len(self._strings):
            raise InvalidArgument(
                f"{self.where}, row {self.row}: the text of a cell is missing in the workbook (number {text[:20]}): "
                "save it again"
            )
        self._bytes += self._strings[place]
        self.limits.check_bytes(f"the text of {self.where}", self._bytes)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
