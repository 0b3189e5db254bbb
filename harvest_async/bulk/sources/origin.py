"""Where the bytes of a file come from, and in which encoding they are.

Rules of this room: the only one that opens files. A file is read as often as it takes, never held whole; what can't be
read twice (a pipe) goes to a temporary file first.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from attrs import frozen

from harvest_async.errors import InvalidArgument

__all__ = ["Origin", "Text", "find_encoding"]

_CHUNK: Final = 1 << 20
_FOREIGN: Final = {
    b"%PDF": "a PDF: export it as CSV",
    b"\x1f\x8b": "compressed: unpack it first",
}


@frozen
class Text:
    """How bytes become text."""

    encoding: str
    bom: bool = False


class Origin:
    """A file that can be read again and again.

    Args:
        where: a path, or a stream of bytes; a stream that can't be sought is copied to a temporary file.
        name: what to call it in messages.
    """

    def __init__(self, where: str | os.PathLike[str] | BinaryIO, name: str | None = None) -> None:
        self.path = Path(where) if isinstance(where, str | os.PathLike) else None
        self._stream: BinaryIO | None = None
        self._own = False
        if not isinstance(where, str | os.PathLike):
            self._stream, self._own = _seekable(where)
        told = getattr(self._stream, "name", None)
        self.name = name or (self.path.name if self.path else told if isinstance(told, str) else "input")

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The bytes from the beginning.

        Raises:
            InvalidArgument: the file can't be opened.
        """
        if self._stream is not None:
            self._stream.seek(0)
            yield self._stream
            return
        try:
            stream = Path(self.path or "").open("rb")  # noqa: SIM115 - what follows the try closes it
        except OSError as error:
            raise InvalidArgument(f"{self.path}: {error.strerror or error}") from error
        with stream:
            yield stream

    @contextmanager
    def text(self, how: Text) -> Iterator[TextIO]:
        """The text from the beginning, line breaks as they are."""
        with self.opened() as stream:
            wrapper = io.TextIOWrapper(stream, encoding=how.encoding, newline="")
            try:
                yield wrapper
            finally:
                wrapper.detach()

    def close(self) -> None:
        """Give the temporary file back, if there is one."""
        if self._own and self._stream is not None:
            self._stream.close()


def _seekable(stream: BinaryIO) -> tuple[BinaryIO, bool]:
    if stream.seekable():
        return stream, False
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by Origin.close
    shutil.copyfileobj(stream, spool, _CHUNK)
    return spool, True


def find_encoding(origin: Origin, given: str | None) -> tuple[Text, str]:
    """The encoding of a text file, and the SHA-256 of its bytes; with `given` it is only checked.

    Raises:
        InvalidArgument: it is no text in a known encoding.
    """
    with origin.opened() as stream:
        head = stream.read(4)
        _refuse(head)
        utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        bom = utf16 or head.startswith(codecs.BOM_UTF8)
        candidates = [given] if given else ["utf-16"] if utf16 else ["utf-8", "cp1252"]
        stream.seek(0)
        decoders = {name: _decoder(name) for name in candidates}
        digest, blank = hashlib.sha256(), True
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            decoders = {name: decoder for name, decoder in decoders.items() if _takes(decoder, chunk)}
            blank = blank and not chunk.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
            if b"\x00" in chunk and not utf16 and not given:
                decoders.clear()
    decoders = {name: decoder for name, decoder in decoders.items() if _takes(decoder, b"", final=True)}
    if blank:
        raise InvalidArgument("the file is empty")
    if not decoders:
        wanted = f"in {given}" if given else "in UTF-8, UTF-16 or Windows-1252"
        raise InvalidArgument(f"the file is no text {wanted}: export it as CSV again, or name its --encoding")
    name = next(iter(decoders))
    return Text("utf-8-sig" if name == "utf-8" and bom else name, bom), digest.hexdigest()


def _refuse(head: bytes) -> None:
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise InvalidArgument(f"the file is {what}")


def _decoder(name: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(name)("strict")
    except LookupError as error:
        raise InvalidArgument(f"{name!r} is no encoding that is known: utf-8, cp1252, iso-8859-2 and so on") from error


def _takes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
