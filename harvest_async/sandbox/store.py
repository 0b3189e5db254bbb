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

from harvest_async.sandbox.records import KINDS, Record, Tables, revive

__all__ = ["Store"]

_SCHEMA: Final = """
    create table if not exists record (kind text, id integer, data text not null, primary key (kind, id)) without rowid;
    create table if not exists arrival (moment integer not null);
    create table if not exists lockout (id integer primary key check (id = 1), until integer not null);
"""
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
        self._locked_until = 0
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

    def throttle(self, since: int) -> tuple[list[int], int]:
        """Return the arrivals after a time, the oldest first, and the end of the lockout."""
        self._database.execute("delete from arrival where moment <= ?", (since,))
        arrivals = [row[0] for row in self._database.execute("select moment from arrival order by moment")]
        self._locked_until = next((row[0] for row in self._database.execute("select until from lockout")), 0)
        return arrivals, self._locked_until

    def arrived(self, moment: int, since: int) -> None:
        """Store an arrival; those up to `since` no longer count and are deleted from time to time."""
        if not self._in_file:
            return
        self._database.execute("insert into arrival values (?)", (moment,))
        self._arrivals += 1
        if self._arrivals % _PRUNED_EVERY == 0:
            self._database.execute("delete from arrival where moment <= ?", (since,))

    def lock_out(self, until: int) -> None:
        """Store the end of the lockout."""
        if self._in_file and until != self._locked_until:
            self._locked_until = until
            self._database.execute("insert or replace into lockout values (1, ?)", (until,))

    def clear(self) -> None:
        """Delete everything."""
        self._locked_until = 0
        for table in ("record", "arrival", "lockout"):
            self._database.execute(f"delete from {table}")  # noqa: S608 - constant names

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _plain(value: Decimal | date) -> str:
    return str(value) if isinstance(value, Decimal) else value.isoformat()
