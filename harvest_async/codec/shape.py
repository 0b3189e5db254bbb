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
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, partial
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin

import cattrs
from attrs import fields, has, resolve_types
from cattrs.gen import make_dict_structure_fn, override

from harvest_async.codec.text import NUMBERS, only_decode_errors, read_date, read_datetime, read_time
from harvest_async.errors import DecodeError
from harvest_async.redaction import redact_message

__all__ = ["Repeated", "shape", "shape_all"]

T = TypeVar("T")

_SHOWN = 500
"""The longest description of a fault that is shown, in characters."""

Read = Callable[[Any], Any]


class Repeated(list[Any]):
    """Elements of the same name in XML: those of a list, or one field twice."""


def shape(tree: Any, kind: type[T]) -> T:
    """Decode a tree as a record.

    Raises:
        DecodeError: a field is of the wrong type; the message has its path.
    """
    (record,) = shape_all([tree], kind)
    return record


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
        with only_decode_errors(b""):
            tree = next((tree for tree in trees if not _is_readable(read, tree)), None)
            raise DecodeError(_explain(tree, kind) or f"the response is not a {kind.__name__}") from error


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
        described = "; ".join(redact_message(fault, _SHOWN) for fault in faults[:5])
        return f"the response is not a {kind.__name__}: {described}"
    return None


def _fault(error: BaseException, _: type[Any] | None) -> str:
    return "missing" if isinstance(error, KeyError) else str(error)


@cache
def _converter(*, detailed: bool) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=detailed)
    for kind, read in _READERS.items():
        converter.register_structure_hook(kind, partial(_hook, read))
        converter.register_structure_hook(kind | None, partial(_hook, partial(_optional, read)))
    converter.register_structure_hook(str | None, lambda value, _: None if value is None else _read_text(value))
    converter.register_structure_hook_func(_is_word, lambda value, kind: _read_word(_plain_type(kind), value))
    if detailed:
        converter.register_structure_hook_factory(has, partial(_validated_record, converter))
    else:
        converter.register_structure_hook_factory(has, lambda kind: partial(_hook, _record(kind)))
    return converter


@cache
def _record(kind: Any) -> Callable[[Any], Any]:
    """Return the function that decodes a record field by field; unknown fields go into `extra`."""
    resolve_types(kind)
    known = [field for field in fields(kind) if field.name != "extra"]
    usual = [field for field in known if "read" not in field.metadata]
    exact = dict.fromkeys((field.name for field in known), _NEVER)
    exact |= {field.name: _plain_type(field.type) for field in usual if _plain_type(field.type) in _EXACT}
    blank = frozenset(field.name for field in known if field.default is None or "identity" in field.metadata)
    readers = {field.name: field.metadata.get("read") or _reader(field.type) for field in known}
    also = _also(kind)
    identity = _identity(kind)

    def read(tree: Any) -> Any:
        if not isinstance(tree, dict):
            tree = _without_fields(tree)
        values: dict[str, Any] = {}
        for name, value in tree.items():
            if name not in exact:
                if name in also:
                    values.setdefault(also[name], readers[also[name]](value))
                else:
                    values.setdefault("extra", {})[name] = value
            elif value.__class__ is exact[name]:
                values[name] = value
            elif value is not None or name not in blank:
                values[name] = readers[name](value)
        if identity is not None and identity not in values:
            if values.keys() <= {"extra"}:
                raise KeyError(identity)
            values[identity] = None
        return kind(**values)

    return read


def _also(kind: Any) -> dict[str, str]:
    """Return the fields by their other names."""
    return {name: field.name for field in fields(kind) for name in field.metadata.get("also", ())}


def _lists(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind) if get_origin(field.type) is list)


def _identity(kind: Any) -> str | None:
    """Return the name of the field that holds a record's own id."""
    return next((field.name for field in fields(kind) if field.metadata.get("identity")), None)


def _plain_type(kind: Any) -> Any:
    """Return a field's type without None."""
    return next((each for each in get_args(kind) if each is not NoneType), kind) if NoneType in get_args(kind) else kind


