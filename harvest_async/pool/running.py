"""What belongs to the event loop of a pool."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import define

from harvest_async.pool.accounts import Accounts
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import SlotTransport

__all__ = ["Running", "flush"]

_PAUSE, _PAUSES = 0.001, 1_000
"""Seconds between looks for calls that have lost their connection, and the most looks: one may be connecting."""


@define(eq=False)
class Running:
    """The connections of a pool on its event loop.

    Attributes:
        loop: the event loop.
        cap: limits the connections of all gates together, and gives them turns.
        transport: sends the requests of all clients.
        timer: when to look for idle accounts; None if no account is unused.
    """

    loop: asyncio.AbstractEventLoop
    cap: ConnectionCap
    transport: SlotTransport
    timer: asyncio.TimerHandle | None = None

    async def stop(self, accounts: Accounts) -> None:
        """Close all connections; throttles that other clients use are not limited any more."""
        if self.timer is not None:
            self.timer.cancel()
        self.cap.lift()
        for entry in accounts:
            entry.throttle.leave_connections(self.cap)
        await self.transport.shut()


async def flush(throttles: Sequence[Throttle]) -> None:
    """Wait until the ledgers of throttles have the ends of all calls, for about a second at most."""
    busy = throttles
    for _ in range(_PAUSES):
        busy = [each for each in busy if each.counts().in_flight]
        if not busy:
            break
        await asyncio.sleep(_PAUSE)
    await asyncio.gather(*(each.flush() for each in throttles))
