"""The folder of an app's imports: for each one its file, its record, its journal and its progress.

Invariants:
- The worker processes of an app share the folder. A record is replaced as a whole; while an import is active, the
  holder of its account's run lock alone does so.
- The files are their owner's alone.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from harvest_async.fastapi.imports.record import ImportRecord

__all__ = ["ImportFolder"]

_ID: Final = re.compile(r"[0-9a-f]{9}-[0-9a-f]{16}")
_RECORD: Final = "import.json"
_REMOVED: Final = ".removed-"
"""The beginning of the name of a folder that is being removed."""
_ABANDONED: Final = 3600.0
"""Seconds after which an upload or a removal that never ended is removed."""


class ImportFolder:
    """The imports of an app.

    Args:
        path: the folder; it is created for its owner alone.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def create(self) -> str:
        """Create the folder of a new import, and return its id; ids sort by time."""
        number = f"{int(time.time()):09x}-{secrets.token_hex(8)}"
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._path / number).mkdir(mode=0o700)
        return number

    def file(self, number: str, name: str) -> Path:
        """Return the path of a file of an import."""
        return self._path / number / name

    def journal(self, number: str) -> Path:
        """Return the path of an import's journal."""
        return self.file(number, "import.journal")

    def rejected(self, number: str) -> Path:
        """Return the path of the file with an import's rejected rows."""
        return self.file(number, "rejected.csv")

    def load(self, number: str) -> ImportRecord | None:
        """Return an import; None if there is none."""
        return _record_in(self._path / number) if _ID.fullmatch(number) else None

    def save(self, record: ImportRecord) -> None:
        """Replace the record of an import; it is on the disk when this returns."""
        _replace(self.file(record.id, _RECORD), record.dump(), sync=True)

    def all(self) -> list[ImportRecord]:
        """Return all imports, the latest first."""
        found = (self.load(number) for number in sorted(self._numbers(), reverse=True))
        return [record for record in found if record is not None]

    def is_current(self, record: ImportRecord) -> bool:
        """Return whether nobody has changed or removed an import since it was read; a new one is not stored yet."""
        stored = self.load(record.id)
        if stored is None or not record.account:
            return stored is None and not record.account
        return (stored.phase, stored.changed_at) == (record.phase, record.changed_at)

    def remove_inactive(self, number: str) -> ImportRecord | None:
        """Remove an import on which no process works; return it if one does."""
        record = self.load(number)
        if record is not None and record.is_active:
            return record
        moved = self._move_away(number)
        record = _record_in(moved)
        if record is not None and record.is_active:  # it was begun just before it was moved
            moved.rename(self._path / number)
            return record
        shutil.rmtree(moved, ignore_errors=True)
        return None

    def remove(self, number: str) -> None:
        """Remove an import with all of its files."""
        shutil.rmtree(self._move_away(number), ignore_errors=True)

    def _move_away(self, number: str) -> Path:
        """Rename the folder of an import, so that from now on nobody finds or begins it; return the new path."""
        moved = self._path / f"{_REMOVED}{number}"
        with suppress(FileNotFoundError):
            (self._path / number).rename(moved)
        return moved

    def remove_abandoned(self) -> None:
        """Remove what is left of uploads, and of removals, that never ended."""
        oldest = time.time() - _ABANDONED
        for number in self._numbers():
            folder = self._path / number
            with suppress(FileNotFoundError):
                if not (folder / _RECORD).exists() and folder.stat().st_mtime < oldest:
                    self.remove(number)
        for moved in self._path.glob(f"{_REMOVED}*"):
            with suppress(FileNotFoundError):
                if moved.stat().st_mtime < oldest:
                    shutil.rmtree(moved, ignore_errors=True)

    def clear_journal(self, number: str) -> None:
        """Remove the journal of a plan that was cut off: nothing of it was sent."""
        journal = self.journal(number)
        for ending in ("", "-wal", "-shm"):
            journal.with_name(f"{journal.name}{ending}").unlink(missing_ok=True)

    # The request to cancel, and the progress, which processes exchange

    def request_cancel(self, number: str, *, wanted: bool = True) -> None:
        """Request that the process which works on an import stops, or withdraw the request."""
        flag = self.file(number, "cancel")
        if wanted:
            with suppress(FileNotFoundError):  # it was removed meanwhile
                flag.touch(mode=0o600)
        else:
            flag.unlink(missing_ok=True)

    def cancel_requested(self, number: str) -> bool:
        """Return whether the import shall stop."""
        return self.file(number, "cancel").exists()

    def save_progress(self, number: str, progress: dict[str, Any]) -> None:
        """Replace the progress of an import."""
        with suppress(OSError):  # the import itself does not depend on it
            _replace(self.file(number, "progress.json"), json.dumps(progress).encode(), sync=False)

    def progress(self, number: str) -> dict[str, Any] | None:
        """Return the progress of an import; None before there is any."""
        try:
            found: dict[str, Any] = json.loads(self.file(number, "progress.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def version(self, number: str) -> tuple[int, int]:
        """Return a value that changes whenever the record or the progress does."""
        return _changed(self.file(number, _RECORD)), _changed(self.file(number, "progress.json"))

    def _numbers(self) -> Iterator[str]:
        with suppress(FileNotFoundError):
            yield from (each.name for each in self._path.iterdir() if _ID.fullmatch(each.name))


def _record_in(folder: Path) -> ImportRecord | None:
    """Return the import in a folder; None if there is none."""
    try:
        return ImportRecord.load((folder / _RECORD).read_bytes())
    except (OSError, ValueError):
        return None


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _replace(path: Path, content: bytes, *, sync: bool) -> None:
    """Replace a file as a whole."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    new.touch(mode=0o600, exist_ok=False)
    with new.open("wb") as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    new.replace(path)
