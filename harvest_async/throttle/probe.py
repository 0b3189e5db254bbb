"""The status calls of a gate, each a task of its own.

Invariants: the task is cancelled with the caller that leads it. Where its leader only reaches its `max_wait`, the task
goes on, since later callers need its result.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, cast

from harvest_async.clock import Clock
from harvest_async.throttle.connections import Connections
from harvest_async.throttle.errors import would_wait
from harvest_async.throttle.granting import Granting
from harvest_async.throttle.lease import Lease, Probe, Ticket

__all__ = ["StatusCalls"]

logger = logging.getLogger("harvest_async.throttle")

_RUNNING: Final[set[asyncio.Task[None]]] = set()
"""Keeps the tasks alive: an event loop holds weak references only."""


class StatusCalls:
    """Sends the status calls of one gate.

    Args:
        name: the account's name in the log.
        granting: counts the callers that wait for a status call in front of everyone.
        connections: the connections that the gate's calls use.
        clock: the source of the time.
        dispatch: grants what may be granted.
    """

    def __init__(
        self, name: str, granting: Granting, connections: Connections, clock: Clock, dispatch: Callable[[], None]
    ) -> None:
        self._name = name
        self._granting = granting
        self._connections = connections
        self._clock = clock
        self._dispatch = dispatch

    async def send(self, ticket: Ticket, lease: Lease) -> None:
        """Send the status call on a lease that was granted for it, and wait for it if the gate is closed.

        Raises:
            WouldWait: it takes longer than the ticket's `max_wait`; it goes on.
        """
        task = _start(cast("Probe", ticket.probe), lease)  # only a ticket with a probe gets a lease for one
        if not lease.probes:
            task.add_done_callback(self._ended)  # the gate is open: nobody has to wait for it
            return
        try:
            await self._lead(ticket, task)
        except BaseException:
            self._dispatch()
            raise

    async def _lead(self, ticket: Ticket, task: asyncio.Task[None]) -> None:
        """Wait for the probe in front of everyone; no lease is granted before its leader is in the queue again."""
        self._granting.leading += 1
        began = self._clock.now()
        try:
            ended = await _wait_for(task, ticket.patience)
        finally:
            self._granting.leading -= 1
            ticket.waited += self._clock.now() - began
        if not ended:
            task.add_done_callback(self._ended)
            raise would_wait(self._connections.trip)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Handle the end of a status call that nobody waited for."""
        try:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.warning("%s: the status call failed: %s", self._name, type(error).__name__)
        finally:
            self._dispatch()


def _start(probe: Probe, lease: Lease) -> asyncio.Task[None]:
    """Start a status call on a lease, which is ended and released in every case."""

    async def call() -> None:
        try:
            await probe(lease)
        finally:
            lease.close()

    task = asyncio.get_running_loop().create_task(call())
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)
    task.add_done_callback(lambda _: lease.close())  # a task that is cancelled before its first step runs nothing
    return task


async def _wait_for(task: asyncio.Task[None], patience: float | None) -> bool:
    """Wait for a status call as its leader, at most `patience` seconds. Return whether it has ended.

    Raises:
        CancelledError: the leader was cancelled; the status call has ended by then.
        Exception: the error of the status call itself.
    """
    try:
        await asyncio.wait({task}, timeout=patience)
    except asyncio.CancelledError:
        await _stop(task)
        raise
    if task.done():
        task.result()
    return task.done()


async def _stop(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended, through further cancellations."""
    task.cancel()
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # retrieved, so that asyncio does not log it
