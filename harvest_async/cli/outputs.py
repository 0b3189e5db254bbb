"""Check the output files of a command before anything is sent.

Invariants: a check changes no file that is there. A command never writes over its input, a journal, a ledger or another
SQLite database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from harvest_async.errors import InvalidArgument

__all__ = ["check_output", "check_outputs", "write_all"]

_SQLITE: Final = b"SQLite format 3\0"


def check_outputs(outputs: Iterable[tuple[str, Path | None, bool]], inputs: Iterable[Path | None]) -> None:
    """See that every output can be written, and that no two are the same file.

    Args:
        outputs: for each option its name, its path, and whether that is a folder of files.
        inputs: files that the command reads.

    Raises:
        InvalidArgument: one can't be written.
    """
    taken = {path.resolve(): "the input" for path in inputs if path is not None}
    for option, path, is_folder in outputs:
        if path is None:
            continue
        where = path.resolve()
        if where in taken:
            raise InvalidArgument(f"{option} {path} is the same file as {taken[where]}: choose another path")
        taken[where] = option
        check_output(option, path, is_folder=is_folder)


def check_output(option: str, path: Path, *, is_folder: bool = False) -> None:
    """See that a file can be written, or files in a folder.

    Raises:
        InvalidArgument: it can't.
    """
    try:
        if is_folder:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)  # as an export creates it
            _try(path / ".harvest-async.check")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_database(path):
            raise InvalidArgument(f"{option} {path} is a database (a journal, for example): choose another path")
        _try(path)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(
            f"{option} {path} can't be written: {getattr(error, 'strerror', None) or error}"
        ) from error


def write_all(writes: Iterable[tuple[str, Path | None, Callable[[Path], None]]]) -> list[str]:
    """Write files; return what went wrong.

    Args:
        writes: for each option its name, its path, and what writes it.
    """
    faults = []
    for option, path, write in writes:
        try:
            if path is not None:
                write(path)
        except (OSError, UnicodeError) as error:
            faults.append(f"{option} {path} can't be written: {getattr(error, 'strerror', None) or error}")
    return faults


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return path.name.endswith(("-wal", "-shm")) and path.exists()
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE or path.name.endswith(("-wal", "-shm"))


def _try(path: Path) -> None:
    """Open a file for writing, and leave it as it was."""
    was_there = path.exists()
    with path.open("ab"):
        pass
    if not was_there:
        path.unlink()
