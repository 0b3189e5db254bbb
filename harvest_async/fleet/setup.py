"""What a program gives to the workers of its fleet: the way to its accounts, their credentials and files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from harvest_async.fleet.job import Job
from harvest_async.fleet.store import JobStore
from harvest_async.importer.rules import Guard, Rules
from harvest_async.importer.sources import Options
from harvest_async.progress import Progress
from harvest_async.run_lock import RunLocks

if TYPE_CHECKING:
    from harvest_async.client.base_client import BaseClient

__all__ = ["Action", "ImportSettings", "Setup", "Work"]

_PLAIN: Final = Options()
_RULES: Final = Rules()


@frozen
class ImportSettings:
    """How the file of a job is read and imported; each attribute is that of `imports.open_source` or `imports.plan`.

    Attributes:
        options: how the file is read.
        email_domain: the domain of e-mail addresses for people who have none.
        create_people: whether people may be created.
        reference: whether time entries get references, where the API version has them.
        link: the permalink of these references.
        rules: the rules of the run.
    """

    options: Options = _PLAIN
    email_domain: str | None = None
    create_people: bool = False
    reference: bool = True
    link: str | None = None
    rules: Rules = _RULES


@frozen
class Work:
    """What an action is called with.

    Attributes:
        job: the job.
        harvest: the client of its account.
        guard: call it directly before each write: it raises `LockLost` if another run may be writing.
        token: the fencing token of the run.
        progress: receives the progress, which `harvest-async fleet status` shows.
    """

    job: Job
    harvest: Any
    guard: Guard
    token: int
    progress: Progress


Action = Callable[[Work], Awaitable[str | None]]
"""A coroutine function over one account; it returns a text for the status."""


async def _on_disk(location: str) -> Path:
    return Path(location)


def _plain(_: Job) -> ImportSettings:
    return ImportSettings()


@frozen
class Setup:
    """What the workers of a fleet need. No queue gets any of it.

    Attributes:
        client: returns a context manager with the client of an account: `HarvestPool.account`, for example. A
            `LookupError` that it raises means that there is no such account.
        locks: the run locks of the accounts, shared by all workers.
        store: the state of the jobs, shared by all workers.
        journals: the folder of the journals; on shared storage, another machine resumes a run from its journal.
        imports: how the file of a job is imported.
        fetch: returns the path of the file of a location; without it, a location is a path.
        actions: the program's own kinds of jobs.
        url: the address of the queue's server, for `harvest-async worker`.
        name: the name of the queue.
        lease: seconds for which a run lock is held after each renewal.
        deliveries: the number of failures after which a job is quarantined.
        retries: the number of failures of the network or the server after which a job has failed.
        reading: held while a file is read.
    """

    client: Callable[[str], AbstractAsyncContextManager[BaseClient]]
    locks: RunLocks
    store: JobStore
    journals: Path = field(converter=Path)
    imports: Callable[[Job], ImportSettings] = _plain
    fetch: Callable[[str], Awaitable[Path]] = _on_disk
    actions: Mapping[str, Action] = field(factory=dict)
    url: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    name: str = "fleet"
    lease: float = 30.0
    deliveries: int = 3
    retries: int = 20
    reading: asyncio.Lock = field(factory=asyncio.Lock, init=False, repr=False)
