"""Run asynchronous calls concurrently, at most a given number at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

__all__ = ["first_error", "gather"]

T = TypeVar("T")


async def gather(
    calls: Sequence[Callable[[], Awaitable[T]]], *, limit: int = 16, on_done: Callable[[], None] | None = None
) -> list[T]:
    """Run calls concurrently and return their results in the order of the calls.

    Args:
        calls: functions without arguments, each called once.
        limit: the maximum number of calls that run at a time.
        on_done: called after each call that succeeded.

    Raises:
        Exception: the first failure; the other calls are cancelled.
    """
    results: dict[int, T] = {}
    places = iter(enumerate(calls))

    async def work() -> None:
        for place, call in places:
            results[place] = await call()
            if on_done is not None:
                on_done()

    try:
        async with anyio.create_task_group() as group:
            for _ in range(min(limit, len(calls))):
                group.start_soon(work)
    except BaseExceptionGroup as errors:
        raise first_error(errors) from None
    return [results[place] for place in range(len(calls))]


def first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group, or of the groups nested in it."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
