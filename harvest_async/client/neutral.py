"""Records in a neutral form, by which a record of one API version becomes one of another.

A neutral record is a dict of plain values by path: `client.id` is the id of the client in the record. Each version has
a table of `RecordShape`s, one for each of its record classes. A field that a shape doesn't list has its own name as
path. Versions have a field in common if their shapes give it the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from operator import eq
from typing import Any, Final, TypeAlias, get_args, get_origin

from attrs import field, fields, frozen, has, resolve_types

__all__ = [
    "ANY",
    "Convert",
    "FieldShape",
    "Neutral",
    "RecordShape",
    "Rule",
    "inverted",
    "is_value",
    "renamed",
    "same_as",
]

Neutral: TypeAlias = dict[str, Any]
"""The values of a record by path. Records in lists are tuples of such dicts."""

Convert: TypeAlias = Callable[[Any, Neutral], Any]
"""Convert a value, given all values of the record that it is read from."""

Rule: TypeAlias = Callable[[Any, Neutral], bool]
"""Return whether the loss of a value is unimportant, given all values of its record."""


def _unchanged(value: Any, _: Neutral) -> Any:
    return value


@frozen
class FieldShape:
    """A field whose neutral form differs from its own.

    Attributes:
        own: its path in the record.
        neutral: its path in the neutral record.
        read: converts its value to the neutral one.
        write: converts the neutral value to its own.
        same: whether two values of its own mean the same.
    """

    own: str
    neutral: str
    read: Convert = _unchanged
    write: Convert = _unchanged
    same: Callable[[Any, Any], bool] = eq


def renamed(**names: str) -> tuple[FieldShape, ...]:
    """Return fields that only have another path: `spent_at="spent_date"`."""
    return tuple(FieldShape(own, neutral) for own, neutral in names.items())


def inverted(own: str, neutral: str) -> FieldShape:
    """Return a flag whose neutral form has the opposite meaning."""
    return FieldShape(own, neutral, _opposite, _opposite)


def _opposite(value: Any, _: Neutral) -> bool | None:
    return None if value is None else not value


ANY: Final[Rule] = lambda _value, _record: True  # noqa: E731 - a rule among others in tables
"""The rule of values that the server computes, or that are fields of other records."""


def is_value(expected: Any) -> Rule:
    """Return the rule of a field whose loss is unimportant if it has this value."""
    return lambda value, _: bool(value == expected)


def same_as(path: str) -> Rule:
    """Return the rule of a field whose loss is unimportant if another field of the record has the same value."""
    return lambda value, record: bool(value == record.get(path))


@frozen(eq=False)
class RecordShape:
    """How a version's records of a class are read as neutral records, and made from them.

    Attributes:
        kind: the kind of the records, which the versions have in common: `time_entry`.
        model: the class.
        fields: the fields whose neutral form differs.
        nested: the fields that hold small records, each with the paths in it that the server sends.
        always: those of them that are objects even if they have no values.
        items: the fields that hold lists of records, by neutral path, each with the paths in a record of the list.
        computed: further neutral values, each computed from the record.
        unimportant: by path, or the beginning of one, when the loss of a value is unimportant.
    """

    kind: str
    model: type[Any]
    fields: tuple[FieldShape, ...] = ()
    nested: Mapping[str, tuple[str, ...]] = field(factory=dict)
    always: tuple[str, ...] = ()
    items: Mapping[str, tuple[str, ...]] = field(factory=dict)
    computed: Mapping[str, Callable[[Neutral], Any]] = field(factory=dict)
    unimportant: Mapping[str, Rule] = field(factory=dict)

    def flatten(self, record: Any) -> Neutral:
        """Return the values of a record by its own paths; `extra`, its unknown fields, is left out."""
        return {**dict.fromkeys(self._own), **dict(_leaves(record))}

    def read(self, record: Any) -> Neutral:
        """Return a record in its neutral form."""
        own, values = self.flatten(record), {}
        for path, value in own.items():
            shape = self._listed.get(path)
            values[path if shape is None else shape.neutral] = value if shape is None else shape.read(value, own)
        return values | {path: compute(values) for path, compute in self.computed.items()}

    def write(self, values: Neutral, extra: Mapping[str, Any]) -> Any:
        """Return the record that has these neutral values, and these unknown fields."""
        own = {path: shape.write(values.get(shape.neutral), values) for path, shape in self._own.items()}
        return _build(self.model, {**own, **dict.fromkeys(self.always, ())}, {"extra": dict(extra)})

    @cached_property
    def provided(self) -> frozenset[str]:
        """The neutral paths that records of the class have a form for."""
        items = (f"{name}.{path}" for name, paths in self.items.items() for path in paths)
        return frozenset((*(each.neutral for each in self._own.values()), *self.computed, *items))

    @cached_property
    def wanted(self) -> tuple[tuple[str, str], ...]:
        """Each path of the record with its neutral path, those in lists included."""
        found = []
        for path, shape in self._own.items():
            inner = self.items.get(shape.neutral, ())
            found += [(path, shape.neutral), *((f"{path}.{each}", f"{shape.neutral}.{each}") for each in inner)]
        return tuple(found)

    def split(self, path: str) -> tuple[str, str]:
        """Split a neutral path of the record into the list that it is in, and the rest; "" if it is in none."""
        name, point, inner = path.partition(".")
        return (name, inner) if point and name in self.items else ("", path)

    def is_same(self, path: str, one: Any, other: Any) -> bool:
        """Return whether two values of a field mean the same."""
        shape = self._listed.get(path)
        return bool(one == other if shape is None else shape.same(one, other))

    def is_unimportant(self, path: str, value: Any, record: Neutral) -> bool:
        """Return whether the loss of a value is unimportant."""
        parts = path.split(".")
        rules = (self.unimportant.get(".".join(parts[: count + 1])) for count in range(len(parts)))
        return any(rule(value, record) for rule in rules if rule is not None)

    @cached_property
    def _listed(self) -> dict[str, FieldShape]:
        return {each.own: each for each in self.fields}

    @cached_property
    def _own(self) -> dict[str, FieldShape]:
        """All fields of the record by path, in order."""
        model: Any = self.model
        found = {}
        for each in _types(model):
            for path in [f"{each}.{name}" for name in self.nested[each]] if each in self.nested else [each]:
                found[path] = self._listed.get(path) or FieldShape(path, path)
        return found


def _leaves(record: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values of a record by path; those of nested records only if they are known."""
    of_record: Any = type(record)
    for name, kind in _types(of_record).items():
        value = getattr(record, name)
        if value is None:
            yield from () if _record_class(kind) else ((name, None),)
        elif isinstance(value, list):
            yield name, tuple(dict(_known(item)) if has(type(item)) else _plain(item) for item in value) or None
        elif _record_class(kind):
            yield from ((f"{name}.{path}", inner) for path, inner in _known(value))
        else:
            yield name, _plain(value)


