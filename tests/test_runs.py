"""How the tests themselves are run: which ones, in whose turn, and what is required of their coverage."""

import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from tests.support.turns import Turns

ROOT = Path(__file__).parents[1]


def run_pytest(*words, cwd=ROOT, under=()):
    """Run pytest in a process of its own, out of this run's coverage; gives code and lines of output."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTEST_"))}
    env["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", *under, "pytest", "-p", "no:cacheprovider", *words]
    ran = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    return ran.returncode, ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "chosen"), [((), 0), (("--all",), 3), (("-m", "realtime"), 3), (("-m", "not realtime"), 0)]
)
def test_tests_in_real_time_are_asked_for(words, chosen):
    """They are left out unless all tests, or some by their marks, are asked for."""
    _, lines = run_pytest("--collect-only", "-q", *words, "tests/test_realtime.py")

    assert sum("::" in line for line in lines) == chosen


def test_long_tests_begin_first():
    """Those that need the machine for themselves, then those in real time, then the quick ones."""
    files = ("tests/test_retry.py", "tests/test_realtime.py", "tests/test_crash.py")
    _, lines = run_pytest("--collect-only", "-q", "--all", *files)
    order = [line.partition("::")[0] for line in lines if "::" in line]

    assert list(dict.fromkeys(order)) == ["tests/test_crash.py", "tests/test_realtime.py", "tests/test_retry.py"]


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_run_without_its_coverage_fails_and_ends_with_the_closing_line(tmp_path, workers):
    """Each requirement is counted as a test, and pytest's closing line is the last one."""
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n", "utf-8")
    code, lines = run_pytest("-p", "tests.support.covered", *workers, "test_it.py", cwd=tmp_path)

    assert code == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 1 passed in" in lines[-1]
    assert sum("nothing is measured" in line for line in lines) >= 2


def test_a_run_with_too_low_coverage_fails(tmp_path):
    """The figure is shown, and what is missing."""
    (tmp_path / "test_it.py").write_text("import harvest_async\n\n\ndef test_it(): pass\n", "utf-8")
    (tmp_path / ".coveragerc").write_text(
        "[run]\nbranch = true\nsource_pkgs = harvest_async\nparallel = true\n", "utf-8"
    )
    words = ("-p", "tests.support.covered", "test_it.py")
    code, lines = run_pytest(*words, cwd=tmp_path, under=("coverage", "run", "-m"))

    assert code == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 1 passed in" in lines[-1]
    assert any("% of the throttle is covered, not 100" in line for line in lines)


class Worker:
    """A worker of a parallel run that takes its turn in a thread."""

    def __init__(self, run, *, alone):
        self.entered, self.leave = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.work, args=(run, alone))
        self.thread.start()

    def work(self, run, alone):
        turns = Turns(run)
        with turns.taken(alone=alone):
            self.entered.set()
            self.leave.wait(10)
        turns.close()

    @property
    def waits(self):
        return not self.entered.wait(0.05)

    def end(self):
        self.leave.set()
        self.thread.join(10)


def test_a_test_that_is_alone_waits_for_the_others_and_keeps_them_out():
    """Others run side by side; who comes after one that wants to be alone waits for it."""
    run = uuid.uuid4().hex
    first, second = Worker(run, alone=False), Worker(run, alone=False)
    assert not first.waits
    assert not second.waits
    alone = Worker(run, alone=True)
    assert alone.waits
    late = Worker(run, alone=False)
    assert late.waits
    first.end()
    assert alone.waits
    second.end()
    assert not alone.waits
    assert late.waits
    alone.end()
    assert not late.waits
    late.end()


def test_the_gate_checks_all_else_before_the_tests():
    """Linter, types and imports come first, so that the tests have the last word."""
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()

    assert lines[-2:] == [
        "python -m nox -s lint types imports",
        "python -m pip install nox && python -m nox -s tests",
    ]
