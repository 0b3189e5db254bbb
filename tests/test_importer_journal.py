"""The journal: what is written is on the disk, whom it belongs to, and who may have it."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
import sys
from contextlib import closing

import pytest

from harvest_async.importer.journal import Journal, JournalError, JournalWriter
from tests.support.disk import file_size_limited

SET = "insert or replace into meta values (?, ?)"


def hold(path, ready, gate):
    """Another process that has the journal until it is ended."""
    with Journal(path):
        ready.set()
        gate.wait(20)


def test_two_runs_can_not_have_one_journal(tmp_path):
    """While a process has the journal another is refused with the reason; a killed process releases it."""
    path = tmp_path / "a.journal"
    context = multiprocessing.get_context("spawn")
    ready, gate = context.Event(), context.Event()
    other = context.Process(target=hold, args=(path, ready, gate))
    other.start()
    assert ready.wait(20)

    with pytest.raises(JournalError, match="in use by another run"):
        Journal(path)
    os.kill(other.pid, signal.SIGKILL)
    other.join()

    with Journal(path) as journal:
        assert journal.meta["format"] == "3"


def test_the_same_process_can_not_have_it_twice(tmp_path):
    """Nor can one process run it twice at once."""
    with Journal(tmp_path / "a.journal"), pytest.raises(JournalError, match="in use"):
        Journal(tmp_path / "a.journal")


def test_what_is_no_journal(tmp_path):
    """A file that is something else is reported, and left alone."""
    path = tmp_path / "time.csv"
    path.write_text("User,Email\n" * 100)

    with pytest.raises(JournalError, match="no journal"):
        Journal(path)
    assert path.read_text().startswith("User")


def test_another_program_s_database(tmp_path):
    """A database that is no journal is reported, and neither changed nor taken for a run that never began."""
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("create table photos (name); insert into photos values ('one')")
    before = path.read_bytes()

    with pytest.raises(JournalError, match="another program"):
        Journal(path)
    assert path.read_bytes() == before


def test_it_refuses_what_it_does_not_belong_to(tmp_path):
    """Another account, file or set of options is refused, and named."""
    with Journal(tmp_path / "a.journal") as journal:
        journal.describe(account="a", file="f")

        journal.expect(account="a", file="f")
        with pytest.raises(JournalError, match="another account"):
            journal.expect(account="b")


def test_a_failed_change_changes_nothing():
    """Of changes that are written together all are kept, or none."""
    with Journal() as journal:
        with pytest.raises(Exception, match="no such table"):
            journal.commit([(SET, ("a", "1")), ("insert into nowhere values (1)", ())])
        with pytest.raises(ZeroDivisionError):
            journal.together(lambda: (journal.write(SET, ("b", "1")), 1 / 0))

        assert journal.meta.keys() == {"format"}


def test_a_copy_is_the_same_and_the_old_one_is_closed(tmp_path):
    """A plan's journal can move to a path of its own, which must be free."""
    taken = tmp_path / "taken"
    taken.write_text("")
    old = Journal(tmp_path / "old.journal")
    old.describe(account="a")

    with pytest.raises(JournalError, match="there already"):
        old.copy_to(taken)
    with old.copy_to(tmp_path / "new" / "b.journal") as new:
        assert new.meta["account"] == "a"
        Journal(tmp_path / "old.journal").close()


@pytest.mark.anyio
async def test_many_intents_share_a_sync(tmp_path):
    """What is noted while a commit is on its way goes to the disk with the next one, all at once."""
    with Journal(tmp_path / "a.journal") as journal:
        writer, before = JournalWriter(journal), journal.syncs

        await asyncio.gather(*(writer.write((SET, (str(n), "x"))) for n in range(500)))

        assert len(journal.meta) == 501
        assert journal.syncs - before <= 3


@pytest.mark.anyio
async def test_notes_keep_their_order(tmp_path):
    """Of two changes of the same value the later one is kept."""
    with Journal(tmp_path / "a.journal") as journal:
        writer = JournalWriter(journal)
        for n in range(200):
            writer.enqueue((SET, ("a", str(n))))
            if n % 7 == 0:
                await asyncio.sleep(0)

        await writer.drain()

        assert journal.meta["a"] == "199"


