"""Write files durably: first beside their path, then renamed into place.

An old file is kept until its successor is on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harvest_async.errors import StorageError

__all__ = ["Keep", "durable", "place", "scratch", "storage_errors"]

Keep = Callable[[str, str], bool]
"""Returns whether to keep a row, given its id and its parent's id."""


def durable(file: Any) -> None:
    """Flush a file to the disk, and close it."""
    with file:
        file.flush()
        os.fsync(file.fileno())


def scratch(path: Path) -> Path:
    """Return the path at which a file is written before it is renamed."""
    return path.with_name(f".{path.name}.new")


def place(new: Path, path: Path) -> None:
    """Rename a file that is on the disk, durably."""
    new.replace(path)
    with suppress(OSError):  # not every system can open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Raise what the system refuses inside, such as writing to a full disk, as an error that names the folder.

    Raises:
        StorageError: a file can't be read or written.
    """
    try:
        yield
    except ConnectionError:  # of the output to which the progress is reported, not of a file
        raise
    except OSError as error:
        raise StorageError(
            f"the export's folder {folder} can't be used: {error}. Completed files are kept: correct it, then export "
            "again, which resumes"
        ) from error
