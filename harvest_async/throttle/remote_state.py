"""An account's state on a server as one process knows it: converted to its own time, and checked for losses.

Invariants:
- What is stored can be converted to the server's clock. A process converts it by the lower bound of how far that clock
  is ahead of its own, so that nothing is free too early, and writes ends of calls late by what it does not know.
- A process knows which version it stored last. A server that does not know it any more has lost what it stored: it was
  restarted empty, it deleted the key, or another server without the latest versions has taken its place. Then all
  leases are held from now on, what others sent is unknown, and the calls in flight are entered again.
- The same holds after one of the two clocks has jumped. Then the deadlines of calls that others sent mean nothing any
  more; otherwise they stay, so that a process that died holds nobody up for longer than if nothing had been lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from harvest_async.clock import SECOND
from harvest_async.errors import StorageError
from harvest_async.throttle.ended import End
from harvest_async.throttle.lease import DEADLINE, Lease
from harvest_async.throttle.ledgers.remote import Commit, Reply
from harvest_async.throttle.ledgers.server_time import ServerTime
from harvest_async.throttle.processes import Registration
from harvest_async.throttle.remote_entries import Entry, Scale, apply, end_entry, name_of, registration_entry
from harvest_async.throttle.remote_format import decode, encode
from harvest_async.throttle.state import AccountState

__all__ = ["RemoteState"]

logger = logging.getLogger("harvest_async.throttle")

_KEEP: Final = 3_600 * SECOND
"""How long an unused state is kept beyond the times in it."""
_SURELY_KEPT: Final = _KEEP * 9 // 10
_STALE: Final = 4
"""After this many periods without a look, what others sent is unknown again."""
_FINE: Final = SECOND // 1_000
"""A better estimate of the server's time is used if it is better by this much."""
_SOON: Final = SECOND
_MILLISECOND: Final = SECOND // 1_000


