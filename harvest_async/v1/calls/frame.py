"""What the endpoints have in common: paths, parameters, bodies, and the four usual verbs.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from harvest_async.call import Body, Call, Created, Page, Repeat, path
from harvest_async.v1 import checks
from harvest_async.v1.results import Changed, Made, Many, One

__all__ = [
    "IDEMPOTENT",
    "SAFE",
    "UNSAFE",
    "Id",
    "Query",
    "body",
    "create",
    "given",
    "listing",
    "of_user",
    "place",
    "request",
    "update",
]

T = TypeVar("T")

Id = int | str
Query = tuple[tuple[str, str], ...]

SAFE, IDEMPOTENT, UNSAFE = Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.UNSAFE


def request(fields: Mapping[str, Any]) -> Body:
    """Time tracking's body: without a root in JSON (daily_request_unwrapped), with underscores in XML."""
    return Body(fields, None, "request", underscores=True)


def place(template: str, *ids: Id) -> str:
    """A path with checked ids in its places."""
    return path(template, *(checks.segment("id", each) for each in ids))


def of_user(user: Id | None) -> Query:
    """Contract: of_user, as a query parameter (of_user_in_body)."""
    return () if user is None else (("of_user", checks.segment("of_user", user)),)


def given(**parameters: Any) -> Query:
    """The parameters that were given."""
    return tuple((name, str(value)) for name, value in parameters.items() if value is not None)


def listing(name: str, where: str, one: One[T], updated_since: datetime | None, query: Query = ()) -> Call[Page[T]]:
    """A list, or what changed in it since a moment (contract: updated_since)."""
    if updated_since is not None:
        query = (*query, ("updated_since", checks.since(updated_since)))
    return Call(name, "GET", where, Many(one.model, one.root), SAFE, query)


def create(name: str, where: str, one: One[T], fields: Mapping[str, Any]) -> Call[Created[T]]:
    """A create, which never may be sent twice (contract: writes.create)."""
    return Call(name, "POST", where, Made(one), UNSAFE, body=body(one, fields))


def update(name: str, where: str, one: One[T], fields: Mapping[str, Any]) -> Call[T | None]:
    """A partial update (contract: writes.update)."""
    return Call(name, "PUT", where, Changed(one), IDEMPOTENT, body=body(one, fields))


def body(one: One[Any], fields: Mapping[str, Any]) -> Body:
    """A record below its root; XML has dashes (contract: xml.default_style)."""
    return Body(fields, one.root, one.root.replace("_", "-"))
