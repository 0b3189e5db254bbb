"""Drawing a plan up: the file's rows and what the account has go into the journal and meet there.

Rules of this room:
- The rows are read once, in one pass, and lie in the journal from then on; what exists is matched there by index. So
  memory depends on how many clients, projects, tasks and people there are, and not on how many rows.
- Reads are few, whatever the file: a list for each kind of record that it touches, and for each person who is in the
  account at most two: what they have booked on the days of the file, and what they can book on (`reach`).
- What somebody's reach does not show is assigned anyway, and an assignment that turns out to be there is accepted. A
  project that none of the people is on yet shows its tasks to nobody: those are assigned so.
- Nothing is written to the account.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from harvest_async.importer.account import Readable
from harvest_async.importer.account_records import BookableTasks
from harvest_async.importer.final_states import MARKS
from harvest_async.importer.journal import Journal
from harvest_async.importer.match import booked_key
from harvest_async.importer.match_existing import LINKS, insert_things, meet_links, meet_payments
from harvest_async.importer.resolver import NewPerson, PlannedRecord, Rejected, Resolver
from harvest_async.importer.serialization import pack_row, unpack_row
from harvest_async.importer.side_by_side import gather, later
from harvest_async.importer.sources import Findings, Unfit, kinds
from harvest_async.progress import Progress

__all__ = ["FIRST_ROW", "Consent", "Terms", "add_links", "check_whole", "draw", "match", "take_in"]

FIRST_ROW: Final = 1_000_000_000
"""Steps of rows are numbered from here on, by the row; those of things from 1 on."""

_BATCH: Final = 1_000

_TOUCHES: Final = {
    "TimeRow": ("client", "project", "task", "person"),
    "ExpenseRow": ("client", "project", "category", "person"),
    "ClientRow": ("client",),
    "ContactRow": ("client", "contact"),
    "ProjectRow": ("client", "project"),
    "TaskRow": ("task",),
    "PersonRow": ("person",),
    "TaskLinkRow": ("client", "project", "task"),
    "UserLinkRow": ("client", "project", "person"),
    "CategoryRow": ("category",),
    "ItemCategoryRow": ("item_category",),
    "InvoiceRow": ("client", "invoice"),
    "PaymentRow": ("invoice",),
}
"""The lists that a kind of row needs."""

Consent = Callable[[tuple[NewPerson, ...]], Awaitable[bool]]
"""Is given the people who would have to be made, and says whether they may be."""


@frozen
class Terms:
    """How an import is planned.

    Attributes:
        email_domain: gives an e-mail address to people who have none.
        consent: asks whether people may be made; None never makes any.
    """

    email_domain: str | None = None
    consent: Consent | None = None


async def draw(account: Readable, journal: Journal, terms: Terms, progress: Progress) -> None:
    """Plan the rows that lie in the journal (see `take_in`), and leave the plan there.

    Raises:
        HarvestError: the account can't be read.
    """
    touched = await journal.work(_touched, journal)
    progress.begin("reading the account", len(touched) + 1)
    reads = [account.timestamps, *(later(account.all, kind) for kind in touched)]
    timestamps, *lists = await gather(reads, progress)
    have = dict(zip(touched, lists, strict=True))
    resolver = Resolver(have, timestamps=timestamps, email_domain=terms.email_domain)
    await journal.work(_resolve, journal, resolver)
    await _compare(account, journal, resolver, progress)
    await _ask(journal, terms)
    await journal.work(_prune, journal)
    await _staff(account, journal, resolver, progress)
    await meet_payments(account, journal, resolver, progress)
    await journal.work(lambda: journal.describe(planned="1", timestamps=str(int(timestamps))))


def take_in(journal: Journal, rows: Iterable[kinds.AnyRow | kinds.Problem]) -> None:
    """Put a file's rows and problems into the journal, in one pass."""
    exact = Fraction()

    def sort() -> Iterable[tuple[Any, ...]]:
        nonlocal exact
        for row in rows:
            if isinstance(row, kinds.Problem):
                _reject(journal, row)
                continue
            if isinstance(row, kinds.TimeRow):
                exact += row.exact
            kind, text = pack_row(row)
            yield kind, row.line, row.row, getattr(row, "part", 0), row.file, text

    insert = "insert into source (kind, line, row, part, file, content) values (?, ?, ?, ?, ?, ?)"
    journal.together(lambda: journal.write_many(insert, sort()))
    journal.describe(file_hours=str(exact))


def check_whole(journal: Journal) -> None:
    """What is wrong with a whole file stops all of it, and is told with all that is wrong with single rows.

    Raises:
        Unfit: something is.
    """
    if journal.one("select 1 from problem where row = 0") is None:
        return
    findings = Findings()
    told = "select line, row, column_name, reason, content, file from problem order by row > 0, id limit ?"
    for problem in journal.rows(told, (findings.limit,)):
        findings.add(kinds.Problem(*problem))
    findings.count = journal.number("select count(*) from problem")
    findings.columns = Counter(dict(journal.rows("select column_name, count(*) from problem group by column_name")))
    raise Unfit(findings)


