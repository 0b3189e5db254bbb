"""Readers of import files: exports of time trackers, of Harvest and spreadsheets become typed rows.

    with open_source("export.csv", Options(fill=Fill(client="ACME"))) as source:
        for found in source.found:
            print(found.describe())
        for item in source:
            ...

Invariants:

- Only `origin`, which opens files, and the readers of workbooks perform I/O.
- Encoding, delimiter, date order and decimal mark are decided for the whole file before its first row is returned, and
  are reported in `Source.found`.
- A value that can be read in two ways is a problem until an option decides it; it is never guessed.
- Each bad cell is reported with its file, line, row, column, text and reason.
- Memory holds one row, the people and their daily totals, and caches of fixed size.
"""

from harvest_async.importer.sources.columns import KINDS, Kind
from harvest_async.importer.sources.fieldlist import FieldInfo, fields_of
from harvest_async.importer.sources.findings import Findings, Unfit, examine
from harvest_async.importer.sources.formats import FORMATS, Format
from harvest_async.importer.sources.kinds import (
    AnyRow,
    CategoryRow,
    ClientRow,
    ContactRow,
    ExpenseRow,
    InvoiceRow,
    ItemCategoryRow,
    MessageRow,
    Notice,
    PaymentRow,
    PersonRow,
    Problem,
    ProjectRow,
    TaskLinkRow,
    TaskRow,
    TimeRow,
    UserLinkRow,
)
from harvest_async.importer.sources.mapping import mapped, read_mapping
from harvest_async.importer.sources.options import ROUNDINGS, DateOrder, Fill, Found, Options
from harvest_async.importer.sources.source import Source, mapping_for, open_source

__all__ = [
    "FORMATS",
    "KINDS",
    "ROUNDINGS",
    "AnyRow",
    "CategoryRow",
    "ClientRow",
    "ContactRow",
    "DateOrder",
    "ExpenseRow",
    "FieldInfo",
    "Fill",
    "Findings",
    "Format",
    "Found",
    "InvoiceRow",
    "ItemCategoryRow",
    "Kind",
    "MessageRow",
    "Notice",
    "Options",
    "PaymentRow",
    "PersonRow",
    "Problem",
    "ProjectRow",
    "Source",
    "TaskLinkRow",
    "TaskRow",
    "TimeRow",
    "Unfit",
    "UserLinkRow",
    "examine",
    "fields_of",
    "mapped",
    "mapping_for",
    "open_source",
    "read_mapping",
]
