"""A call's place in the queue (`Ticket`), and the right to send one request (`Lease`).

Invariants:
- A lease is ended exactly once, by the one method that names how its call ended; later ends change nothing.
- A connection and a lease are two things: the lease ends at the response's headers, the connection is free once the
  response's body is closed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

from attrs import define, field

from harvest_async.clock import SECOND
from harvest_async.observer import SILENT, CallObserver
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.throttle.state import AccountState

__all__ = ["DEADLINE", "Change", "Lease", "Probe", "Ticket", "write_end"]

logger = logging.getLogger("harvest_async.throttle")

DEADLINE: Final = 60 * SECOND
"""The default time of one attempt up to its response's headers."""

Change = Callable[[AccountState, int, int], bool | None]
"""Writes the end of a lease into the account state; takes the state, the lease's number and the time.

Returns whether the gate opened or closed by it, which is logged.
"""


def write_end(state: AccountState, change: Change, lease: int, time: int) -> bool:
    """Write the end of a lease into the state; return whether the gate opened or closed by it.

    An end that fails is logged, since it must not stop all others.
    """
    try:
        return bool(change(state, lease, time))
    except Exception:
        logger.exception("the end of a lease can't be written into the throttle's ledger")
        return False


class Owner(Protocol):
    """Keeps a lease and writes its end, as the lease sees it."""

    def end(self, lease: Lease, change: Change) -> None:
        """Write the end of a lease into the account state."""
        ...

    def disconnected(self, lease: Lease) -> None:
        """Note that a connection is free again."""
        ...

    def withholds(self, lease: Lease) -> bool:
        """Return whether the gate was closed after the lease was granted, so that its call must not leave."""
        ...


class Lease:
    """The right to send one request now.

    Attributes:
        number: its number in the account state.
        sent: when it was granted, in nanoseconds.
        deadline: when the response's headers have to be there, in nanoseconds.
        is_status_call: whether it is for the status call and not for the call that waited.
        probes: whether it is the one lease that a closed gate grants.
        ended: whether it was ended.
        timely: whether it ended by an ordinary response, which shows how long a round trip takes.
        turned_away: whether the server refused its call.
    """

    __slots__ = (
        "_connected",
        "_owner",
        "deadline",
        "ended",
        "is_status_call",
        "number",
        "probes",
        "sent",
        "timely",
        "turned_away",
    )

    def __init__(
        self, owner: Owner, number: int, sent: int, deadline: int, *, is_status_call: bool = False, probes: bool = False
    ) -> None:
        self._owner = owner
        self._connected = True
        self.number = number
        self.sent = sent
        self.deadline = deadline
        self.is_status_call = is_status_call
        self.probes = probes
        self.ended = False
        self.timely = self.turned_away = False

    @property
    def withheld(self) -> bool:
        """Whether its call must not leave any more, since the gate was closed meanwhile. Ask as late as possible."""
        return self._owner.withholds(self)

    def responded(self) -> None:
        """End it: the headers of an ordinary response are there."""
        self.timely = True
        self._end(AccountState.responded)

    def refused(self, wait: int) -> None:
        """End it: the server refused the call unprocessed and asks for a `wait` in nanoseconds."""
        self.turned_away = True
        self._end(partial(AccountState.refused, wait=wait))

    def failed(self) -> None:
        """End it: the server is out of service."""
        self._end(AccountState.failed)

    def status_received(self, status: RateLimitStatus) -> None:
        """End it: the status call returned the server's status."""
        self.timely = True
        self._end(partial(AccountState.status_received, status=status, requested=self.sent))

    def status_unreadable(self) -> None:
        """End it: the response of the status call was no status."""
        self._end(AccountState.status_unreadable)

    def lost(self) -> None:
        """End it: the call was given up after it had begun to leave."""
        self._end(AccountState.lost)

    def cut(self) -> None:
        """End it: the call was cancelled after it had begun to leave."""
        self._end(partial(AccountState.lost, cut=True))

    def unused(self) -> None:
        """End it: nothing was tried."""
        self._end(AccountState.unused)

    def unsent(self) -> None:
        """End it: sending was tried, but nothing left this machine."""
        self._end(AccountState.unsent)

    def release(self) -> None:
        """Release the connection that the lease has."""
        if self._connected:
            self._connected = False
            self._owner.disconnected(self)

    def put_back(self) -> None:
        """End it as unused and release its connection, even if the ledger fails."""
        try:
            self.unused()
        finally:
            self.release()

    def close(self) -> None:
        """End it as cut off, unless it has ended, and release its connection, even if the ledger fails."""
        try:
            self.cut()
        finally:
            self.release()

    def _end(self, change: Change) -> None:
        if not self.ended:
            self.ended = True
            self._owner.end(self, change)


Probe = Callable[[Lease], Awaitable[None]]
"""Sends the status call on the given lease, and ends the lease according to the response."""


@define(eq=False)
class Ticket:
    """One call's place in the queue; a refused call keeps it, so that it returns to the front.

    Attributes:
        lane: the lane in which it waits.
        deadline: how long one attempt may take up to its response's headers, in nanoseconds.
        max_wait: how long it may wait at the gate in all, in nanoseconds; None for no limit.
        probe: sends the status call with this call's credentials; None where there is no status call.
        budget: the name of the budget that it counts against.
        number: its order of arrival; 0 before it first waited.
        entered: when it first waited, in nanoseconds.
        refusals: how often the server refused it.
        waited: how long it has waited so far, in nanoseconds.
        lease: the granted lease that was not claimed yet.
        left: whether the last attempt's request may have begun to leave this machine.
        close_response: closes the last attempt's response, for a sender that lost it on the way.
        is_token_request: whether it is a request for a token and not a call of the account's user. Its response says
            nothing about what others sent.
        observer: is notified of its waits and requests.
    """

    lane: Lane = Lane.INTERACTIVE
    deadline: int = DEADLINE
    max_wait: int | None = None
    probe: Probe | None = None
    budget: str = "general"
    number: int = 0
    entered: int = 0
    refusals: int = 0
    waited: int = 0
    lease: Lease | None = field(default=None)
    left: bool = False
    close_response: Callable[[], Awaitable[None]] | None = field(default=None)
    is_token_request: bool = False
    observer: CallObserver = SILENT

    @property
    def patience(self) -> float | None:
        """Seconds that it may still wait; None for no limit."""
        return None if self.max_wait is None else (self.max_wait - self.waited) / SECOND

    def claim(self) -> Lease | None:
        """Take the granted lease, once."""
        lease, self.lease = self.lease, None
        return lease
