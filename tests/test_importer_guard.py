"""The guard of a run: nothing is written any more once it raises, and the journal can be resumed."""

import asyncio
import io

import pytest

from harvest_async import Throttle, imports
from harvest_async.run_lock import LockLost, MemoryRunLocks, hold
from tests.support.sample import make_rows, write_csv

pytestmark = pytest.mark.anyio

OPTIONS = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)


class Limited:
    """A guard that lets a number of calls pass."""

    def __init__(self, passes):
        self.left = passes

    def __call__(self):
        self.left -= 1
        if self.left < 0:
            raise LockLost("the lock of the run is lost")


async def planned(harvest, rows, journal):
    with imports.open_source(io.BytesIO(write_csv(rows)), OPTIONS, "time.csv") as source:
        return await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True)


def writes(sandbox):
    return sum(each.method != "GET" for each in sandbox.requests())


@pytest.mark.parametrize("passes", [0, 1, 31, 32])
@pytest.mark.parametrize("client", ["harvest_client", "harvest_v2"])
async def test_a_run_without_its_lock_writes_nothing_more(request, harvest_sandbox, client, passes, tmp_path):
    """Once the guard raises nothing is sent; a resumed run logs every row once."""
    harvest_sandbox.set_limits(5000, 1)
    rows, guard = make_rows(30), Limited(passes)
    async with request.getfixturevalue(client)(throttle=Throttle(pace="burst")) as harvest:
        with await planned(harvest, rows, tmp_path / "run.journal") as plan:
            with pytest.raises(LockLost):
                await imports.run(plan, guard=guard)
            assert writes(harvest_sandbox) <= passes // 2
        with await imports.resume(harvest, tmp_path / "run.journal") as plan:
            report = await imports.run(plan, rules=imports.Rules(max_delay=0.1))

    assert report.complete
    assert len(harvest_sandbox.world.entries()) == 30


async def test_undo_without_its_lock_deletes_nothing_more(harvest_sandbox, harvest_client, tmp_path):
    """An undo whose guard raises ends, and can be called again."""
    harvest_sandbox.set_limits(5000, 1)
    async with harvest_client(throttle=Throttle(pace="burst")) as harvest:
        with await planned(harvest, make_rows(10), tmp_path / "run.journal") as plan:
            await imports.run(plan)
        with pytest.raises(LockLost):
            await imports.undo(harvest, tmp_path / "run.journal", guard=Limited(3))
        assert len(harvest_sandbox.world.entries()) == 7
        await imports.undo(harvest, tmp_path / "run.journal")

    assert not harvest_sandbox.world.entries()


async def test_two_runs_of_one_account_write_one_after_the_other(harvest_sandbox, harvest_client, tmp_path):
    """The same file imported twice at once by two runs with a lock: the second finds the rows of the first."""
    harvest_sandbox.set_limits(5000, 1)
    rows, locks = make_rows(20), MemoryRunLocks()

    async def run(name):
        async with harvest_client(throttle=Throttle(pace="burst")) as harvest, hold(locks, "acme", wait=None) as lock:
            with await planned(harvest, rows, tmp_path / name) as plan:
                return await imports.run(plan, guard=lock.check)

    first, second = await asyncio.gather(run("one.journal"), run("two.journal"))

    assert sorted([first.created, second.created]) == [0, 20]
    assert len(harvest_sandbox.world.entries()) == 20
