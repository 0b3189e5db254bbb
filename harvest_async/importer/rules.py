"""How a run goes, and in which order: values.

Rules of this room: pure values, nothing is computed.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from harvest_async.errors import HarvestError

__all__ = ["STAGES", "Rules", "Stopped"]

STAGES: Final = (
    ("making clients, tasks and people", ("client", "task", "person", "category", "item_category")),
    ("making projects", ("project", "contact", "invoice")),
    ("assigning tasks and people", ("task_link", "person_link")),
    ("booking", ("entry", "expense")),
    ("sending invoices", ("sent_invoice",)),
    ("recording payments", ("payment",)),
    ("archiving projects", ("closed_invoice", "archived_task_link", "archived_person_link", "archived_project")),
    ("archiving clients, tasks and people", ("archived_client", "archived_task", "archived_person")),
)
"""The kinds of steps that go side by side, in the order of the stages."""


@frozen
class Rules:
    """How a run goes.

    Attributes:
        max_delay: seconds after which the server carries nothing out any more whose answer was lost.
        give_up: seconds without a sign of the server after which the run ends.
        max_failures: refused rows after which the run ends; None goes on.
        attempts: how often one step is sent at most.
        side_by_side: writes that are on their way or wait for their permit at a time.
        reconcile: False sends lost writes again without looking, and doubles some: what others do.
    """

    max_delay: float = 60.0
    give_up: float = 3600.0
    max_failures: int | None = None
    attempts: int = 5
    side_by_side: int = 48
    reconcile: bool = True


class Stopped(HarvestError):
    """The run ended before everything was done; what was done is in the journal, and it can be resumed.

    Attributes:
        gave_up: whether that was because the server was gone.
    """

    gave_up = False
