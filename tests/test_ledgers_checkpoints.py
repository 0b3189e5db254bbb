"""The log of a ledger in a file: it is written into the file by a thread of its own."""

import logging
import sqlite3
import threading
from contextlib import closing

import pytest

from harvest_async.throttle.ledgers.checkpoints import Checkpoints, write_log
from harvest_async.throttle.ledgers.file import LedgerFile
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.ledgers.sqlite import SqliteLedger

PAGE = 4_096


class Held(threading.Thread):
    """A thread that waits for a test before it works.

    Attributes:
        begin: set by the test.
    """

    def __init__(self, target, args, name):
        self.begin = threading.Event()

        def work():
            self.begin.wait(30)
            target(*args)

        super().__init__(target=work, name=name)


class Unstarted(threading.Thread):
    """A thread that the system can't start."""

    def start(self):
        raise RuntimeError("can't start new thread")


class Threads:
    """Makes threads and keeps them."""

    def __init__(self, kind):
        self.kind, self.made = kind, []

    def __call__(self, **options):
        self.made.append(self.kind(**options))
        return self.made[-1]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


def log_of(path):
    return path.with_name(f"{path.name}-wal")


def opened(path, kind=threading.Thread, limit=10 * PAGE):
    """Return a ledger that writes its log early, and what makes its threads."""
    threads = Threads(kind)
    file = LedgerFile(path, Checkpoints(path, limit, threads))
    return SqliteLedger(path, "acme", file=file), threads


def take(state):
    return state.take(0, 60)


def fill(ledger, path, size=10 * PAGE):
    """Change the state until the log has a size."""
    while not log_of(path).exists() or log_of(path).stat().st_size < size:
        ledger.transact(take)


def stored(path, mode):
    """Return the state that the file has; `immutable=1` leaves its log out."""
    with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as database:
        (text,) = database.execute("select state from account_states").fetchone()
    return text


def test_a_log_of_some_size_is_written_into_the_file(path):
    """Another thread writes it, and begins the new log; the ledger's connection writes nothing into the file."""
    ledger, threads = opened(path)
    ledger.transact(take)
    size = path.stat().st_size
    fill(ledger, path)
    [thread] = threads.made
    thread.join(30)

    assert threading.current_thread() is not thread
    assert size < path.stat().st_size
    assert stored(path, "immutable=1") == stored(path, "mode=ro")
    assert log_of(path).stat().st_size < 3 * PAGE
    ledger.close()


def test_nothing_changes_while_the_log_is_written(path):
    """Until then the ledger is in use; it can be read, and afterwards it has all that was stored."""
    ledger, threads = opened(path, Held)
    fill(ledger, path)
    before = ledger.read(lambda state: state.window.in_flight(0))
    with pytest.raises(LedgerBusy):
        ledger.transact(take)
    [thread] = threads.made
    thread.begin.set()
    thread.join(30)

    assert ledger.transact(lambda state: state.window.in_flight(0)) == before > 0
    ledger.close()


def test_a_file_is_used_by_one_thread_at_a_time(path):
    """While one uses it, it is in use for the others."""
    file = LedgerFile(path)
    with pytest.raises(LedgerBusy):
        file.use(lambda _: file.use(lambda _: None))
    file.close()


def test_closing_waits_for_the_log(path):
    """No thread is left, and the file is complete."""
    ledger, threads = opened(path)
    fill(ledger, path)
    ledger.close()

    assert [thread.is_alive() for thread in threads.made] == [False]
    assert not log_of(path).exists()


def test_a_log_that_others_use_is_written_later(path):
    """It stays readable, and grows by its limit before the next attempt."""
    ledger, threads = opened(path)
    ledger.transact(take)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from account_states").fetchone()
        fill(ledger, path)
        threads.made[0].join(30)
        large = log_of(path).stat().st_size
        ledger.transact(take)
        attempts = len(threads.made)
    fill(ledger, path, large + 10 * PAGE)
    threads.made[-1].join(30)

    assert large >= 10 * PAGE
    assert (attempts, len(threads.made)) == (1, 2)
    assert log_of(path).stat().st_size < 3 * PAGE
    ledger.close()


def test_a_new_log_has_the_usual_limit_again(path):
    """After an attempt that failed, the next log is written at its limit."""
    ledger, threads = opened(path, Unstarted)
    fill(ledger, path)
    write_log(path)
    ledger.transact(take)
    fill(ledger, path)

    assert len(threads.made) == 2
    ledger.close()


def test_a_log_for_which_there_is_no_thread_is_written_later(path, caplog):
    """The calls go on."""
    caplog.set_level(logging.DEBUG, "harvest_async.throttle")
    ledger, threads = opened(path, Unstarted)
    fill(ledger, path)
    ledger.transact(take)

    assert len(threads.made) == 1
    assert "is written later: can't start new thread" in caplog.text
    ledger.close()


def test_a_file_that_was_deleted_is_not_created_by_its_log(path, caplog):
    """Writing the log fails, without harm."""
    caplog.set_level(logging.DEBUG, "harvest_async.throttle")
    write_log(path)

    assert not path.exists()
    assert "is written later" in caplog.text


def test_a_file_without_a_log_needs_no_checkpoint(path):
    """There is nothing to look at, and nothing to wait for."""
    threads = Threads(threading.Thread)
    checkpoints = Checkpoints(path, thread=threads)
    checkpoints.look()
    checkpoints.wait()

    assert threads.made == []
