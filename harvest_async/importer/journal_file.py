"""Open the SQLite file of a journal.

Invariants:
- A file that can't be read as a journal is never changed, replaced or deleted.
- A journal is its owner's alone (permissions 0600); SQLite gives its `-wal` file the same permissions.
- While a journal is open its main file says so (`open` in `meta`). A process that is killed leaves that mark and a
  `-wal` file with the latest changes. If the mark is there and the `-wal` file is not, the latest changes are missing:
  resuming such a journal would send rows twice, so it is refused.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from harvest_async.errors import InvalidArgument

__all__ = ["FORMAT", "JournalError", "JournalInUse", "close_database", "copy_database", "make_private", "open_database"]

FORMAT: Final = "3"
_CONVERSIONS: Final = {"2": "alter table step add column reference text"}
"""The statement that converts a journal of each older format to this one."""

_WAL_MAGIC: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_HEADER: Final = b"SQLite format 3\0"

_SCHEMA: Final = """
create table meta (name text primary key, value text not null) without rowid;
create table source (
    id integer primary key, kind text not null, line integer not null, row integer not null, part integer not null,
    file text not null, content text not null
);
create table problem (
    id integer primary key, line integer not null, row integer not null, column_name text not null,
    reason text not null, content text not null, file text not null
);
create table step (
    id integer primary key, kind text not null, action text not null, key text not null, source integer,
    client integer, project integer, other integer, person integer, day text, hours text,
    content text not null default '{}',
    state text not null, record integer, attempts integer not null default 0, lost_at real, reason text,
    reference text
);
create index step_by_key on step (kind, key);
create index step_by_state on step (state, kind);
create table known (key text not null, record integer not null, primary key (key, record)) without rowid;
"""

_TABLES: Final = frozenset({"meta", "source", "problem", "step", "known"})


class JournalError(InvalidArgument):
    """The journal can't be used for this: it belongs to something else, is in use, or is no journal."""

    names_machine = True


class JournalInUse(JournalError):
    """Another process has the journal open."""


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open a journal, or create one where there is no file or an empty one; None opens one in memory.

    Raises:
        JournalInUse: another process has it.
        JournalError: the file is no journal, is damaged, lacks its `-wal` file, or can't be written.
    """
    if path is None:
        database = _connect(":memory:")
        _create(database)
        return database
    is_new = _check_file(path)
    database = _connect(str(path))
    try:
        _check_tables(database, path, is_new=is_new)
        _create(database)  # before it has a -wal file: it is whole or empty, whenever the process is killed
        _hold(database)
        _check_content(database, path)
        _mark(database, "1")
    except BaseException as error:
        database.close()
        if isinstance(error, sqlite3.Error):
            raise _explain(path, error) from error
        raise
    return database


def close_database(database: sqlite3.Connection) -> None:
    """Close a journal; its main file is complete then, and the `-wal` file is deleted.

    On a full disk the `-wal` file stays where the main file can't take its changes; the mark stays, too.
    """
    try:
        with suppress(sqlite3.Error):
            _mark_closed(database)
    finally:
        database.close()


def copy_database(database: sqlite3.Connection, target: Path) -> None:
    """Copy an open journal into a new file, which is complete by itself.

    Raises:
        JournalError: the file is there already, or can't be written.
    """
    if target.exists() or _wal(target).exists():
        raise JournalError(f"{target} is there already: choose another path, or resume it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_private(target)
        _mark(database, "0")
        try:
            database.execute("vacuum into ?", (str(target),))
        finally:
            _mark(database, "1")
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"the journal {target} can't be written: {error}") from error


def make_private(path: Path) -> None:
    """Create a file for its owner alone, or take the others' permissions away."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix":
        path.chmod(0o600)


def _check_file(path: Path) -> bool:
    """See that the file may be opened at all; return whether it is new.

    SQLite deletes a `-wal` file that lies beside an empty or missing main file, so that is looked at first.
    """
    wal = _wal(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise JournalError(f"the folder of the journal {path} can't be created: {error}") from error
    try:
        is_new = not path.exists() or path.stat().st_size == 0
        if is_new and wal.exists() and wal.stat().st_size:
            raise JournalError(
                f"{wal} belongs to a journal, and {path} is missing or empty: put that journal back beside it, or "
                "choose another path"
            )
        if not is_new:
            _check_header(path)
            if _is_open(path) and not _has_header(wal):
                raise JournalError(_without_wal(path))
        make_private(path)
        if wal.exists():
            make_private(wal)
    except OSError as error:
        raise JournalError(f"the journal {path} can't be opened or written: {error}") from error
    return is_new


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_HEADER)) != _HEADER:
            raise JournalError(f"{path} is no journal of an import: it is left as it is")


