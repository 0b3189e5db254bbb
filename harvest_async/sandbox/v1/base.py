"""The values that handlers get and return, and the services with which they work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from attrs import evolve, fields_dict, frozen

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, admins_only
from harvest_async.sandbox.services import Services
from harvest_async.sandbox.v1.parsing import read_fields
from harvest_async.sandbox.v1.serializers import Writer
from harvest_async.sandbox.v1.writable_fields import read_changes, read_new
from harvest_async.sandbox.values import read_day, read_time

__all__ = ["Handler", "Request", "Route", "V1Services"]


@frozen
class Request:
    """A request of a signed-in person.

    Attributes:
        method: the HTTP method.
        path: the path as it was sent, without a slash and a format at its end.
        query: the parameters, unescaped, in order.
        content: the body.
        media: the body's type, as it was sent.
        format: the format of the response, `json` or `xml`.
        sent: the format of the body, `json`, `xml` or `form`.
        person: who sent it.
        now: the current time.
        path_values: the variable parts of the path, unescaped.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    content: bytes
    media: str
    format: str
    sent: str
    person: Record
    now: datetime
    path_values: tuple[str, ...] = ()

    @property
    def id(self) -> int:
        """The last number of the path."""
        return int(self.path_values[-1])

    def with_path_values(self, values: tuple[str, ...]) -> Request:
        """Return the same request with the variable parts of its path."""
        return evolve(self, path_values=values)

    def parameter(self, name: str) -> str:
        """Return a parameter; an empty text if it is missing."""
        return next((value for key, value in self.query if key == name), "")

    def fields(self, root: str, xml: str = "", *, flat: bool = False) -> Record:
        """Return the fields of a write below their root.

        Args:
            root: the name of the root.
            xml: the name of the root in XML, if it differs.
            flat: whether the fields may also be plain parameters, as in `project_id=7&hours=1`.
        """
        named = (xml or root) if self.sent == "xml" else root
        return read_fields(self.content, self.sent, named, self.query, flat=flat)

    def since(self, records: list[Record]) -> list[Record]:
        """Return the records that `updated_since` selects."""
        given = self.parameter("updated_since")
        if not given:
            return records
        time = read_time(given)
        return [record for record in records if record["updated_at"] >= time]

    def range(self) -> tuple[date, date] | None:
        """Return the days of `from` and `to`; None if either is missing."""
        begin, end = self.parameter("from"), self.parameter("to")
        if not begin or not end:
            return None
        try:
            return read_day(begin), read_day(end)
        except ValueError:
            raise Refusal(400, "from or to is not a date.") from None

    def day(self) -> date:
        """Return the day in the path, given as day of the year and year, or refuse with 404."""
        number, year = (int(value) for value in self.path_values)
        if not 1 <= number <= 366 or not 1 <= year <= 9998:
            raise Refusal(404)
        return date(year, 1, 1) + timedelta(days=number - 1)


@frozen
class V1Services(Services):
    """The account's services, with the writer of v1's responses."""

    writer: Writer

    @classmethod
    def of(cls, services: Services) -> V1Services:
        """Create them from the services of the account."""
        given = {name: getattr(services, name) for name in fields_dict(Services)}
        return cls(**given, writer=Writer(services.world.quirks))

    def owner(self, request: Request, in_body: str = "") -> Record:
        """Return the person whose timesheet or expenses are requested by `of_user`, in the query or the body."""
        key = request.parameter("of_user") or in_body
        person = self.world.person(key) if key else request.person
        if person is not request.person:
            admins_only(request.person)
        return person

    def new_values(self, kind: str, request: Request) -> Record:
        """Return the values of a new record from the fields below its root."""
        return read_new(kind, request.fields(kind))

    def changed_values(self, kind: str, request: Request) -> Record:
        """Return the values of an update from the fields below its root."""
        return read_changes(kind, request.fields(kind), self.world.quirks)

    def many(self, kind: str, records: list[Record], request: Request) -> Response:
        """Return a list of records."""
        return Response(content=self.writer.many(kind, records, request.format))

    def one(self, kind: str, record: Record, request: Request) -> Response:
        """Return a record."""
        return Response(content=self.writer.one(kind, record, request.format))

    def saved(self, kind: str, record: Record, request: Request, location: str | None, status: int = 200) -> Response:
        """Return the response to a write: one blank, or the record if the quirk `body_or_no_body` is on."""
        if "body_or_no_body" in self.world.quirks:
            return Response(status, self.writer.one(kind, record, request.format), location)
        return Response(status, location=location)

    def created(self, kind: str, record: Record, request: Request, location: str) -> Response:
        """Return the response to the creation of a record."""
        return self.saved(kind, record, request, location, 201)


Handler = Callable[[V1Services, Request], Response]


class Route(NamedTuple):
    """An endpoint.

    Attributes:
        methods: its methods, separated by blanks.
        path: its path, with the variable parts in braces.
        role: the role that it needs.
        handler: the function that handles the request.
        cacheable: whether responses to GET may be stored.
    """

    methods: str
    path: str
    role: Role
    handler: Handler
    cacheable: bool = True
