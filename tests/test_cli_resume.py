"""Imports that end early, are resumed and are undone, on the command line."""

import os
import re
import signal
import sys
import time
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

import pytest

from harvest_async.importer.journal import Journal
from tests.support.sample import make_rows, write_csv
from tests.support.shell import Shell
from tests.support.terminal import begin, read_all

pytestmark = pytest.mark.socket

FILL = ("--client", "ACME", "--task", "Work", "--long-days")


@pytest.fixture
def sandbox(account):
    return account[0]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "time.csv"
    path.write_bytes(write_csv(make_rows(200)))
    return path


def slow(sandbox, seconds=0.15, path="/daily/add"):
    sandbox.fault("latency_out", match={"path": path}, times=None, seconds=seconds)


def wait_for(sandbox, entries, patience=30):
    end = time.monotonic() + patience
    while len(sandbox.world.entries()) < entries:
        assert time.monotonic() < end
        time.sleep(0.01)


def each_row_once(sandbox, rows=200):
    """Whether the account has each row of the file exactly once."""
    people = sandbox.world.tables["user"]
    have = Counter(
        (people[each["user_id"]]["email"], each["spent_at"].isoformat(), each["hours"], each["notes"] or "")
        for each in sandbox.world.entries()
    )
    return have == Counter(
        (row[1], row[7], (Decimal(seconds_of(row[11])) / 3600).quantize(Decimal("0.01"), ROUND_HALF_UP), row[5])
        for row in make_rows(rows)
    )


def seconds_of(duration):
    hours, minutes, seconds = map(int, duration.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def test_ctrl_c_in_a_terminal_leaves_a_journal_and_the_command_that_resumes(shell, sandbox, file):
    """Finishes the calls in progress on the first Ctrl-C and prints the command that resumes the run."""
    slow(sandbox)
    running, parent = begin(
        shell, "import", file, *FILL, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0), env={"COLUMNS": "200"},
    )  # fmt: skip
    wait_for(sandbox, 20)
    os.write(parent, b"\x03")
    shown = read_all(parent)
    code = running.wait(timeout=30)
    begun = len(sandbox.world.entries())
    sandbox.clear_faults()

    words = re.search(r"To resume: harvest-async (import --resume --journal \S+)", shown)[1].split()
    rest = shell(*words, "--json")

    assert code == 130
    assert "waiting for the calls in progress" in shown
    assert 20 <= begun < 200
    assert rest.code == 0
    assert rest.document["report"]["unknown"] == []
    assert each_row_once(sandbox)


def test_a_second_ctrl_c_ends_at_once(shell, sandbox, file):
    """Ends at once on the second Ctrl-C; the next run reconciles the calls that were in progress."""
    slow(sandbox, 30)
    running = shell.start("import", file, *FILL)
    wait_for(sandbox, 5)
    running.send_signal(signal.SIGINT)
    while "waiting for the calls in progress" not in running.stderr.readline():
        pass
    running.send_signal(signal.SIGINT)
    _, shown = running.communicate(timeout=15)
    sandbox.clear_faults()

    rest = shell("import", file, *FILL, "--max-delay", 0.2, "--json")

    assert running.returncode == 130
    assert "unknown" in shown
    assert rest.code == 0
    assert each_row_once(sandbox)


def test_a_killed_import_is_resumed_by_the_same_command(shell, sandbox, file):
    """After kill -9 the same command finds the journal, looks what became of lost calls, and does the rest."""
    slow(sandbox)
    running = shell.start("import", file, *FILL)
    wait_for(sandbox, 30)
    running.kill()
    running.communicate()
    sandbox.clear_faults()

    rest = shell("import", file, *FILL, "--max-delay", 0.3, "--json")

    assert rest.code == 0
    assert each_row_once(sandbox)
    assert rest.document["report"]["created"] == 200
    assert sandbox.throttled() == 0


def test_the_end_of_a_session_is_a_graceful_stop(shell, sandbox, file):
    """SIGTERM stops an import as the first Ctrl-C does."""
    slow(sandbox)
    running = shell.start("import", file, *FILL)
    wait_for(sandbox, 10)
    running.terminate()
    _, shown = running.communicate(timeout=30)

    assert running.returncode == 130
    assert "--resume" in shown


def interrupted(shell, sandbox, file, *options, path="/daily/add"):
    """Begin an import and stop it."""
    slow(sandbox, path=path)
    running = shell.start("import", file, *FILL, *options)
    wait_for(sandbox, 10)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    sandbox.clear_faults()


def test_resume_without_a_file_takes_the_last_run(shell, sandbox, file):
    """--resume alone goes on with the account's last run that ended early."""
    interrupted(shell, sandbox, file)

    said = shell("import", "--resume", "--json")

    assert said.code == 0
    assert len(sandbox.world.entries()) == 200


def test_a_journal_refuses_other_options(shell, sandbox, file):
    """A run is not resumed with other options than it was started with."""
    interrupted(shell, sandbox, file)
    before = len(sandbox.world.entries())

    said = shell("import", file, "--client", "Other", "--task", "Work")

    assert said.code == 2
    assert "other options" in said.err
    assert len(sandbox.world.entries()) == before