def match(journal: Journal) -> None:
    """Tell rows that the account has from new ones: of n equal rows and m equal records the first m are there."""
    there = journal.rows("""
        with ours as (
            select id, key, row_number() over (partition by key order by id) as place
            from step where kind in ('entry', 'expense') and state = 'planned'
        ), theirs as (select key, record, row_number() over (partition by key order by record) as place from known)
        select record, id from ours join theirs using (key, place)
    """)
    update = "update step set state = 'existing', action = '', record = ? where id = ?"
    journal.together(lambda: journal.write_many(update, there))


def add_links(journal: Journal, resolver: Resolver, reach: dict[int, BookableTasks]) -> None:
    """Plan the assignments that rows need and nobody's reach shows."""
    tasks: dict[int, set[int]] = {}
    for each in reach.values():
        for where, theirs in each.tasks.items():
            tasks.setdefault(where, set()).update(theirs)
    people = {record: {where: {record} for where in each.tasks} for record, each in reach.items()}
    made = len(resolver.things)
    things = {thing.number: thing for thing in resolver.things}
    for number, task, person in _pairs(journal):
        project, who = things[number], things[person]
        if task is not None and not _on(project, things[task], tasks):
            resolver.link("task_link", number, task).sure &= project.record is None or project.record in tasks
        if not _on(project, who, people.get(who.record or 0, {})):
            resolver.link("person_link", number, person).sure &= project.record is None or who.record in people
    new = [thing for thing in resolver.things[made:] if thing.source is None]
    journal.together(lambda: insert_things(journal, new))


# Inside


def _touched(journal: Journal) -> list[str]:
    found: dict[str, None] = {}
    for (name,) in journal.rows("select distinct kind from source"):
        found.update(dict.fromkeys(_TOUCHES.get(name, ())))
    return list(found)


def _resolve(journal: Journal, resolver: Resolver) -> None:
    """Let every row find what it is about; rows that can't be imported become problems."""
    journal.together(lambda: _resolve_rows(journal, resolver))


def _resolve_rows(journal: Journal, resolver: Resolver) -> None:
    resolver.expect_codes(journal.rows(_CODES))
    last = 0
    query = "select id, kind, content from source where id > ? order by id limit ?"
    insert = (
        "insert into step (id, kind, action, key, source, project, other, person, day, hours, state) "
        "values (?, ?, 'create', ?, ?, ?, ?, ?, ?, ?, 'planned')"
    )
    while batch := journal.rows(query, (last, _BATCH)):
        for source, kind, content in batch:
            row = unpack_row(kind, content)
            try:
                draft = resolver.resolve(row, source)
            except Rejected as no:
                _reject(journal, kinds.Problem(row.line, row.row, no.column, no.reason, "", row.file))
                continue
            if draft.thing is None:
                size = str(getattr(row, "hours", "") or getattr(row, "total_cost", "") or "")
                day = row.day.isoformat() if isinstance(row, kinds.TimeRow | kinds.ExpenseRow) else None
                values = (draft.kind, draft.key, source, draft.project, draft.other, draft.person, day, size)
                journal.write(insert, (FIRST_ROW + source, *values))
        last = batch[-1][0]
    resolver.finish()
    insert_things(journal, resolver.things)


_CODES: Final = """
    select distinct json_extract(content, '$.client'), json_extract(content, case kind when 'ProjectRow' then '$.name'
    else '$.project' end), json_extract(content, case kind when 'ProjectRow' then '$.code' else '$.project_code' end)
    from source where kind in ('TimeRow', 'ExpenseRow', 'ProjectRow', 'TaskLinkRow', 'UserLinkRow')
    and json_extract(content, case kind when 'ProjectRow' then '$.code' else '$.project_code' end) <> ''
"""


def _reject(journal: Journal, problem: kinds.Problem) -> None:
    journal.write(
        "insert into problem (line, row, column_name, reason, content, file) values (?, ?, ?, ?, ?, ?)",
        (problem.line, problem.row, problem.column, problem.reason, problem.text, problem.file),
    )


