"""Convert records of API v1 to the neutral records of the importer."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from harvest_async.client.cached_list import record_id
from harvest_async.importer.account_records import AccountRecord, Assignment, LoggedEntry, RecordedPayment
from harvest_async.importer.client_calls import converted, neutral_fields
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.models import (
    Client,
    Contact,
    DayEntry,
    Expense,
    ExpenseCategory,
    Invoice,
    InvoiceItemCategory,
    InvoicePayment,
    Person,
    Project,
    ReportEntry,
    Task,
    TaskAssignment,
    UserAssignment,
)
from harvest_async.v1.neutral_values import CURRENCY, TERM
from harvest_async.v1.steady_lists import steady_invoices

__all__ = [
    "FIELD_NAMES",
    "NEUTRAL_NAMES",
    "assignment",
    "entry",
    "expense",
    "list_records",
    "payment",
    "person",
    "storable",
]

FIELD_NAMES: Final = {
    "archived": "deactivated",
    "category": "expense_category_id",
    "client": "client_id",
    "day": "spent_at",
    "end": "ended_at",
    "line_items": "csv_line_items",
    "project": "project_id",
    "start": "started_at",
    "task": "task_id",
}
"""The name in API v1 of each neutral field whose name differs; see also `is_active` of people."""

NEUTRAL_NAMES: Final = {name: neutral for neutral, name in FIELD_NAMES.items()} | {"is_active": "active"}
"""The neutral names of the fields of API v1 that have another one."""


_UNKNOWN: Final[Mapping[str, frozenset[str]]] = {
    "person": frozenset({"weekly_capacity"}),
    "project": frozenset({"budget_is_monthly", "fee", "is_fixed_fee"}),
}
"""The fields of rows that API v1 does not have, or can't set."""


def storable(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a row as API v1 stores them, under their neutral names; those that it lacks are left out.

    A currency that is given by its code gets its usual name, and a term of payment the words of API v1.
    """
    kept = {name: value for name, value in fields.items() if name not in _UNKNOWN.get(kind, ())}
    for name, shape in (("currency", CURRENCY), ("due_at_human_format", TERM)):
        if kept.get(name):
            kept[name] = shape.write(kept[name], {})
    return {name: value for name, value in kept.items() if value is not None or fields[name] is None}


def _fields(record: Any) -> dict[str, Any]:
    """Return all fields of a record but its id, under their neutral names."""
    return neutral_fields(record, NEUTRAL_NAMES)


def _full_name(each: Contact | Person) -> str:
    return f"{each.first_name or ''} {each.last_name or ''}".strip()


def _client(each: Client) -> AccountRecord:
    return AccountRecord(record_id(each), each.name or "", each.active is not False, fields=_fields(each))


def _project(each: Project) -> AccountRecord:
    active = each.active is not False
    return AccountRecord(
        record_id(each), each.name or "", active, each.client_id, code=each.code or "", fields=_fields(each)
    )


def _task(each: Task) -> AccountRecord:
    automatic = bool(each.is_default)
    return AccountRecord(
        record_id(each), each.name or "", not each.deactivated, automatic=automatic, fields=_fields(each)
    )


def _category(each: ExpenseCategory) -> AccountRecord:
    return AccountRecord(record_id(each), each.name or "", not each.deactivated, fields=_fields(each))


def person(each: Person) -> AccountRecord:
    """Convert a person."""
    return AccountRecord(
        record_id(each),
        _full_name(each),
        each.is_active is not False,
        email=each.email or "",
        automatic=bool(each.has_access_to_all_future_projects),
        fields=_fields(each),
    )


def _contact(each: Contact) -> AccountRecord:
    return AccountRecord(
        record_id(each), _full_name(each), client=each.client_id, email=each.email or "", fields=_fields(each)
    )


def _item_category(each: InvoiceItemCategory) -> AccountRecord:
    return AccountRecord(record_id(each), each.name or "", fields=_fields(each))


def _invoice(each: Invoice) -> AccountRecord:
    return AccountRecord(record_id(each), each.number or "", client=each.client_id)


def entry(each: DayEntry | ReportEntry, day: date) -> LoggedEntry:
    """Convert a time entry of a day."""
    return LoggedEntry(
        record_id(each),
        each.project_id or 0,
        each.task_id or 0,
        day,
        each.notes or "",
        hours=each.hours or Decimal(0),
        start=each.started_at,
        end=each.ended_at,
    )


def expense(each: Expense, day: date) -> LoggedEntry:
    """Convert an expense of a day."""
    cost = each.total_cost or Decimal(0)
    return LoggedEntry(
        record_id(each), each.project_id or 0, each.expense_category_id or 0, day, each.notes or "", cost=cost
    )


def assignment(each: TaskAssignment | UserAssignment) -> Assignment:
    """Convert the assignment of a task or a person."""
    other = each.task_id if isinstance(each, TaskAssignment) else each.user_id
    return Assignment(record_id(each), other or 0, not each.deactivated, _fields(each))


def payment(each: InvoicePayment) -> RecordedPayment | None:
    """Convert a payment; None if it has no time."""
    if each.paid_at is None:
        return None
    return RecordedPayment(record_id(each), each.amount or Decimal(0), each.paid_at, each.notes or "")


def _lists(
    harvest: HarvestV1,
) -> Mapping[str, tuple[Callable[[], AsyncIterable[Any]], Callable[[Any], AccountRecord]]]:
    """Return the list of each kind, and the function that converts its records."""
    return {
        "client": (harvest.clients.list, _client),
        "project": (harvest.projects.list, _project),
        "task": (harvest.tasks.list, _task),
        "person": (harvest.people.list, person),
        "category": (harvest.expense_categories.list, _category),
        "contact": (harvest.contacts.list, _contact),
        "item_category": (harvest.invoice_item_categories.list, _item_category),
        "invoice": (partial(steady_invoices, harvest), _invoice),
    }


async def list_records(harvest: HarvestV1, kind: str) -> list[AccountRecord]:
    """Read all records of a kind, archived ones included."""
    records, read = _lists(harvest)[kind]
    return await converted(records(), read)
