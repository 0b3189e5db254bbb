"""How an answer of API v1 is read: one value for each kind of answer.

Rules of this room: pure values; `dialect` reads by them. `root` is the name below which JSON wraps a record
(contract: json.list_wrapping, single_wrapping); XML's roots are not looked at.
"""

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
        root: its name in JSON answers.
        written_as: its name in JSON requests, if another (contract: category_roots).
        xml: its name in XML requests, if not that name with dashes (contract: message_root).
    """

    model: type[T]
    root: str
    written_as: str | None = None
    xml: str | None = None

    @property
    def written(self) -> str:
        """Its name in JSON requests."""
        return self.written_as or self.root

    @property
    def xml_root(self) -> str:
        """Its name in XML requests."""
        return self.xml or self.written.replace("_", "-")


@frozen
class Many(Generic[T]):
    """A list, each element below its root.

    `page_size` is how many a full page has; None where the list comes whole (contract: paging).
    """

    model: type[T]
    root: str
    page_size: int | None = None


@frozen
class Bare(Generic[T]):
    """A record without a root (contract: json.exceptions)."""

    model: type[T]


@frozen
class Entry:
    """A day entry: bare, or nested below whatever root (contract: flat_json_timer, add_reply_root)."""


@frozen
class Made:
    """A create: the record if it came along, else the id in `Location` (contract: writes.create)."""

    result: One[Any] | Entry


@frozen
class Changed:
    """An update or a toggle: the record if it came along, else None (contract: writes.update)."""

    result: One[Any] | Entry


@frozen
class Removed:
    """A delete.

    Attributes:
        hints: whether a `Hint` tells that it became an archiving (contract: delete_means_archive).
        told: whether the answer tells at all.
    """

    hints: bool = False
    told: bool = True


@frozen
class Done:
    """Nothing that is read: the answer's status says it all."""


@frozen
class Raw:
    """Whatever comes, as a tree; None where nothing comes."""
