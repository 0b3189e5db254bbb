"""The form of records as plain values, and as the JSON that the API's documentation shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Final, Literal, get_args

from attrs import fields_dict, has, resolve_types

from harvest_async.codec.slices import DEEPEST
from harvest_async.codec.text import iso, of_day
from harvest_async.errors import InvalidArgument

__all__ = [
    "Decimals",
    "as_draft",
    "decimals_as",
    "exact_floats",
    "json_tree",
    "nested_class",
    "plain_tree",
    "the_decimals",
]

Decimals = Literal["number", "string"]
"""The form of decimal numbers in JSON: `1.5` or `"1.5"`."""

_FORMS: Final = get_args(Decimals)

_setting: list[Decimals] = ["number"]
"""The form that the process uses; one element."""


def decimals_as(form: Decimals) -> None:
    """Set the form of hours, rates and amounts in the JSON of all records of this process: in `to_json` and FastAPI.

    Call it once, where the program starts. JSON that is read may have either form.

    Args:
        form: "number" (`1.5`), the default, or "string" (`"1.50"`), which keeps all digits in programs that read every
            number as a binary float, as JavaScript does.

    Raises:
        InvalidArgument: it is neither.
    """
    _setting[:] = [check_form(form)]


def check_form(form: Decimals) -> Decimals:
    """Return the form of decimal numbers.

    Raises:
        InvalidArgument: there is no such form.
    """
    if form not in _FORMS:
        raise InvalidArgument(f"Unknown form of decimals {form!r:.40}. Choose from: {', '.join(_FORMS)}.")
    return form


def the_decimals() -> Decimals:
    """Return the form of decimal numbers that the process uses."""
    return _setting[0]


Leaf = Callable[[Any], Any]
"""Convert a value that is neither a record nor a collection."""


def plain_tree(record: Any) -> dict[str, Any]:
    """Return a record as dicts and lists of its own values; fields that the library doesn't know are among them."""
    return _tree(record, _unchanged, _unchanged, with_defaults=True, with_none=True)


def json_tree(
    record: Any, decimals: Decimals | None = None, *, with_defaults: bool = True, with_none: bool = True
) -> dict[str, Any]:
    """Return a record as the tree of its JSON.

    Args:
        record: the record.
        decimals: the form of decimal numbers; None for the process's own.
        with_defaults: whether fields that have their default value are included.
        with_none: whether fields that are None are included.

    Raises:
        InvalidArgument: JSON has no form for a value.
    """
    leaf = _LEAVES[the_decimals() if decimals is None else check_form(decimals)]
    return _tree(record, leaf, _LEAVES["number"], with_defaults=with_defaults, with_none=with_none)


def exact_floats(tree: Any, levels: int = DEEPEST) -> Any:
    """Return a tree with decimals in place of floats (1.1 becomes `Decimal("1.1")`), and with dicts for records.

    Args:
        tree: the tree.
        levels: how many levels of lists and dicts it may have.

    Raises:
        ValueError: it has more.
    """
    if _is_record(tree.__class__):
        return plain_tree(tree)
    if isinstance(tree, float) and isfinite(tree):
        return Decimal(repr(tree))
    if not isinstance(tree, Mapping | list | tuple):
        return tree
    if not levels:
        msg = f"nested deeper than {DEEPEST} levels"
        raise ValueError(msg)
    if isinstance(tree, Mapping):
        return {name: exact_floats(value, levels - 1) for name, value in tree.items()}
    return [exact_floats(item, levels - 1) for item in tree]


def as_draft(kind: Any, tree: Any) -> Any:
    """Return the fields of a record with the id 0 wherever a new record has none."""
    if not isinstance(tree, Mapping):
        return tree
    ids, nested = _new_ids(kind)
    found = {**ids, **tree}
    for name in nested.keys() & tree.keys():
        inner, value = nested[name], tree[name]
        found[name] = [as_draft(inner, item) for item in value] if isinstance(value, list) else as_draft(inner, value)
    return found


def nested_class(kind: Any) -> type[Any] | None:
    """Return the class of the record, or of the records in the list, that a type allows; None if it allows none."""
    return next((each for each in (kind, *get_args(kind)) if isinstance(each, type) and has(each)), None)


@cache
def _new_ids(kind: Any) -> tuple[dict[str, int], dict[str, Any]]:
    """Return the ids of a new record, and the fields that hold records, each with their class."""
    own = fields_dict(resolve_types(kind))
    ids = {name: 0 for name, field in own.items() if field.metadata.get("identity") and field.default == 0}
    nested = {name: nested_class(field.type) for name, field in own.items()}
    return ids, {name: inner for name, inner in nested.items() if inner is not None}


def _tree(record: Any, leaf: Leaf, unknown: Leaf, *, with_defaults: bool, with_none: bool) -> dict[str, Any]:
    """Return a record as a tree, with `leaf` for the values of its fields and `unknown` for those of unknown fields.

    Nobody knows that a text in an unknown field was a number, so that numbers stay numbers there.
    """

    def tree_of(value: Any, leaf: Leaf) -> Any:
        if value is None or value.__class__ in _EXACT:
            return value
        if _is_record(value.__class__):
            return record_of(value)
        if isinstance(value, Mapping):
            return {name: tree_of(item, leaf) for name, item in value.items()}
        return [tree_of(item, leaf) for item in value] if isinstance(value, list | tuple) else leaf(value)

    def record_of(record: Any) -> dict[str, Any]:
        found = {}
        for name, default in _defaults(record.__class__).items():
            value = getattr(record, name)
            if (with_none or value is not None) and (with_defaults or value != default):
                found[name] = tree_of(value, leaf)
        for name, value in record.extra.items():  # a field of the record's own takes precedence
            found.setdefault(name, tree_of(value, unknown))
        return found

    return record_of(record)


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """Return the default value of each field; `extra` is left out."""
    defaults = {name: field.default for name, field in fields_dict(kind).items() if name != "extra"}
    return {name: getattr(default, "factory", lambda value=default: value)() for name, default in defaults.items()}


@cache
def _is_record(kind: Any) -> bool:
    return has(kind)


def _unchanged(value: Any) -> Any:
    return value


def _number(value: Decimal) -> int | float | str:
    """Return a decimal as a number of JSON; one that a binary float doesn't keep stays text."""
    number = int(value) if value == value.to_integral_value() else float(value)
    return number if Decimal(repr(number)) == value else f"{value:f}"


def _string(value: Decimal) -> str:
    return f"{value:f}"


def _leaf(write: Callable[[Decimal], Any]) -> Leaf:
    """Return the function that converts a value to JSON, with `write` for decimal numbers."""

    def leaf(value: Any) -> Any:
        if isinstance(value, Decimal) and value.is_finite():
            return write(value)
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, str):
            return str(value)
        return _moment(value)

    return leaf


def _moment(value: Any) -> str | int | float:
    """Return a day or a time as the API's documentation shows it; whole seconds or minutes where that loses nothing."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"{value.isoformat()}" if value.microsecond else iso(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, time) and value.tzinfo is None:
        return value.isoformat("seconds") if value.second else of_day(value)
    if isinstance(value, float) and isfinite(value):
        return value
    raise InvalidArgument(f"JSON has no form for {value!r:.60}: give a text, number, date, aware datetime or time")


_EXACT: Final = frozenset({str, int, bool})
_LEAVES: Final[dict[Decimals, Leaf]] = {"number": _leaf(_number), "string": _leaf(_string)}
