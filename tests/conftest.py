"""Fixtures that many files use, hooks of all tests, and which of them run.

A file that needs one of the fixtures in another way has its own of the same name.

`pytest` alone runs the quick tests. Those marked `realtime` or `slow` are left out unless `--all`, or a choice of
one's own by `-m`, is given.
"""

import gc

import pytest
from hypothesis import HealthCheck, settings

from harvest_async.testing import VirtualLoop
from tests.support.turns import Turns, fcntl

# How long an example takes depends on what else the machine does; pytest's own timeout sees to what hangs.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LEFT_OUT = ("realtime", "slow")
FIRST = ("alone", *LEFT_OUT)
"""Tests that take long begin first, so that the workers of a parallel run end together."""

_turns = pytest.StashKey[Turns]()


@pytest.fixture
def anyio_backend(request):
    """Run asynchronous tests on asyncio, those marked `virtual_time` on an event loop whose clock never waits."""
    if request.node.get_closest_marker("virtual_time"):
        return "asyncio", {"loop_factory": VirtualLoop}
    return "asyncio"


@pytest.fixture
def sandbox():
    """A sandbox in process whose clock is moved by hand, with calls enough for any test."""
    from tests.support.sandbox import new_sandbox

    sandbox = new_sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def studio(sandbox):
    """The sandbox with a client and a project, on which a task and two people are, as API v1 reaches it."""
    from tests.support.sandbox import new_studio

    return new_studio(sandbox)


@pytest.fixture
def address(sandbox):
    """The address of the sandbox on a socket."""
    with sandbox.serve_in_thread() as address:
        yield address


@pytest.fixture
def account():
    """A sandbox on a socket whose limit is out of the way, and its address."""
    from tests.support.shell import open_account

    with open_account() as opened:
        yield opened


@pytest.fixture
def shell(account, tmp_path):
    """The command line, whose environment leads to that account."""
    from tests.support.shell import shell_at

    return shell_at(account[1], tmp_path / "state")


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A Valkey server that the tests of a file share."""
    from tests.support.valkey import Valkey

    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


def pytest_addoption(parser):
    """Add `--all`."""
    parser.addoption("--all", action="store_true", help="run all tests, also those marked realtime or slow")


def pytest_collection_modifyitems(config, items):
    """Leave out what takes long unless it is asked for; put it first where it is."""
    if not (config.getoption("--all") or config.getoption("-m")):
        left_out = [item for item in items if _has(item, LEFT_OUT)]
        items[:] = [item for item in items if not _has(item, LEFT_OUT)]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: next((place for place, mark in enumerate(FIRST) if _has(item, [mark])), len(FIRST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Free what a file has left, so that a connection which it did not close is its own error, not one of a later file."""
    try:
        return (yield)
    finally:
        if nextitem is None or nextitem.path != item.path:
            gc.collect()


def pytest_sessionstart(session):
    """Take part in the turns of a parallel run."""
    worker = getattr(session.config, "workerinput", None)
    if worker is not None and fcntl is not None:
        session.config.stash[_turns] = Turns(worker["testrunuid"])


def pytest_sessionfinish(session):
    """Take no more part in them."""
    if _turns in session.config.stash:
        session.config.stash[_turns].close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Run a test in its turn; waiting for it is no part of the test's timeout."""
    if _turns not in item.config.stash:
        return (yield)
    with item.config.stash[_turns].taken(alone=_has(item, ["alone"])):
        return (yield)


def _has(item, marks):
    return any(item.get_closest_marker(mark) for mark in marks)
