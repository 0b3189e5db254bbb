"""What is put on a record when all else is done: it is archived, or an invoice is sent or written off.

Rules of this room: pure tables. An archived record takes no entries, so marks come last; projects before their clients
(contract: clients.toggle). Kinds of steps are named by the mark and the kind of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["MARKS", "STATES", "is_archived"]

STATES: Final = frozenset({"active", "is_active", "deactivated"})
"""The fields that tell whether a record is archived (contract: inactive_spelled_three_ways)."""

MARKS: Final = {
    "sent_invoice": "invoice",
    "closed_invoice": "invoice",
    "archived_task_link": "task_link",
    "archived_person_link": "person_link",
    "archived_project": "project",
    "archived_client": "client",
    "archived_task": "task",
    "archived_person": "person",
}
"""Each mark, and the kind of record that it is put on."""


def is_archived(fields: Mapping[str, Any]) -> bool:
    """Whether fields tell of an archived record."""
    return fields.get("active") is False or fields.get("is_active") is False or fields.get("deactivated") is True
