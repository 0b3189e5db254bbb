"""Plan the assignments of tasks and people to projects that rows need.

What the account lets each person log time on shows most assignments that exist. An assignment that it doesn't show is
planned, too; if it turns out to exist, it is accepted as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from harvest_async.concurrency import gather
from harvest_async.importer.account import ReadableAccount
from harvest_async.importer.account_records import Assignment, BookableTasks
from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.importer.journal import Journal
from harvest_async.importer.match import differing
from harvest_async.importer.planned_row import PlannedRecord
from harvest_async.importer.resolver import Resolver
from harvest_async.importer.steps import insert_records, replace_records
from harvest_async.progress import Progress

__all__ = ["ASSIGNMENTS", "plan_assignments"]

ASSIGNMENTS: Final = frozenset({"task_assignment", "person_assignment"})

_PEOPLE: Final = """
    select who.record from step join step as who on who.id = step.person
    join step as project on project.id = step.project
    where step.state = 'planned' and who.record is not null and project.record is not null
    group by who.record having count(distinct step.kind) = 1 order by who.record
"""
_NEEDED: Final = """
    select distinct project, case kind when 'entry' then other end, person from step
    where kind in ('entry', 'expense') and state = 'planned'
"""


async def plan_assignments(account: ReadableAccount, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Read which assignments exist, and plan those that are missing."""
    people = [person for (person,) in await journal.work(journal.rows, _PEOPLE)]
    lists = _lists_to_read(resolver)
    progress.begin("reading assignments", len(people) + len(lists))
    tasks = await gather([partial(account.bookable_tasks, person) for person in people], on_done=progress.step)
    found = await gather([partial(account.assignments, *each) for each in lists], on_done=progress.step)
    await journal.work(_match_described, journal, resolver, dict(zip(lists, found, strict=True)))
    await journal.work(_add_needed, journal, resolver, dict(zip(people, tasks, strict=True)))


def _described(resolver: Resolver) -> list[PlannedRecord]:
    """Return the assignments that have rows of their own."""
    return [each for each in resolver.planned if each.kind in ASSIGNMENTS and each.source is not None]


def _lists_to_read(resolver: Resolver) -> list[tuple[str, int]]:
    """Return the kinds and projects whose assignments are described by rows and may exist."""
    by_number = {planned.number: planned for planned in resolver.planned}
    found = {(each.kind, by_number[each.project or 0].record) for each in _described(resolver)}
    return sorted((kind, project) for kind, project in found if project is not None)


def _match_described(
    journal: Journal, resolver: Resolver, existing: dict[tuple[str, int], Sequence[Assignment]]
) -> None:
    """Match the assignments that rows describe with those that exist, which keep their state."""
    by_number = {planned.number: planned for planned in resolver.planned}
    final_states = {each.other or 0: each for each in resolver.planned if each.kind in FINAL_STATES}
    described = _described(resolver)
    changed = list(described)
    for planned in described:
        project, other = by_number[planned.project or 0], by_number[planned.other or 0]
        state = final_states.get(planned.number)
        for each in existing.get((planned.kind, project.record or 0), ()):
            if each.other == other.record and (each.active or state is not None):
                planned.record = each.id
                planned.fields = differing(planned.fields, dict(each.fields))
                planned.action = "update" if planned.fields else ""
                if state is not None:
                    state.action, state.record = "", each.id
                    changed.append(state)
    journal.together(lambda: replace_records(journal, changed))


def _add_needed(journal: Journal, resolver: Resolver, bookable: dict[int, BookableTasks]) -> None:
    """Plan the assignments that rows need and that no person's bookable tasks show."""
    tasks: dict[int, set[int]] = {}
    for each in bookable.values():
        for where, of_project in each.tasks.items():
            tasks.setdefault(where, set()).update(of_project)
    people = {record: {where: {record} for where in each.tasks} for record, each in bookable.items()}
    count = len(resolver.planned)
    by_number = {planned.number: planned for planned in resolver.planned}
    for number, task, person in _needed(journal):
        project, who = by_number[number], by_number[person]
        if task is not None and not _is_assigned(project, by_number[task], tasks):
            is_new = project.record is None or project.record in tasks
            resolver.assign("task_assignment", number, task).is_new &= is_new
        if not _is_assigned(project, who, people.get(who.record or 0, {})):
            is_new = project.record is None or who.record in people
            resolver.assign("person_assignment", number, person).is_new &= is_new
    new = [planned for planned in resolver.planned[count:] if planned.source is None]
    journal.together(lambda: insert_records(journal, new))


def _needed(journal: Journal) -> list[tuple[Any, ...]]:
    """Return what rows need together, as (project, task or None, person)."""
    return journal.rows(_NEEDED)


def _is_assigned(project: PlannedRecord, other: PlannedRecord, existing: dict[int, set[int]]) -> bool:
    """Whether a task or person is assigned to a project, or will be by the creation of the project."""
    if project.record is None:
        return other.automatic and other.record is not None
    return other.record is not None and other.record in existing.get(project.record, ())
