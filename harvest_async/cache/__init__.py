"""Answers that are kept: HTTP caching by validators (extra `cache`).

Rules of this room: what it takes is loaded when a cache is made; `shelf` does the work.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harvest_async.errors import InvalidArgument

if TYPE_CHECKING:
    from harvest_async.cache.store import ResponseStore

__all__ = ["HttpCache"]

_LEAST: Final = 1024 * 1024


class HttpCache:
    """Keeps answers in a SQLite file, for one client or several: `HarvestV1(..., cache=HttpCache("harvest.db"))`.

    Only reads that the contract calls safe are kept, never the throttle's status, and no answer of more than 1 MiB.
    The file holds the account's data and is its owner's alone; different accounts and people may share it without
    ever getting each other's answers.

    Args:
        path: the file; it is made if it is not there, its folder has to be.
        max_size: bytes that the file may grow to.

    Raises:
        InvalidArgument: `max_size` is below 1 MiB.
        ImportError: the extra is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_size: int = 256 * 1024 * 1024) -> None:
        if max_size < _LEAST:
            raise InvalidArgument(f"HttpCache: max_size={max_size!r}: give 1 MiB or more, in bytes")
        try:
            from harvest_async.cache import store as shelf  # noqa: PLC0415 - optional
        except ImportError as error:
            message = "HttpCache needs hishel: python -m pip install 'harvest-async[cache]'"
            raise ImportError(message) from error
        self._shelf = shelf.ResponseStore
        self._path = Path(path)
        self._max_size = max_size

    def open(self, place: str) -> ResponseStore:
        """Give one client's part of it. `place` names the account: service and name."""
        return self._shelf(self._path, self._max_size, place)

    def __repr__(self) -> str:
        return f"HttpCache({str(self._path)!r})"
