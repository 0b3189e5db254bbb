"""Carrying an import out: read what is there, plan, make what is missing, book the rows.

Rules of this room: it knows no API version beyond the calls of an `Account`. Nothing is written before every row has
been read and planned. What is made is made in the order in which it is needed; rows are booked side by side, and the
throttle decides how fast. A row whose outcome is unknown is looked for at the end, and never sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Protocol

import anyio
from attrs import define, field, frozen

from harvest_async.bulk.plan import Booked, Consent, Have, Known, Link, NewPerson, Plan, key_of, make_plan
from harvest_async.bulk.plan import person_key as person_of
from harvest_async.bulk.plan import project_key as project_of
from harvest_async.bulk.rows import Problem, Row, Sheet
from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    HarvestError,
    NotFound,
    OutcomeUnknown,
    Unprocessable,
)

__all__ = ["Account", "Progress", "Report", "Tally", "carry_out", "look", "plan_import", "report_of"]

_SIDE_BY_SIDE: Final = 64
"""Rows that wait or are on their way at a time; the gate lets through fewer."""

_REFUSED: Final = (BadRequest, NotFound, Unprocessable)


class Account(Protocol):
    """What an import asks of an account. Numbers are the account's ids."""

    async def timestamps(self) -> bool:
        """Whether time is tracked by start and end."""
        ...

    async def clients(self) -> Sequence[Known]:
        """All clients."""
        ...

    async def projects(self) -> Sequence[Known]:
        """All projects."""
        ...

    async def tasks(self) -> Sequence[Known]:
        """All tasks."""
        ...

    async def people(self) -> Sequence[Known]:
        """All people."""
        ...

    async def links(self, kind: str, project: int) -> Sequence[Link]:
        """A project's assignments; `kind` is task or person."""
        ...

    async def entries(self, person: int, rows: Sequence[Row]) -> Sequence[Booked]:
        """A person's entries of the days that rows have."""
        ...

    async def make_client(self, name: str) -> int:
        """Make a client."""
        ...

    async def make_project(self, name: str, client: int) -> int:
        """Make a project."""
        ...

    async def make_task(self, name: str) -> int:
        """Make a task."""
        ...

    async def make_person(self, person: NewPerson) -> int:
        """Make a person."""
        ...

    async def link(self, kind: str, project: int, other: int, archived: int | None) -> None:
        """Put a task or a person on a project, or bring an archived assignment back."""
        ...

    async def book(self, person: int, project: int, task: int, row: Row, cut: Callable[[], None]) -> None:
        """Make a time entry; `cut` is told of a cancellation that came after it was sent."""
        ...

    def bulk(self) -> AbstractContextManager[None]:
        """Put what is called inside into the bulk lane."""
        ...


class Progress(Protocol):
    """What is told while an import goes on."""

    def begin(self, what: str, calls: int) -> None:
        """A part begins that takes so many calls."""
        ...

    def step(self) -> None:
        """A call of the part is done."""
        ...


@define
class Tally:
    """What an import has done so far; true at any moment, so that an interrupted one can be told of.

    Attributes:
        made: how many clients, projects, tasks, people and assignments were made.
        created: rows that were booked.
        there: rows that were there already.
        rejected: rows that were not booked, and why.
        unknown: rows that may or may not have been booked.
    """

    made: Counter[str] = field(factory=Counter)
    created: list[Row] = field(factory=list)
    there: list[Row] = field(factory=list)
    rejected: list[Problem] = field(factory=list)
    unknown: list[Row] = field(factory=list)


