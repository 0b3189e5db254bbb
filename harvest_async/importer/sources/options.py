"""Options for reading a file, and what was detected about it.

The default of each option means "detect"; a value that is given is never overruled.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP
from typing import Final, Literal

from attrs import field, frozen

from harvest_async.importer.sources.kinds import Notice
from harvest_async.importer.sources.limits import Limits

__all__ = ["ROUNDINGS", "DateOrder", "Fill", "Found", "Options"]

DateOrder = Literal["dmy", "mdy", "ymd"]

ROUNDINGS: Final = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "up": ROUND_CEILING,
    "down": ROUND_FLOOR,
}
"""Modes of rounding hours to two decimals."""


@frozen
class Fill:
    """Values for empty cells; None leaves them empty."""

    client: str | None = None
    project: str | None = None
    task: str | None = None
    person: str | None = None
    category: str | None = None


@frozen(kw_only=True)
class Options:
    """Options for reading a file.

    Attributes:
        format: a name of `FORMATS`; `auto` detects it by the columns.
        columns: column -> field, for columns that no format knows; an empty field ignores the column.
        fill: values for empty cells.
        encoding, delimiter: detected if None.
        date_order: how 01/02/2026 is read; detected if None, and a problem if the file fits two orders.
        decimal: the decimal mark, "." or ","; detected if None.
        sheet: the sheet of a workbook (XLSX, ODS, XLS); the first with rows if None.
        rounding: one of `ROUNDINGS`.
        round_to: minutes to whose multiples hours are rounded first (15 for quarters of an hour); None for none.
        midnight: whether an entry that crosses midnight is kept on its first day, or split.
        file_zone, zone: IANA names: times in the file are in the first, and converted to the second; both or neither.
        zones: zones of individual people by e-mail address or name, instead of `zone`.
        people_by_email: whether people are identified by e-mail address alone; otherwise two names for one address, or
            two addresses for one name, are problems.
        long_days: whether one person may have more than 24 hours on a day.
        max_rows, max_cells, max_unpacked: limits of workbooks and of JSON arrays (see `Limits`).
    """

    format: str = "auto"
    columns: Mapping[str, str] = field(factory=dict)
    fill: Fill = Fill()
    encoding: str | None = None
    delimiter: str | None = None
    date_order: DateOrder | None = None
    decimal: Literal[".", ","] | None = None
    sheet: str | None = None
    rounding: str = "half-up"
    round_to: int | None = None
    midnight: Literal["keep", "split"] = "keep"
    file_zone: str | None = None
    zone: str | None = None
    zones: Mapping[str, str] = field(factory=dict)
    people_by_email: bool = False
    long_days: bool = False
    max_rows: int | None = None
    max_cells: int | None = None
    max_unpacked: int | None = None

    @property
    def limits(self) -> Limits:
        """The limits on the size of a file."""
        return Limits(self.max_rows, self.max_cells, self.max_unpacked)


@frozen(kw_only=True)
class Found:
    """What was detected about a file.

    Attributes:
        file: its name.
        format, title: the entry of `FORMATS` that it matches.
        container: `csv`, `xlsx`, `ods`, `xls` or `jsonl`.
        encoding: the text's encoding; empty for workbooks.
        bom: whether it begins with a byte order mark.
        delimiter: the field delimiter of a CSV file; empty for others.
        date_order: how its dates are read; None if no date could be read in two ways.
        decimal: its decimal mark; None if no number shows one.
        columns: the file's column for each field that is read.
        rows: the number of rows below the header.
        sha256: of the bytes, in hexadecimal.
        notices: remarks that stop nothing.
    """

    file: str
    format: str
    title: str
    container: str
    encoding: str
    bom: bool
    delimiter: str
    date_order: DateOrder | None
    decimal: str | None
    columns: Mapping[str, str]
    rows: int
    sha256: str
    notices: tuple[Notice, ...] = ()

    def describe(self) -> dict[str, str]:
        """Return what was detected as labels and texts."""
        marks = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
        orders = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
        shown = {
            "file": self.file,
            "format": self.title,
            "rows": str(self.rows),
            "encoding": f"{self.encoding}{' with byte order mark' if self.bom else ''}",
            "delimiter": marks.get(self.delimiter, self.delimiter),
            "dates": orders.get(self.date_order or "", ""),
            "decimal mark": {".": "point", ",": "comma"}.get(self.decimal or "", ""),
            "columns": ", ".join(f"{column} = {field}" for field, column in self.columns.items()),
        }
        return {what: text for what, text in shown.items() if text}
