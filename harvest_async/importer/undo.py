"""Taking back what a run made, from its journal.

Rules of this room: what was made is removed, last first: entries and expenses, assignments, projects and contacts, then
the rest. What was there before, and what was only brought up to date, stays. So does an assignment that may have been
there before the run. What the server refuses is told, and can be tried again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Final

from attrs import frozen

from harvest_async.concurrency import gather
from harvest_async.errors import BadRequest, Forbidden, Unprocessable
from harvest_async.importer.account import Account
from harvest_async.importer.journal import Journal
from harvest_async.importer.rules import STAGES
from harvest_async.importer.transitions import mark_undone
from harvest_async.progress import Progress

__all__ = ["UndoResult", "undo_run"]

_REFUSED: Final = (BadRequest, Forbidden, Unprocessable)


@frozen
class UndoResult:
    """What undoing did.

    Attributes:
        removed: how many records were taken away.
        left: what is still there, and why.
        unknown: how many writes of the run have an outcome that nobody knows.
        removed_with_project: how many assignments of the run the server removed together with their projects.
    """

    removed: int
    left: Sequence[str]
    unknown: int
    removed_with_project: int = 0


async def undo_run(account: Account, journal: Journal, progress: Progress) -> UndoResult:
    """Remove what the journal's run made.

    Raises:
        HarvestError: the account can't be worked with; it can be called again.
    """
    removed, left = 0, await journal.work(_kept, journal)
    with account.bulk():
        for title, of_kinds in reversed(STAGES):
            steps = await journal.work(journal.rows, _MADE, (json.dumps(of_kinds),))
            progress.begin(f"undoing: {title}", len(steps))
            told = await gather([partial(_undo, account, journal, *step) for step in steps], on_done=progress.step)
            removed += sum(each is None for each in told)
            left += [each for each in told if each is not None]
    removed_with_project = await journal.work(journal.number, _COUNT_ALONG)
    await journal.work(journal.commit, [(_UNDO_ALONG, ())])
    left += [_STAYED.format(*row) for row in await journal.work(journal.rows, _OF_LEFT_PROJECTS)]
    unknown = await journal.work(journal.number, _UNKNOWN)
    return UndoResult(removed, tuple(left), unknown, removed_with_project)


async def _undo(
    account: Account,
    journal: Journal,
    step: int,
    kind: str,
    record: int,
    person: int | None,
    project: int | None,
    other: int | None,
    name: str | None,
) -> str | None:
    """Remove one record; says why where it could not."""
    fields = {} if person is None else {"person": person}
    what = f"{kind.replace('_', ' ')} {record}{f' ({name})' if name else ''}"
    try:
        instead = await account.delete(kind, record, {**fields, "project": project, "other": other})
    except _REFUSED as error:
        return f"{what}: {error.message}"
    if instead:
        return f"{what}: {instead}"
    await journal.work(journal.commit, [mark_undone(step)])
    return None


def _kept(journal: Journal) -> list[str]:
    kept = journal.rows("""
        select kind, state, count(*) from step where state = 'updated'
        or (state = 'created' and (record is null or json_extract(content, '$.is_new') = 0)) group by 1, 2
    """)
    why = {"updated": "brought up to date, and that stays", "created": "not certainly this run's, or without a number"}
    return [f"{count} of {kind.replace('_', ' ')}: {why[state]}" for kind, state, count in kept]


_MADE: Final = """
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
_WENT_ALONG: Final = """
    kind in ('task_assignment', 'person_assignment') and state = 'created'
    and project in (select id from step where kind = 'project' and state = 'undone')
"""
_COUNT_ALONG: Final = f"select count(*) from step where {_WENT_ALONG}"  # noqa: S608 - no value of anybody's
_UNDO_ALONG: Final = f"update step set state = 'undone' where {_WENT_ALONG}"  # noqa: S608
_OF_LEFT_PROJECTS: Final = """
    select count(*), json_extract(project.content, '$.name') from step join step as project on project.id = step.project
    where step.kind in ('task_assignment', 'person_assignment') and step.state = 'created' and project.state = 'created'
    group by project.id
"""
_STAYED: Final = "{0} of the assignments of project {1}, which is left"
_UNKNOWN: Final = "select count(*) from step where state in ('unknown', 'response_lost', 'intended')"
