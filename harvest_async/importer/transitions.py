"""The states of a step, and how each is written down.

    planned ── intended ──┬── created / updated     answered
       │          │       ├── rejected              refused
       │          │       └── lost ──┬── created    found by reading
       │          │                  ├── planned    not found: it is sent again
       │          │                  └── unknown    can't be found out
       │          └── planned                       nothing left this machine
       └── existing                                 it was there before

Rules of this room: one statement for each change, and nothing else changes a step's state.
"""

from __future__ import annotations

from harvest_async.importer.journal import Change

__all__ = [
    "DONE",
    "accept",
    "create",
    "doubt",
    "intend",
    "lose",
    "plan_again",
    "plan_update",
    "reject",
    "undo",
    "update",
]

DONE = frozenset({"created", "updated", "existing"})


def intend(step: int) -> Change:
    """It is about to leave."""
    return "update step set state = 'intended', attempts = attempts + 1, lost_at = null where id = ?", (step,)


def create(step: int, record: int | None) -> Change:
    """It was made."""
    return "update step set state = 'created', record = ?, reason = null where id = ?", (record, step)


def update(step: int) -> Change:
    """It was brought up to date."""
    return "update step set state = 'updated', reason = null where id = ?", (step,)


def accept(step: int, record: int) -> Change:
    """It turned out to be there."""
    return "update step set state = 'existing', record = ?, reason = null where id = ?", (record, step)


def plan_update(step: int, record: int | None) -> Change:
    """It was made, and the rest of its fields is set by an update."""
    return "update step set state = 'planned', action = 'update', record = ? where id = ?", (record, step)


def reject(step: int, reason: str) -> Change:
    """It was refused."""
    return "update step set state = 'rejected', reason = ? where id = ?", (reason, step)


def lose(step: int, moment: float) -> Change:
    """It left and its answer was lost; `moment` in seconds since the epoch."""
    return "update step set state = 'lost', lost_at = ? where id = ?", (moment, step)


def plan_again(step: int) -> Change:
    """It was not carried out, that is certain."""
    return "update step set state = 'planned', lost_at = null where id = ?", (step,)


def doubt(step: int, reason: str) -> Change:
    """Whether it was carried out can't be found out."""
    return "update step set state = 'unknown', reason = ? where id = ?", (reason, step)


def undo(step: int) -> Change:
    """What it created was removed again."""
    return "update step set state = 'undone', reason = null where id = ?", (step,)