async def _compare(account: Readable, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Read what people have booked on the days of the file, and match it."""
    spans = await journal.work(
        journal.rows,
        """
        select step.kind, who.record, min(step.day), max(step.day) from step
        join step as who on who.id = step.person join step as project on project.id = step.project
        join step as other on other.id = step.other
        where step.kind in ('entry', 'expense') and who.record is not null and project.record is not null
        and other.record is not null group by step.kind, who.record order by who.record
        """,
    )
    progress.begin("reading what is booked", len(spans))

    async def read(kind: str, person: int, first: str, last: str) -> None:
        found = await account.booked(kind, person, date.fromisoformat(first), date.fromisoformat(last))
        numbers, timestamps = resolver.numbers, resolver.timestamps
        keys = ((booked_key(kind, person, each, numbers, timestamps=timestamps), each.id) for each in found)
        await journal.work(_remember, journal, kind, [(key, record, kind, key) for key, record in keys if key])

    await gather([later(read, *span) for span in spans], progress)
    await journal.work(match, journal)


def _remember(journal: Journal, _: str, found: list[tuple[Any, ...]]) -> None:
    """Keep which records match a row's key: what is found beyond them later was made since."""
    keep = (
        "insert or ignore into known (key, record) select ?, ? where exists "
        "(select 1 from step where kind = ? and key = ?)"
    )
    journal.together(lambda: journal.write_many(keep, found))


async def _ask(journal: Journal, terms: Terms) -> None:
    """Ask about the people who would have to be made; without a yes their rows are rejected."""
    found = await journal.work(_new_people, journal)
    if not found or (terms.consent is not None and await terms.consent(tuple(found.values()))):
        return
    await journal.work(_refuse, journal, found)


def _new_people(journal: Journal) -> dict[int, NewPerson]:
    """The people whom new rows need, or who have a row of their own."""
    rows = journal.rows("""
        select id, json_extract(content, '$.fields.email'), json_extract(content, '$.fields.first_name'),
        json_extract(content, '$.fields.last_name') from step
        where kind = 'person' and action = 'create' and (source is not null or id in (
            select person from step where state = 'planned' and person is not null
            union select other from step where kind = 'person_link' and source is not null)) order by id
    """)
    return {number: NewPerson(*names) for number, *names in rows}


_THEIRS: Final = "(person = ? or id = ? or (kind = 'person_link' and other = ?)) and source is not null"
_TELL: Final = (
    "insert into problem (line, row, column_name, reason, content, file) select line, row, 'Person', ?, '', file "  # noqa: S608 - no value of anybody's
    f"from source where id in (select source from step where {_THEIRS})"
)
_FORGET: Final = f"delete from step where {_THEIRS} or id = ?"  # noqa: S608
_USED: Final = " union ".join(f"select {ref} from step where state = 'planned' and {ref} is not null"  # noqa: S608
                              for ref in ("client", "project", "other", "person"))  # fmt: skip
_DROP: Final = f"delete from step where kind = ? and state = 'planned' and source is null and id not in ({_USED})"  # noqa: S608


_FORGET_MARKS: Final = (
    "delete from step where kind in (select value from json_each(?)) and other not in (select id from step)"
)


def _refuse(journal: Journal, people: dict[int, NewPerson]) -> None:
    def refuse() -> None:
        for number, who in people.items():
            reason = (
                f"{who.email} is not in the account; making a person sends an e-mail and takes a seat: "
                "allow it with --yes"
            )
            journal.write(_TELL, (reason, number, number, number))
            journal.write(_FORGET, (number, number, number, number))

    journal.together(refuse)


def _prune(journal: Journal) -> None:
    """Forget things that no planned row needs; projects first, since they need clients."""
    things = ("project", "client", "task", "category", "person")
    marks = json.dumps(list(MARKS))

    def prune() -> None:
        journal.write(_FORGET_MARKS, (marks,))
        journal.write_many(_DROP, ((kind,) for kind in things))

    journal.together(prune)


async def _staff(account: Readable, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Find which assignments are missing."""
    people = await journal.work(
        journal.rows,
        """
        select who.record from step join step as who on who.id = step.person
        join step as project on project.id = step.project
        where step.state = 'planned' and who.record is not null and project.record is not null
        group by who.record having count(distinct step.kind) = 1 order by who.record
        """,
    )
    told = [thing for thing in resolver.things if thing.kind in LINKS and thing.source is not None]
    things = {thing.number: thing for thing in resolver.things}
    there = {(thing.kind, things[thing.project or 0].record) for thing in told}
    lists = sorted((kind, project) for kind, project in there if project is not None)
    progress.begin("reading who can book on what", len(people) + len(lists))
    reads = [later(account.reach, person) for (person,) in people]
    found = await gather([*reads, *(later(account.links, kind, project) for kind, project in lists)], progress)
    reach = {person: each for (person,), each in zip(people, found, strict=False)}
    links = dict(zip(lists, found[len(people) :], strict=True))
    marks = {thing.other or 0: thing for thing in resolver.things if thing.kind in MARKS}
    await journal.work(meet_links, journal, told, things, links, marks)
    await journal.work(add_links, journal, resolver, reach)


def _pairs(journal: Journal) -> list[tuple[Any, ...]]:
    """What is needed together: (project, task or None, person)."""
    return journal.rows("""
        select distinct project, case kind when 'entry' then other end, person from step
        where kind in ('entry', 'expense') and state = 'planned'
    """)


def _on(project: PlannedRecord, other: PlannedRecord, known: dict[int, set[int]]) -> bool:
    """Whether something is on a project already, or will be by itself once the project is made."""
    if project.record is None:
        return other.automatic and other.record is not None
    return other.record is not None and other.record in known.get(project.record, ())
