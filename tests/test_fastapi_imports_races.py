"""Requests about a background import that another request changes meanwhile."""

import asyncio
import io
import os
import threading
from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from harvest_async.fastapi.imports.folder import ImportFolder
from harvest_async.fastapi.imports.record import ImportRecord, Phase
from harvest_async.fastapi.imports.workers import Workers
from harvest_async.fastapi.refusals import Refusal
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import Options
from harvest_async.run_lock import MemoryRunLocks, hold
from harvest_async.sandbox import Sandbox
from tests.support.background import API, PAGES, do, ended, importing_app, kind, maker, rows, until, upload, visited

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sandbox():
    sandbox = Sandbox(10_000, 15)
    yield sandbox
    sandbox.close()


@pytest.fixture
def address(sandbox):
    with sandbox.serve_in_thread() as address:
        yield address


@pytest.fixture
def app(address, tmp_path):
    return importing_app(tmp_path / "imports", maker(address))


async def test_a_form_that_arrives_slowly_spares_an_import_that_has_begun(app, sandbox):
    """A request to remove a plan, the form of which ends after the plan was confirmed, removes nothing."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(20)))
        page, token = plan["links"]["self"].replace(API, PAGES), visitor.headers.pop("X-CSRF-Token")
        reading, confirmed = asyncio.Event(), asyncio.Event()

        async def form():
            yield b"csrf_token="
            reading.set()
            await confirmed.wait()
            yield token.encode()

        removal = asyncio.create_task(visitor.post(f"{page}/remove", content=form(), headers=FORM))
        await reading.wait()
        sandbox.fault("latency_in", match={"method": "POST"}, times=None, seconds=0.1)
        visitor.headers["X-CSRF-Token"] = token
        running = await do(visitor, plan, "confirm")
        confirmed.set()
        removed = await removal
        sandbox.clear_faults()
        done = await ended(visitor, running)

    assert (removed.status_code, kind(removed)) == (409, "wrong-phase")
    assert (done["phase"], done["report"]["created"]) == ("done", 20)


async def test_a_run_after_planning_that_was_taken_over_counts_as_new(app):
    """It is not shown as resumed, and waits for runs that were cut off: only its own first process has the plan."""
    background = app.state.background
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(3)))
        record = await background.find(plan["id"], "acme")
        background.folder.save(evolve(record, resumed=1))
        taken_over = (await visitor.get(plan["links"]["self"])).json()
        done = await ended(visitor, await do(visitor, plan, "confirm"))

    assert (taken_over["resumed"], done["resumed"], done["report"]["created"]) == (1, 0, 3)


async def test_an_import_is_not_begun_from_an_earlier_state(app):
    """Who confirms a plan that has run and was undone meanwhile is refused, and the reports stay."""
    background = app.state.background
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(3)))
        earlier = await background.find(plan["id"], "acme")
        done = await ended(visitor, await do(visitor, plan, "confirm"))
        undone = await ended(visitor, await do(visitor, done, "undo"))
        with pytest.raises(Refusal, match="load the page again"):
            await background.confirm(earlier)
        after = (await visitor.get(plan["links"]["self"])).json()

    assert (after["phase"], after["report"], after["undone"]) == ("undone", done["report"], undone["undone"])


async def test_a_run_that_is_confirmed_twice_at_once_ends_with_the_app(app, sandbox):
    """The request that is refused leaves the run of the other one to the end of the app, and no work goes on after it."""
    before = asyncio.all_tasks()
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(150)))
        sandbox.fault("latency_in", match={"method": "POST"}, times=None, seconds=0.3)
        responses = await asyncio.gather(*(do(visitor, plan, "confirm") for _ in range(2)))
    left = asyncio.all_tasks() - before

    assert sorted(each.status_code for each in responses) == [202, 409]
    assert left == set()


@pytest.mark.parametrize("action", ["confirm", "remove", "cancel"])
async def test_an_import_that_was_removed_stays_removed(app, tmp_path, action):
    """An action on an import that another request has removed stores nothing."""
    background = app.state.background
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        page = plan["links"]["self"].replace(API, PAGES)
        earlier = await background.find(plan["id"], "acme")
        await do(visitor, plan, "remove")
        if action == "confirm":
            with pytest.raises(Refusal, match="load the page again"):
                await background.confirm(earlier)
        elif action == "remove":
            await background.remove(earlier)
        else:
            background.folder.request_cancel(plan["id"])
        later = await visitor.post(f"{page}/{action}")

    assert later.status_code == 404
    assert list((tmp_path / "imports").iterdir()) == []


def test_an_import_that_begins_during_its_removal_stays(tmp_path):
    """A process that begins it between the look at its phase and the removal finds all of its files."""
    folder = ImportFolder(tmp_path)
    new = evolve(uploaded(folder), phase=Phase.PLANNED)
    folder.save(new)

    class Begun(ImportFolder):
        def load(self, number):
            record = super().load(number)
            folder.save(evolve(record, phase=Phase.RUNNING))
            return record

    refused = Begun(tmp_path).remove_inactive(new.id)

    assert refused.phase is Phase.RUNNING
    assert folder.load(new.id) == refused
    assert folder.file(new.id, "upload.csv").read_bytes() == rows(1)


def test_a_removal_that_was_cut_off_is_finished_later(tmp_path):
    """Files whose removal a process did not finish are removed an hour later, and nobody finds them until then."""
    folder = ImportFolder(tmp_path)
    new = uploaded(folder)
    folder.save(new)
    for name in (f".removed-{new.id}", ".removed-of-now"):
        (tmp_path / name).mkdir()
    (tmp_path / new.id).rename(tmp_path / f".removed-{new.id}")
    os.utime(tmp_path / f".removed-{new.id}", (1.0, 1.0))
    found = folder.all()
    folder.remove_abandoned()

    assert found == []
    assert [each.name for each in tmp_path.iterdir()] == [".removed-of-now"]


async def test_few_uploaded_files_are_read_at_a_time(app):
    """Many large files that are sent at once don't fill the memory: the others wait."""
    background, lock, crowded, counts = app.state.background, threading.Lock(), threading.Event(), [0, 0]

    class Watched:
        name, ending = "a.csv", ".csv"

        def __init__(self):
            self.file, self.fields = io.BytesIO(rows(1)), {}

        @property
        def options(self):
            with lock:
                counts[0] += 1
                counts[1] = max(counts)
            if counts[0] > 2:
                crowded.set()
            crowded.wait(0.2)
            with lock:
                counts[0] -= 1
            return Options()

    async with visited(app):
        uploads = [background.upload(Watched(), "acme") for _ in range(6)]
        results = await asyncio.gather(*uploads, return_exceptions=True)

    assert counts == [0, 2]
    assert {type(each) for each in results} <= {ImportRecord, Refusal}


