"""Reads that go on side by side.

Rules of this room: so many at a time, results in the order of the reads; the first failure ends the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import anyio

from harvest_async.progress import Progress

__all__ = ["gather", "later"]

_SIDE_BY_SIDE: Final = 16


def later(call: Callable[..., Awaitable[Any]], *arguments: Any) -> Callable[[], Awaitable[Any]]:
    """A call to be made later."""

    async def later() -> Any:
        return await call(*arguments)

    return later


async def gather(reads: Sequence[Callable[[], Awaitable[Any]]], progress: Progress) -> list[Any]:
    """Read side by side, so many at a time; results in the order of the reads."""
    results: dict[int, Any] = {}
    limit = anyio.Semaphore(_SIDE_BY_SIDE)

    async def one(place: int, read: Callable[[], Awaitable[Any]]) -> None:
        async with limit:
            results[place] = await read()
        progress.step()

    try:
        async with anyio.create_task_group() as group:
            for place, read in enumerate(reads):
                group.start_soon(one, place, read)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    return [results[place] for place in range(len(reads))]


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
