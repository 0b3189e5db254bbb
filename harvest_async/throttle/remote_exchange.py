"""Exchanges with a ledger's server: each is repeated while the server can't be reached, as long as that may last."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from harvest_async.clock import SECOND, Clock
from harvest_async.throttle.ledgers.remote import Commit, LedgerDown, Reply, Store
from harvest_async.throttle.remote_state import RemoteState

__all__ = ["Exchanges"]

_PATIENCE: Final = 5 * SECOND
"""How long a server that was reached before may be away until calls fail."""
_PAUSES: Final = (0.0, 0.05, 0.1, 0.2, 0.5)
"""Seconds between attempts to reach it; the last one is repeated."""
_SETTLE: Final = SECOND
"""How long nothing is granted after a connection was lost."""


class Exchanges:
    """Sends the steps of one gate.

    Args:
        store: the gate's part of the ledger's server.
        remote: what is known of the state there.
        clock: the source of the time.

    Attributes:
        trip: nanoseconds of the last exchange.
        responded: whether the server has responded since this was last set to False.
        elsewhere: whether another server has responded to the last step than to the one before.
    """

    def __init__(self, store: Store, remote: RemoteState, clock: Clock) -> None:
        self._store = store
        self._remote = remote
        self._clock = clock
        self._unsettled_until = clock.now()
        self._away_since: int | None = None  # since when the server can't be reached, or takes no step
        self._server = b""
        self.trip = 0
        self.responded = self.elsewhere = False

    async def send(self, commit: Commit | None, *, at_once: bool) -> Reply:
        """Send a step and return the reply.

        Args:
            commit: what to store; None only reads.
            at_once: whether to fail at once if the server can't be reached.

        Raises:
            LedgerDown: the server can't be reached.
            HarvestError: it refuses the step.
        """
        expected, again = self._remote.token, False
        for pause in _pauses():
            sent = self._clock.now()
            try:
                reply = await self._store.exchange(expected, commit, again=again)
            except LedgerDown:
                self.lost_connection()
                if self._is_away_too_long() or at_once:
                    raise
                again = True
                await asyncio.sleep(pause)
            else:
                self._remote.observe(sent, self._clock.now(), reply)
                self.responded, self.trip = True, self._clock.now() - sent
                self._compare(reply.server)
                return reply
        raise AssertionError

    def _compare(self, server: bytes) -> None:
        """Note whether another server responds now, which may lack the latest steps, also those of other processes."""
        self.elsewhere = self._server not in {b"", server}
        self._server = server
        if self.elsewhere:
            self.lost_connection()
            self._remote.doubt()

    def stored(self) -> None:
        """Note that the server has stored a step, or has nothing to store."""
        self._away_since = None

    def lost_connection(self) -> None:
        """Note that a connection was lost: another server may have taken over, and others enter what it lacks."""
        self._unsettled_until = self._clock.now() + _SETTLE

    def unsettled(self) -> int:
        """Return for how long nothing is to be granted after a connection was lost, in nanoseconds."""
        return max(0, self._unsettled_until - self._clock.now())

    def _is_away_too_long(self) -> bool:
        now = self._clock.now()
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since >= _PATIENCE


def _pauses() -> Iterable[float]:
    """Yield the pauses between attempts, without end."""
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]
