"""Delete what a run created, or remove its references, as its journal has them.

Invariants:
- Records are deleted in the reverse order of their creation: time entries and expenses, assignments, projects and
  contacts, then the rest. Records that existed before stay, with their updates; so does an assignment that may have
  existed before.
- If the server keeps references, a time entry without this run's reference is never deleted or changed.
- A record that the server refuses to delete is reported, and can be tried again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Final

from attrs import frozen

from harvest_async.concurrency import gather
from harvest_async.errors import BadRequest, Forbidden, NotFound, Unprocessable
from harvest_async.importer.account import Account, ReferencedEntries
from harvest_async.importer.entry_references import KEPT, RunReferences, find_references
from harvest_async.importer.journal import Journal
from harvest_async.importer.rules import STAGES, Guard, unguarded
from harvest_async.importer.transitions import mark_undone
from harvest_async.progress import Progress

__all__ = ["UndoResult", "UnlinkResult", "undo_run", "unlink_run"]

_REFUSED: Final = (BadRequest, Forbidden, Unprocessable)
_NOT_OURS: Final = "it has no reference of this run any more: delete it in Harvest if it is no longer needed"


@frozen
class UndoResult:
    """The result of undoing a run.

    Attributes:
        removed: the number of records that were deleted.
        left: the records that remain, with the reasons.
        unknown: the number of writes of the run whose outcome is unknown.
        removed_with_project: the number of assignments that the server deleted together with their projects.
    """

    removed: int
    left: Sequence[str]
    unknown: int
    removed_with_project: int = 0


@frozen
class UnlinkResult:
    """The result of removing a run's references.

    Attributes:
        removed: the number of time entries whose reference was removed.
        left: the time entries that could not be changed, with the reasons.
    """

    removed: int
    left: Sequence[str] = ()


async def undo_run(account: Account, journal: Journal, progress: Progress, guard: Guard = unguarded) -> UndoResult:
    """Delete what the journal's run created; the guard is called before each delete.

    Raises:
        HarvestError: the account can't be used; it can be called again.
    """
    removed, left = 0, await journal.work(_kept, journal)
    with account.bulk():
        foreign = await _foreign_entries(account, journal)
        for title, of_kinds in reversed(STAGES):
            steps = await journal.work(journal.rows, _CREATED, (json.dumps(of_kinds),))
            progress.begin(f"undoing: {title}", len(steps))
            undos = [partial(_undo, account, journal, guard, foreign, *step) for step in steps]
            results = await gather(undos, on_done=progress.step)
            removed += sum(each is None for each in results)
            left += [each for each in results if each is not None]
    removed_with_project = await journal.work(journal.number, _COUNT_WITH_PROJECT)
    await journal.work(journal.commit, [(_UNDO_WITH_PROJECT, ())])
    left += [_STAYED.format(*row) for row in await journal.work(journal.rows, _OF_LEFT_PROJECTS)]
    unknown = await journal.work(journal.number, _UNKNOWN)
    return UndoResult(removed, tuple(left), unknown, removed_with_project)


async def unlink_run(account: Account, journal: Journal, progress: Progress) -> UnlinkResult:
    """Remove the references of the journal's run from its time entries.

    Raises:
        HarvestError: the account can't be used; it can be called again.
    """
    if account.references is None or journal.meta.get("references") != KEPT:
        return UnlinkResult(0)
    with account.bulk():
        ours = await _entries_with_references(account, account.references, journal)
        progress.begin("removing references", len(ours))
        unlinks = [partial(_unlink, account.references, record) for record in ours]
        results = await gather(unlinks, on_done=progress.step)
    return UnlinkResult(sum(each is None for each in results), tuple(each for each in results if each is not None))


async def _unlink(references: ReferencedEntries, record: int) -> str | None:
    """Remove one reference; return the reason if it remains."""
    try:
        await references.unlink(record)
    except NotFound:
        return f"entry {record}: it was deleted before"
    except _REFUSED as error:
        return f"entry {record}: {error.message}"
    return None


async def _foreign_entries(account: Account, journal: Journal) -> frozenset[int]:
    """Return the ids of the run's time entries that must not be deleted, since they lack its references."""
    if account.references is None or journal.meta.get("references") != KEPT:
        return frozenset()
    ours = await _entries_with_references(account, account.references, journal)
    created = await journal.work(journal.rows, _CREATED_ENTRIES)
    return frozenset(record for record, *_ in created) - ours


