"""Compound files, which hold the streams of .xls workbooks (MS-CFB).

Invariants:
- Chains of sectors are followed at most as far as the file is long: one that runs in a circle is refused.
- What a reader of sheets receives is a new compound file with one stream.
"""

from __future__ import annotations

import struct
from typing import Final

from harvest_async.errors import InvalidArgument

__all__ = ["SIGNATURE", "compose", "read_streams"]

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER: Final = 512
_LAST: Final = 0xFFFFFFFA
"""The first of the numbers that mean something else than a sector."""
_END: Final = 0xFFFFFFFE
_FAT: Final = 0xFFFFFFFD
_FREE: Final = 0xFFFFFFFF
_SHIFTS: Final = (9, 12)
_ENTRY: Final = 128
_STREAM: Final = 2
_ROOT: Final = 5
_MINI: Final = 64
_SECTOR: Final = 4096
_DAMAGED: Final = "the workbook is damaged: its sectors don't fit together"


def read_streams(content: bytes, wanted: tuple[str, ...]) -> tuple[set[str], bytes | None]:
    """Return the names of all streams, and the first of the wanted ones.

    Raises:
        InvalidArgument: it is not a complete compound file.
    """
    try:
        return _Compound(content).read(wanted)
    except (struct.error, IndexError) as error:
        raise InvalidArgument(_DAMAGED) from error


class _Compound:
    def __init__(self, content: bytes) -> None:
        self._content = content
        shift = struct.unpack_from("<H", content, 30)[0]
        if shift not in _SHIFTS:
            raise InvalidArgument(_DAMAGED)
        self._size = 1 << shift
        sectors = [each for each in struct.unpack_from("<109I", content, 76) if each < _LAST]
        following = struct.unpack_from("<I", content, 68)[0]
        seen = 0
        while following < _LAST:
            table = self._numbers(self._sector(following))
            sectors += [each for each in table[:-1] if each < _LAST]
            following, seen = table[-1], seen + 1
            self._check(seen)
        self._check(len(sectors))
        self._table = [number for each in sectors for number in self._numbers(self._sector(each))]

    def read(self, wanted: tuple[str, ...]) -> tuple[set[str], bytes | None]:
        """Read the directory, and a stream."""
        cutoff = struct.unpack_from("<I", self._content, 56)[0]
        directory = self._chain(struct.unpack_from("<I", self._content, 48)[0])
        entries = [directory[at : at + _ENTRY] for at in range(0, len(directory) - _ENTRY + 1, _ENTRY)]
        root = next((each for each in entries if each[66] == _ROOT), None)
        named = {_name(each): each for each in entries if each[66] == _STREAM}
        found = next((named[name] for name in wanted if name in named), None)
        if found is None:
            return set(named), None
        first, length = struct.unpack_from("<II", found, 116)
        if length < cutoff and root is not None:
            return set(named), self._mini(first, length, root)
        return set(named), self._chain(first)[:length]

    def _mini(self, first: int, length: int, root: bytes) -> bytes:
        """Return a stream of small sectors."""
        body = self._chain(struct.unpack_from("<I", root, 116)[0])
        table = self._numbers(self._chain(struct.unpack_from("<I", self._content, 60)[0]))
        parts: list[bytes] = []
        while first < _LAST:
            parts.append(body[first * _MINI : (first + 1) * _MINI])
            first = table[first]
            if len(parts) > len(table):
                raise InvalidArgument(_DAMAGED)
        return b"".join(parts)[:length]

    def _chain(self, first: int) -> bytes:
        parts: list[bytes] = []
        while first < _LAST:
            parts.append(self._sector(first))
            first = self._table[first]
            self._check(len(parts))
        return b"".join(parts)

    def _sector(self, number: int) -> bytes:
        begin = max(self._size, _HEADER) + number * self._size
        sector = self._content[begin : begin + self._size]
        if not sector:
            raise InvalidArgument(_DAMAGED)
        return sector.ljust(self._size, b"\0")

    def _numbers(self, sector: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(sector) // 4}I", sector)

    def _check(self, sectors: int) -> None:
        if sectors > len(self._content) // self._size + 1:
            raise InvalidArgument(_DAMAGED)


def _name(entry: bytes) -> str:
    length = min(struct.unpack_from("<H", entry, 64)[0], 64)
    return entry[: max(length - 2, 0)].decode("utf-16-le", "replace")


def compose(name: str, stream: bytes) -> bytes:
    """Return a compound file with one stream."""
    sectors = -(-max(len(stream), _SECTOR) // _SECTOR)
    per = _SECTOR // 4
    tables = -(-(sectors + 1) // (per - 1))
    chain = [*range(1, sectors), _END, _END, *[_FAT] * tables]
    chain += [_FREE] * (tables * per - len(chain))
    header = SIGNATURE + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 4, 0xFFFE, 12, 6)
    header += struct.pack("<IIIIIIIII", 1, tables, sectors, 0, _SECTOR, _END, 0, _END, 0)
    places = [*range(sectors + 1, sectors + 1 + tables), *[_FREE] * (109 - tables)]
    header += struct.pack("<109I", *places)
    directory = _entry("Root Entry", _ROOT, 1, 0, 0) + _entry(name, _STREAM, _FREE, 0, sectors * _SECTOR)
    body = stream.ljust(sectors * _SECTOR, b"\0") + directory.ljust(_SECTOR, b"\0")
    return header.ljust(_SECTOR, b"\0") + body + struct.pack(f"<{len(chain)}I", *chain)


def _entry(name: str, kind: int, child: int, first: int, length: int) -> bytes:
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, kind, 1)
    return head + struct.pack("<III", _FREE, _FREE, child) + bytes(36) + struct.pack("<IQ", first, length)
