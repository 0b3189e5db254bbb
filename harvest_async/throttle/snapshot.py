"""The state of a budget at one time, as users see it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from attrs import field, frozen

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import InvalidArgument
from harvest_async.throttle.gate import Gate
from harvest_async.throttle.ledgers.memory import Ledger
from harvest_async.throttle.ledgers.remote import RemoteLedger
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["Snapshot", "take_snapshot"]


@frozen
class Snapshot:
    """The state of an account's budget at one time.

    Attributes:
        calls: calls allowed in a period.
        period: seconds.
        sent: leases held by our own calls: in flight, or less than a period after their response.
        foreign: leases held for calls of other programs.
        free: calls that could be sent now if the gate was open.
        in_flight: calls whose response is awaited.
        queued_interactive: calls waiting in the interactive lane.
        queued_bulk: calls waiting in the bulk lane.
        closed: why the gate is closed; None while it is open.
        closed_for: seconds until a closed gate sends one call to probe the server; 0 while it is open.
        closed_until: the same as a time in UTC; None while it is open.
        said: the text of the server's last status; None where it was not requested.
        granted: leases granted by this throttle so far: the requests that it let through, status calls included.
        refused: how many of these the server refused.
    """

    calls: int
    period: float
    sent: int
    foreign: int
    free: int
    in_flight: int
    queued_interactive: int
    queued_bulk: int
    closed: str | None
    closed_for: float
    closed_until: datetime | None
    said: str | None
    granted: int
    refused: int
    _releases: tuple[float, ...] = field(repr=False, alias="releases")

    def seconds_until(self, calls: int) -> float:
        """Return the seconds until N `calls` could be sent, if nobody else sends and responses arrive at once.

        Raises:
            InvalidArgument: `calls` is below 1.
        """
        if calls < 1:
            raise InvalidArgument(f"seconds_until(calls={calls!r}): give 1 or more")
        rounds, place = divmod(calls - 1, self.calls)
        return max(self._releases[place], self.closed_for) + rounds * self.period


def take_snapshot(
    ledger: Ledger | RemoteLedger, settings: Settings, clock: Clock, gates: Collection[Gate], ended: tuple[int, int]
) -> Snapshot:
    """Return the present state of a budget.

    Args:
        ledger: where the state is stored.
        settings: the bounds of its numbers.
        clock: the source of the time.
        gates: the gates at which its calls wait.
        ended: how many leases were granted and how many calls refused at gates that no longer exist.

    Raises:
        HarvestError: the ledger can't be read.
    """
    now = clock.now()
    granted, refused = ended

    def look(state: AccountState) -> Snapshot:
        state.bound(settings.bounds)
        window, closed_for = state.window, max(0, state.until - now) if state.why else 0
        releases = tuple((time - now) / SECOND for time in window.places(now, 0))
        return Snapshot(
            calls=window.calls,
            period=window.period / SECOND,
            sent=window.held(now) - window.foreign,
            foreign=window.foreign,
            free=window.free(now),
            in_flight=window.in_flight(now),
            queued_interactive=sum(gate.queued(Lane.INTERACTIVE) for gate in gates),
            queued_bulk=sum(gate.queued(Lane.BULK) for gate in gates),
            closed=state.why.value if state.why else None,
            closed_for=closed_for / SECOND,
            closed_until=clock.today() + timedelta(microseconds=closed_for // 1_000) if state.why else None,
            said=state.said,
            granted=granted + sum(gate.granted for gate in gates),
            refused=refused + sum(gate.refused for gate in gates),
            releases=releases,
        )

    return ledger.read(look)
