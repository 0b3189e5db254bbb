"""The ledger in a file: what one process sent, the next one knows."""

import asyncio
import multiprocessing
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import httpx
import pytest

from harvest_async.clock import SECOND, SystemClock
from harvest_async.errors import HarvestError, StorageError
from harvest_async.testing import VirtualClock, VirtualLoop
from harvest_async.throttle.closure import Why
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers import sqlite as ledger_sqlite
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import ThrottledTransport
from tests.support.account import SlowAccount


@pytest.fixture
def clock():
    clock = VirtualClock()
    clock.moment = 1_000 * SECOND
    return clock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "ledger.sqlite3"


def open_gate(state, now):
    state.why = None
    return state.take(now, now + 60 * SECOND)


def test_the_next_process_knows_what_the_last_one_sent(path, clock):
    """A lease taken through one connection is seen through another; the folder is made."""
    one, two = SqliteLedger(path, "acme", clock=clock), SqliteLedger(path, "acme", clock=clock)
    lease = one.transact(lambda state: open_gate(state, clock.now()))

    assert two.transact(lambda state: state.window.holds(lease))
    one.transact(lambda state: state.responded(lease, clock.now()))
    assert two.transact(lambda state: (state.window.held(clock.now()), state.window.in_flight(clock.now()))) == (1, 0)
    one.close()
    two.close()


def test_accounts_in_one_file_are_kept_apart(path, clock):
    """Each account has its own state."""
    acme, other = SqliteLedger(path, "acme", clock=clock), SqliteLedger(path, "other", clock=clock)
    acme.transact(lambda state: open_gate(state, clock.now()))

    assert other.transact(lambda state: state.window.held(clock.now())) == 0
    assert repr(acme) == f"SqliteLedger({str(path)!r}, account='acme')"
    acme.close()
    other.close()


def test_what_fails_is_not_kept(path, clock):
    """A change that raises leaves the file, and what is read next, as they were."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    ledger.transact(lambda state: open_gate(state, clock.now()))

    def wrong(state):
        state.take(clock.now(), clock.now())
        raise KeyError

    with pytest.raises(KeyError):
        ledger.transact(wrong)
    assert ledger.transact(lambda state: state.window.held(clock.now())) == 1
    ledger.close()
    ledger.close()


def test_looking_writes_nothing(path, clock):
    """A change that changes nothing leaves the version as it is."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    ledger.transact(lambda state: open_gate(state, clock.now()))
    ledger.transact(lambda state: state.window.held(clock.now()))
    ledger.close()
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute("select version from account_states").fetchone() == (1,)
    database.close()


def test_a_book_that_nobody_looked_at_for_a_while_is_unknown(path, clock):
    """After four periods others may have sent anything, so the status is asked again."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda state: open_gate(state, clock.now()))
    clock.advance(59)
    assert SqliteLedger(path, "acme", clock=clock).transact(lambda state: state.why) is None
    clock.advance(2)
    assert SqliteLedger(path, "acme", clock=clock).transact(lambda state: state.why) is Why.UNKNOWN


def test_after_the_machine_started_again_everything_is_held_anew(path, clock, monkeypatch):
    """Moments of another start mean nothing: what was held is held from now on, and the status is asked."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda state: open_gate(state, clock.now()))
    monkeypatch.setattr(ledger_sqlite, "_boot_id", lambda: "another start")
    later = VirtualClock()
    later.moment = 2_000 * SECOND
    seen = SqliteLedger(path, "acme", clock=later).transact(lambda state: (state.why, state.window.held(later.now())))

    assert seen == (Why.UNKNOWN, 1)


