"""Store jobs and queue them, and read their states; the queue is given as a function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from harvest_async.fleet.job import Job
from harvest_async.fleet.setup import Setup
from harvest_async.fleet.store import JobStatus

__all__ = ["Queue", "enqueue", "statuses"]

Queue = Callable[[Job], Awaitable[object]]
"""Queues a job; it does nothing if a job with the same id is in the queue or runs."""


async def enqueue(setup: Setup, queue: Queue, jobs: Iterable[Job], *, again: bool = False) -> int:
    """Store jobs and queue them.

    Repeat it with all jobs that are wanted, after a failure or from time to time: it queues those that are neither
    queued nor finished, and so also those that a queue has lost.

    Args:
        setup: the setup of the fleet.
        queue: queues a job.
        jobs: the jobs.
        again: whether finished jobs are executed again.

    Returns:
        The number of jobs that are not finished.

    Raises:
        StorageError: the store can't be used; the same call can be repeated.
    """
    waiting = await setup.store.add(jobs, again=again)
    for job in waiting:
        await queue(job)
    return len(waiting)


def statuses(setup: Setup) -> AsyncIterator[JobStatus]:
    """Return the states of all jobs.

    Raises:
        StorageError: the store can't be used.
    """
    return setup.store.all()
