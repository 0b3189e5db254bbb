"""Records inside records, as API v2 has them, as cells: references by name, code and id, line items as CSV text.

    {"hours": 1.5, "project": {"id": 3, "name": "Website", "code": "W"}}
    {"hours": 1.5, "project": "Website", "project_code": "W", "project_id": 3}

Invariants:
- A field of the record itself is never replaced by one of a reference.
- An object that is not a reference, and a list that is not known here, stay as they are: no cell can hold them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from harvest_async.client.line_table import HEADER
from harvest_async.importer.sources.faults import Fault
from harvest_async.importer.sources.json_values import cell, decoder
from harvest_async.importer.sources.parquet import ParquetTable
from harvest_async.importer.sources.sheets import SheetTable
from harvest_async.importer.sources.tables import CsvTable

__all__ = ["NestedTable", "flat", "is_nested"]

_IDENTIFYING: Final = ("name", "code", "number", "email", "first_name", "last_name", "id")
_PEOPLE: Final = ("user", "person", "member", "employee")
_OF_PERSON: Final = ("email", "first_name", "last_name")
_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "client": ("client", "client_id"),
    "project": ("project", "project_code", "project_id"),
    "task": ("task", "task_id"),
    "user": ("user", "user_id"),
    "expense_category": ("expense_category", "expense_category_id"),
}
"""The cells of the references in the tables of an export."""
_CENT: Final = Decimal("0.01")
_LINES: Final = "line_items"
_ROLES: Final = "access_roles"
_RIGHTS: Final = {"is_admin": "administrator", "is_project_manager": "manager"}
"""The right that each access role gives."""
_EXPORTED: Final = frozenset({"id", "created_at", "updated_at"})
"""The columns that every table of an export has."""


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its references, line items and access roles as cells."""
    if not any(isinstance(value, dict | list) for value in record.values()):
        return record
    found: dict[str, Any] = {}
    for name, value in record.items():
        known = _known(name, value)
        if known is None:
            found[name] = value
        else:
            found.update({key: each for key, each in known.items() if key == name or record.get(key) in (None, "")})
    if roles := record.get(_ROLES):
        found |= {right: role in roles for right, role in _RIGHTS.items() if isinstance(roles, list)}
    return found


def _known(name: str, value: Any) -> dict[str, Any] | None:
    """Return the cells of a nested value; None if it is not known here."""
    if isinstance(value, dict):
        return _reference(name, value)
    if isinstance(value, list) and name == _LINES:
        return {name: _lines(value)}
    return {} if isinstance(value, list) and name == _ROLES else None


def _reference(name: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """Return the cells of a reference to another record; None if it is not one."""
    found = {key: value[key] for key in _IDENTIFYING if key in value}
    cells: dict[str, Any] = {}
    if "name" in found or ("number" in found and name == "invoice"):
        cells[name] = found.get("name", found.get("number"))
        if "code" in found:
            cells[f"{name}_code"] = found["code"]
    if name in _PEOPLE:
        cells |= {key: found[key] for key in _OF_PERSON if key in found}
    if "id" in found:
        cells[f"{'user' if name in _PEOPLE else name}_id"] = found["id"]
    return cells or None


def _lines(items: list[Any]) -> Any:
    """Return line items as CSV text with a header, without ids of projects; anything else as it is."""
    if not all(isinstance(item, dict) for item in items):
        return items
    if not items:
        return ""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(HEADER)
    rows.writerows([cell(_in_cents(item.get(name)))[0] for name in HEADER] for item in items)
    return out.getvalue()


def _in_cents(value: Any) -> Any:
    """Return a number with two decimals at least; anything else as it is."""
    if not isinstance(value, Decimal) or value != value.quantize(_CENT):
        return value
    return value.quantize(_CENT)


def is_nested(header: Sequence[str]) -> bool:
    """Return whether a table is one of an export whose cells may hold references, line items or access roles."""
    names = set(header)
    return names >= _EXPORTED and not names.isdisjoint({*_REFERENCES, _LINES, _ROLES})


class NestedTable:
    """A table whose cells hold records of an export as JSON, as a table of plain cells.

    Attributes:
        header: the names of the plain cells.
        faults: line -> column (from 0) -> why the cell can't be read, of the current record.
    """

    nested: Final = True

    def __init__(self, table: CsvTable | ParquetTable | SheetTable) -> None:
        self._table = table
        self._nested = [(place, name) for place, name in enumerate(table.header) if _is_nested_name(name)]
        self.header = list(_names(table.header))
        self.header_line = table.header_line
        self.text = table.text
        self.container, self.typed, self.delimiter = table.container, table.typed, table.delimiter
        self.faults: dict[int, dict[int, Fault]] = {}

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record with its line."""
        names, width = self._table.header, len(self._table.header)
        for line, cells in self._table.records():
            record: dict[str, Any] = dict(zip(names, cells, strict=False))
            record |= {name: value for place, name in self._nested if (value := _parsed(cells, place)) is not None}
            found = {name: cell(value) for name, value in flat(record).items()}
            self.faults = self._faults(line, found)
            yield line, [*(found.get(name, ("", None))[0] for name in self.header), *cells[width:]]

    def _faults(self, line: int, found: Mapping[str, tuple[str, Fault | None]]) -> dict[int, dict[int, Fault]]:
        """Return the faults of a record's cells, those of the table below included."""
        places = {name: place for place, name in enumerate(self.header)}
        below = self._table.faults.get(line, {})
        faults = {places[self._table.header[place]]: fault for place, fault in below.items()}
        faults |= {places[name]: fault for name, (_, fault) in found.items() if fault is not None and name in places}
        return {line: faults} if faults else {}

    def close(self) -> None:
        """Close the table."""
        self._table.close()


def _is_nested_name(name: str) -> bool:
    return name in _REFERENCES or name in (_LINES, _ROLES)


def _names(header: Sequence[str]) -> dict[str, None]:
    """Return the names of the plain cells of a header."""
    names: dict[str, None] = {}
    for name in header:
        more = tuple(_RIGHTS) if name == _ROLES else _REFERENCES.get(name, ())
        names |= dict.fromkeys((name, *more))
    return names


def _parsed(cells: Sequence[str], place: int) -> dict[str, Any] | list[Any] | None:
    """Return the object or list in a cell; None if it has another value, such as a name that begins with a bracket."""
    text = cells[place] if place < len(cells) else ""
    if not text.startswith(("{", "[")):
        return None
    try:
        value = decoder.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None