@pytest.mark.parametrize(("offset", "known"), [(0, True), (4, True), (6, False), (-6, False)])
def test_without_a_name_for_the_start_the_clocks_tell(path, clock, monkeypatch, offset, known):
    """Where the wall clock and the monotonic one drifted apart, the machine was started again."""
    monkeypatch.setattr(ledger_sqlite, "_boot_id", lambda: None)
    SqliteLedger(path, "acme", clock=clock).transact(lambda state: open_gate(state, clock.now()))
    moved = VirtualClock(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    moved.moment = clock.moment + SECOND
    moved._start = datetime.fromtimestamp(clock._start.timestamp() + offset, UTC)

    assert (SqliteLedger(path, "acme", clock=moved).transact(lambda state: state.why) is None) is known


def test_a_moment_in_the_future_belongs_to_another_start(path, clock):
    """A monotonic clock that is behind what was written can't be the same."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda state: open_gate(state, clock.now()))
    early = VirtualClock()

    assert SqliteLedger(path, "acme", clock=early).transact(lambda state: state.why) is Why.UNKNOWN


def test_a_machine_without_a_name_for_its_start_has_none(tmp_path, monkeypatch):
    """Not every system has one."""
    monkeypatch.setattr(ledger_sqlite, "_BOOT_ID", tmp_path / "missing")

    assert ledger_sqlite._boot_id() is None


def test_a_child_process_opens_its_own_connection(path, clock, monkeypatch):
    """A connection is not carried over a fork."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    ledger.transact(lambda state: open_gate(state, clock.now()))
    before = ledger._file._database
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert ledger.transact(lambda state: state.window.held(clock.now())) == 1
    assert ledger._file._database is not before
    before.close()
    ledger.close()


def test_a_file_that_is_no_database_is_refused(path):
    """The error names the file and what to do."""
    path.parent.mkdir()
    path.write_bytes(b"no database at all, but long enough to be one" * 100)
    ledger = SqliteLedger(path, "acme")
    with pytest.raises(HarvestError, match=r"ledger\.sqlite3 can't be used"):
        ledger.transact(lambda state: state.why)
    ledger.close()


def test_a_database_of_another_program_is_refused_and_not_changed(path):
    """The error names the file and what is in it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table cookies (host)")
    before = path.read_bytes()
    ledger = SqliteLedger(path, "acme")
    with pytest.raises(StorageError, match=r"ledger\.sqlite3 is a database of another program .*'cookies'"):
        ledger.transact(lambda state: state.why)
    ledger.close()

    assert path.read_bytes() == before


def test_a_full_disk_is_an_error_and_what_was_stored_stays(path, clock):
    """The error names the file; with free space again, the ledger goes on with what it had."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    lease = ledger.transact(lambda state: open_gate(state, clock.now()))
    database = ledger._file._database
    (pages,) = database.execute("pragma page_count").fetchone()
    database.execute(f"pragma max_page_count = {pages}")

    def grow(state):
        for _ in range(2_000):
            state.take(clock.now(), clock.now() + 60 * SECOND)

    with pytest.raises(
        StorageError, match=r"ledger\.sqlite3 can't be used \(database or disk is full\): free or delete"
    ):
        ledger.transact(grow)
    assert ledger.transact(lambda state: state.window.held(clock.now())) == 1
    database.execute("pragma max_page_count = 100000")
    ledger.transact(grow)
    assert ledger.transact(lambda state: (state.window.holds(lease), state.window.held(clock.now()))) == (True, 2_001)
    ledger.close()


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_wall_clock_that_jumps_changes_nothing(path, clock, hours):
    """Times are on the monotonic scale: leases stay held as long as they were."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda state: open_gate(state, clock.now()))
    moved = VirtualClock()
    moved.moment = clock.moment + SECOND
    moved._start = datetime.fromtimestamp(clock._start.timestamp() + hours * 3_600, UTC)
    seen = SqliteLedger(path, "acme", clock=moved).transact(lambda state: (state.why, state.window.held(moved.now())))

    assert seen == (None, 1)


def run(house):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(house())


def test_two_processes_share_the_limit(path):
    """Two throttles over one file never send more than the account allows, in either pace."""

    async def house():
        clock = asyncio.get_running_loop().clock
        account = SlowAccount(clock, calls=10, period=2)
        clients = [
            httpx.AsyncClient(
                transport=ThrottledTransport(
                    account,
                    Throttle(ledger=SqliteLedger(path, "a", clock=clock), clock=clock, pace=pace),
                    status_path="/account/rate_limit_status",
                ),
                base_url="https://a.example",
            )
            for pace in ("burst", "even")
        ]
        await asyncio.gather(*(clients[number % 2].get(f"/{number}") for number in range(60)))
        return account

    account = run(house)

    assert (account.refused, account.most_in_any_period()) == (0, 10)


def test_two_processes_share_a_block_and_one_probe(path):
    """When one is refused, the other stops too, and a single probe goes first."""

    async def house():
        clock = asyncio.get_running_loop().clock
        account = SlowAccount(clock, calls=10, period=2)
        clients = [
            httpx.AsyncClient(
                transport=ThrottledTransport(
                    account,
                    Throttle(ledger=SqliteLedger(path, "a", clock=clock), clock=clock, pace="burst"),
                    status_path="/account/rate_limit_status",
                ),
                base_url="https://a.example",
            )
            for _ in range(2)
        ]
        await clients[0].get("/first")
        account.spend(10)
        await asyncio.gather(*(clients[number % 2].get(f"/{number}") for number in range(6)))
        return account

    account = run(house)
    after = account.arrivals[1 + 1 + account.refused :]

    assert account.refused <= 6
    assert [path for _, path in account.served].count("/account/rate_limit_status") == 2
    assert after[0] - account.arrivals[1 + account.refused] >= 2 * SECOND


def test_a_ledger_that_breaks_fails_all_calls_that_wait(path):
    """Nobody is left waiting for a ledger that can't be used."""

    async def house():
        clock = asyncio.get_running_loop().clock
        account = SlowAccount(clock, calls=2, period=5)
        ledger = SqliteLedger(path, "a", clock=clock)
        throttle = Throttle(ledger=ledger, clock=clock, pace="burst")
        client = httpx.AsyncClient(
            transport=ThrottledTransport(account, throttle, status_path="/account/rate_limit_status"),
            base_url="https://a.example",
        )
        await client.get("/first")
        waiting = [asyncio.create_task(client.get(f"/{number}")) for number in range(4)]
        await asyncio.sleep(1)
        ledger._file._database.execute("drop table account_states")
        return await asyncio.gather(*waiting, return_exceptions=True)

    ends = run(house)

    assert {type(end) for end in ends} <= {StorageError, httpx.Response}
    assert any(isinstance(end, StorageError) for end in ends)


def test_a_state_that_can_not_be_read_begins_anew(path, clock, caplog):
    """What another version wrote is no reason to stop: nothing is known of the account, so it is asked."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda state: open_gate(state, clock.now()))
    for state in ('{"state": {}}', "no JSON", "[]"):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("update account_states set state = ?, version = version + 1", (state,))
        database.close()
        ledger = SqliteLedger(path, "acme", clock=clock)

        assert ledger.transact(lambda state: state.why) is Why.UNKNOWN
        ledger.close()
    assert "can't be read: it begins anew" in caplog.text


def test_a_folder_that_can_not_be_created_is_named(tmp_path):
    """The error names the file."""
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(HarvestError, match="can't be used"):
        SqliteLedger(tmp_path / "state" / "ledger.sqlite3", "acme").transact(lambda state: state.why)


def test_a_file_that_others_are_making_is_busy(path, clock):
    """That is said at once, in an error that names the file; when it is made, it is used."""
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("create table x (y)")
    other.execute("drop table x")
    other.execute("begin exclusive")
    ledger = SqliteLedger(path, "acme", clock=clock)
    with pytest.raises(LedgerBusy, match=r"ledger\.sqlite3 is locked by another process"):
        ledger.transact(lambda state: state.why)
    other.execute("commit")
    other.close()

    assert ledger.transact(lambda state: state.why) is Why.UNKNOWN
    ledger.close()


def _count_up(path, turns):
    ledger = SqliteLedger(path, "acme")
    for _ in range(turns):
        while True:
            try:
                ledger.transact(lambda state: state.take(0, 1))
                break
            except LedgerBusy:
                time.sleep(0.001)
    ledger.close()


def test_many_processes_make_one_file_at_once_and_lose_no_lease(path):
    """Every change of every process is kept."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count_up, args=(path, 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    ledger = SqliteLedger(path, "acme")

    assert [process.exitcode for process in processes] == [0] * 4
    assert ledger.transact(lambda state: state.take(0, 1)) == 101
    ledger.close()


def test_a_ledger_that_breaks_costs_no_answer(path, caplog):
    """A call that was sent when the ledger broke returns its response; the next one raises the ledger's error."""

    async def house():
        clock = asyncio.get_running_loop().clock
        ledger = SqliteLedger(path, "a", clock=clock)
        throttle = Throttle(ledger=ledger, clock=clock, pace="burst")
        account = SlowAccount(clock)
        client = httpx.AsyncClient(
            transport=ThrottledTransport(account, throttle, status_path="/account/rate_limit_status"),
            base_url="https://a.example",
        )
        await client.get("/first")
        under_way = asyncio.create_task(client.get("/second"))
        await asyncio.sleep(0.01)
        ledger._file._database.execute("drop table account_states")
        response = await under_way
        with pytest.raises(HarvestError, match="can't be used"):
            await client.get("/third")
        return response.status_code, account.open_bodies

    assert run(house) == (200, 0)
    assert "can't be used" in caplog.text


def test_a_lease_that_could_not_be_kept_leaves_no_connection_taken(path):
    """What was granted in a change that failed was not granted."""

    async def house():
        clock = asyncio.get_running_loop().clock
        ledger = Unwritable(path, "a", clock=clock)
        throttle = Throttle(ledger=ledger, clock=clock, pace="burst")
        with pytest.raises(HarvestError, match="full"):
            await throttle.acquire(Ticket())
        gate = throttle._gate()
        return gate.idle, gate.connections.busy

    assert run(house) == (True, 0)


class Unwritable(SqliteLedger):
    """A ledger whose disk is full."""

    def transact(self, change):
        super().transact(change)
        raise HarvestError("the disk is full")


async def _hold_and_die(path):
    throttle = Throttle(ledger=SqliteLedger(path, "acme"), pace="burst")
    first = await throttle.acquire(Ticket())
    first.responded()
    first.release()
    for _ in range(5):
        await throttle.acquire(Ticket())
    os._exit(9)


def _die(path):
    asyncio.run(_hold_and_die(path))


def test_a_process_that_died_leaves_its_leases_held_until_they_can_not_arrive(path):
    """Its calls may be on their way: they hold leases until deadline, guard and period are over."""
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(path,))
    process.start()
    process.join(30)
    now = SystemClock().now()
    ledger = SqliteLedger(path, "acme")
    held = [ledger.transact(lambda state, at=at: state.window.held(now + at * SECOND)) for at in (0, 30, 70, 78)]

    assert process.exitcode == 9
    assert held == [6, 5, 5, 0]
    ledger.close()
