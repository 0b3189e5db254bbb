"""The gate that every write of a run passes: before it waits for its lease, and again when it has it.

Invariants:
- While the server does not respond, no write passes, and a read with growing pauses finds out whether it is available
  again; until that is certain one write passes at a time (see `outage`).
- After the run was stopped, no write passes.
- A write that waits for its lease when the gate closes is held back; it can be sent later.
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
"""Errors of a read which mean that the server does not respond."""


class HeldBack(HarvestError):
    """A write has its lease, but may not be sent now."""


class OutageGate:
    """The gate of one run.

    Args:
        account: the account whose server is read.
        give_up: seconds without a response to a write after which the run ends.
        clock: the source of time.
        progress: receives the state of an outage.

    Attributes:
        stopped: the reason for which the run was stopped; None if it was not.
        gave_up: whether it was stopped because the server did not respond.
    """

    def __init__(self, account: Account, give_up: float, clock: Clock, progress: Progress) -> None:
        self._account = account
        self._give_up = give_up
        self._clock = clock
        self._progress = progress
        self._outage = Outage()
        self._turn = asyncio.Condition()
        self._halt = asyncio.Event()
        self._in_flight = 0
        self._waiting: dict[int, anyio.CancelScope] = {}
        self._unavailable_since: int | None = None
        self.stopped: str | None = None
        self.gave_up = False

    def halted(self) -> bool:
        """Return whether the run was stopped."""
        return self._halt.is_set()

    def stop(self, why: str) -> None:
        """Let no write pass any more; the first reason is kept."""
        self.stopped = self.stopped or why
        self._halt.set()
        self._hold_back()

    # Passing

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a write may request its lease; it counts as in flight until it is done."""
        async with self._turn:
            await self._turn.wait_for(self._may_pass)
            self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
        async with self._turn:
            self._turn.notify_all()

    @contextmanager
    def waiting(self, write: int) -> Iterator[anyio.CancelScope]:
        """Hold a write back, by cancelling the scope, if the gate closes while it waits for its lease."""
        with anyio.CancelScope() as scope:
            self._waiting[write] = scope
            try:
                yield scope
            finally:
                self._waiting.pop(write, None)

    def leave(self, write: int) -> None:
        """Let a write with a lease be sent: it is not held back any more.

        Raises:
            HeldBack: it may not be sent now.
        """
        if self.halted() or self._outage.begun:
            raise HeldBack("held back")
        self._waiting.pop(write, None)

    def _may_pass(self) -> bool:
        outage = self._outage
        return self.halted() or not (outage.begun or (outage.alone and self._in_flight))

    def _hold_back(self) -> None:
        for scope in tuple(self._waiting.values()):
            scope.cancel()

    # Outages

    def responded(self) -> None:
        """Note that a write got a response, a refusal included."""
        self._outage.succeeded()
        self._unavailable_since = None

    def failed(self, group: anyio.abc.TaskGroup) -> None:
        """Note that a write failed, or that its response was lost."""
        begun = self._outage.failed()
        self._hold_back()
        if begun:
            group.start_soon(self.wait_for_server)

    async def wait_for_server(self) -> None:
        """Read with growing pauses until the server responds; stop the run after `give_up` seconds without one."""
        self._outage.begun = True
        self._unavailable_since = began = self._unavailable_since or self._clock.now()
        while self._outage.begun and not self.halted():
            pause = self._outage.pause()
            self._progress.state(f"Harvest does not respond; trying again in {pause:.0f} s")
            await self.sleep(pause)
            await self._ping()
            if self._clock.now() - began > self._give_up * SECOND:
                self.gave_up = True
                self.stop(f"Harvest processed no write for {self._give_up:.0f} s")
        self._progress.state(None)
        async with self._turn:
            self._turn.notify_all()

    async def _ping(self) -> None:
        try:
            await self._account.ping()
        except UNREACHABLE:
            return
        self._outage.server_responded()

    async def sleep(self, seconds: float) -> None:
        """Sleep; return early if the run is stopped."""
        with anyio.move_on_after(seconds):
            await self._halt.wait()
