"""The values that handlers get and return, and the account's services as they use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from attrs import evolve, fields_dict, frozen

from harvest_async.sandbox.json_text import write_json
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.services import Services
from harvest_async.sandbox.v2.bodies import read_body
from harvest_async.sandbox.v2.cursors import Cursors

__all__ = ["Handler", "Request", "Route", "V2Services", "blank", "respond"]


@frozen(slots=False)
class Request:
    """A request of a signed-in person.

    Attributes:
        method: the HTTP method.
        path: the path below the version's prefix, without a slash at its end.
        address: the absolute address of the path, as it was requested.
        query: the parameters, unescaped, in order.
        content: the body.
        media: the body's type, as it was sent.
        person: who sent it.
        now: the current time.
        path_values: the variable parts of the path.
    """

    method: str
    path: str
    address: str
    query: tuple[tuple[str, str], ...]
    content: bytes
    media: str
    person: Record
    now: datetime
    path_values: tuple[str, ...] = ()

    @property
    def id(self) -> int:
        """The last number of the path."""
        return int(self.path_values[-1])

    @cached_property
    def body(self) -> Record:
        """The fields of the body."""
        return read_body(self.media, self.content)

    def with_path_values(self, values: tuple[str, ...]) -> Request:
        """Return the same request with the variable parts of its path."""
        return evolve(self, path_values=values)

    def parameter(self, name: str) -> str:
        """Return a parameter; an empty text if it is missing."""
        return next((value for key, value in self.query if key == name), "")


@frozen
class V2Services(Services):
    """The account's services, with the cursors of lists."""

    cursors: Cursors

    @classmethod
    def of(cls, services: Services) -> V2Services:
        """Create them from the services of the account."""
        given = {name: getattr(services, name) for name in fields_dict(Services)}
        return cls(**given, cursors=Cursors())

    def known(self, kind: str, value: Any) -> Record | None:
        """Return the record with an id that may be a text; None if there is none."""
        number = read_id("" if value is None else value)
        return None if number is None else self.tables(kind).get(number)

    def tables(self, kind: str) -> Mapping[int, Record]:
        """Return the records of a kind by id."""
        return self.world.tables[kind]

    def find_person(self, request: Request, number: int) -> Record:
        """Return a person whom the requester may see, or refuse with 403 or 404."""
        person = self.world.find("user", number)
        if person is not request.person and not request.person["is_admin"]:
            raise Refusal(403, "Not authorized!", hints=True)
        return person


Handler = Callable[[V2Services, Request], Response]


class Route(NamedTuple):
    """An endpoint.

    Attributes:
        method: its method.
        path: its path, with the variable parts as `{id}`.
        role: the role that it needs.
        handler: the function that handles the request.
    """

    method: str
    path: str
    role: Role
    handler: Handler


def respond(tree: Any, status: int = 200, location: str | None = None) -> Response:
    """Return a response with a tree of plain values as JSON; `location` is a path below the prefix."""
    place = None if location is None else f"/api/v2{location}"
    return Response(status, write_json(tree), place)


def blank(fields: Record, names: Iterable[str]) -> list[str]:
    """Return the reasons for fields that must be given and are not."""
    missing = (name for name in names if fields.get(name) is None or not str(fields[name]).strip())
    return [f"{name.removesuffix('_id').replace('_', ' ').capitalize()} can't be blank" for name in missing]
