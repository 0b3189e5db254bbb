"""Finish work even if its caller is cancelled meanwhile.

Invariants:
- Cancellation is postponed, never lost: it is raised as soon as the work is done.
- A coroutine that is destroyed with its event loop can await nothing any more: its work is dropped.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

import anyio

__all__ = ["finish", "in_one_go"]

T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run work to its end, even if the caller is cancelled: by a scope of anyio, or by asyncio, any number of times.

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


async def in_one_go(work: Coroutine[Any, Any, None]) -> None:
    """Run short work to its end in the caller's own task: like `finish`, without the cost of a task.

    Raises:
        CancelledError: the caller was cancelled meanwhile; the work has been done.
    """
    if isinstance(sys.exception(), GeneratorExit):
        work.close()
        return
    steps = _Steps(work)
    with anyio.CancelScope(shield=True):
        await steps
    if steps.cancelled is not None:
        raise steps.cancelled


class _Steps:
    """Work step by step; keeps the cancellation that was postponed."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self.cancelled: asyncio.CancelledError | None = None

    def __await__(self) -> Generator[Any, None, None]:
        steps = self._work.__await__()
        while True:
            try:
                awaited = next(steps)
            except StopIteration:
                return
            yield from self._pause() if awaited is None else self._wait(awaited)

    def _pause(self) -> Generator[Any, None, None]:
        try:
            yield
        except asyncio.CancelledError as error:
            self.cancelled = error

    def _wait(self, awaited: asyncio.Future[Any]) -> Generator[Any, None, None]:
        """Wait for a future through another one, since the cancellation of a task cancels the future that it awaits."""
        awaited._asyncio_future_blocking = False  # noqa: SLF001 - asyncio expects it of a future that is awaited by other means
        while not awaited.done():
            woken = awaited.get_loop().create_future()
            awaited.add_done_callback(partial(_wake, woken))
            try:
                yield from woken
            except asyncio.CancelledError as error:
                self.cancelled = error


def _wake(sleeper: asyncio.Future[None], _: asyncio.Future[Any]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
