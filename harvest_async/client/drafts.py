"""The fields that are sent when a record is created or changed.

A `Form` lists the fields of one kind of record that may be written. A record that was read from the server is never
created again. A change contains only the fields that differ, and never those that the server sets; a difference that is
changed by another call is refused, and the error names that call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from attrs import field, fields, frozen

from harvest_async.client.validation import Check, check_of
from harvest_async.errors import InvalidArgument

__all__ = ["Form", "form"]

T = TypeVar("T")

Values = dict[str, Any]

_UNKNOWN: Final = object()
"""In place of a field that a record lacks: it differs from every value."""


@frozen
class Form(Generic[T]):
    """The fields of one kind of record that may be written.

    Attributes:
        name: the resource, for errors.
        model: the record's type.
        new: the fields that a create accepts, each with its check.
        needed: the fields that are positional arguments of a create.
        change: the fields that an update accepts, each with its check.
        elsewhere: other fields, each with the way to change it.
        making: the name of the create method, for errors.
        optional: the fields of `needed` that may be left out.
    """

    name: str
    model: type[T]
    new: Mapping[str, Check]
    needed: tuple[str, ...]
    change: Mapping[str, Check]
    elsewhere: Mapping[str, str] = field(factory=dict)
    making: str = "create"
    optional: frozenset[str] = frozenset()

    def creation(self, given: Mapping[str, Any], *needed: object) -> Values:
        """Return the fields of a new record, from a draft or from arguments.

        Args:
            given: the optional fields, by name.
            needed: the positional arguments, in the order of `needed`, or a draft as the first.

        Raises:
            InvalidArgument: a field is missing, unknown or invalid, or the draft was created already.
        """
        where = f"{self.name}.{self.making}"
        first, *others = needed or (None,)
        drafted = {}
        if isinstance(first, self.model):
            drafted, first = self._drafted(first, where), None
        own = dict(zip(self.needed, (first, *others), strict=bool(self.needed)))
        positional = {name: value for name, value in own.items() if value is not None}
        values = self._checked(where, {**drafted, **positional, **given}, self.new)
        if missing := [name for name in self.needed if values.get(name) is None and name not in self.optional]:
            raise InvalidArgument(f"{where}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
        return values

    def changes(self, before: object, changed: object, given: Mapping[str, Any]) -> Values:
        """Return the fields of a change: those that differ between two records, or between a record and the arguments.

        Args:
            before: the record as it was, or its id. If only the id is known, all fields of `changed` are returned.
            changed: the record as it is to be; None if fields are given.
            given: the fields to change, by name.

        Raises:
            InvalidArgument: a field is unknown or invalid, or is changed by another call.
        """
        where = f"{self.name}.update"
        if isinstance(changed, self.model):
            if given:
                raise InvalidArgument(f"{where}: give a changed record or fields, not both")
            given = self._differing(before, changed, where)
        elif changed is not None:
            raise InvalidArgument(f"{where}: give a {self.model.__name__} or fields, not {changed!r}")
        values = self._checked(where, given, self.change)
        if not isinstance(before, self.model):
            return values
        return {name: value for name, value in values.items() if getattr(before, name, _UNKNOWN) != value}

    def _drafted(self, draft: T, where: str) -> Values:
        record: Any = draft
        if record.id is None:
            raise InvalidArgument(f"{where}: this {self.model.__name__} came from the server, without an id")
        if record.id:
            raise InvalidArgument(
                f"{where}: this {self.model.__name__} exists already, with id {record.id}: use {self.name}.update"
            )
        return {name: value for name in self.new if (value := getattr(draft, name, None)) is not None}

    def _differing(self, before: object, changed: Any, where: str) -> Values:
        if not isinstance(before, self.model):
            return {name: value for name in self.change if (value := getattr(changed, name, None)) is not None}
        was: Any = before
        if changed.id != was.id:
            raise InvalidArgument(f"{where}: the records have different ids, {was.id} and {changed.id}")
        names = dict.fromkeys((*(each.name for each in fields(type(changed))), *self.change))
        known = [name for name in names if name in self.change or name in self.elsewhere]
        pairs = {name: (getattr(changed, name, None), getattr(was, name, None)) for name in known}
        return {name: value for name, (value, before_it) in pairs.items() if value != before_it}

    def _checked(self, where: str, given: Mapping[str, Any], known: Mapping[str, Check]) -> Values:
        for name in given:
            if name not in known and name in self.elsewhere:
                raise InvalidArgument(f"{where}: {name} can't be set here: {self.elsewhere[name]}")
            if name not in known:
                raise InvalidArgument(f"{where}: unknown field {name!r}. Choose from: {', '.join(sorted(known))}")
        return {name: known[name](f"{where}: {name}", value) for name, value in given.items()}


def form(
    name: str,
    model: type[T],
    new: type[Any],
    change: type[Any],
    needed: Mapping[str, object],
    *,
    making: str = "create",
    optional: frozenset[str] = frozenset(),
    **elsewhere: str,
) -> Form[T]:
    """Return a form.

    Args:
        name: the resource, for errors.
        model: the record's type.
        new: a `TypedDict` of the optional fields of a create.
        change: a `TypedDict` of the fields of an update.
        needed: the positional arguments of a create, each with its type.
        making: the name of the create method, for errors.
        optional: the fields of `needed` that may be left out.
        elsewhere: other fields, each with the way to change it.
    """
    checks = {**{key: check_of(kind) for key, kind in needed.items()}, **_checks_of(new)}
    return Form(name, model, checks, tuple(needed), _checks_of(change), elsewhere, making, optional)


def _checks_of(fields: type[Any]) -> dict[str, Check]:
    """Return the check of each field of a `TypedDict` whose annotations are not text."""
    return {name: check_of(hint) for name, hint in fields.__annotations__.items()}
