"""The rules of a run and the order of its stages, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from harvest_async.errors import HarvestError

__all__ = ["STAGES", "Guard", "Rules", "Stopped", "unguarded"]

Guard = Callable[[], None]
"""Called directly before each write; it raises a `HarvestError` if the run may not write any more."""


STAGES: Final = (
    ("creating clients, tasks and people", ("client", "task", "person", "category", "item_category")),
    ("creating projects", ("project", "contact", "invoice")),
    ("assigning tasks and people", ("task_assignment", "person_assignment")),
    ("logging time and expenses", ("entry", "expense")),
    ("sending invoices", ("sent_invoice",)),
    ("recording payments", ("payment",)),
    (
        "archiving projects",
        ("closed_invoice", "archived_task_assignment", "archived_person_assignment", "archived_project"),
    ),
    ("archiving clients, tasks and people", ("archived_client", "archived_task", "archived_person")),
)
"""The title of each stage and the kinds of steps that run concurrently in it, in order."""


@frozen
class Rules:
    """The rules of a run.

    Attributes:
        max_delay: the longest time, in seconds, after which a sent request may still be processed.
        give_up: seconds without a response to a write after which the run ends.
        max_failures: the number of refused steps after which the run ends; None for no limit.
        attempts: the maximum number of times that one step is sent.
        side_by_side: the maximum number of concurrent writes, those that wait for a lease included.
        reconcile: False sends a write again at once when its response was lost, which creates some records twice. It is
            meant for comparisons only.
    """

    max_delay: float = 60.0
    give_up: float = 3600.0
    max_failures: int | None = None
    attempts: int = 5
    side_by_side: int = 48
    reconcile: bool = True


class Stopped(HarvestError):
    """The run ended early. The journal has all that was done, and the run can be resumed.

    Attributes:
        gave_up: whether it ended because the server did not respond.
    """

    gave_up = False


def unguarded() -> None:
    """Let every write pass: the guard of a run that no other run can replace."""
