"""The account of API v1 that the importer reads and writes (see `importer.account`).

It converts names and records, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from harvest_async.call import DeleteResult
from harvest_async.client.cached_list import record_id
from harvest_async.errors import InvalidArgument, NotFound
from harvest_async.importer.account import WriteObserver
from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    BookableTasks,
    LoggedEntry,
    RecordedPayment,
)
from harvest_async.importer.client_calls import observed, renamed, with_time
from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.v1 import import_records, import_writes
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.models import Me

__all__ = ["V1ImportAccount"]

Fields = dict[str, Any]


class V1ImportAccount:
    """An account of API v1.

    API v1 has no lists over all people, and its time entries keep no references.

    Args:
        harvest: the client.
        identity: a string that identifies the account among all accounts.
    """

    def __init__(self, harvest: HarvestV1, identity: str) -> None:
        self._harvest = harvest
        self._identity = identity
        self._signed_in: Me | None = None
        self.shared_lists = None
        self.references = None

    @property
    def identity(self) -> str:
        """See `Account.identity`."""
        return self._identity

    def storable(self, kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Account.storable`."""
        return import_records.storable(kind, fields)

    async def timestamps(self) -> bool:
        """See `Account.timestamps`."""
        return bool((await self._user()).timestamp_timers)

    async def check_role(self) -> None:
        """See `Account.check_role`."""
        user = await self._user()
        if user.admin is False:
            raise InvalidArgument(
                f"{user.email} is a regular user of {self._harvest.name}: importing and undoing need an administrator. "
                "Sign in as one; nothing was written"
            )

    async def _user(self) -> Me:
        """Return the signed-in person, read once."""
        if self._signed_in is None:
            self._signed_in = (await self._harvest.account.who_am_i()).user
            record_id(self._signed_in)
        return self._signed_in

    async def records(self, kind: str) -> Sequence[AccountRecord]:
        """See `Account.records`."""
        return await import_records.list_records(self._harvest, kind)

    async def find_person(self, email: str) -> AccountRecord | None:
        """See `Account.find_person`."""
        try:
            return import_records.person(await self._harvest.people.get(email))
        except NotFound:
            return None

    async def logged(self, kind: str, person: int, first: date, last: date) -> Sequence[LoggedEntry]:
        """See `Account.logged`."""
        reports = self._harvest.reports
        if kind == "expense":
            expenses = reports.user_expenses(person, first, last)
            return [import_records.expense(each, each.spent_at) async for each in expenses if each.spent_at is not None]
        found = reports.user_entries(person, first, last)
        entries = [import_records.entry(each, each.spent_at) async for each in found if each.spent_at is not None]
        if all(entry.start is not None for entry in entries) or not await self.timestamps():
            return entries
        return await self._with_times(person, entries)

    async def _with_times(self, person: int, entries: Sequence[LoggedEntry]) -> Sequence[LoggedEntry]:
        """Return the entries with start and end, which reports may leave out, from the timesheets of their days."""
        times: dict[int, LoggedEntry] = {}
        for day in sorted({entry.day for entry in entries if entry.start is None}):
            daily = await self._harvest.time.daily(day, of_user=self._of_user(person))
            times |= {record_id(each): import_records.entry(each, day) for each in daily.day_entries}
        return [with_time(entry, times.get(entry.id, entry)) for entry in entries]

    async def bookable_tasks(self, person: int) -> BookableTasks:
        """See `Account.bookable_tasks`."""
        daily = await self._harvest.time.daily(of_user=self._of_user(person))
        return BookableTasks(
            {record_id(each): frozenset(record_id(task) for task in each.tasks) for each in daily.projects}
        )

    async def assignments(self, kind: str, project: int) -> Sequence[Assignment]:
        """See `Account.assignments`."""
        if kind == "task_assignment":
            return [import_records.assignment(each) async for each in self._harvest.task_assignments.list(project)]
        return [import_records.assignment(each) async for each in self._harvest.user_assignments.list(project)]

    async def payments(self, invoice: int) -> Sequence[RecordedPayment]:
        """See `Account.payments`."""
        found = [import_records.payment(each) async for each in self._harvest.invoice_payments.list(invoice)]
        return [each for each in found if each is not None]

    async def has_final_state(self, state: str, record: int, project: int | None) -> bool:
        """See `Account.has_final_state`."""
        try:
            return await import_writes.has_final_state(self._harvest, state, record, project or 0)
        except NotFound:
            return True  # the record was deleted

    async def create(self, kind: str, fields: Mapping[str, Any], observer: WriteObserver) -> int | None:
        """See `Account.create`."""
        harvest, given = observed(self._harvest, observer), self._to_v1(kind, fields)
        if kind in FINAL_STATES:
            record = int(given["record"])
            await import_writes.set_final_state(harvest, kind, record, given.get("project_id") or 0)
            return record
        return await import_writes.create_record(harvest, kind, given)

    async def update(self, kind: str, record: int, fields: Mapping[str, Any], observer: WriteObserver) -> None:
        """See `Account.update`."""
        await import_writes.update_record(observed(self._harvest, observer), kind, record, self._to_v1(kind, fields))

    async def delete(self, kind: str, record: int, fields: Mapping[str, Any]) -> str | None:
        """See `Account.delete`."""
        given = self._to_v1(kind, fields)
        project = given.get("project_id") or 0
        try:
            if kind in FINAL_STATES:
                await import_writes.unset_final_state(self._harvest, kind, record, project)
                return None
            result = await import_writes.delete_record(self._harvest, kind, record, given)
        except NotFound:
            return None  # it was deleted before
        if kind == "task" and result is DeleteResult.UNKNOWN:
            return "the server did not remove it"  # it was read after the call, and is active
        if result is DeleteResult.ARCHIVED:
            return await import_writes.restore_record(self._harvest, kind, record, project)
        return None

    async def ping(self) -> None:
        """See `Account.ping`; sent as a call that is not repeated."""
        await self._harvest.request("GET", "/account/who_am_i")

    def bulk(self) -> AbstractContextManager[None]:
        """See `Account.bulk`."""
        return self._harvest.bulk()

    def _to_v1(self, kind: str, fields: Mapping[str, Any]) -> Fields:
        """Return neutral fields under the names of API v1."""
        translated = renamed(fields, import_records.FIELD_NAMES)
        if "person" in translated:
            person = translated.pop("person")
            if kind == "person_assignment":
                translated["user_id"] = person
            else:
                translated["of_user"] = self._of_user(person)
        return translated

    def _of_user(self, person: int) -> int | None:
        """Return None for the signed-in person, who needs no `of_user`."""
        return None if self._signed_in is not None and person == self._signed_in.id else person
