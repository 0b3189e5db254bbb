"""The body of an answer while it is read: in memory as long as it is small, in a temporary file beyond.

Rules of this room: bytes only, and nothing is awaited. A body that is too large to be held can be gone through in
chunks as often as one likes; whoever is given a `BodyBuffer` closes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Final, Self

__all__ = ["IN_MEMORY", "BodyBuffer"]

IN_MEMORY: Final = 1024 * 1024
"""Bytes that a body may have before it goes into a file."""


class BodyBuffer:
    """Bytes, put in one after the other."""

    __slots__ = ("_file", "size")

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever holds the spool closes it
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Put a chunk at the end."""
        self._file.write(chunk)
        self.size += len(chunk)

    def read(self, most: int = -1) -> bytes:
        """The bytes from the beginning, `most` of them; all by default."""
        self._file.seek(0)
        return self._file.read(most)

    def chunks(self, size: int) -> Iterator[bytes]:
        """All bytes, in chunks of a size."""
        for place in range(0, self.size, size):
            self._file.seek(place)
            yield self._file.read(size)

    def close(self) -> None:
        """Forget the bytes."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