class RemoteState:
    """The stored state of one budget, as of the last exchange with the server.

    Args:
        name: what messages call the ledger.

    Attributes:
        state: the state in this process's time; None before the first look. It is never changed, only replaced.
        token: the stored version; empty where nothing is stored.
        changed: whether `state` differs from what is stored, so that it has to be stored.
        doubtful: whether the server may have lost something, or a clock has jumped, so that the next draft recovers.
        late: how late the ends of calls have to be written for what is not known of the server's time.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._time = ServerTime()
        self._offset = 0
        self._epoch = self._sent_epoch = ""  # the names of the last recoveries that are stored, and on their way
        self._obsolete: frozenset[bytes] = frozenset()  # the names of entries that the state has
        self._own = b""  # the version that was stored last
        self._own_at = self._read_at = 0
        self._recovered_at = -_KEEP
        self.doubtful = False
        self._jumped = False  # whether a clock has jumped since the last recovery that is stored
        self._outdated = False  # whether the commit on its way lacks a recovery
        self.state: AccountState | None = None
        self.token = b""
        self.changed = False

    @property
    def late(self) -> int:
        """How late the ends of calls have to be written for what is not known of the server's time, in nanoseconds."""
        return self._time.most - self._offset

    def observe(self, sent: int, received: int, reply: Reply) -> None:
        """Take the server's time of a reply into account, whose request was sent and received at times of ours."""
        jumped = self._time.observe(sent, received, reply.time)
        self._jumped, self.doubtful = self._jumped or jumped, self.doubtful or jumped

    def doubt(self) -> None:
        """Note that another server may have taken over, or the same one was started again."""
        self.doubtful = True

    def draft(self, now: int, open_leases: Iterable[Lease]) -> AccountState:
        """Return a copy of the state, which a step may change; it was read before.

        Args:
            now: the present time.
            open_leases: the leases of this process's calls in flight.
        """
        if self.doubtful:
            self.recover(now, open_leases)
        if self.state is None:
            raise AssertionError
        draft, least = self.state.copy(), self._time.least
        if least < self._offset or least > self._offset + _FINE:
            draft.shift(self._offset - least)
            self.state, self._offset = draft.copy(), least
        return draft

    def entries(self, registration: Registration | None, ends: Iterable[End], now: int) -> tuple[Entry, ...]:
        """Return the entries of what this process has waiting and of its calls that have ended."""
        registered = () if registration is None else (registration_entry(registration, self._scale),)
        return (*registered, *(end_entry(end.lease, now - end.time, self._epoch) for end in ends))

    def commit(
        self, state: AccountState, name: str, now: int, notice: bytes, entries: tuple[Entry, ...] = ()
    ) -> Commit:
        """Return the request to store a state.

        Args:
            state: the state.
            name: the name of the step, which no other one has: it ends with a colon and its number among the user's.
            now: the present time.
            notice: what the others are notified of.
            entries: what is stored if another process was faster.
        """
        token = f"{_number(self.token) + 1}:{name}".encode()
        self._sent_epoch = epoch = name if self.changed else self._epoch
        self._outdated = False
        obsolete = self._obsolete.union(entry.name for entry in entries)
        return Commit(token, encode(state, self._offset, epoch), _keep(state, now), notice, entries, tuple(obsolete))

    def commit_entries(self, state: AccountState, now: int, entries: tuple[Entry, ...]) -> Commit:
        """Return the request to store entries only."""
        return Commit(b"", b"", _keep(state, now), b"", entries)

    def stored(self, state: AccountState, commit: Commit, reply: Reply, now: int) -> None:
        """Note that a commit was stored."""
        self._epoch, self.doubtful = self._sent_epoch, self.doubtful or self._outdated
        self._apply(state, reply, now)
        self.state, self.token, self.changed = state, commit.token, False
        self._own, self._own_at, self._read_at = commit.token, now, now
        self._jumped = self._jumped and self.doubtful  # what was stored now has times of the present scale

    def unchanged(self, reply: Reply, now: int) -> None:
        """Note that the known version is the stored one."""
        if reply.entries and self.state is not None:
            self.state = self.state.copy()
            self._apply(self.state, reply, now)
        self._read_at = now

    def adopt(self, reply: Reply, now: int, open_leases: Iterable[Lease]) -> None:
        """Take over what is stored.

        Args:
            reply: the server's reply, whose version is not the known one.
            now: the present time.
            open_leases: the leases of this process's calls in flight.

        Raises:
            StorageError: a later version has written it.
        """
        lost = self._has_lost(reply, now) or self.doubtful or self.changed  # a recovery that is not stored yet
        known, calls = self.state, tuple(open_leases)
        self.changed, self._jumped = False, self._jumped or reply.written > reply.time
        self.token, self._read_at = reply.token, now
        if known is None or reply.token or not lost:
            self._offset = self._time.least
            state = self._load(reply) if reply.token else AccountState()
            self._apply(state, reply, now)
            if known is None and reply.token and reply.time - reply.written > _STALE * state.window.period:
                state.forget()
        else:
            state = known
        self.state = state
        if lost or self._jumped or not all(state.window.holds(call.number) for call in calls):
            self.recover(now, calls)
        else:
            self._own = reply.own

    def lacks(self, end: End) -> bool:
        """Return whether the server has lost the entry that a lease ended: neither the state nor an entry has it."""
        return self.holds(end.lease) and not self.has_entry(end)

    def holds(self, lease: int) -> bool:
        """Return whether the response to a lease's call is awaited, as of the last exchange."""
        return self.state is not None and self.state.window.holds(lease)

    def has_entry(self, end: End) -> bool:
        """Return whether there is an entry, as of the last exchange, that a lease ended."""
        return name_of(end.lease) in self._obsolete

    def recover(self, now: int, open_leases: Iterable[Lease]) -> None:
        """Hold all leases from now on, and enter the calls in flight again."""
        if now - self._recovered_at > _SOON:  # processes that recover at the same time have to do so again
            logger.warning("%s may have lost what it stored: all calls are held for one period", self._name)
        self._recovered_at = now
        state = AccountState() if self.state is None else self.state.copy()
        if not self._jumped:  # the lower bound falls while no reply comes: nothing may be free earlier by that
            state.shift(max(0, self._offset - self._time.least))
        self._offset, self.doubtful = self._time.least, False
        state.distrust(now, now + DEADLINE if self._jumped else None)
        enter(state, open_leases)
        self.state, self.changed, self._own = state, True, b""
        self._outdated = True

    def _has_lost(self, reply: Reply, now: int) -> bool:
        """Return whether the server does not know a version that it must know."""
        if self.state is None:
            return False
        if not reply.token:
            return bool(self.token) and now - self._read_at < _SURELY_KEPT
        if _number(reply.token) <= _number(self.token) and reply.token != self.token:
            return True  # an older version: the latest ones are lost
        return bool(self._own) and _step(reply.own) < _step(self._own) and now - self._own_at < _SURELY_KEPT

    def _load(self, reply: Reply) -> AccountState:
        """Return a stored state in this process's time."""
        try:
            found = decode(reply.state, self._offset)
        except StorageError as error:
            raise StorageError(f"{self._name} {error.message}") from None
        if found is None:
            logger.warning("%s has a state that can't be read: it begins anew", self._name)
        state, epoch = found or (AccountState(), "")
        if epoch != self._epoch:  # others may have found that the server's clock has jumped
            self._time.forget()
            state.shift(self._offset - self._time.least)
            self._offset, self._epoch = self._time.least, epoch
        return state

    @property
    def _scale(self) -> Scale:
        return Scale(self._offset, self.late, self._epoch)

    def _apply(self, state: AccountState, reply: Reply, now: int) -> None:
        scale = self._scale
        # If the server's clock was set back by less than this response took, the offset is too large for its entries.
        self._obsolete = apply(reply.entries, state, now, scale._replace(offset=min(scale.offset, reply.time - now)))


def _number(token: bytes) -> int:
    """Return the number of a version; 0 where it has none."""
    number = token.partition(b":")[0]
    return int(number) if number.isdigit() else 0


def _step(token: bytes) -> int:
    """Return the number of the step, among those of its user, that stored a version; 0 where it has none."""
    number = token.rpartition(b":")[2]
    return int(number) if number.isdigit() else 0


def _keep(state: AccountState, now: int) -> int:
    """Return for how many milliseconds a state has to be kept."""
    latest = max(state.window.latest_deadline, state.until)
    return (_KEEP + max(0, latest - now)) // _MILLISECOND


def enter(state: AccountState, leases: Iterable[Lease]) -> None:
    """Enter calls in flight into a state."""
    for lease in leases:
        state.window.take(lease.number, lease.sent, lease.deadline)
