"""A parser for the XML of workbooks that refuses unsafe documents.

Invariants:
- One pass, chunk by chunk, no entity is ever expanded: a document type declaration is refused.
- All XML is read as UTF-8 and its encoding declaration is ignored, as in the reader of the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from xml.parsers import expat

from harvest_async.errors import InvalidArgument

__all__ = ["Xml", "local", "read_attributes"]


_MOST_ELEMENTS: Final = 200_000
_LONGEST: Final = 1 << 19
"""Bytes of one tag or comment: an unfinished one is read again with each chunk."""


def local(name: str) -> str:
    """Return a name without its prefix."""
    return name.rpartition(":")[2] if ":" in name else name


class Xml:
    """Reads XML in chunks.

    Args:
        what: the part, for messages.
        start: is given each element's name as written, and its attributes as a flat list of names and values.
        end: is given the name of each element that ends.
        text: is given text between elements.
    """

    def __init__(
        self,
        what: str,
        start: Callable[[str, list[str]], None] | None = None,
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._what = what
        self._begun = False
        self._fed = 0
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        if start is not None:
            parser.StartElementHandler = start
        if end is not None:
            parser.EndElementHandler = end
        if text is not None:
            parser.CharacterDataHandler = text

    def feed(self, chunk: bytes) -> None:
        """Read a chunk.

        Raises:
            InvalidArgument: it is no XML.
        """
        if not self._begun and chunk:
            self._begun = True
            if b"\0" in chunk[:4] or chunk.startswith((b"\xfe\xff", b"\xff\xfe")):
                raise InvalidArgument(f"the workbook is damaged: its part {self._what} is no whole XML in UTF-8")
        self._parse(chunk, final=False)
        self._fed += len(chunk)
        if self._fed - self._parser.CurrentByteIndex > _LONGEST:
            raise InvalidArgument(f"the workbook's part {self._what} has a single element of more than 512 KiB")

    def close(self) -> None:
        """Read the end.

        Raises:
            InvalidArgument: the XML ends early.
        """
        self._parse(b"", final=True)

    def _parse(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            raise InvalidArgument(f"the workbook is damaged: its part {self._what} is no whole XML: {error}") from error

    def _refuse(self, *_: Any) -> None:
        raise InvalidArgument(f"the workbook's part {self._what} declares a document type, which no workbook needs")


def read_attributes(what: str, chunks: Iterable[bytes]) -> list[tuple[str, dict[str, str]]]:
    """Return all elements of a short part: names and attributes without their prefixes."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: list[str]) -> None:
        if len(found) >= _MOST_ELEMENTS:
            raise InvalidArgument(f"the workbook's part {what} has more than {_MOST_ELEMENTS:,} elements")
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        found.append((local(name), {local(key): value for key, value in pairs}))

    xml = Xml(what, start)
    for chunk in chunks:
        xml.feed(chunk)
    xml.close()
    return found
