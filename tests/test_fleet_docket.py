"""The queue of a fleet on a real Valkey server, with workers in this process."""

import asyncio
from contextlib import asynccontextmanager

import anyio
import pytest
from attrs import evolve

from harvest_async import BearerAuth, HarvestPool, Throttle, imports
from harvest_async.errors import StorageError
from harvest_async.fleet import ImportSettings, Job, RedisJobStore, Setup
from harvest_async.fleet.docket import enqueue_jobs, run_worker
from harvest_async.redis_client import connect
from harvest_async.run_lock import MemoryRunLocks
from tests.support.sample import make_rows, write_csv
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

SETTINGS = ImportSettings(
    imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True),
    create_people=True,
    rules=imports.Rules(max_delay=0.1),
)


@pytest.fixture
def valkey(tmp_path):
    with Valkey(tmp_path) as server:
        yield server


@pytest.fixture
async def setup(valkey, harvest_sandbox, harvest_address, tmp_path):
    harvest_sandbox.set_limits(5000, 1)
    store = RedisJobStore(valkey.url)

    async def credentials(account):
        if account != "1":
            raise LookupError(account)
        return BearerAuth("sandbox-token")

    async with HarvestPool(
        credentials,
        app="fleet tests (tests@example.com)",
        base_url=harvest_address,
        throttle=lambda _: Throttle(pace="burst"),
    ) as pool:
        yield Setup(
            pool.account, MemoryRunLocks(), store, tmp_path / "journals", lambda _: SETTINGS, url=valkey.url, lease=5
        )
    await store.aclose()


@asynccontextmanager
async def working(setup):
    """Run a worker during the block."""
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(setup, redelivery=2, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await worker


async def finished(setup, *jobs):
    """Wait until jobs are finished; gives their states."""
    with anyio.fail_after(30):
        while True:
            found = [await setup.store.find(job.id) for job in jobs]
            if all(each is not None and each.is_finished for each in found):
                return found
            await anyio.sleep(0.05)


async def test_a_worker_imports_and_the_queue_has_no_credentials(setup, tmp_path, harvest_sandbox, valkey):
    """A file is imported once although it is queued twice; nothing on the server has the token."""
    path = tmp_path / "time.csv"
    path.write_bytes(write_csv(make_rows(10)))
    job = Job(1, str(path))
    assert await enqueue_jobs(setup, [job, job]) == 2
    async with connect(valkey.url) as client:
        dumps = [await client.dump(key) for key in await client.keys("*")]
    assert dumps
    assert not any(b"sandbox-token" in dump for dump in dumps)
    async with working(setup):
        [status] = await finished(setup, job)

    assert (status.state, status.message) == ("done", "10 created, 0 there before")
    assert len(harvest_sandbox.world.entries()) == 10
    assert await enqueue_jobs(setup, [job]) == 0


async def test_what_fails_does_not_come_again(setup, tmp_path):
    """An account without credentials fails at once; a poison file is quarantined after its third delivery."""
    (tmp_path / "poison.csv").write_bytes(b"\x00\x01 no table")
    jobs = [Job(2, "time.csv"), Job(1, str(tmp_path / "poison.csv"))]
    await enqueue_jobs(setup, jobs)
    async with working(setup):
        missing, poison = await finished(setup, *jobs)

    assert (missing.state, missing.failures) == ("failed", 1)
    assert missing.message.startswith("account 2 does not exist")
    assert (poison.state, poison.failures) == ("quarantined", 3)


async def test_a_worker_that_is_ended_hands_its_jobs_back(setup):
    """A job that runs when its worker is ended is executed by the next one; while it runs, it is not queued again."""
    began, runs = asyncio.Event(), []

    async def act(work):
        runs.append(work.token)
        began.set()
        if len(runs) == 1:
            await asyncio.sleep(60)
        return "done at last"

    setup, job = evolve(setup, actions={"act": act}), Job(1, kind="act")
    await enqueue_jobs(setup, [job])
    async with working(setup):
        await began.wait()
        await enqueue_jobs(setup, [job])
    assert not (await setup.store.find(job.id)).is_finished
    async with working(setup):
        [status] = await finished(setup, job)

    assert (status.state, status.message, status.failures) == ("done", "done at last", 0)
    assert len(runs) == 2
    assert runs[0] < runs[1]


async def test_a_job_that_loses_a_cancellation_is_cancelled_again(setup):
    """A worker ends although the work of its job goes on after the first cancellation, as `asyncio.wait_for` may."""
    began, lost = asyncio.Event(), []

    async def act(work):
        began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost.append(work.job)
        await asyncio.sleep(60)

    setup, job = evolve(setup, actions={"act": act}), Job(1, kind="act")
    await enqueue_jobs(setup, [job])
    with anyio.fail_after(20):
        async with working(setup):
            await began.wait()

    assert lost == [job]
    assert not (await setup.store.find(job.id)).is_finished


@pytest.mark.parametrize("again", [None, 0, 1, 5], ids=["once", "twice at once", "twice a step later", "twice later"])
async def test_a_worker_that_is_cancelled_at_any_step_leaves_no_task(setup, again):
    """However early a worker is cancelled, and however soon a second time, each task that it started has ended."""
    before = asyncio.all_tasks()
    with anyio.fail_after(60):
        for steps in range(40):
            worker = asyncio.create_task(run_worker(setup))
            for _ in range(steps):
                await asyncio.sleep(0)
            worker.cancel()
            if again is not None:
                for _ in range(again):
                    await asyncio.sleep(0)
                worker.cancel()
            with pytest.raises(asyncio.CancelledError):
                await worker
            assert asyncio.all_tasks() == before


async def test_a_queue_that_lost_everything_is_filled_again(setup, valkey):
    """After a restart without data the same call queues what is wanted again, and a worker goes on."""
    runs = []

    async def act(work):
        runs.append(work.job.id)

    setup, jobs = evolve(setup, actions={"act": act}), [Job(1, str(number), "act") for number in range(3)]
    async with working(setup):
        await enqueue_jobs(setup, jobs[:1])
        await finished(setup, jobs[0])
        valkey.end()
        with pytest.raises(StorageError, match=r"the queue on .* can't be reached"):
            await enqueue_jobs(setup, jobs)
        valkey.start()
        assert await enqueue_jobs(setup, jobs) == 3
        await finished(setup, *jobs)

    assert set(runs) == {job.id for job in jobs}
