"""An account's book: its window, and whether its gate is open.

Rules of this room:
- Pure: the moment is an argument. Whoever shares an account shares one book, whatever stores it (see `ledger`).
- The gate is open, or shut until a moment. It is shut at the very start, since what others sent is unknown.
- A shut gate lets one call through once its moment has passed and nothing is in flight: the probe, the status call
  where there is one, else the head of the line alone. The right to probe is the lease that the probe holds.
- Its moment is only ever put off: by hints, by failed probes, by given-up calls that may yet arrive.
- Where the status call failed on its way, the head of the line goes alone and the status is asked for again after it,
  three times in all: what others sent stays unknown that long.
"""

from __future__ import annotations

import enum
from typing import Any, Final

from harvest_async.clock import SECOND
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.throttle.window import Window

__all__ = ["DEFAULT_CALLS", "DEFAULT_GUARD", "DEFAULT_PERIOD", "AccountState", "Why"]

DEFAULT_CALLS: Final = 100
DEFAULT_PERIOD: Final = 15 * SECOND
"""What stands until the server says otherwise (contract: throttle.limit_calls, window_seconds)."""

DEFAULT_GUARD: Final = 2 * SECOND
"""The longest that a request is thought to travel."""

_PAUSE: Final = 1 * SECOND
_LONGEST_PAUSE: Final = 300 * SECOND
_OUTAGE: Final = 2 * SECOND
_LONGEST_OUTAGE: Final = 30 * SECOND
_TRIES: Final = 3
"""How often the status is asked for before it is done without."""
_WATCH: Final = 4
"""While other programs use the account, its status is asked again every so many periods."""


class Why(enum.Enum):
    """Why the gate is shut."""

    UNKNOWN = "what other programs sent is unknown"
    THROTTLED = "the account is throttled"
    OUTAGE = "the server is out of service"


