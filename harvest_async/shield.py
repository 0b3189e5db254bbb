"""What has been begun and has to be finished, whoever is cancelled meanwhile.

Rules of this room: cancellation is put off, never lost: it comes out as soon as the work is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anyio

__all__ = ["finish"]

T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end, whatever cancels the caller: a scope of anyio's, or asyncio, once or more often.

    Raises:
        CancelledError: the caller was cancelled meanwhile; the work has been done.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # it was retrieved: the cancellation goes first
        raise cancelled
    return task.result()
