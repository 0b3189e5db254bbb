"""Match the plan's time entries, expenses and payments with those that the account has.

Equal ones are counted: of n equal rows and m equal records of the account, the first m rows exist already.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any, Final

from harvest_async.concurrency import gather
from harvest_async.importer.account import ReadableAccount
from harvest_async.importer.entry_references import read_logged
from harvest_async.importer.journal import Journal
from harvest_async.importer.match import logged_key, payment_key
from harvest_async.importer.planned_row import PlannedRecord
from harvest_async.importer.resolver import Resolver
from harvest_async.importer.steps import replace_records
from harvest_async.progress import Progress

__all__ = ["mark_existing_rows", "match_logged", "match_payments"]

_BATCH: Final = 1_000
_SPANS: Final = """
    select step.kind, who.record, min(step.day), max(step.day) from step
    join step as who on who.id = step.person join step as project on project.id = step.project
    join step as other on other.id = step.other
    where step.kind in ('entry', 'expense') and who.record is not null and project.record is not null
    and other.record is not null group by step.kind, who.record order by who.record
"""
_STORE: Final = (
    "insert or ignore into known (key, record) select ?, ? where exists (select 1 from step where kind = ? and key = ?)"
)
_EXISTING: Final = """
    with ours as (
        select id, key, row_number() over (partition by key order by id) as place
        from step where kind in ('entry', 'expense') and state = 'planned'
    ), theirs as (select key, record, row_number() over (partition by key order by record) as place from known)
    select record, id from ours join theirs using (key, place)
"""


async def match_logged(account: ReadableAccount, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Read what people have logged on the days of the file, and match it with the rows."""
    spans = await journal.work(journal.rows, _SPANS)
    reads = list(_reads(spans, shared=account.shared_lists is not None))
    progress.begin("reading time entries and expenses", len(reads))

    numbers = resolver.numbers

    async def read(kind: str, days: dict[int, tuple[date, date]]) -> None:
        found: list[tuple[Any, ...]] = []
        async for person, each in read_logged(account, kind, days):
            key = logged_key(kind, person, each, numbers, timestamps=resolver.timestamps)
            if key:
                found.append((key, each.id, kind, key))
            if len(found) == _BATCH:
                await journal.work(_store, journal, found)
                found = []
        await journal.work(_store, journal, found)

    await gather([partial(read, *each) for each in reads], on_done=progress.step)
    await journal.work(mark_existing_rows, journal)


def _reads(spans: list[tuple[Any, ...]], *, shared: bool) -> Iterator[tuple[str, dict[int, tuple[date, date]]]]:
    """Yield the kind and the days of each list to read: one for each person, or one for all people (`shared`)."""
    days: dict[str, dict[int, tuple[date, date]]] = {}
    for kind, person, first, last in spans:
        span = date.fromisoformat(first), date.fromisoformat(last)
        if shared:
            days.setdefault(kind, {})[person] = span
        else:
            yield kind, {person: span}
    yield from days.items()


def mark_existing_rows(journal: Journal) -> None:
    """Mark the rows that the account has already."""
    existing = journal.rows(_EXISTING)
    update = "update step set state = 'existing', action = '', record = ? where id = ?"
    journal.together(lambda: journal.write_many(update, existing))


def _store(journal: Journal, found: list[tuple[Any, ...]]) -> None:
    """Store which records match the key of a row: any more that match it later were created since."""
    journal.together(lambda: journal.write_many(_STORE, found))


async def match_payments(account: ReadableAccount, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Match payments with those of the account's invoices."""
    wanted = {planned.other for planned in resolver.planned if planned.kind == "payment"}
    invoices = [each for each in resolver.planned if each.number in wanted and each.record is not None]
    progress.begin("reading payments", len(invoices))
    reads = [partial(account.payments, invoice.record or 0) for invoice in invoices]
    found = await gather(reads, on_done=progress.step)
    existing: dict[str, list[int]] = {}
    for invoice, payments in zip(invoices, found, strict=True):
        for each in payments:
            key = payment_key(invoice.number, each.amount, each.paid_at, each.notes)
            existing.setdefault(key, []).append(each.id)
    known = [(key, record) for key, records in existing.items() for record in records]
    matched = []
    for planned in resolver.planned:
        if planned.kind == "payment" and existing.get(planned.key):
            planned.action, planned.record = "", existing[planned.key].pop()
            matched.append(planned)
    journal.together(lambda: _store_payments(journal, known, matched))


def _store_payments(journal: Journal, known: list[tuple[str, int]], matched: list[PlannedRecord]) -> None:
    journal.write_many("insert or ignore into known (key, record) values (?, ?)", known)
    replace_records(journal, matched)
