"""The progress of a job, stored about once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from harvest_async.errors import StorageError
from harvest_async.fleet.job import Job
from harvest_async.fleet.store import JobStore

__all__ = ["Reporter"]

_INTERVAL: Final = 1.0


class Reporter:
    """A `Progress` that stores what it receives, as long as its block runs.

    The first progress shows that the file could be read.

    Args:
        store: the state of the jobs.
        job: the job.
        token: the fencing token of its run.
        on_begun: called when the first progress is stored.
    """

    def __init__(self, store: JobStore, job: Job, token: int, on_begun: Callable[[], None]) -> None:
        self._store = store
        self._job = job
        self._token = token
        self._on_begun = on_begun
        self._changes: dict[str, Any] = {}
        self._steps = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self, what: str, calls: int) -> None:
        """See `Progress.begin`."""
        self._steps = 0
        self._note(state="running", deaths=0, part=what, steps=0, total=calls, message="")

    def step(self) -> None:
        """See `Progress.step`."""
        self._steps += 1
        self._note(steps=self._steps)

    def state(self, what: str | None) -> None:
        """See `Progress.state`."""
        self._note(message=what or "")

    def _note(self, **changes: Any) -> None:
        self._changes |= changes
        self._changed.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_storing())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if error is None:
            await self._store_changes()

    async def _keep_storing(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._store_changes()
            await asyncio.sleep(_INTERVAL)

    async def _store_changes(self) -> None:
        """Store what has changed; a store that can't be used must not end the work."""
        changes, self._changes = self._changes, {}
        if not changes:
            return
        try:
            await self._store.change(self._job, self._token, **changes)
        except StorageError:
            self._changes = changes | self._changes
            self._changed.set()
        except asyncio.CancelledError:
            self._changes = changes | self._changes
            raise
        else:
            if "deaths" in changes:
                self._on_begun()
