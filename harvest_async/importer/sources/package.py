"""The parts of a ZIP package (XLSX, ODS), unpacked within limits.

Invariants:
- What a reader of sheets receives is a new package, composed of parts that were checked here byte for byte: an archive
  that two programs read in two ways is read in one.
- The size is checked by the directory first, then while unpacking.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Final, Self

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.limits import Limits, only_invalid

__all__ = ["Package"]

_CHUNK: Final = 1 << 16
_MOST_PARTS: Final = 20_000
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1


class Package:
    """A ZIP file; a context manager.

    Args:
        stream: the file.
        limits: how many bytes all parts that are read may have together.

    Raises:
        InvalidArgument: it is no ZIP file, or two parts have the same name.
    """

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        self._limits = limits
        self._read = 0
        with only_invalid("the file is not a valid XLSX or ODS file: it"):
            self._zip = zipfile.ZipFile(stream)
        parts = self._zip.infolist()
        if len(parts) > _MOST_PARTS:
            raise InvalidArgument(f"the workbook has {len(parts):,} parts, more than the {_MOST_PARTS:,} that are read")
        self._parts = {_key(part.filename): part for part in parts}
        if len(self._parts) != len(parts):
            raise InvalidArgument("the workbook holds two parts with the same name: save it again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._parts

    def chunks(self, name: str) -> Iterator[bytes]:
        """Unpack one part.

        Raises:
            InvalidArgument: it is missing, damaged, encrypted, or too long.
        """
        part = self._parts.get(_key(name))
        if part is None:
            raise InvalidArgument(f"the workbook is damaged: its part {name} is missing")
        if part.flag_bits & _ENCRYPTED:
            raise InvalidArgument("the workbook is protected by a password: save it without one")
        if part.compress_type not in _METHODS:
            raise InvalidArgument(f"the workbook's part {name} is packed in a way that no spreadsheet program uses")
        self._limits.check_bytes("the unpacked workbook", self._read + part.file_size)
        self._limits.check_ratio(f"the workbook's part {name}", part.file_size, part.compress_size)
        with only_invalid(f"the workbook's part {name}"), self._zip.open(part) as unpacked:
            count = 0
            while chunk := unpacked.read(_CHUNK):
                self._read += len(chunk)
                count += len(chunk)
                self._limits.check_ratio(f"the workbook's part {name}", count, part.compress_size)
                self._limits.check_bytes("the unpacked workbook", self._read)
                yield chunk

    def copy(self, name: str, target: IO[bytes], look: Callable[[bytes], None]) -> None:
        """Unpack a part to a file, and let `look` see each chunk first."""
        for chunk in self.chunks(name):
            look(chunk)
            target.write(chunk)

    def resolve(self, base: str, target: str) -> str:
        """Return the name of the part that a relationship of another part means."""
        if target.startswith("/"):
            return target.lstrip("/")
        return posixpath.normpath(posixpath.join(posixpath.dirname(base), target))


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
