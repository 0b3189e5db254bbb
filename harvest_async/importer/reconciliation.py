"""Finding out what became of lost writes: the reading for `reconcile`'s counting.

Rules of this room: it reads the account and changes states in the journal; it sends no write. What can't be read leaves
its steps unknown, and an unknown step is never sent.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from harvest_async.errors import Forbidden, NotFound, Unauthorized
from harvest_async.importer.account import Account
from harvest_async.importer.account_records import AccountRecord
from harvest_async.importer.counting import count_processed
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
    "select id, key, client, project, other, person, day, content from step where kind = ? and state = 'response_lost'"
)
_MADE: Final = "select record from step where key = ? and state in ('created', 'undone')"


class Reconciliation:
    """Settles the lost steps of one journal."""

    def __init__(self, account: Account, journal: Journal, writer: JournalWriter, references: References) -> None:
        self._account = account
        self._journal = journal
        self._writer = writer
        self._references = references

    async def reconcile(self, kind: str) -> None:
        """Find out about all lost steps of a kind.

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
        people: dict[int, list[tuple[Any, ...]]] = {}
        for step in lost:
            people.setdefault(step[5], []).append(step)
        for person, theirs in people.items():
            days = [date.fromisoformat(step[6]) for step in theirs]
            number = self._references.record(person) or 0
            booked = await self._account.logged(kind, number, min(days), max(days))
            found: dict[str, list[int]] = {}
            numbers, timestamps = self._references.numbers, self._references.timestamps
            for each in booked:
                key = logged_key(kind, number, each, numbers, timestamps=timestamps)
                found.setdefault(key or "", []).append(each.id)
            changes = await self._journal.work(self._count, theirs, found)
            await self._writer.write(*changes)

    def _count(self, lost: list[tuple[Any, ...]], found: dict[str, list[int]]) -> list[Change]:
        """Tell for each key how many of its lost steps were carried out; the first ones, since one goes at a time."""
        keys: dict[str, list[int]] = {}
        for step in lost:
            keys.setdefault(step[1], []).append(step[0])
        changes: list[Change] = []
        for key, steps in keys.items():
            before = {record for (record,) in self._journal.rows("select record from known where key = ?", (key,))}
            made = self._journal.rows(
                "select record from step where key = ? and state in ('created', 'undone')", (key,)
            )
            journalled = {record for (record,) in made if record is not None}
            ids = count_processed(found.get(key, ()), before, journalled, len(made) - len(journalled), len(steps))
            changes += [mark_created(step, record) for step, record in zip(steps, ids, strict=False)]
            changes += [plan_again(step) for step in steps[len(ids) :]]
        return changes

    async def _reconcile_people(self, lost: list[tuple[Any, ...]]) -> None:
        """Contract: create_user_mails: look the address up, and never send again."""
        for step in lost:
            email = unpack(step[7])["fields"]["email"]
            known = await self._account.find_person(email)
            if known is not None:
                await self._writer.write(mark_created(step[0], known.id))
            else:
                reason = f"{email} may still be on the way: look whether the person is there, then resume"
                await self._writer.write(mark_unknown(step[0], reason))

    async def _reconcile_assignments(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        for number, _, _, project, other, *_ in lost:
            found = await self._account.assignments(kind, self._references.record(project) or 0)
            there = [each.id for each in found if each.other == self._references.record(other) and each.active]
            await self._writer.write(mark_created(number, there[0]) if there else plan_again(number))

    async def _reconcile_final_states(self, mark: str, lost: list[tuple[Any, ...]]) -> None:
        for number, _, _, project, other, *_ in lost:
            record = self._references.record(other) or 0
            reached = await self._account.has_final_state(mark, record, self._references.record(project))
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
        have = await self._account.records(kind)
        changes = []
        for number, _, client, *_, content in lost:
            fields = unpack(content)["fields"]
            there = [each.id for each in have if self._is(kind, each, fields, self._references.record(client))]
            changes.append(mark_created(number, there[-1]) if there else plan_again(number))
        await self._writer.write(*changes)

    def _is(self, kind: str, known: AccountRecord, fields: dict[str, Any], client: int | None) -> bool:
        """Whether a record is the one that was to be made."""
        if client is not None and known.client != client:
            return False
        if kind == "contact":
            name = f"{fields.get('first_name', '')} {fields.get('last_name', '')}"
            return (key_of(known.email) or key_of(known.name)) == (
                key_of(str(fields.get("email") or "")) or key_of(name)
            )
        same_code = kind != "project" or key_of(known.code) == key_of(str(fields.get("code") or ""))
        return same_code and key_of(known.name) == key_of(str(fields["number" if kind == "invoice" else "name"]))
