"""JSON Lines: a record a line, with the API's own fields.

Rules of this room: one pass is one iteration. Records become cells under the names of all fields that occur, so that
they are read as a table is; they are typed, so that no date and no number of theirs can be read in two ways. A record
may stand below its singular name, as the API wraps it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from harvest_async.bulk.sources.origin import Origin, Text
from harvest_async.errors import InvalidArgument

__all__ = ["JsonLines"]

_SHOWN: Final = 60


class JsonLines:
    """A file of records.

    Attributes:
        header: the names of all fields, in the order in which they come up.
        root: the singular name below which every record stands; empty where none does.
    """

    container: Final = "jsonl"
    typed: Final = True
    delimiter: Final = ""
    header_line: Final = 1

    def __init__(self, origin: Origin, text: Text) -> None:
        self._origin = origin
        self.text = text
        names: dict[str, None] = {}
        roots: set[str] = set()
        for _, root, record in self._all():
            roots.add(root)
            names.update(dict.fromkeys(record))
        self.header = list(names)
        self.root = roots.pop() if len(roots) == 1 else ""

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each record with its line."""
        header = self.header
        for line, _, record in self._all():
            yield line, [_cell(record.get(name)) for name in header]

    def close(self) -> None:
        """Hold nothing back: nothing is held."""

    def _all(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        with self._origin.text(self.text) as text:
            for line, content in enumerate(text, 1):
                if content.strip():
                    yield line, *_unwrap(_record(line, content))


def _record(line: int, content: str) -> dict[str, Any]:
    try:
        record = json.loads(content, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"line {line}: no JSON: {error}; begins with {content[:_SHOWN]!r}") from None
    if not isinstance(record, dict):
        raise InvalidArgument(f"line {line}: no JSON object: {content[:_SHOWN].strip()!r}")
    return record


def _no_number(word: str) -> None:
    msg = f"{word} is no number"
    raise ValueError(msg)


def _unwrap(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if len(record) == 1:
        ((root, inner),) = record.items()
        if isinstance(inner, dict):
            return root, inner
    return "", record


def _cell(value: Any) -> str:
    """A value as text: what is null is empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | Decimal) else json.dumps(value, default=str)
