"""What a gate grants in one step on its ledger.

Notes: a step on a shared ledger may have to be planned again on a newer state. So a plan is made first, and its leases
reach the calls only when the ledger has stored it.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field

from harvest_async.errors import HarvestError
from harvest_async.throttle.granting import Expired, Granted
from harvest_async.throttle.lease import Lease
from harvest_async.throttle.processes import Registration
from harvest_async.throttle.state import AccountState

__all__ = ["Plan", "Planner"]


@define
class Plan:
    """The grants of one step.

    Attributes:
        granted: the waiters that get a lease, and their leases.
        expired: the waiters that a closed gate holds up for too long, and their errors.
        wake: when to look at the state again, in nanoseconds; None where something else decides.
    """

    granted: Granted = field(factory=list)
    expired: Expired = field(factory=list)
    wake: int | None = None


class Planner(Protocol):
    """The gate, as the access to its ledger sees it."""

    @property
    def idle(self) -> bool:
        """Whether no call waits and no response is awaited."""
        ...

    def plan(self, state: AccountState, plan: Plan) -> None:
        """Take leases in the state for the calls that may go now, and add them to the plan."""
        ...

    def registration(self, state: AccountState, plan: Plan) -> Registration | None:
        """Return what waits here if a plan is not stored; None if nothing is registered in the state."""
        ...

    def confirm(self, plan: Plan) -> None:
        """Hand out the leases of a plan that the ledger has stored."""
        ...

    def undo(self, plan: Plan) -> None:
        """Return the waiters of a plan to the queue, since the ledger has not stored it."""
        ...

    def fail(self, error: HarvestError, plan: Plan) -> None:
        """Raise an error from all calls that wait, since the ledger can't be used."""
        ...

    def open_leases(self) -> list[Lease]:
        """Return the leases of calls whose responses are awaited."""
        ...
