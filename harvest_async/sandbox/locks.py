"""Locks of approved and invoiced records.

Only administrators may change a locked record, and some of its fields are read-only for them, too: values sent for
those are ignored.
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["is_locked", "may_change", "open_fields"]

_FIXED: Final = {
    "entry": frozenset({"project_id", "task_id", "spent_at"}),
    "expense": frozenset({"project_id", "expense_category_id", "spent_at"}),
}


def is_locked(record: Record) -> bool:
    """Return whether a record is approved or invoiced."""
    return bool(record["is_closed"] or record["is_billed"])


def may_change(record: Record, requester: Record) -> None:
    """Refuse unless the person may change or remove the record."""
    if is_locked(record) and not requester["is_admin"]:
        raise Refusal(400, "It is locked.")


def open_fields(kind: str, record: Record, values: Record) -> Record:
    """Return the values that may be set."""
    return {name: value for name, value in values.items() if not is_locked(record) or name not in _FIXED[kind]}