def test_a_resumed_run_is_named(shell, sandbox, file):
    """Says that the run of a journal goes on, and with which journal, unless JSON is wanted."""
    interrupted(shell, sandbox, file)

    said = shell("import", file, *FILL)

    assert "resuming the run of" in said.err
    assert len(sandbox.world.entries()) == 200


@pytest.mark.parametrize("words", [["--no-reference"], ["--link", "https://example.com/1"]])
def test_a_run_with_references_is_not_resumed_otherwise(shell, sandbox, file, words):
    """Names the option that the run was begun without, and sends nothing."""
    v2 = {"HARVEST_ACCOUNT_ID": "1", "HARVEST_ACCESS_TOKEN": "sandbox-token"}
    by_v2 = Shell({**shell.env, **v2})
    interrupted(by_v2, sandbox, file, path="/v2/time_entries")
    before = len(sandbox.world.entries())

    said = by_v2("import", file, *FILL, *words)

    assert said.code == 2
    assert f"{words[0]}: the run of" in said.err
    assert "was begun without it: leave it out to resume" in said.err
    assert len(sandbox.world.entries()) == before > 0


def test_a_long_list_of_what_is_left_is_cut(shell, sandbox, file):
    """Shows the first ones and the number of the others; JSON has all."""
    journal = shell("import", file, *FILL, "--json").document["journal"]
    sandbox.fault("raw", match={"method": "DELETE", "path": "/daily/delete/*"}, times=None, status=400, body="no")

    said, document = shell("undo", journal), shell("undo", journal, "--json").document

    assert said.err.count("  left: ") == 20
    assert f"and {len(document['left']) - 20} more (use --json to list all)" in said.err


def test_an_interrupted_undo_says_how_to_continue(shell, sandbox, file):
    """Ends with 130, and the same command does the rest."""
    journal = shell("import", file, *FILL, "--json").document["journal"]
    slow(sandbox, path="/daily/delete/*")
    running = shell.start("undo", journal)
    while len(sandbox.world.entries()) > 190:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, shown = running.communicate(timeout=30)
    sandbox.clear_faults()
    again = shell("undo", journal)

    assert running.returncode == 130
    assert "Re-run the same command to continue." in shown
    assert (again.code, sandbox.world.entries()) == (0, [])


def test_ctrl_c_while_the_program_loads_shows_no_traceback(monkeypatch, capsys):
    """Ends with 130 and one line."""
    from harvest_async.cli import main

    class Interrupting:
        def find_spec(self, name, *_):
            if name == "harvest_async.cli.commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "harvest_async.cli.commands")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_journal_refuses_another_file(shell, sandbox, file, tmp_path):
    """Nor with another file."""
    journal = tmp_path / "a.journal"
    interrupted(shell, sandbox, file, "--journal", journal)
    file.write_bytes(write_csv(make_rows(100)))

    said = shell("import", "--resume", file, *FILL, "--journal", journal)

    assert said.code == 2
    assert "another file" in said.err


def test_two_runs_at_once_are_refused(shell, sandbox, file, tmp_path):
    """While one run has the journal, the same import is refused; --resume alone passes over what is in use."""
    interrupted(shell, sandbox, file)
    [journal] = (tmp_path / "state" / "journals").glob("*.journal")
    before = len(sandbox.world.entries())

    with Journal(journal):
        same, other = shell("import", file, *FILL), shell("import", "--resume")

    assert (same.code, other.code) == (2, 2)
    assert "in use by another run" in same.err
    assert "found no run that ended early" in other.err
    assert len(sandbox.world.entries()) == before


def test_nothing_to_resume(shell, file, tmp_path):
    """Where no run ended early, --resume says so; a run that is done is not done again by its journal."""
    journal = tmp_path / "a.journal"
    assert shell("import", file, *FILL, "--journal", journal).code == 0

    for words in (
        ("--resume",),
        ("--resume", file),
        ("--resume", "--journal", tmp_path / "none.journal"),
        (file, *FILL, "--journal", journal),
        ("--resume", "--sandbox"),
        (),
    ):
        said = shell("import", *words)
        assert said.code == 2, words
        assert any(
            word in said.err for word in ("found no run", "no such journal", "is done", "ends with its run", "Name a")
        )


def test_a_done_run_can_be_resumed_and_does_nothing(shell, sandbox, file, tmp_path):
    """Resuming a run that is done prints its report again and sends nothing."""
    journal = tmp_path / "a.journal"
    shell("import", file, *FILL, "--journal", journal)
    posts = sum(each.method == "POST" for each in sandbox.requests())

    said = shell("import", "--resume", "--journal", journal, "--json")

    assert (said.code, said.document["report"]["created"]) == (0, 200)
    assert posts == sum(each.method == "POST" for each in sandbox.requests())


def test_a_plan_that_was_never_finished_is_made_anew(shell, sandbox, file, tmp_path):
    """A journal whose run died before its plan was made blocks no other run."""
    journal = tmp_path / "a.journal"
    with Journal(journal) as half:
        half.describe(account="x", file="y")

    assert shell("import", file, *FILL, "--journal", journal).code == 0
    assert len(sandbox.world.entries()) == 200


