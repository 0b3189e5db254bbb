"""Access to the bytes of a file that is read several times.

This is the only module that opens input files. A file is never held whole in memory; a stream that can't be read twice
(a pipe) is copied to a temporary file first.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.encodings import Text

__all__ = ["Origin"]

_CHUNK: Final = 1 << 20


class Origin:
    """A file that can be read several times.

    Args:
        where: a path, or a stream of bytes; a stream that can't be sought is copied to a temporary file.
        name: the name in messages.
    """

    def __init__(self, where: str | os.PathLike[str] | BinaryIO, name: str | None = None) -> None:
        self.path = Path(where) if isinstance(where, str | os.PathLike) else None
        self._stream: BinaryIO | None = None
        self._own = False
        if not isinstance(where, str | os.PathLike):
            self._stream, self._own = _seekable(where)
        given = getattr(self._stream, "name", None)
        self.name = name or (self.path.name if self.path else given if isinstance(given, str) else "input")

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the bytes from the beginning.

        Raises:
            InvalidArgument: the file can't be opened.
        """
        if self._stream is not None:
            self._stream.seek(0)
            yield self._stream
            return
        try:
            stream = Path(self.path or "").open("rb")  # noqa: SIM115 - closed by the with statement below
        except OSError as error:
            raise InvalidArgument(f"{self.path}: {error.strerror or error}") from error
        with stream:
            yield stream

    @contextmanager
    def text(self, how: Text) -> Iterator[TextIO]:
        """Open the text from the beginning, line breaks unchanged."""
        with self.opened() as stream:
            wrapper = io.TextIOWrapper(stream, encoding=how.encoding, newline="")
            try:
                if how.marks:
                    wrapper.read(how.marks)
                yield wrapper
            finally:
                wrapper.detach()

    def close(self) -> None:
        """Close the temporary file, if there is one."""
        if self._own and self._stream is not None:
            self._stream.close()


def _seekable(stream: BinaryIO) -> tuple[BinaryIO, bool]:
    if stream.seekable():
        return stream, False
    buffer = tempfile.TemporaryFile()  # noqa: SIM115 - closed by Origin.close
    shutil.copyfileobj(stream, buffer, _CHUNK)
    return buffer, True
