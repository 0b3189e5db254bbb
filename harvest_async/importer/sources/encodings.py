"""Detection of the encoding of a text file.

Invariants:
- A file that is UTF-8 apart from a few bytes is refused with the line of the first of them, never read as another
  encoding: every other letter beyond ASCII would be wrong.
- An encoding that is given is never overruled.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from attrs import frozen

from harvest_async.errors import InvalidArgument

__all__ = ["Text", "find_encoding"]

_CHUNK: Final = 1 << 20
_MARK: Final = "\ufeff"
_MOST_MARKS: Final = 16
_HEAD: Final = 256
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN: Final = {
    b"%PDF": "a PDF: export the data as CSV",
    b"\x1f\x8b": "compressed: unpack it first",
}
_NO_TEXT: Final = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
"""Codecs of Python that are not encodings of files."""
_WIDE: Final = 3
_ESCAPED: Final = 0xDC00
_STRAY: Final = re.compile("[\udc80-\udcff]")
"""A byte that is not UTF-8."""
_SURE: Final = re.compile("[\x80-\xff\u0800-\ud7ff\ue000-\ufefe\uff00-\U0010ffff]")
"""Letters whose UTF-8 bytes are implausible as Windows-1252."""
_LIKELY: Final = re.compile("[\u0100-\u07bf]")
"""Letters whose bytes are, in Windows-1252, a capital with a quotation mark or a dash behind it: rare, but possible."""


@frozen
class Text:
    """The encoding of a file.

    Attributes:
        encoding: a codec's name.
        bom: whether there is a byte order mark.
        marks: characters at the beginning to skip: byte order marks that the codec leaves in the text.
    """

    encoding: str
    bom: bool = False
    marks: int = 0


def find_encoding(stream: BinaryIO, given: str | None) -> tuple[Text, str]:
    """Return the encoding of a text file, and the SHA-256 of its bytes; with `given` it is only checked.

    Raises:
        InvalidArgument: it is not text in a known encoding.
    """
    head = stream.read(_HEAD)
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise InvalidArgument(f"the file is {what}")
    by_mark = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    names = [given] if given else [by_mark] if by_mark else ["utf-8", "cp1252"]
    stream.seek(0)
    readers = [_Reader(name) for name in names]
    digest, blank = hashlib.sha256(), True
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        blank = blank and not chunk.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
        for reader in readers:
            reader.read(chunk)
    if blank:
        raise InvalidArgument("the file is empty")
    for reader in readers:
        reader.read(b"", final=True)
    fitting = next((reader for reader in readers if reader.error is None), None)
    if fitting is None or (fitting.name == "cp1252" and not given):
        stream.seek(0)
        _refuse_mixture(stream, given or names[0])
    if fitting is None:
        raise InvalidArgument(_unfit(readers[0], head, given))
    _refuse_nul(fitting, head, given)
    # utf-8-sig, utf-16 and utf-32 take the first mark away themselves
    marks = fitting.marks - (1 if by_mark == "utf-8" and fitting.name == "utf-8" else 0)
    name = "utf-8-sig" if fitting.name == "utf-8" and by_mark == "utf-8" else fitting.name
    return Text(name, by_mark is not None or fitting.marks > 0, max(marks, 0)), digest.hexdigest()


class _Reader:
    """Checks whether a file can be decoded.

    Attributes:
        name: the encoding.
        error: why it can't be decoded.
        line: the line that is being read.
        nul: the line of the first NUL character; 0 where there is none.
        marks: byte order marks at the beginning of the text.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.error: UnicodeError | None = None
        self.line = 1
        self.nul = self.marks = 0
        self._decoder = _decoder(name)
        self._begun = False

    def read(self, chunk: bytes, *, final: bool = False) -> None:
        """Decode a piece of the file."""
        if self.error is not None:
            return
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeError as error:
            self.error = error
            return
        if not isinstance(text, str):
            raise InvalidArgument(f"{self.name!r} is no encoding of text: write utf-8, cp1252, iso-8859-2 and so on")
        if text and not self._begun:
            self._begun = True
            bare = text.lstrip(_MARK)
            self.marks = len(text) - len(bare)
            if self.marks > _MOST_MARKS:
                raise InvalidArgument(f"the file begins with {self.marks:,} byte order marks: remove them")
        if not self.nul and "\0" in text:
            self.nul = self.line + text[: text.index("\0")].count("\n")
        self.line += text.count("\n")


def _decoder(name: str) -> codecs.IncrementalDecoder:
    try:
        found = codecs.lookup(name)
        decoder = codecs.getincrementaldecoder(name)("strict")
    except (LookupError, ValueError, TypeError, UnicodeError) as error:
        raise InvalidArgument(f"{name!r} is no encoding that is known: utf-8, cp1252, iso-8859-2 and so on") from error
    text = getattr(found, "_is_text_encoding", True)
    if not text or found.name.replace("-", "_") in _NO_TEXT:
        raise InvalidArgument(f"{name!r} is no encoding of text: write utf-8, cp1252, iso-8859-2 and so on")
    return decoder


def _unfit(reader: _Reader, head: bytes, given: str | None) -> str:
    """Return why a file can't be decoded."""
    wide = _width(head)
    if given and "BOM" in str(reader.error):
        return (
            f"the file has no byte order mark, so that {given} can't be read: give --encoding {given}-le or {given}-be"
        )
    if wide:
        return f"the file is no text in {given or 'UTF-8'}; it looks like {wide}: give --encoding {wide}"
    wanted = f"in {given}" if given else "in UTF-8, UTF-16 or Windows-1252"
    where = f" (line {reader.line} or below: {reader.error})" if given else ""
    return f"the file is no text {wanted}{where}: export it as CSV again, or name its --encoding"


def _refuse_nul(reader: _Reader, head: bytes, given: str | None) -> None:
    if not reader.nul:
        return
    if wide := _width(head):
        raise InvalidArgument(
            f"the file is no text in {given or 'UTF-8'}; it looks like {wide}: give --encoding {wide}"
        )
    raise InvalidArgument(
        f"line {reader.nul}: the file is no text: there is a NUL character (a byte 0) on this line: remove it, or "
        "export the file again"
    )


def _width(head: bytes) -> str:
    """Return the UTF-16 variant that the zero bytes show, for a file without a byte order mark; empty if none."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half >= _WIDE and odd * 2 > half and even * 8 < half:
        return "utf-16-le"
    return "utf-16-be" if half >= _WIDE and even * 2 > half and odd * 8 < half else ""


def _refuse_mixture(stream: BinaryIO, name: str) -> None:
    """Refuse a file in which some letters are UTF-8 and some are not.

    Raises:
        InvalidArgument: it is one; the message has the first line that is not UTF-8.
    """
    if codecs.lookup(name).name not in ("utf-8", "utf-8-sig"):
        return
    first: tuple[int, int] | None = None
    sure, likely, foreign = False, 0, 0
    for number, line in _lines(stream):
        if line.isascii():
            continue
        text = line.decode("utf-8", "surrogateescape")
        strays = _STRAY.findall(text)
        first = first or ((number, ord(strays[0]) - _ESCAPED) if strays else None)
        foreign += len(strays)
        sure = sure or _SURE.search(text) is not None
        likely += len(_LIKELY.findall(text))
    if first and (sure or likely >= foreign):
        raise InvalidArgument(
            f"line {first[0]}: the byte 0x{first[1]:02x} is not UTF-8, and other letters of the file are: correct this "
            "line, or name the encoding of the whole file with --encoding (cp1252 for Windows)"
        )


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    for part in stream:
        for line in part.splitlines():
            number += 1
            yield number, line
