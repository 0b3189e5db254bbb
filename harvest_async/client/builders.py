"""What the endpoints have in common: paths, parameters, bodies, and the four usual verbs.

Rules of this room: see `calls`. Where an id is wanted, the record itself will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from attrs import AttrsInstance

from harvest_async.call import Body, Call, Created, DeleteResult, Page, Repeat, path
from harvest_async.client import validation as checks
from harvest_async.client.results import Changed, Made, Many, One, Removed

__all__ = [
    "IDEMPOTENT",
    "SAFE",
    "UNSAFE",
    "Id",
    "Query",
    "body",
    "create",
    "delete",
    "get",
    "given",
    "listing",
    "of_user",
    "place",
    "request",
    "toggle",
    "update",
]

T = TypeVar("T")

Id = int | str | AttrsInstance
Query = tuple[tuple[str, str], ...]

SAFE, IDEMPOTENT, UNSAFE = Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.UNSAFE

_PLACE: Final = re.compile(r"\{(\w+)\}")


def place(template: str, *ids: Id) -> str:
    """A path with checked ids in its places; what a place is called says which records may stand there."""
    names = _PLACE.findall(template)
    return path(_PLACE.sub("{}", template), *map(checks.segment, names, ids))


def of_user(user: Id | None) -> Query:
    """Contract: of_user, as a query parameter (of_user_in_body)."""
    return () if user is None else (("of_user", checks.segment("of_user", user)),)


def given(**parameters: Any) -> Query:
    """The parameters that were given."""
    return tuple((name, str(value)) for name, value in parameters.items() if value is not None)


def listing(
    name: str,
    where: str,
    one: One[T],
    updated_since: datetime | None = None,
    query: Query = (),
    *,
    size: int | None = None,
) -> Call[Page[T]]:
    """A list, or what changed in it since a moment (contract: updated_since); `size` is what a full page has."""
    if updated_since is not None:
        query = (*query, ("updated_since", checks.since(updated_since)))
    return Call(name, "GET", where, Many(one.model, one.root, size), SAFE, query)


def get(name: str, where: str, one: One[T], query: Query = ()) -> Call[T]:
    """One record."""
    return Call(name, "GET", where, one, SAFE, query)


def create(name: str, where: str, one: One[T], fields: Mapping[str, Any], query: Query = ()) -> Call[Created[T]]:
    """A create, which never may be sent twice (contract: writes.create)."""
    return Call(name, "POST", where, Made(one), UNSAFE, query, body(one, fields))


def update(name: str, where: str, one: One[T], fields: Mapping[str, Any], query: Query = ()) -> Call[T | None]:
    """A partial update (contract: writes.update)."""
    return Call(name, "PUT", where, Changed(one), IDEMPOTENT, query, body(one, fields))


def toggle(name: str, method: str, where: str, one: One[T]) -> Call[T | None]:
    """A change without a body that a repeat would undo (contract: toggles_flip, content_length_zero)."""
    return Call(name, method, where, Changed(one), UNSAFE)


def delete(name: str, where: str, query: Query = (), *, hints: bool = False) -> Call[DeleteResult]:
    """A delete; `hints` where a `Hint` tells of an archiving (contract: delete_means_archive)."""
    return Call(name, "DELETE", where, Removed(hints=hints), IDEMPOTENT, query)


def body(one: One[Any], fields: Mapping[str, Any]) -> Body:
    """A record below its root; XML has dashes (contract: xml.default_style)."""
    return Body(fields, one.written, one.xml_root)


def request(fields: Mapping[str, Any]) -> Body:
    """Time tracking's body: without a root in JSON (daily_request_unwrapped), with underscores in XML."""
    return Body(fields, None, "request", underscores=True)
