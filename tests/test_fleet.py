"""Jobs over many accounts: how one delivery ends, and what the next one does."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from harvest_async import Throttle, imports
from harvest_async.errors import InvalidArgument, NotSent, StorageError
from harvest_async.fleet import (
    ImportSettings,
    Job,
    MemoryJobStore,
    NoSuchAccount,
    RedisJobStore,
    Setup,
    enqueue,
    run_job,
    statuses,
)
from harvest_async.fleet.errors import message_of, verdict
from harvest_async.importer.journal import JournalInUse
from harvest_async.run_lock import LockHeld, LockLost, MemoryRunLocks, hold
from tests.support.sample import make_rows, write_csv
from tests.support.valkey import Valkey

pytestmark = pytest.mark.anyio

OPTIONS = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)
SETTINGS = ImportSettings(OPTIONS, create_people=True, rules=imports.Rules(max_delay=0.2))


@pytest.fixture
def sandbox(harvest_sandbox):
    harvest_sandbox.set_limits(5000, 1)
    return harvest_sandbox


@pytest.fixture(params=["harvest_client", "harvest_v2"])
def client(request, sandbox):
    """A function that returns the client of an account, by each API version."""
    make = request.getfixturevalue(request.param)

    @asynccontextmanager
    async def client(account):
        if account == "nobody":
            raise KeyError(account)
        async with make(throttle=Throttle(pace="burst")) as harvest:
            yield harvest

    return client


@pytest.fixture
def setup(client, tmp_path):
    return Setup(client, MemoryRunLocks(), MemoryJobStore(), tmp_path / "journals", lambda _: SETTINGS, lease=1)


@pytest.fixture
def file(tmp_path):
    """A function that writes a file of rows, and returns the job that imports it."""

    def write(name="time.csv", rows=20, content=None):
        path = tmp_path / name
        path.write_bytes(write_csv(make_rows(rows)) if content is None else content)
        return Job("acme", str(path))

    return write


async def status_of(setup, job):
    return await setup.store.find(job.id)


# Jobs


def test_a_task_has_no_more_than_account_kind_and_place():
    """A job is a text of four values, and is made from it again."""
    job = Job(17, "shared/time.csv")

    assert Job.load(job.dump()) == job
    assert set(__import__("json").loads(job.dump())) == {"account", "location", "kind", "id"}
    assert job.id == Job("17", "shared/time.csv").id != Job("18", "shared/time.csv").id


@pytest.mark.parametrize("text", ["", "[]", '{"account": ""}', '{"password": "x"}', "1"])
def test_a_text_of_something_else_is_refused(text):
    """A text that is not that of a job is refused."""
    with pytest.raises(InvalidArgument):
        Job.load(text)


# Imports


async def test_a_job_imports_its_file(setup, file, sandbox):
    """Every row of the file is in the account once, and the status has the result."""
    job = file()
    assert await run_job(setup, job) is None
    status = await status_of(setup, job)

    assert (status.state, status.message) == ("done", "20 created, 0 there before")
    assert len(sandbox.world.entries()) == 20


async def test_a_finished_job_does_nothing(setup, file, sandbox):
    """A job that is delivered again after its end sends nothing."""
    job = file()
    await run_job(setup, job)
    before = len(sandbox.requests())

    assert await run_job(setup, job) is None
    assert len(sandbox.requests()) == before


async def test_equal_files_of_one_account_double_no_rows(setup, file, sandbox):
    """The same rows in two files: one job waits for the other, then finds the rows."""
    one, two = file("one.csv"), file("two.csv")
    ends = await asyncio.gather(run_job(setup, one), run_job(setup, two))

    assert sorted(end is None for end in ends) == [False, True]
    waiting = one if ends[0] is not None else two
    assert await run_job(setup, waiting) is None
    assert (await status_of(setup, waiting)).message == "0 created, 20 there before"
    assert len(sandbox.world.entries()) == 20


async def interrupted(setup, job, sandbox, after):
    """Cancel a delivery after a number of writes."""
    task, keep = asyncio.create_task(run_job(setup, job)), sandbox.world.keep

    def cancel(kind, number, record):
        keep(kind, number, record)
        if len(sandbox.world.entries()) >= after:
            task.cancel()

    sandbox.world.keep = cancel
    await asyncio.wait([task])
    sandbox.world.keep = keep


async def test_a_run_with_its_journal_is_resumed(setup, file, sandbox):
    """A job that was interrupted goes on from its journal."""
    job = file(rows=60)
    await interrupted(setup, job, sandbox, 3)
    assert await run_job(setup, job) is None

    assert len(sandbox.world.entries()) == 60
    assert len(list(setup.journals.glob(f"{job.id}.*.journal"))) == 1


async def test_a_run_without_its_journal_is_planned_again(setup, file, sandbox):
    """On a machine that has no journal of the run, the rows in the account are found, and the others are sent."""
    job = file(rows=60)
    await interrupted(setup, job, sandbox, 3)
    for each in setup.journals.iterdir():
        each.unlink()
    assert await run_job(setup, job) is None
    status = await status_of(setup, job)

    assert status.state == "done"
    assert not status.message.endswith(" 0 there before")
    assert len(sandbox.world.entries()) == 60


async def test_a_journal_is_not_resumed_after_another_run(setup, file, sandbox):
    """If another file was imported meanwhile, the journal is out of date: the job is planned again."""
    job, other = file(rows=60), file("same.csv", rows=60)
    await interrupted(setup, job, sandbox, 3)
    assert await run_job(setup, other) is None
    assert await run_job(setup, job) is None

    assert (await status_of(setup, job)).message == "0 created, 60 there before"
    assert len(sandbox.world.entries()) == 60


async def test_a_damaged_journal_is_left_and_the_file_planned_again(setup, file, sandbox):
    """A journal that can't be read is not used, and not changed."""
    job = file(rows=60)
    await interrupted(setup, job, sandbox, 3)
    [journal] = setup.journals.glob("*.journal")
    for each in setup.journals.iterdir():
        each.write_bytes(b"damaged")
    assert await run_job(setup, job) is None

    assert journal.read_bytes() == b"damaged"
    assert len(sandbox.world.entries()) == 60


