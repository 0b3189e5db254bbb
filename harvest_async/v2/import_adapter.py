"""The account of API v2 that the importer reads and writes (see `importer.account`).

It converts names and records, and decides nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from harvest_async.errors import InvalidArgument, NotFound
from harvest_async.importer.account import WriteObserver
from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    BookableTasks,
    CreatedEntry,
    EntryReference,
    LoggedEntry,
    RecordedPayment,
)
from harvest_async.importer.client_calls import converted, observed
from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.v2 import import_records, import_writes
from harvest_async.v2.client import HarvestV2
from harvest_async.v2.steady_lists import steady_list

__all__ = ["V2ImportAccount"]


class V2ImportAccount:
    """An account of API v2, with lists over all people and references of time entries.

    Args:
        harvest: the client.
        identity: a string that identifies the account among all accounts.
    """

    def __init__(self, harvest: HarvestV2, identity: str) -> None:
        self._harvest = harvest
        self._identity = identity
        self.shared_lists = _SharedLists(harvest)
        self.references = _References(harvest)

    @property
    def identity(self) -> str:
        """See `Account.identity`."""
        return self._identity

    def storable(self, kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Account.storable`."""
        return import_records.storable(kind, fields)

    async def timestamps(self) -> bool:
        """See `Account.timestamps`."""
        return bool((await self._harvest.company.get()).wants_timestamp_timers)

    async def check_role(self) -> None:
        """See `Account.check_role`."""
        user = await self._harvest.users.me()
        if "administrator" not in user.access_roles and not user.is_admin:
            raise InvalidArgument(
                f"{user.email} is no administrator of the account {self._harvest.name}: importing and undoing need "
                "one. Sign in as an administrator; nothing was written"
            )

    async def records(self, kind: str) -> Sequence[AccountRecord]:
        """See `Account.records`."""
        return await import_records.list_records(self._harvest, kind)

    async def find_person(self, email: str) -> AccountRecord | None:
        """See `Account.find_person`; API v2 finds people by reading the list."""
        wanted = email.strip().lower()
        people = await self.records("person")
        return next((each for each in people if each.email.strip().lower() == wanted), None)

    async def logged(self, kind: str, person: int, first: date, last: date) -> Sequence[LoggedEntry]:
        """See `Account.logged`."""
        return [each async for each in _logged(self._harvest, kind, first, last, person)]

    async def bookable_tasks(self, person: int) -> BookableTasks:
        """See `Account.bookable_tasks`."""
        found: dict[int, frozenset[int]] = {}
        async for each in self._harvest.users.project_assignments(person):
            if each.project is not None and each.project.id is not None:
                tasks = (task.task_id for task in each.task_assignments if task.is_active is not False)
                found[each.project.id] = frozenset(task for task in tasks if task is not None)
        return BookableTasks(found)

    async def assignments(self, kind: str, project: int) -> Sequence[Assignment]:
        """See `Account.assignments`."""
        if kind == "task_assignment":
            return await converted(self._harvest.task_assignments.list_for_project(project), import_records.assignment)
        return await converted(self._harvest.user_assignments.list_for_project(project), import_records.assignment)

    async def payments(self, invoice: int) -> Sequence[RecordedPayment]:
        """See `Account.payments`."""
        found = await converted(self._harvest.invoice_payments.list(invoice), import_records.payment)
        return [each for each in found if each is not None]

    async def has_final_state(self, state: str, record: int, project: int | None) -> bool:
        """See `Account.has_final_state`."""
        try:
            return await import_writes.has_final_state(self._harvest, state, record, project or 0)
        except NotFound:
            return True  # the record was deleted

    async def create(self, kind: str, fields: Mapping[str, Any], observer: WriteObserver) -> int | None:
        """See `Account.create`."""
        harvest, given = observed(self._harvest, observer), import_records.to_v2(kind, fields)
        if kind in FINAL_STATES:
            record = int(given["record"])
            await import_writes.set_final_state(harvest, kind, record, given.get("project_id") or 0)
            return record
        created = await import_writes.create_record(harvest, kind, given)
        return int(created.id)

    async def update(self, kind: str, record: int, fields: Mapping[str, Any], observer: WriteObserver) -> None:
        """See `Account.update`."""
        harvest = observed(self._harvest, observer)
        await import_writes.update_record(harvest, kind, record, import_records.to_v2(kind, fields))

    async def delete(self, kind: str, record: int, fields: Mapping[str, Any]) -> str | None:
        """See `Account.delete`. API v2 refuses to delete what other records use, except projects."""
        given = import_records.to_v2(kind, fields)
        try:
            if kind == "project" and await import_writes.has_entries(self._harvest, record):
                return "it has time entries or expenses, which the server would delete with it"
            if kind in FINAL_STATES:
                await import_writes.unset_final_state(self._harvest, kind, record, given.get("project_id") or 0)
            else:
                await import_writes.delete_record(self._harvest, kind, record, given)
        except NotFound:
            return None  # it was deleted before
        return None

    async def ping(self) -> None:
        """See `Account.ping`; sent as a call that is not repeated."""
        await self._harvest.request("GET", "/users/me")

    def bulk(self) -> AbstractContextManager[None]:
        """See `Account.bulk`."""
        return self._harvest.bulk()


