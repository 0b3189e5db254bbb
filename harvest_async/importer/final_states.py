"""The final states of records: archived, or, for an invoice, sent or closed.

An archived record accepts no time entries, so final states are set last; those of projects before those of their
clients. A step that sets a final state has the state and the kind of record as its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["FINAL_STATES", "STATE_FIELDS", "is_archived"]

STATE_FIELDS: Final = frozenset({"active", "archived"})
"""The fields of rows that say whether a record is archived."""

FINAL_STATES: Final = {
    "sent_invoice": "invoice",
    "closed_invoice": "invoice",
    "archived_task_assignment": "task_assignment",
    "archived_person_assignment": "person_assignment",
    "archived_project": "project",
    "archived_client": "client",
    "archived_task": "task",
    "archived_person": "person",
}
"""Each final state, and the kind of record that can have it."""


def is_archived(fields: Mapping[str, Any]) -> bool:
    """Return whether fields describe an archived record."""
    return fields.get("active") is False or fields.get("archived") is True
