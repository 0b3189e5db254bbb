"""An account of API v1, as an import fills it.

Rules of this room: it translates and decides nothing (see `bulk.account`). A kind of record is a line in each table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs

from harvest_async.call import Call, Created, DeleteResult
from harvest_async.client.cached_list import record_id
from harvest_async.errors import InvalidArgument, NotFound, ResponseError
from harvest_async.importer.account import WriteObserver
from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    BookableTasks,
    LoggedEntry,
    RecordedPayment,
)
from harvest_async.v1.client import HarvestV1

__all__ = ["V1ImportAccount"]

Fields = dict[str, Any]

_NAMES: Final = {
    "client": "client_id",
    "project": "project_id",
    "task": "task_id",
    "category": "expense_category_id",
    "day": "spent_at",
    "start": "started_at",
    "end": "ended_at",
}
"""The names of the importer's fields in API v1, where they differ."""


class V1ImportAccount:
    """An import's way to an account.

    Args:
        harvest: the client.
        identity: which account it is, in a word that no other account has.
    """

    def __init__(self, harvest: HarvestV1, identity: str) -> None:
        self._harvest = harvest
        self._identity = identity
        self._me: int | None = None
        self._signed_in: Any = None

    @property
    def identity(self) -> str:
        """See `Account.identity`."""
        return self._identity

    async def timestamps(self) -> bool:
        """Contract: who_am_i: how time is tracked; and who is signed in, who needs no `of_user`."""
        return bool((await self._user()).timestamp_timers)

    async def check_role(self) -> None:
        """Check that the signed-in person may do all that an import does.

        Raises:
            InvalidArgument: they are no administrator.
            HarvestError: the account can't be read.
        """
        user = await self._user()
        if user.admin is False:
            raise InvalidArgument(
                f"{user.email} is a regular user of {self._harvest.name}: importing and undoing need an administrator. "
                "Sign in as one; nothing was written"
            )

    async def _user(self) -> Any:
        """Return the signed-in person, asked for once."""
        if self._signed_in is None:
            self._signed_in = (await self._harvest.account.who_am_i()).user
            self._me = record_id(self._signed_in)
        return self._signed_in

    async def records(self, kind: str) -> Sequence[AccountRecord]:
        """See `Account.all`."""
        section, read = _LISTS[kind]
        return [read(each) async for each in getattr(self._harvest, section).list()]

    async def find_person(self, email: str) -> AccountRecord | None:
        """Contract: person_by_email."""
        try:
            return _person(await self._harvest.people.get(email))
        except NotFound:
            return None

    async def logged(self, kind: str, person: int, first: date, last: date) -> Sequence[LoggedEntry]:
        """Contract: reports.user_entries, reports.user_expenses."""
        if kind == "expense":
            expenses = self._harvest.reports.user_expenses(person, first, last)
            return [_expense(each) async for each in expenses if each.spent_at is not None]
        found = self._harvest.reports.user_entries(person, first, last)
        entries = [_entry(each) async for each in found if each.spent_at is not None]
        if all(entry.start is not None for entry in entries):
            return entries
        timed = await self.timestamps()
        return await self._with_times(person, entries) if timed else entries

    async def _with_times(self, person: int, entries: Sequence[LoggedEntry]) -> Sequence[LoggedEntry]:
        """The entries with start and end, which reports may leave out; read from the days of those that lack them."""
        times: dict[int, LoggedEntry] = {}
        for day in sorted({entry.day for entry in entries if entry.start is None}):
            daily = await self._harvest.time.daily(day, of_user=self._of_user(person))
            times |= {record_id(each): _entry(each) for each in daily.day_entries}
        return [_timed(entry, times.get(entry.id, entry)) for entry in entries]

    async def bookable_tasks(self, person: int) -> BookableTasks:
        """Contract: time_tracking.daily: the projects and tasks that can be tracked."""
        daily = await self._harvest.time.daily(of_user=self._of_user(person))
        return BookableTasks(
            {record_id(each): frozenset(record_id(task) for task in each.tasks) for each in daily.projects}
        )

    async def assignments(self, kind: str, project: int) -> Sequence[Assignment]:
        """A project's assignments."""
        if kind == "task_assignment":
            tasks = self._harvest.task_assignments.list(project)
            return [
                Assignment(record_id(each), each.task_id or 0, not each.deactivated, _rest(each))
                async for each in tasks
            ]
        people = self._harvest.user_assignments.list(project)
        return [
            Assignment(record_id(each), each.user_id or 0, not each.deactivated, _rest(each)) async for each in people
        ]

    async def payments(self, invoice: int) -> Sequence[RecordedPayment]:
        """Contract: invoice_payments.list."""
        payments = self._harvest.invoice_payments.list(invoice)
        return [
            RecordedPayment(record_id(each), each.amount or Decimal(0), each.paid_at, each.notes or "")
            async for each in payments
            if each.paid_at is not None
        ]

    async def has_final_state(self, mark: str, record: int, project: int | None) -> bool:
        """See `Account.stands`."""
        try:
            return await _STANDS[mark](self._harvest, record, project or 0)
        except NotFound:
            return True  # it is gone

    async def create(self, kind: str, fields: Mapping[str, Any], watch: WriteObserver) -> int | None:
        """See `Account.create`."""
        given = self._to_v1(kind, fields)
        made = await _CREATE[kind](self._watched(watch), given)
        return made.id

    async def update(self, kind: str, record: int, fields: Mapping[str, Any], watch: WriteObserver) -> None:
        """See `Account.update`."""
        await _UPDATE[kind](self._watched(watch), record, self._to_v1(kind, fields))

    async def delete(self, kind: str, record: int, fields: Mapping[str, Any]) -> str | None:
        """See `Account.delete`."""
        given = self._to_v1(kind, fields)
        try:
            gone = await _DELETE[kind](self._harvest, record, given)
        except NotFound:
            return None  # it is gone, by whomever
        if kind == "task" and gone is DeleteResult.UNKNOWN:
            return "the server did not remove it"  # it was read after the call, and is active
        return await self._bring_back(kind, record, given) if gone is DeleteResult.ARCHIVED else None

    async def _bring_back(self, kind: str, record: int, fields: Fields) -> str:
        """Undo an archiving that the server did instead of a deletion, since other records use it."""
        try:
            await _BRING_BACK[kind](self._harvest, record, fields.get("project_id") or 0)
        except ResponseError as error:
            return f"other records use it; the server archived it, and it can't be brought back ({error.message})"
        return "other records use it"

    async def ping(self) -> None:
        """See `Account.ask`: not repeatable, so that it is sent once."""
        await self._harvest.request("GET", "/account/who_am_i")

    def bulk(self) -> AbstractContextManager[None]:
        """The bulk lane."""
        return self._harvest.bulk()

    def _to_v1(self, kind: str, fields: Mapping[str, Any]) -> Fields:
        """Return neutral fields under the names of API v1."""
        translated = {_NAMES.get(name, name): value for name, value in fields.items()}
        if "person" in translated:
            person = translated.pop("person")
            if kind == "person_assignment":
                translated["user_id"] = person
            else:
                translated["of_user"] = self._of_user(person)
        return translated

    def _of_user(self, person: int) -> int | None:
        return None if person == self._me else person

    def _watched(self, watch: WriteObserver) -> HarvestV1:
        async def before_send(_: Call[Any]) -> None:
            await watch.before_send()

        async def on_unknown(_: Call[Any]) -> None:
            watch.outcome_unknown()

        return self._harvest.options(before_send=before_send, on_unknown=on_unknown)


