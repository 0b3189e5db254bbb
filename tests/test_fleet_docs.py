"""The page about fleets and its example: every block is run, by pydocket on a real server."""

import ast
import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.fleet import Job, statuses
from harvest_async.fleet.load import open_setup
from tests.support.sample import make_rows, write_csv
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "docs" / "fleet.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
SETUP, PROGRAM, PROCRASTINATE = [code for language, code in BLOCKS if language == "python"]
QUICK = SETUP.replace("url=URL)", "url=URL, lease=1)").replace(
    "create_people=True)", "create_people=True, rules=imports.Rules(max_delay=0.3))"
)
"""The same setup, with times that are short enough for a test."""
[COMMANDS] = [code for language, code in BLOCKS if language == "console"]


@pytest.fixture
def valkey(tmp_path):
    with Valkey(tmp_path) as server:
        yield server


@pytest.fixture
def folder(tmp_path, harvest_sandbox, harvest_address, valkey):
    """A folder with the setup of the page and a file, and the environment of its workers."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "fleet_setup.py").write_text(SETUP, "utf-8")
    (work / "time.csv").write_bytes(write_csv(make_rows(5)))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HARVEST_")},
        "FLEET_URL": valkey.url,
        "HARVEST_BASE_URL": harvest_address,
        "HARVEST_ACCESS_TOKEN": "sandbox-token",
        "PYTHONPATH": str(ROOT),
    }
    harvest_sandbox.set_limits(5000, 1)
    return work, environment


def command(folder, words):
    """Run a command of the page; gives what it printed."""
    work, environment = folder
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_page_works_as_written(folder, harvest_sandbox, monkeypatch):
    """The commands of the page queue a file, import it and show the result; a worker ends at SIGTERM."""
    work, environment = folder
    queued, worked, shown = re.findall(r"^\$ harvest-async (.+)\n((?:[^$].*\n)*)", COMMANDS, re.MULTILINE)
    (work / "fleet_setup.py").write_text(QUICK, "utf-8")
    assert command(folder, ["harvest_async", *queued[0].split()]) == queued[1]
    worker = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-m", "harvest_async", *worked[0].split()], cwd=work, env=environment, stderr=subprocess.PIPE
    )
    try:
        monkeypatch.chdir(work)
        await until_done(environment, monkeypatch)
        assert command(folder, ["harvest_async", *shown[0].split()]).strip() == shown[1].strip()
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert len(harvest_sandbox.world.entries()) == 5


async def until_done(environment, monkeypatch):
    """Wait until the job of the page is finished; it is queued again meanwhile, as a program does."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    names = {}
    exec(compile(PROGRAM, "docs", "exec"), names)  # noqa: S102
    for _ in range(200):
        async with open_setup("fleet_setup:setup") as setup:
            if not await names["queue_all"](setup, {"1": str(Path("time.csv").absolute())}):  # noqa: ASYNC240
                assert [each.state async for each in statuses(setup)] == ["done"]
                return
        await asyncio.sleep(0.2)
    raise AssertionError("the job is not finished")


def test_the_other_queue_is_python():
    """The block with the other queue, which is not installed for tests, can be compiled."""
    tree = ast.parse(PROCRASTINATE)

    assert [node.name for node in tree.body if hasattr(node, "name")] == ["run_harvest_job", "queue", "queue_all"]


def test_an_example_can_be_tried():
    """The setup of the example is the one of the page but for what its containers need."""
    code = (ROOT / "examples" / "fleet" / "fleet_setup.py").read_text("utf-8")

    compile(code, "fleet_setup.py", "exec")
    assert "Setup(pool.account, locks, store" in code


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        ("fleet_setup", "does not name a setup"),
        (":setup", "does not name a setup"),
        ("no_such_module:setup", "there is no module"),
        ("json:setup", "the module has no 'setup'"),
        ("json:__doc__", "is not a function"),
    ],
)
async def test_a_wrong_setup_is_refused(app, reason):
    """What names no setup is refused with the reason."""
    with pytest.raises(InvalidArgument, match=reason):
        async with open_setup(app):
            pass


@pytest.mark.parametrize("words", [["worker"], ["fleet", "status"], ["fleet", "add", "1", "time.csv"]])
def test_a_server_that_is_down_is_named(folder, valkey, words):
    """Each command ends with one line that names the server without its password, and exit code 2."""
    work, environment = folder
    valkey.end()
    environment["FLEET_URL"] = f"redis://me:secret@127.0.0.1:{valkey.port}/0"
    done = subprocess.run(
        [sys.executable, "-m", "harvest_async", *words, "--app", "fleet_setup:setup"],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert f"redis://127.0.0.1:{valkey.port}/0 can't be reached" in done.stderr.replace("\n", " ")
    assert "secret" not in done.stderr + done.stdout


def test_a_job_by_its_text():
    """What a queue of any kind carries is a text."""
    assert Job.load(Job("1", "time.csv").dump()) == Job("1", "time.csv")
