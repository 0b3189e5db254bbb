"""Indexes for finding records by their values without a scan.

`KEYS` lists, for each kind, the sets of fields that can be searched together. Text is compared without regard to case
and to blanks around it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from harvest_async.sandbox.records import Record, Tables

__all__ = ["Index"]

KEYS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    # the names of a set in alphabetical order; `running` is computed, see `_value`
    "client": (("name",),),
    "contact": (("client_id",),),
    "project": (("client_id",),),
    "task": (("name",), ("is_default",)),
    "user": (("email",), ("has_access_to_all_future_projects",)),
    "task_assignment": (("project_id",), ("task_id",), ("project_id", "task_id")),
    "user_assignment": (("project_id",), ("user_id",), ("project_id", "user_id")),
    "entry": (
        ("project_id",),
        ("task_id",),
        ("user_id",),
        ("invoice_id",),
        ("spent_at", "user_id"),
        ("running", "user_id"),
        ("project_id", "task_id"),
        ("project_id", "user_id"),
        ("reference_id",),
    ),
    "expense_category": (("name",),),
    "expense": (("project_id",), ("user_id",), ("expense_category_id",), ("invoice_id",)),
    "receipt": (("expense_id",),),
    "invoice": (("client_id",), ("number",)),
    "invoice_item_category": (("name",), ("use_as_expense",), ("use_as_service",)),
    "message": (("invoice_id",),),
    "payment": (("invoice_id",),),
    "grant": (("secret",), ("kind",)),
    "company": (),
    "role": (("name",),),
    "billable_rate": (("user_id",),),
    "cost_rate": (("user_id",),),
    "estimate": (("client_id",), ("number",)),
    "estimate_item_category": (("name",),),
    "estimate_message": (("estimate_id",),),
}

Key = tuple[str, tuple[str, ...], tuple[Hashable, ...]]


class Index:
    """The records by their values."""

    def __init__(self, tables: Tables) -> None:
        self._found: dict[Key, dict[int, Record]] = {}
        for kind, records in tables.items():
            for record in records.values():
                self.enter(kind, record)

    def having(self, kind: str, values: dict[str, Any]) -> dict[int, Record]:
        """Return the records of a kind that have these values, by id; the names must be a set in `KEYS`."""
        names = tuple(sorted(values))
        return self._found.get((kind, names, tuple(_folded(values[name]) for name in names)), {})

    def enter(self, kind: str, record: Record) -> None:
        """Add a record."""
        for key in self.keys(kind, record):
            self._found.setdefault(key, {})[record["id"]] = record

    def leave(self, kind: str, record: Record) -> None:
        """Remove a record."""
        for key in self.keys(kind, record):
            del self._found[key][record["id"]]

    def keys(self, kind: str, record: Record) -> list[Key]:
        """Return the keys under which a record is found."""
        return [(kind, names, tuple(_value(record, name) for name in names)) for names in KEYS[kind]]

    def move(self, kind: str, record: Record, before: list[Key]) -> None:
        """Update a changed record, whose keys were `before`."""
        after = self.keys(kind, record)
        if after == before:
            return
        for key in before:
            del self._found[key][record["id"]]
        for key in after:
            self._found.setdefault(key, {})[record["id"]] = record


def _value(record: Record, name: str) -> Hashable:
    return record["timer_started_at"] is not None if name == "running" else _folded(record[name])


def _folded(value: Any) -> Hashable:
    return value.strip().lower() if isinstance(value, str) else value