def test_each_run_has_a_journal_of_its_own(shell, file, tmp_path):
    """Loading a file again begins a new journal, so that the old one can still be undone."""
    for _ in range(2):
        shell("import", file, *FILL)

    assert len(list((tmp_path / "state" / "journals").glob("*.journal"))) == 2


def test_undo_takes_a_run_back(shell, sandbox, file):
    """`undo` removes what the run made and says how much; the account is as it was."""
    journal = shell("import", file, *FILL, "--json").document["journal"]
    people = len(sandbox.world.people())

    said = shell("undo", journal)
    again = shell("undo", journal, "--json")

    assert said.code == 0
    assert "removed: 2" in said.out
    assert again.document == {"removed": 0, "went_along": 0, "left": [], "unknown": 0}
    assert (sandbox.world.entries(), sandbox.world.projects(), sandbox.world.clients()) == ([], [], [])
    assert len(sandbox.world.people()) == people - 5


def test_undo_says_what_is_left(shell, sandbox, file):
    """What the server refuses to remove is named, and the exit code says so."""
    journal = shell("import", file, *FILL, "--json").document["journal"]
    sandbox.fault("raw", match={"method": "DELETE", "path": "/projects/*"}, times=None, status=400, body="no")

    said = shell("undo", journal)

    assert said.code == 1
    assert "left: project" in said.err


def test_rejected_rows_can_be_corrected_and_loaded(shell, sandbox, tmp_path):
    """--rejects writes the rejected rows as they are; corrected, they load with the same options."""
    rows = [list(row) for row in make_rows(12)]
    length, rows[3][11], rows[8][7] = rows[3][11], "an hour", "soon"
    file, rejects = tmp_path / "time.csv", tmp_path / "rejects.csv"
    file.write_bytes(write_csv(rows))

    first = shell("import", file, *FILL, "--rejects", rejects, "--json")
    text = rejects.read_text()
    rejects.write_text(text.replace("an hour", length).replace("soon", rows[8][9]))
    second = shell("import", rejects, *FILL, "--json")

    assert (first.document["report"]["created"], text.count("\n")) == (10, 3)
    assert (second.code, second.document["report"]["created"]) == (0, 2)
    assert len(sandbox.world.entries()) == 12


def test_a_picture_of_the_window(shell, file, tmp_path):
    """--picture draws calls against the window as SVG."""
    picture = tmp_path / "window.svg"

    assert shell("import", file, *FILL, "--picture", picture).code == 0
    assert picture.read_text().startswith("<svg")
    assert "calls allowed" in picture.read_text()


def test_refusals_end_a_run_where_asked(shell, sandbox, file):
    """With --max-failures a run ends early, says why, and can be resumed."""
    sandbox.fault("raw", match={"path": "/daily/add"}, times=None, status=400, body="{}")

    said = shell("import", file, *FILL, "--max-failures", 3)

    assert said.code == 1
    assert "were refused" in said.err
    assert "--resume" in said.err


def test_a_server_that_is_down_ends_with_3(shell, sandbox, file):
    """When the server stays away longer than --give-up, the run ends with 3, resumably."""
    sandbox.fault("error_502", match={"path": "/daily/add"}, times=None)
    sandbox.fault("error_502", match={"path": "/account/who_am_i"}, after=1, times=None)

    said = shell("import", file, *FILL, "--give-up", 2, "--max-delay", 0.1)
    sandbox.clear_faults()
    rest = shell("import", file, *FILL, "--max-delay", 0.1)

    assert said.code == 3
    assert "trying again" in said.err
    assert "processed no write" in said.err
    assert rest.code == 0
    assert len(sandbox.world.entries()) == 200


def test_a_stream(shell, sandbox):
    """A file may come on standard input."""
    said = shell("import", "-", *FILL, "--json", stdin=write_csv(make_rows(5)).decode())

    assert (said.code, said.document["report"]["created"]) == (0, 5)


def test_what_was_found_is_shown_first(shell, file):
    """Format, encoding, delimiter and rows are shown before anything is sent."""
    said = shell("import", file, *FILL)

    assert "format: Toggl Track, detailed report" in said.err.splitlines()[0]
    assert "rows: 200" in said.err.splitlines()[0]


def test_a_mapping(shell, sandbox, tmp_path):
    """Columns that no format knows are named by --map or by a mapping file; nonsense in either is refused."""
    file, mapping = tmp_path / "own.csv", tmp_path / "own.toml"
    file.write_text("Wer,Wann,Wie lange,Projekt\none@example.com,2026-01-05,1.5,Website\n")
    mapping.write_text('format = "time"\n[columns]\nWer = "email"\nWann = "day"\n"Wie lange" = "hours"\n')

    said = shell("import", file, *FILL, "--mapping", mapping, "--map", "Projekt=project", "--json")

    assert said.code == 0, said.err
    assert len(sandbox.world.entries()) == 1
    assert shell("import", file, "--map", "nonsense").code == 2
    assert shell("import", file, "--mapping", tmp_path / "none.toml").code == 2
