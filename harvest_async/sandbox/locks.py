"""Locks of approved and invoiced records.

Only administrators may change a locked record, and some of its fields are read-only for them, too: values sent for
those are ignored.
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["is_locked", "may_change", "open_fields", "reason_of"]

_FIXED: Final = {
    "entry": frozenset({"project_id", "task_id", "spent_at"}),
    "expense": frozenset({"project_id", "expense_category_id", "spent_at"}),
}


def is_locked(record: Record) -> bool:
    """Return whether a record is approved, invoiced or in a locked period."""
    return bool(record["is_closed"] or record["is_billed"] or record["is_period_locked"])


def reason_of(record: Record, world: World) -> str | None:
    """Return why a time entry or an expense is locked; None if it is not.

    Records of an archived person, project or client are locked, too.
    """
    project = world.tables["project"][record["project_id"]]
    person, client = world.tables["user"][record["user_id"]], world.tables["client"][project["client_id"]]
    is_archived = not (project["active"] and person["is_active"] and client["active"])
    if record["is_billed"]:
        return "Item Invoiced and Archived" if is_archived else "Item Invoiced"
    if is_archived:
        return "Item Archived"
    if record["is_closed"]:
        return "Item Approved and Locked for this Time Period"
    return "Item Locked for this Time Period" if record["is_period_locked"] else None


def may_change(record: Record, requester: Record) -> None:
    """Refuse unless the person may change or remove the record."""
    if is_locked(record) and not requester["is_admin"]:
        raise Refusal(400, "It is locked.")


def open_fields(kind: str, record: Record, values: Record) -> Record:
    """Return the values that may be set."""
    return {name: value for name, value in values.items() if not is_locked(record) or name not in _FIXED[kind]}
