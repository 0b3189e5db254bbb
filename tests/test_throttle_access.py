"""A gate's access to its ledger when the ledger is busy or broken."""

import asyncio
import logging
import sqlite3
import threading

import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError, StorageError
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.access import Access
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.ended import End
from harvest_async.throttle.gate import Gate
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.file import make_private
from harvest_async.throttle.ledgers.memory import LedgerBusy, MemoryLedger
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.settings import Settings
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


SETTINGS = Settings("test", Bounds(100, 15 * SECOND, 2 * SECOND), "burst", 0, None)


class Faulty(MemoryLedger):
    """A ledger in memory that raises what it is given, as long as it has something to raise."""

    def __init__(self):
        super().__init__()
        self.fault = None

    def transact(self, change):
        if self.fault is not None:
            raise self.fault
        return super().transact(change)


def access_to(ledger):
    return Access(ledger, SETTINGS, clock(), lambda: None)


def ended(state, lease, now):
    return False


async def test_ends_that_a_busy_ledger_did_not_take_are_returned_when_the_loop_is_left():
    """Returns every end that is not stored yet, so that the next event loop can store it."""
    ledger = Faulty()
    access, end = access_to(ledger), End(ended, 1, 0)
    ledger.fault = LedgerBusy("in use")

    assert access.leave([end]) == [end]
    ledger.fault = None
    assert access.leave([]) == []


async def test_an_end_that_fails_does_not_stop_the_others(caplog):
    """Logs an end that can't be stored, and stores the ends behind it."""
    stored = []

    def fails(state, lease, now):
        raise ArithmeticError("raised on purpose")

    access = access_to(MemoryLedger())
    with caplog.at_level(logging.ERROR):
        access.leave([End(fails, 1, 0), End(lambda _, __, now: bool(stored.append(now)), 2, 7)])

    assert stored == [7]
    assert "can't be written" in caplog.text


async def test_an_unexpected_error_of_a_ledger_names_its_class():
    """Raises StorageError with the foreign exception as its cause."""
    ledger = Faulty()
    ledger.fault = ZeroDivisionError("odd")

    with pytest.raises(StorageError, match="ZeroDivisionError: odd") as raised:
        access_to(ledger).transact(lambda _: None)

    assert raised.value.__cause__ is ledger.fault


async def test_a_change_in_memory_that_fails_raises_a_storage_error():
    """Names the class of a foreign exception, and lets errors of the package through."""
    access = access_to(MemoryLedger())

    def fails(error):
        def change(state):
            raise error

        return change

    with pytest.raises(StorageError, match="ZeroDivisionError: odd"):
        access.transact(fails(ZeroDivisionError("odd")))
    with pytest.raises(HarvestError, match="known"):
        access.transact(fails(HarvestError("known")))


async def test_a_call_that_waited_too_long_gets_the_error_of_a_ledger_that_broke_meanwhile():
    """Ends the wait at max_wait with the ledger's error where the ledger can't say how long the wait would be."""
    ledger = Faulty()
    gate = Gate(ledger, SETTINGS, clock())
    first = await gate.acquire(Ticket())
    first.refused(100 * SECOND)
    first.release()
    probing = asyncio.ensure_future(gate.acquire(Ticket()))
    waiting = asyncio.ensure_future(gate.acquire(Ticket(max_wait=150 * SECOND)))
    await asyncio.sleep(110)
    assert probing.done()
    ledger.fault = StorageError("the ledger is broken")
    await asyncio.sleep(60)

    with pytest.raises(HarvestError, match="the ledger is broken"):
        await waiting


def test_a_ledger_that_another_thread_is_using_is_busy(tmp_path):
    """Raises LedgerBusy at once instead of waiting for the other thread."""
    ledger = SqliteLedger(tmp_path / "ledger.sqlite3", "a")
    inside, go_on = threading.Event(), threading.Event()

    def hold(state):
        inside.set()
        go_on.wait(10)

    thread = threading.Thread(target=ledger.transact, args=(hold,))
    thread.start()
    try:
        assert inside.wait(10)
        with pytest.raises(LedgerBusy):
            ledger.transact(lambda _: None)
    finally:
        go_on.set()
        thread.join()
        ledger.close()


def test_a_change_that_fails_leaves_the_ledger_as_it_was(tmp_path):
    """Rolls back a change that raises; the next change works."""
    ledger = SqliteLedger(tmp_path / "ledger.sqlite3", "a")

    def fails(state):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.transact(fails)

    assert ledger.transact(lambda state: state.bulk_at) == 0
    ledger.close()


def test_a_ledger_is_created_where_files_have_no_owner(tmp_path):
    """Creates the file on systems without POSIX permissions, too."""
    path = tmp_path / "ledger.sqlite3"
    make_private(path, posix=False)

    with sqlite3.connect(path) as database:
        assert database.execute("select 1").fetchone() == (1,)
    database.close()


def test_a_gate_of_a_closed_loop_can_be_shared():
    """Marks the gate as shared although its event loop is closed."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:

        async def make():
            return Gate(MemoryLedger(), SETTINGS, clock())

        gate = runner.run(make())

    gate.share()
    assert gate._queue.shared
