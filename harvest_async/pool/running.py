"""What belongs to the event loop of a pool."""

from __future__ import annotations

import asyncio

from attrs import define

from harvest_async.pool.accounts import Accounts
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.transport import SlotTransport

__all__ = ["Running"]


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
