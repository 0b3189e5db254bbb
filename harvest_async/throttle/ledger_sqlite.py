"""A ledger in an SQLite file: all processes of a machine that open the file draw on one book.

Rules of this room: one row an account, one transaction a change, and the file is locked while it lasts. Moments are
on the machine's monotonic scale, which all of its processes share until it is started again; the row says to which
start it belongs. A row that can't be read (another version wrote it) is an account of which nothing is known. Nothing
secret is stored.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

from harvest_async.clock import SECOND, Clock, SystemClock
from harvest_async.errors import HarvestError
from harvest_async.throttle.book import Book

__all__ = ["SqliteLedger"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

_SCHEMA: Final = """
    create table if not exists book (account text primary key, version integer not null, state text not null)
"""
_BUSY: Final = 10.0
_AGAIN: Final = 0.02
"""Seconds that a locked file is waited for, and after which it is tried again where SQLite does not wait by itself."""
_DRIFT: Final = 5 * SECOND
_STALE: Final = 4
"""After so many periods without a look, what others sent is unknown again."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SqliteLedger:
    """One account's book in a file. Give every `Throttle` of the account, in whatever process, the same file.

    Args:
        path: the file; it is made where it is missing, its folder too.
        account: which account's book: any name that no other account in the file has.
        clock: the clock of the throttles that use it.
    """

    shared = True

    def __init__(self, path: str | os.PathLike[str], account: str, *, clock: Clock | None = None) -> None:
        self.path = Path(path)
        self.account = account
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._owner = 0
        self._version = -1
        self._book = Book()

    def __del__(self) -> None:
        if self._database is not None and self._owner == os.getpid():
            self._database.close()  # or Python 3.13 and newer warn

    def __repr__(self) -> str:
        return f"SqliteLedger({str(self.path)!r}, account={self.account!r})"

    def transact(self, change: Callable[[Book], T]) -> T:
        """See `Ledger.transact`.

        Raises:
            HarvestError: the file can't be read or written.
        """
        with self._lock:
            try:
                return self._transact(self._open(), change)
            except (sqlite3.Error, OSError) as error:
                msg = (
                    f"the throttle's ledger {self.path} can't be used ({error}): "
                    "free or delete the file, or choose another"
                )
                raise HarvestError(msg) from error

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None or self._owner != os.getpid():
            # A connection must not be carried over a fork: the child opens its own and leaves the parent's alone.
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            database = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
            try:
                _prepare(database)
            except BaseException:
                database.close()
                raise
            self._database, self._owner, self._version = database, os.getpid(), -1
        return self._database

    def _transact(self, database: sqlite3.Connection, change: Callable[[Book], T]) -> T:
        database.execute("begin immediate")
        try:
            self._read(database)
            before = self._book.dump()
            result = change(self._book)
            if self._book.dump() != before or self._version == 0:
                self._write(database)
        except BaseException:
            self._version = -1  # what is in memory is no longer what is in the file
            database.execute("rollback")
            raise
        database.execute("commit")
        return result

    def _read(self, database: sqlite3.Connection) -> None:
        """Bring the book up to date with the file."""
        query = "select version, state from book where account = ?"
        with closing(database.execute(query, (self.account,))) as rows:
            row = rows.fetchone()
        if row is None:
            self._book, self._version = Book(), 0
            return
        version, text = row
        if version != self._version:
            first_look = self._version == -1
            self._version = version
            self._book = Book()
            try:
                stored = json.loads(text)
                self._book = Book.load(stored["book"])
                self._place(stored, first_look=first_look)
            except (ValueError, LookupError, TypeError):
                logger.warning("the throttle's ledger %s has a book that can't be read: it begins anew", self.path)

    def _place(self, stored: dict[str, Any], *, first_look: bool) -> None:
        """Put the moments of a stored book on the scale of this machine's present start."""
        now, scale = self._clock.now(), self._scale()
        if not _same_scale(stored, scale, now):
            self._book.restart(now, left=stored["offset"] + self._book.until - self._wall())
        elif first_look and now - stored["written"] > _STALE * self._book.window.period:
            self._book.forget()

    def _write(self, database: sqlite3.Connection) -> None:
        state = {"book": self._book.dump(), **self._scale(), "written": self._clock.now()}
        self._version += 1
        database.execute(
            "insert or replace into book (account, version, state) values (?, ?, ?)",
            (self.account, self._version, json.dumps(state)),
        )

    def _scale(self) -> dict[str, Any]:
        return {"boot": _boot_id(), "offset": self._wall() - self._clock.now()}

    def _wall(self) -> int:
        return round(self._clock.today().timestamp() * SECOND)


def _prepare(database: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _BUSY
    while True:
        try:
            database.execute("pragma journal_mode = wal")
            break
        except sqlite3.OperationalError:  # several processes make the file at once, and SQLite does not wait here
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN)
    database.execute("pragma synchronous = normal")
    database.execute(_SCHEMA)


def _boot_id() -> str | None:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return None


def _same_scale(stored: dict[str, Any], scale: dict[str, Any], now: int) -> bool:
    """Whether the machine has not been started again since; where it has no name for a start, the clocks tell."""
    if stored["written"] > now:
        return False
    if stored["boot"] is not None and scale["boot"] is not None:
        return bool(stored["boot"] == scale["boot"])
    return bool(abs(stored["offset"] - scale["offset"]) <= _DRIFT)
