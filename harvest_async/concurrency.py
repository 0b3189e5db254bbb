"""Run asynchronous calls concurrently, at most a given number at a time.

`gather` returns all results at once, `results_of` yields them as they come, and `read_in_order` processes several lists
in their order. An error or a cancellation ends all calls that run.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeVar

import anyio

__all__ = ["first_error", "gather", "read_in_order", "results_of"]

T = TypeVar("T")
P = TypeVar("P")

_WAITING: Final = 4
"""The maximum number of results that wait for an earlier one, as a multiple of the limit."""
_LISTS: Final = 12
_AHEAD: Final = 500


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


async def results_of(
    calls: AsyncIterator[Callable[[], Coroutine[Any, Any, T]]], *, limit: int, ordered: bool
) -> AsyncIterator[T]:
    """Run calls concurrently and yield their results.

    Args:
        calls: functions without arguments; they are read as calls can be started.
        limit: the maximum number of calls that run at a time.
        ordered: whether results have the order of the calls; otherwise that of their completion.
    """
    tasks: deque[asyncio.Task[T]] = deque()
    try:
        while await _start(tasks, calls, limit):
            if ordered:
                yield await tasks.popleft()
                continue
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done = [task for task in tasks if task.done()]
            tasks = deque(task for task in tasks if not task.done())
            for task in done:
                yield await task
    finally:
        await _cancel(tasks)


async def _start(
    tasks: deque[asyncio.Task[T]], calls: AsyncIterator[Callable[[], Coroutine[Any, Any, T]]], limit: int
) -> bool:
    """Start as many calls as the limits allow; return whether any result is still to be returned."""
    running = sum(not task.done() for task in tasks)
    while running < limit and len(tasks) < _WAITING * limit:
        try:
            call = await anext(calls)
        except StopAsyncIteration:
            break
        tasks.append(asyncio.create_task(call()))
        running += 1
    return bool(tasks)


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def read_in_order(
    parts: Iterable[P],
    read: Callable[[P], AsyncIterator[T]],
    take: Callable[[P, T], None],
    done: Callable[[P], Awaitable[None]],
) -> None:
    """Read several lists concurrently, and process their records in the order of the lists.

    The number of concurrent lists and of records held for each is bounded.

    Args:
        parts: the parts to read.
        read: returns the records of a part.
        take: called with each record.
        done: awaited after the last record of each part.

    Raises:
        Exception: the first failure, in the order of the parts.
    """
    waiting: deque[tuple[P, asyncio.Queue[T | _End]]] = deque()
    tasks: set[asyncio.Task[None]] = set()
    try:
        for part in parts:
            if len(waiting) == _LISTS:
                await _drain(*waiting.popleft(), take, done)
            ahead: asyncio.Queue[T | _End] = asyncio.Queue(_AHEAD)
            task = asyncio.create_task(_fill(ahead, read(part)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            waiting.append((part, ahead))
        while waiting:
            await _drain(*waiting.popleft(), take, done)
    finally:
        await _cancel(tasks)


class _End:
    """The end of a list, with its error if it failed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


async def _fill(ahead: asyncio.Queue[T | _End], records: AsyncIterator[T]) -> None:
    try:
        async for record in records:
            await ahead.put(record)
    except Exception as error:  # noqa: BLE001 - raised when the part is processed
        await ahead.put(_End(error))
    else:
        await ahead.put(_End())


async def _drain(
    part: P,
    ahead: asyncio.Queue[T | _End],
    take: Callable[[P, T], None],
    done: Callable[[P], Awaitable[None]],
) -> None:
    while not isinstance(item := await ahead.get(), _End):
        take(part, item)
    if item.error is not None:
        raise item.error
    await done(part)
