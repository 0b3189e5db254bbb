"""HTTP caching of responses by validators (extra `cache`). Its dependencies are imported when a cache is created."""

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
    """Stores responses in a SQLite file, for one client or several: `HarvestV1(..., cache=HttpCache("harvest.db"))`.

    Only safe reads are stored, never the rate limit status, and no response of more than 1 MiB. The file holds the
    account's data, and only its owner can read it; different accounts and people may share it, and each gets only its
    own responses.

    Args:
        path: the file; it is created if it is missing, but its folder is not.
        max_size: the maximum size of the file in bytes.

    Raises:
        InvalidArgument: `max_size` is below 1 MiB.
        ImportError: the extra is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_size: int = 256 * 1024 * 1024) -> None:
        if max_size < _LEAST:
            raise InvalidArgument(f"HttpCache: max_size={max_size!r}: give 1 MiB or more, in bytes")
        try:
            from harvest_async.cache import store as implementation  # noqa: PLC0415 - optional
        except ImportError as error:
            message = "HttpCache needs hishel: python -m pip install 'harvest-async[cache]'"
            raise ImportError(message) from error
        self._store_type = implementation.ResponseStore
        self._path = Path(path)
        self._max_size = max_size

    def open(self, place: str) -> ResponseStore:
        """Return the part of one client. `place` names the account: service and name."""
        return self._store_type(self._path, self._max_size, place)

    def __repr__(self) -> str:
        return f"HttpCache({str(self._path)!r})"