class _SharedLists:
    """See `importer.account.SharedLists`."""

    def __init__(self, harvest: HarvestV2) -> None:
        self._harvest = harvest

    def logged(self, kind: str, first: date, last: date) -> AsyncIterator[LoggedEntry]:
        """Return the time entries or expenses of all people between two days."""
        return _logged(self._harvest, kind, first, last, None)

    async def assignments(self, kind: str) -> Mapping[int, Sequence[Assignment]]:
        """Return all task or person assignments of the account, by project."""
        harvest = self._harvest
        lists = (harvest.task_assignments if kind == "task_assignment" else harvest.user_assignments).list()
        found: dict[int, list[Assignment]] = {}
        async for each in lists:
            found.setdefault(each.project_id or 0, []).append(import_records.assignment(each))
        return found


class _References:
    """See `importer.account.ReferencedEntries`."""

    def __init__(self, harvest: HarvestV2) -> None:
        self._harvest = harvest

    async def create(
        self, fields: Mapping[str, Any], reference: EntryReference, observer: WriteObserver
    ) -> CreatedEntry:
        """Create a time entry with a reference."""
        sent = {"id": reference.id, "group_id": reference.group_id}
        sent |= {} if reference.permalink is None else {"permalink": reference.permalink}
        given = {**import_records.to_v2("entry", fields), "external_reference": sent}
        created = await import_writes.create_record(observed(self._harvest, observer), "entry", given)
        return CreatedEntry(created.id, import_records.reference(created.external_reference))

    async def find(self, record: int) -> LoggedEntry | None:
        """Return a time entry, or None if it does not exist."""
        try:
            return import_records.entry(await self._harvest.time_entries.get(record))
        except NotFound:
            return None

    async def having(self, reference: str) -> Sequence[LoggedEntry]:
        """Return the time entries that have a reference with this id."""
        found = await converted(self._harvest.time_entries.list(external_reference_id=reference), import_records.entry)
        return [each for each in found if each is not None]

    async def unlink(self, record: int) -> None:
        """Remove the reference of a time entry."""
        await self._harvest.time_entries.delete_reference(record)


async def _logged(
    harvest: HarvestV2, kind: str, first: date, last: date, person: int | None
) -> AsyncIterator[LoggedEntry]:
    """Yield the time entries or expenses of one person, or of all, between two days."""
    if kind == "expense":
        async for spent in steady_list(harvest, "expenses", first=first, last=last, user_id=person):
            if (expense := import_records.expense(spent)) is not None:
                yield expense
        return
    async for logged in steady_list(harvest, "time_entries", first=first, last=last, user_id=person):
        if (entry := import_records.entry(logged)) is not None:
            yield entry
