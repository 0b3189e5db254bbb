"""Execute one delivery of a job: under the run lock of its account, and with its state stored.

Invariants:
- Nothing is written before the lock is held, and before writes of an earlier run can't be processed any more.
- Each write checks the lock. A run that loses it is cancelled, and changes neither the account nor the job's state.
- Each delivery that fails is counted, and so is one whose process ends while it reads the file (see `reading`).
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from attrs import define

from harvest_async.cancellation import finish
from harvest_async.concurrency import first_error
from harvest_async.fleet.errors import NoSuchAccount, message_of, verdict
from harvest_async.fleet.job import Job
from harvest_async.fleet.reading import Reading
from harvest_async.fleet.reporting import Reporter
from harvest_async.fleet.result import Result
from harvest_async.fleet.setup import Setup, Work
from harvest_async.fleet.store import JobStatus
from harvest_async.fleet.work import work_of
from harvest_async.run_lock import LockHeld, LockLost, hold, new_owner

if TYPE_CHECKING:
    from harvest_async.client.base_client import BaseClient

__all__ = ["run_job"]

logger = logging.getLogger("harvest_async.fleet")


@define
class Delivery:
    """One delivery of a job.

    Attributes:
        worker: the process.
        token: the fencing token of the run; before it has one, that of the run before.
    """

    worker: str
    token: int


async def run_job(setup: Setup, job: Job, *, worker: str | None = None) -> float | None:
    """Execute a job once.

    Args:
        setup: the setup of the fleet.
        job: the job.
        worker: the name of this process for the status.

    Returns:
        The seconds after which the queue has to bring the job again; None if it is finished. The state is in the store.

    Raises:
        StorageError: the store can't be used; the queue has to bring the job again.
    """
    status = await setup.store.find(job.id)
    if status is not None and status.is_finished:
        return None
    if status is not None and status.deaths >= setup.deliveries and status.state == "reading":
        await _give_up(setup, job, status)
        return None
    delivery = Delivery(worker or new_owner(), status.token if status else 0)
    try:
        result = await _execute(setup, job, delivery)
    except Exception as error:  # noqa: BLE001 - every error of a job is its result
        return await _fail(setup, job, delivery, _cause(error))
    await setup.store.change(job, delivery.token, state=result.state, message=result.message, failures=0)
    return None


async def _execute(setup: Setup, job: Job, delivery: Delivery) -> Result:
    """Do the work of a job."""
    work = work_of(setup, job)
    async with AsyncExitStack() as stack:
        harvest = await _client(setup, job, stack)
        account = str(harvest.identity)
        held = await stack.enter_async_context(hold(setup.locks, account, lease=setup.lease))
        delivery.token, reading = held.token, Reading(setup, job, held.token)
        await setup.store.change(job, held.token, state="waiting", worker=delivery.worker, message="")
        await held.wait_until_quiet(setup.imports(job).rules.max_delay)
        await setup.store.change(job, held.token, state="running")
        async with Reporter(setup.store, job, held.token, reading.end) as reporter:
            try:
                return await work(setup, Work(job, harvest, held.check, held.token, reporter), account, reading)
            finally:
                await finish(reading.give_up())
                reading.end()


async def _client(setup: Setup, job: Job, stack: AsyncExitStack) -> BaseClient:
    """Return the client of a job's account.

    Raises:
        NoSuchAccount: the program knows no such account.
    """
    try:
        return await stack.enter_async_context(setup.client(job.account))
    except LookupError as error:
        why = f"account {job.account} does not exist, or has no credentials: remove the job, or add the account"
        raise NoSuchAccount(why) from error


async def _fail(setup: Setup, job: Job, delivery: Delivery, error: BaseException) -> float | None:
    """Store the failure of a delivery; return when the job is tried again."""
    counts = not isinstance(error, (LockHeld, LockLost))
    failures = await setup.store.count(job, delivery.token, "failures") if counts else 0
    decided = verdict(error, failures, deliveries=setup.deliveries, retries=setup.retries)
    message = message_of(error)
    level = logging.INFO if decided.state == "waiting" else logging.WARNING
    logger.log(level, "job %s of account %s: %s: %s", job.id, job.account, decided.state, message)
    await setup.store.change(job, delivery.token, state=decided.state, message=message)
    return decided.retry_after


async def _give_up(setup: Setup, job: Job, status: JobStatus) -> None:
    """Quarantine a job whose file ended the processes that read it."""
    message = (
        f"{job.location}: its process ended {status.deaths} times while reading it: correct or remove the file, then "
        "queue the job again"
    )
    logger.error("job %s of account %s: quarantined: %s", job.id, job.account, message)
    await setup.store.change(job, status.token, state="quarantined", message=message)


def _cause(error: Exception) -> BaseException:
    return first_error(error) if isinstance(error, BaseExceptionGroup) else error
