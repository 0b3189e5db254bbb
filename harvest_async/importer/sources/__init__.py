"""Files -> rows: what people export from time trackers, from Harvest itself and from spreadsheets.

    with open_source("export.csv", Options(fill=Fill(client="ACME"))) as source:
        for found in source.found:
            print(found.describe())
        for item in source:
            ...

Rules of these rooms: pure but for `origin`, which opens files, and workbooks. What concerns a file as a whole
(encoding,
delimiter, order of dates, decimal mark) is settled before its first row is given out, and told. What can be read in
two ways is asked for, never guessed. Every bad cell is told, with file, line, row, column, text and reason. Memory is
that of one row, of the people and their days, and of caches of fixed size.
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
