"""Count what a plan would do and what a run did, from the journal.

Lists of names are cut after the first ten. Lists of rows that were rejected or are unknown are complete, since each of
them needs attention.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.importer.journal import Journal
from harvest_async.importer.sources.kinds import Problem

__all__ = ["Effort", "Overview", "Place", "Report", "overview", "report_of", "seconds_for"]

SHOWN: Final = 10

_WORDS: Final = {
    "client": "clients",
    "contact": "contacts",
    "project": "projects",
    "task": "tasks",
    "person": "people",
    "category": "categories",
    "task_assignment": "assignments",
    "person_assignment": "assignments",
    "item_category": "item categories",
    "invoice": "invoices",
    "payment": "payments",
    **dict.fromkeys(FINAL_STATES, "final states (archived, sent, closed)"),
}


@frozen
class Place:
    """The place of a row: its line and number, and its file if there are several."""

    line: int
    row: int
    file: str = ""


@frozen
class Overview:
    """What a plan would do.

    Attributes:
        create, update: the number of records to create and to update, by kind; `names` has the first ten of them.
        log, hours: the number of time entries to create, and their hours.
        expenses, cost: the number of expenses to create, and their cost.
        existing: rows that are in the account already.
        rejected: the problems of the other rows.
        writes: the number of calls that a run takes, without reads.
        first: the first ten rows to log, as (line, day, hours or cost, notes).
        left_out: the kinds and names of fields that rows have, and that the account's API can't store.
    """

    create: Mapping[str, int]
    update: Mapping[str, int]
    names: Mapping[str, Sequence[str]]
    log: int
    hours: Decimal
    expenses: int
    cost: Decimal
    existing: int
    rejected: Sequence[Problem]
    writes: int
    first: Sequence[tuple[int, str, str, str]]
    left_out: Sequence[tuple[str, str]] = ()


@frozen
class Effort:
    """The calls and the time of a run.

    Attributes:
        calls: the number of calls, reads and the status call included.
        refused: the number of them that the server refused.
        seconds: the duration of the run.
        bound: the theoretical minimum for this number of calls at the account's limit, in seconds.
    """

    calls: int = 0
    refused: int = 0
    seconds: float = 0.0
    bound: float = 0.0


@frozen
class Report:
    """The result of a run.

    Attributes:
        created_records, updated: the number of records by kind, without time entries and expenses.
        created: rows that became an entry or an expense; `created_hours` and `created_cost` are theirs, as they were
            sent, and `exact_hours` are the same hours before they were rounded.
        existing: the number of rows that were in the account already, of all kinds.
        rejected: the problems of the rows that were refused; a row may have several.
        unknown: the rows whose outcome is unknown; they are not sent again.
        left: the number of rows that were not sent.
        file_hours: the sum of the file's good rows as the file has it, sent or not.
        stopped: why it ended early; None if it did not.
        gave_up: whether it ended because the server did not respond.
        references: what became of the references of time entries: `kept`; `not kept` by the server, or `off`: entries
            of lost responses were recognised by comparing and counting; `asked` before the first response; empty if the
            API has none.
    """

    created_records: Mapping[str, int]
    updated: Mapping[str, int]
    created: int
    created_hours: Decimal
    created_cost: Decimal
    existing: int
    rejected: Sequence[Problem]
    unknown: Sequence[Place]
    left: int
    file_hours: Fraction
    exact_hours: Fraction
    stopped: str | None = None
    gave_up: bool = False
    references: str = ""

    @property
    def complete(self) -> bool:
        """Whether every row of the file is in the account now."""
        return not (self.rejected or self.unknown or self.left or self.stopped)

    @property
    def difference(self) -> Fraction:
        """The hours that rounding added to the rows that were created."""
        return Fraction(self.created_hours) - self.exact_hours


def overview(journal: Journal) -> Overview:
    """Return what the journal's plan would do now."""
    todo = journal.rows("select kind, action, count(*) from step where state = 'planned' group by kind, action")
    log, hours = _sum(journal, "entry", "planned")
    expenses, cost = _sum(journal, "expense", "planned")
    return Overview(
        _by_word(todo, "create"),
        _by_word(todo, "update"),
        _names(journal),
        log,
        hours,
        expenses,
        cost,
        _existing(journal),
        _rejected(journal),
        sum(count for _, _, count in todo),
        _first(journal),
        tuple((kind, name) for kind, name in json.loads(journal.meta.get("left_out", "[]"))),
    )