def _reader(kind: Any) -> Read:
    """Return the function that reads a value which is not of its field's type already."""
    if get_origin(kind) is list:
        read = _reader(get_args(kind)[0])
        return lambda value: [read(item) for item in _as_list(value)]
    plain = _plain_type(kind)
    if plain in _READERS:
        read = _READERS[plain] if plain is kind else partial(_optional, _READERS[plain])
        return _ISO[plain](read) if plain in _ISO else read
    if _is_word(kind):
        return partial(_read_word, plain)
    hook = _converter(detailed=False).get_structure_hook(kind)
    return lambda value: hook(value, kind)


def _is_word(kind: Any) -> bool:
    """Return whether a field holds a subclass of str: an enumeration's member, or a currency."""
    plain = _plain_type(kind)
    return isinstance(plain, type) and issubclass(plain, str) and plain is not str


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
    known = {field.name for field in fields(kind)} - {"extra"} | _also(kind).keys()

    def structure(tree: Any, _: Any) -> Any:
        if not isinstance(tree, Mapping):
            tree = _without_fields(tree)
        if identity is not None and tree.get(identity) is None:
            if not known & tree.keys() - {identity}:
                msg = f"required field missing: {identity}"
                raise ValueError(msg)
            tree = {**tree, identity: 0}  # the result is thrown away
        return read({name: (_as_list if name in lists else _last)(value) for name, value in tree.items()}, kind)

    return structure


def _without_fields(tree: Any) -> dict[str, Any]:
    """Return the fields of an empty object, which is an empty text in XML."""
    if isinstance(tree, str) and not tree.strip():
        return {}
    raise _wrong("an object", tree)


def _last(value: Any) -> Any:
    """Return a field's value: the last one, if it comes twice."""
    return value[-1] if value.__class__ is Repeated else value


def _as_list(value: Any) -> list[Any]:
    """Return a list from JSON, from elements in XML, or from a blank text."""
    if isinstance(value, Mapping):
        (value, *_) = value.values() or [[]]
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return value if isinstance(value, list) else [value]


def _hook(read: Read, value: Any, _: Any) -> Any:
    """Call a reader in the way in which cattrs calls hooks."""
    return read(value)


def _optional(read: Read, value: Any) -> Any:
    try:
        return read(value)
    except ValueError:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if value.__class__ is Repeated:
            return _optional(read, _last(value))
        raise


def _read_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value.adjusted() < _LONGEST and value == value.to_integral_value():
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    raise _wrong("a whole number", value)


def _read_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | str) and not isinstance(value, bool):
        try:
            number = NUMBERS.create_decimal(value.strip() if isinstance(value, str) else value)
        except ArithmeticError:
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


def _read_word(kind: type[str], value: Any) -> str | None:
    """Return a text as its field's class; a value that an enumeration does not have stays a str."""
    if value is None:
        return None
    text = _read_text(_last(value))
    try:
        return kind(text)
    except ValueError:
        return text


def _iso_datetime(read: Read) -> Read:
    """Read datetimes in ISO 8601 directly, and all others with `read`."""

    def reader(value: Any) -> Any:
        try:
            found = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return read(value)
        return found if found.tzinfo is not None else read(value)

    return reader


def _iso_date(read: Read) -> Read:
    """Read dates in ISO 8601 directly, and all others with `read`."""

    def reader(value: Any) -> Any:
        try:
            return date.fromisoformat(value)
        except (ValueError, TypeError):
            return read(value)

    return reader


def _from_text(read: Callable[[str], T], what: str) -> Callable[[Any], T]:
    def reader(value: Any) -> T:
        if value.__class__ is str:
            return read(value)
        raise _wrong(what, value)

    return reader


_LONGEST = 20
"""The most digits of a whole number with a point or an exponent: 1e999999999 would fill the memory."""


class _NEVER:
    """A class without instances."""


_EXACT: frozenset[Any] = frozenset({int, str, bool, Decimal})


def _wrong(expected: str, value: Any) -> ValueError:
    return ValueError(f"expected {expected}, got {_show(value)}")


def _show(value: Any) -> str:
    text = redact_message(repr(value), _SHOWN)
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004


_READERS: dict[Any, Read] = {
    int: _read_integer,
    str: _read_text,
    Decimal: _read_decimal,
    bool: _read_boolean,
    datetime: _from_text(read_datetime, "a datetime"),
    date: _from_text(read_date, "a date"),
    time: _from_text(read_time, "a time of day"),
}

_ISO: dict[Any, Callable[[Read], Read]] = {datetime: _iso_datetime, date: _iso_date}
