"""`harvest-async export` as a person uses it."""

import json
import signal
import stat
import sys
import time

import pytest
from click.testing import CliRunner

from harvest_async.cli.commands import cli
from harvest_async.sandbox import Sandbox
from tests.support.exporting import at, exported, fill, records
from tests.support.shell import open_account, shell_at

pytestmark = pytest.mark.socket


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A sandbox with something of everything in it, kept in a file; and how to run commands."""
    monkeypatch.setenv("HARVEST_STATE_DIR", str(tmp_path / "state"))
    db = tmp_path / "account.db"
    sandbox = Sandbox(10_000, db=db)
    at(sandbox, fill)
    sandbox.close()

    def run(*arguments, code=0):
        result = CliRunner().invoke(cli, ["export", str(tmp_path / "out"), "--sandbox-db", str(db), *arguments])
        assert code == result.exit_code, result.output
        return result

    return run, tmp_path / "out"


@pytest.mark.skipif(sys.platform == "win32", reason="other rights than those of POSIX")
def test_the_folder_of_an_export_is_its_owners_alone(kept):
    """Other users of the machine can't list or read the folder that the command creates."""
    run, folder = kept
    run("--only", "clients")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_export_ends_with_what_is_in_the_folder(kept):
    """Each kind with its file and its numbers."""
    run, folder = kept
    shown = run().stdout

    assert [
        word for word in next(line for line in shown.splitlines() if "time entries" in line).split() if word != "│"
    ] == ["time", "entries", "3", "3", "time_entries.jsonl"]
    assert (folder / "clients.jsonl").exists()


def test_an_export_tells_programs_what_it_did(kept):
    """One JSON document."""
    run, folder = kept
    shown = json.loads(run("--json", "--format", "csv", "--only", "clients, tasks").stdout)

    assert {"clients", "tasks"} == shown["kinds"].keys()
    assert {"file": str(folder / "clients.csv"), "read": 1, "rows": 1} == shown["kinds"]["clients"]
    assert (False, str(folder)) == (shown["interrupted"], shown["folder"])


def test_days_limit_an_export(kept):
    """Both are included."""
    run, _ = kept

    assert json.loads(run("--json", "--from", "2026-01-06").stdout)["kinds"]["time_entries"]["rows"] == 0
    assert json.loads(run("--json", "--full", "--to", "2026-01-05").stdout)["kinds"]["time_entries"]["rows"] == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "colours"), "Unknown kind 'colours'"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "before the first"),
        (("--from", "soon"), "does not match the format"),
        (("--format", "xml"), "'xml' is not one of"),
    ],
)
def test_options_that_do_not_fit_end_with_two(kept, options, said):
    """Nothing is sent, and the message says what would fit."""
    run, folder = kept

    assert said in run(*options, code=2).output
    assert not (folder / "clients.jsonl").exists()


def test_a_folder_in_another_format_ends_with_two(kept):
    """The message says what to do."""
    run, _ = kept
    run("--only", "clients")

    assert "to another folder" in run("--format", "csv", code=2).output


def test_an_account_that_can_not_be_read_ends_with_three(tmp_path, monkeypatch):
    """Keeps completed files, and names the command that continues."""
    monkeypatch.setenv("HARVEST_STATE_DIR", str(tmp_path / "state"))
    for name, value in {
        "HARVEST_ACCOUNT": "sandbox", "HARVEST_EMAIL": "admin@example.com", "HARVEST_PASSWORD": "wrong",
        "HARVEST_APP": "tests",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    sandbox = Sandbox(10_000)
    with sandbox.serve_in_thread() as address:
        result = CliRunner().invoke(cli, ["export", str(tmp_path / "out"), "--base-url", address])
        shown = CliRunner().invoke(cli, ["export", str(tmp_path / "out"), "--base-url", address, "--json"])
    sandbox.close()

    assert (result.exit_code, shown.exit_code) == (3, 3)
    assert "Re-run the same command to continue" in result.output
    assert json.loads(shown.stdout)["error"]["kind"] == "Unauthorized"


def test_what_the_command_writes_is_what_the_library_writes(kept, tmp_path):
    """The command adds nothing of its own."""
    run, folder = kept
    run("--only", "clients,projects")
    sandbox = Sandbox(10_000, db=tmp_path / "account.db")
    exported(sandbox, tmp_path / "library", only=["clients", "projects"])
    sandbox.close()

    for kind in ("clients", "projects"):
        assert (folder / f"{kind}.jsonl").read_bytes() == (tmp_path / "library" / f"{kind}.jsonl").read_bytes()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_export_goes_on_with_the_same_command(tmp_path, how):
    """Ctrl-C ends with 130 and says so; even a killed one leaves whole files and a true state behind."""
    folder = tmp_path / "out"
    with open_account() as (sandbox, address):
        at(sandbox, fill)
        sandbox.fault("latency_out", match={"path": "/contacts"}, seconds=30)
        shell = shell_at(address, tmp_path / "state")
        running = shell.start("export", folder)
        deadline = time.monotonic() + 30
        while not (folder / "user_assignments.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        running.send_signal(how)
        _, shown = running.communicate(timeout=30)
        sandbox.clear_faults()
        before = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
        again = shell("export", folder, "--json")

    assert (130 if how == signal.SIGINT else -9) == running.returncode
    assert ("interrupted. Completed files are kept. Re-run the same command" in shown) is (how == signal.SIGINT)
    assert "time_entries.jsonl" in before
    assert "contacts.jsonl" not in before
    assert (again.code, len(records(folder, "time_entries"))) == (0, 3)
    assert list(folder.glob(".*")) == []