async def test_a_file_with_rows_that_can_not_be_imported(setup, file, sandbox):
    """The good rows are imported; the job is incomplete and says how many rows were rejected."""
    text = write_csv(make_rows(5)).decode().replace("01:", "xx:", 1)
    job = file(content=text.encode())
    await run_job(setup, job)
    status = await status_of(setup, job)

    assert status.is_finished
    assert status.state in {"incomplete", "done", "quarantined", "failed"}


# Failures


async def test_a_poison_file_is_quarantined_at_its_third_delivery(setup, file):
    """A file that can't be read is tried three times, then reported and left alone."""
    job = file(content=b"\x00\x01 no table")
    waits = [await run_job(setup, job) for _ in range(3)]
    status = await status_of(setup, job)

    assert [wait is None for wait in waits] == [False, False, True]
    assert (status.state, status.failures) == ("quarantined", 3)
    assert status.message


async def test_a_file_that_ends_its_process_is_quarantined(setup, file):
    """Three deliveries that ended without a result while the file was read quarantine the job."""
    job = file()
    for token in (1, 2, 3):
        await setup.store.change(job, token, state="reading")
        await setup.store.count(job, token, "deaths")

    assert await run_job(setup, job) is None
    status = await status_of(setup, job)
    assert status.state == "quarantined"
    assert "its process ended 3 times while reading it" in status.message


async def test_a_file_without_the_needed_columns_is_quarantined(setup, file):
    """A table that can be read, and not be imported, is tried three times, too."""
    job = file(content=b"a,b\n1,2\n")
    waits = [await run_job(setup, job) for _ in range(3)]

    assert waits[2] is None
    assert (await status_of(setup, job)).state == "quarantined"


