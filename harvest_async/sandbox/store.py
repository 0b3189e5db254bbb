"""The database in which a sandbox keeps its state: SQLite, in a file or in memory.

Notes:
- It stores and decides nothing. Times are on the wall clock's scale.
- Each change is written at once, without waiting for the disk: the state survives the end of the process, but not a
  crash of the machine.
"""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import date
from decimal import Decimal
from typing import Final
from weakref import finalize

from harvest_async.sandbox.rate_limiter import BUDGETS, GENERAL
from harvest_async.sandbox.records import KINDS, Record, Tables, revive

__all__ = ["Store"]

_SCHEMA: Final = """
    create table if not exists record (kind text, id integer, data text not null, primary key (kind, id)) without rowid;
"""
_OF_BUDGET: Final = """
    create table if not exists arrival{0} (moment integer not null);
    create table if not exists lockout{0} (id integer primary key check (id = 1), until integer not null);
"""
_ENDINGS: Final = {budget: "" if budget == GENERAL else f"_{budget}" for budget in BUDGETS}
"""The endings of the names of each budget's tables."""

_PRUNED_EVERY: Final = 1_000


class Store:
    """A sandbox's database; without a `path` it is in memory."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._in_file = path is not None
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        finalize(self, self._database.close)  # because Python 3.13 and newer warn if it is never closed
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = off")
        self._database.executescript(_SCHEMA)
        for ending in _ENDINGS.values():
            self._database.executescript(_OF_BUDGET.format(ending))
        self._locked_until: dict[str, int] = dict.fromkeys(BUDGETS, 0)
        self._arrivals = 0

    def tables(self) -> Tables:
        """Return all records."""
        tables: Tables = {kind: {} for kind in KINDS}
        for kind, number, data in self._database.execute("select kind, id, data from record order by kind, id"):
            tables[kind][number] = revive(kind, json.loads(data))
        return tables

    def keep(self, kind: str, number: int, record: Record | None) -> None:
        """Store a record, or delete it if it is None."""
        if record is None:
            self._database.execute("delete from record where kind = ? and id = ?", (kind, number))
            return
        data = json.dumps(record, default=_plain)
        self._database.execute("insert or replace into record values (?, ?, ?)", (kind, number, data))

    def throttle(self, budget: str, since: int) -> tuple[list[int], int]:
        """Return a budget's arrivals after a time, the oldest first, and the end of its lockout."""
        ending = _ENDINGS[budget]
        self._database.execute(f"delete from arrival{ending} where moment <= ?", (since,))  # noqa: S608 - constant
        arrivals = self._database.execute(f"select moment from arrival{ending} order by moment")  # noqa: S608
        lockouts = self._database.execute(f"select until from lockout{ending}")  # noqa: S608
        self._locked_until[budget] = next((row[0] for row in lockouts), 0)
        return [row[0] for row in arrivals], self._locked_until[budget]

    def arrived(self, budget: str, moment: int, since: int) -> None:
        """Store an arrival; those up to `since` no longer count and are deleted from time to time."""
        if not self._in_file:
            return
        ending = _ENDINGS[budget]
        self._database.execute(f"insert into arrival{ending} values (?)", (moment,))  # noqa: S608 - constant
        self._arrivals += 1
        if self._arrivals % _PRUNED_EVERY == 0:
            self._database.execute(f"delete from arrival{ending} where moment <= ?", (since,))  # noqa: S608

    def lock_out(self, budget: str, until: int) -> None:
        """Store the end of a budget's lockout."""
        if self._in_file and until != self._locked_until[budget]:
            self._locked_until[budget] = until
            statement = f"insert or replace into lockout{_ENDINGS[budget]} values (1, ?)"  # noqa: S608
            self._database.execute(statement, (until,))

    def clear(self) -> None:
        """Delete everything."""
        self._locked_until = dict.fromkeys(BUDGETS, 0)
        tables = [f"{name}{ending}" for name in ("arrival", "lockout") for ending in _ENDINGS.values()]
        for table in ("record", *tables):
            self._database.execute(f"delete from {table}")  # noqa: S608 - constant names

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _plain(value: Decimal | date) -> str:
    return str(value) if isinstance(value, Decimal) else value.isoformat()