def _rest(record: Any) -> Fields:
    return {name: value for name, value in attrs.asdict(record, recurse=False).items() if name not in {"id", "extra"}}


def _client(each: Any) -> AccountRecord:
    return AccountRecord(record_id(each), each.name or "", each.active is not False, fields=_rest(each))


def _project(each: Any) -> AccountRecord:
    active = each.active is not False
    return AccountRecord(
        record_id(each), each.name or "", active, each.client_id, code=each.code or "", fields=_rest(each)
    )


def _task(each: Any) -> AccountRecord:
    return AccountRecord(
        record_id(each), each.name or "", not each.deactivated, automatic=bool(each.is_default), fields=_rest(each)
    )


def _category(each: Any) -> AccountRecord:
    return AccountRecord(record_id(each), each.name or "", not each.deactivated, fields=_rest(each))


def _person(each: Any) -> AccountRecord:
    return AccountRecord(
        record_id(each),
        f"{each.first_name or ''} {each.last_name or ''}".strip(),
        each.is_active is not False,
        email=each.email or "",
        automatic=bool(each.has_access_to_all_future_projects),
        fields=_rest(each),
    )


def _contact(each: Any) -> AccountRecord:
    name = f"{each.first_name or ''} {each.last_name or ''}".strip()
    return AccountRecord(record_id(each), name, client_id=each.client_id, email=each.email or "", fields=_rest(each))


def _entry(each: Any) -> LoggedEntry:
    return LoggedEntry(
        record_id(each),
        each.project_id or 0,
        each.task_id or 0,
        each.spent_at,
        each.notes or "",
        hours=each.hours or Decimal(0),
        start=each.started_at,
        end=each.ended_at,
    )


def _timed(entry: LoggedEntry, known: LoggedEntry) -> LoggedEntry:
    """An entry of a report, with the start and end that the timesheet has where the report leaves them out."""
    return entry if entry.start is not None else attrs.evolve(entry, start=known.start, end=known.end)


