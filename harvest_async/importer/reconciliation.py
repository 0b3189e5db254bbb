"""Find out which writes with lost responses were processed, by reading the account.

Invariants:
- It reads the account and changes states in the journal; it sends no write.
- A write whose outcome can't be read stays unknown, and is never sent again.
- Time entries with references are found by them; all other entries are compared and counted (see `counting`).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from harvest_async.errors import Forbidden, NotFound, Unauthorized
from harvest_async.importer.account import Account
from harvest_async.importer.account_records import AccountRecord
from harvest_async.importer.counting import count_processed
from harvest_async.importer.entry_references import ASKED, KEPT, RunReferences, read_logged
from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.importer.journal import Change, Journal, JournalWriter
from harvest_async.importer.match import key_of, logged_key, payment_key
from harvest_async.importer.references import References
from harvest_async.importer.serialization import unpack
from harvest_async.importer.transitions import mark_created, mark_unknown, plan_again

__all__ = ["Reconciliation"]

_ROWS: Final = frozenset({"entry", "expense"})
_ASSIGNMENTS: Final = frozenset({"task_assignment", "person_assignment"})
_UNREADABLE: Final = (Forbidden, NotFound, Unauthorized)
_LOST: Final = (
    "select id, key, client, project, other, person, day, content, reference from step "
    "where kind = ? and state = 'response_lost'"
)
_CREATED: Final = "select record from step where key = ? and state in ('created', 'undone')"
_OTHER_ENTRIES: Final = "select key from step where kind = 'entry' and state = 'planned' and reference is not null"


class Reconciliation:
    """Reconcile the lost steps of one journal."""

    def __init__(
        self,
        account: Account,
        journal: Journal,
        writer: JournalWriter,
        references: References,
        run_references: RunReferences,
    ) -> None:
        self._account = account
        self._journal = journal
        self._writer = writer
        self._references = references
        self._run_references = run_references
        self._postponed: set[int] = set()

    async def reconcile(self, kind: str) -> None:
        """Reconcile all lost steps of a kind.

        Raises:
            HarvestError: the account can't be read at all now.
        """
        lost = await self._journal.work(self._journal.rows, _LOST, (kind,))
        if not lost:
            return
        try:
            if kind in _ROWS:
                await self._reconcile_rows(kind, lost)
            elif kind == "person":
                await self._reconcile_people(lost)
            elif kind in _ASSIGNMENTS:
                await self._reconcile_assignments(kind, lost)
            elif kind in FINAL_STATES:
                await self._reconcile_final_states(kind, lost)
            elif kind == "payment":
                await self._reconcile_payments(lost)
            else:
                await self._reconcile_records(kind, lost)
        except _UNREADABLE as error:
            await self._writer.write(
                *(mark_unknown(step[0], f"the account can't be read: {error.message}") for step in lost)
            )

    async def _reconcile_rows(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        days: dict[int, tuple[date, date]] = {}
        for step in lost:
            person, day = self._references.record(step[5]) or 0, date.fromisoformat(step[6])
            first, last = days.get(person, (day, day))
            days[person] = min(first, day), max(last, day)
        keys: dict[str, list[int]] = {}
        by_reference: dict[str, list[int]] = {}
        numbers, timestamps = self._references.numbers, self._references.timestamps
        async for person, each in read_logged(self._account, kind, days):
            key = logged_key(kind, person, each, numbers, timestamps=timestamps)
            keys.setdefault(key or "", []).append(each.id)
            if each.reference is not None and self._run_references.is_ours(each):
                by_reference.setdefault(each.reference.id, []).append(each.id)
        changes = self._match_references(kind, lost, by_reference)
        rest = [step for step in lost if not step[8] or self._run_references.state not in {ASKED, KEPT}]
        rest += await self._journal.work(self._undecided, lost, keys) if self._run_references.state == ASKED else []
        changes += await self._journal.work(self._count, rest, keys)
        if changes:
            await self._writer.write(*changes)

    def _match_references(self, kind: str, lost: list[tuple[Any, ...]], found: dict[str, list[int]]) -> list[Change]:
        """Match lost time entries by their references, once it is known that the server keeps them."""
        references = self._run_references
        if kind != "entry" or references.state not in {ASKED, KEPT} or (references.state == ASKED and not found):
            return []
        changes = references.decide(is_kept=True)
        for step in lost:
            ids = found.get(step[8] or "", [])
            if len(ids) > 1:
                several = ", ".join(map(str, sorted(ids)))
                reason = f"the entries {several} have the reference of this row: delete all but one, then resume"
                changes.append(mark_unknown(step[0], reason))
            elif step[8]:
                changes.append(mark_created(step[0], ids[0]) if ids else plan_again(step[0]))
        return changes

    def _undecided(self, lost: list[tuple[Any, ...]], found: dict[str, list[int]]) -> list[tuple[Any, ...]]:
        """Return the steps to count although no response has shown yet whether the server keeps references.

        Entries without references that are equal to a lost one are of this run only if the server keeps none. As long
        as other rows can show that, such a step is postponed, but only once.
        """
        keys = {step[1] for step in lost}
        can_wait = any(key not in keys for (key,) in self._journal.rows(_OTHER_ENTRIES))
        counted = []
        for step in lost:
            if step[8] and can_wait and found.get(step[1]) and step[0] not in self._postponed:
                self._postponed.add(step[0])
            elif step[8]:
                counted.append(step)
        return counted

    def _count(self, lost: list[tuple[Any, ...]], found: dict[str, list[int]]) -> list[Change]:
        """Count for each key how many of its lost steps were processed; the first ones, since one is sent at a time."""
        keys: dict[str, list[int]] = {}
        for step in lost:
            keys.setdefault(step[1], []).append(step[0])
        changes: list[Change] = []
        for key, steps in keys.items():
            before = {record for (record,) in self._journal.rows("select record from known where key = ?", (key,))}
            made = self._journal.rows(_CREATED, (key,))
            journalled = {record for (record,) in made if record is not None}
            ids = count_processed(found.get(key, ()), before, journalled, len(made) - len(journalled), len(steps))
            changes += [mark_created(step, record) for step, record in zip(steps, ids, strict=False)]
            changes += [plan_again(step) for step in steps[len(ids) :]]
        return changes

    async def _reconcile_people(self, lost: list[tuple[Any, ...]]) -> None:
        """Look up the e-mail addresses of lost people: an account has at most one person with each.

        So a person is invited by e-mail once, even if the request that seemed lost arrives after the look-up.
        """
        for step in lost:
            known = await self._account.find_person(unpack(step[7])["fields"]["email"])
            await self._writer.write(plan_again(step[0]) if known is None else mark_created(step[0], known.id))

    async def _reconcile_assignments(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        for number, _, _, project, other, *_ in lost:
            found = await self._account.assignments(kind, self._references.record(project) or 0)
            there = [each.id for each in found if each.other == self._references.record(other) and each.active]
            await self._writer.write(mark_created(number, there[0]) if there else plan_again(number))

    async def _reconcile_final_states(self, state: str, lost: list[tuple[Any, ...]]) -> None:
        for number, _, _, project, other, *_ in lost:
            record = self._references.record(other) or 0
            reached = await self._account.has_final_state(state, record, self._references.record(project))
            await self._writer.write(mark_created(number, record) if reached else plan_again(number))

    async def _reconcile_payments(self, lost: list[tuple[Any, ...]]) -> None:
        invoices: dict[int, list[tuple[Any, ...]]] = {}
        for step in lost:
            invoices.setdefault(step[4], []).append(step)
        for invoice, theirs in invoices.items():
            found: dict[str, list[int]] = {}
            for each in await self._account.payments(self._references.record(invoice) or 0):
                found.setdefault(payment_key(invoice, each.amount, each.paid_at, each.notes), []).append(each.id)
            await self._writer.write(*await self._journal.work(self._count, theirs, found))

    async def _reconcile_records(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        existing = await self._account.records(kind)
        changes = []
        for number, _, client, _, _, _, _, content, _ in lost:
            fields = unpack(content)["fields"]
            there = [each.id for each in existing if self._is(kind, each, fields, self._references.record(client))]
            changes.append(mark_created(number, there[-1]) if there else plan_again(number))
        await self._writer.write(*changes)

    def _is(self, kind: str, known: AccountRecord, fields: dict[str, Any], client: int | None) -> bool:
        """Return whether a record of the account is the one that was sent."""
        if client is not None and known.client != client:
            return False
        if kind == "contact":
            name = f"{fields.get('first_name', '')} {fields.get('last_name', '')}"
            return (key_of(known.email) or key_of(known.name)) == (
                key_of(str(fields.get("email") or "")) or key_of(name)
            )
        same_code = kind != "project" or key_of(known.code) == key_of(str(fields.get("code") or ""))
        return same_code and key_of(known.name) == key_of(str(fields["number" if kind == "invoice" else "name"]))
