"""The even pace of the bulk lane, kept by aiolimiter's leaky bucket.

Notes: the bucket only spreads calls out; the window guarantees the limit. It has one user, the gate, which asks for
capacity and takes it without awaiting in between, so that nobody ever waits inside the limiter. A bucket belongs to
one event loop and runs on the loop's own time.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from harvest_async.clock import SECOND

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

__all__ = ["Bucket"]

_ROUNDING: Final = 0.001
"""Seconds after which a bucket that is a rounding error short is tried again."""


class Bucket:
    """Allows one call in every `step`."""

    __slots__ = ("_limiter", "_step", "_taken_at")

    def __init__(self) -> None:
        self._limiter: AsyncLimiter | None = None
        self._step = 0
        self._taken_at = 0.0

    def wait(self, step: int) -> float:
        """Return the seconds until the next call may go; 0 is now. Another `step` (nanoseconds) makes a new bucket."""
        if self._limiter is None or step != self._step:
            from aiolimiter import AsyncLimiter  # noqa: PLC0415 - slow to load, and not every program has a bulk lane

            self._limiter, self._step = AsyncLimiter(1, step / SECOND), step
        if self._limiter.has_capacity():
            return 0.0
        left = self._taken_at + step / SECOND - asyncio.get_running_loop().time()
        return max(left, _ROUNDING)

    def take(self) -> None:
        """Take one call's capacity; `wait` has just returned 0."""
        if self._limiter is not None:
            self._taken_at = asyncio.get_running_loop().time()
            # With capacity there, acquiring never suspends: one step runs it to its end.
            with contextlib.suppress(StopIteration):
                self._limiter.acquire().send(None)
