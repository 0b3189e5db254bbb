"""The commands of fleets, in this process: what they print and how they end."""

import json
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner

from harvest_async.cli.commands import cli
from harvest_async.fleet import Job, MemoryJobStore, RedisJobStore, Setup
from harvest_async.run_lock import MemoryRunLocks
from tests.support.valkey import Valkey


@asynccontextmanager
async def nobody(account):
    raise LookupError(account)
    yield


def program(monkeypatch, store, url):
    """Make `tests.test_cli_fleet:setup` a program's setup."""

    @asynccontextmanager
    async def setup():
        yield Setup(nobody, MemoryRunLocks(), store, "journals", url=url)
        if isinstance(store, RedisJobStore):
            await store.aclose()

    monkeypatch.setattr("tests.test_cli_fleet.setup", setup, raising=False)
    return ["--app", "tests.test_cli_fleet:setup"]


def test_files_are_queued_once(tmp_path, monkeypatch):
    """A file that is queued again is the same job; the status has all jobs of all accounts."""
    with Valkey(tmp_path) as server:
        app = program(monkeypatch, RedisJobStore(server.url), server.url)
        added = CliRunner().invoke(cli, ["fleet", "add", "7", "a.csv", "b.csv", *app, "--json"])
        again = CliRunner().invoke(cli, ["fleet", "add", "7", "a.csv", *app])
        shown = CliRunner().invoke(cli, ["fleet", "status", *app, "--json"])

    assert (added.exit_code, again.exit_code, shown.exit_code) == (0, 0, 0), added.output + again.output
    assert json.loads(added.stdout)["queued"] == 2
    assert again.stdout == "queued: 1 job\n"
    document = json.loads(shown.stdout)
    assert (document["states"], document["accounts"]) == ({"queued": 2}, 1)
    assert {each["state"] for each in document["jobs"]} == {"queued"}
    assert all(each["account"] == "7" and each["location"].endswith(".csv") for each in document["jobs"])


@pytest.mark.anyio
async def test_the_status_shows_what_runs_and_what_needs_attention(monkeypatch):
    """Jobs that run have their progress, those that failed their message; finished ones are counted."""
    store = MemoryJobStore()
    await store.change(Job("1", "one.csv"), 1, state="done")
    await store.change(Job("2", "two.csv"), 1, state="running", part="logging time", steps=3, total=20)
    await store.change(Job("3", "[b]three.csv"), 1, state="failed", message="sign-in failed")
    app = program(monkeypatch, store, "redis://127.0.0.1:1/0")
    import asyncio

    shown = await asyncio.to_thread(CliRunner().invoke, cli, ["fleet", "status", *app])

    assert shown.exit_code == 0, shown.output
    assert "3 jobs of 3 accounts" in shown.stdout
    assert "done: 1" in shown.stdout
    assert "3/20" in shown.stdout
    assert "[b]three.csv" in shown.stdout
    assert "one.csv" not in shown.stdout


def test_an_empty_fleet(monkeypatch):
    """A fleet without jobs says so."""
    shown = CliRunner().invoke(cli, ["fleet", "status", *program(monkeypatch, MemoryJobStore(), "")])

    assert shown.stdout == "0 jobs of 0 accounts\n"


def test_a_setup_of_something_else(monkeypatch):
    """A function that gives no setup is refused with exit code 2."""

    @asynccontextmanager
    async def setup():
        yield 1

    monkeypatch.setattr("tests.test_cli_fleet.setup", setup, raising=False)
    done = CliRunner().invoke(cli, ["fleet", "status", "--app", "tests.test_cli_fleet:setup"])

    assert done.exit_code == 2
    assert "not a harvest_async.fleet.Setup" in done.stderr.replace("\n", " ")
