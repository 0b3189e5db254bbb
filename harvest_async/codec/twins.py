"""Classes that msgspec can create in place of records with fields that it can't read, and the way back.

msgspec refuses a field with known values (`SomeEnum | str`), and reads a time of day in one form only. Such fields are
read as texts. The twin of a record's class differs from it in these annotations alone. It has the same slots, so that a
twin becomes a record of its own class by a change of `__class__`, which costs far less than a second record.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from functools import cache, reduce
from itertools import chain
from operator import attrgetter, or_
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from attrs import fields, frozen, has, resolve_types

from harvest_async.codec.shape import is_word, plain_type, reader_of
from harvest_async.codec.values import Read

__all__ = ["inner_records", "is_record", "restore", "text_type", "twin", "with_records"]

_set: Final = object.__setattr__  # the records are frozen


def is_record(kind: Any) -> bool:
    """Return whether a type is a class of records."""
    return isinstance(kind, type) and get_origin(kind) is None and has(kind)


def with_records(kind: Any, replace: Callable[[Any], Any]) -> Any:
    """Return a field's type with other classes in place of the records in it."""
    if is_record(kind):
        return replace(kind)
    if get_origin(kind) is list:
        return list[with_records(get_args(kind)[0], replace)]  # type: ignore[misc]
    if get_origin(kind) in {Union, UnionType} and any(map(is_record, get_args(kind))):
        return reduce(or_, (with_records(each, replace) for each in get_args(kind)))
    return kind


def inner_records(get: Callable[[Any], Any], records: list[Any]) -> list[Any]:
    """Return the records in a field of records, which has one each, a list or None."""
    values = [value for value in map(get, records) if value is not None]
    return [*chain.from_iterable(value if isinstance(value, list) else (value,) for value in values)]


def text_type(kind: Any) -> Any:
    """Return the type of text that is read for a field; None if msgspec reads the field itself."""
    if not is_word(kind) and plain_type(kind) is not time:
        return None
    return str | None if NoneType in get_args(kind) else str


@cache
def twin(kind: Any) -> Any:
    """Return the class that msgspec creates for a class of records: another one only if it has to be."""
    resolve_types(kind)
    own = {field.name: field.type for field in fields(kind)}
    other = {name: text_type(each) or with_records(each, twin) for name, each in own.items()}
    changed = {name: each for name, each in other.items() if each != own[name]}
    if not changed:
        return kind
    namespace = {"__slots__": (), "__module__": kind.__module__, "__annotations__": changed}
    return type(kind.__name__, (kind,), namespace)


@frozen
class _Changes:
    """The fields of a twin that are restored: the readers of texts, and the classes of inner records."""

    texts: tuple[tuple[str, Read], ...]
    inner: tuple[tuple[Callable[[Any], Any], Any], ...]


@cache
def _changes(kind: Any) -> _Changes:
    own = {field.name: field.type for field in fields(kind)}
    texts = tuple((name, reader_of(each)) for name, each in own.items() if text_type(each) is not None)
    classes = {name: _record_class(each) for name, each in own.items()}
    inner = ((attrgetter(name), each) for name, each in classes.items() if each is not None and twin(each) is not each)
    return _Changes(texts, tuple(inner))


def _record_class(kind: Any) -> Any:
    """Return the class of the records in a field; None if there are none."""
    return next((each for each in (kind, *get_args(kind)) if is_record(each)), None)


def restore(records: list[Any], kind: Any) -> None:
    """Turn twins into records of their own class.

    Raises:
        ValueError: a text can't be read.
    """
    if twin(kind) is kind:
        return
    changes = _changes(kind)
    for record in records:
        _set(record, "__class__", kind)
    for name, read in changes.texts:
        column = [*map(attrgetter(name), records)]
        values = {text: read(text) for text in {*column} - {None}}
        for record, text in zip(records, column, strict=True) if values else ():
            if text is not None:
                _set(record, name, values[text])
    for get, inner in changes.inner:
        restore(inner_records(get, records), inner)
