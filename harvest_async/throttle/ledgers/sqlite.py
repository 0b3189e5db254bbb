"""A ledger in an SQLite file: all processes of a machine that open the file draw on one book.

Rules of this room: one row an account, one transaction a change, and the file is locked while it lasts. Nothing here
waits for a lock: where another process or thread has it, that is said at once (`LedgerBusy`). Moments are
on the machine's monotonic scale, which all of its processes share until it is started again; the row says to which
start it belongs. A row that can't be read (another version wrote it) is an account of which nothing is known. Nothing
secret is stored.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

from harvest_async.clock import SECOND, Clock, SystemClock
from harvest_async.errors import StorageError
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.state import AccountState

__all__ = ["SqliteLedger"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

_SCHEMA: Final = """
    create table if not exists book (account text primary key, version integer not null, state text not null)
"""
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
"""What SQLite says where somebody else has a lock."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OWNER: Final = stat.S_IRUSR | stat.S_IWUSR
_MAKING: Final = threading.Lock()
"""Held while a file is made: closing a file frees all locks that the process has on it (POSIX)."""

_DRIFT: Final = 5 * SECOND
_STALE: Final = 4
"""After so many periods without a look, what others sent is unknown again."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SqliteLedger:
    """One account's book in a file. Give every `Throttle` of the account, in whatever process, the same file.

    Args:
        path: the file; it is made where it is missing, its folder too. Only its owner can read or write it.
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
        self._state = AccountState()

    def __del__(self) -> None:
        if self._database is not None and self._owner == os.getpid():
            self._database.close()  # or Python 3.13 and newer warn

    def __repr__(self) -> str:
        return f"SqliteLedger({str(self.path)!r}, account={self.account!r})"

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """See `Ledger.transact`.

        Raises:
            LedgerBusy: another process or thread is using the file.
            HarvestError: the file can't be read or written.
        """
        return self._use(lambda database: self._transact(database, change))

    def read(self, look: Callable[[AccountState], T]) -> T:
        """See `Ledger.read`; it does not need the file for itself, so another process that has locked it is no matter.

        Raises:
            LedgerBusy: another process is making the file, or another thread is using it.
            HarvestError: the file can't be read.
        """
        return self._use(lambda database: look(self._stored(database)[0]))

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if not self._lock.acquire(blocking=False):
            raise self._busy()
        try:
            return work(self._open())
        except (sqlite3.Error, OSError) as error:
            if _is_busy(error):
                raise self._busy() from error
            msg = (
                f"the throttle's ledger {self.path} can't be used ({error}): free or delete the file, or choose another"
            )
            raise StorageError(msg) from error
        finally:
            self._lock.release()

    def _busy(self) -> LedgerBusy:
        return LedgerBusy(
            f"the throttle's ledger {self.path} is locked by another process or thread: "
            "end it or let it go on if it hangs or is stopped, or choose another file"
        )

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
            _make_private(self.path)
            database = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                _prepare(database)
            except BaseException:
                database.close()
                raise
            self._database, self._owner, self._version = database, os.getpid(), -1
        return self._database

    def _transact(self, database: sqlite3.Connection, change: Callable[[AccountState], T]) -> T:
        database.execute("begin exclusive")  # once it has begun, nothing in it can be busy
        try:
            self._state, self._version = self._stored(database, known=self._state)
            before = self._state.dump()
            result = change(self._state)
            if self._state.dump() != before or self._version == 0:
                self._write(database)
            database.execute("commit")
        except BaseException:
            self._version = -1  # what is in memory is no longer what is in the file
            database.rollback()
            raise
        return result

    def _stored(self, database: sqlite3.Connection, known: AccountState | None = None) -> tuple[AccountState, int]:
        """Return the book as the file has it, and its version; the `known` one where that is the same."""
        query = "select version, state from book where account = ?"
        with closing(database.execute(query, (self.account,))) as rows:
            row = rows.fetchone()
        if row is None:
            return AccountState(), 0
        version, text = row
        if known is not None and version == self._version:
            return known, version
        try:
            stored = json.loads(text)
            book = AccountState.load(stored["book"])
            self._place(book, stored, first_look=self._version == -1)
        except (ValueError, LookupError, TypeError):
            logger.warning("the throttle's ledger %s has a book that can't be read: it begins anew", self.path)
            return AccountState(), version
        return book, version

    def _place(self, book: AccountState, stored: dict[str, Any], *, first_look: bool) -> None:
        """Put the moments of a stored book on the scale of this machine's present start."""
        now, scale = self._clock.now(), self._scale()
        if not _same_scale(stored, scale, now):
            book.restart(now, left=stored["offset"] + book.until - self._wall())
        elif first_look and now - stored["written"] > _STALE * book.window.period:
            book.forget()

    def _write(self, database: sqlite3.Connection) -> None:
        state = {"book": self._state.dump(), **self._scale(), "written": self._clock.now()}
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
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = normal")
    database.execute(_SCHEMA)


def _make_private(path: Path, *, posix: bool = os.name == "posix") -> None:
    """Make the file where it is missing, and see to it that nobody but its owner can read or write it."""
    with _MAKING:  # a file that is there is not opened
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
    """Whether an error says that somebody else has a lock; the low byte of SQLite's code is its class."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _BUSY


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
