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
    """A sandbox's database. `path` None keeps it in memory."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._in_file = path is not None
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        finalize(self, self._database.close)  # or Python 3.13 and newer warn where nobody closes it
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = off")
        self._database.executescript(_SCHEMA)
        self._shut_until = 0
        self._arrivals = 0

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

    def throttle(self, since: int) -> tuple[list[int], int]:
        """The arrivals after a moment, the oldest first, and the end of the lockout."""
        self._database.execute("delete from arrival where moment <= ?", (since,))
        arrivals = [row[0] for row in self._database.execute("select moment from arrival order by moment")]
        self._shut_until = next((row[0] for row in self._database.execute("select until from lockout")), 0)
        return arrivals, self._shut_until

    def arrived(self, moment: int, since: int) -> None:
        """Write an arrival down; those up to `since` count no more and are forgotten sooner or later."""
        if not self._in_file:
            return
        self._database.execute("insert into arrival values (?)", (moment,))
        self._arrivals += 1
        if self._arrivals % _PRUNED_EVERY == 0:
            self._database.execute("delete from arrival where moment <= ?", (since,))

    def shut(self, until: int) -> None:
        """Write down until when the account is shut."""
        if self._in_file and until != self._shut_until:
            self._shut_until = until
            self._database.execute("insert or replace into lockout values (1, ?)", (until,))

    def clear(self) -> None:
        """Forget everything."""
        self._shut_until = 0
        for table in ("record", "arrival", "lockout"):
            self._database.execute(f"delete from {table}")  # noqa: S608 - names of our own

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _plain(value: Decimal | date) -> str:
    return str(value) if isinstance(value, Decimal) else value.isoformat()
