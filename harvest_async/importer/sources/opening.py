"""Open a file as a table: a workbook, Parquet, JSON or delimited text, by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import plain
from harvest_async.importer.sources.compound import SIGNATURE
from harvest_async.importer.sources.encodings import Text, find_encoding
from harvest_async.importer.sources.limits import guarded, only_invalid
from harvest_async.importer.sources.lines import JsonLines, json_shape
from harvest_async.importer.sources.nested import NestedTable, is_nested
from harvest_async.importer.sources.options import Options
from harvest_async.importer.sources.origin import Origin
from harvest_async.importer.sources.parquet import SIGNATURE as PARQUET
from harvest_async.importer.sources.parquet import ParquetTable
from harvest_async.importer.sources.sheets import SheetTable
from harvest_async.importer.sources.tables import CsvTable

__all__ = ["Table", "open_table", "records_of"]

Table = CsvTable | JsonLines | NestedTable | ParquetTable | SheetTable

_CHUNK: Final = 1 << 20
_PEEK: Final = 4096


def open_table(origin: Origin, options: Options) -> tuple[Table, str]:
    """Return the table of a file, and the SHA-256 of its content."""
    table, sha256 = _by_content(origin, options)
    return (NestedTable(table) if not isinstance(table, JsonLines) and is_nested(table.header) else table), sha256


def _by_content(origin: Origin, options: Options) -> tuple[CsvTable | JsonLines | ParquetTable | SheetTable, str]:
    with origin.opened() as stream:
        beginning = stream.read(8)
    if beginning.startswith((b"PK\x03\x04", b"PK\x05\x06", SIGNATURE[:4])):
        return SheetTable(origin, options.sheet, options.limits), _digest(origin)
    if options.sheet is not None:
        raise InvalidArgument(f"the file is no workbook and has no sheet {options.sheet!r}: leave --sheet out")
    if beginning.startswith(PARQUET):
        return ParquetTable(origin, options.limits), _digest(origin)
    with origin.opened() as stream:
        text, sha256 = find_encoding(stream, options.encoding)
    if shape := json_shape(_beginning(origin, text)):
        return JsonLines(origin, text, options.limits, shape=shape), sha256
    return CsvTable(origin, text, options.delimiter), sha256


def _digest(origin: Origin) -> str:
    digest = hashlib.sha256()
    with origin.opened() as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _beginning(origin: Origin, text: Text) -> str:
    """Return the first characters of a file, without blanks before them."""
    with origin.text(text) as stream:
        found = ""
        while len(found) < _PEEK and (piece := stream.read(_PEEK)):
            found = (found + piece).lstrip()
    return found


def records_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield the records of a file with their cells by the API's field names."""
    with only_invalid(path.name):
        table, _ = open_table(Origin(path), Options())
    with closing(table):
        names = [plain(name).replace(" ", "_") for name in table.header]
        for _, cells in guarded(table.records(), path.name):
            yield dict(zip(names, cells, strict=False))
