"""The states of a step, and the statement for each change of state.

    planned ── intended ──┬── created / updated               the server responded
       │          │       ├── rejected                        the server refused it
       │          │       └── response_lost ──┬── created     found by reading
       │          │                           ├── planned     not found: it is sent again
       │          │                           └── unknown     can't be determined
       │          └── planned                                 it was not sent
       └── existing                                           it existed before

Nothing else changes the state of a step, except the statements at the start of a run.
"""

from __future__ import annotations

from harvest_async.importer.journal import Change

__all__ = [
    "mark_created",
    "mark_existing",
    "mark_intended",
    "mark_rejected",
    "mark_response_lost",
    "mark_undone",
    "mark_unknown",
    "mark_updated",
    "plan_again",
    "plan_update",
]


def mark_intended(step: int) -> Change:
    """Record that the request is about to be sent."""
    return "update step set state = 'intended', attempts = attempts + 1, lost_at = null where id = ?", (step,)


def mark_created(step: int, record: int | None) -> Change:
    """Record that it was created; `record` is None if its id is unknown."""
    return "update step set state = 'created', record = ?, reason = null where id = ?", (record, step)


def mark_updated(step: int) -> Change:
    """Record that it was updated."""
    return "update step set state = 'updated', reason = null where id = ?", (step,)


def mark_existing(step: int, record: int) -> Change:
    """Record that it existed already."""
    return "update step set state = 'existing', record = ?, reason = null where id = ?", (record, step)


def plan_update(step: int, record: int | None) -> Change:
    """Plan an update with the rest of the fields of a record that was created."""
    return "update step set state = 'planned', action = 'update', record = ? where id = ?", (record, step)


def mark_rejected(step: int, reason: str) -> Change:
    """Record that it was refused."""
    return "update step set state = 'rejected', reason = ? where id = ?", (reason, step)


def mark_response_lost(step: int, at: float) -> Change:
    """Record that it may have been sent and no response arrived; `at` in seconds since the epoch."""
    return "update step set state = 'response_lost', lost_at = ? where id = ?", (at, step)


def plan_again(step: int) -> Change:
    """Plan it again, since it certainly was not processed."""
    return "update step set state = 'planned', lost_at = null where id = ?", (step,)


def mark_unknown(step: int, reason: str) -> Change:
    """Record that its outcome can't be determined."""
    return "update step set state = 'unknown', reason = ? where id = ?", (reason, step)


def mark_undone(step: int) -> Change:
    """Record that what it created was deleted again."""
    return "update step set state = 'undone', reason = null where id = ?", (step,)
