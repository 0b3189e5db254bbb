"""Required coverage, checked at the end of a run: `coverage run -m pytest --all -p tests.support.covered`.

Measuring begins before pytest does, since pytest loads the package's own plugin. Each requirement is reported as a
test, before pytest's closing line, which counts them like all others; in a parallel run once the workers have ended.
Servers and commands that tests start are not measured, so that they run at full speed.
"""

import io
import os

import coverage
import pytest

REQUIRED = (
    # of what, which files, at least N percent
    ("the package", None, 95),
    ("the throttle", ["*/harvest_async/throttle/*"], 100),
)

FOR_SUBPROCESSES = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
"""The variables by which coverage measures the processes that a measured one starts."""

_figures = pytest.StashKey[list[str]]()


def pytest_sessionstart(session):
    """Have the workers measured, and what they start left out."""
    if hasattr(session.config, "workerinput") or not getattr(session.config.option, "numprocesses", None):
        for name in FOR_SUBPROCESSES:
            os.environ.pop(name, None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Save what a worker has measured; in the main process check what all of them have covered."""
    if hasattr(session.config, "workerinput"):
        _save()
    elif exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        measured = _combined()
        for what, files, percent in REQUIRED:
            _check(session, measured, what, files, percent)


def pytest_terminal_summary(terminalreporter, config):
    """Show the figures."""
    if config.stash.get(_figures, None):
        terminalreporter.section("branch coverage")
        for line in config.stash[_figures]:
            terminalreporter.line(line)


def _check(session, measured, what, files, percent):
    """Report one requirement as a test that passed or failed."""
    name, problem = f"coverage::{percent} % of {what} is covered", None
    if measured is None:
        problem = "nothing is measured: coverage run -m pytest --all -p tests.support.covered"
    else:
        table = io.StringIO()
        found = _percent(measured, files, table)
        session.config.stash.setdefault(_figures, []).append(f"{found:.1f} % of {what} (at least {percent})")
        if found < percent:
            problem = f"{found:.2f} % of {what} is covered, not {percent}\n{table.getvalue()}"
    outcome = "passed" if problem is None else "failed"
    report = pytest.TestReport(name, ("coverage", None, name), {}, outcome, problem, "call")
    session.config.hook.pytest_runtest_logreport(report=report)
    if problem is not None:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _percent(measured, files, table):
    """Write a table of files and return how many percent of them are covered."""
    try:
        return measured.report(include=files, file=table)
    except coverage.exceptions.NoDataError:
        return 0.0


def _save():
    """Write what this process has measured to its file."""
    running = coverage.Coverage.current()
    if running is not None:
        running.stop()
        running.save()
    return running


def _combined():
    """Return what this process and its workers have covered; None where nothing was measured."""
    if _save() is None:
        return None
    whole = coverage.Coverage()
    whole.combine()
    return whole
