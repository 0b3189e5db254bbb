"""Drafts and changes: what is sent of a record that is to be made, or of one that was changed.

Rules of this room: pure. A `Form` says what may be written of a kind of record, by the types in `fields`. A record that
was read is never made again, and a change sends only what differs, never what the server keeps to itself; a difference
that is made in another way is refused with that way's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import field, fields, frozen

from harvest_async.client import validation as checks
from harvest_async.errors import InvalidArgument

__all__ = ["Form", "form"]

T = TypeVar("T")

Values = dict[str, Any]


@frozen
class Form(Generic[T]):
    """What may be written of a kind of record.

    Attributes:
        name: the resource, for errors.
        model: the record's type.
        new: how each field is checked that a create takes.
        needed: those that it can't do without.
        change: how each field is checked that an update takes.
        elsewhere: what neither takes, or one of them does not, and how it is changed instead.
        making: what a create is called.
        optional: those of `needed` that may be left out all the same; they are arguments by their place.
    """

    name: str
    model: type[T]
    new: Mapping[str, checks.Check]
    needed: tuple[str, ...]
    change: Mapping[str, checks.Check]
    elsewhere: Mapping[str, str] = field(factory=dict)
    making: str = "create"
    optional: frozenset[str] = frozenset()

    def creation(self, given: Mapping[str, Any], *needed: object) -> Values:
        """The fields of a new record: those of a draft, or those that were given.

        Args:
            given: fields by name.
            needed: what a create can't do without, in that order, or a draft in its place.

        Raises:
            InvalidArgument: one is missing, unknown, or of the wrong kind, or the draft was made already.
        """
        where = f"{self.name}.{self.making}"
        first, *others = needed
        drafted = {}
        if isinstance(first, self.model):
            drafted, first = self._drafted(first, where), None
        own = dict(zip(self.needed, (first, *others), strict=True))
        told = {name: value for name, value in own.items() if value is not None}
        values = self._checked(where, {**drafted, **told, **given}, self.new)
        if missing := [name for name in self.needed if values.get(name) is None and name not in self.optional]:
            raise InvalidArgument(f"{where}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
        return values

    def changes(self, before: object, changed: object, given: Mapping[str, Any]) -> Values:
        """The fields of a change: what differs between two records, or from one record in what was given.

        Where the record as it was is not at hand, but its id, that is whatever the changed one has, or all that was
        given.

        Raises:
            InvalidArgument: one is unknown, of the wrong kind, or changed in another way.
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
        return {name: value for name, value in values.items() if getattr(before, name) != value}

    def _drafted(self, draft: T, where: str) -> Values:
        record: Any = draft
        if record.id is None:
            raise InvalidArgument(f"{where}: this {self.model.__name__} came from the server, without an id")
        if record.id:
            raise InvalidArgument(f"{where}: this {self.model.__name__} is there already, with id {record.id}")
        return {name: value for name in self.new if (value := getattr(draft, name)) is not None}

    def _differing(self, before: object, changed: Any, where: str) -> Values:
        if not isinstance(before, self.model):
            return {name: value for name in self.change if (value := getattr(changed, name)) is not None}
        was: Any = before
        if changed.id != was.id:
            raise InvalidArgument(f"{where}: the records have different ids, {was.id} and {changed.id}")
        names = (each.name for each in fields(type(changed)))
        differing = [name for name in names if getattr(changed, name) != getattr(was, name)]
        return {name: getattr(changed, name) for name in differing if name in self.change or name in self.elsewhere}

    def _checked(self, where: str, given: Mapping[str, Any], known: Mapping[str, checks.Check]) -> Values:
        for name in given:
            if name not in known and name in self.elsewhere:
                raise InvalidArgument(f"{where}: {name} can't be written here: {self.elsewhere[name]}")
            if name not in known:
                raise InvalidArgument(f"{where}: it takes no {name!r}; it takes {', '.join(sorted(known))}")
        return {name: known[name](f"{where}: {name}", value) for name, value in given.items()}


def form(
    name: str,
    model: type[T],
    new: type[Any],
    change: type[Any],
    needed: Mapping[str, str],
    *,
    making: str = "create",
    optional: frozenset[str] = frozenset(),
    **elsewhere: str,
) -> Form[T]:
    """Make a form from the types in `fields`; `needed` are the names and types that a create can't do without."""
    taken = {**{key: checks.check_of(kind) for key, kind in needed.items()}, **_checks_of(new)}
    return Form(name, model, taken, tuple(needed), _checks_of(change), elsewhere, making, optional)


def _checks_of(kind: type[Any]) -> dict[str, checks.Check]:
    hints: Mapping[str, Any] = kind.__annotations__
    return {name: checks.check_of(getattr(hint, "__forward_arg__", hint)) for name, hint in hints.items()}
