"""A response's body while it is read: in memory while it is small, else in a temporary file.

Notes:
- Bytes only, and nothing is awaited. A large body can be read in chunks, any number of times.
- The owner of a `BodyBuffer` closes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Final, Self

__all__ = ["IN_MEMORY", "BodyBuffer"]

IN_MEMORY: Final = 1024 * 1024
"""The largest body, in bytes, that is kept in memory."""


class BodyBuffer:
    """A body to which bytes are added."""

    __slots__ = ("_file", "size")

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - `close` closes it
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Add a chunk at the end."""
        self._file.write(chunk)
        self.size += len(chunk)

    def read(self, most: int = -1) -> bytes:
        """Return the first `most` bytes; all by default."""
        self._file.seek(0)
        return self._file.read(most)

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield all bytes, in chunks of a size."""
        for place in range(0, self.size, size):
            self._file.seek(place)
            yield self._file.read(size)

    def close(self) -> None:
        """Discard the bytes."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
