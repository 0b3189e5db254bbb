"""The shared state of an account: its window, and whether its gate is open.

Invariants:
- The present time is always an argument. All users of an account share one state, which a ledger stores.
- The gate is open, or closed until a time. It is closed at the very start, since what others sent is unknown.
- A closed gate lets one call through once its time has passed and nothing is in flight: the probe, the status call
  where there is one, else the head of the queue alone. The right to probe is the lease that the probe holds.
- Its time is only ever put off: by hints, by failed probes, by given-up calls that may still arrive.
- Where the status call failed on its way, the head of the queue goes alone and the status is requested again after it,
  three times in all: what others sent stays unknown that long.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

from harvest_async.throttle.bounds import DEFAULT_CALLS, DEFAULT_GUARD, DEFAULT_PERIOD, UNBOUNDED, Agreed, Bounds
from harvest_async.throttle.closure import Why, longer_outage, longer_pause
from harvest_async.throttle.processes import ProcessQueue
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.throttle.window import Window

__all__ = ["AccountState"]

_TRIES: Final = 3
"""How often the status is requested before the gate opens without it."""
_WATCH: Final = 4
"""While other programs use the account, its status is requested again after this many periods."""

_CONVERTED: Final = frozenset({"window", "processes", "why", "bounds"})
"""The attributes that are not stored as they are; the bounds belong to each throttle and are not stored at all."""


class AccountState:
    """The state that all users of an account share.

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

    # Numbers

    def bound(self, bounds: Bounds, now: int | None = None) -> None:
        """Use the server's numbers within a user's bounds.

        Args:
            bounds: the bounds.
            now: the present time, where the user is about to use the state; None only looks, or ends leases.

        Raises:
            InvalidArgument: another user has other bounds, and leases of its calls are held.
        """
        if bounds is not self.bounds:
            if now is not None:
                self._agree(bounds, now)
            self.bounds = bounds
            self.window.guard = bounds.guard
            self._resize()

    def _agree(self, bounds: Bounds, now: int) -> None:
        ours = bounds.calls, bounds.period
        if ours == self._agreed:
            return
        alone = self.window.held(now) == self.window.foreign  # nobody else is using the state
        self._agreed = ours if alone else bounds.agree(self._agreed)

    def _resize(self) -> None:
        self.window.resize(*self.bounds.limit(self._reported))

    # Leases

    def take(self, now: int, deadline: int) -> int:
        """Take a lease for a call that is sent now, and return its number; check `window.free` first."""
        self._last_lease += 1
        self.window.take(self._last_lease, now, deadline)
        return self._last_lease

    def number_from(self, last: int) -> None:
        """Give the next leases the numbers after `last`, which are unique among all processes of the account."""
        self._last_lease = last

    @property
    def last_lease(self) -> int:
        """The number of the lease that was taken last."""
        return self._last_lease

    def may_probe(self, now: int) -> bool:
        """Return whether a closed gate lets its one call through now."""
        in_flight = self.window.in_flight(now)
        self._wait_for_lost_calls()
        return now >= self.until and in_flight == 0 and self.window.free(now) > 0

    def probe_at(self, now: int) -> int | None:
        """Return when to look at a closed gate again; None where the end of a call in flight decides."""
        if self.window.in_flight(now):
            return None
        return self.until if now < self.until else self.window.next_release(now)

    def take_probe(self, now: int, deadline: int, *, is_status_call: bool) -> int:
        """Take the right to probe, by the status call or by the head of the queue; check `may_probe` first."""
        self._probe, self._probe_is_status_call = self.take(now, deadline), is_status_call
        return self._probe

    def watch(self, now: int) -> None:
        """Note that the status is requested now, and again later unless it shows that nobody else uses the account."""
        self.watch_at = now + _WATCH * self.window.period

    # Ends of calls: each takes the lease's number and the time, and returns whether the gate opened or closed by it

    def responded(self, lease: int, now: int) -> bool:
        """Note an ordinary response, which is no refusal."""
        self.window.end(lease, now)
        if self.why is None:
            self._outage = 0
        if lease != self._probe:
            return False
        if not self._known and self.alone and self._missed < _TRIES:
            self._probe, self.alone = None, False
            return False
        if not self._known and not self.alone:
            self.watch_at = now  # this call could not request the status; another one may
        return self._open()

    def status_received(self, lease: int, now: int, *, status: RateLimitStatus, requested: int) -> bool:
        """Note the response of the status call, which was sent at `requested`."""
        self.window.end(lease, now)
        self.said = status.text
        if status.calls is not None and status.period is not None:
            self._reported = (status.calls, status.period)
            self._resize()
        shared = self.window.adopt(status.count, requested, now)
        self.watch_at = None
        if shared:
            self.watch(now)
        return lease == self._probe and self._open()

    def status_unreadable(self, lease: int, now: int) -> None:
        """Note a response of the status call that is no status: the head of the queue goes next, alone."""
        self.window.end(lease, now)
        if lease == self._probe:
            self._probe, self.alone, self._missed = None, True, _TRIES

    def refused(self, lease: int, now: int, wait: int) -> bool:
        """Note that the server refused the call unprocessed."""
        self.window.end(lease, now, counted=False)
        begun = self._close(Why.THROTTLED, now, wait)
        if lease == self._probe:
            self._add_pause()
            self._drop_probe(lease)
        return begun

    def failed(self, lease: int, now: int) -> bool:
        """Note that the server is out of service (a bare 503)."""
        self.window.end(lease, now)
        if self.since is None or lease == self._probe:  # other calls in flight report the same outage
            self._outage = longer_outage(self._outage)
        begun = self._close(Why.OUTAGE, now, self._outage)
        self._miss(lease)
        return begun

    def lost(self, lease: int, now: int, *, cut: bool = False) -> None:
        """Note that the call was given up after it was sent: it may still arrive and prolong a block.

        `cut` means that our own side gave it up, which says nothing about the server.
        """
        if not self.window.holds(lease):
            return
        self.window.lose(lease, now)
        self._wait_for_lost_calls()
        if self.since is not None and lease == self._probe:
            self._add_pause()
        if cut or self.why is Why.THROTTLED:
            self._drop_probe(lease)
        else:
            self._miss(lease)

    def unsent(self, lease: int, _: int) -> None:
        """Note that the call never left this machine, since there was no connection."""
        self.window.give_back(lease)
        self._miss(lease)

    def unused(self, lease: int, _: int) -> None:
        """Note that nothing was tried."""
        self.window.give_back(lease)
        self._drop_probe(lease)

    # Storage

    def dump(self, *, past: bool = True) -> dict[str, Any]:
        """Return everything as plain values, for a ledger that stores it; see `Window.dump`."""
        kept = dict(zip(_VALUES, _values_of(self), strict=True))
        del kept["bounds"]
        why = self.why.name if self.why else None
        kept["_reported"] = list(self._reported) if self._reported else None
        kept["_agreed"] = list(self._agreed)
        return {**kept, "window": self.window.dump(past=past), "processes": self.processes.dump(), "why": why}

    @classmethod
    def load(cls, stored: dict[str, Any]) -> AccountState:
        """Return the state that `dump` returned as plain values."""
        state = cls()
        for name in cls.__slots__:
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

    def copy(self) -> AccountState:
        """Return a state with the same values, which changes apart from this one."""
        twin = AccountState.__new__(AccountState)
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

    def distrust(self, now: int, deadline: int | None = None) -> None:
        """Hold all leases from now on, since the ledger lost what it stored, or its times mean nothing any more.

        Args:
            now: the present time.
            deadline: until when calls that others sent are awaited, where their own deadlines mean nothing any more;
                None awaits each until its own.
        """
        self.window.fill(now, deadline)
        self.processes = ProcessQueue()
        self.since = None if self.since is None else now
        self.bulk_at, self.watch_at = now, None
        self.forget()

    def forget(self) -> None:
        """Treat what others sent as unknown again: the state was not looked at for a while."""
        self._known, self._missed = False, 0
        if self.why is None:
            self.why, self.alone, self.until, self.since = Why.UNKNOWN, False, 0, None

    def restart(self, now: int, left: int) -> None:
        """Hold all leases from now on, since the scale of times was lost; a closed gate opens in `left` nanoseconds."""
        self.window.restart(now)
        self.processes = ProcessQueue()
        self.until = now + max(0, left)
        self.since = None if self.since is None else now
        self.bulk_at, self.watch_at, self._probe = now, None, None
        self.forget()

    # Opening and closing

    def _open(self) -> bool:
        ended = self.since is not None
        self.why, self.since, self.alone = None, None, False
        self._probe, self._pause, self._hint = None, 0, 0
        self._known, self._missed = True, 0
        return ended

    def _close(self, why: Why, now: int, wait: int) -> bool:
        begun = self.since is None
        self.since = now if begun else self.since
        self.why = self.why if self.why is Why.THROTTLED else why
        self.alone, self._hint = False, max(self._hint, wait)
        self.until = max(self.until, now + wait)
        self._wait_for_lost_calls()
        return begun

    def _wait_for_lost_calls(self) -> None:
        """Put the time off for calls that were given up: one that arrives at a blocked account restarts the block."""
        if self.since is not None and self.window.latest_lost_arrival > self.since:
            self.until = max(self.until, self.window.latest_lost_arrival + max(self.window.period, self._hint))

    def _miss(self, lease: int) -> None:
        """Note that the probe failed on its way; if it was the status call, the head of the queue goes next."""
        if lease == self._probe:
            self._probe = None
            if self._probe_is_status_call:
                self.alone, self._missed = True, self._missed + 1

    def _drop_probe(self, lease: int) -> None:
        if lease == self._probe:
            self._probe = None

    def _add_pause(self) -> None:
        self._pause = longer_pause(self._pause)
        self.until += self._pause


_VALUES: Final = tuple(name for name in AccountState.__slots__ if name not in {"window", "processes"})
_values_of: Final = attrgetter(*_VALUES)
