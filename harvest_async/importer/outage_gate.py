"""Who may go: every write of a run passes here, twice: before it stands in line, and with its permit in hand.

Rules of this room: while the server is gone nobody passes, and somebody asks with growing pauses whether it is back;
while that is not certain one write goes alone (see `outage`). Once the run is told to stop nobody passes any more.
Whoever waits for a permit when the way is shut is called back, and may come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import DecodeError, HarvestError, RequestError, ServerError
from harvest_async.importer.account import Account
from harvest_async.importer.outage import Outage
from harvest_async.progress import Progress

__all__ = ["UNREACHABLE", "HeldBack", "OutageGate"]

UNREACHABLE: Final = (RequestError, ServerError, DecodeError)
"""What says of a read that the server is not there."""


class HeldBack(HarvestError):
    """A write has its permit, and may not leave after all."""


class OutageGate:
    """Lets the writes of one run pass.

    Args:
        account: is asked whether the server is back.
        give_up: seconds without an answered write after which the run is stopped.
        clock: what tells the time.
        progress: is told of an outage.

    Attributes:
        stopped: why the run was told to stop; None while it goes on.
        gave_up: whether that was because the server was gone.
    """

    def __init__(self, account: Account, give_up: float, clock: Clock, progress: Progress) -> None:
        self._account = account
        self._give_up = give_up
        self._clock = clock
        self._progress = progress
        self._outage = Outage()
        self._turn = asyncio.Condition()
        self._halt = asyncio.Event()
        self._flying = 0
        self._waiting: dict[int, anyio.CancelScope] = {}
        self._gone_since: int | None = None
        self.stopped: str | None = None
        self.gave_up = False

    def halted(self) -> bool:
        """Whether the run was told to stop."""
        return self._halt.is_set()

    def stop(self, why: str) -> None:
        """Let nobody pass any more; the first reason stands."""
        self.stopped = self.stopped or why
        self._halt.set()
        self._call_back()

    # Passing

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a write may stand in line, and take a place until it is done."""
        async with self._turn:
            await self._turn.wait_for(self._may_go)
            self._flying += 1
        try:
            yield
        finally:
            self._flying -= 1
        async with self._turn:
            self._turn.notify_all()

    @contextmanager
    def waiting(self, write: int) -> Iterator[anyio.CancelScope]:
        """While a write waits for its permit it can be called back; then the scope was cancelled."""
        with anyio.CancelScope() as scope:
            self._waiting[write] = scope
            try:
                yield scope
            finally:
                self._waiting.pop(write, None)

    def leave(self, write: int) -> None:
        """A write has its permit and leaves: from here on it is not called back.

        Raises:
            HeldBack: it may not leave.
        """
        if self.halted() or self._outage.begun:
            raise HeldBack("held back")
        self._waiting.pop(write, None)

    def _may_go(self) -> bool:
        outage = self._outage
        return self.halted() or not (outage.begun or (outage.alone and self._flying))

    def _call_back(self) -> None:
        for scope in tuple(self._waiting.values()):
            scope.cancel()

    # Outages

    def responded(self) -> None:
        """The server answered a write, if only by a refusal."""
        self._outage.succeeded()
        self._gone_since = None

    def failed(self, group: anyio.abc.TaskGroup) -> None:
        """The server failed on a write, or its answer was lost."""
        begun = self._outage.failed()
        self._call_back()
        if begun:
            group.start_soon(self.wait_for_server)

    async def wait_for_server(self) -> None:
        """Ask with growing pauses whether the server is back; give up after so long without an answered write."""
        self._outage.begun = True
        self._gone_since = began = self._gone_since or self._clock.now()
        while self._outage.begun and not self.halted():
            pause = self._outage.pause()
            self._progress.state(f"Harvest does not answer; asking again in {pause:.0f} s")
            await self.sleep(pause)
            await self._ask()
            if self._clock.now() - began > self._give_up * SECOND:
                self.gave_up = True
                self.stop(f"Harvest carried nothing out for {self._give_up:.0f} s")
        self._progress.state(None)
        async with self._turn:
            self._turn.notify_all()

    async def _ask(self) -> None:
        try:
            await self._account.ping()
        except UNREACHABLE:
            return
        self._outage.server_responded()

    async def sleep(self, seconds: float) -> None:
        """Sleep, unless the run is told to stop."""
        with anyio.move_on_after(seconds):
            await self._halt.wait()
