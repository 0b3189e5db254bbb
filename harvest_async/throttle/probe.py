"""The status call on its way, as a task of its own.

Rules of this room: a status call is cancelled with the caller who leads it, and nothing of it is left then; where its
leader only runs out of patience it goes on, since those who come later need its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from harvest_async.throttle.lease import Lease, Probe

__all__ = ["ask", "wait_for"]

_ON_THEIR_WAY: Final[set[asyncio.Task[None]]] = set()
"""A loop knows its tasks only weakly."""


def ask(probe: Probe, lease: Lease) -> asyncio.Task[None]:
    """Begin a status call on a lease, which is ended and released whatever becomes of it."""

    async def call() -> None:
        try:
            await probe(lease)
        finally:
            lease.close()

    task = asyncio.get_running_loop().create_task(call())
    _ON_THEIR_WAY.add(task)
    task.add_done_callback(_ON_THEIR_WAY.discard)
    task.add_done_callback(lambda _: lease.close())  # a task that is cancelled before its first step runs nothing
    return task


async def wait_for(task: asyncio.Task[None], patience: float | None) -> bool:
    """Wait for a status call as its leader, for as many seconds as there is patience. Gives whether it has ended.

    Raises:
        CancelledError: the leader was cancelled; the status call has ended by then.
        Exception: what the status call itself failed by.
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
    """Cancel a task and stay until it has ended, however often we are cancelled meanwhile."""
    task.cancel()
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # what it failed by is of no use any more
