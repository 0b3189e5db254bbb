"""Plan the assignments of tasks and people to projects that rows need.

Without lists over all projects, the tasks on which each person can log time show most assignments that exist. An
assignment that they don't show is planned, too; if it turns out to exist, it is accepted as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, field

from harvest_async.concurrency import gather
from harvest_async.importer.account import ReadableAccount, SharedLists
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


@define
class _Existing:
    """The assignments that exist, by project.

    Attributes:
        tasks, people: the ids of the assigned tasks and people.
        readers: the people whose projects were read; None if all assignments were.
    """

    tasks: dict[int, set[int]] = field(factory=dict)
    people: dict[int, set[int]] = field(factory=dict)
    readers: frozenset[int] | None = frozenset()


async def plan_assignments(account: ReadableAccount, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Read which assignments exist, and plan those that are missing."""
    people = [person for (person,) in await journal.work(journal.rows, _PEOPLE)]
    lists = _lists_to_read(resolver)
    if account.shared_lists is not None and (people or lists):
        described, existing = await _read_shared(account.shared_lists, progress)
    else:
        progress.begin("reading assignments", len(people) + len(lists))
        tasks = await gather([partial(account.bookable_tasks, person) for person in people], on_done=progress.step)
        found = await gather([partial(account.assignments, *each) for each in lists], on_done=progress.step)
        described, existing = dict(zip(lists, found, strict=True)), _of_people(dict(zip(people, tasks, strict=True)))
    await journal.work(_match_described, journal, resolver, described)
    await journal.work(_add_needed, journal, resolver, existing)


async def _read_shared(
    shared_lists: SharedLists, progress: Progress
) -> tuple[dict[tuple[str, int], Sequence[Assignment]], _Existing]:
    """Read all assignments in two lists; return them by kind and project, and the active ones."""
    kinds = ("task_assignment", "person_assignment")
    progress.begin("reading assignments", len(kinds))
    found = await gather([partial(shared_lists.assignments, kind) for kind in kinds], on_done=progress.step)
    tasks, people = [
        {project: {each.other for each in every if each.active} for project, every in of.items()} for of in found
    ]
    by_kind = {(kind, project): every for kind, of in zip(kinds, found, strict=True) for project, every in of.items()}
    return by_kind, _Existing(tasks, people, readers=None)


def _of_people(bookable: Mapping[int, BookableTasks]) -> _Existing:
    """Return the assignments that the tasks on which people can log time show."""
    existing = _Existing(readers=frozenset(bookable))
    for person, each in bookable.items():
        for project, tasks in each.tasks.items():
            existing.tasks.setdefault(project, set()).update(tasks)
            existing.people.setdefault(project, set()).add(person)
    return existing


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


def _add_needed(journal: Journal, resolver: Resolver, existing: _Existing) -> None:
    """Plan the assignments that rows need and that don't exist."""
    count = len(resolver.planned)
    by_number = {planned.number: planned for planned in resolver.planned}
    readers = existing.readers
    for number, task, person in _needed(journal):
        project, who = by_number[number], by_number[person]
        is_certain = project.record is None or readers is None
        if task is not None and not _is_assigned(project, by_number[task], existing.tasks):
            planned = resolver.assign("task_assignment", number, task)
            planned.is_new &= is_certain or project.record in existing.tasks
        if not _is_assigned(project, who, existing.people):
            planned = resolver.assign("person_assignment", number, person)
            planned.is_new &= is_certain or (readers is not None and who.record in readers)
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
