"""Convert records to JSON lines and cells: the fields of the models in their order, then any other field received.

Decimals keep all their digits, and times are in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin

from attrs import fields, has, resolve_types

from harvest_async.codec.text import iso, of_day

__all__ = ["EXTRA", "cell", "cells", "columns", "line", "tree"]

EXTRA: Final = "extra"
"""The column that holds the fields unknown to the models, as JSON."""

_NONE: Final[frozenset[str]] = frozenset()


def columns(model: Any, left_out: frozenset[str] = _NONE) -> dict[str, type[Any]]:
    """Return the fields of a model with their plain types, without `extra` and without `left_out`."""
    return _columns(model, left_out)


@cache
def _columns(model: Any, left_out: frozenset[str]) -> dict[str, type[Any]]:
    resolve_types(model)
    return {field.name: _plain(field.type) for field in fields(model) if field.name not in {EXTRA, *left_out}}


def _plain(kind: Any) -> type[Any]:
    """Return a type without None and without its alternatives; a list stays one."""
    if isinstance(get_origin(kind), type) and get_origin(kind) is not UnionType:
        return list
    plain: type[Any] = next((each for each in get_args(kind) if each is not NoneType), kind)
    return plain


def tree(record: Any, left_out: frozenset[str] = _NONE) -> dict[str, Any]:
    """Return the fields of a record; those unknown to the model come last."""
    found = {name: getattr(record, name) for name in columns(type(record), left_out)}
    return {**found, **record.extra} if record.extra else found


def line(record: Any, left_out: frozenset[str] = _NONE) -> str:
    """Return a record as a line of JSON."""
    return _object(tree(record, left_out)) + "\n"


def cells(record: Any, left_out: frozenset[str] = _NONE) -> list[str]:
    """Return a record as the cells of a row, `extra` last."""
    row = [cell(getattr(record, name)) or "" for name in columns(type(record), left_out)]
    row.append(_json(record.extra) if record.extra else "")
    return row


def cell(value: Any) -> str | None:
    """Return a value as the text of a cell; None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    return _json(value).strip('"') if isinstance(value, date | time) else _json(value)


def _json(value: Any) -> str:
    """Return a value as JSON. Decimals are written as they are; `json` would write binary floats."""
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