@frozen
class Report:
    """How an import ended.

    Attributes:
        tally: what was done.
        file_hours: the sum of the file's good rows as the file has it.
        rounded_hours: the sum of the same rows as they are sent.
        created_hours: the sum of the rows that were booked now.
        left: good rows that were not tried, because it was interrupted.
        interrupted: why it ended early; None if it did not.
    """

    tally: Tally
    file_hours: Fraction
    rounded_hours: Decimal
    created_hours: Decimal
    left: int
    interrupted: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every row of the file is in the account now."""
        return not (self.tally.rejected or self.tally.unknown or self.left or self.interrupted)


async def look(account: Account, rows: Iterable[Row], progress: Progress) -> Have:
    """Read what the account has, as far as it matters for rows."""
    rows = list(rows)
    progress.begin("reading the account", 5)
    reads: list[Callable[[], Awaitable[Any]]] = [
        account.timestamps,
        account.clients,
        account.projects,
        account.tasks,
        account.people,
    ]
    timestamps, clients, projects, tasks, people = await _gather(reads, progress)
    have = Have(clients, projects, tasks, people, timestamps=timestamps)
    seen = make_plan(rows, have, Consent(make_people=True, email_domain="example.invalid"))
    wanted = sorted({number for (kind, _), number in seen.ids.items() if kind == "project"})
    by_person: dict[int, list[Row]] = {}
    for row in rows:
        number = seen.ids.get(("person", person_of(row)))
        if number is not None and wanted:
            by_person.setdefault(number, []).append(row)
    progress.begin("reading projects and entries", 2 * len(wanted) + len(by_person))
    links = [_later(account.links, kind, number) for kind in ("task", "person") for number in wanted]
    booked = [_later(account.entries, person, theirs) for person, theirs in by_person.items()]
    found = await _gather([*links, *booked], progress)
    return Have(
        clients,
        projects,
        tasks,
        people,
        task_links=dict(zip(wanted, found[: len(wanted)], strict=True)),
        user_links=dict(zip(wanted, found[len(wanted) : 2 * len(wanted)], strict=True)),
        entries=dict(zip(by_person, found[2 * len(wanted) :], strict=True)),
        timestamps=timestamps,
    )


def plan_import(sheet: Sheet, have: Have, consent: Consent) -> Plan:
    """Plan the import of a file; its own problems come first among the rejected rows."""
    return make_plan(sheet.rows, have, consent)


async def carry_out(account: Account, sheet: Sheet, plan: Plan, have: Have, tally: Tally, progress: Progress) -> None:
    """Do what a plan says. `tally` is true at any moment, also where this is cancelled or fails.

    Raises:
        HarvestError: the account can't be worked with (sign-in, network, a block without end); what was done is
            in `tally`.
    """
    tally.rejected += [*sheet.problems, *plan.rejected]
    tally.there += plan.there
    runner = _Runner(account, plan, tally, progress)
    with account.bulk():
        await runner.make()
        await runner.book()
        await runner.reconcile(have)


def report_of(sheet: Sheet, plan: Plan, tally: Tally, interrupted: str | None = None) -> Report:
    """Sum an import up."""
    told = {problem.row for problem in tally.rejected} | {row.row for row in tally.unknown}
    done = len(tally.created) + sum(1 for row in plan.entries if row.row in told)
    return Report(
        tally,
        sheet.exact_hours,
        sheet.hours,
        sum((row.hours for row in tally.created), Decimal()),
        len(plan.entries) - done,
        interrupted,
    )


class _Runner:
    def __init__(self, account: Account, plan: Plan, tally: Tally, progress: Progress) -> None:
        self._account = account
        self._plan = plan
        self._tally = tally
        self._progress = progress
        self._ids = dict(plan.ids)
        self._failed: dict[tuple[str, Hashable], str] = {}

    # What rows need

    async def make(self) -> None:
        """Make clients, tasks and people side by side, then projects, then assignments."""
        plan, account = self._plan, self._account
        self._progress.begin("making what is missing", plan.writes - len(plan.entries))
        first = [self._maker("client", key_of(name), _later(account.make_client, name)) for name in plan.clients]
        first += [self._maker("task", key_of(name), _later(account.make_task, name)) for name in plan.tasks]
        first += [self._maker("person", who.key, _later(account.make_person, who)) for who in plan.people]
        await _all(first)
        projects = []
        for client, name in plan.projects:
            number = self._ids.get(("client", key_of(client)))
            key = (key_of(client), key_of(name))
            if number is not None:
                projects.append(self._maker("project", key, _later(account.make_project, name, number)))
        await _all(projects)
        links = [self._linker("task", project, task) for project, task in plan.task_links]
        links += [self._linker("person", project, person) for project, person in plan.user_links]
        await _all(links)

    def _maker(self, kind: str, key: Hashable, make: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            try:
                self._ids[kind, key] = await make()
                self._tally.made[kind] += 1
            except (*_REFUSED, OutcomeUnknown, CreatedUnread) as error:
                self._failed[kind, key] = f"the {kind} could not be made: {error.message}"
            self._progress.step()

        return one

    def _linker(self, kind: str, project: tuple[str, str], other: str) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            project_id, other_id = self._ids.get(("project", project)), self._ids.get((kind, other))
            if project_id is not None and other_id is not None:
                await self._link(kind, project, project_id, other, other_id)
            self._progress.step()

        return one

    async def _link(self, kind: str, project: tuple[str, str], project_id: int, other: str, other_id: int) -> None:
        """Assign; a refusal is no failure if the assignment turns out to be there."""
        try:
            archived = self._plan.archived_links.get((kind, project_id, other_id))
            await self._account.link(kind, project_id, other_id, archived)
            self._tally.made["assignment"] += 1
        except (*_REFUSED, OutcomeUnknown, CreatedUnread) as error:
            links = await self._account.links(kind, project_id)
            if not any(link.other == other_id and link.active for link in links):
                self._failed["link", (kind, project, other)] = f"the {kind} could not be assigned: {error.message}"

    # Rows

    async def book(self) -> None:
        """Book all rows side by side."""
        entries = self._plan.entries
        self._progress.begin("booking time", len(entries))
        await _all([_later(self._book, row) for row in entries])

    async def _book(self, row: Row) -> None:
        project, task, person = project_of(row), key_of(row.task), person_of(row)
        reason = self._obstacle(row)
        if reason is None:
            ids = self._ids
            try:
                await self._account.book(
                    ids["person", person],
                    ids["project", project],
                    ids["task", task],
                    row,
                    lambda: self._tally.unknown.append(row),
                )
                self._tally.created.append(row)
            except _REFUSED as error:
                reason = error.message
            except (OutcomeUnknown, CreatedUnread):
                self._tally.unknown.append(row)
        if reason is not None:
            self._tally.rejected.append(Problem(row.line, row.row, "", reason))
        self._progress.step()

    def _obstacle(self, row: Row) -> str | None:
        """Why a row can't be booked: something that it needs could not be made."""
        project, task, person = project_of(row), key_of(row.task), person_of(row)
        needs: list[tuple[str, Hashable]] = [
            ("client", key_of(row.client)),
            ("project", project),
            ("task", task),
            ("person", person),
            ("link", ("task", project, task)),
            ("link", ("person", project, person)),
        ]
        return next((self._failed[need] for need in needs if need in self._failed), None)

    async def reconcile(self, have: Have) -> None:
        """Look for the rows whose outcome is unknown, by reading each person's entries once."""
        by_person: dict[str, list[Row]] = {}
        for row in self._tally.unknown:
            by_person.setdefault(person_of(row), []).append(row)
        for person, rows in by_person.items():
            number = self._ids["person", person]
            mine = [row for row in self._plan.entries if person_of(row) == person]
            entries = await self._account.entries(number, mine)
            again = make_plan(
                [row for row in self._tally.created if person_of(row) == person] + self._there(person) + rows,
                Have(entries={number: entries}, timestamps=have.timestamps, **self._known()),
                Consent(make_people=True, email_domain="example.invalid"),
            )
            missing = {id(row) for row in again.entries}
            found = [row for row in rows if id(row) not in missing]
            self._tally.created += found
            self._tally.unknown = [row for row in self._tally.unknown if row not in found]

    def _there(self, person: str) -> list[Row]:
        return [row for row in self._tally.there if person_of(row) == person]

    def _known(self) -> dict[str, Any]:
        """What the account has now, as far as the plan's rows go."""
        known: dict[str, list[Known]] = {"clients": [], "projects": [], "tasks": [], "people": []}
        for row in self._plan.entries + self._plan.there:
            ids = self._ids
            client = ids[("client", key_of(row.client))]
            known["clients"].append(Known(client, row.client))
            known["projects"].append(Known(ids[("project", project_of(row))], row.project, client_id=client))
            known["tasks"].append(Known(ids[("task", key_of(row.task))], row.task))
            known["people"].append(Known(ids[("person", person_of(row))], row.person, email=row.email))
        return {kind: list({each.id: each for each in those}.values()) for kind, those in known.items()}


def _later(call: Callable[..., Awaitable[Any]], *arguments: Any) -> Callable[[], Awaitable[Any]]:
    async def later() -> Any:
        return await call(*arguments)

    return later


async def _all(jobs: Sequence[Callable[[], Awaitable[Any]]]) -> None:
    """Do jobs side by side, so many at a time, in order; after a failure none is begun, the others end."""
    waiting = iter(jobs)
    failure: list[HarvestError] = []

    async def work() -> None:
        for job in waiting:
            try:
                await job()
            except HarvestError as error:
                failure.append(error)
            if failure:
                return

    async with anyio.create_task_group() as group:
        for _ in range(min(_SIDE_BY_SIDE, len(jobs))):
            group.start_soon(work)
    if failure:
        raise failure[0]


async def _gather(reads: Sequence[Callable[[], Awaitable[Any]]], progress: Progress) -> list[Any]:
    """Read side by side; results in the order of the reads."""
    results: dict[int, Any] = {}

    def job(place: int, read: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            results[place] = await read()
            progress.step()

        return one

    await _all([job(place, read) for place, read in enumerate(reads)])
    return [results[place] for place in range(len(reads))]
