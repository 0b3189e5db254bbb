"""The journal of one run: an SQLite file that is the truth about what was meant, sent and done.

Rules of this room:
- One file a run, held by one process at a time. What is committed is on the disk (write-ahead log, synchronous=FULL).
- It stores and finds; what a step means is decided elsewhere (`plan`, `run`, `reconcile`).
- All of it runs in one thread of its own, so that no event loop waits for a disk. `JournalWriter` gathers concurrent
  writes into one commit: many intents share one sync.
- No credential is in it, only what the file had and what the account gave back.
- Whoever wants to watch from outside uses `sys.addaudithook`: `harvest_async.journal.write` comes inside a
  transaction before its commit, `harvest_async.journal.synced` after it; both carry the path and what is written.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from harvest_async.importer.journal_file import (
    FORMAT,
    JournalError,
    JournalInUse,
    close_database,
    copy_database,
    open_database,
)

__all__ = ["FORMAT", "Change", "Journal", "JournalError", "JournalInUse", "JournalWriter"]

T = TypeVar("T")

Change = tuple[str, Sequence[Any]]
"""An SQL statement and its values."""

_GATHER: Final = 0.003
"""Seconds that a commit waits for others to share it: a sync costs more than a row does."""


class Journal:
    """One run's journal.

    Args:
        path: the file; None keeps it in memory, for a run that nobody could resume.
        inline: works in the caller's thread; for event loops on which time is not real.

    Raises:
        JournalError: it is no journal, or another run holds it.

    Attributes:
        syncs: how many commits went to the disk.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, inline: bool = False) -> None:
        self.path = None if path is None else Path(path)
        self.syncs = 0
        self._executor: Executor | None = None if inline else ThreadPoolExecutor(1, "harvest-journal")
        try:
            self._database = open_database(self.path)
        except BaseException:
            if self._executor is not None:
                self._executor.shutdown()
            raise

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})" if self.path is not None else "Journal()"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._executor is not None:
            self._executor.shutdown()
        close_database(self._database)

    async def work(self, do: Callable[..., T], *arguments: Any) -> T:
        """Let something that uses the journal run in its thread."""
        if self._executor is None:
            return do(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._executor, do, *arguments)

    # What is written

    def commit(self, changes: Iterable[Change]) -> None:
        """Write changes down, all or none; they are on the disk when this comes back."""
        changes = tuple(changes)
        database = self._database
        database.execute("begin immediate")
        try:
            for statement, values in changes:
                database.execute(statement, values)
            sys.audit("harvest_async.journal.write", str(self.path), changes)
        except BaseException:
            database.execute("rollback")
            raise
        database.execute("commit")
        self.syncs += 1
        sys.audit("harvest_async.journal.synced", str(self.path), changes)

    def together(self, do: Callable[[], T]) -> T:
        """Let many changes be one: all of what `do` writes is kept, or none.

        Raises:
            JournalError: the disk is full, or can't be written.
        """
        try:
            with self._database:  # commits, or rolls back
                self._database.execute("begin immediate")
                result = do()
        except sqlite3.OperationalError as error:
            raise JournalError(f"the journal {self.path} can't be written: {error}") from error
        self.syncs += 1
        return result

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change something inside `together`; gives the new row's number."""
        return self._database.execute(statement, values).lastrowid or 0

    def write_many(self, statement: str, many: Iterable[Sequence[Any]]) -> None:
        """As `write`, many times."""
        self._database.executemany(statement, many)

    def clear(self) -> None:
        """Forget a plan that was never finished, of which nothing was sent.

        Raises:
            JournalError: something was planned to its end, or sent: the journal is left as it is.
        """
        sent = self.number("select count(*) from step where attempts > 0 or state not in ('planned', 'existing')")
        if sent or self.meta.get("planned") == "1":
            raise JournalError(f"{self.path} holds a run that may have sent something: it is left as it is")
        tables = ("source", "problem", "step", "known")
        forget: list[Change] = [(f"delete from {table}", ()) for table in tables]  # noqa: S608 - names from above
        self.commit([*forget, ("delete from meta where name not in ('format', 'open')", ())])

    # What is found

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows that a query finds."""
        return self._database.execute(query, values).fetchall()

    def one(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row that a query finds."""
        row: tuple[Any, ...] | None = self._database.execute(query, values).fetchone()
        return row

    def number(self, query: str, values: Sequence[Any] = ()) -> int:
        """The only number that a query finds; 0 where it finds nothing."""
        row = self.one(query, values)
        return int(row[0]) if row is not None and row[0] is not None else 0

    # What it belongs to

    @property
    def meta(self) -> dict[str, str]:
        """What the run belongs to."""
        return dict(self.rows("select name, value from meta where name <> 'open'"))

    def describe(self, **values: str) -> None:
        """Write down what the run belongs to."""
        self.commit(("insert or replace into meta values (?, ?)", pair) for pair in values.items())

    def expect(self, **values: str) -> None:
        """See that the run belongs to what is at hand.

        Raises:
            JournalError: it does not; the message says in what they differ.
        """
        meta = self.meta
        for name, value in values.items():
            if meta.get(name) != value:
                raise JournalError(
                    f"the journal {self.path} belongs to another {name} ({meta.get(name)}, not {value}): "
                    "give the one that it was begun with, or begin a new journal"
                )

    def copy_to(self, path: str | os.PathLike[str]) -> Journal:
        """The same journal in another file, which must not be there yet; this one is closed."""
        target = Path(path)
        copy_database(self._database, target)
        inline = self._executor is None
        self.close()
        return Journal(target, inline=inline)


class JournalWriter:
    """Writes down what happens while a run goes on: whoever asks in the same moment shares a commit."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changes: list[Change] = []
        self._next: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def enqueue(self, *changes: Change) -> asyncio.Future[None]:
        """Have something written; the future is done once it is on the disk, in the order of the notes."""
        self._changes += changes
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return self._next

    async def write(self, *changes: Change) -> None:
        """Have something written and wait until it is on the disk.

        Raises:
            JournalError: it could not be written.
        """
        await asyncio.shield(self.enqueue(*changes))

    async def drain(self) -> None:
        """Wait until everything is on the disk."""
        while self._next is not None or self._writing is not None:
            if self._writing is not None:
                await asyncio.wait([self._writing])

    async def _write(self) -> None:
        try:
            while self._changes:
                await asyncio.sleep(_GATHER)
                changes, self._changes = self._changes, []
                told, self._next = self._next, None
                await self._commit(changes, told)
        finally:
            self._writing = None

    async def _commit(self, changes: list[Change], told: asyncio.Future[None] | None) -> None:
        try:
            await self._journal.work(self._journal.commit, changes)
        except BaseException as error:
            if told is not None and not told.done():
                told.set_exception(JournalError(f"the journal can't be written: {error}"))
                told.exception()  # whoever only notes does not ask
            if not isinstance(error, Exception):
                raise
        else:
            if told is not None and not told.done():
                told.set_result(None)
