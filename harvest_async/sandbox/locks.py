"""Records that are approved or invoiced (contract: locked_records).

Rules of this room: pure. Others than administrators are refused; for administrators some fields are read-only, and what
is sent in them is passed over (contract: locked_fields).
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.reading import Refusal
from harvest_async.sandbox.records import Record

__all__ = ["is_locked", "may_change", "open_fields"]

_FIXED: Final = {
    "entry": frozenset({"project_id", "task_id", "spent_at"}),
    "expense": frozenset({"project_id", "expense_category_id", "spent_at"}),
}


def is_locked(record: Record) -> bool:
    """Whether a record is approved or invoiced."""
    return bool(record["is_closed"] or record["is_billed"])


def may_change(record: Record, asker: Record) -> None:
    """Let whoever asks change or remove a record, or refuse."""
    if is_locked(record) and not asker["is_admin"]:
        raise Refusal(400, "It is locked.")


def open_fields(kind: str, record: Record, values: Record) -> Record:
    """What may be set of what is sent."""
    return {name: value for name, value in values.items() if not is_locked(record) or name not in _FIXED[kind]}
