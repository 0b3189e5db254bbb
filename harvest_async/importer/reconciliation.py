"""Finding out what became of lost writes: the reading for `reconcile`'s counting.

Rules of this room: it reads the account and changes states in the journal; it sends no write. What can't be read leaves
its steps unknown, and an unknown step is never sent.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from harvest_async.errors import Forbidden, NotFound, Unauthorized
from harvest_async.importer.account import Account
from harvest_async.importer.account_records import Known
from harvest_async.importer.final_states import MARKS
from harvest_async.importer.journal import Change, Journal, JournalWriter
from harvest_async.importer.match import booked_key, key_of, payment_key
from harvest_async.importer.reconcile import succeeded
from harvest_async.importer.references import References
from harvest_async.importer.serialization import unpack
from harvest_async.importer.transitions import create, doubt, plan_again

__all__ = ["Reconciliation"]

_ROWS: Final = frozenset({"entry", "expense"})
_LINKS: Final = frozenset({"task_link", "person_link"})
_UNREADABLE: Final = (Forbidden, NotFound, Unauthorized)
_LOST: Final = (
    "select id, key, client, project, other, person, day, content from step where kind = ? and state = 'lost'"
)
_MADE: Final = "select record from step where key = ? and state in ('created', 'undone')"


class Reconciliation:
    """Settles the lost steps of one journal."""

    def __init__(self, account: Account, journal: Journal, clerk: JournalWriter, things: References) -> None:
        self._account = account
        self._journal = journal
        self._clerk = clerk
        self._things = things

    async def settle(self, kind: str) -> None:
        """Find out about all lost steps of a kind.

        Raises:
            HarvestError: the account can't be read at all now.
        """
        lost = await self._journal.work(self._journal.rows, _LOST, (kind,))
        if not lost:
            return
        try:
            if kind in _ROWS:
                await self._settle_rows(kind, lost)
            elif kind == "person":
                await self._settle_people(lost)
            elif kind in _LINKS:
                await self._settle_links(kind, lost)
            elif kind in MARKS:
                await self._settle_marks(kind, lost)
            elif kind == "payment":
                await self._settle_payments(lost)
            else:
                await self._settle_things(kind, lost)
        except _UNREADABLE as error:
            await self._clerk.noted(*(doubt(step[0], f"the account can't be read: {error.message}") for step in lost))

    async def _settle_rows(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        people: dict[int, list[tuple[Any, ...]]] = {}
        for step in lost:
            people.setdefault(step[5], []).append(step)
        for person, theirs in people.items():
            days = [date.fromisoformat(step[6]) for step in theirs]
            number = self._things.record(person) or 0
            booked = await self._account.booked(kind, number, min(days), max(days))
            found: dict[str, list[int]] = {}
            numbers, timestamps = self._things.numbers, self._things.timestamps
            for each in booked:
                key = booked_key(kind, number, each, numbers, timestamps=timestamps)
                found.setdefault(key or "", []).append(each.id)
            changes = await self._journal.work(self._count, theirs, found)
            await self._clerk.noted(*changes)

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
            ids = succeeded(found.get(key, ()), before, journalled, len(made) - len(journalled), len(steps))
            changes += [create(step, record) for step, record in zip(steps, ids, strict=False)]
            changes += [plan_again(step) for step in steps[len(ids) :]]
        return changes

    async def _settle_people(self, lost: list[tuple[Any, ...]]) -> None:
        """Contract: create_user_mails: look the address up, and never send again."""
        for step in lost:
            email = unpack(step[7])["fields"]["email"]
            known = await self._account.person(email)
            if known is not None:
                await self._clerk.noted(create(step[0], known.id))
            else:
                reason = f"{email} may still be on the way: look whether the person is there, then resume"
                await self._clerk.noted(doubt(step[0], reason))

    async def _settle_links(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        for number, _, _, project, other, *_ in lost:
            links = await self._account.links(kind, self._things.record(project) or 0)
            there = [link.id for link in links if link.other == self._things.record(other) and link.active]
            await self._clerk.noted(create(number, there[0]) if there else plan_again(number))

    async def _settle_marks(self, mark: str, lost: list[tuple[Any, ...]]) -> None:
        for number, _, _, project, other, *_ in lost:
            record = self._things.record(other) or 0
            stands = await self._account.stands(mark, record, self._things.record(project))
            await self._clerk.noted(create(number, record) if stands else plan_again(number))

    async def _settle_payments(self, lost: list[tuple[Any, ...]]) -> None:
        invoices: dict[int, list[tuple[Any, ...]]] = {}
        for step in lost:
            invoices.setdefault(step[4], []).append(step)
        for invoice, theirs in invoices.items():
            found: dict[str, list[int]] = {}
            for each in await self._account.payments(self._things.record(invoice) or 0):
                found.setdefault(payment_key(invoice, each.amount, each.moment, each.notes), []).append(each.id)
            await self._clerk.noted(*await self._journal.work(self._count, theirs, found))

    async def _settle_things(self, kind: str, lost: list[tuple[Any, ...]]) -> None:
        have = await self._account.all(kind)
        changes = []
        for number, _, client, *_, content in lost:
            fields = unpack(content)["fields"]
            there = [each.id for each in have if self._is(kind, each, fields, self._things.record(client))]
            changes.append(create(number, there[-1]) if there else plan_again(number))
        await self._clerk.noted(*changes)

    def _is(self, kind: str, known: Known, fields: dict[str, Any], client: int | None) -> bool:
        """Whether a record is the one that was to be made."""
        if client is not None and known.client_id != client:
            return False
        if kind == "contact":
            name = f"{fields.get('first_name', '')} {fields.get('last_name', '')}"
            return (key_of(known.email) or key_of(known.name)) == (
                key_of(str(fields.get("email") or "")) or key_of(name)
            )
        same_code = kind != "project" or key_of(known.code) == key_of(str(fields.get("code") or ""))
        return same_code and key_of(known.name) == key_of(str(fields["number" if kind == "invoice" else "name"]))
