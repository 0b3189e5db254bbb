"""Write the log of an SQLite ledger into its file, in a thread, so that no event loop waits for the disk.

Invariants:
- While a file is open, SQLite waits for the disk only when it writes its write-ahead log (WAL) into the file, and when
  the log begins anew. Both happen here; it also waits when the file is created and when it is closed. The thread that
  uses the ledger only looks at the size of the log.
- A file has one thread at most, and each thread ends after one attempt. What can't be written stays in the log, from
  which it is read as before; the next attempt follows when the log has grown by its limit once more.

Notes: until the thread has ended, `LedgerFile` changes nothing. SQLite's versions before 3.51.3 can damage a file if a
log begins anew by one connection while another one writes it into the file.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Final

__all__ = ["LOG_LIMIT", "Checkpoints"]

logger = logging.getLogger("harvest_async.throttle")

LOG_LIMIT: Final = 4_096_000
"""The size of a log in bytes at which it is written into the file: SQLite's own limit, 1,000 pages."""

_PATIENCE: Final = 0.03
"""Seconds for which a checkpoint waits for the transactions of other processes."""


class Checkpoints:
    """Writes the log of one file into it.

    Args:
        path: the file.
        limit: the size of the log in bytes at which it is written.
        thread: makes the thread.
    """

    def __init__(self, path: Path, limit: int = LOG_LIMIT, thread: Callable[..., Thread] = Thread) -> None:
        self._path, self._log = path, path.with_name(f"{path.name}-wal")
        self._limit = self._due = limit
        self._make_thread = thread
        self._thread: Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the log is being written."""
        return self._thread is not None and self._thread.is_alive()

    def look(self) -> None:
        """Start to write the log if it is large enough, and return at once."""
        size = self._size()
        if size < self._limit:
            self._due = self._limit
        elif size >= self._due and not self.is_running:
            self._due = size + self._limit
            self._start()

    def wait(self) -> None:
        """Wait until the log is written, if that has been started."""
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        thread = self._make_thread(target=write_log, args=(self._path,), name=f"checkpoint of {self._path.name}")
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the program is ending
            logger.debug("the log of the throttle's ledger %s is written later: %s", self._path, error)
        else:
            self._thread = thread

    def _size(self) -> int:
        """Return the size of the log in bytes; 0 if there is none."""
        try:
            return self._log.stat().st_size
        except OSError:
            return 0


def write_log(path: Path) -> None:
    """Write the log of a file into it, and let the log begin anew; leave it if others use it."""
    try:
        # The mode creates no file where somebody has deleted it.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", _PATIENCE, uri=True)) as database:
            _checkpoint(database)
    except sqlite3.Error as error:
        logger.debug("the log of the throttle's ledger %s is written later: %s", path, error)


def _checkpoint(database: sqlite3.Connection) -> None:
    database.isolation_level = None
    database.execute("pragma synchronous = normal")
    if not _first(database, "pragma wal_checkpoint(truncate)"):
        # The first transaction of a new log waits for the disk. This one changes nothing, and nobody else meanwhile.
        database.execute("begin immediate")
        database.execute(f"pragma user_version = {_first(database, 'pragma user_version'):d}")
        database.execute("commit")


def _first(database: sqlite3.Connection, statement: str) -> int:
    """Return the first value of a statement's row; for a checkpoint, whether others prevented it."""
    with closing(database.execute(statement)) as rows:
        value: int = rows.fetchone()[0]
    return value
