"""How commands end when something local goes wrong: a clear message and the right exit code, never a traceback."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import click
import pytest

from harvest_async import errors
from harvest_async.cli import edge
from harvest_async.cli.commands import cli
from harvest_async.importer.journal import Journal
from tests.support.sample import make_rows, write_csv
from tests.support.shell import ROOT
from tests.support.terminal import replied

FILL = ("--client", "ACME", "--task", "Work")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "time.csv"
    path.write_bytes(write_csv(make_rows(3)))
    return path


def bad(file):
    rows = [list(row) for row in make_rows(4)]
    rows[1][11], rows[1][7] = "an hour", "soon"
    file.write_bytes(write_csv(rows))
    return file


# Errors and exit codes


def local(cause):
    error = errors.HarvestError("the ledger can't be used")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidArgument("no"), 2),
        (errors.NotSent("no"), 3),
        (errors.OutcomeUnknown("no"), 3),
        (errors.DecodeError("no"), 3),
        (errors.WouldWait("no", wait=1), 3),
        (local(sqlite3.OperationalError("database or disk is full")), 2),
        (local(OSError(28, "No space left")), 2),
        (local(None), 2),
        (sqlite3.OperationalError("attempt to write a readonly database"), 2),
        (PermissionError(13, "Permission denied", "x"), 2),
        (BrokenPipeError(32, "Broken pipe"), 2),
        (ConnectionRefusedError(111, "refused"), 3),
        (UnicodeEncodeError("ascii", "\u00e9", 0, 1, "no"), 2),
        (ImportError("needs an extra"), 2),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.FileError("x", "no"), 2),
        (click.ClickException("no"), 2),
        (ZeroDivisionError("x"), 4),
        (RecursionError("x"), 4),
        (MemoryError(), 4),
        (ExceptionGroup("several", [ExceptionGroup("more", [OSError("disk")])]), 2),
        (ExceptionGroup("several", [KeyError("x")]), 4),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_error_has_its_exit_code(shell, monkeypatch, error, code, as_json):
    """Every exception of a command becomes a message, in JSON with --json, and never exit code 1."""

    def fail(**_):
        raise error

    monkeypatch.setattr(cli.commands["whoami"], "callback", fail)

    said = shell("whoami", *(["--json"] if as_json else []))

    assert said.code == code
    assert "error" in said.err.lower() or "aborted" in said.err.lower()
    assert "Traceback" not in said.err
    if as_json:
        assert said.document["error"]["exit_code"] == code
        assert said.document["error"]["message"]


def test_a_fault_says_how_to_report_it(shell, monkeypatch):
    """The message names the switch for the traceback, and shows no credential; with the switch the traceback is there."""

    def fail(**_):
        raise KeyError("Authorization: Bearer s3cr3t-token-value")

    monkeypatch.setattr(cli.commands["whoami"], "callback", fail)

    short, long = shell("whoami"), shell("whoami", HARVEST_DEBUG="1")

    assert "HARVEST_DEBUG=1" in short.err
    assert "s3cr3t" not in short.err
    assert "Traceback" in long.err
    assert (short.code, long.code) == (4, 4)


@pytest.mark.parametrize(
    "words",
    [
        ("import", "--json"),
        ("import", "none.csv", "--json"),
        ("import", "--json", "--no-such-option"),
        ("import", "FILE", "--json", "--round", "sideways"),
        ("import", "FILE", "--json", "--map", "nonsense"),
        ("import", "EMPTY", "--json"),
        ("import", "--json", "--resume"),
        ("import", "--json", "--offline", "--resume"),
        ("export", "--json", "OUT", "--only", "nonsense"),
        ("export", "--json", "OUT", "--from", "yesterday"),
        ("undo", "--json", "none.journal"),
        ("undo", "--json", "FILE"),
        ("status", "--json", "--base-url", "http://example.com"),
        ("whoami", "--json", "extra"),
    ],
)
def test_json_is_given_for_errors_too(shell, file, tmp_path, words):
    """One document with kind, message and exit code."""
    (tmp_path / "empty.csv").write_bytes(b"")
    given = {"FILE": file, "EMPTY": tmp_path / "empty.csv", "OUT": tmp_path / "out"}

    said = shell(*(given.get(word, word) for word in words))

    assert said.code == 2
    assert said.document["error"].keys() >= {"kind", "message", "exit_code"}


def test_json_is_given_for_a_dry_run_and_for_an_import_without_news(shell, file):
    """Also where nothing is written."""
    dry = shell("import", file, *FILL, "--dry-run", "--json")
    shell("import", file, *FILL)
    again = shell("import", file, *FILL, "--json")

    assert dry.document["plan"]["log"] == 3
    assert (again.document["report"]["created"], again.document["interrupted"]) == (0, False)


# The ledger and the state folder


@pytest.mark.parametrize(
    "words", [("import", "FILE", *FILL), ("export", "OUT"), ("status",), ("whoami",), ("undo", "J")]
)
@pytest.mark.parametrize("state", ["file", "folder as ledger", "not a database"])
def test_an_unusable_state_folder_is_a_local_cause(shell, file, tmp_path, words, state):
    """Every command says which file, and ends with 2."""
    journal = tmp_path / "a.journal"
    shell("import", file, *FILL, "--journal", journal)
    where = tmp_path / "spoilt"
    if state == "file":
        where.write_text("")
    else:
        where.mkdir()
        ledger = where / "ledger.sqlite3"
        ledger.mkdir() if state == "folder as ledger" else ledger.write_bytes(b"no database" * 500)
    given = {"FILE": file, "OUT": tmp_path / "out", "J": journal}

    said = shell(*(given.get(word, word) for word in words), HARVEST_STATE_DIR=str(where))

    assert said.code == 2, said.err
    assert "spoilt" in said.err


# Files that are written


@pytest.mark.parametrize("option", ["--rejects", "--picture"])
@pytest.mark.parametrize(
    "path", ["a-file/x", "a-folder", "time.csv", "a.journal", "a.journal-wal", "state/ledger.sqlite3"]
)
def test_an_output_that_can_not_be_written_is_refused_before_anything_is_sent(
    shell, account, file, tmp_path, option, path
):
    """Neither a path that can't be written, nor the input, nor a journal, is written over."""
    shell("import", file, *FILL, "--journal", tmp_path / "a.journal")
    (tmp_path / "a-file").write_text("x")
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "a.journal-wal").write_bytes(b"")
    before, sent = (tmp_path / "a.journal").read_bytes(), len(account[0].requests())

    said = shell("import", file, *FILL, option, tmp_path / path)

    assert (said.code, option in said.err) == (2, True), said.err
    assert len(account[0].requests()) == sent
    assert (tmp_path / "a.journal").read_bytes() == before
    assert file.read_bytes().startswith(b"User")


