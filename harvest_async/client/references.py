"""Ids in paths, queries and bodies: an id may be given as a number, as text, or as the record itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import AttrsInstance, field, frozen

from harvest_async.client.validation import refuse, shown
from harvest_async.errors import InvalidArgument

__all__ = ["Id", "References"]

Id = int | str | AttrsInstance
"""An id, or a record that has one."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


@frozen
class References:
    """The types of records that are accepted in place of an id, for one API version.

    Attributes:
        kinds: the types by name of the record: `client`, `task_assignment`.
        aliases: other names of a record in arguments: `{"of_user": "person"}`.
    """

    kinds: Mapping[str, tuple[type[Any], ...]]
    aliases: Mapping[str, str] = field(factory=dict)

    def record_id(self, name: str, value: Any) -> object:
        """Return the id of a record, or the value itself if it is not a record.

        Args:
            name: the argument's name, which says what kind of record it refers to: `client`, `client_id`.
            value: an id, or a record of that kind.

        Raises:
            InvalidArgument: the record is of another kind, or has no id.
        """
        kinds = self.kinds.get(self._kind(name), ())
        if isinstance(value, kinds):
            if value.id is None:
                raise InvalidArgument(f"{name}: this {type(value).__name__} came without an id: give the id")
            if not value.id:
                raise InvalidArgument(f"{name}: this {type(value).__name__} has no id: it has not been created yet")
            return value.id
        if hasattr(value, "id"):
            expected = " or ".join(kind.__name__ for kind in kinds) or "number"
            raise InvalidArgument(f"{name}: give an id or a {expected}, not a {type(value).__name__}")
        return value

    def segment(self, name: str, value: object) -> str:
        """Return an id as text for a path or a query; an e-mail address is accepted, too.

        Raises:
            InvalidArgument: the value is not an id.
        """
        known = self.record_id(name, value)
        text = str(known)
        invalid = isinstance(known, bool) or not isinstance(known, int | str) or (isinstance(known, int) and known <= 0)
        if invalid or text in {"", ".", ".."} or _CONTROL.search(text):
            refuse(name, "an id", value)
        return text

    def reference(self, name: str, value: object) -> int:
        """Return an id as a number for a body.

        Raises:
            InvalidArgument: the value is not an id.
        """
        known = self.record_id(name, value)
        if isinstance(known, str) and known.strip().isdecimal():
            known = int(known)
        if isinstance(known, bool) or not isinstance(known, int) or known <= 0:
            raise InvalidArgument(f"{name}: give an id, not {shown(value)}")
        return known

    def _kind(self, name: str) -> str:
        """Return the name of the record that an argument refers to: `client` for `clients.update: client_id`."""
        plain = name.rpartition(" ")[2].removesuffix("_id")
        return self.aliases.get(plain, plain)
