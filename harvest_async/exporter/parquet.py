"""Write Parquet files with pyarrow (extra `parquet`), in row groups of bounded size.

Types are those of the models: money and hours are decimals of ten places, times are in UTC, times of day are texts as
the API writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from harvest_async.exporter import records
from harvest_async.exporter.disk import Keep, durable

__all__ = ["ParquetFile"]

_GROUP: Final = 10_000


class ParquetFile:
    """Parquet (see `files.Writer`).

    Raises:
        ImportError: the extra is not installed.
    """

    def __init__(self, path: Path, model: type[Any], left_out: frozenset[str] = frozenset()) -> None:
        try:
            import pyarrow  # noqa: ICN001, PLC0415 - optional
            import pyarrow.parquet  # noqa: PLC0415
        except ImportError as error:
            message = "writing Parquet needs pyarrow: python -m pip install 'harvest-async[parquet]'"
            raise ImportError(message) from error
        self._arrow = pyarrow
        columns = records.columns(model, left_out)
        types = _types(pyarrow)
        self._plain: dict[str, Callable[[Any], Any]] = {name: _kept if kind in types else records.cell
                                                        for name, kind in columns.items()}  # fmt: skip
        fields = [(name, types.get(kind, pyarrow.string())) for name, kind in columns.items()]
        self._schema = pyarrow.schema([*fields, (records.EXTRA, pyarrow.string())])
        self._file = path.open("wb")
        self._writer = pyarrow.parquet.ParquetWriter(self._file, self._schema)
        self._rows: list[dict[str, Any]] = []

    def add(self, record: Any) -> None:
        """Append a record."""
        row = {name: plain(getattr(record, name)) for name, plain in self._plain.items()}
        self._put({**row, records.EXTRA: records.cell(record.extra) if record.extra else None})

    def take_over(self, old: Path, parent: str, keep: Keep) -> int:
        """Append rows of an older file; columns that it lacks are empty."""
        count = 0
        with self._arrow.parquet.ParquetFile(old) as file:
            for batch in file.iter_batches(_GROUP):
                for row in batch.to_pylist():
                    if keep(str(row.get("id", "")), str(row.get(parent, ""))):
                        self._put({name: row.get(name) for name in self._schema.names})
                        count += 1
        return count

    def _put(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []

    def close(self) -> None:
        """Flush everything to the disk, and close the file; also if a row can't be written."""
        with self._file:
            try:
                self._flush()
            finally:
                self._writer.close()
            durable(self._file)


def _types(arrow: Any) -> dict[type[Any], Any]:
    return {
        bool: arrow.bool_(),
        int: arrow.int64(),
        Decimal: arrow.decimal128(38, 10),
        datetime: arrow.timestamp("us", tz="UTC"),
        date: arrow.date32(),
    }


def _kept(value: Any) -> Any:
    return value
