"""One renewal of a credential, as a task that outlives its callers.

Invariants:
- Cancelling a caller that waits for it does not stop it.
- An event loop that ends (`asyncio.run` cancels all tasks) waits for it, up to `PATIENCE` seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from harvest_async.errors import HarvestError

__all__ = ["PATIENCE", "Renewal"]

PATIENCE: Final = 10.0
"""Seconds that closing a client, or the end of an event loop, waits for a renewal."""

_STOPPING: Final = 1.0
"""Seconds after which a renewal that was cancelled, and goes on, is cancelled again."""


class Renewal:
    """A renewal in progress on the running event loop.

    Args:
        work: the renewal; returns the error to report, None on success.
        stopped: returns the error to report if the renewal was stopped before it ended.
    """

    def __init__(
        self, work: Coroutine[Any, Any, HarvestError | None], stopped: Callable[[], HarvestError | None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = stopped
        self._work = self._loop.create_task(work)
        # A loop that ends cancels every task that is registered. The work is not, so only its keeper is cancelled,
        # which goes on waiting (see "Extending asyncio" in the Python documentation).
        asyncio._unregister_task(self._work)  # noqa: SLF001
        self._keeper = self._loop.create_task(self._keep())

    @property
    def done(self) -> bool:
        """Whether it has ended; its callbacks may not have been called yet."""
        return self._keeper.done()

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        """Call `callback` when the renewal has ended, before those who wait for it resume."""
        self._keeper.add_done_callback(lambda _: callback())

    async def result(self) -> HarvestError | None:
        """Wait until it has ended, and return the error to report, None on success."""
        return await asyncio.shield(self._keeper)

    async def settle(self) -> None:
        """Wait until it has ended, up to `PATIENCE` seconds; then stop it."""
        await asyncio.wait([self._keeper], timeout=PATIENCE)
        while not self._keeper.done():
            self._work.cancel()
            await asyncio.wait([self._keeper], timeout=_STOPPING)

    async def _keep(self) -> HarvestError | None:
        end: float | None = None
        while not self._work.done():
            left = None if end is None else end - self._loop.time()
            if left is not None and left <= 0:
                self._work.cancel()
                left = _STOPPING
            try:
                await asyncio.wait([self._work], timeout=left)
            except asyncio.CancelledError:  # the event loop ends
                end = self._loop.time() + PATIENCE if end is None else end
        return self._stopped() if self._work.cancelled() else self._work.result()