def uploaded(folder):
    """The record of a file that has been received, and is not planned yet."""
    number = folder.create()
    folder.file(number, "upload.csv").write_bytes(rows(1))
    return ImportRecord(
        id=number, owner="acme", file="a.csv", stored="upload.csv", phase="planning", created_at=1.0, changed_at=1.0
    )


async def test_a_request_does_not_wait_for_a_phase_that_was_cancelled(tmp_path):
    """Work that is cancelled before it has begun ends the request that started it."""

    def open_client(_):
        raise asyncio.CancelledError

    folder = ImportFolder(tmp_path)
    workers = Workers(folder, open_client, MemoryRunLocks(), Rules(), 5.0, 60.0, lambda _: False)
    async with workers.lifespan():
        request = asyncio.create_task(workers.start(uploaded(folder), Phase.PLANNING))
        ended, waiting = await asyncio.wait([request], timeout=5)
        for task in waiting:
            task.cancel()

    assert ended == {request}
    assert request.cancelled()


@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_request_to_cancel_holds_for_the_process_that_continues_the_import(
    app, sandbox, address, tmp_path, when
):
    """It is not lost if another process is about to continue the run, and the report has what was created."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(150)))
        sandbox.fault("latency_in", match={"method": "POST"}, times=None, seconds=0.3)
        await do(visitor, plan, "confirm")
    folder, own = app.state.background.folder, maker(address)

    @asynccontextmanager
    async def open_client(key):
        async with own(key) as harvest:
            folder.request_cancel(plan["id"])
            yield harvest

    if when == "before":
        folder.request_cancel(plan["id"])
    later = importing_app(tmp_path / "imports", own if when == "before" else open_client)
    async with visited(later) as visitor:
        ended_run = await until(visitor, plan["links"]["self"], lambda now: now["phase"] != "running")

    assert ended_run["phase"] == "cancelled"
    assert ended_run["report"]["left"] > 0
    assert "undo" in ended_run["links"]


async def test_records_are_stored_in_threads(address, tmp_path):
    """The event loop, which serves the app's visitors, never waits for the disk."""
    threads = []

    class Noting(ImportFolder):
        def save(self, record):
            threads.append(threading.current_thread())
            super().save(record)

    folder = Noting(tmp_path)
    workers = Workers(folder, maker(address), MemoryRunLocks(), Rules(), 5.0, 60.0, lambda _: False)
    new = uploaded(folder)
    async with workers.lifespan(), asyncio.timeout(20):
        await workers.start(new, Phase.PLANNING)
        while folder.load(new.id).phase is not Phase.PLANNED:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    assert len(threads) == 2
    assert threading.main_thread() not in threads


async def test_a_refused_begin_leaves_the_time_since_an_earlier_run(address, tmp_path):
    """The next import still waits until no write of a run that was cut off can be processed any more."""
    locks = MemoryRunLocks()
    app = importing_app(tmp_path / "imports", maker(address), locks=locks, watch=60.0)
    background, account = app.state.background, f"{address}/sandbox"
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        earlier = await background.find(plan["id"], "acme")
        await do(visitor, plan, "remove")
        await locks.release(await locks.acquire(account, "cut off", 1.0), clean=False)
        with pytest.raises(Refusal):
            await background.confirm(earlier)
        async with hold(locks, account, wait=5.0) as held:
            quiet = held.lock.quiet(locks.clock)

    assert quiet < 5.0
