"""At the real 100 calls in 15 seconds, over a real socket: what one run sent, the next one knows."""

import asyncio
import signal
import subprocess
import time
from collections import Counter

import pytest

from harvest_async import BasicAuth, HarvestV1, Throttle
from harvest_async.sandbox import Sandbox
from tests.support.sample import make_rows, write_csv
from tests.support.shell import shell_at

pytestmark = [pytest.mark.socket, pytest.mark.realtime, pytest.mark.timeout(120)]


@pytest.fixture
def sandbox():
    sandbox = Sandbox()
    with sandbox.serve_in_thread() as address:
        sandbox.address = address
        yield sandbox
    sandbox.close()


def judged(sandbox):
    """How many calls were refused, and whether any window held more than it may."""
    return sandbox.throttled(), sandbox.max_in_window() <= 100


def entries(sandbox):
    """What the account holds, as a person would compare it with the file."""
    return Counter((str(entry["spent_at"]), entry["notes"] or "") for entry in sandbox.world.tables["entry"].values())


def test_three_loops_of_one_process_share_the_budget(sandbox):
    """The count lives as long as the process, the waiting lines as long as their loops."""
    throttle = Throttle(pace="burst")

    async def sixty_calls():
        auth = BasicAuth("admin@example.com", "sandbox")
        async with HarvestV1("sandbox", auth=auth, app="tests", base_url=sandbox.address, throttle=throttle) as harvest:
            await asyncio.gather(*(harvest.account.who_am_i() for _ in range(60)))

    for _ in range(3):
        asyncio.run(sixty_calls())

    assert judged(sandbox) == (0, True)
    assert len(sandbox.requests()) == 181  # one of them asked for the status


class CommandLine:
    """Runs imports into a sandbox, each in a process and with a journal of its own.

    So only the account and the throttle's ledger show a run what the last one did. A run after a killed one waits for
    its lock, and for a second instead of a minute for calls that the sandbox may yet process.
    """

    def __init__(self, sandbox, folder):
        self.sandbox, self.folder, self.runs = sandbox, folder, 0
        self.shell = shell_at(sandbox.address, folder / "state")

    def start(self, rows):
        file = self.folder / "rows.csv"
        file.write_bytes(write_csv(rows))
        self.runs += 1
        words = ("import", file, "--client", "ACME", "--task", "Development", "--max-delay", 1)
        journal = ("--journal", self.folder / f"journal {self.runs}")
        return self.shell.start(*words, *journal, stderr=subprocess.STDOUT)

    def run(self, rows):
        with self.start(rows) as process:
            output, _ = process.communicate(timeout=60)

        assert process.returncode == 0, output

    def kill_after(self, rows, calls):
        """Start an import and kill it once the sandbox has received N calls."""
        with self.start(rows) as process:
            give_up = time.monotonic() + 20
            while len(self.sandbox.requests()) < calls and time.monotonic() < give_up:
                time.sleep(0.002)
            process.kill()

        assert process.returncode == -signal.SIGKILL


@pytest.fixture
def command_line(sandbox, tmp_path):
    return CommandLine(sandbox, tmp_path)


def test_two_imports_one_straight_after_the_other_share_the_budget(command_line):
    """The second process knows from the ledger what the first one sent."""
    command_line.run(make_rows(62, seed=1))
    first = len(command_line.sandbox.requests())
    command_line.run(make_rows(62, seed=2, project="Another"))

    assert judged(command_line.sandbox) == (0, True)
    assert first >= 60
    assert len(command_line.sandbox.requests()) - first >= 60
    assert sum(entries(command_line.sandbox).values()) == 124


def test_an_import_killed_and_started_again_at_once_doubles_and_loses_nothing(command_line):
    """What the killed process had under way is held for, and what it had created is found."""
    rows = make_rows(105, seed=3)
    command_line.kill_after(rows, calls=60)
    before = sum(entries(command_line.sandbox).values())
    command_line.run(rows)

    assert 0 < before < 105
    assert judged(command_line.sandbox) == (0, True)
    assert len(command_line.sandbox.requests()) > 100
    assert entries(command_line.sandbox) == Counter((row[7], row[5]) for row in rows)
