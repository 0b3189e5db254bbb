"""CSV files.

Each iteration reads the file anew and holds one record. A record is returned with the line on which it begins; quoted
cells may hold line breaks.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final, TextIO

from harvest_async.errors import InvalidArgument
from harvest_async.formulas import unescape_all
from harvest_async.importer.sources.encodings import Text
from harvest_async.importer.sources.faults import Fault
from harvest_async.importer.sources.origin import Origin

__all__ = ["CsvTable"]

_DELIMITERS: Final = (",", ";", "\t", "|")
_HINT: Final = "sep="


class CsvTable:
    """A CSV file.

    Attributes:
        header: the cells of its first record that is not blank.
        header_line: the line on which the header begins.
        delimiter: the field delimiter.
    """

    container: Final = "csv"
    typed: Final = False
    faults: Mapping[int, Mapping[int, Fault]] = MappingProxyType({})

    def __init__(self, origin: Origin, text: Text, delimiter: str | None = None) -> None:
        self._origin = origin
        self.text = text
        self._skip, hint = self._hinted()
        self.delimiter = delimiter or hint or self._most_cells()
        first = next(self._all(), None)
        if first is None:
            raise InvalidArgument("the file is empty")
        self.header_line, self.header = first

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record below the header with its line; blank records are skipped.

        Raises:
            InvalidArgument: a quote is not closed, or a cell is too long.
        """
        return islice(self._all(), 1, None)

    def close(self) -> None:
        """Do nothing: no resource is held."""

    def _all(self) -> Iterator[tuple[int, list[str]]]:
        begin = 1 + self._skip
        with self._origin.text(self.text) as text:
            reader = csv.reader(_after(text, self._skip), delimiter=self.delimiter, strict=True)
            try:
                for cells in reader:
                    if any(cells) and any(map(str.strip, cells)):
                        yield begin, unescape_all(cells)
                    begin = reader.line_num + 1 + self._skip
            except csv.Error as error:
                raise InvalidArgument(f"line {begin}: {_why(error)}") from error

    def _hinted(self) -> tuple[int, str | None]:
        """Return the number of lines to skip and the delimiter, if the first line names it as Excel does."""
        with self._origin.text(self.text) as text:
            first = text.readline(16).rstrip("\r\n")
        named = len(first) == len(_HINT) + 1 and first.lower().startswith(_HINT)
        return (1, first[-1]) if named else (0, None)

    def _most_cells(self) -> str:
        """Return the delimiter that splits the header into the most cells."""

        def cells(delimiter: str) -> int:
            with self._origin.text(self.text) as text:
                try:
                    return max(map(len, islice(filter(None, csv.reader(text, delimiter=delimiter)), 1)), default=0)
                except csv.Error:
                    return 0

        return max(_DELIMITERS, key=cells)


def _after(text: TextIO, skip: int) -> Iterator[str]:
    return islice(text, skip, None) if skip else iter(text)


def _why(error: csv.Error) -> str:
    text = str(error)
    if "field limit" in text:
        return f"a cell has more than {csv.field_size_limit():,} characters: is a quote left open?"
    if "unexpected end" in text:
        return f"the file is no table from here on: a quote that is opened here is never closed ({text})"
    return f"the file is no table from here on: {text}"
