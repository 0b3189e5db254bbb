"""Where the state of all jobs is stored: the protocol, and a store in memory.

Invariants:
- A change carries the fencing token of its run. A run that has lost its lock changes nothing any more.
- A store that is lost loses no row: a job that is queued again is planned against its account again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, Literal, Protocol

from attrs import evolve, frozen

from harvest_async.fleet.job import Job

__all__ = ["FINISHED", "JobStatus", "JobStore", "MemoryJobStore"]

FINISHED: Final = frozenset({"done", "incomplete", "failed", "quarantined"})
"""The states of jobs that are not executed any more."""

Counter = Literal["failures", "deaths"]


@frozen
class JobStatus:
    """The state of a job.

    Attributes:
        job: the job.
        state: `queued`, `waiting` (for another run of the account, or until writes of a dead run can't be processed any
            more), `reading`, `running`, `retrying`, and at the end `done`, `incomplete` (some rows were rejected or are
            unknown), `failed` or `quarantined`.
        token: the fencing token of the run that changed it last; 0 before the first.
        steps: the calls of the present part that are done.
        total: all calls of that part.
        part: what the present part is.
        worker: the process that runs it, or ran it last.
        message: the result, or what went wrong.
        failures: the number of deliveries that failed.
        deaths: the number of deliveries in a row whose process ended while it read the file.
    """

    job: Job
    state: str = "queued"
    token: int = 0
    steps: int = 0
    total: int = 0
    part: str = ""
    worker: str = ""
    message: str = ""
    failures: int = 0
    deaths: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether the job is not executed any more."""
        return self.state in FINISHED


class JobStore(Protocol):
    """Stores the state of jobs. Each method raises `StorageError` if the store can't be used."""

    async def add(self, jobs: Iterable[Job], *, again: bool = False) -> list[Job]:
        """Store jobs, and return those that have to be queued.

        Args:
            jobs: the jobs.
            again: whether jobs that are finished begin anew; otherwise they are left as they are.
        """
        ...

    async def find(self, id: str) -> JobStatus | None:
        """Return the state of a job; None if it is not stored."""
        ...

    async def change(self, job: Job, token: int, **changes: Any) -> None:
        """Change attributes of a job's state, unless a run with a greater token has changed it."""
        ...

    async def count(self, job: Job, token: int, name: Counter) -> int:
        """Add one to a number of a job's state, and return it."""
        ...

    async def writer(self, account: str) -> str | None:
        """Return the journal of the run that wrote to an account last; None if that is unknown."""
        ...

    async def set_writer(self, account: str, token: int, journal: str) -> None:
        """Store the journal of the run that is about to write to an account."""
        ...

    def all(self) -> AsyncIterator[JobStatus]:
        """Return the states of all jobs."""
        ...


class MemoryJobStore:
    """The jobs of one process."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobStatus] = {}
        self._writers: dict[str, tuple[int, str]] = {}

    async def add(self, jobs: Iterable[Job], *, again: bool = False) -> list[Job]:
        """See `JobStore.add`."""
        queued = []
        for job in jobs:
            known = self._jobs.get(job.id)
            if known is None or (again and known.is_finished):
                self._jobs[job.id] = JobStatus(job, token=known.token if known else 0)
            if not self._jobs[job.id].is_finished:
                queued.append(job)
        return queued

    async def find(self, id: str) -> JobStatus | None:
        """See `JobStore.find`."""
        return self._jobs.get(id)

    async def change(self, job: Job, token: int, **changes: Any) -> None:
        """See `JobStore.change`."""
        known = self._jobs.get(job.id) or JobStatus(job)
        if token >= known.token:
            self._jobs[job.id] = evolve(known, token=token, **changes)

    async def count(self, job: Job, token: int, name: Counter) -> int:
        """See `JobStore.count`."""
        number: int = getattr(self._jobs.get(job.id) or JobStatus(job), name) + 1
        await self.change(job, token, **{name: number})
        return number

    async def writer(self, account: str) -> str | None:
        """See `JobStore.writer`."""
        return self._writers.get(account, (0, None))[1]

    async def set_writer(self, account: str, token: int, journal: str) -> None:
        """See `JobStore.set_writer`."""
        if token >= self._writers.get(account, (0, ""))[0]:
            self._writers[account] = token, journal

    async def all(self) -> AsyncIterator[JobStatus]:
        """See `JobStore.all`."""
        for each in tuple(self._jobs.values()):
            yield each