def test_two_outputs_are_two_files(shell, file, tmp_path):
    """Neither is written over the other, with any spelling of the paths."""
    said = shell("import", file, *FILL, "--rejects", tmp_path / "x", "--picture", tmp_path / "." / "x")

    assert (said.code, "same file" in said.err) == (2, True)


def test_a_check_leaves_files_as_they_are(shell, file, tmp_path):
    """A new one is written only if there is something to write, an old one stays."""
    old = tmp_path / "old.csv"
    old.write_text("old")

    shell("import", file, *FILL, "--rejects", old)
    shell("import", file, *FILL, "--rejects", tmp_path / "new.csv")

    assert (old.read_text(), (tmp_path / "new.csv").exists()) == ("old", False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("option", ["--rejects", "--picture"])
@pytest.mark.parametrize("as_json", [False, True])
def test_the_report_is_shown_although_a_file_can_not_be_written(shell, file, option, as_json):
    """A disk that fills up later costs the file, not the report."""
    said = shell("import", bad(file), *FILL, option, "/dev/full", *(["--json"] if as_json else []))

    assert said.code == 2
    assert "No space left" in said.err
    if as_json:
        assert said.document["report"]["created"] == 3
        assert "No space left" in said.document["not_written"][0]
    else:
        assert "Report" in said.out


@pytest.mark.parametrize("path", ["a-file/x", ".", "a.journal"])
def test_postman_checks_its_output(shell, file, tmp_path, path):
    """It is one more command that writes a file."""
    (tmp_path / "a-file").write_text("x")
    with sqlite3.connect(tmp_path / "a.journal") as database:
        database.execute("create table x (y)")
    database.close()

    said = shell("postman", "-o", tmp_path / path)

    assert said.code == 2
    assert "error" in said.err.lower()


def test_rejects_say_why_and_load_again(shell, account, file, tmp_path):
    """A column at the end has all reasons of a row; it is not read when the file is loaded, and never doubled."""
    rejects, second = tmp_path / "rejects.csv", tmp_path / "second.csv"
    shell("import", bad(file), *FILL, "--rejects", rejects)
    header, row = rejects.read_text().splitlines()
    again = shell("import", rejects, *FILL, "--rejects", second)

    assert header.endswith(",Rejected because")
    assert "an hour" in row
    assert "soon" in row
    assert row.rsplit(',"', 1)[1].count(";") >= 1
    assert (again.code, second.read_text()) == (1, rejects.read_text())

    cells = row.split(",")
    day, began, ended = cells[9], cells[8], cells[10]
    length = datetime.strptime(ended, "%H:%M:%S") - datetime.strptime(began, "%H:%M:%S")  # noqa: DTZ007
    rejects.write_text(rejects.read_text().replace("an hour", str(length)).replace("soon", day, 1))
    assert shell("import", rejects, *FILL).code == 0
    assert len(account[0].world.entries()) == 4


# What an account needs


def test_all_missing_variables_are_named_at_once(shell):
    """Nobody has to set them one after the other."""
    said = shell("whoami", HARVEST_ACCOUNT="", HARVEST_EMAIL="", HARVEST_PASSWORD="")

    assert said.code == 2
    assert all(
        name in said.err for name in ("HARVEST_ACCOUNT", "HARVEST_EMAIL", "HARVEST_PASSWORD", "HARVEST_ACCESS_TOKEN")
    )


@pytest.mark.parametrize("words", [("import", "FILE"), ("export", "OUT"), ("undo", "J"), ("status",), ("whoami",)])
def test_hints_name_only_options_that_the_command_has(shell, file, tmp_path, words):
    """Each option in the message is one of that command's."""
    given = {"FILE": file, "OUT": tmp_path / "out", "J": tmp_path / "a.journal"}
    Journal(given["J"]).close()

    said = shell(*(given.get(word, word) for word in words), HARVEST_ACCOUNT="")

    options = {name for option in cli.commands[words[0]].params for name in option.opts}
    named = {word.rstrip(".,:") for word in said.err.split() if word.startswith("--")}
    assert said.code == 2
    assert named <= options


@pytest.mark.parametrize("unlink", [(), ("--unlink",)])
def test_a_file_to_undo_that_is_no_journal_is_refused_before_credentials_are_asked_for(shell, file, unlink):
    """A wrong file is named without an account."""
    said = shell("undo", file, *unlink, HARVEST_ACCOUNT="", HARVEST_PASSWORD="")

    assert (said.code, "HARVEST_ACCOUNT" in said.err) == (2, False)
    assert "no journal of an import" in said.err


@pytest.mark.parametrize("words", [("import", "FILE", *FILL), ("import", "FILE", *FILL, "--dry-run"), ("undo", "J")])
def test_a_regular_user_gets_an_error_that_an_administrator_is_needed(shell, account, file, tmp_path, words):
    """Before anything is written, and before lists are refused one by one."""
    journal = tmp_path / "a.journal"
    shell("import", file, *FILL, "--journal", journal)
    sent = len(account[0].requests())
    given = {"FILE": file, "J": journal}

    said = shell(*(given.get(word, word) for word in words), HARVEST_EMAIL="user@example.com")

    assert said.code == 2
    assert "need an administrator" in said.err
    assert len(account[0].requests()) - sent <= 2
    assert len(account[0].world.entries()) == 3


# Streams


def run(shell, words, **streams):
    command = [sys.executable, "-m", "harvest_async", *map(str, words)]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT, "timeout": 50}
    env = {**os.environ, **shell.env, **streams.pop("env", {})}
    return subprocess.run(command, check=False, env=env, **{**given, **streams})


