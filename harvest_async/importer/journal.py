"""The journal of one run: an SQLite file that records what was planned, sent and done.

Invariants:
- Each run has one file, used by one process at a time. A committed change is on the disk (write-ahead log,
  synchronous=FULL).
- The journal stores and queries; the meaning of a step is decided by the planner, the runner and the reconciliation.
- All queries run in a thread of their own, so that the event loop never waits for the disk. `JournalWriter` collects
  concurrent changes in one commit, so that many intents share one sync.
- It holds no credentials, only values of the file and ids of the account.
- `sys.addaudithook` can observe it: `harvest_async.journal.write` is raised in a transaction before its commit, and
  `harvest_async.journal.synced` after it, both with the path and the changes.
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

from harvest_async.cancellation import in_one_go
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
"""Seconds that a commit waits for other changes, since a sync costs more than a row."""

_WORDS: Final = {"options": "other options", "timestamps": "an account that tracked time in another way"}
"""What a journal belongs to, where `another` and the name of the value is no English."""


class Journal:
    """One run's journal.

    Args:
        path: the file; None keeps it in memory, for a run that can't be resumed.
        inline: whether to use the caller's thread, for event loops with virtual time.

    Raises:
        JournalError: the file is no journal, or another process uses it.

    Attributes:
        syncs: the number of commits.
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

    @classmethod
    def existing(cls, path: str | os.PathLike[str]) -> Self:
        """Open a journal that exists.

        Raises:
            JournalError: there is none, it is empty, or it can't be opened.
        """
        file = Path(path)
        if not file.is_file() or not file.stat().st_size:
            raise JournalError(f"{file}: there is no such journal, or it is empty")
        return cls(file)

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})" if self.path is not None else "Journal()"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._executor is not None:
            self._executor.shutdown()
        close_database(self._database)

    async def work(self, do: Callable[..., T], *arguments: Any) -> T:
        """Run a function that uses the journal in the journal's thread."""
        if self._executor is None:
            return do(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._executor, do, *arguments)

    # Writing

    def commit(self, changes: Iterable[Change]) -> None:
        """Write changes, all or none; they are on the disk when this returns.

        Raises:
            JournalError: the disk is full, or can't be written.
        """
        changes = tuple(changes)

        def write() -> None:
            for statement, values in changes:
                self._database.execute(statement, values)
            sys.audit("harvest_async.journal.write", str(self.path), changes)

        self.together(write)
        sys.audit("harvest_async.journal.synced", str(self.path), changes)

    def together(self, do: Callable[[], T]) -> T:
        """Run a function in one transaction: all of its changes are kept, or none.

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
        """Execute a statement inside `together`; return the id of a new row."""
        return self._database.execute(statement, values).lastrowid or 0

    def write_many(self, statement: str, many: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for many rows, inside `together`."""
        self._database.executemany(statement, many)

    def clear(self) -> None:
        """Delete an incomplete plan of which nothing was sent.

        Raises:
            JournalError: the plan is complete, or something was sent: the journal is left as it is.
        """
        sent = self.number("select count(*) from step where attempts > 0 or state not in ('planned', 'existing')")
        if sent or self.meta.get("planned") == "1":
            raise JournalError(f"{self.path} holds a run that may have sent something: it is left as it is")
        tables = ("source", "problem", "step", "known")
        forget: list[Change] = [(f"delete from {table}", ()) for table in tables]  # noqa: S608 - names from above
        self.commit([*forget, ("delete from meta where name not in ('format', 'open')", ())])

    # Reading

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._database.execute(query, values).fetchall()

    def one(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        row: tuple[Any, ...] | None = self._database.execute(query, values).fetchone()
        return row

    def number(self, query: str, values: Sequence[Any] = ()) -> int:
        """Return the number that a query finds, or 0."""
        row = self.one(query, values)
        return int(row[0]) if row is not None and row[0] is not None else 0

    # The file, account and options of the run

    @property
    def meta(self) -> dict[str, str]:
        """The file, account and options of the run."""
        return dict(self.rows("select name, value from meta where name <> 'open'"))

    def describe(self, **values: str) -> None:
        """Store what the run belongs to."""
        self.commit(("insert or replace into meta values (?, ?)", pair) for pair in values.items())

    def expect(self, **values: str) -> None:
        """Check that the run belongs to a file, an account or options.

        Raises:
            JournalError: it does not; the message has the difference.
        """
        meta = self.meta
        for name, value in values.items():
            if meta.get(name) != value:
                what = _WORDS.get(name, f"another {name}")
                raise JournalError(
                    f"the journal {self.path} belongs to {what} ({meta.get(name)}, not {value}): "
                    "use what it was begun with, or begin a new journal"
                )

    def expect_new(self) -> None:
        """Check that the journal has no run yet.

        Raises:
            JournalError: it has one.
        """
        if "account" in self.meta:
            raise JournalError(
                f"{self.path} is the journal of another run already: resume that run, or choose another path"
            )

    def expect_planned(self) -> None:
        """Check that the plan of the run is complete.

        Raises:
            JournalError: it is not.
        """
        if self.meta.get("planned") != "1":
            raise JournalError(f"{self.path}: the run ended before anything was sent: import the file again")

    def copy_to(self, path: str | os.PathLike[str]) -> Journal:
        """Return the same journal in another file, which must not exist yet; this one is closed."""
        target = Path(path)
        copy_database(self._database, target)
        inline = self._executor is None
        self.close()
        return Journal(target, inline=inline)


class JournalWriter:
    """Writes changes during a run; concurrent ones share a commit."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changes: list[Change] = []
        self._next: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def enqueue(self, *changes: Change) -> asyncio.Future[None]:
        """Queue changes; the future is done once they are on the disk. Changes are written in their order."""
        self._changes += changes
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        self._start()
        return self._next

    async def write(self, *changes: Change) -> None:
        """Write changes and wait until they are on the disk.

        Raises:
            JournalError: they could not be written.
        """
        await asyncio.shield(self.enqueue(*changes))

    async def drain(self) -> None:
        """Wait until all changes are on the disk."""
        while self._next is not None or (self._writing is not None and not self._writing.done()):
            await asyncio.wait([self._start()])

    def _start(self) -> asyncio.Task[None]:
        """Return the task that writes; start one where there is none, or a loop that ends has cancelled it."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return self._writing

    async def _write(self) -> None:
        while self._next is not None:
            await asyncio.sleep(_GATHER)
            changes, self._changes = self._changes, []
            written, self._next = self._next, None
            await self._commit(changes, written)

    async def _commit(self, changes: list[Change], written: asyncio.Future[None]) -> None:
        failure: BaseException | None = None
        try:
            await in_one_go(self._journal.work(self._journal.commit, changes))
        except asyncio.CancelledError:  # the event loop ends: the changes were written before
            raise
        except BaseException as error:
            failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            _end(written, failure)


def _end(written: asyncio.Future[None], failure: BaseException | None) -> None:
    """Give those who wait for a commit its result, unless nobody does."""
    if written.done():
        return
    if failure is None:
        written.set_result(None)
        return
    written.set_exception(_as_journal_error(failure))
    written.exception()  # `enqueue` alone does not read it


def _as_journal_error(error: BaseException) -> JournalError:
    return error if isinstance(error, JournalError) else JournalError(f"the journal can't be written: {error}")