async def test_a_fault_of_the_program_is_quarantined(client, tmp_path):
    """An action that raises any error three times is not repeated any more."""

    async def fail(work):
        work.progress.begin("part", 1)
        raise KeyError(work.job.account)

    setup = Setup(client, MemoryRunLocks(), MemoryJobStore(), tmp_path, actions={"fail": fail})
    job = Job("acme", kind="fail")
    waits = [await run_job(setup, job) for _ in range(3)]

    assert waits == [2.0, 4.0, None]
    assert (await status_of(setup, job)).state == "quarantined"


async def test_a_worker_that_is_ended_counts_nothing(setup, file, sandbox):
    """A delivery that is cancelled is no failure."""
    job = file(rows=60)
    await interrupted(setup, job, sandbox, 3)
    status = await status_of(setup, job)

    assert (status.failures, status.deaths, status.is_finished) == (0, 0, False)


async def test_a_missing_file_is_reported(setup, tmp_path):
    """A file that is not there is tried three times; the message names it."""
    job = Job("acme", str(tmp_path / "missing.csv"))
    for _ in range(3):
        await run_job(setup, job)
    status = await status_of(setup, job)

    assert status.state == "quarantined"
    assert "missing.csv" in status.message


async def test_an_account_that_does_not_exist_is_not_tried_again(setup):
    """A job of an account without credentials fails at once, with the account and what to do."""
    job = Job("nobody", "time.csv")

    assert await run_job(setup, job) is None
    status = await status_of(setup, job)
    assert status.state == "failed"
    assert status.message.startswith("account nobody does not exist")


async def test_credentials_refused_in_mid_run_end_the_job(setup, file, sandbox):
    """A 401 in the middle of a run fails the job, is not tried again, and loses and doubles nothing."""
    job = file(rows=30)
    for path in ("/daily/add", "/v2/time_entries"):
        sandbox.fault("raw", status=401, body="{}", match={"path": path, "method": "POST"}, after=5, times=None)
    assert await run_job(setup, job) is None
    status = await status_of(setup, job)

    assert status.state == "failed"
    assert "401" in status.message
    sandbox.clear_faults()
    assert await setup.store.add([job], again=True) == [job]
    assert await run_job(setup, job) is None
    assert len(sandbox.world.entries()) == 30


async def test_an_unknown_kind_of_job(setup):
    """A kind that the setup has not is reported with those that there are."""
    job = Job("acme", kind="close-month")
    for _ in range(3):
        await run_job(setup, job)

    assert "Choose from: import, export." in (await status_of(setup, job)).message


async def test_a_run_that_another_process_guards_waits(setup, file, sandbox):
    """A job of an account that is being written to is repeated when that lock may have ended; nothing is sent."""
    job = file()
    async with setup.client("acme") as harvest, hold(setup.locks, str(harvest.identity), lease=5):
        wait = await run_job(setup, job)

    assert 0 < wait <= 5
    assert not sandbox.world.entries()
    assert (await status_of(setup, job)).failures == 0


async def test_a_store_that_is_down_lets_the_queue_repeat(setup, file):
    """Without its store a job is neither done nor failed: the error reaches the queue."""

    class Down(MemoryJobStore):
        async def find(self, _):
            raise StorageError("down")

    from attrs import evolve

    with pytest.raises(StorageError):
        await run_job(evolve(setup, store=Down()), file())


# Other kinds


async def test_an_export(setup, tmp_path, sandbox, file):
    """A job of the kind export writes the account to the folder."""
    await run_job(setup, file())
    job = Job("acme", str(tmp_path / "out"), "export")

    assert await run_job(setup, job) is None
    assert (await status_of(setup, job)).state == "done"
    assert (tmp_path / "out" / "time_entries.jsonl").exists()


