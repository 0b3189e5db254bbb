"""Write files durably: first beside their path, then renamed into place.

An old file is kept until its successor is on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["Keep", "durable", "place", "scratch"]

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
