"""Decode JSON lists with msgspec, several times as fast (extra `speed`).

Notes:
- Only this module imports msgspec.
- It reads plain, complete records, and leaves everything else to `shape`: fields that a record does not know, numbers
  as text, typed fields that are blank. Its results are equal to those of `shape`.
- Fields of types that msgspec does not know are read as texts (see `twins`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, get_args

import msgspec
from attrs import NOTHING, Factory, fields, frozen, resolve_types

from harvest_async.codec.text import NUMBERS
from harvest_async.codec.twins import inner_records, is_record, restore, text_type, twin, with_records

__all__ = ["fast_reader"]

_FAR: Final = 100
_AWARE: Any = Annotated[datetime, msgspec.Meta(tz=True)]


@cache
def fast_reader(kind: Any, root: str | None) -> Callable[[bytes], list[Any]] | None:
    """Return the function that reads a slice of a list.

    Args:
        kind: the record's class.
        root: the name below which each record is; None if the records are the elements themselves.

    Returns:
        A function that raises `ValueError` for input that it leaves to `shape`; None if msgspec does not know one of
        the types, or a field is read in a special way.
    """
    try:
        strict = _strict(kind)
        element = strict if root is None else _below(root, strict)
        decoder = msgspec.json.Decoder(list[element])  # type: ignore[valid-type]
        target: Any = list[twin(kind)]  # type: ignore[misc]
        msgspec.convert([], target)
    except TypeError:
        return None

    numbers = _numbers(kind)

    def read(whole: bytes) -> list[Any]:
        elements: list[Any] = decoder.decode(whole)
        if root is not None:
            elements = [element.record for element in elements]
        _check_all(elements, numbers)
        records: list[Any] = msgspec.convert(elements, target, from_attributes=True)
        restore(records, kind)
        return records

    return read


def _below(root: str, strict: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the class of an object whose only field is a record."""
    record = ("record", strict, msgspec.field(name=root))
    return msgspec.defstruct("Below", [record], forbid_unknown_fields=True, gc=False)


def _check(column: list[Decimal | None]) -> None:
    """Raise `ValueError` for numbers that `shape` may refuse: NaN as text, very large or small ones, too many digits.

    A list has few different rates and hours, so that it is enough to look at those, and at each zero: zeros of
    different exponents are equal.
    """
    try:
        numbers = {number for number in set(column) if number is not None}
        zeros = [number for number in column if number is not None and not number] if 0 in numbers else []
        places = set(map(Decimal.adjusted, (*numbers, *zeros)))
        usual = all(map(Decimal.is_finite, map(NUMBERS.plus, numbers))) and all(-_FAR < each < _FAR for each in places)
    except (ArithmeticError, TypeError) as error:
        raise ValueError(error) from error
    if not usual:
        raise ValueError(numbers)


@frozen
class _Numbers:
    """The decimal numbers of a record, and those of the records in it."""

    decimals: tuple[Callable[[Any], Any], ...]
    nested: tuple[tuple[Callable[[Any], Any], _Numbers], ...]


def _numbers(kind: Any) -> _Numbers:
    own = {field.name: {field.type, *get_args(field.type)} for field in fields(kind)}
    decimals = tuple(attrgetter(name) for name, kinds in own.items() if Decimal in kinds)
    inner = {name: next(filter(is_record, kinds), None) for name, kinds in own.items()}
    found = ((name, _numbers(each)) for name, each in inner.items() if each is not None)
    return _Numbers(decimals, tuple((attrgetter(name), each) for name, each in found if each.decimals or each.nested))


def _check_all(records: list[Any], numbers: _Numbers) -> None:
    for column in numbers.decimals:
        _check([*map(column, records)])
    for inner, of_inner in numbers.nested:
        _check_all(inner_records(inner, records), of_inner)


@cache
def _strict(kind: Any) -> Any:
    """Return the struct that reads a record without fields that it does not know, in nested records neither.

    Raises:
        TypeError: a field is read in a special way.
    """
    resolve_types(kind)
    if any(field.metadata.keys() - {"identity"} for field in fields(kind)):
        msg = f"{kind.__name__} has fields that are read in a special way"
        raise TypeError(msg)
    known = [_known(field) for field in fields(kind) if field.name != "extra"]
    return msgspec.defstruct(kind.__name__, known, forbid_unknown_fields=True, kw_only=True, gc=False)


def _known(field: Any) -> tuple[Any, ...]:
    """Return a field as msgspec declares it; times without a zone are left to `shape`."""
    kind = text_type(field.type) or with_records(field.type, _strict)
    kind = _AWARE | None if datetime in get_args(field.type) else kind
    if field.default is NOTHING or field.metadata.get("identity"):
        return (field.name, kind)
    if isinstance(field.default, Factory):  # type: ignore[arg-type]
        return (field.name, kind, msgspec.field(default_factory=field.default.factory))
    return (field.name, kind, field.default)