def report_of(journal: Journal, stopped: str | None = None, *, gave_up: bool = False) -> Report:
    """Return what the journal's run did so far."""
    made = journal.rows("select kind, state, count(*) from step where state in ('created', 'updated') group by 1, 2")
    created, hours = _sum(journal, "entry", "created")
    expenses, cost = _sum(journal, "expense", "created")
    meta = journal.meta
    unknown = journal.rows(f"{_PLACES} where step.state in ('unknown', 'response_lost', 'intended') order by source.id")
    left = journal.number("select count(distinct source) from step where state = 'planned' and source is not null")
    return Report(
        _by_word(made, "created"),
        _by_word(made, "updated"),
        created + expenses,
        hours,
        cost,
        _existing(journal),
        _rejected(journal),
        tuple(Place(*place) for place in unknown),
        left,
        Fraction(meta.get("file_hours", "0")),
        _exact(journal),
        stopped,
        gave_up,
        meta.get("references", ""),
    )


def seconds_for(calls: int, limit: int, period: float) -> float:
    """Return the theoretical minimum of seconds for a number of calls, at `limit` calls per `period` seconds."""
    return max(0, -(-calls // limit) - 1) * period


_PLACES: Final = "select distinct source.line, source.row, source.file from step join source on source.id = step.source"


def _sum(journal: Journal, kind: str, state: str) -> tuple[int, Decimal]:
    sizes = journal.rows("select hours, count(*) from step where kind = ? and state = ? group by hours", (kind, state))
    return sum(count for _, count in sizes), sum((Decimal(size or "0") * count for size, count in sizes), Decimal())


def _by_word(rows: Sequence[tuple[Any, ...]], wanted: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind, what, count in rows:
        if what == wanted and kind in _WORDS:
            counts[_WORDS[kind]] = counts.get(_WORDS[kind], 0) + count
    return counts


def _existing(journal: Journal) -> int:
    """Count the rows that exist already; a row may have several steps."""
    return journal.number("""
        select count(*) from (
            select 1 from step where source is not null group by source having min(state) = 'existing'
            and max(state) = 'existing'
        )
    """)


def _exact(journal: Journal) -> Fraction:
    """Return the hours of the rows that were created as the file has them."""
    hours = journal.rows("""
        select json_extract(source.content, '$.exact."$fraction"'), count(*) from step
        join source on source.id = step.source where step.kind = 'entry' and step.state = 'created' group by 1
    """)
    return sum((Fraction(text or 0) * count for text, count in hours), Fraction())


def _rejected(journal: Journal) -> tuple[Problem, ...]:
    found = journal.rows("select line, row, column_name, reason, content, file from problem")
    found += journal.rows(
        "select source.line, source.row, '', step.reason, '', source.file from step "
        "join source on source.id = step.source where step.state = 'rejected'"
    )
    return tuple(sorted((Problem(*each) for each in found), key=lambda problem: (problem.file, problem.row)))


def _names(journal: Journal) -> dict[str, list[str]]:
    found = journal.rows("""
        select step.kind, json_extract(step.content, '$.name'), json_extract(client.content, '$.name'),
        json_extract(project.content, '$.name'), json_extract(other.content, '$.name'),
        json_extract(step.content, '$.fields.first_name'), json_extract(step.content, '$.fields.last_name')
        from step left join step as client on client.id = step.client
        left join step as project on project.id = step.project left join step as other on other.id = step.other
        where step.state = 'planned' and step.kind not in ('entry', 'expense') order by step.id
    """)
    names: dict[str, list[str]] = {}
    for kind, *parts in found:
        mine = names.setdefault(_WORDS[kind], [])
        if len(mine) < SHOWN:
            mine.append(_name(kind, *parts))
    return names


def _name(kind: str, name: str, client: str | None, project: str | None, other: str | None, *whole: str | None) -> str:
    if kind in {"task_assignment", "person_assignment"}:
        return f"{other} on {project}"
    if kind == "person":
        return f"{' '.join(part for part in whole if part)} <{name}>"
    return name if client is None else f"{name} ({client})"


def _first(journal: Journal) -> tuple[tuple[int, str, str, str], ...]:
    rows = journal.rows(
        "select source.line, step.day, step.hours, json_extract(source.content, '$.notes') from step "
        "join source on source.id = step.source "
        "where step.state = 'planned' and step.kind in ('entry', 'expense') order by step.id limit ?",
        (SHOWN,),
    )
    return tuple((line, day, size, (notes or "")[:60]) for line, day, size, notes in rows)