def _expense(each: Any) -> LoggedEntry:
    cost = each.total_cost or Decimal(0)
    return LoggedEntry(
        record_id(each), each.project_id or 0, each.expense_category_id or 0, each.spent_at, each.notes or "", cost=cost
    )


def _category_of_items(each: Any) -> AccountRecord:
    return AccountRecord(record_id(each), each.name or "", fields=_rest(each))


def _invoice(each: Any) -> AccountRecord:
    return AccountRecord(record_id(each), each.number or "", client_id=each.client_id)


async def _pay(harvest: Any, fields: Fields) -> Created[Any]:
    created: Created[Any] = await harvest.invoice_payments.create_id(fields.pop("record"), **_said(fields))
    return created


def _said(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _marked(mark: Callable[[Any, int, int], Awaitable[Any]]) -> Callable[[Any, Fields], Awaitable[Created[Any]]]:
    """A mark as something that is made: its number is the record's."""

    async def make(harvest: Any, fields: Fields) -> Created[Any]:
        await mark(harvest, fields["record"], fields.get("project_id") or 0)
        return Created(fields["record"], None, None)

    return make


def _unmarked(
    mark: Callable[[Any, int, int], Awaitable[Any]] | None,
) -> Callable[[Any, int, Fields], Awaitable[DeleteResult]]:
    """Taking a mark off; of an invoice it stays, since the invoice goes."""

    async def take_off(harvest: Any, record: int, fields: Fields) -> DeleteResult:
        if mark is not None:
            await mark(harvest, record, fields.get("project_id") or 0)
        return DeleteResult.DELETED

    return take_off


_MARK: Final[Mapping[str, Callable[[Any, int, int], Awaitable[Any]]]] = {
    "archived_client": lambda harvest, record, _: harvest.clients.archive(record),
    "archived_project": lambda harvest, record, _: harvest.projects.archive(record),
    "archived_task": lambda harvest, record, _: harvest.tasks.delete(record),
    "archived_person": lambda harvest, record, _: harvest.people.archive(record),
    "archived_task_assignment": lambda harvest, record, project: harvest.task_assignments.update(
        project, record, deactivated=True
    ),
    "archived_person_assignment": lambda harvest, record, project: harvest.user_assignments.update(
        project, record, deactivated=True
    ),
    "sent_invoice": lambda harvest, record, _: harvest.invoice_messages.mark_as_sent(record),
    "closed_invoice": lambda harvest, record, _: harvest.invoice_messages.mark_as_closed(record),
}

_UNMARK: Final[Mapping[str, Callable[[Any, int, int], Awaitable[Any]] | None]] = {
    "archived_client": lambda harvest, record, _: harvest.clients.activate(record),
    "archived_project": lambda harvest, record, _: harvest.projects.activate(record),
    "archived_task": lambda harvest, record, _: harvest.tasks.activate(record),
    "archived_person": lambda harvest, record, _: harvest.people.activate(record),
    "archived_task_assignment": lambda harvest, record, project: harvest.task_assignments.update(
        project, record, deactivated=False
    ),
    "archived_person_assignment": lambda harvest, record, project: harvest.user_assignments.update(
        project, record, deactivated=False
    ),
    "sent_invoice": None,
    "closed_invoice": None,
}


_BRING_BACK: Final[Mapping[str, Callable[[Any, int, int], Awaitable[Any]]]] = {
    "client": lambda harvest, record, _: harvest.clients.activate(record),
    "project": lambda harvest, record, _: harvest.projects.activate(record),
    "task": lambda harvest, record, _: harvest.tasks.activate(record),
    "person": lambda harvest, record, _: harvest.people.activate(record),
    "task_assignment": lambda harvest, record, project: harvest.task_assignments.update(
        project, record, deactivated=False
    ),
    "person_assignment": lambda harvest, record, project: harvest.user_assignments.update(
        project, record, deactivated=False
    ),
}
"""What makes an archived record active again."""


def _stands(read: Callable[[Any, int, int], Awaitable[Any]], field: str, *values: object) -> Any:
    """Whether a record that is read has one of these values."""

    async def stands(harvest: Any, record: int, project: int) -> bool:
        return getattr(await read(harvest, record, project), field) in values

    return stands


_STANDS: Final[Mapping[str, Callable[[Any, int, int], Awaitable[bool]]]] = {
    "archived_client": _stands(lambda harvest, record, _: harvest.clients.get(record), "active", False),
    "archived_project": _stands(lambda harvest, record, _: harvest.projects.get(record), "active", False),
    "archived_task": _stands(lambda harvest, record, _: harvest.tasks.get(record), "deactivated", True),
    "archived_person": _stands(lambda harvest, record, _: harvest.people.get(record), "is_active", False),
    "archived_task_assignment": _stands(
        lambda harvest, record, project: harvest.task_assignments.get(project, record), "deactivated", True
    ),
    "archived_person_assignment": _stands(
        lambda harvest, record, project: harvest.user_assignments.get(project, record), "deactivated", True
    ),
    "sent_invoice": _stands(
        lambda harvest, record, _: harvest.invoices.get(record), "state", "open", "partial", "paid", "closed"
    ),
    "closed_invoice": _stands(lambda harvest, record, _: harvest.invoices.get(record), "state", "closed"),
}


_LISTS: Final[Mapping[str, tuple[str, Callable[[Any], AccountRecord]]]] = {
    "client": ("clients", _client),
    "project": ("projects", _project),
    "task": ("tasks", _task),
    "person": ("people", _person),
    "category": ("expense_categories", _category),
    "contact": ("contacts", _contact),
    "item_category": ("invoice_item_categories", _category_of_items),
    "invoice": ("invoices", _invoice),
}

_CREATE: Final[Mapping[str, Callable[[Any, Fields], Awaitable[Created[Any]]]]] = {
    "client": lambda harvest, fields: harvest.clients.create_id(**fields),
    "project": lambda harvest, fields: harvest.projects.create_id(**fields),
    "task": lambda harvest, fields: harvest.tasks.create_id(**fields),
    "person": lambda harvest, fields: harvest.people.create_id(**fields),
    "category": lambda harvest, fields: harvest.expense_categories.create_id(**fields),
    "contact": lambda harvest, fields: harvest.contacts.create_id(**fields),
    "task_assignment": lambda harvest, fields: harvest.task_assignments.create_id(**fields),
    "person_assignment": lambda harvest, fields: harvest.user_assignments.create_id(**fields),
    "entry": lambda harvest, fields: harvest.time.create_id(**{**fields, "notes": fields["notes"] or None}),
    "expense": lambda harvest, fields: harvest.expenses.create_id(**{**fields, "notes": fields["notes"] or None}),
    "item_category": lambda harvest, fields: harvest.invoice_item_categories.create_id(fields["name"]),
    "invoice": lambda harvest, fields: harvest.invoices.create_id(**_invoice_fields(fields)),
    "payment": _pay,
    **{name: _marked(mark) for name, mark in _MARK.items()},
}

_UPDATE: Final[Mapping[str, Callable[[Any, int, Fields], Awaitable[Any]]]] = {
    "client": lambda harvest, record, fields: harvest.clients.update(record, **fields),
    "project": lambda harvest, record, fields: harvest.projects.update(record, **fields),
    "task": lambda harvest, record, fields: harvest.tasks.update(record, **fields),
    "person": lambda harvest, record, fields: harvest.people.update(record, **fields),
    "category": lambda harvest, record, fields: harvest.expense_categories.update(record, **fields),
    "contact": lambda harvest, record, fields: harvest.contacts.update(record, **fields),
    "item_category": lambda harvest, record, fields: harvest.invoice_item_categories.update(record, **fields),
    "task_assignment": lambda harvest, record, fields: harvest.task_assignments.update(
        fields["project_id"], record, **_without(fields)
    ),
    "person_assignment": lambda harvest, record, fields: harvest.user_assignments.update(
        fields["project_id"], record, **_without(fields)
    ),
}

_DELETE: Final[Mapping[str, Callable[[Any, int, Fields], Awaitable[DeleteResult]]]] = {
    "client": lambda harvest, record, _: harvest.clients.delete(record),
    "project": lambda harvest, record, _: harvest.projects.delete(record),
    "task": lambda harvest, record, _: harvest.tasks.delete(record),
    "person": lambda harvest, record, _: harvest.people.delete(record),
    "category": lambda harvest, record, _: harvest.expense_categories.delete(record),
    "contact": lambda harvest, record, _: harvest.contacts.delete(record),
    "task_assignment": lambda harvest, record, fields: harvest.task_assignments.delete(fields["project_id"], record),
    "person_assignment": lambda harvest, record, fields: harvest.user_assignments.delete(fields["project_id"], record),
    "entry": lambda harvest, record, fields: harvest.time.delete(record, of_user=fields.get("of_user")),
    "expense": lambda harvest, record, fields: harvest.expenses.delete(record, of_user=fields.get("of_user")),
    "item_category": lambda harvest, record, _: harvest.invoice_item_categories.delete(record),
    "invoice": lambda harvest, record, _: harvest.invoices.delete(record),
    "payment": lambda harvest, record, fields: harvest.invoice_payments.delete(fields["other"], record),
    **{name: _unmarked(mark) for name, mark in _UNMARK.items()},
}


def _without(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in {"project_id", "task_id", "user_id"}}


def _invoice_fields(fields: Fields) -> Fields:
    """Return the fields of a new invoice, whose lines are free text."""
    return {"kind": "free_form", **_said(fields)}
