"""The tables of an export, and the account that they are read from: a port that each API version implements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any, Protocol

from attrs import frozen

__all__ = ["Days", "ExportAccount", "ExportTable", "ImageUpload"]

Days = tuple[date, date]
"""The first and the last day of time entries and expenses."""


@frozen(eq=False)
class ExportTable:
    """One kind of record.

    Attributes:
        name: the name of the kind and of its file.
        model: the class of its records.
        parent: the field that holds the id of a record's parent; empty if the kind has no parents.
        parents: the kind of the parents. Each parent takes one call.
        module: the module of the account that must be enabled.
        since: whether the API can list only the records that changed.
        whole: whether all records of a parent are read again when the parent has changed.
        left_out: fields that only drafts have.
        dated: whether only the records of the export's days are read.
        shared: whether several parents can have the same record; such a table has no deleted records.
    """

    name: str
    model: type[Any]
    parent: str = ""
    parents: str = ""
    module: str = ""
    since: bool = True
    whole: bool = False
    left_out: frozenset[str] = frozenset()
    dated: bool = False
    shared: bool = False


class ImageUpload(Protocol):
    """An image that is read in chunks."""

    @property
    def content_type(self) -> str:
        """Return the media type."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the chunks."""
        ...


class ExportAccount(Protocol):
    """An account that an export reads."""

    @property
    def tables(self) -> Mapping[str, ExportTable]:
        """Return the kinds by name, in the order in which they are read."""
        ...

    async def disabled_modules(self) -> frozenset[str]:
        """Return the modules that are disabled in the account."""
        ...

    def parents(self, kind: str, since: datetime | None = None) -> AsyncIterator[Any]:
        """List the records of a parent kind, only those that changed since a time if one is given."""
        ...

    def records(self, table: ExportTable, parent: int, since: datetime | None, days: Days) -> AsyncIterator[Any]:
        """List the records of a table.

        Args:
            table: the table.
            parent: the id of the parent; ignored if the table has no parents.
            since: list only records that changed since then; None lists all.
            days: the days of time entries and expenses.
        """
        ...

    async def find(self, table: ExportTable, record: int) -> Any:
        """Return a record that a list did not contain, or None if it was deleted.

        A list that is paged by numbers misses a record if another one is deleted while the pages are read.
        """
        ...

    async def is_administrator(self) -> bool:
        """Return whether the signed-in person sees all records of the account."""
        ...

    def has_receipt(self, record: Any) -> bool:
        """Return whether a record is an expense with a receipt."""
        ...

    def receipt(self, expense: int, person: int) -> AbstractAsyncContextManager[ImageUpload]:
        """Open the receipt of a person's expense."""
        ...
