"""Where things of a plan meet what the account has of them: assignments and payments, and how both lie in the journal.

Rules of this room: what is there is left as it is, but for the fields that a row says more about; equal payments are
counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from harvest_async.importer.account import Readable
from harvest_async.importer.account_records import Link
from harvest_async.importer.journal import Journal
from harvest_async.importer.match import differing, payment_key
from harvest_async.importer.planned_row import PlannedRecord
from harvest_async.importer.resolver import Resolver
from harvest_async.importer.serialization import pack
from harvest_async.importer.side_by_side import gather, later
from harvest_async.progress import Progress

__all__ = ["LINKS", "insert_things", "meet_links", "meet_payments"]

LINKS: Final = frozenset({"task_link", "person_link"})

_INSERT: Final = (
    "insert into step (id, kind, action, key, source, client, project, other, content, state, record) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


_REPLACE: Final = _INSERT.replace("insert", "insert or replace", 1)


def _columns(thing: PlannedRecord) -> tuple[Any, ...]:
    was = thing.was if thing.action == "update" else {}
    content = pack({"name": thing.name, "fields": thing.fields, "was": was, "sure": thing.sure})
    return (
        thing.number, thing.kind, thing.action, thing.key, thing.source, thing.client, thing.project, thing.other,
        content, "planned" if thing.action else "existing", thing.record,
    )  # fmt: skip


def insert_things(journal: Journal, things: Iterable[PlannedRecord]) -> None:
    """Write things down as steps."""
    journal.write_many(_INSERT, map(_columns, things))


def meet_links(
    journal: Journal,
    told: list[PlannedRecord],
    things: dict[int, PlannedRecord],
    links: dict[tuple[str, int], Sequence[Link]],
    marks: dict[int, PlannedRecord],
) -> None:
    """Match the assignments that rows are about with those that are there; their marks are left as they are."""
    changed = list(told)
    for thing in told:
        project, other, mark = things[thing.project or 0], things[thing.other or 0], marks.get(thing.number)
        for link in links.get((thing.kind, project.record or 0), ()):
            if link.other == other.record and (link.active or mark is not None):
                thing.record = link.id
                thing.fields = differing(thing.fields, dict(link.fields))
                thing.action = "update" if thing.fields else ""
                if mark is not None:
                    mark.action, mark.record = "", link.id
                    changed.append(mark)
    journal.together(lambda: journal.write_many(_REPLACE, map(_columns, changed)))


async def meet_payments(account: Readable, journal: Journal, resolver: Resolver, progress: Progress) -> None:
    """Match payments with those that the account's invoices have."""
    wanted = {thing.other for thing in resolver.things if thing.kind == "payment"}
    invoices = [thing for thing in resolver.things if thing.number in wanted and thing.record is not None]
    progress.begin("reading payments", len(invoices))
    found = await gather([later(account.payments, thing.record) for thing in invoices], progress)
    there: dict[str, list[int]] = {}
    for invoice, payments in zip(invoices, found, strict=True):
        for each in payments:
            key = payment_key(invoice.number, each.amount, each.moment, each.notes)
            there.setdefault(key, []).append(each.id)
    known = [(key, record) for key, records in there.items() for record in records]
    met = []
    for thing in resolver.things:
        if thing.kind == "payment" and there.get(thing.key):
            thing.action, thing.record = "", there[thing.key].pop()
            met.append(thing)
    journal.together(lambda: _keep_payments(journal, known, met))


def _keep_payments(journal: Journal, known: list[tuple[str, int]], met: list[PlannedRecord]) -> None:
    journal.write_many("insert or ignore into known (key, record) values (?, ?)", known)
    journal.write_many(_REPLACE, map(_columns, met))
