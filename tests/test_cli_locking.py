"""Two commands that would write to one account at once, on the command line."""

import asyncio
import shutil
import signal
import sqlite3
import time
from contextlib import closing

import pytest
from attrs import frozen

from harvest_async.cli.edge import BAD_INPUT, code_of
from harvest_async.importer.journal import Journal
from harvest_async.run_lock import LockLost, SqliteRunLocks
from tests.support.sample import make_rows, write_csv

pytestmark = pytest.mark.socket

FILL = ("--client", "ACME", "--task", "Work", "--long-days")


@frozen
class Locks:
    """The run locks of the commands, as another program uses them."""

    state: object

    @property
    def path(self):
        return self.state / "ledger.sqlite3"

    def acquire(self, owner, lease=60):
        """Acquire the lock of the only account."""
        return self._use(lambda locks, account: locks.acquire(account, owner, lease))

    def release(self, lock, *, clean):
        return self._use(lambda locks, _: locks.release(lock, clean=clean))

    def holder(self):
        return self._use(lambda locks, account: locks.holder(account))

    def _use(self, work):
        with closing(sqlite3.connect(self.path)) as database:
            [(account,)] = database.execute("select account from run_locks").fetchall()
        with closing(SqliteRunLocks(self.path)) as locks:
            return asyncio.run(work(locks, account))


@pytest.fixture
def sandbox(account):
    return account[0]


@pytest.fixture
def locks(tmp_path):
    return Locks(tmp_path / "state")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "time.csv"
    path.write_bytes(write_csv(make_rows(5)))
    return path


@pytest.fixture
def other(tmp_path):
    path = tmp_path / "other.csv"
    path.write_bytes(write_csv(make_rows(9)[5:]))
    return path


@pytest.fixture
def journal(shell, file):
    """The journal of an import that is done."""
    return shell("import", file, *FILL, "--json").document["journal"]


@pytest.mark.parametrize("command", ["import", "undo", "unlink"])
def test_a_command_is_refused_while_another_run_writes(shell, sandbox, locks, journal, other, command):
    """Names the run and what to do, ends with 2, and sends nothing."""
    words = {"import": ("import", other, *FILL), "undo": ("undo", journal), "unlink": ("undo", journal, "--unlink")}
    locks.acquire("harvest-async import --journal /tmp/first.journal [1]")
    before = len(sandbox.requests())

    refused = shell(*words[command])

    assert refused.code == 2
    assert "account sandbox: another run is writing to it" in refused.err
    assert "harvest-async import --journal /tmp/first.journal [1], last active" in refused.err
    assert "Wait until that run has ended, then re-run the same command." in refused.err
    assert len(sandbox.requests()) == before


def test_a_refused_command_is_reported_to_programs(shell, locks, journal, other):
    """The kind of the error is `LockHeld`."""
    locks.acquire("other")

    refused = shell("import", other, *FILL, "--json")

    assert refused.document["error"]["kind"] == "LockHeld"
    assert refused.document["error"]["exit_code"] == refused.code == 2


def test_a_plan_is_shown_while_another_run_writes(shell, locks, journal, other):
    """`--dry-run` only reads the account."""
    locks.acquire("other")

    assert shell("import", other, *FILL, "--dry-run").code == 0


def test_a_run_that_ends_releases_the_lock(shell, locks, journal):
    """The next command begins at once, of whichever kind the last one was."""
    imported = locks.holder()
    undone = shell("undo", journal)

    assert (imported.is_held, locks.holder().is_held, undone.code) == (False, False, 0)
    assert imported.owner.startswith(f"harvest-async import --journal {journal} [")
    assert locks.holder().owner.startswith(f"harvest-async undo {journal} [")


def test_a_process_that_died_keeps_the_lock_for_a_while_only(shell, sandbox, locks, journal, other):
    """The next run has the lock when it has expired, and waits until nothing of the other one can be processed."""
    locks.acquire("dead", 0.2)
    while locks.holder().is_held:
        time.sleep(0.02)

    ended = shell("import", other, *FILL, "--max-delay", 0.6)

    assert ended.code == 0
    assert "until no request of an earlier run can be processed any more" in ended.err
    assert len(sandbox.world.entries()) == 9


def test_a_lock_that_is_not_renewed_is_waited_for(shell, sandbox, locks, journal, other):
    """As that of a process that was killed a moment ago: the command does not fail, and says what it waits for."""
    locks.acquire("killed", 1)

    ended = shell("import", other, *FILL, "--max-delay", 0.1)

    assert ended.code == 0
    assert "for the lock of killed" in ended.err
    assert len(sandbox.world.entries()) == 9


def test_a_run_waits_after_one_that_was_cut_off(shell, locks, journal, other):
    """A lock that was released with writes under way lets the next run wait."""
    locks.release(locks.acquire("other"), clean=False)

    assert "waiting" in shell("import", other, *FILL, "--max-delay", 0.4).err
    assert "waiting" not in shell("undo", journal).err


def test_a_run_that_was_killed_is_resumed_at_once(shell, sandbox, locks, file, tmp_path):
    """Its journal keeps the owner of its lock; a copy of the journal has another owner."""
    path = tmp_path / "a.journal"
    sandbox.fault("error_502", match={"path": "/daily/add"}, times=None)
    shell("import", file, *FILL, "--journal", path, "--give-up", 0.2, "--max-delay", 0.1)
    sandbox.clear_faults()
    with Journal(path) as journal:
        owner = journal.meta["lock_owner"]
    shutil.copy(path, tmp_path / "b.journal")
    locks.acquire(owner)

    copied = shell("import", "--resume", "--journal", tmp_path / "b.journal")
    resumed = shell("import", "--resume", "--journal", path, "--max-delay", 0.1)

    assert (copied.code, resumed.code) == (2, 0)
    assert "another run is writing to it" in copied.err
    assert len(sandbox.world.entries()) == 5


def test_ctrl_c_releases_the_lock(shell, sandbox, locks, journal, other, tmp_path):
    """While an import runs, a second one is refused; after Ctrl-C the second one begins at once."""
    sandbox.fault("latency_out", match={"path": "/daily/add"}, times=None, seconds=1.5)
    long = tmp_path / "long.csv"
    long.write_bytes(write_csv(make_rows(200)[20:]))
    running = shell.start("import", long, *FILL)
    end = time.monotonic() + 60
    while len(sandbox.world.entries()) < 8:
        assert time.monotonic() < end
        time.sleep(0.01)

    refused = shell("import", other, *FILL)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    sandbox.clear_faults()
    begun = shell("import", other, *FILL)

    assert (refused.code, running.returncode, begun.code) == (2, 130, 0)
    assert "another run is writing to it: harvest-async import --journal " in refused.err
    assert "waiting" not in begun.err


def test_a_lost_lock_is_a_local_problem():
    """Ends the command with 2, as a full disk does."""
    assert code_of(LockLost("account acme: another run has taken its lock")) == BAD_INPUT
