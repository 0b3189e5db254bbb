"""How the response of an endpoint is read: one value for each kind of response. The dialect reads by them."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from attrs import frozen

__all__ = ["Bare", "Changed", "Done", "Entry", "Made", "Many", "One", "Raw", "Removed"]

T = TypeVar("T")


@frozen
class One(Generic[T]):
    """One record below its root.

    Attributes:
        model: the record's type.
        root: the key above the record in responses, where they have one.
        written_as: what is around the record's fields in requests, a value of the dialect; None for the usual.
    """

    model: type[T]
    root: str
    written_as: Any = None


@frozen
class Many(Generic[T]):
    """A list of records, each below its root.

    Attributes:
        model: the type of the records.
        root: the key above each record, or above the list, in responses.
        page_size: the number of records on a full page; None if the list is not paged.
    """

    model: type[T]
    root: str
    page_size: int | None = None


@frozen
class Bare(Generic[T]):
    """A record without a root."""

    model: type[T]


@frozen
class Entry:
    """A time entry, with or without a root: the endpoints of time tracking use different ones."""


@frozen
class Made:
    """A created record: the record if the response has it, else the id in the `Location` header."""

    result: One[Any] | Entry


@frozen
class Changed:
    """An updated record, or None if the response has no body."""

    result: One[Any] | Entry


@frozen
class Removed:
    """What a delete did.

    Attributes:
        hints: whether the response has a `Hint` header if the record was archived instead of deleted.
        known: whether the response shows at all what happened.
    """

    hints: bool = False
    known: bool = True


@frozen
class Done:
    """Nothing: the status alone shows that the call succeeded."""


@frozen
class Raw:
    """The body as a tree of plain values, or None if it is empty."""
