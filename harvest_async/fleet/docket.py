"""The queue of a fleet on Redis or Valkey: pydocket. The only module that imports it; needs the extra `docket`.

Invariants:
- A task has the text of a job and nothing else. Its key is the job's id, so a job is queued once at a time.
- A job that has to be repeated is queued again by the same step that ends its delivery.
- What was in flight when a process died is delivered to another after `redelivery` seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from harvest_async import redis_client
from harvest_async.cancellation import finish
from harvest_async.errors import StorageError
from harvest_async.fleet.job import Job
from harvest_async.fleet.queueing import enqueue
from harvest_async.fleet.run import run_job
from harvest_async.fleet.setup import Setup

if TYPE_CHECKING:
    from docket import Docket, Worker

__all__ = ["TASK", "enqueue_jobs", "opened", "run_worker"]

logger = logging.getLogger("harvest_async.fleet")

TASK: Final = "run_harvest_job"
"""The name of the task in the queue."""
_PAUSE: Final = 5.0
"""Seconds after which a job is tried again whose state could not be read or stored."""
_AGAIN: Final = 1.0
"""Seconds after which a job that was cancelled is cancelled again."""
_PATIENCE: Final = 10.0
"""Seconds after which a worker that is stopped is cancelled."""


def _pydocket() -> Any:
    """Return the module `docket`.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import docket  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as missing:
        msg = "a fleet on Redis or Valkey needs pydocket: python -m pip install 'harvest-async[docket]'"
        raise ImportError(msg) from missing
    return docket


@asynccontextmanager
async def opened(setup: Setup) -> AsyncIterator[Docket]:
    """Open the queue of a fleet.

    Raises:
        StorageError: the server can't be reached.
        ImportError: pydocket is not installed.
    """
    module = _pydocket()
    await redis_client.ping(setup.url, "the queue")
    async with AsyncExitStack() as stack:
        with redis_client.explained(setup.url, "the queue"):
            docket = await stack.enter_async_context(module.Docket(name=setup.name, url=setup.url))
        yield docket


async def enqueue_jobs(setup: Setup, jobs: Iterable[Job], *, again: bool = False) -> int:
    """Store jobs and queue them, see `enqueue`.

    Returns:
        The number of jobs that are not finished.

    Raises:
        StorageError: the server can't be used; the same call can be repeated.
        ImportError: pydocket is not installed.
    """
    async with opened(setup) as docket:
        docket.register(_task(setup, asyncio.Event()), [TASK])

        async def queue(job: Job) -> None:
            with redis_client.explained(setup.url, "the queue"):
                await docket.add(TASK, key=job.id)(job.dump())

        return await enqueue(setup, queue, jobs, again=again)


async def run_worker(
    setup: Setup,
    *,
    concurrency: int = 10,
    redelivery: float = 60.0,
    stop: asyncio.Event | None = None,
    reconnect: float = 1.0,
) -> None:
    """Execute jobs until `stop` is set; jobs that run then are handed back to the queue.

    Args:
        setup: the setup of the fleet.
        concurrency: the number of jobs that run at a time.
        redelivery: seconds after which the jobs of a process that died are given to another.
        stop: ends the worker; None runs it until it is cancelled.
        reconnect: seconds between attempts to reach the server.

    Raises:
        StorageError: the server can't be reached at the start.
        ImportError: pydocket is not installed.
    """
    stopping = stop or asyncio.Event()
    module = _pydocket()
    async with opened(setup) as docket:
        docket.register(_task(setup, stopping), [TASK])
        worker = module.Worker(
            docket,
            name=f"{socket.gethostname()}:{os.getpid()}",
            concurrency=concurrency,
            redelivery_timeout=timedelta(seconds=redelivery),
            reconnection_delay=timedelta(seconds=reconnect),
        )
        running = asyncio.create_task(_run(worker, stopping))
        try:
            await asyncio.wait([running])
        finally:
            stopping.set()
            await finish(_ended(running))
        await running


async def _run(worker: Worker, stopping: asyncio.Event) -> None:
    """Run pydocket's worker until `stopping` is set; then it ends by itself, as its own context manager has it.

    A worker that is cancelled instead can leave a connection to the server open. It is, if it takes too long.
    So this runs in a task of its own, which nobody cancels.
    """
    async with worker:
        running, ended = asyncio.create_task(worker.run_forever()), asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([running, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            limit = asyncio.get_running_loop().call_later(_PATIENCE, running.cancel)
            running.add_done_callback(lambda _: limit.cancel())
    if not running.cancelled():
        running.result()


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.gather(task, return_exceptions=True)


def _task(setup: Setup, stopping: asyncio.Event) -> Any:
    """Return the function that pydocket calls with the text of a job."""
    perpetual_type = _pydocket().Perpetual
    worker = f"{socket.gethostname()}:{os.getpid()}"

    async def run_harvest_job(text: str, perpetual: Any = perpetual_type()) -> None:  # noqa: B008 - its way of injection
        after = await _until(stopping, run_again(text))
        if after is None:
            perpetual.cancel()
        else:
            perpetual.after(timedelta(seconds=after))

    async def run_again(text: str) -> float | None:
        try:
            return await run_job(setup, Job.load(text), worker=worker)
        except StorageError as error:
            logger.warning("%s", error)
            return _PAUSE

    return run_harvest_job


async def _until(stopping: asyncio.Event, work: Any) -> float | None:
    """Do work; if the worker is stopped meanwhile, cancel it, and have it continued at once by another worker.

    It is cancelled until it ends: `asyncio.wait_for` can lose a cancellation (Python 3.11,
    https://github.com/python/cpython/issues/86296), and the work of a job may call it.
    """
    working, ended = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([working, ended], return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        while not working.done():
            working.cancel()
            await asyncio.wait([working], timeout=_AGAIN)
    if working.cancelled():
        return 0.0
    after: float | None = working.result()
    return after
