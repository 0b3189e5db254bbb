"""Several budgets of one account: a window, a queue and a closed state each."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument, StorageError, WouldWait
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.budgets import GENERAL, Budget
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

REPORTS = Budget("reports", 100, 900, 900)


def throttle_of(*budgets, **options):
    return Throttle(clock=clock(), pace="burst", budgets=budgets or (REPORTS,), **options)


async def call(throttle, budget="general", seconds=0.1):
    """Make a call that takes some seconds; return when it was sent."""
    lease = await throttle.acquire(Ticket(budget=budget))
    sent = clock().now()
    await asyncio.sleep(seconds)
    lease.responded()
    lease.release()
    return sent / SECOND


async def refuse(throttle, budget):
    """Make a call that is refused without a hint."""
    lease = await throttle.acquire(Ticket(budget=budget))
    lease.refused(throttle.fallback_wait(budget))
    lease.release()


async def test_each_budget_has_its_own_window():
    """Counts the calls of one budget in its window alone."""
    throttle = throttle_of()
    await call(throttle, "reports")
    await call(throttle)
    await call(throttle)

    assert (throttle.snapshot().sent, throttle.snapshot("reports").sent) == (2, 1)
    assert (throttle.snapshot("reports").calls, throttle.snapshot("reports").period) == (100, 900)
    assert (throttle.snapshot().granted, throttle.snapshot("reports").granted) == (2, 1)


@pytest.mark.parametrize(("closed", "open_"), [("reports", "general"), ("general", "reports")])
async def test_a_refusal_closes_its_own_budget_alone(closed, open_):
    """Without a hint the general budget waits 16 s and the reports 15 min, while calls of the other go on."""
    throttle = throttle_of()
    await call(throttle, closed)
    await call(throttle, open_)
    began = clock().now() / SECOND
    await refuse(throttle, closed)

    waiting = asyncio.ensure_future(call(throttle, closed))
    assert [await call(throttle, open_) - began < 1 for _ in range(5)] == [True] * 5
    wait = {"general": 16, "reports": 900}[closed]
    assert wait <= await waiting - began < wait + 1
    assert throttle.snapshot(closed).refused == 1
    assert throttle.snapshot(open_).refused == 0


async def test_a_backlog_in_one_budget_delays_no_call_of_another():
    """Sends general calls at once while a thousand reports wait."""
    throttle = throttle_of()
    await asyncio.gather(call(throttle), call(throttle, "reports"))
    backlog = [asyncio.ensure_future(call(throttle, "reports")) for _ in range(1_000)]
    await asyncio.sleep(5)

    for _ in range(50):
        began = clock().now() / SECOND
        assert await call(throttle) == began
    assert throttle.snapshot("reports").queued_interactive == 1_001 - throttle.snapshot("reports").sent
    for task in backlog:
        task.cancel()
    await asyncio.gather(*backlog, return_exceptions=True)
    assert throttle.snapshot("reports").in_flight == 0


async def test_an_unknown_budget_is_an_error_before_anything_is_sent():
    """Names the budgets that there are."""
    throttle = throttle_of()

    with pytest.raises(InvalidArgument, match=r"budget='report': this throttle has general, reports"):
        await throttle.acquire(Ticket(budget="report"))
    with pytest.raises(InvalidArgument, match=r"budget='report': this throttle has general, reports"):
        throttle.snapshot("report")


async def test_max_wait_looks_at_the_budget_of_the_call():
    """Raises WouldWait for the closed budget alone."""
    throttle = throttle_of()
    await call(throttle, "reports")
    await refuse(throttle, "reports")

    with pytest.raises(WouldWait, match="900"):
        await throttle.acquire(Ticket(budget="reports", max_wait=SECOND))
    (await throttle.acquire(Ticket(max_wait=SECOND))).release()


async def test_a_budget_that_is_there_keeps_its_numbers():
    """Lets a user set smaller budgets than those that a client adds."""
    throttle = throttle_of(Budget("reports", 10, 15, 15))
    throttle.add_budgets((GENERAL, REPORTS))

    assert throttle.snapshot("reports").calls == 10
    assert throttle.fallback_wait("reports") == 15 * SECOND


@pytest.mark.parametrize("budget", [Budget("x", 0, 15, 15), Budget("x", 1, 0.5, 15), Budget("x", 1, 3_601, 15)])
def test_a_budget_out_of_range_is_refused(budget):
    """Raises InvalidArgument when it is added."""
    with pytest.raises(InvalidArgument, match="budgets"):
        Throttle(budgets=(budget,))


def test_a_ledger_in_memory_is_shared_by_all_of_its_budgets():
    """Returns the same ledger for the same budget, from whichever ledger of the account it is requested."""
    ledger = MemoryLedger()
    reports = ledger.for_budget("reports")

    assert reports is not ledger
    assert reports.for_budget("general") is ledger
    assert ledger.for_budget("reports") is reports


async def test_a_file_stores_each_budget_of_an_account(tmp_path):
    """Two throttles with one file share both budgets; each row has its own state."""
    path = tmp_path / "ledger.sqlite3"
    first, second = (throttle_of(ledger=SqliteLedger(path, "1", clock=clock())) for _ in range(2))
    await call(first)
    await call(first, "reports")
    await call(second, "reports")

    assert (second.snapshot().sent, second.snapshot("reports").sent) == (1, 2)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("select account, budget from account_states order by budget").fetchall()
    assert rows == [("1", "general"), ("1", "reports")]


def test_a_file_of_the_former_format_begins_anew_and_keeps_its_table(tmp_path):
    """The window counts as unknown, and nothing of the file is deleted."""
    path = tmp_path / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table book (account text primary key, version integer not null, state text not null)")
        database.execute("insert into book values ('acme', 3, '{}')")
    ledger = SqliteLedger(path, "acme")

    assert ledger.transact(lambda state: state.why.name) == "UNKNOWN"
    ledger.close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("select * from book").fetchall() == [("acme", 3, "{}")]
        assert database.execute("pragma user_version").fetchone() == (1,)


def test_a_file_of_a_later_format_is_refused_and_not_changed(tmp_path):
    """Says what to do."""
    path = tmp_path / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("pragma user_version = 7")
    before = path.read_bytes()
    ledger = SqliteLedger(path, "acme")

    with pytest.raises(StorageError, match=r"format 7.* upgrade harvest-async, or choose another file"):
        ledger.transact(lambda state: state.why)
    assert path.read_bytes() == before


@settings(max_examples=30, deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.sampled_from(["general", "reports"]), st.floats(0, 3), st.floats(0.01, 2)),
        min_size=20,
        max_size=80,
    ),
    calls=st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_no_budget_is_exceeded_whatever_the_other_does(plan, calls):
    """Never grants more leases in any period than a budget allows, and grants all of them in the end."""
    loop = VirtualLoop()

    async def run():
        throttle = Throttle(
            calls[0], 15, clock=loop.clock, pace="burst", guard=0, budgets=(Budget("reports", calls[1], 40, 40),)
        )
        sent = {"general": [], "reports": []}

        async def one(budget, at, seconds):
            await asyncio.sleep(at)
            sent[budget].append(await call(throttle, budget, seconds))

        await asyncio.gather(*(one(*each) for each in plan))
        return sent

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        sent = runner.run(run())
    assert len(sent["general"]) + len(sent["reports"]) == len(plan)
    for (_, times), limit, period in zip(sent.items(), calls, (15, 40), strict=True):
        times.sort()
        assert all(later - earlier >= period for earlier, later in zip(times, times[limit:], strict=False))
