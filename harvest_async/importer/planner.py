"""Build the plan of an import in its journal, from the rows of the file and the records of the account.

Invariants:
- Memory depends on the number of clients, projects, tasks and people, not on the number of rows: rows are read in
  batches, and time entries and expenses are matched in the journal by index.
- The number of reads does not depend on the number of rows: one list for each kind of record that the file touches, and
  at most two calls for each person who is in the account; or, with `SharedLists`, a list for each kind of row and two
  of assignments.
- Nothing is written to the account.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from attrs import frozen

from harvest_async.concurrency import gather
from harvest_async.importer.account import ReadableAccount
from harvest_async.importer.assignments import plan_assignments
from harvest_async.importer.entry_references import OFF, plan_references
from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.importer.journal import Journal
from harvest_async.importer.loading import add_problem
from harvest_async.importer.match_existing import match_logged, match_payments
from harvest_async.importer.new_people import Consent, confirm_people
from harvest_async.importer.planned_row import FIRST_ROW, PlannedRow, Rejected
from harvest_async.importer.resolver import Resolver
from harvest_async.importer.serialization import unpack_row
from harvest_async.importer.sources import kinds
from harvest_async.importer.steps import insert_records
from harvest_async.progress import Progress

__all__ = ["PlanOptions", "build_plan"]

_BATCH: Final = 1_000

_LISTS: Final = {
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
"""The lists of the account that each kind of row needs."""

_CODES: Final = """
    select distinct json_extract(content, '$.client'), json_extract(content, case kind when 'ProjectRow' then '$.name'
    else '$.project' end), json_extract(content, case kind when 'ProjectRow' then '$.code' else '$.project_code' end)
    from source where kind in ('TimeRow', 'ExpenseRow', 'ProjectRow', 'TaskLinkRow', 'UserLinkRow')
    and json_extract(content, case kind when 'ProjectRow' then '$.code' else '$.project_code' end) <> ''
"""
_ROWS: Final = "select id, kind, content from source where id > ? order by id limit ?"
_INSERT_ROW: Final = (
    "insert into step (id, kind, action, key, source, project, other, person, day, hours, state) "
    "values (?, ?, 'create', ?, ?, ?, ?, ?, ?, ?, 'planned')"
)
_USED: Final = " union ".join(
    f"select {column} from step where state = 'planned' and {column} is not null"  # noqa: S608 - constants only
    for column in ("client", "project", "other", "person")
)
_DELETE_UNUSED: Final = (
    f"delete from step where kind = ? and state = 'planned' and source is null and id not in ({_USED})"  # noqa: S608
)
_DELETE_FINAL_STATES: Final = (
    "delete from step where kind in (select value from json_each(?)) and other not in (select id from step)"
)


@frozen
class PlanOptions:
    """Options of a plan.

    Attributes:
        email_domain: the domain of e-mail addresses for people who have none.
        consent: decides whether people may be created; None creates nobody.
        reference: whether time entries get references, if the account keeps them.
        link: the permalink of these references; None for none.
    """

    email_domain: str | None = None
    consent: Consent | None = None
    reference: bool = True
    link: str | None = None


async def build_plan(account: ReadableAccount, journal: Journal, options: PlanOptions, progress: Progress) -> None:
    """Plan the rows that `load_rows` stored in a journal, and store the plan there.

    Raises:
        HarvestError: the account can't be read.
    """
    kinds_to_read = await journal.work(_kinds_to_read, journal)
    progress.begin("reading the account", len(kinds_to_read) + 1)
    reads: list[Callable[[], Awaitable[Any]]] = [account.timestamps]
    reads += [partial(account.records, kind) for kind in kinds_to_read]
    timestamps, *lists = await gather(reads, on_done=progress.step)
    records = dict(zip(kinds_to_read, lists, strict=True))
    resolver = Resolver(records, timestamps=timestamps, email_domain=options.email_domain, storable=account.storable)
    await journal.work(journal.together, lambda: _resolve_rows(journal, resolver))
    await match_logged(account, journal, resolver, progress)
    await confirm_people(journal, options.consent)
    await journal.work(journal.together, lambda: _delete_unused(journal))
    await plan_assignments(account, journal, resolver, progress)
    await match_payments(account, journal, resolver, progress)
    if account.references is not None and options.reference:
        await journal.work(plan_references, journal, options.link)
    elif account.references is not None:
        await journal.work(lambda: journal.describe(references=OFF))
    left_out = json.dumps(list(resolver.left_out))
    await journal.work(lambda: journal.describe(planned="1", timestamps=str(int(timestamps)), left_out=left_out))


def _kinds_to_read(journal: Journal) -> list[str]:
    found: dict[str, None] = {}
    for (name,) in journal.rows("select distinct kind from source"):
        found.update(dict.fromkeys(_LISTS.get(name, ())))
    return list(found)


def _resolve_rows(journal: Journal, resolver: Resolver) -> None:
    """Resolve all rows; those that can't be imported become problems."""
    resolver.add_codes(journal.rows(_CODES))
    last = 0
    while batch := journal.rows(_ROWS, (last, _BATCH)):
        for source, kind, content in batch:
            row = unpack_row(kind, content)
            try:
                step = resolver.resolve(row, source)
            except Rejected as error:
                add_problem(journal, kinds.Problem(row.line, row.row, error.column, error.reason, "", row.file))
                continue
            if step.planned is None:
                _insert_row(journal, source, row, step)
        last = batch[-1][0]
    resolver.finish()
    insert_records(journal, resolver.planned)


def _insert_row(journal: Journal, source: int, row: kinds.AnyRow, step: PlannedRow) -> None:
    size = str(getattr(row, "hours", "") or getattr(row, "total_cost", "") or "")
    day = row.day.isoformat() if isinstance(row, kinds.TimeRow | kinds.ExpenseRow) else None
    values = (step.kind, step.key, source, step.project, step.other, step.person, day, size)
    journal.write(_INSERT_ROW, (FIRST_ROW + source, *values))


def _delete_unused(journal: Journal) -> None:
    """Delete records that no planned row needs; projects first, since they need clients."""
    journal.write(_DELETE_FINAL_STATES, (json.dumps(list(FINAL_STATES)),))
    journal.write_many(_DELETE_UNUSED, ((kind,) for kind in ("project", "client", "task", "category", "person")))