class AccountState:
    """What all users of an account share.

    Attributes:
        window: the leases.
        why: why the gate is shut; None while it is open.
        until: the moment before which nothing may be sent through a shut gate.
        since: when a refusal or an outage shut the gate; None for an open or an unknown one.
        alone: whether the next probe is the head of the line, since there is no status to be had.
        bulk_at: the moment of the next bulk call, where the pace is even.
        watch_at: the moment at which the status is asked again; None while nobody else uses the account.
        said: what the server's last status said, as a person reads it.
    """

    __slots__ = (
        "_asks",
        "_ceiling",
        "_hint",
        "_ids",
        "_known",
        "_missed",
        "_outage",
        "_pause",
        "_probe",
        "_told",
        "alone",
        "bulk_at",
        "said",
        "since",
        "until",
        "watch_at",
        "why",
        "window",
    )

    def __init__(self) -> None:
        self.window = Window(DEFAULT_CALLS, DEFAULT_PERIOD, DEFAULT_GUARD)
        self.why: Why | None = Why.UNKNOWN
        self.until = 0
        self.since: int | None = None
        self.alone = False
        self.bulk_at = 0
        self.watch_at: int | None = None
        self.said: str | None = None
        self._ceiling: tuple[int | None, int | None] = (None, None)
        self._probe: int | None = None
        self._asks = False  # whether the probe is the status call
        self._known = False  # whether what others sent is known, or can't be
        self._missed = 0  # status calls that failed on their way
        self._hint = 0
        self._pause = 0
        self._outage = 0
        self._ids = 0
        self._told: tuple[int, int] | None = None

    # Numbers

    def bound(self, calls: int | None, period: int | None, guard: int) -> None:
        """Go by the server's numbers under a user's ceiling; None leaves it to the server."""
        self.window.guard = guard
        self._ceiling = (calls, period)
        self._resize()

    def _resize(self) -> None:
        calls, period = self._ceiling
        told_calls, told_period = self._told or (calls or DEFAULT_CALLS, period or DEFAULT_PERIOD)
        calls = told_calls if calls is None else min(calls, told_calls)
        period = told_period if period is None else max(period, told_period)
        self.window.resize(calls, period)

    # Leases

    def take(self, now: int, deadline: int) -> int:
        """Take a lease for a call that is sent now; ask `window.free` first. Gives the lease's number."""
        self._ids += 1
        self.window.take(self._ids, now, deadline)
        return self._ids

    def may_probe(self, now: int) -> bool:
        """Whether a shut gate lets its one call through now."""
        in_flight = self.window.in_flight(now)
        self._heed_strays()
        return now >= self.until and in_flight == 0 and self.window.free(now) > 0

    def probe_at(self, now: int) -> int | None:
        """When to look at a shut gate again; None where the end of a call in flight will tell."""
        if self.window.in_flight(now):
            return None
        return self.until if now < self.until else self.window.next_release(now)

    def take_probe(self, now: int, deadline: int, *, asks: bool) -> int:
        """Take the right to probe, by the status call if it `asks`; ask `may_probe` first."""
        self._probe, self._asks = self.take(now, deadline), asks
        return self._probe

    def watch(self, now: int) -> None:
        """The status is asked for now; ask again after a while, unless the answer says that we are alone."""
        self.watch_at = now + _WATCH * self.window.period

    # How a call ended

    def answered(self, lease: int, now: int) -> bool:
        """The call got an answer that is no refusal. Gives whether this ended a closing."""
        self.window.settle(lease, now)
        if self.why is None:
            self._outage = 0
        if lease != self._probe:
            return False
        if not self._known and self.alone and self._missed < _TRIES:
            self._probe, self.alone = None, False
            return False
        if not self._known and not self.alone:
            self.watch_at = now  # it could not ask; somebody else may
        return self._open()

    def told(self, lease: int, told: RateLimitStatus, asked: int, now: int) -> bool:
        """The status call was answered. Gives whether this ended a closing."""
        self.window.settle(lease, now)
        self.said = told.text
        if told.calls is not None and told.period is not None:
            self._told = (told.calls, told.period)
            self._resize()
        shared = self.window.adopt(told.count, asked, now)
        self.watch_at = None
        if shared:
            self.watch(now)
        return lease == self._probe and self._open()

    def status_unreadable(self, lease: int, now: int) -> None:
        """The status call was answered by something that is no status: the head of the line goes next, alone."""
        self.window.settle(lease, now)
        if lease == self._probe:
            self._probe, self.alone, self._missed = None, True, _TRIES

    def refused(self, lease: int, now: int, wait: int) -> bool:
        """The server refused the call unprocessed. Gives whether this began a closing."""
        self.window.settle(lease, now, counted=False)
        begun = self._shut(Why.THROTTLED, now, wait)
        if lease == self._probe:
            self._add_pause()
            self._drop_probe(lease)
        return begun

    def failed(self, lease: int, now: int) -> bool:
        """The server is out of service (a bare 503). Gives whether this began a closing."""
        self.window.settle(lease, now)
        if self.since is None or lease == self._probe:  # others that were on their way tell the same outage
            self._outage = min(2 * self._outage or _OUTAGE, _LONGEST_OUTAGE)
        begun = self._shut(Why.OUTAGE, now, self._outage)
        self._miss(lease)
        return begun

    def lost(self, lease: int, now: int, *, cut: bool = False) -> None:
        """The call was given up after it was sent: while the gate is shut it may yet arrive and prolong the block.

        `cut` says that it was our own side that gave it up, which tells nothing about the server.
        """
        if not self.window.holds(lease):
            return
        self.window.lose(lease, now)
        self._heed_strays()
        if self.since is not None and lease == self._probe:
            self._add_pause()
        if cut or self.why is Why.THROTTLED:
            self._drop_probe(lease)
        else:
            self._miss(lease)

    def unsent(self, lease: int) -> None:
        """The call never left this machine, since no connection was had."""
        self.window.give_back(lease)
        self._miss(lease)

    def unused(self, lease: int) -> None:
        """Nobody tried to send the call."""
        self.window.give_back(lease)
        self._drop_probe(lease)

    # Storage

    def dump(self) -> dict[str, Any]:
        """Everything as plain values, for a ledger that stores it."""
        kept = {name: getattr(self, name) for name in self.__slots__ if name not in {"window", "why"}}
        return {**kept, "window": self.window.dump(), "why": self.why.name if self.why else None}

    @classmethod
    def load(cls, stored: dict[str, Any]) -> AccountState:
        """What `dump` gave, as a book again."""
        window = Window.load(stored["window"])
        book = cls()
        for name in cls.__slots__:
            if name not in {"window", "why"}:
                setattr(book, name, stored[name])
        book.window = window
        book.why = Why[stored["why"]] if stored["why"] else None
        book._ceiling = tuple(stored["_ceiling"])
        book._told = tuple(stored["_told"]) if stored["_told"] else None
        return book

    def forget(self) -> None:
        """Treat what others sent as unknown again: the book was not looked at for a while."""
        self._known, self._missed = False, 0
        if self.why is None:
            self.why, self.alone, self.until, self.since = Why.UNKNOWN, False, 0, None

    def restart(self, now: int, left: int) -> None:
        """The scale of the moments was lost. Hold everything from now on; a shut gate has `left` nanoseconds to go."""
        self.window.restart(now)
        self.until = now + max(0, left)
        self.since = None if self.since is None else now
        self.bulk_at, self.watch_at, self._probe = now, None, None
        self.forget()

    # Inside

    def _open(self) -> bool:
        ended = self.since is not None
        self.why, self.since, self.alone = None, None, False
        self._probe, self._pause, self._hint = None, 0, 0
        self._known, self._missed = True, 0
        return ended

    def _shut(self, why: Why, now: int, wait: int) -> bool:
        begun = self.since is None
        self.since = now if begun else self.since
        self.why = self.why if self.why is Why.THROTTLED else why
        self.alone, self._hint = False, max(self._hint, wait)
        self.until = max(self.until, now + wait)
        self._heed_strays()
        return begun

    def _heed_strays(self) -> None:
        """A call that was given up and arrives at a blocked account begins the block anew."""
        if self.since is not None and self.window.latest_lost_arrival > self.since:
            self.until = max(self.until, self.window.latest_lost_arrival + max(self.window.period, self._hint))

    def _miss(self, lease: int) -> None:
        """The probe failed on its way. Was it the status call, the head of the line goes next, and tells its caller."""
        if lease == self._probe:
            self._probe = None
            if self._asks:
                self.alone, self._missed = True, self._missed + 1

    def _drop_probe(self, lease: int) -> None:
        if lease == self._probe:
            self._probe = None

    def _add_pause(self) -> None:
        self._pause = min(2 * self._pause or _PAUSE, _LONGEST_PAUSE)
        self.until += self._pause
