"""Turns of tests that run side by side: one that needs the machine for itself waits for the others and has it.

Each worker of a parallel run holds a shared lock while it runs a test, and an exclusive one for a test that is marked
`alone`. A worker that waits for the exclusive lock keeps the door shut meanwhile, so that newcomers do not overtake it.
"""

from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where the tests run one after the other
    fcntl = None


class Turns:
    """The turns of one run.

    Args:
        run: the name that all workers of the run know.
    """

    def __init__(self, run):
        self._door, self._shared = (_opened(f"harvest-async-tests-{run}.{name}") for name in ("door", "shared"))

    @contextmanager
    def taken(self, *, alone):
        """Hold the turn of a test."""
        with _locked(self._door, fcntl.LOCK_EX):
            fcntl.flock(self._shared, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._shared, fcntl.LOCK_UN)

    def close(self):
        """Close and delete the locks; a worker that is still at work keeps its own."""
        for lock in (self._door, self._shared):
            lock.close()
            Path(lock.name).unlink(missing_ok=True)


def _opened(name):
    return Path(gettempdir(), name).open("ab")


@contextmanager
def _locked(file, kind):
    fcntl.flock(file, kind)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
