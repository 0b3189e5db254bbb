"""The ledger in a file: what one process sent, the next one knows."""

import asyncio
import os
import sqlite3
from datetime import UTC, datetime

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError
from harvest_async.testing import VirtualClock, VirtualLoop
from harvest_async.throttle import ledger_sqlite
from harvest_async.throttle.book import Why
from harvest_async.throttle.ledger_sqlite import SqliteLedger
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


def open_gate(book, now):
    book.why = None
    return book.take(now, now + 60 * SECOND)


def test_the_next_process_knows_what_the_last_one_sent(path, clock):
    """A lease taken through one connection is seen through another; the folder is made."""
    one, two = SqliteLedger(path, "acme", clock=clock), SqliteLedger(path, "acme", clock=clock)
    lease = one.transact(lambda book: open_gate(book, clock.now()))

    assert two.transact(lambda book: book.window.holds(lease))
    one.transact(lambda book: book.answered(lease, clock.now()))
    assert two.transact(lambda book: (book.window.held(clock.now()), book.window.in_flight(clock.now()))) == (1, 0)
    one.close()
    two.close()


def test_accounts_in_one_file_are_kept_apart(path, clock):
    """Each account has its own book."""
    acme, other = SqliteLedger(path, "acme", clock=clock), SqliteLedger(path, "other", clock=clock)
    acme.transact(lambda book: open_gate(book, clock.now()))

    assert other.transact(lambda book: book.window.held(clock.now())) == 0
    assert repr(acme) == f"SqliteLedger({str(path)!r}, account='acme')"
    acme.close()
    other.close()


def test_what_fails_is_not_kept(path, clock):
    """A change that raises leaves the file, and what is read next, as they were."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    ledger.transact(lambda book: open_gate(book, clock.now()))

    def wrong(book):
        book.take(clock.now(), clock.now())
        raise KeyError

    with pytest.raises(KeyError):
        ledger.transact(wrong)
    assert ledger.transact(lambda book: book.window.held(clock.now())) == 1
    ledger.close()
    ledger.close()


def test_looking_writes_nothing(path, clock):
    """A change that changes nothing leaves the version as it is."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    ledger.transact(lambda book: open_gate(book, clock.now()))
    ledger.transact(lambda book: book.window.held(clock.now()))
    ledger.close()
    with sqlite3.connect(path) as database:
        assert database.execute("select version from book").fetchone() == (1,)
    database.close()


def test_a_book_that_nobody_looked_at_for_a_while_is_unknown(path, clock):
    """After four periods others may have sent anything, so the status is asked again."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda book: open_gate(book, clock.now()))
    clock.advance(59)
    assert SqliteLedger(path, "acme", clock=clock).transact(lambda book: book.why) is None
    clock.advance(2)
    assert SqliteLedger(path, "acme", clock=clock).transact(lambda book: book.why) is Why.UNKNOWN


def test_after_the_machine_started_again_everything_is_held_anew(path, clock, monkeypatch):
    """Moments of another start mean nothing: what was held is held from now on, and the status is asked."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda book: open_gate(book, clock.now()))
    monkeypatch.setattr(ledger_sqlite, "_boot_id", lambda: "another start")
    later = VirtualClock()
    later.moment = 2_000 * SECOND
    seen = SqliteLedger(path, "acme", clock=later).transact(lambda book: (book.why, book.window.held(later.now())))

    assert seen == (Why.UNKNOWN, 1)


@pytest.mark.parametrize(("offset", "known"), [(0, True), (4, True), (6, False), (-6, False)])
def test_without_a_name_for_the_start_the_clocks_tell(path, clock, monkeypatch, offset, known):
    """Where the wall clock and the monotonic one drifted apart, the machine was started again."""
    monkeypatch.setattr(ledger_sqlite, "_boot_id", lambda: None)
    SqliteLedger(path, "acme", clock=clock).transact(lambda book: open_gate(book, clock.now()))
    moved = VirtualClock(datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    moved.moment = clock.moment + SECOND
    moved._start = datetime.fromtimestamp(clock._start.timestamp() + offset, UTC)

    assert (SqliteLedger(path, "acme", clock=moved).transact(lambda book: book.why) is None) is known


def test_a_moment_in_the_future_belongs_to_another_start(path, clock):
    """A monotonic clock that is behind what was written can't be the same."""
    SqliteLedger(path, "acme", clock=clock).transact(lambda book: open_gate(book, clock.now()))
    early = VirtualClock()

    assert SqliteLedger(path, "acme", clock=early).transact(lambda book: book.why) is Why.UNKNOWN


def test_a_machine_without_a_name_for_its_start_has_none(tmp_path, monkeypatch):
    """Not every system has one."""
    monkeypatch.setattr(ledger_sqlite, "_BOOT_ID", tmp_path / "missing")

    assert ledger_sqlite._boot_id() is None


def test_a_child_process_opens_its_own_connection(path, clock, monkeypatch):
    """A connection is not carried over a fork."""
    ledger = SqliteLedger(path, "acme", clock=clock)
    ledger.transact(lambda book: open_gate(book, clock.now()))
    before = ledger._database
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert ledger.transact(lambda book: book.window.held(clock.now())) == 1
    assert ledger._database is not before
    before.close()
    ledger.close()


def test_a_file_that_is_no_database_is_told(path):
    """The error names the file and what to do."""
    path.parent.mkdir()
    path.write_bytes(b"no database at all, but long enough to be one" * 100)
    ledger = SqliteLedger(path, "acme")
    with pytest.raises(HarvestError, match=r"ledger\.sqlite3 can't be used"):
        ledger.transact(lambda book: book.why)
    ledger.close()


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
                    account, Throttle(ledger=SqliteLedger(path, "a", clock=clock), clock=clock, pace=pace)
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
                    account, Throttle(ledger=SqliteLedger(path, "a", clock=clock), clock=clock, pace="burst")
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


def test_a_ledger_that_breaks_is_told_to_everyone_who_waits(path):
    """Nobody is left waiting for a ledger that can't be used."""

    async def house():
        clock = asyncio.get_running_loop().clock
        account = SlowAccount(clock, calls=2, period=5)
        ledger = SqliteLedger(path, "a", clock=clock)
        throttle = Throttle(ledger=ledger, clock=clock, pace="burst")
        client = httpx.AsyncClient(transport=ThrottledTransport(account, throttle), base_url="https://a.example")
        await client.get("/first")
        waiting = [asyncio.create_task(client.get(f"/{number}")) for number in range(4)]
        await asyncio.sleep(1)
        ledger._database.execute("drop table book")
        return await asyncio.gather(*waiting, return_exceptions=True)

    ends = run(house)

    assert {type(end) for end in ends} <= {HarvestError, httpx.Response}
    assert any(isinstance(end, HarvestError) for end in ends)
