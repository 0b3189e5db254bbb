"""The file of an SQLite ledger: opened, kept private, and used without waiting for locks or for the disk."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from harvest_async.errors import StorageError
from harvest_async.throttle.ledgers.checkpoints import Checkpoints
from harvest_async.throttle.ledgers.memory import LedgerBusy

__all__ = ["FORMAT", "LedgerFile", "make_private"]

T = TypeVar("T")

FORMAT: Final = 1
"""The number of the stored format, which is SQLite's `user_version`."""

_SCHEMA: Final = """
    create table if not exists account_states (
        account text not null, budget text not null, version integer not null, state text not null,
        primary key (account, budget)
    )
"""
_OWN: Final = frozenset({"account_states", "book"})
"""The tables of a ledger; the second one is that of format 0."""

_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
"""The codes of SQLite's errors if somebody else has a lock."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OWNER: Final = stat.S_IRUSR | stat.S_IWUSR
_CREATING: Final = threading.Lock()
"""Held while a file is created: closing a file frees all locks that the process has on it (POSIX)."""


class LedgerFile:
    """The connection to a ledger's file, which the ledgers of all budgets of an account share.

    Args:
        path: the file.
        checkpoints: writes its log into it; None makes one.

    Attributes:
        path: the file.
        opened: how often it was opened so far.
    """

    def __init__(self, path: Path, checkpoints: Checkpoints | None = None) -> None:
        self.path = path
        self.opened = 0
        self._checkpoints = checkpoints or Checkpoints(path)
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._owner = 0

    def __del__(self) -> None:
        if self._database is not None and self._owner == os.getpid():
            self._database.close()  # or Python 3.13 and newer warn

    def use(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = True) -> T:
        """Call `work` with the connection and return its result.

        Args:
            work: what is done.
            writes: whether it may write.

        Raises:
            LedgerBusy: another process or thread is using the file.
            StorageError: the file can't be read or written.
        """
        if not self._lock.acquire(blocking=False):
            raise self._busy()
        try:
            if writes and self._checkpoints.is_running:
                raise self._busy()
            result = work(self._open())
            self._checkpoints.look()
        except (sqlite3.Error, OSError) as error:
            if _is_busy(error):
                raise self._busy() from error
            msg = (
                f"the throttle's ledger {self.path} can't be used ({error}): free or delete the file, or choose another"
            )
            raise StorageError(msg) from error
        finally:
            self._lock.release()
        return result

    def close(self) -> None:
        """Close the file, after its log is written if that has been started; the next use opens it again."""
        with self._lock:
            self._checkpoints.wait()
            if self._database is not None:
                self._database.close()
                self._database = None

    def _busy(self) -> LedgerBusy:
        return LedgerBusy(
            f"the throttle's ledger {self.path} is locked by another process or thread: "
            "end that process or let it continue if it hangs or is stopped, or choose another file"
        )

    def _open(self) -> sqlite3.Connection:
        if self._database is None or self._owner != os.getpid():
            # A connection must not be used after a fork: the child opens its own and leaves the parent's alone.
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(self.path)
            database = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(database)
            except BaseException:
                database.close()
                raise
            self._database, self._owner = database, os.getpid()
            self.opened += 1
        return self._database

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Check the format and create the table.

        Raises:
            StorageError: a later version has written the file, or another program.
        """
        with closing(database.execute("pragma user_version")) as rows:
            (number,) = rows.fetchone()
        if number > FORMAT:
            raise StorageError(
                f"the throttle's ledger {self.path} has format {number}, which a later version of harvest-async has "
                f"written, and this version reads format {FORMAT}: upgrade harvest-async, or choose another file"
            )
        with closing(database.execute("select name from sqlite_master where type = 'table'")) as rows:
            tables = {name for (name,) in rows}
        if tables and not tables & _OWN:
            raise StorageError(
                f"the throttle's ledger {self.path} is a database of another program (it has {min(tables)!r} and no "
                f"account states): choose another file"
            )
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        database.execute("pragma wal_autocheckpoint = 0")  # `Checkpoints` does it
        database.execute(_SCHEMA)
        if number < FORMAT:
            database.execute(f"pragma user_version = {FORMAT}")


def make_private(path: Path, *, posix: bool = os.name == "posix") -> None:
    """Create the file if it is missing, and make sure that only its owner can read or write it."""
    with _CREATING:  # an existing file is not opened
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, _OWNER))
    if not posix:
        return
    for each in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
        try:
            found = each.stat()
        except FileNotFoundError:
            continue
        if found.st_mode & _OTHERS and found.st_uid == os.geteuid():
            each.chmod(_OWNER)


def _is_busy(error: Exception) -> bool:
    """Return whether an error means that somebody else has a lock; the low byte of SQLite's code is its class."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _BUSY
