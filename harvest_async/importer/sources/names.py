"""What other files of an export tell about a number: project 12 is the website of ACME.

Rules of this room: a file is looked into only when a row needs it, once. What is held are the records that rows speak
of (clients, projects, tasks, people, categories, invoices), never the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

__all__ = ["Beside", "Records"]

Records = Callable[[Path], Iterator[dict[str, str]]]
"""The records of a file: the cells by the contract's names."""

_ENDINGS: Final = (".jsonl", ".ndjson", ".csv", ".xlsx", ".ods", ".xls")
_KEPT: Final = frozenset(
    {"name", "code", "client_id", "client", "first_name", "last_name", "email", "number", "unit_price"}
)


class Beside:
    """Knows the records in the files beside a file (see `reading.Names`).

    Args:
        folder: where they lie; None knows nothing.
        read: reads one of them.
    """

    def __init__(self, folder: Path | None, read: Records) -> None:
        self._folder = folder
        self._read = read
        self._known: dict[str, dict[str, dict[str, str]]] = {}

    def record(self, kind: str, number: str) -> dict[str, str] | None:
        """What is known of a record; None where it is unknown."""
        if kind not in self._known:
            self._known[kind] = self._load(kind)
        return self._known[kind].get(number.strip())

    def _load(self, kind: str) -> dict[str, dict[str, str]]:
        if self._folder is None:
            return {}
        paths = (self._folder / f"{kind}{ending}" for ending in _ENDINGS)
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            return {}
        return {
            record.get("id", "").strip(): {name: text for name, text in record.items() if name in _KEPT and text}
            for record in self._read(path)
        }
