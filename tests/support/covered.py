"""Coverage as the last tests of a run: `coverage run -m pytest -p tests.support.covered`.

Measuring begins before pytest does, since pytest loads the package's own plugin. What is demanded of it are tests, so
that pytest's closing line counts them like all others.
"""

import io

import coverage
import pytest

DEMANDS = (
    # what, which files, at least so many percent
    ("the package", None, 95),
    ("the throttle", ["*/harvest_async/throttle/*"], 100),
)

_whole = pytest.StashKey[coverage.Coverage]()
_found = pytest.StashKey[list[str]]()


class Demand(pytest.Item):
    """So much of some files is to be covered, branches included."""

    def __init__(self, *, what, files, percent, **rest):
        super().__init__(**rest)
        self.what, self.files, self.percent = what, files, percent

    def runtest(self):
        table = io.StringIO()
        found = _measured(self.config).report(include=self.files, file=table)
        self.config.stash.setdefault(_found, []).append(f"{found:.1f} % of {self.what} (at least {self.percent})")
        if found < self.percent:
            pytest.fail(f"{found:.2f} % of {self.what} is covered, not {self.percent}\n{table.getvalue()}", False)

    def reportinfo(self):
        return self.path, None, self.name


def pytest_collection_modifyitems(session, items):
    """The demands stand last."""
    for what, files, percent in DEMANDS:
        name = f"{percent} % of {what} is covered"
        demand = {"what": what, "files": files, "percent": percent}
        items.append(Demand.from_parent(session, name=name, nodeid=f"coverage::{name}", **demand))


def pytest_terminal_summary(terminalreporter, config):
    """Tell how much it was."""
    terminalreporter.section("branch coverage")
    for line in config.stash.get(_found, []):
        terminalreporter.line(line)


def _measured(config):
    """What this process and those that it started have covered."""
    if _whole not in config.stash:
        running = coverage.Coverage.current()
        if running is None:
            pytest.fail("nothing is measured: coverage run -m pytest -p tests.support.covered", False)
        running.stop()
        running.save()
        config.stash[_whole] = whole = coverage.Coverage()
        whole.combine()
    return config.stash[_whole]
