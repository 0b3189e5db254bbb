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

from typing import Final

from harvest_async.throttle.account_values import AccountValues
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.closure import Why, longer_outage, longer_pause
from harvest_async.throttle.processes import ProcessQueue
from harvest_async.throttle.server_status import RateLimitStatus

__all__ = ["AccountState"]

_TRIES: Final = 3
"""How often the status is requested before the gate opens without it."""
_WATCH: Final = 4
"""While other programs use the account, its status is requested again after this many periods."""


class AccountState(AccountValues):
    """The state that all users of an account share; its attributes are those of `AccountValues`."""

    __slots__ = ()

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

    # What is not known any more

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
