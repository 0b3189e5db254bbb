"""The part of an import in which its file is read, and in which a file can end its process.

Invariants:
- The end of the process is counted before the file is read. The first progress after it takes the count back.
- A process reads one file at a time. So if it is killed for another reason, at most one file is suspected wrongly.
"""

from __future__ import annotations

from harvest_async.fleet.job import Job
from harvest_async.fleet.setup import Setup

__all__ = ["Reading"]


class Reading:
    """The reading of a job's file in one delivery.

    Args:
        setup: the setup of the fleet.
        job: the job.
        token: the fencing token of the run.

    Attributes:
        is_reading: whether the file is being read.
    """

    def __init__(self, setup: Setup, job: Job, token: int) -> None:
        self._setup, self._job, self._token = setup, job, token
        self.is_reading = False

    async def begin(self) -> None:
        """Wait until no other file is being read, and count the end of the process in advance."""
        await self._setup.reading.acquire()
        self.is_reading = True
        await self._setup.store.change(self._job, self._token, state="reading")
        await self._setup.store.count(self._job, self._token, "deaths")

    def end(self) -> None:
        """Let another file be read: the reading has ended, and that is stored."""
        if self.is_reading:
            self.is_reading = False
            self._setup.reading.release()

    async def give_up(self) -> None:
        """Take the count back: the reading ended by an error or a cancellation, and the process lives."""
        if self.is_reading:
            await self._setup.store.change(self._job, self._token, deaths=0, state="waiting")
