"""The progress of an import in a file, which every worker process can read."""

from __future__ import annotations

import time

from harvest_async.fastapi.imports.folder import ImportFolder

__all__ = ["FileProgress"]

_PAUSE = 0.2
"""Seconds between two changes of the file, so that thousands of calls cost little."""


class FileProgress:
    """Writes what it receives as `Progress` to the file of an import.

    Args:
        folder: the folder of the imports.
        number: the import's id.
    """

    def __init__(self, folder: ImportFolder, number: str) -> None:
        self._folder = folder
        self._number = number
        self._what, self._done, self._total = "", 0, 0
        self._state: str | None = None
        self._written = 0.0

    def begin(self, what: str, calls: int) -> None:
        """See `Progress.begin`."""
        self._what, self._done, self._total = what, 0, calls
        self._write()

    def step(self) -> None:
        """See `Progress.step`."""
        self._done += 1
        if self._done >= self._total or time.monotonic() - self._written >= _PAUSE:
            self._write()

    def state(self, what: str | None) -> None:
        """See `Progress.state`."""
        self._state = what
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        shown = {"what": self._what, "done": min(self._done, self._total), "total": self._total, "state": self._state}
        self._folder.save_progress(self._number, shown)
