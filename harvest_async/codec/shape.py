"""Tree <-> attrs, by cattrs: one recipe for both formats.

Rules of this room: pure. Reading is fast and says nothing; only where it failed is the tree read again, slowly, to
tell which field was wrong. Reading is generous where the contract shows it to be needed:

- numbers may come as text, and typed texts may be padded (contract: ids_as_strings, padded_values);
- typed fields that are blank are None (contract: empty_ended_at);
- what the records don't know is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, TypeVar

import cattrs
from attrs import evolve, fields, has
from cattrs.gen import make_dict_structure_fn, override

from harvest_async.codec.text import read_date, read_datetime, read_time
from harvest_async.errors import DecodeError

__all__ = ["shape"]

T = TypeVar("T")


def shape(tree: Any, kind: type[T]) -> T:
    """Read a tree as a record.

    Raises:
        DecodeError: a field is of the wrong type; the message has its path.
    """
    try:
        return _converter(detailed=False).structure(tree, kind)
    except Exception as error:
        raise DecodeError(_explain(tree, kind)) from error


def _explain(tree: Any, kind: type[Any]) -> str:
    try:
        _converter(detailed=True).structure(tree, kind)
    except Exception as error:  # noqa: BLE001 - cattrs gathers all kinds
        faults = cattrs.transform_error(error, format_exception=_fault)
        return f"the answer is no {kind.__name__}: {'; '.join(faults[:5])}"
    return f"the answer is no {kind.__name__}"


def _fault(error: BaseException, _: type[Any] | None) -> str:
    return "missing" if isinstance(error, KeyError) else str(error)


@cache
def _converter(*, detailed: bool) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=detailed)
    for kind, read in _READERS.items():
        converter.register_structure_hook(kind, partial(_required, read))
        converter.register_structure_hook(kind | None, partial(_optional, read))
    converter.register_structure_hook(str, lambda value, _: _read_text(value))
    converter.register_structure_hook(str | None, lambda value, _: None if value is None else _read_text(value))
    converter.register_structure_hook_factory(has, partial(_record, converter))
    return converter


def _record(converter: cattrs.Converter, kind: type[Any]) -> Callable[[Any, Any], Any]:
    """How a record is read: by cattrs, and what it does not know goes into `extra`."""
    read = make_dict_structure_fn(
        kind,
        converter,
        extra=override(omit=True),
        _cattrs_detailed_validation=converter.detailed_validation,
    )
    known = frozenset(field.name for field in fields(kind))
    lists = frozenset(field.name for field in fields(kind) if str(field.type).startswith("list"))

    def structure(tree: Any, _: Any) -> Any:
        if not isinstance(tree, Mapping):
            msg = f"expected an object, got {_show(tree)}"
            raise TypeError(msg)
        for name in lists & tree.keys():
            tree = {**tree, name: _as_list(tree[name])}
        record = read(dict(tree), kind)
        unknown = tree.keys() - known
        return evolve(record, extra={name: tree[name] for name in tree if name in unknown}) if unknown else record

    return structure


def _as_list(value: Any) -> list[Any]:
    """A list, whether JSON gave it, XML gave it below one element each, or it is blank (contract: projects_absent)."""
    if isinstance(value, Mapping):
        (value, *_) = value.values() or [[]]
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return value if isinstance(value, list) else [value]


def _required(read: Callable[[Any], Any], value: Any, _: Any) -> Any:
    return read(value)


def _optional(read: Callable[[Any], Any], value: Any, _: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return read(value)


def _read_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    raise _wrong("a whole number", value)


def _read_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | str) and not isinstance(value, bool):
        try:
            number = Decimal(value.strip() if isinstance(value, str) else value)
        except InvalidOperation:
            raise _wrong("a decimal number", value) from None
        if number.is_finite():
            return number
    raise _wrong("a decimal number", value)


def _read_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else value
    if word in ("true", "1", 1):
        return True
    if word in ("false", "0", 0):
        return False
    raise _wrong("true or false", value)


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise _wrong("a text", value)


def _from_text(read: Callable[[str], T], what: str) -> Callable[[Any], T]:
    def reader(value: Any) -> T:
        if not isinstance(value, str):
            raise _wrong(what, value)
        return read(value)

    return reader


def _wrong(expected: str, value: Any) -> ValueError:
    return ValueError(f"expected {expected}, got {_show(value)}")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004 - a glance is enough


_READERS: dict[type[Any], Callable[[Any], Any]] = {
    int: _read_integer,
    Decimal: _read_decimal,
    bool: _read_boolean,
    datetime: _from_text(read_datetime, "a moment"),
    date: _from_text(read_date, "a date"),
    time: _from_text(read_time, "a time of day"),
}
