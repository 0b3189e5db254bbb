"""Where a sandbox keeps its state: an SQLite database, in a file or in memory.

Rules of this room: it stores and decides nothing. Each change is written at once, without waiting for the disk: a state
survives the death of the process, not that of the machine. Moments are stored on the wall clock's scale.
"""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any, Final

from harvest_async.sandbox.records import KINDS, Record, Tables, revive

__all__ = ["Store"]

_SCHEMA: Final = """
    create table if not exists record (kind text, id integer, data text not null, primary key (kind, id)) without rowid;
    create table if not exists arrival (moment integer not null);
    create table if not exists lockout (id integer primary key check (id = 1), until integer not null);
"""


class Store:
    """A sandbox's database. `path` None keeps it in memory."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.in_file = path is not None
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = off")
        self._database.executescript(_SCHEMA)

    def tables(self) -> Tables:
        """All records."""
        tables: Tables = {kind: {} for kind in KINDS}
        for kind, number, data in self._database.execute("select kind, id, data from record order by kind, id"):
            tables[kind][number] = revive(kind, json.loads(data))
        return tables

    def keep(self, kind: str, number: int, record: Record | None) -> None:
        """Write a record down, or that it is gone."""
        if record is None:
            self._database.execute("delete from record where kind = ? and id = ?", (kind, number))
            return
        data = json.dumps(record, default=_plain)
        self._database.execute("insert or replace into record values (?, ?, ?)", (kind, number, data))

    def throttle(self, since: int) -> dict[str, Any]:
        """The arrivals since a moment, and the end of the lockout."""
        self._database.execute("delete from arrival where moment < ?", (since,))
        arrivals = [row[0] for row in self._database.execute("select moment from arrival order by moment")]
        until = next((row[0] for row in self._database.execute("select until from lockout")), 0)
        return {"window": arrivals, "shut": until}

    def arrived(self, moment: int, shut_until: int) -> None:
        """Write an arrival down, and until when the account is shut."""
        if self.in_file:
            self._database.execute("insert into arrival values (?)", (moment,))
            self._database.execute("insert or replace into lockout values (1, ?)", (shut_until,))

    def clear(self) -> None:
        """Forget everything."""
        for table in ("record", "arrival", "lockout"):
            self._database.execute(f"delete from {table}")  # noqa: S608 - names of our own

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else _iso(value)


def _iso(value: date) -> str:
    return value.isoformat()