def _known(record: Any) -> Iterator[tuple[str, Any]]:
    """Yield the known values of a nested record, its unknown fields included."""
    yield from ((path, value) for path, value in _leaves(record) if value is not None)
    if record.extra:
        yield "extra", dict(record.extra)


def _plain(value: Any) -> Any:
    """Return a member of an enumeration as plain text."""
    return str(value) if isinstance(value, str) else value


def _build(model: type[Any], values: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
    """Return a record of a class from its values by path."""
    kind: Any = model
    types, below = _types(kind), _below(values)
    known = {
        name: built
        for name, each in types.items()
        if (built := _value(each, values.get(name), below.get(name, {}))) is not None
    }
    if "id" in values and "id" in types:
        known["id"] = values["id"]
    return model(**known, **more)


def _below(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the known values of nested records by the field that holds the record."""
    found: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        name, point, inner = path.partition(".")
        if point and value is not None:
            found.setdefault(name, {})[inner] = value
    return found


def _value(kind: Any, value: Any, below: Mapping[str, Any]) -> Any:
    """Return the value of a field, given the values of the record that it holds; None if it isn't known."""
    inner = _record_class(kind)
    if inner is None and value.__class__ is not tuple:
        return _as_word(kind, value) if value.__class__ is str else value
    if get_origin(kind) is list:
        return None if value is None else [_item(inner, each) for each in value]
    return _nested(inner, below) if inner is not None and (below or value is not None) else None


def _item(model: type[Any] | None, value: Any) -> Any:
    return value if model is None else _nested(model, value)


def _nested(model: type[Any], values: Mapping[str, Any]) -> Any:
    return _build(model, values, {name: values[name] for name in ("extra",) if name in values})


@cache
def _types(model: Any) -> dict[str, Any]:
    """Return the types of a class's fields; `extra` is left out."""
    return {each.name: each.type for each in fields(resolve_types(model)) if each.name != "extra"}


@cache
def _record_class(kind: Any) -> type[Any] | None:
    """Return the class of a nested record, or of the records in a list; None if the field holds none."""
    return next((each for each in (kind, *get_args(kind)) if isinstance(each, type) and has(each)), None)


def _as_word(kind: Any, text: str) -> str:
    """Return a text as its field's enumeration; a value that the enumeration does not have stays a text."""
    for each in get_args(kind):
        if isinstance(each, type) and issubclass(each, str) and each is not str:
            try:
                found: str = each(text)
            except ValueError:
                return text
            return found
    return text
