"""A ledger in an SQLite file: all processes of a machine that open the file share the state of an account's budgets.

Invariants:
- There is one row for each budget of each account, and one transaction for each change, which locks the file.
- Nothing here waits for a lock: where another process or thread has it, `LedgerBusy` is raised at once.
- Times are on the machine's monotonic scale, which all of its processes share until the machine starts again; a row
  says to which start it belongs.
- A row that can't be read is an account of which nothing is known: its gate opens by a probe.
- No secret is stored.

The stored format has a number, SQLite's `user_version`. A file of format 0 has a table of another name: it is left
there, and the state begins anew. A file of a later format is refused and not changed.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from harvest_async.clock import SECOND, Clock, SystemClock
from harvest_async.throttle.ledgers.file import LedgerFile
from harvest_async.throttle.state import AccountState

__all__ = ["SqliteLedger"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

_DRIFT: Final = 5 * SECOND
_STALE: Final = 4
"""After this many periods without a look, what others sent is unknown again."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SqliteLedger:
    """The state of one account's budgets in a file. All throttles of the account, in any process, take the same file.

    Args:
        path: the file; it is created if it is missing, its folder too. Only its owner can read or write it.
        account: the account's name: any name that no other account in the file has.
        clock: the clock of the throttles that use it.
        budget: the name of the budget.
        file: the open file, for a ledger that shares it with those of other budgets; None opens `path`.
    """

    shared = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        account: str,
        *,
        clock: Clock | None = None,
        budget: str = "general",
        file: LedgerFile | None = None,
    ) -> None:
        self.path = Path(path)
        self.account = account
        self.budget = budget
        self._clock = clock or SystemClock()
        self._file = file or LedgerFile(self.path)
        self._opened = 0
        self._version = -1
        self._state = AccountState()
        self._before: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"SqliteLedger({str(self.path)!r}, account={self.account!r})"

    def for_budget(self, name: str) -> SqliteLedger:
        """See `Ledger.for_budget`."""
        if name == self.budget:
            return self
        return SqliteLedger(self.path, self.account, clock=self._clock, budget=name, file=self._file)

    def transact(self, change: Callable[[AccountState], T]) -> T:
        """See `Ledger.transact`.

        Raises:
            LedgerBusy: another process or thread is using the file.
            HarvestError: the file can't be read or written.
        """
        return self._file.use(lambda database: self._transact(database, change))

    def read(self, look: Callable[[AccountState], T]) -> T:
        """See `Ledger.read`; it works while another process has locked the file.

        Raises:
            LedgerBusy: another process is creating the file, or another thread is using it.
            HarvestError: the file can't be read.
        """
        return self._file.use(lambda database: look(self._stored(database)[0]), writes=False)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._file.close()

    def _transact(self, database: sqlite3.Connection, change: Callable[[AccountState], T]) -> T:
        database.execute("begin exclusive")  # once it has begun, nothing in it can be busy
        try:
            self._state, self._version, self._before = self._stored(database, known=self._state)
            result = change(self._state)
            after = self._state.dump()
            if after != self._before or self._version == 0:
                self._write(database, after)
            database.execute("commit")
        except BaseException:
            self._version = -1  # what is in memory is no longer what is in the file
            database.rollback()
            raise
        return result

    def _stored(
        self, database: sqlite3.Connection, known: AccountState | None = None
    ) -> tuple[AccountState, int, dict[str, Any]]:
        """Return the stored state, its version and its dump; the `known` state if that has the same version."""
        if self._opened != self._file.opened:
            self._opened, self._version = self._file.opened, -1
        query = "select version, state from account_states where account = ? and budget = ?"
        with closing(database.execute(query, (self.account, self.budget))) as rows:
            row = rows.fetchone()
        if row is None:
            return AccountState(), 0, {}
        version, text = row
        if known is not None and version == self._version:
            return known, version, self._before
        try:
            stored = json.loads(text)
            state = AccountState.load(stored["state"])
            self._place(state, stored, first_look=self._version == -1)
        except (ValueError, LookupError, TypeError):
            logger.warning("the throttle's ledger %s has a state that can't be read: it begins anew", self.path)
            return AccountState(), version, {}
        return state, version, stored["state"]

    def _place(self, state: AccountState, stored: dict[str, Any], *, first_look: bool) -> None:
        """Convert the times of a stored state to the scale of this machine's present start."""
        now, scale = self._clock.now(), self._scale()
        if not _same_scale(stored, scale, now):
            state.restart(now, left=stored["offset"] + state.until - self._wall())
        elif first_look and now - stored["written"] > _STALE * state.window.period:
            state.forget()

    def _write(self, database: sqlite3.Connection, dump: dict[str, Any]) -> None:
        stored = {"state": dump, **self._scale(), "written": self._clock.now()}
        self._version += 1
        self._before = dump
        database.execute(
            "insert or replace into account_states (account, budget, version, state) values (?, ?, ?, ?)",
            (self.account, self.budget, self._version, json.dumps(stored)),
        )

    def _scale(self) -> dict[str, Any]:
        return {"boot": _boot_id(), "offset": self._wall() - self._clock.now()}

    def _wall(self) -> int:
        return round(self._clock.today().timestamp() * SECOND)


def _boot_id() -> str | None:
    return _read_boot_id(_BOOT_ID)


@cache
def _read_boot_id(path: Path) -> str | None:
    """Read the id of the machine's start once: it does not change while a process runs."""
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return None


def _same_scale(stored: dict[str, Any], scale: dict[str, Any], now: int) -> bool:
    """Return whether the machine has not started again since; without an id of the start, the clocks are compared."""
    if stored["written"] > now:
        return False
    if stored["boot"] is not None and scale["boot"] is not None:
        return bool(stored["boot"] == scale["boot"])
    return bool(abs(stored["offset"] - scale["offset"]) <= _DRIFT)
