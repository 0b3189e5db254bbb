"""Records -> what is written: the contract's fields in the order of the models, and whatever else the server told.

Rules of this room: pure. Nothing is lost: decimals keep all their digits, moments are in UTC, fields that the models do
not know stand beside the others. Fields that only drafts have are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, Final, get_args

from attrs import fields, has, resolve_types

from harvest_async.codec.text import iso, of_day

__all__ = ["EXTRA", "cell", "cells", "columns", "line", "tree"]

EXTRA: Final = "extra"
"""The column of a table that holds what the models don't know, as JSON."""

_DRAFTS: Final = {
    "Invoice": frozenset(
        {
            "projects_to_invoice", "import_hours", "import_expenses", "expense_summary_type", "expense_period_start",
            "expense_period_end",
        }
    ),
    "InvoiceMessage": frozenset({"recipients", "attach_pdf"}),
}  # fmt: skip


def columns(model: Any) -> dict[str, type[Any]]:
    """The fields of a model with their plain types, `extra` left out."""
    return _columns(model)


@cache
def _columns(model: Any) -> dict[str, type[Any]]:
    resolve_types(model)
    drafts = _DRAFTS.get(model.__name__, frozenset())
    return {
        field.name: _plain(field.type) for field in fields(model) if field.name != EXTRA and field.name not in drafts
    }


def _plain(kind: Any) -> type[Any]:
    """A type without its None and its alternatives."""
    plain: type[Any] = next((each for each in get_args(kind) if each is not NoneType), kind)
    return plain


def tree(record: Any) -> dict[str, Any]:
    """A record as its fields; what the model does not know comes last."""
    found = {name: getattr(record, name) for name in columns(type(record))}
    return {**found, **record.extra} if record.extra else found


def line(record: Any) -> str:
    """A record as a line of JSON."""
    return _json(tree(record)) + "\n"


def cells(record: Any) -> list[str]:
    """A record as the cells of a row, `extra` the last."""
    row = [cell(getattr(record, name)) or "" for name in columns(type(record))]
    row.append(_json(record.extra) if record.extra else "")
    return row


def cell(value: Any) -> str | None:
    """A value as the text of a cell; None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    return _json(value).strip('"') if isinstance(value, date | time) else _json(value)


def _json(value: Any) -> str:
    """JSON, numbers with a point written as they are; `json` would make binary floats of them."""
    write = _JSON.get(type(value))
    if write is not None:
        return write(value)
    if has(type(value)):
        return _object(tree(value))
    return next(write(value) for kind, write in _JSON.items() if isinstance(value, kind))


def _object(value: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_json(each)}" for name, each in value.items()) + "}"


def _array(value: Iterable[Any]) -> str:
    return "[" + ", ".join(map(_json, value)) + "]"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


_JSON: Final[dict[type[Any], Callable[[Any], str]]] = {
    NoneType: lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: lambda value: format(value, "f"),
    str: lambda value: _text(str(value)),
    datetime: lambda value: _text(iso(value)),
    date: lambda value: _text(iso(value)),
    time: lambda value: _text(of_day(value)),
    dict: _object,
    list: _array,
    tuple: _array,
}
