"""The leases of a gate whose calls have begun, and what follows when one ends.

Invariants:
- The end of a lease is written into the account state, at once or a little later together with others.
- When a lease ends or its connection is free, the calls that wait are served, unless another event does so anyway.
"""

from __future__ import annotations

from collections.abc import Callable

from harvest_async.clock import Clock
from harvest_async.throttle.access import Access
from harvest_async.throttle.connections import Connections
from harvest_async.throttle.ended import End, log_turn
from harvest_async.throttle.granting import Waiter
from harvest_async.throttle.lease import Change, Lease, write_end
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.queue import CallQueue
from harvest_async.throttle.remote_access import RemoteAccess
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["OpenLeases"]


class OpenLeases:
    """The leases of one gate that have not ended; see `granting.LeaseOwner`.

    Args:
        access: the access to the account state, into which the ends are written.
        queue: the waiters.
        connections: the connections that the calls use.
        settings: the numbers that bound the account state, and its name.
        clock: the source of the time.
        dispatch: grants what may be granted.

    Attributes:
        leases: the leases, by number.
        awaits_connection: whether the queue waits for a connection and not for its turn, at a shared state.
        refused: how many of the calls the server refused.
    """

    def __init__(
        self,
        access: Access | RemoteAccess,
        queue: CallQueue[Waiter],
        connections: Connections,
        settings: Settings,
        clock: Clock,
        dispatch: Callable[[], None],
    ) -> None:
        self._access = access
        self._memory = access.memory
        self._queue = queue
        self._connections = connections
        self._name = settings.name
        self._bounds = settings.bounds
        self._clock = clock
        self._dispatch = dispatch
        self._takes_turns = queue.shared
        self.leases: dict[int, Lease] = {}
        self.awaits_connection = False
        self.refused = 0

    def withholds(self, lease: Lease) -> bool:
        """See `lease.Owner`."""
        return self._access.closed and not lease.probes

    def end(self, lease: Lease, change: Change) -> None:
        """See `lease.Owner`."""
        self.refused += lease.turned_away
        self.leases.pop(lease.number, None)
        if self._takes_turns and self._may_end_soon(lease):
            now = self._clock.now()
            self._access.end_soon(End(change, lease.number, now, is_plain=change is AccountState.responded))
            self._connections.observe(now - lease.sent)
            return
        try:
            now = self._clock.now()
            if self._memory is None:
                self._access.end(End(change, lease.number, now), refused=lease.turned_away)
            else:
                self._end_in_memory(self._memory, lease.number, change, now)
            if lease.timely:
                self._connections.observe(now - lease.sent)
        finally:
            # Behind an open gate the next call needs a free connection, too, and its release dispatches.
            if self._awaits(lease) and (self._access.closed or not self._connections.full):
                self._dispatch()

    def disconnected(self, lease: Lease) -> None:
        """See `lease.Owner`."""
        self._connections.release()
        # With a shared ledger the time of the next turn is known, unless this gate waits for a connection.
        if self._awaits(lease) and (not self._takes_turns or self.awaits_connection):
            self._dispatch()

    def _awaits(self, lease: Lease) -> bool:
        """Return whether waiters are to be served when a lease ends; not before a turn for a connection comes."""
        return bool(self._queue.size) and not lease.is_status_call and not self._connections.queued

    def _may_end_soon(self, lease: Lease) -> bool:
        """Return whether the end of a lease may be written a little later, together with others.

        Its lease is free in a period, which others have to know by then; the next turn of this gate is known already.
        """
        return (
            (bool(self.leases or self._queue.size) or not self._access.immediate)
            and lease.timely
            and not (lease.probes or lease.is_status_call or self._access.closed)
        )

    def _end_in_memory(self, memory: MemoryLedger, number: int, change: Change, now: int) -> None:
        """Write the end of a lease without the detour that a shared ledger needs."""
        with memory.lock:
            state = memory.state
            if state.bounds is not self._bounds:
                state.bound(self._bounds)
            turned = write_end(state, change, number, now)
            why, until = state.why, state.until
        self._access.closed = why is not None
        if turned:
            log_turn(self._name, why, until, now)
