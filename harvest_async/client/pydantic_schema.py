"""The schemas of records for Pydantic, from the fields of their classes.

Notes:
- Pydantic is imported here only, and this module only when Pydantic asks for a schema.
- Values are read by the same functions as in responses of the API, and written as in `Record.to_json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Final, get_args, get_origin

from attrs import NOTHING, fields_dict, resolve_types
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, SchemaSerializer, core_schema

from harvest_async.client.field_descriptions import described_fields, description_of
from harvest_async.client.json_form import exact_floats, json_tree, nested_class, plain_tree, the_decimals
from harvest_async.codec.shape import field_reader, other_names
from harvest_async.codec.values import wrong

__all__ = ["core_schema_of", "json_schema_of", "serializer_of"]

_LEAVES: Final[dict[type[Any], JsonSchemaValue]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    str: {"type": "string"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    time: {"type": "string", "examples": ["8:00am"]},
}


def core_schema_of(kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return Pydantic's schema of a class of records.

    Records are accepted as they are. Objects are read field by field, so that errors have the field's place; fields
    that the class doesn't have are kept in `extra`.
    """
    own = fields_dict(resolve_types(kind))
    read = {
        name: core_schema.typed_dict_field(_field_schema(field, handler), required=field.default is NOTHING)
        for name, field in own.items()
        if name != "extra"
    }
    return core_schema.no_info_wrap_validator_function(
        _builder(kind, frozenset(read)),
        core_schema.typed_dict_schema(read, cls_name=kind.__name__, extra_behavior="allow"),
        ref=f"{kind.__module__}.{kind.__qualname__}:{id(kind)}",
        serialization=core_schema.plain_serializer_function_ser_schema(_write, info_arg=True),
    )