@pytest.mark.socket
@pytest.mark.parametrize(
    "words",
    [("import", "FILE", *FILL, "--person", "J\u00fcrgen Gro\u00df \u738b", "--email-domain", "x.de"), ("whoami",)],
)
def test_a_terminal_in_ascii(shell, account, tmp_path, words):
    """Letters that the terminal lacks are written as escapes."""
    file = tmp_path / "caf\u00e9.csv"
    file.write_text("Date,Client,Project,Task,Notes,Hours\n2026-05-04,Caf\u00e9,\u738b,Work,\u00e9,1\n", "utf-8")

    ended = run(
        shell,
        [file if word == "FILE" else word for word in words],
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )

    assert ended.returncode in {0, 1}, ended.stderr
    assert b"Traceback" not in ended.stderr
    ended.stdout.decode("ascii")


@pytest.mark.socket
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words", [("whoami",), ("status", "--json"), ("postman",), ("import", "FILE", *FILL), ("--help",)]
)
def test_a_full_disk_behind_standard_output(shell, file, words):
    """The error names it, and the exit code is not that of rejected rows."""
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = run(shell, [file if word == "FILE" else word for word in words], stdout=full)

    assert ended.returncode == 2
    assert b"No space left" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.socket
def test_a_reader_that_ends_early(shell):
    """A closed pipe ends the command without a traceback."""
    read, write = os.pipe()
    os.close(read)
    try:
        ended = run(shell, ["postman"], stdout=write)
    finally:
        os.close(write)

    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


