"""Records of the files beside a file, looked up by id.

Rows of an export refer to clients, projects, tasks, people, categories and invoices by id. A file is read once, when a
row first needs it, and only the fields that identify a record are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from harvest_async.importer.sources.columns import file_names

__all__ = ["Beside", "Records"]

Records = Callable[[Path], Iterator[dict[str, str]]]
"""The records of a file: the cells by the API's field names."""

_KEPT: Final = frozenset(
    {"name", "code", "client_id", "client", "first_name", "last_name", "email", "number", "unit_price"}
)


class Beside:
    """Looks up records in the files beside a file (see `reading.Names`).

    Args:
        folder: the folder of the files; None finds no record.
        read: reads one file.
    """

    def __init__(self, folder: Path | None, read: Records) -> None:
        self._folder = folder
        self._read = read
        self._known: dict[str, dict[str, dict[str, str]]] = {}

    def record(self, kind: str, number: str) -> dict[str, str] | None:
        """Return the fields of a record; None if it is unknown."""
        if kind not in self._known:
            self._known[kind] = self._load(kind)
        return self._known[kind].get(number.strip())

    def _load(self, kind: str) -> dict[str, dict[str, str]]:
        if self._folder is None:
            return {}
        paths = (self._folder / name for name in file_names(kind))
        path = next((path for path in paths if path.is_file() and path.stat().st_size), None)
        if path is None:
            return {}
        return {
            record.get("id", "").strip(): {name: text for name, text in record.items() if name in _KEPT and text}
            for record in self._read(path)
        }
