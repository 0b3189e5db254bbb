"""What handlers are given and what they give back.

Rules of this room: pure; it knows no endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from attrs import evolve, field, frozen

from harvest_async.sandbox.expenses import Expenses
from harvest_async.sandbox.invoices import Invoices
from harvest_async.sandbox.payments import Payments
from harvest_async.sandbox.reading import Refusal, read_day, read_fields, read_moment
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role, admins_only
from harvest_async.sandbox.rules import Rules
from harvest_async.sandbox.staff import Staff
from harvest_async.sandbox.timesheet import Timesheet
from harvest_async.sandbox.v1.serializers import Writer
from harvest_async.sandbox.world import World

__all__ = ["Handler", "Query", "Reply", "Route", "Services", "with_words"]


@frozen
class Query:
    """A request.

    Attributes:
        method: the HTTP method.
        path: the path, as it was sent, without a slash at its end.
        query: parameters, unescaped, in order.
        content: the body.
        media: the body's type, as it was sent.
        format: how it wants to be answered, `json` or `xml`.
        sent: how its body is written, `json`, `xml` or `form`.
        person: who asks.
        now: the moment.
        words: what the route found in the path, unescaped.
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
    words: tuple[str, ...] = ()

    @property
    def id(self) -> int:
        """The last number of the path."""
        return int(self.words[-1])

    def parameter(self, name: str) -> str:
        """A parameter; empty where it is not there."""
        return next((value for key, value in self.query if key == name), "")

    def fields(self, root: str, xml: str = "", *, flat: bool = False) -> Record:
        """The fields of a write, below their root; `xml` names the root that XML has, where it is another.

        With `flat` they may be bare parameters, too: `project_id=7&hours=1`.
        """
        named = (xml or root) if self.sent == "xml" else root
        return read_fields(self.content, self.sent, named, self.query, flat=flat)

    def since(self, records: list[Record]) -> list[Record]:
        """Those that `updated_since` lets through."""
        since = self.parameter("updated_since")
        if not since:
            return records
        moment = read_moment(since)
        return [record for record in records if record["updated_at"] >= moment]

    def range(self) -> tuple[date, date] | None:
        """The days that `from` and `to` name; None where either is missing (contract: report_range)."""
        begin, end = self.parameter("from"), self.parameter("to")
        if not begin or not end:
            return None
        try:
            return read_day(begin), read_day(end)
        except ValueError:
            raise Refusal(400, "from or to is no date.") from None

    def day(self) -> date:
        """The day that the path names (contract: day_then_year), or 404."""
        number, year = (int(word) for word in self.words)
        if not 1 <= number <= 366 or not 1 <= year <= 9998:
            raise Refusal(404)
        return date(year, 1, 1) + timedelta(days=number - 1)


@frozen
class Reply:
    """An answer.

    Attributes:
        status: the HTTP status.
        content: the body.
        location: where the record is, as a path.
        hint: why it was refused, or that a delete became an archiving.
        media: the body's type; None is that of the format that was asked for.
        headers: more headers.
        safe: whether the same may be asked again, and the answer be kept (contract: caching).
    """

    status: int = 200
    content: bytes = b" "  # contract: body_or_no_body: one blank
    location: str | None = None
    hint: str | None = None
    media: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    safe: bool = field(default=False)

    def as_safe(self) -> Reply:
        """The same, and it may be kept."""
        return evolve(self, safe=True)


@frozen
class Services:
    """What handlers work with: the account's records, the books kept on them, and whoever writes its answers."""

    world: World
    writer: Writer
    modules: frozenset[str]
    rules: Rules
    staff: Staff
    timesheet: Timesheet
    expenses: Expenses
    invoices: Invoices
    payments: Payments

    @classmethod
    def over(cls, world: World, modules: frozenset[str], plan: Mapping[str, int]) -> Services:
        """An office with all its books, over a world."""
        staff, invoices = Staff(world), Invoices(world)
        rules, payments = Rules(world, staff, plan), Payments(world, invoices)
        writer = Writer(world.quirks)
        return cls(world, writer, modules, rules, staff, Timesheet(world), Expenses(world), invoices, payments)

    def whose(self, asked: Query, also: str = "") -> Record:
        """Whose timesheet or expenses are asked for (contract: of_user)."""
        key = asked.parameter("of_user") or also
        person = self.world.person(key) if key else asked.person
        if person is not asked.person:
            admins_only(asked.person)
        return person

    def many(self, kind: str, records: list[Record], asked: Query) -> Reply:
        """A list, whole (contract: no_paging_elsewhere)."""
        return Reply(content=self.writer.many(kind, records, asked.format))

    def one(self, kind: str, record: Record, asked: Query) -> Reply:
        """A record."""
        return Reply(content=self.writer.one(kind, record, asked.format))

    def written(self, kind: str, record: Record, asked: Query, location: str | None, status: int = 200) -> Reply:
        """A record was made or changed (contract: body_or_no_body)."""
        if "body_or_no_body" in self.world.quirks:
            return Reply(status, self.writer.one(kind, record, asked.format), location)
        return Reply(status, location=location)

    def made(self, kind: str, record: Record, asked: Query, location: str) -> Reply:
        """A record was made (contract: writes.create)."""
        return self.written(kind, record, asked, location, 201)


Handler = Callable[[Services, Query], Reply]


class Route(NamedTuple):
    """An endpoint: methods, path, who may ask, who answers, and whether it is safe to repeat, for what is read."""

    methods: str
    path: str
    role: Role
    handler: Handler
    safe: bool = True


def with_words(asked: Query, words: tuple[str, ...]) -> Query:
    """What is asked for, with what the route found in the path."""
    return evolve(asked, words=words)