def json_schema_of(kind: Any, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """Return the JSON schema of a class of records, as its JSON is read or written.

    Responses have all fields, requests those that a caller gives.
    """
    found = handler(schema)
    shape = handler.resolve_ref_schema(found)
    described = described_fields(kind)
    properties = shape.setdefault("properties", {})
    for name, field in fields_dict(kind).items():
        if name != "extra":
            meaning = {"description": described[name]} if name in described else {}
            properties[name] = _property(field, properties.get(name, {}), handler.mode) | meaning
    shape |= {"title": kind.__name__, "description": description_of(kind)}
    if handler.mode == "serialization":
        shape["required"] = list(properties)
    return found


@cache
def serializer_of(kind: Any) -> SchemaSerializer:
    """Return what writes the records of a class where a type like `dict[str, Any]` names no class."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return adapter.serializer


def _builder(kind: Any, known: frozenset[str]) -> Callable[[Any, Callable[[Any], Any]], Any]:
    """Return the function that builds a record from what Pydantic is given."""
    renamed = other_names(kind)

    def build(value: Any, read: Callable[[Any], Any]) -> Any:
        if isinstance(value, kind):
            return value
        if renamed and isinstance(value, Mapping):
            value = {**{name: value[also] for also, name in renamed.items() if also in value}, **value}
            value = {name: item for name, item in value.items() if name not in renamed}
        found = read(value)
        extra = {name: exact_floats(found[name]) for name in found.keys() - known}
        return kind(**{name: found[name] for name in known & found.keys()}, extra=extra)

    return build


def _write(record: Any, info: core_schema.SerializationInfo) -> dict[str, Any]:
    """Return a record as Pydantic writes it. A field counts as set if it differs from its default."""
    if info.mode == "python":
        tree = plain_tree(record)
    else:
        all_fields = not (info.exclude_unset or info.exclude_defaults)
        tree = json_tree(record, with_defaults=all_fields, with_none=not info.exclude_none)
    return _selected(tree, info.include, info.exclude)  # type: ignore[no-any-return]


def _selected(tree: Any, include: Any, exclude: Any) -> Any:
    """Return the parts of a tree that Pydantic's `include` and `exclude` select: names, or dicts of what is below."""
    if include is None and exclude is None:
        return tree
    if isinstance(tree, list):
        return [_selected(item, _below(include, at), _below(exclude, at)) for at, item in enumerate(tree)]
    if not isinstance(tree, dict):
        return tree
    return {
        name: _selected(value, _below(include, name), _below(exclude, name))
        for name, value in tree.items()
        if (include is None or name in include)
        and not (exclude is not None and name in exclude and _all(exclude, name))
    }


def _below(selection: Any, key: Any) -> Any:
    """Return what a selection says about the parts of a value; None for all or none of them."""
    found = selection.get(key, selection.get("__all__")) if isinstance(selection, Mapping) else None
    return None if found is True or found is ... else found


def _all(selection: Any, key: Any) -> bool:
    """Return whether a selection names the value as a whole."""
    return _below(selection, key) is None


def _field_schema(field: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return the schema of a field: Pydantic's own for records in it, and the library's reader for other values."""
    inner = nested_class(field.type)
    if inner is None:
        read = field_reader(field)
        if get_origin(field.type) is list:
            read = _list_of(read)
        return _read_by(read, nullable=_is_nullable(field))
    found = handler.generate_schema(inner)
    if get_origin(field.type) is list:
        return core_schema.list_schema(found)
    return core_schema.nullable_schema(found) if _is_nullable(field) else found


def _read_by(read: Callable[[Any], Any], *, nullable: bool) -> CoreSchema:
    def value_of(value: Any) -> Any:
        if value is None and nullable:
            return None
        if isinstance(value, Decimal) and not value.is_finite():
            raise wrong("a finite number", value)
        return read(exact_floats(value))

    return core_schema.no_info_before_validator_function(value_of, core_schema.any_schema())


def _list_of(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_list(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise wrong("a list", value)
        return read([*value])

    return read_list


def _is_nullable(field: Any) -> bool:
    """Return whether None is a value of a field. A record that the server sent without its id has None there."""
    return NoneType in get_args(field.type) or bool(field.metadata.get("identity"))


def _property(field: Any, generated: JsonSchemaValue, mode: str) -> JsonSchemaValue:
    """Return the JSON schema of a field; `generated` is Pydantic's own, which knows records."""
    if nested_class(field.type) is not None:
        return {name: value for name, value in generated.items() if name != "title"}
    if get_origin(field.type) is list:
        return {"type": "array", "items": _one_of(_kinds(get_args(field.type)[0]), mode)}
    nothing = [{"type": "null"}] if NoneType in get_args(field.type) else []
    return _any_of([_one_of(_kinds(field.type), mode), *nothing])


def _kinds(kind: Any) -> list[Any]:
    return [each for each in get_args(kind) if each is not NoneType] or [kind]


def _one_of(kinds: list[Any], mode: str) -> JsonSchemaValue:
    """Return the schema of the values of a field, of which one type is named, or an enumeration and other texts."""
    choices = next(([str(each.value) for each in kind] for kind in kinds if issubclass(kind, Enum)), None)
    if choices is not None:
        return {"type": "string", "examples": choices}
    (kind,) = kinds
    if kind is Decimal:
        return _decimal(mode)
    return dict(_LEAVES[str if issubclass(kind, str) else kind])


def _decimal(mode: str) -> JsonSchemaValue:
    """Return the schema of decimal numbers: of both forms where they are read, of the process's form in responses."""
    number: JsonSchemaValue = {"type": "number"}
    text: JsonSchemaValue = {"type": "string", "format": "decimal"}
    if mode == "serialization":
        return text if the_decimals() == "string" else number
    return _any_of([text, number] if the_decimals() == "string" else [number, text])


def _any_of(schemas: list[JsonSchemaValue]) -> JsonSchemaValue:
    """Return the schema of values that one of several allows; unions in unions are joined."""
    flat = [inner for each in schemas for inner in each.get("anyOf", [each])]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}
