"""All kinds of rows, with the names, spellings and types of their fields."""

from __future__ import annotations

from typing import Final

from harvest_async.importer.sources.entry_columns import EXPENSE, TIME
from harvest_async.importer.sources.kind import Kind
from harvest_async.importer.sources.record_columns import (
    CATEGORY,
    CLIENT,
    CONTACT,
    INVOICE,
    ITEM_CATEGORY,
    MESSAGE,
    PAYMENT,
    PERSON,
    PROJECT,
    TASK,
    TASK_LINK,
    USER_LINK,
)
from harvest_async.importer.sources.words import plain

__all__ = ["ENDINGS", "KINDS", "Kind", "file_names", "plain"]

KINDS: Final = {
    kind.name: kind
    for kind in (
        ITEM_CATEGORY, CATEGORY, CLIENT, CONTACT, TASK, PERSON, PROJECT, TASK_LINK, USER_LINK, TIME, EXPENSE,
        INVOICE, MESSAGE, PAYMENT,
    )
}  # fmt: skip
"""The kinds by their names, each after the kinds that it may refer to."""

ENDINGS: Final = (".jsonl", ".ndjson", ".csv", ".parquet", ".xlsx", ".ods", ".xls")
"""The suffixes of the files that are read in a folder."""
_STEMS: Final = {"people": ("people", "users")}
"""The names of a kind's file, if exports of API versions differ in it."""


def file_names(kind: str) -> tuple[str, ...]:
    """Return the names that a file with the records of a kind may have in a folder."""
    return tuple(f"{stem}{ending}" for stem in _STEMS.get(kind, (kind,)) for ending in ENDINGS)