@pytest.mark.anyio
async def test_a_cancelled_waiter_takes_nobody_with_it(tmp_path):
    """A caller that stops waiting for its change doesn't affect the others."""
    with Journal(tmp_path / "a.journal") as journal:
        writer = JournalWriter(journal)
        tasks = [asyncio.create_task(writer.write((SET, (str(n), "x")))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()

        done = await asyncio.gather(*tasks, return_exceptions=True)

        assert isinstance(done[0], asyncio.CancelledError)
        assert done[1:] == [None, None]
        assert journal.meta.keys() >= {"0", "1", "2"}


@pytest.mark.parametrize("inline", [False, True], ids=["thread", "inline"])
@pytest.mark.parametrize("pause", [None, 0, 0.003, 0.004])
def test_a_run_writes_its_changes_when_its_event_loop_ends(tmp_path, pause, inline):
    """The loop cancels all of its tasks, also the one that writes; what the run still notes is written, too."""

    async def run(writer):
        try:
            for n in range(1_000):
                await writer.write((SET, (str(n), "x")))
        finally:
            writer.enqueue((SET, ("end", "x")))
            await writer.drain()

    async def main(journal):
        task = asyncio.create_task(run(JournalWriter(journal)))
        await asyncio.sleep(0)
        if pause is not None:
            await asyncio.sleep(pause)
        assert not task.done()

    with Journal(tmp_path / "a.journal", inline=inline) as journal:
        asyncio.run(main(journal))

        assert journal.meta.keys() >= {"0", "end"}


@pytest.mark.anyio
async def test_no_changes_are_written_at_once(tmp_path):
    """A caller that has none is not kept waiting."""
    with Journal(tmp_path / "a.journal") as journal:
        async with asyncio.timeout(10):
            await JournalWriter(journal).write()


@pytest.mark.anyio
async def test_a_disk_that_fails_is_reported(tmp_path):
    """A caller that waits for a change that could not be written gets the error."""
    with Journal(tmp_path / "a.journal") as journal:
        writer = JournalWriter(journal)

        with pytest.raises(JournalError, match="can't be written"):
            await writer.write(("insert into nowhere values (1)", ()))
        await writer.write((SET, ("a", "1")))
        assert journal.meta["a"] == "1"


@pytest.mark.parametrize(
    "write",
    [
        lambda journal, pairs: journal.together(lambda: journal.write_many(SET, pairs)),
        lambda journal, pairs: journal.describe(**dict(pairs)),
    ],
    ids=["many rows", "what the run belongs to"],
)
def test_a_full_disk_is_reported(tmp_path, write):
    """What doesn't fit leaves nothing behind, and is reported with the journal's name."""
    with Journal(tmp_path / "a.journal") as journal:
        journal.one("pragma max_page_count = 20")

        with pytest.raises(JournalError, match=r"a\.journal can't be written: .*full"):
            write(journal, [(str(n), "x" * 500) for n in range(1_000)])
        assert journal.meta.keys() == {"format"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of a file")
def test_a_disk_that_fails_at_the_commit_is_reported(tmp_path):
    """The changes are discarded and the journal can be written again."""
    with Journal(tmp_path / "a.journal") as journal:
        with file_size_limited(1_000), pytest.raises(JournalError, match=r"a\.journal can't be written"):
            journal.describe(a="x" * 5_000)
        journal.describe(b="1")

        assert journal.meta.keys() == {"format", "b"}


def test_a_folder_that_can_not_be_made_is_reported(tmp_path):
    """A journal whose folder can't be made is refused by name."""
    (tmp_path / "file").touch()

    with pytest.raises(JournalError, match="folder of the journal"):
        Journal(tmp_path / "file" / "a.journal")


def test_commits_can_be_watched_from_outside(tmp_path):
    """Each commit is announced before it and after it, to audit hooks."""
    seen = []
    sys.addaudithook(lambda event, arguments: seen.append((event, arguments[0])) if "harvest" in event else None)

    with Journal(tmp_path / "a.journal") as journal:
        journal.describe(a="1")

    mine = [event for event, path in seen if path == str(tmp_path / "a.journal")]
    assert mine == ["harvest_async.journal.write", "harvest_async.journal.synced"]


def test_what_is_committed_is_synced(tmp_path):
    """The file is written with full synchronisation, so that a power loss loses no change that was confirmed."""
    with Journal(tmp_path / "a.journal") as journal:
        assert journal.number("pragma synchronous") == 2
        assert journal.one("pragma journal_mode") == ("wal",)
