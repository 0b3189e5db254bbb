"""The values of an account's shared state, and how a ledger stores, copies and moves them.

Notes: what the values mean and how they change is in `state`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final, Self

from harvest_async.throttle.bounds import DEFAULT_CALLS, DEFAULT_GUARD, DEFAULT_PERIOD, UNBOUNDED, Agreed
from harvest_async.throttle.closure import Why
from harvest_async.throttle.processes import ProcessQueue
from harvest_async.throttle.window import Window

__all__ = ["STEADY", "AccountValues"]

_CONVERTED: Final = frozenset({"window", "processes", "why", "bounds"})
"""The attributes that are not stored as they are; the bounds belong to each throttle and are not stored at all."""


class AccountValues:
    """The values of the state that all users of an account share.

    Attributes:
        window: the leases.
        processes: the processes that wait for them; empty while one alone uses the state.
        why: why the gate is closed; None while it is open.
        until: the time before which nothing may be sent through a closed gate.
        since: when a refusal or an outage closed the gate; None for an open or an unknown one.
        alone: whether the next probe is the head of the queue, since no status is available.
        bounds: the limits of the user who looked at the state last.
        bulk_at: the time of the next bulk call, where the pace is even.
        watch_at: the time at which the status is requested again; None while nobody else uses the account.
        said: the text of the server's last status.
    """

    __slots__ = (
        "_agreed",
        "_hint",
        "_known",
        "_last_lease",
        "_missed",
        "_outage",
        "_pause",
        "_probe",
        "_probe_is_status_call",
        "_reported",
        "alone",
        "bounds",
        "bulk_at",
        "processes",
        "said",
        "since",
        "until",
        "watch_at",
        "why",
        "window",
    )

    def __init__(self) -> None:
        self.window = Window(DEFAULT_CALLS, DEFAULT_PERIOD, DEFAULT_GUARD)
        self.processes = ProcessQueue()
        self.why: Why | None = Why.UNKNOWN
        self.until = 0
        self.since: int | None = None
        self.alone = False
        self.bulk_at = 0
        self.watch_at: int | None = None
        self.said: str | None = None
        self.bounds = UNBOUNDED
        self._probe: int | None = None
        self._probe_is_status_call = False
        self._known = False  # whether what others sent is known, or can't be
        self._missed = 0  # status calls that failed on their way
        self._hint = 0
        self._pause = 0
        self._outage = 0
        self._last_lease = 0
        self._reported: tuple[int, int] | None = None  # the server's calls and period
        self._agreed: Agreed = (None, None)  # the ceiling of those who use the state

    def dump(self) -> dict[str, Any]:
        """Return everything as plain values, for a ledger that stores it."""
        kept = dict(zip(_VALUES, _values_of(self), strict=True))
        del kept["bounds"]
        why = self.why.name if self.why else None
        kept["_reported"] = list(self._reported) if self._reported else None
        kept["_agreed"] = list(self._agreed)
        return {**kept, "window": self.window.dump(), "processes": self.processes.dump(), "why": why}

    def dump_steady(self) -> tuple[object, ...]:
        """Return what few steps change, in the order of `STEADY`."""
        return _steady_of(self)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Self:
        """Return the state that `dump` returned as plain values."""
        state = cls()
        for name in AccountValues.__slots__:
            if name not in _CONVERTED:
                setattr(state, name, stored[name] if name != "_agreed" else (None, None))
        state.window = Window.load(stored["window"])
        if "processes" in stored:  # a version without them leaves them out, and what was agreed
            state.processes = ProcessQueue.load(stored["processes"])
        state.why = Why[stored["why"]] if stored["why"] else None
        calls, period = stored.get("_agreed", (None, None))
        state._agreed = (calls, period)
        state._reported = tuple(stored["_reported"]) if stored["_reported"] else None
        return state

    def copy(self) -> Self:
        """Return a state with the same values, which changes apart from this one."""
        twin = self.__new__(self.__class__)
        for name, value in zip(_VALUES, _values_of(self), strict=True):
            setattr(twin, name, value)
        twin.window, twin.processes = self.window.copy(), self.processes.copy()
        return twin

    def shift(self, by: int) -> None:
        """Move all times by a number of nanoseconds, to another scale."""
        self.window.shift(by)
        self.processes.shift(by)
        self.until += by
        self.bulk_at += by
        self.since = None if self.since is None else self.since + by
        self.watch_at = None if self.watch_at is None else self.watch_at + by


_VALUES: Final = tuple(name for name in AccountValues.__slots__ if name not in {"window", "processes"})
_values_of: Final = attrgetter(*_VALUES)

STEADY: Final = tuple(name for name in _VALUES if name not in {"bounds", "bulk_at", "_last_lease"})
"""The names of the values that few steps change."""
_steady_of: Final = attrgetter(*STEADY)
