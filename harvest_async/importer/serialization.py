"""Convert rows and fields to text for the journal, and back without loss.

A value without a JSON type is an object with one key that names its type: `{"$decimal": "1.50"}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import fields

from harvest_async.importer.sources import kinds

__all__ = ["pack", "pack_row", "unpack", "unpack_row"]

_WRITE: Final[Mapping[type[Any], Callable[[Any], dict[str, str]]]] = {
    Decimal: lambda value: {"$decimal": str(value)},
    Fraction: lambda value: {"$fraction": str(value)},
    datetime: lambda value: {"$datetime": value.isoformat()},
    date: lambda value: {"$date": value.isoformat()},
    time: lambda value: {"$time": value.isoformat()},
}
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "$decimal": Decimal,
    "$fraction": Fraction,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
}
_ROWS: Final = {
    each.__name__: each
    for each in (
        kinds.TimeRow,
        kinds.ExpenseRow,
        kinds.ClientRow,
        kinds.ContactRow,
        kinds.ProjectRow,
        kinds.TaskRow,
        kinds.PersonRow,
        kinds.TaskLinkRow,
        kinds.UserLinkRow,
        kinds.CategoryRow,
        kinds.ItemCategoryRow,
        kinds.InvoiceRow,
        kinds.PaymentRow,
        kinds.MessageRow,
    )
}
_NAMES: Final = {name: tuple(each.name for each in fields(kind)) for name, kind in _ROWS.items()}


def pack(values: Mapping[str, Any]) -> str:
    """Return fields as text."""
    return json.dumps(values, default=_plain, ensure_ascii=False, separators=(",", ":"))


def unpack(text: str) -> dict[str, Any]:
    """Return the fields that were given to `pack`."""
    found: dict[str, Any] = json.loads(text, object_hook=_rich)
    return found


def pack_row(row: kinds.AnyRow) -> tuple[str, str]:
    """Return the name of a row's class, and the row as text."""
    name = type(row).__name__
    return name, pack({each: getattr(row, each) for each in _NAMES[name]})


def unpack_row(name: str, text: str) -> kinds.AnyRow:
    """Return the row that was given to `pack_row`."""
    return _ROWS[name](**unpack(text))


def _plain(value: Any) -> dict[str, str]:
    for kind, write in _WRITE.items():
        if isinstance(value, kind):
            return write(value)
    msg = f"{value!r} can't be stored in a journal: {type(value).__name__} is not supported"
    raise TypeError(msg)


def _rich(tree: dict[str, Any]) -> Any:
    if len(tree) == 1:
        [(name, value)] = tree.items()
        if name in _READ:
            return _READ[name](value)
    return tree
