"""A call's place in the line, and the right to send that it ends with.

Rules of this room: values only. A lease is ended exactly once, by the one word that says how its call ended; whoever
ends it again changes nothing. A connection and a lease are two things: the lease ends at the answer's headers, the
connection is free once the answer's body is closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from attrs import define, field

from harvest_async.clock import SECOND
from harvest_async.throttle.line import Lane
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.throttle.state import AccountState

__all__ = ["DEADLINE", "Lease", "Probe", "Ticket"]

DEADLINE: Final = 60 * SECOND
"""How long one attempt may take up to its answer's headers, where nothing else is said."""


class Owner(Protocol):
    """What a lease tells about its end: the gate."""

    def end(self, lease: Lease, change: Callable[[AccountState, int], bool]) -> None:
        """Write the end into the book; `change` is given the book and the moment, and says what to log."""
        ...

    def disconnected(self, lease: Lease) -> None:
        """A connection is free again."""
        ...

    def withholds(self, lease: Lease) -> bool:
        """Whether the gate was shut after the lease was granted, so that its call must not leave."""
        ...


class Lease:
    """The right to send one request now.

    Attributes:
        number: its number in the account's book.
        sent: the moment at which it was granted, in nanoseconds.
        deadline: the moment by which the answer's headers have to be there.
        asks: whether it is for the status call and not for the call that waited.
        probes: whether it is the one lease that a shut gate lends.
        ended: whether it was ended.
        timely: whether it ended by an ordinary answer, which tells how long a round trip takes.
        turned_away: whether the server refused its call.
    """

    __slots__ = (
        "_connected", "_owner", "asks", "deadline", "ended", "number", "probes", "sent", "timely", "turned_away",
    )  # fmt: skip

    def __init__(
        self, owner: Owner, number: int, sent: int, deadline: int, *, asks: bool = False, probes: bool = False
    ) -> None:
        self._owner = owner
        self._connected = True
        self.number = number
        self.sent = sent
        self.deadline = deadline
        self.asks = asks
        self.probes = probes
        self.ended = False
        self.timely = self.turned_away = False

    @property
    def withheld(self) -> bool:
        """Whether its call must not leave any more, since the gate was shut meanwhile. Ask as late as can be."""
        return self._owner.withholds(self)

    def answered(self) -> None:
        """The headers of an ordinary answer are there."""
        self.timely = True
        self._end(lambda book, now: book.answered(self.number, now))

    def refused(self, wait: int) -> None:
        """The server refused the call unprocessed and asks for a `wait` in nanoseconds."""
        self.turned_away = True
        self._end(lambda book, now: book.refused(self.number, now, wait))

    def failed(self) -> None:
        """The server is out of service."""
        self._end(lambda book, now: book.failed(self.number, now))

    def told(self, told: RateLimitStatus) -> None:
        """The status call was answered."""
        self.timely = True
        self._end(lambda book, now: book.told(self.number, told, self.sent, now))

    def status_unreadable(self) -> None:
        """The status call was answered by something else."""
        self._end(lambda book, now: book.status_unreadable(self.number, now))

    def lost(self) -> None:
        """The call was given up after it had begun to leave."""
        self._end(lambda book, now: book.lost(self.number, now))

    def cut(self) -> None:
        """The call was cancelled after it had begun to leave."""
        self._end(lambda book, now: book.lost(self.number, now, cut=True))

    def unused(self) -> None:
        """Nobody tried to send anything."""
        self._end(lambda book, _: book.unused(self.number))

    def unsent(self) -> None:
        """Nothing left this machine, though it was tried."""
        self._end(lambda book, _: book.unsent(self.number))

    def release(self) -> None:
        """The connection that went with the lease is free."""
        if self._connected:
            self._connected = False
            self._owner.disconnected(self)

    def put_back(self) -> None:
        """Nobody used it: end it and release its connection, whatever fails."""
        try:
            self.unused()
        finally:
            self.release()

    def close(self) -> None:
        """End it as cut off, unless it has ended, and release its connection, whatever fails."""
        try:
            self.cut()
        finally:
            self.release()

    def _end(self, change: Callable[[AccountState, int], bool | None]) -> None:
        if not self.ended:
            self.ended = True
            self._owner.end(self, lambda book, now: bool(change(book, now)))


Probe = Callable[[Lease], Awaitable[None]]
"""Sends the status call on the lease that it is given, and ends that lease by what came of it."""


@define(eq=False)
class Ticket:
    """One call's place in the line; kept when the server refuses the call, so that it stands at the front again.

    Attributes:
        lane: the line it stands in.
        deadline: how long one attempt may take up to its answer's headers, in nanoseconds.
        max_wait: how long it may wait at the gate in all, in nanoseconds; None for as long as it takes.
        probe: how to ask for the account's status with this call's credentials; None where there is no status call.
        number: the place; 0 before it first stood in line.
        entered: the moment at which it first stood in line.
        refusals: how often the server refused it.
        waited: how long it has waited so far, in nanoseconds.
        lease: what was granted and not yet claimed.
        left: whether the last attempt's request may have begun to leave this machine.
        close_answer: closes the last attempt's answer; for a sender that lost it on the way.
        apart: whether it is no call of the account's user, but makes such calls possible: a request for a token. Its
            answer says nothing about what others sent.
    """

    lane: Lane = Lane.INTERACTIVE
    deadline: int = DEADLINE
    max_wait: int | None = None
    probe: Probe | None = None
    number: int = 0
    entered: int = 0
    refusals: int = 0
    waited: int = 0
    lease: Lease | None = field(default=None)
    left: bool = False
    close_answer: Callable[[], Awaitable[None]] | None = field(default=None)
    is_token_request: bool = False

    @property
    def patience(self) -> float | None:
        """Seconds that it may still wait; None for as long as it takes."""
        return None if self.max_wait is None else (self.max_wait - self.waited) / SECOND

    def claim(self) -> Lease | None:
        """Take the granted lease, once."""
        lease, self.lease = self.lease, None
        return lease
