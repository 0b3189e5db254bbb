"""Read several lists concurrently, and process their records in order.

The number of concurrent lists and of records held for each is bounded. Any error or cancellation ends all reads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

__all__ = ["in_order"]

P = TypeVar("P")
R = TypeVar("R")

_SIDE_BY_SIDE: Final = 12
_AHEAD: Final = 500


class _End:
    """The end of a list, with its error if it failed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


async def in_order(
    parts: Iterable[P],
    read: Callable[[P], AsyncIterator[R]],
    take: Callable[[P, R], None],
    done: Callable[[P], Awaitable[None]],
) -> None:
    """Read parts concurrently, and process their records in the order of the parts.

    Args:
        parts: the parts to read.
        read: returns the records of a part.
        take: called with each record.
        done: awaited after the last record of each part.

    Raises:
        Exception: the first failure, in the order of the parts.
    """
    waiting: deque[tuple[P, asyncio.Queue[R | _End]]] = deque()
    tasks: set[asyncio.Task[None]] = set()
    try:
        for part in parts:
            if len(waiting) == _SIDE_BY_SIDE:
                await _drain(*waiting.popleft(), take, done)
            ahead: asyncio.Queue[R | _End] = asyncio.Queue(_AHEAD)
            task = asyncio.create_task(_fill(ahead, read(part)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            waiting.append((part, ahead))
        while waiting:
            await _drain(*waiting.popleft(), take, done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _fill(ahead: asyncio.Queue[R | _End], records: AsyncIterator[R]) -> None:
    try:
        async for record in records:
            await ahead.put(record)
    except Exception as error:  # noqa: BLE001 - raised when the part is processed
        await ahead.put(_End(error))
    else:
        await ahead.put(_End())


async def _drain(
    part: P,
    ahead: asyncio.Queue[R | _End],
    take: Callable[[P, R], None],
    done: Callable[[P], Awaitable[None]],
) -> None:
    while not isinstance(item := await ahead.get(), _End):
        take(part, item)
    if item.error is not None:
        raise item.error
    await done(part)
