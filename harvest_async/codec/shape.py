"""Decode trees as attrs records, in the same way for both formats.

Decoding is fast and has no error messages. If it fails, cattrs reads the tree again with its own slower validation, to
find which field is wrong. Decoding tolerates what servers send:

- numbers may come as text, and typed texts may be padded;
- typed fields that are blank are None;
- a field with known values (`SomeEnum | str`) keeps an unknown value as it is;
- if a field comes twice in XML, the last one counts;
- fields that the record doesn't have are kept in `extra`.

A field's metadata may have `identity` (if it is missing it is None, unless the tree has no other field of the record),
`also` (other names of the field) and `read` (a function that reads the value, in place of the one for its type).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from types import NoneType
from typing import Any, Final, TypeVar, get_args, get_origin

import cattrs
from attrs import fields, has, resolve_types
from cattrs.gen import make_dict_structure_fn, override

from harvest_async.codec.text import only_decode_errors
from harvest_async.codec.values import ISO, READERS, SHOWN, Read, as_list, last, optional, read_text, wrong
from harvest_async.errors import DecodeError
from harvest_async.redaction import redact_message

__all__ = ["field_reader", "is_word", "other_names", "plain_type", "reader_of", "shape", "shape_all"]

T = TypeVar("T")

_EXACT: Final = frozenset({int, str, bool, Decimal})
"""Types of fields whose values need no reader if they have that very type."""


class _NEVER:
    """A class without instances."""


def shape(tree: Any, kind: type[T]) -> T:
    """Decode a tree as a record.

    Raises:
        DecodeError: a field is of the wrong type; the message has its path.
    """
    of_kind: Any = kind
    try:
        return _record(of_kind)(tree)  # type: ignore[no-any-return]
    except Exception as error:
        raise _fault_in([tree], kind) from error


def shape_all(trees: Sequence[Any], kind: type[T]) -> list[T]:
    """Decode trees as records.

    Raises:
        DecodeError: a field is of the wrong type; the message has its path in its record.
    """
    of_kind: Any = kind
    read: Callable[[Any], T] = _record(of_kind)
    try:
        return [read(tree) for tree in trees]
    except Exception as error:
        raise _fault_in(trees, kind) from error


def field_reader(field: Any) -> Read:
    """Return the function that reads the values of a field of a class whose types are resolved."""
    return field.metadata.get("read") or reader_of(field.type)


def _fault_in(trees: Sequence[Any], kind: type[Any]) -> DecodeError:
    """Return the error for the first tree that can't be decoded."""
    of_kind: Any = kind
    with only_decode_errors(b""):
        tree = next((tree for tree in trees if not _is_readable(_record(of_kind), tree)), None)
        return DecodeError(_explain(tree, kind) or f"the response is not a {kind.__name__}")


def _is_readable(read: Callable[[Any], Any], tree: Any) -> bool:
    try:
        read(tree)
    except Exception:  # noqa: BLE001 - the fault is explained afterwards
        return False
    return True


def _explain(tree: Any, kind: type[Any]) -> str | None:
    """Describe the faults of a tree; None if it has none."""
    try:
        _converter(detailed=True).structure(tree, kind)
    except Exception as error:  # noqa: BLE001 - cattrs collects exceptions of all classes
        faults = cattrs.transform_error(error, format_exception=_fault)
        described = "; ".join(redact_message(fault, SHOWN) for fault in faults[:5])
        return f"the response is not a {kind.__name__}: {described}"
    return None


def _fault(error: BaseException, _: type[Any] | None) -> str:
    return "missing" if isinstance(error, KeyError) else str(error)


@cache
def _converter(*, detailed: bool) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=detailed)
    for kind, read in READERS.items():
        converter.register_structure_hook(kind, partial(_hook, read))
        converter.register_structure_hook(kind | None, partial(_hook, partial(optional, read)))
    converter.register_structure_hook(str | None, lambda value, _: None if value is None else read_text(value))
    converter.register_structure_hook_func(is_word, lambda value, kind: _read_word(plain_type(kind), value))
    if detailed:
        converter.register_structure_hook_factory(has, partial(_validated_record, converter))
    else:
        converter.register_structure_hook_factory(has, lambda kind: partial(_hook, _record(kind)))
    return converter