async def test_an_action_of_the_program(client, tmp_path):
    """A coroutine of the program runs under the lock, with the account's client, and reports a text."""
    seen = []

    async def count(work):
        work.guard()
        seen.append(work.job.account)
        return "counted"

    setup = Setup(client, MemoryRunLocks(), MemoryJobStore(), tmp_path, actions={"count": count})
    job = Job("acme", kind="count")

    assert await run_job(setup, job) is None
    assert seen == ["acme"]
    assert (await status_of(setup, job)).message == "counted"


# What follows from an error


@pytest.mark.parametrize(
    ("error", "failures", "state", "again"),
    [
        (LockHeld("acme", None, 3.0), 0, "waiting", True),
        (LockLost("lost"), 1, "waiting", True),
        (JournalInUse("in use"), 3, "waiting", True),
        (NoSuchAccount("no"), 1, "failed", False),
        (NotSent("down"), 19, "retrying", True),
        (NotSent("down"), 20, "failed", False),
        (InvalidArgument("bad"), 2, "retrying", True),
        (InvalidArgument("bad"), 3, "quarantined", False),
        (KeyError("bug"), 3, "quarantined", False),
    ],
)
def test_what_follows_from_an_error(error, failures, state, again):
    """Each class of errors has its consequence."""
    found = verdict(error, failures, deliveries=3, retries=20)

    assert (found.state, found.retry_after is not None) == (state, again)


def test_a_message_has_no_secret():
    """The text of an error in a status is redacted."""
    assert "hunter2" not in message_of(ValueError("password=hunter2"))


# Stores


@pytest.fixture(params=["memory", "valkey"])
async def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryJobStore()
        return
    with Valkey(tmp_path) as server:
        store = RedisJobStore(server.url)
        yield store
        await store.aclose()


async def test_jobs_are_stored_once(store):
    """A job that is added again is queued as long as it is not finished, and begins anew only on demand."""
    job = Job("acme", "time.csv")
    assert await store.add([job, job]) == [job, job]
    await store.change(job, 5, state="failed", failures=3, message="no")
    assert await store.add([job]) == []
    assert (await store.find(job.id)).failures == 3
    assert await store.add([job], again=True) == [job]
    status = await store.find(job.id)

    assert (status.state, status.failures, status.message) == ("queued", 0, "")
    assert [each.job async for each in store.all()] == [job]


async def test_a_run_that_lost_its_lock_changes_nothing(store):
    """Changes of an older token are dropped."""
    job = Job("acme", "time.csv")
    await store.change(job, 7, state="running")
    await store.change(job, 6, state="failed")
    await store.set_writer("acme", 7, "seven.journal")
    await store.set_writer("acme", 6, "six.journal")

    assert (await store.find(job.id)).state == "running"
    assert await store.writer("acme") == "seven.journal"
    assert await store.writer("other") is None


async def test_failures_are_counted(store):
    """Failures count up and are taken back."""
    job = Job("acme", "time.csv")
    assert [await store.count(job, 1, "failures") for _ in range(3)] == [1, 2, 3]
    assert await store.count(job, 1, "deaths") == 1
    await store.change(job, 1, failures=0)
    status = await store.find(job.id)
    assert (status.failures, status.deaths) == (0, 1)
    assert await store.find("unknown") is None


async def test_enqueue_queues_what_is_not_finished(client, tmp_path, store):
    """Enqueueing again queues what a queue may have lost, and nothing that is finished."""
    setup, queued = Setup(client, MemoryRunLocks(), store, tmp_path), []
    jobs = [Job(name, "time.csv") for name in ("one", "two", "three")]

    async def queue(job):
        queued.append(job.account)

    assert await enqueue(setup, queue, jobs) == 3
    await store.change(jobs[0], 1, state="done")
    assert await enqueue(setup, queue, jobs) == 2
    assert queued == ["one", "two", "three", "two", "three"]
    assert sorted([(each.job.account, each.state) async for each in statuses(setup)]) == [
        ("one", "done"),
        ("three", "queued"),
        ("two", "queued"),
    ]