def _has_header(wal: Path) -> bool:
    if not wal.is_file():
        return False
    with wal.open("rb") as file:
        return file.read(4) in _WAL_MAGIC


def _check_tables(database: sqlite3.Connection, path: Path, *, is_new: bool) -> None:
    """See that a file is a journal before anything in it is changed."""
    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    if not tables and (is_new or path.stat().st_size == 0):
        return
    if not tables:
        raise JournalError(_without_wal(path))
    if not tables >= _TABLES:
        raise JournalError(f"{path} is no journal of an import but another program's database: it is left as it is")


def _hold(database: sqlite3.Connection) -> None:
    """Hold the file for this process alone, and see to it that a commit is on the disk."""
    database.execute("pragma locking_mode = exclusive")
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = full")
    database.execute("begin immediate")
    database.execute("commit")


def _create(database: sqlite3.Connection) -> None:
    """Create the tables where there are none."""
    if database.execute("select 1 from sqlite_master where name = 'meta'").fetchone():
        return
    database.execute("begin immediate")
    if not database.execute("select 1 from sqlite_master where name = 'meta'").fetchone():
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute("insert into meta values ('format', ?)", (FORMAT,))
    database.execute("commit")


def _check_content(database: sqlite3.Connection, path: Path) -> None:
    """See that the journal is whole, and of this format."""
    [(found,)] = database.execute("pragma quick_check(1)").fetchall()
    if found != "ok":
        raise JournalError(f"the journal {path} is damaged ({found}): it is left as it is; restore it from a backup")
    version = dict(database.execute("select name, value from meta where name = 'format'")).get("format")
    if version in _CONVERSIONS:
        _convert(database, _CONVERSIONS[version])
    elif version != FORMAT:
        raise JournalError(
            f"the journal {path} has format {version}, and this version reads {FORMAT}: it is left as it is; use the "
            "version of harvest-async that wrote it"
        )


def _convert(database: sqlite3.Connection, statement: str) -> None:
    """Convert a journal of an older format, completely or not at all."""
    with database:
        database.execute("begin immediate")
        database.execute(statement)
        database.execute("update meta set value = ? where name = 'format'", (FORMAT,))


def _mark(database: sqlite3.Connection, value: str) -> None:
    """Write into the main file whether the journal is open; its `-wal` file is never empty while it is."""
    if database.execute("pragma database_list").fetchone()[2]:
        database.execute("insert or replace into meta values ('open', ?)", (value,))
        _write_main_file(database)


def _mark_closed(database: sqlite3.Connection) -> None:
    """Write into the main file that its journal is closed.

    Where the `-wal` file can't grow, the main file may still take its changes, and the close would delete the `-wal`
    file then. So they are moved first: the mark overwrites a part of the `-wal` file and needs no more space.
    """
    try:
        _mark(database, "0")
    except sqlite3.OperationalError:
        _write_main_file(database)
        _mark(database, "0")


def _write_main_file(database: sqlite3.Connection) -> None:
    """Write all changes of the `-wal` file into the main file."""
    database.execute("pragma wal_checkpoint(full)").fetchall()


def _is_open(path: Path) -> bool:
    """Whether the main file alone says that its journal is open."""
    immutable = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)
    try:
        return immutable.execute("select 1 from meta where name = 'open' and value = '1'").fetchone() is not None
    except sqlite3.Error:
        return False  # what is wrong is found when the journal is opened
    finally:
        immutable.close()


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _without_wal(path: Path) -> str:
    return (
        f"the journal {path} is incomplete: its run was cut off, and the file {_wal(path).name} with the latest "
        "changes is missing or damaged. Put that file beside it; without it, it is unknown which rows were sent"
    )


def _connect(where: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(where, timeout=0.2, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise JournalError(f"the journal {where} can't be opened: {error}") from error


def _explain(path: Path, error: sqlite3.Error) -> JournalError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return JournalInUse(f"the journal {path} is in use by another run: wait for it, or end it")
    if isinstance(error, sqlite3.OperationalError):
        return JournalError(f"the journal {path} can't be opened or written: {error}")
    return JournalError(f"{path} is no journal of an import, or is damaged ({error}): it is left as it is")
