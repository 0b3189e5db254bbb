"""Journals that were moved, damaged or cut off: they are never changed, replaced or deleted unread."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from harvest_async import imports
from harvest_async.importer.journal import Journal, JournalError
from tests.support.disk import file_size_limited
from tests.support.sample import make_rows, write_csv
from tests.support.shell import ROOT, open_account, shell_at

FILL = ("--client", "ACME", "--task", "Work")
_KILLED = """
import os, sys
from harvest_async.importer.journal import Journal
journal = Journal(sys.argv[1])
journal.describe(account="x", planned="1")
journal.commit([("insert into step (kind, action, key, state) values ('entry', 'create', 'k', 'created')", ())])
os.kill(os.getpid(), 9)
"""


def killed(path):
    """Leave a journal as a process does that is killed while it runs."""
    subprocess.run([sys.executable, "-c", _KILLED, path], check=False, cwd=ROOT)
    assert wal_of(path).stat().st_size
    return path


def wal_of(path):
    return path.with_name(f"{path.name}-wal")


def content(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_killed_run_s_journal_opens_with_its_wal_file(tmp_path):
    """Moved together with its -wal file, the journal has everything."""
    path = killed(tmp_path / "a.journal")
    moved = tmp_path / "moved"
    moved.mkdir()
    for each in (path, wal_of(path)):
        shutil.move(each, moved / each.name)

    with Journal(moved / path.name) as journal:
        assert journal.number("select count(*) from step") == 1


@pytest.mark.parametrize("how", ["missing", "empty", "damaged"])
def test_a_journal_without_its_wal_file_is_refused_and_stays(tmp_path, how):
    """Its latest changes are missing, so resuming it could send rows twice: refused, and not changed by a byte."""
    path = killed(tmp_path / "a.journal")
    if how == "missing":
        wal_of(path).unlink()
    else:
        wal_of(path).write_bytes(b"" if how == "empty" else b"x" * 5000)
    before = content(tmp_path)

    with pytest.raises(JournalError, match=r"is incomplete: .*a\.journal-wal"):
        Journal(path)
    assert content(tmp_path) == before


@pytest.mark.parametrize("main", ["missing", "empty"])
def test_a_wal_file_without_its_journal_is_not_overwritten(tmp_path, main):
    """SQLite would delete it; it may be all that is left of a run."""
    path = killed(tmp_path / "a.journal")
    path.unlink()
    if main == "empty":
        path.touch()
    before = content(tmp_path)

    with pytest.raises(JournalError, match="belongs to a journal"):
        Journal(path)
    assert content(tmp_path) == before


def test_a_database_without_tables_is_refused(tmp_path):
    """It may be a journal whose tables were in the -wal file."""
    path = tmp_path / "a.journal"
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = wal")
    before = path.read_bytes()

    with pytest.raises(JournalError, match="is incomplete"):
        Journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("at", [0, 20, 100, 4096, 8192])
def test_a_damaged_journal_is_refused_and_stays(tmp_path, at):
    """Where a page is damaged, the file stays as it is."""
    path = tmp_path / "a.journal"
    with Journal(path) as journal:
        journal.describe(account="x", planned="1")
        journal.commit(("insert into known values (?, ?)", (str(n) * 50, n)) for n in range(300))
    content = bytearray(path.read_bytes())
    content[at : at + 400] = b"\xff" * 400
    path.write_bytes(content)

    with pytest.raises(JournalError):
        Journal(path)
    assert path.read_bytes() == content


def test_a_journal_of_another_format_is_refused(tmp_path):
    """A later version's journal is not taken for one of this version."""
    path = tmp_path / "a.journal"
    with Journal(path) as journal:
        journal.describe(format="9")

    with pytest.raises(JournalError, match="has format 9"):
        Journal(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of a file")
@pytest.mark.parametrize("limit", ["the main file", "the -wal file"])
def test_a_journal_that_is_closed_on_a_full_disk_opens_again(tmp_path, limit):
    """It has everything, whether or not the changes in its -wal file still fit into the main file."""
    path = tmp_path / "a.journal"
    journal = Journal(path)
    for number in range(20):
        journal.describe(**{f"name {number}": "x" * 5_000})
    size = {"the main file": path.stat().st_size, "the -wal file": wal_of(path).stat().st_size}[limit]
    with file_size_limited(size):
        journal.close()

    with Journal(path) as again:
        assert len(again.meta) == 21


def test_journals_are_their_owner_s_alone(tmp_path):
    """Journal, -wal file and copies have permissions 0600, those of older journals are corrected."""
    path = tmp_path / "a.journal"
    path.touch(mode=0o644)
    with Journal(path) as journal:
        journal.describe(account="x")
        modes = [stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()]
        copy = journal.copy_to(tmp_path / "b.journal")
    with copy:
        modes += [stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()]

    assert set(modes) == {0o600}
    assert len(modes) >= 4


def test_a_run_that_sent_something_is_never_cleared(tmp_path):
    """Only a plan that was never finished is forgotten."""
    with Journal(tmp_path / "a.journal") as journal:
        journal.commit([("insert into step (kind, action, key, state) values ('entry', '', 'k', 'created')", ())])

        with pytest.raises(JournalError, match="left as it is"):
            journal.clear()
        assert journal.number("select count(*) from step") == 1


@pytest.mark.anyio
async def test_a_folder_that_is_called_as_a_scratch_folder_stays(harvest_sandbox, harvest_client, tmp_path):
    """Closing a plan deletes the folder that the plan created, and no other."""
    folder = tmp_path / "harvest-plan-2026"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    options = imports.Options(fill=imports.Fill(client="ACME", task="Work"))
    file = tmp_path / "time.csv"
    file.write_bytes(write_csv(make_rows(3)))

    async with harvest_client() as harvest:
        with imports.open_source(file, options) as source:
            plan = await imports.plan(
                harvest, source, journal=folder / "a.journal", options=options, create_people=True
            )
        plan.close()

    assert sorted(each.name for each in folder.iterdir()) == ["a.journal", "notes.txt"]


@pytest.fixture
def shell(tmp_path):
    with open_account() as (_, address):
        yield shell_at(address, tmp_path / "state")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "time.csv"
    path.write_bytes(write_csv(make_rows(3)))
    return path


def lose_wal(journal):
    """Make a journal one whose run was killed and whose -wal file was lost."""
    with closing(sqlite3.connect(journal)) as database:
        database.execute("insert or replace into meta values ('open', '1')")
        database.commit()
    wal_of(journal).unlink(missing_ok=True)


def damage(journal):
    content = bytearray(journal.read_bytes())
    content[4096:] = b"\xff" * len(content[4096:])
    journal.write_bytes(content)


@pytest.mark.socket
@pytest.mark.parametrize("spoil", [lose_wal, damage, lambda journal: journal.write_bytes(b"not a journal")])
@pytest.mark.parametrize("words", [("FILE",), ("--resume", "FILE"), ("--resume",), ("--resume", "--journal", "J")])
def test_the_command_line_keeps_a_journal_that_it_can_not_read(shell, file, spoil, words):
    """Whether or not FILE is given, no new run begins in its place; `undo` leaves it, too."""
    journal = Path(shell("import", file, *FILL, "--json").document["journal"])
    spoil(journal)
    before = content(journal.parent)

    given = {"FILE": [file, *FILL], "J": [journal]}
    ended = [
        shell("import", *(each for word in words for each in given.get(word, [word]))),
        shell("undo", journal),
    ]

    assert [each.code for each in ended] == [2, 2]
    assert all(journal.name in each.err for each in ended)
    assert content(journal.parent) == before