@cache
def _record(kind: Any) -> Callable[[Any], Any]:
    """Return the function that decodes a record field by field; unknown fields go into `extra`."""
    resolve_types(kind)
    table = {field.name: _entry(field) for field in fields(kind) if field.name != "extra"}
    also = other_names(kind)
    identity = _identity(kind)

    def read(tree: Any) -> Any:
        if not isinstance(tree, dict):
            tree = _without_fields(tree)
        values: dict[str, Any] = {}
        for given, value in tree.items():
            try:
                name, exact, may_be_none, reader = table[given]
            except KeyError:
                if given in also:
                    values.setdefault(also[given], table[also[given]][3](value))
                else:
                    values.setdefault("extra", {})[given] = value
                continue
            if value.__class__ is exact:
                values[name] = value
            elif value is not None or not may_be_none:
                values[name] = reader(value)
        if identity is not None and identity not in values:
            if values.keys() <= {"extra"}:
                raise KeyError(identity)
            values[identity] = None
        return kind(**values)

    return read


def _entry(field: Any) -> tuple[str, type, bool, Read]:
    """Return how a field is read: its name, the type that needs no reader, whether it may be None, and its reader.

    The name is the class's own string. Passing an argument by another string of the same text takes twice as long.
    """
    kind, special = plain_type(field.type), field.metadata.get("read")
    exact = kind if special is None and kind in _EXACT else _NEVER
    may_be_none = field.default is None or "identity" in field.metadata
    return field.name, exact, may_be_none, special or reader_of(field.type)


def other_names(kind: Any) -> dict[str, str]:
    """Return the fields by their other names."""
    return {name: field.name for field in fields(kind) for name in field.metadata.get("also", ())}


def _lists(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind) if get_origin(field.type) is list)


def _identity(kind: Any) -> str | None:
    """Return the name of the field that holds a record's own id."""
    return next((field.name for field in fields(kind) if field.metadata.get("identity")), None)


def plain_type(kind: Any) -> Any:
    """Return a field's type without None."""
    return next((each for each in get_args(kind) if each is not NoneType), kind) if NoneType in get_args(kind) else kind


def reader_of(kind: Any) -> Read:
    """Return the function that reads a value which is not of its field's type already."""
    if get_origin(kind) is list:
        read = reader_of(get_args(kind)[0])
        return lambda value: [read(item) for item in as_list(value)]
    plain = plain_type(kind)
    if plain in READERS:
        read = READERS[plain] if plain is kind else partial(optional, READERS[plain])
        return ISO[plain](read) if plain in ISO else read
    if is_word(kind):
        return partial(_read_word, plain)
    hook = _converter(detailed=False).get_structure_hook(kind)
    return lambda value: hook(value, kind)


def is_word(kind: Any) -> bool:
    """Return whether a field holds a subclass of str: an enumeration's member, or a currency."""
    plain = plain_type(kind)
    return isinstance(plain, type) and issubclass(plain, str) and plain is not str


def _read_word(kind: type[str], value: Any) -> str | None:
    """Return a text as its field's class; a value that an enumeration does not have stays a str."""
    if value is None:
        return None
    text = value if value.__class__ is str else read_text(last(value))
    try:
        return kind(text)
    except ValueError:
        return text


def _validated_record(converter: cattrs.Converter, kind: type[Any]) -> Callable[[Any, Any], Any]:
    """Return the function that decodes a record with cattrs' validation, to find its faults."""
    own: dict[str, Any] = {
        field.name: override(struct_hook=partial(_hook, field.metadata["read"]))
        for field in fields(kind)
        if "read" in field.metadata
    }
    read = make_dict_structure_fn(kind, converter, extra=override(omit=True), **own, _cattrs_detailed_validation=True)
    lists = _lists(kind)
    identity = _identity(kind)
    known = {field.name for field in fields(kind)} - {"extra"} | other_names(kind).keys()

    def structure(tree: Any, _: Any) -> Any:
        if not isinstance(tree, Mapping):
            tree = _without_fields(tree)
        if identity is not None and tree.get(identity) is None:
            if not known & tree.keys() - {identity}:
                msg = f"required field missing: {identity}"
                raise ValueError(msg)
            tree = {**tree, identity: 0}  # the result is thrown away
        return read({name: (as_list if name in lists else last)(value) for name, value in tree.items()}, kind)

    return structure


def _without_fields(tree: Any) -> dict[str, Any]:
    """Return the fields of an empty object, which is an empty text in XML."""
    if isinstance(tree, str) and not tree.strip():
        return {}
    raise wrong("an object", tree)


def _hook(read: Read, value: Any, _: Any) -> Any:
    """Call a reader in the way in which cattrs calls hooks."""
    return read(value)
