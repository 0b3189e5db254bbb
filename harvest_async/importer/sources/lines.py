"""JSON Lines, JSON arrays of records, and pages of API v2, with the field names of the API.

Invariants:
- Each iteration reads the file anew. Records become cells under the names of all fields that occur, and are then read
  like a table; their numbers and dates can be read in one way only.
- A record may be wrapped in an object with its singular name, as API v1 does. References and line items of API v2
  become cells (`nested`).
- A cell that holds any other object, or a list, is a fault of that cell, never a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import KINDS
from harvest_async.importer.sources.encodings import Text
from harvest_async.importer.sources.faults import Fault
from harvest_async.importer.sources.json_values import cell, decoder, fault_of_text
from harvest_async.importer.sources.limits import Limits
from harvest_async.importer.sources.nested import flat
from harvest_async.importer.sources.origin import Origin

__all__ = ["JsonLines", "json_shape"]

_SHOWN: Final = 60
_MOST_FIELDS: Final = 2_000
_CHUNK: Final = 1 << 16
_BLANK: Final = re.compile(r"[\s]*")
LISTS: Final = frozenset({*KINDS, "users"})
"""The names of the lists of records in pages."""
_ARRAY: Final = re.compile(r"\[\s*(?:[{\]]|$)")
_PAGE: Final = re.compile(
    rf'\{{\s*"(?:(?:{"|".join(sorted(LISTS))})"\s*:\s*\[|(?:links|page|per_page|total_pages|total_entries)"\s*:)'
)


def json_shape(beginning: str) -> str:
    """Return how records are written in a file: `lines`, `array` or `pages`; empty if it is not JSON.

    Args:
        beginning: the first characters of the file.
    """
    text = beginning.lstrip()
    if _ARRAY.match(text):
        return "array"
    if _PAGE.match(text):
        return "pages"
    return "lines" if text.startswith("{") else ""


class JsonLines:
    """A file of records.

    Attributes:
        header: the names of all fields, in the order in which they come up.
        root: the name that wraps each record, or that of the list in a page; empty if there is none.
        nested: whether records hold references to others with their ids (see `Cells`).
        faults: line -> column (from 0) -> why the cell can't be read, of the current record.
    """

    container: Final = "jsonl"
    typed: Final = True
    delimiter: Final = ""
    header_line: Final = 1

    def __init__(self, origin: Origin, text: Text, limits: Limits | None = None, *, shape: str = "lines") -> None:
        self._origin = origin
        self._shape = shape
        self._limits = limits or Limits()
        self.text = text
        self.faults: dict[int, dict[int, Fault]] = {}
        names: dict[str, None] = {}
        roots: set[str] = set()
        self.nested = False
        for line, root, raw in self._all():
            roots.add(root)
            record = flat(raw)
            self.nested = self.nested or record is not raw
            names.update(dict.fromkeys(record))
            if len(names) > _MOST_FIELDS:
                raise InvalidArgument(f"line {line}: the records have more than {_MOST_FIELDS:,} different fields")
        if bad := next((name for name in names if fault_of_text(name)), None):
            raise InvalidArgument(f"the field {bad!r} has a name that can't be sent")
        self.header = list(names)
        self.root = roots.pop() if len(roots) == 1 else ""

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record with its line."""
        places = {name: place for place, name in enumerate(self.header)}
        blank = [""] * len(places)
        for line, _, raw in self._all():
            cells, faults = blank.copy(), {}
            for name, value in flat(raw).items():
                place = places[name]
                cells[place], fault = cell(value)
                if fault is not None:
                    faults[place] = fault
            self.faults = {line: faults} if faults else {}
            yield line, cells

    def close(self) -> None:
        """Do nothing: no resource is held."""

    def _all(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        with self._origin.text(self.text) as text:
            if self._shape == "pages":
                yield from _Reader(text, self._limits).pages()
                return
            for line, record in self._values(text):
                root, inner = _unwrap(record)
                yield line, root, inner

    def _values(self, text: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._shape == "array":
            yield from _Reader(text, self._limits).array()
            return
        for line, content in enumerate(text, 1):
            if content.strip():
                yield line, _record(line, content)


class _Reader:
    """Reads the records of one JSON document one after the other; only the current one is held.

    Args:
        text: the file.
        limits: the maximum length of a record.
    """

    def __init__(self, text: TextIO, limits: Limits) -> None:
        self._text = text
        self._limits = limits
        self._held = ""
        self._line = 1
        self._at = self._counted = 0

    def array(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each record of an array with the line on which it begins."""
        yield from self._list()
        if rest := self._next():
            raise InvalidArgument(f"line {self._count()}: there is {rest!r} behind the end of the JSON array")

    def pages(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield the records of pages of API v2, each with its line and the name of its list."""
        while self._next():
            yield from self._page()

    def _page(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        line = self._count()
        self._expect(self._next(), "{")
        separator, is_list = "{", False
        while separator != "}":
            self._at += 1
            if (letter := self._next()) != '"':
                self._expect(letter, '"')
            name = self._value()
            self._expect(self._next(), ":")
            if name in LISTS and self._next() == "[":
                is_list = True
                for place, record in self._list():
                    yield place, name, record
            else:
                self._next()
                self._value()
            separator = self._next()
            if separator not in {",", "}"}:
                self._expect(separator, "}")
        self._at += 1
        if not is_list:
            raise InvalidArgument(f"line {line}: the page has no list of records: {', '.join(sorted(LISTS))}")

    def _list(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each record of the array that begins here."""
        self._expect(self._next(), "[")
        first = True
        while (letter := self._next()) != "]":
            if not first:
                self._expect(letter, ",")
                letter = self._next()
            first = False
            self._expect(letter, "{")
            line, record = self._count(), self._value()
            if not isinstance(record, dict):
                raise InvalidArgument(f"line {line}: no JSON object")
            yield line, record
        self._at += 1

    def _next(self) -> str:
        """Go to the next letter that is not blank; empty at the end of the file."""
        while True:
            self._at = _end_of_blank(self._held, self._at)
            if self._at < len(self._held) or not self._more(_CHUNK):
                return self._held[self._at : self._at + 1]

    def _expect(self, letter: str, wanted: str) -> None:
        if letter != wanted:
            shown = f"{letter!r} was found" if letter else "the file ends"
            raise InvalidArgument(f"line {self._count()}: no JSON array of records: {wanted!r} is needed, {shown}")
        if wanted != "{":
            self._at += 1

    def _value(self) -> Any:
        """Read the value that begins here."""
        size = _CHUNK
        while True:
            try:
                value, end = decoder.raw_decode(self._held, self._at)
            except (ValueError, RecursionError) as error:
                self._limits.check_bytes("a record of the JSON array", len(self._held))
                if not isinstance(error, json.JSONDecodeError) or not self._more(size):
                    raise InvalidArgument(f"line {self._line}: no JSON: {_reason(error)}") from None
                size *= 4
                continue
            if end == len(self._held) and self._more(size):
                continue  # a number may go on
            self._at = end
            return value

    def _more(self, size: int) -> bool:
        """Read more text; return whether there was any."""
        chunk = self._text.read(size)
        if chunk:
            self._count()
            self._held = self._held[self._at :] + chunk
            self._at = self._counted = 0
        return bool(chunk)

    def _count(self) -> int:
        """Return the current line."""
        self._line += self._held.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _end_of_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _record(line: int, content: str) -> dict[str, Any]:
    try:
        record = decoder.decode(content)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"line {line}: no JSON: {_reason(error)}; begins with {content[:_SHOWN]!r}") from None
    if not isinstance(record, dict):
        raise InvalidArgument(f"line {line}: no JSON object: {content[:_SHOWN].strip()!r}")
    return record


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (character {error.pos + 1})"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _unwrap(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if len(record) == 1:
        ((root, inner),) = record.items()
        if isinstance(inner, dict):
            return root, inner
    return "", record
