"""The status call of a closed gate, as a task of its own.

Invariants: the task is cancelled with the caller that leads it. Where its leader only reaches its `max_wait`, the task
goes on, since later callers need its result.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from harvest_async.throttle.lease import Lease, Probe

__all__ = ["start", "wait_for"]

_RUNNING: Final[set[asyncio.Task[None]]] = set()
"""Keeps the tasks alive: an event loop holds weak references only."""


def start(probe: Probe, lease: Lease) -> asyncio.Task[None]:
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


async def wait_for(task: asyncio.Task[None], patience: float | None) -> bool:
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
