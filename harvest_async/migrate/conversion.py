"""Convert a record of one API version into the record of another, and find what is lost on the way.

Invariants:
- What is lost is found by converting the result back: a value that differs then is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from harvest_async import versions
from harvest_async.client.neutral import Neutral, RecordShape
from harvest_async.errors import InvalidArgument
from harvest_async.migrate.related import Related, sources_of

__all__ = ["Converted", "Loss", "convert", "neutral_of"]

T = TypeVar("T")


@frozen
class Loss:
    """A value that the other API version can't store.

    Attributes:
        path: the field's path in the record that was converted: `details`, `external_reference.id`, `line_items[0].id`.
        value: its value.
        is_important: False for values that the server computes, or that are fields of other records.
    """

    path: str
    value: Any
    is_important: bool = True

    def __str__(self) -> str:
        return f"{self.path} ({_shown(self.value)})"


@frozen
class Converted(Generic[T]):
    """A converted record.

    Attributes:
        record: the record of the other API version.
        lost: the values that it can't store.
        missing: the paths of its fields that the converted record's class does not have, and that no related record
            supplied; they are None.
    """

    record: T
    lost: tuple[Loss, ...] = ()
    missing: tuple[str, ...] = ()


def neutral_of(record: object) -> tuple[str, Neutral]:
    """Return a record of any API version in its neutral form, with its kind.

    Raises:
        InvalidArgument: it is no such record.
    """
    for version, each in versions.VERSIONS.items():
        if any(kind.__module__.startswith(f"{each.package}.") for kind in type(record).__mro__):
            shape = _shape_of(record, version)
            return shape.kind, shape.read(record)
    raise InvalidArgument(f"{_class_of(record)} is no record of an API version")


def _class_of(record: object) -> str:
    return f"{type(record).__module__}.{type(record).__qualname__}"


def convert(
    record: Any, source: str, target: str, *, related: Related, accepted: bool | Iterable[str], model: type[Any] | None
) -> Converted[Any]:
    """Convert a record.

    Args:
        record: the record.
        source: its API version.
        target: the other API version.
        related: other records.
        accepted: whether values may be lost; or the paths that may.
        model: the class of the result, where the version has several for the kind.

    Raises:
        InvalidArgument: the record is of no known class, or important values would be lost.
        DecodeError: a field of the record can't be read, such as the table of lines of an invoice.
    """
    before = _shape_of(record, source)
    after = _target(before.kind, target, model)
    values = related.filled(before.kind, before.read(record))
    result = after.write(values, record.extra)
    lost = tuple(_losses(before, record, before.write(after.read(result), result.extra)))
    _check(record, lost, target, accepted)
    return Converted(result, lost, tuple(_missing(before, after, values)))


@cache
def _by_class(version: str) -> Mapping[type[Any], RecordShape]:
    return {shape.model: shape for shape in versions.load("neutral", version)}


def _shape_of(record: object, version: str) -> RecordShape:
    found = _by_class(version)
    for each in type(record).__mro__:
        if each in found:
            return found[each]
    known = ", ".join(sorted(each.__name__ for each in found))
    raise InvalidArgument(f"{_class_of(record)} is no record of API {version}. Choose from: {known}")


def _target(kind: str, version: str, model: type[Any] | None) -> RecordShape:
    """Return the shape of the result: that of the given class, or the first one of the kind."""
    found = [shape for shape in _by_class(version).values() if shape.kind == kind]
    chosen = [shape for shape in found if model in {None, shape.model}]
    if not chosen:
        known = ", ".join(shape.model.__name__ for shape in found)
        raise InvalidArgument(f"into: a {kind} is no {getattr(model, '__name__', model)}. Choose from: {known}")
    return chosen[0]


def _losses(shape: RecordShape, before: Any, after: Any) -> Iterator[Loss]:
    """Yield the values of a record that differ in the record that was converted back."""
    had, has = shape.flatten(before), shape.flatten(after)
    for path, value in had.items():
        if value is not None and not shape.is_same(path, value, has.get(path)):
            for place, inner in _differing(path, value, has.get(path)):
                yield Loss(place, inner, not shape.is_unimportant(_without_places(place), inner, had))


def _differing(path: str, value: Any, other: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values that differ with their paths: those of records in lists one by one."""
    if not isinstance(value, tuple) or not all(isinstance(each, dict) for each in value):
        yield path, list(value) if isinstance(value, tuple) else value
        return
    for place, each in enumerate(value):
        same = other[place] if other is not None and place < len(other) else {}
        yield from ((f"{path}[{place}].{name}", inner) for name, inner in each.items() if same.get(name) != inner)


def _without_places(path: str) -> str:
    """Return a path without the places in lists: `line_items[0].id` -> `line_items.id`."""
    return ".".join(part.partition("[")[0] for part in path.split("."))


@frozen
class _Unprovided:
    """A path of the result that the record's class does not have.

    Attributes:
        own: the path.
        part: the list that it is in; "" if in none.
        path: its neutral path, in the records of that list.
        refers_to: the paths that say to which record the value belongs, if the record has a form for them.
    """

    own: str
    part: str
    path: str
    refers_to: tuple[str, ...]


@cache
def _unprovided(before: RecordShape, after: RecordShape) -> tuple[_Unprovided, ...]:
    sources, found = sources_of(before.kind), []
    for own, neutral in after.wanted:
        part, path = after.split(neutral)
        source = sources.get(neutral)
        key = () if source is None else source.key.values()
        refers_to = tuple(each for each in key if f"{part}.{each}".lstrip(".") in before.provided)
        if neutral not in before.provided:
            found.append(_Unprovided(own, part, path, refers_to))
    return tuple(found)


def _missing(before: RecordShape, after: RecordShape, values: Neutral) -> Iterator[str]:
    """Yield the paths of the result that neither the record nor a related record has a form for."""
    for each in _unprovided(before, after):
        parts = values.get(each.part) or () if each.part else (values,)
        if any(_is_unknown(each.path, each.refers_to, part) for part in parts):
            yield each.own


def _is_unknown(path: str, refers_to: Iterable[str], values: Neutral) -> bool:
    """Return whether a value is unknown, and not just absent because there is no record that it would belong to."""
    return path not in values and all(values.get(each) is not None for each in refers_to)


_SHOWN: Final = 40


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _check(record: Any, lost: Iterable[Loss], target: str, accepted: bool | Iterable[str]) -> None:
    """Refuse a conversion that loses important values which the caller has not accepted."""
    if accepted is True:
        return
    names = (accepted,) if isinstance(accepted, str) else tuple(accepted or ())
    refused = [each for each in lost if each.is_important and not _is_below(each.path, names)]
    if refused:
        raise InvalidArgument(
            f"{type(record).__name__} {_id_of(record)}: API {target} can't store "
            f"{', '.join(map(str, refused))}: give lossy=True, or a list of these fields, to convert it without them"
        )


def _is_below(path: str, names: Iterable[str]) -> bool:
    """Return whether a path is one of the names, or in one of them."""
    return any(f"{_without_places(path)}.".startswith(f"{name}.") for name in names)


def _id_of(record: Any) -> str:
    """Return a record's id for messages; its name if it has none."""
    return str(getattr(record, "id", None) or getattr(record, "name", None) or "without id")
