"""Bulk work over many accounts by several workers, on any number of machines.

A job is one piece of work for one account: a file to import, a folder to export to, or a coroutine of the program's
own. Three functions do the work, whichever queue brings the jobs to the workers:

- `enqueue` stores jobs and queues them; it may be repeated, and queues nothing twice.
- `run_job` executes one job under the run lock of its account, and returns when it has to be repeated.
- `statuses` returns the state of all jobs.

`harvest_async.fleet.docket` connects them to pydocket, on Redis or Valkey (extra `docket`); `docs/fleet.md` shows the
same with Procrastinate, on PostgreSQL.
"""

from harvest_async.fleet.errors import NoSuchAccount
from harvest_async.fleet.job import Job
from harvest_async.fleet.queueing import enqueue, statuses
from harvest_async.fleet.redis_store import RedisJobStore
from harvest_async.fleet.run import run_job
from harvest_async.fleet.setup import ImportSettings, Setup, Work
from harvest_async.fleet.store import JobStatus, JobStore, MemoryJobStore

__all__ = [
    "ImportSettings",
    "Job",
    "JobStatus",
    "JobStore",
    "MemoryJobStore",
    "NoSuchAccount",
    "RedisJobStore",
    "Setup",
    "Work",
    "enqueue",
    "run_job",
    "statuses",
]