@pytest.mark.socket
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(shell, account, file, closed):
    """A command without standard streams works, or ends with a code that says why."""
    env = {**os.environ, **shell.env}
    words = f'"$0" -m harvest_async import "$1" --client ACME --task Work --ask --yes {closed}'

    ended = subprocess.run(
        ["sh", "-c", words, sys.executable, str(file)], env=env, cwd=ROOT, check=False, capture_output=True, timeout=50
    )

    assert ended.returncode == 0, ended.stderr
    assert b"Traceback" not in ended.stderr
    assert len(account[0].world.entries()) == 3


def in_terminal(shell, words, response):
    """Run a command in a pseudo-terminal, reply to its question; return the exit code and the output."""

    def reply(parent, running):
        time.sleep(0.6)  # long enough for a bar to be drawn
        response(parent, running)

    return replied(shell, words, reply, env={"TERM": "xterm"}, start_new_session=True)


@pytest.mark.socket
def test_the_question_is_one_line_and_no_bar_is_drawn_over_it(shell, file):
    """It says how many people, what it means for them, and what is chosen by default."""
    code, shown = in_terminal(shell, ("import", file, *FILL, "--ask"), lambda parent, _: os.write(parent, b"n\n"))
    people = shown.count("<")
    question = (
        "Create this person? They get an e-mail and take a seat. [y/N] "
        if people == 1
        else (f"Create these {people} people? Each gets an e-mail and takes a seat. [y/N] ")
    )
    _, _, after = shown.partition(question)

    assert after, shown
    assert after.split("n", 1)[0] == ""
    assert code == 1


@pytest.mark.socket
@pytest.mark.parametrize("key", [signal.SIGINT, b"\x04"])
def test_the_question_can_be_interrupted(shell, account, file, key):
    """One Ctrl-C, or the end of the input, ends the import before anything is written."""

    def response(parent, running):
        os.write(parent, key) if isinstance(key, bytes) else running.send_signal(key)

    code, shown = in_terminal(shell, ("import", file, *FILL, "--ask"), response)

    assert code == 130
    assert "nothing was written" in shown
    assert "Traceback" not in shown
    assert account[0].world.entries() == []


def test_exit_codes_are_documented(shell):
    """In the help of the front page, with the switch for tracebacks."""
    shown = " ".join(shell("--help").out.split())

    assert all(f"{code} " in shown for code in (edge.BAD_INPUT, edge.NO_SERVER, edge.INTERNAL, edge.INTERRUPTED))
    assert "HARVEST_DEBUG" in shown


def test_a_json_document_is_one_document(shell, file):
    """Nothing else is on standard output."""
    assert json.loads(shell("import", bad(file), *FILL, "--json").out)["report"]["rejected_rows"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("sandbox", "--db", "NONE"), ("sandbox", "--db", "FILE"), ("sandbox", "--port", "99999"),
        ("sandbox", "--calls", "0"), ("sandbox", "--period", "nan"), ("sandbox", "--period", "inf"),
        ("demo", "--calls", "0"), ("demo", "--period", "0"), ("import", "FILE", *FILL, "--sandbox-db", "NONE"),
        ("import", "FILE", *FILL, "--sandbox-db", "FILE"),
    ],
)  # fmt: skip
def test_a_sandbox_that_can_not_be_opened_is_a_local_cause(shell, file, tmp_path, words):
    """A file that can't be used is named, and an option out of its range."""
    given = {"FILE": file, "NONE": tmp_path / "none" / "x"}

    said = shell(*(given.get(word, word) for word in words))

    assert said.code == 2, said.err
    assert file.read_bytes().startswith(b"User")
