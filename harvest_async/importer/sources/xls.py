"""XLS workbooks: how far each sheet reaches, and which cells hold no value (MS-XLS).

Invariants:
- Every record of the workbook is looked at before the reader of cells gets it.
- What the reader gets is a new compound file that holds the workbook's stream alone.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.compound import SIGNATURE, compose, read_streams
from harvest_async.importer.sources.faults import Faults, SheetContent
from harvest_async.importer.sources.limits import Limits, only_invalid
from harvest_async.importer.sources.xlsx import Opened

__all__ = ["XlsBook"]

_SHEET, _BOF, _EOF, _CONTINUE = 0x85, 0x809, 0x0A, 0x3C
_FORMULA, _ERROR, _TEXT, _TEXTS, _PASSWORD = 0x06, 0x205, 0xFD, 0xFC, 0x2F
_MULTIPLE: Final = 0xBD
_ROW, _IS_HIDDEN = 0x208, 0x20
_MERGED: Final = 0xE5
_CELLS: Final = (_FORMULA, _ERROR, _TEXT, _MULTIPLE, 0x203, 0x27E, 0x204, 0xD6)
_WIDE, _RICH, _EXTENDED = 0x1, 0x8, 0x4
_ERRORS: Final = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
_DAMAGED: Final = "the workbook is damaged: its records don't fit together"


class XlsBook:
    """A workbook.

    Args:
        stream: the file.
        limits: how much of it is read.

    Raises:
        InvalidArgument: it is not a workbook, or protected by a password.
    """

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        content = stream.read(limits.bytes + 1)
        limits.check_bytes("the workbook", len(content))
        if not content.startswith(SIGNATURE):
            raise InvalidArgument("the file is no whole .xls: save it as .xlsx or CSV")
        names, workbook = read_streams(content, ("Workbook", "Book"))
        if "EncryptedPackage" in names:
            raise InvalidArgument("the workbook is protected by a password: save it without one")
        if workbook is None:
            raise InvalidArgument("the file is no .xls: it holds no workbook (save a document as .xlsx or CSV)")
        self._name = "Workbook" if "Workbook" in names else "Book"
        self._workbook = workbook
        self._limits = limits
        self._bytes = 0
        with only_invalid("the workbook"):
            self._texts = self._read_texts()
            self._looks = [self._look(place, f"sheet {number}") for number, place in enumerate(self._places(), 1)]

    @contextmanager
    def opened(self) -> Iterator[tuple[Opened, list[SheetContent]]]:
        """Give a file with all sheets, and what was found in each."""
        with io.BytesIO(compose(self._name, self._workbook)) as stream:
            yield Opened(stream, Faults()), self._looks

    def _records(self, place: int) -> Iterator[tuple[int, bytes]]:
        """Return the records of a part of the stream up to its end."""
        depth = 0
        while True:
            if place + 4 > len(self._workbook):
                raise InvalidArgument(_DAMAGED)
            kind, length = struct.unpack_from("<HH", self._workbook, place)
            body = self._workbook[place + 4 : place + 4 + length]
            place += 4 + length
            self._bytes += 4 + length
            self._limits.check_bytes("the workbook", self._bytes)
            depth += (kind & 0xFF == _BOF & 0xFF and kind <= _BOF) - (kind == _EOF)
            yield kind, body
            if depth <= 0:
                return

    def _places(self) -> list[int]:
        return [struct.unpack_from("<I", body)[0] for kind, body in self._records(0) if kind == _SHEET]

    def _read_texts(self) -> list[int]:
        """Return how long each shared text is."""
        pieces: list[bytes] = []
        for kind, body in self._records(0):
            if kind == _PASSWORD:
                raise InvalidArgument("the workbook is protected by a password: save it without one")
            if kind == _TEXTS or (pieces and kind == _CONTINUE):
                pieces.append(body)
            elif pieces:
                break
        return _Texts(pieces).lengths() if pieces else []

    def _look(self, place: int, where: str) -> SheetContent:
        look = SheetContent(where)
        rows = columns = size = 0
        hidden: set[bytes] = set()
        filled: set[bytes] = set()
        merged: list[bytes] = []
        for kind, body in self._records(place):
            if kind == _ROW and body[12] & _IS_HIDDEN:
                hidden.add(body[:2])
            elif kind == _MERGED:
                merged.append(body)
            if kind not in _CELLS:
                continue
            filled.add(body[:2])
            row, first = struct.unpack_from("<HH", body)
            last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind == _MULTIPLE else first
            look.filled += max(last - first, 0) + 1
            rows, columns = max(rows, row + 1), max(columns, last + 1)
            if kind == _TEXT:
                size += self._length(body, where, row)
                self._limits.check_bytes(f"the text of {where}", size)
            elif error := _error(kind, body):
                look.faults.add(row + 1, first, f"holds the error {error}: correct it in the sheet", error)
        self._limits.check_rows(where, rows)
        self._limits.check_cells(where, rows, columns, look.filled)
        look.hidden_rows = len(hidden & filled)
        for top, bottom, left, right in _areas(merged):
            look.faults.add_area(top + 1, left, min(bottom + 1, rows), min(right, columns - 1))
        return look

    def _length(self, body: bytes, where: str, row: int) -> int:
        place = int(struct.unpack_from("<I", body, 6)[0])
        if place >= len(self._texts):
            raise InvalidArgument(
                f"{where}, row {row + 1}: the text of a cell is missing in the workbook: save it again"
            )
        return self._texts[place]


def _areas(records: list[bytes]) -> Iterator[tuple[int, ...]]:
    """Give the first and last row, and the first and last column, of each merged cell, from 0."""
    for body in records:
        yield from struct.iter_unpack("<4H", body[2 : 2 + 8 * struct.unpack_from("<H", body)[0]])


def _error(kind: int, body: bytes) -> str:
    """Return the error that a cell holds; empty if there is none."""
    if kind == _ERROR and body[7]:
        return _ERRORS.get(body[6], "?")
    if kind == _FORMULA and body[12:14] == b"\xff\xff" and body[6] == 2:  # noqa: PLR2004 - 2 means an error
        return _ERRORS.get(body[8], "?")
    return ""


class _Texts:
    """Measures the table of shared texts, which goes on over several records."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._piece = 0
        self._at = 8
        self._count = struct.unpack_from("<I", pieces[0], 4)[0]

    def lengths(self) -> list[int]:
        """Return how many characters each has."""
        if self._count > sum(map(len, self._pieces)) // 3:
            raise InvalidArgument(_DAMAGED)
        return [self._one() for _ in range(self._count)]

    def _one(self) -> int:
        self._turn()
        letters, flags = struct.unpack("<HB", self._take(3))
        runs = struct.unpack("<H", self._take(2))[0] if flags & _RICH else 0
        extra = struct.unpack("<I", self._take(4))[0] if flags & _EXTENDED else 0
        left = letters
        while left:
            if self._turn():
                flags = self._take(1)[0]
            width = 2 if flags & _WIDE else 1
            here = min(left, (len(self._pieces[self._piece]) - self._at) // width)
            if not here:
                raise InvalidArgument(_DAMAGED)
            self._at += here * width
            left -= here
        self._skip(runs * 4 + extra)
        return int(letters)

    def _turn(self) -> bool:
        """Go to the next record if this one is at its end."""
        turned = False
        while self._at >= len(self._pieces[self._piece]):
            self._piece, self._at, turned = self._piece + 1, 0, True
            if self._piece >= len(self._pieces):
                raise InvalidArgument(_DAMAGED)
        return turned

    def _take(self, count: int) -> bytes:
        taken = self._pieces[self._piece][self._at : self._at + count]
        self._at += count
        return taken

    def _skip(self, count: int) -> None:
        while count:
            self._turn()
            here = min(count, len(self._pieces[self._piece]) - self._at)
            self._at += here
            count -= here