async def _entries_with_references(account: Account, references: ReferencedEntries, journal: Journal) -> frozenset[int]:
    """Return the ids of the run's time entries that have the references that it gave them, or were deleted."""
    run = await journal.work(RunReferences, journal)
    days: dict[int, tuple[date, date]] = {}
    wanted: dict[int, str | None] = {}
    for record, reference, person, day in await journal.work(journal.rows, _CREATED_ENTRIES):
        on = date.fromisoformat(day)
        first, last = days.get(person, (on, on))
        days[person] = min(first, on), max(last, on)
        wanted[record] = reference
    found = await find_references(account, run, days)
    ours = {record for record, reference in wanted.items() if record in found.get(reference or "", ())}
    elsewhere = [partial(_has_reference, references, run, *each) for each in wanted.items() if each[0] not in ours]
    return frozenset(ours | {record for record in await gather(elsewhere) if record is not None})


async def _has_reference(
    references: ReferencedEntries, run: RunReferences, record: int, reference: str | None
) -> int | None:
    """Return the id of an entry that was moved or deleted, unless it lacks its reference."""
    entry = await references.find(record)
    return record if entry is None or (reference is not None and run.is_ours(entry, reference)) else None


async def _undo(
    account: Account,
    journal: Journal,
    guard: Guard,
    foreign: frozenset[int],
    step: int,
    kind: str,
    record: int,
    person: int | None,
    project: int | None,
    other: int | None,
    name: str | None,
) -> str | None:
    """Delete one record; return the reason if it remains."""
    fields = {} if person is None else {"person": person}
    what = f"{kind.replace('_', ' ')} {record}{f' ({name})' if name else ''}"
    if kind == "entry" and record in foreign:
        return f"{what}: {_NOT_OURS}"
    guard()
    try:
        reason = await account.delete(kind, record, {**fields, "project": project, "other": other})
    except _REFUSED as error:
        return f"{what}: {error.message}"
    if reason:
        return f"{what}: {reason}"
    await journal.work(journal.commit, [mark_undone(step)])
    return None


def _kept(journal: Journal) -> list[str]:
    kept = journal.rows("""
        select kind, state, count(*) from step where state = 'updated'
        or (state = 'created' and (record is null or json_extract(content, '$.is_new') = 0)) group by 1, 2
    """)
    reasons = {"updated": "updated, and the updates stay", "created": "maybe not created by this run, or without an id"}
    return [f"{count} of {kind.replace('_', ' ')}: {reasons[state]}" for kind, state, count in kept]


_CREATED: Final = """
    select step.id, step.kind, step.record, person.record, project.record, other.record,
    json_extract(step.content, '$.name')
    from step
    left join step as person on person.id = step.person left join step as project on project.id = step.project
    left join step as other on other.id = step.other
    where step.state = 'created' and step.record is not null
    and coalesce(json_extract(step.content, '$.is_new'), 1) = 1
    and not (step.kind in ('task_assignment', 'person_assignment') and project.state = 'created')
    and step.kind in (select value from json_each(?)) order by step.id desc
"""
_CREATED_ENTRIES: Final = """
    select step.record, step.reference, person.record, step.day from step join step as person on person.id = step.person
    where step.kind = 'entry' and step.state = 'created' and step.record is not null order by step.id
"""
_WITH_PROJECT: Final = """
    kind in ('task_assignment', 'person_assignment') and state = 'created'
    and project in (select id from step where kind = 'project' and state = 'undone')
"""
_COUNT_WITH_PROJECT: Final = f"select count(*) from step where {_WITH_PROJECT}"  # noqa: S608 - constants only
_UNDO_WITH_PROJECT: Final = f"update step set state = 'undone' where {_WITH_PROJECT}"  # noqa: S608
_OF_LEFT_PROJECTS: Final = """
    select count(*), json_extract(project.content, '$.name') from step join step as project on project.id = step.project
    where step.kind in ('task_assignment', 'person_assignment') and step.state = 'created' and project.state = 'created'
    group by project.id
"""
_STAYED: Final = "{0} of the assignments of project {1}, which is left"
_UNKNOWN: Final = "select count(*) from step where state in ('unknown', 'response_lost', 'intended')"
