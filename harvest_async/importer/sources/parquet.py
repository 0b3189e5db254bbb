"""Parquet files as tables of cells, read with pyarrow in batches (extra `[parquet]`).

Decimals lose the zeros that the file's type adds, and times are written with their offset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from harvest_async.codec.text import iso
from harvest_async.importer.sources.encodings import Text
from harvest_async.importer.sources.faults import Fault
from harvest_async.importer.sources.json_values import cell
from harvest_async.importer.sources.limits import Limits, only_invalid
from harvest_async.importer.sources.origin import Origin

__all__ = ["SIGNATURE", "ParquetTable"]

SIGNATURE: Final = b"PAR1"
"""The first bytes of a Parquet file."""
_BATCH: Final = 10_000


class ParquetTable:
    """A Parquet file; a line is the number of a row, counted from 2 as below a header.

    Attributes:
        header: the names of the columns.
        faults: line -> column (from 0) -> why the cell can't be read, of the current record.

    Raises:
        ImportError: the extra is not installed.
        InvalidArgument: the file can't be read.
    """

    container: Final = "parquet"
    typed: Final = True
    delimiter: Final = ""
    header_line: Final = 1

    def __init__(self, origin: Origin, limits: Limits) -> None:
        try:
            import pyarrow.parquet  # noqa: PLC0415 - optional
        except ImportError as error:
            message = "reading Parquet needs pyarrow: python -m pip install 'harvest-async[parquet]'"
            raise ImportError(message) from error
        self._parquet = pyarrow.parquet
        self._origin = origin
        self._limits = limits
        self.text = Text("utf-8")
        self.faults: Mapping[int, Mapping[int, Fault]] = MappingProxyType({})
        with ExitStack() as stack, only_invalid("the Parquet file"):
            self.header = list(map(str, self._opened(stack).schema_arrow.names))

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record with its line."""
        with ExitStack() as stack:
            line = self.header_line
            for batch in self._opened(stack).iter_batches(_BATCH):
                self._limits.check_bytes(f"a batch of {_BATCH:,} rows", batch.nbytes)
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    line += 1
                    yield line, self._cells(line, row)

    def _opened(self, stack: ExitStack) -> Any:
        stream = stack.enter_context(self._origin.opened())
        return self._parquet.ParquetFile(stream)

    def _cells(self, line: int, row: tuple[Any, ...]) -> list[str]:
        found = [cell(_plain(value)) for value in row]
        faults = {place: fault for place, (_, fault) in enumerate(found) if fault is not None}
        self.faults = {line: faults} if faults else {}
        return [text for text, _ in found]

    def close(self) -> None:
        """Do nothing: no resource is held."""


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Decimal):
        return format(value, "f").rstrip("0").rstrip(".") if value.as_tuple().exponent else format(value, "f")
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, datetime | date):
        return iso(value)
    if isinstance(value, time):
        return value.isoformat()
    return value
