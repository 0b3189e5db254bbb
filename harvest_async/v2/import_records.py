"""Convert records of API v2 to the neutral records of the importer, and fields of rows to those of API v2."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from harvest_async.client.line_table import LineItem, read_lines
from harvest_async.errors import InvalidArgument
from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    EntryReference,
    LoggedEntry,
    RecordedPayment,
)
from harvest_async.importer.client_calls import converted, neutral_fields, renamed
from harvest_async.v2.client import HarvestV2
from harvest_async.v2.contacts import Contact
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.expenses import Expense
from harvest_async.v2.invoice_payments import InvoicePayment
from harvest_async.v2.nested import id_of
from harvest_async.v2.projects import Project
from harvest_async.v2.steady_lists import steady_list
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import Task
from harvest_async.v2.time_entry_records import ExternalReference, TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import User

__all__ = [
    "access_roles",
    "assignment",
    "entry",
    "expense",
    "list_records",
    "payment",
    "person",
    "reference",
    "rights_of",
    "storable",
    "to_v2",
]

Fields = dict[str, Any]

FIELD_NAMES: Final = {
    "active": "is_active",
    "billable": "is_billable",
    "category": "expense_category_id",
    "client": "client_id",
    "day": "spent_date",
    "details": "address",
    "due_at": "due_date",
    "due_at_human_format": "payment_term",
    "end": "ended_time",
    "issued_at": "issue_date",
    "person": "user_id",
    "project": "project_id",
    "start": "started_time",
    "task": "task_id",
}
"""The name in API v2 of each neutral field whose name differs; `archived` is the opposite of `is_active`."""

_SAME: Final[Mapping[str, frozenset[str]]] = {
    "expense": frozenset({"billable"}),
    "task_assignment": frozenset({"billable"}),
}
"""The kinds of records that have a field under its neutral name."""

_NEUTRAL: Final = {name: neutral for neutral, name in FIELD_NAMES.items()}

_UNKNOWN: Final[Mapping[str, frozenset[str]]] = {
    "client": frozenset({"currency_symbol", "highrise_id"}),
    "invoice": frozenset({"period_start", "period_end"}),
    "item_category": frozenset({"use_as_expense", "use_as_service"}),
    "person": frozenset({"department"}),
}
"""The fields of rows that API v2 does not have, or sets by itself."""

_CURRENCY: Final = re.compile(r".*\b([A-Z]{3})")
_TERMS: Final = {
    "due on receipt": "upon receipt",
    **{each: each for each in ("upon receipt", "net 15", "net 30", "net 45", "net 60", "custom")},
}
"""The terms of payment of API v2, by those of files in lower case."""


def storable(kind: str, fields: Mapping[str, Any]) -> Fields:
    """Return the fields of a row as API v2 stores them, under their neutral names; those that it lacks are left out."""
    kept = {name: value for name, value in fields.items() if name not in _UNKNOWN.get(kind, ())}
    if code := _CURRENCY.fullmatch(str(kept.get("currency") or "")):
        kept["currency"] = code[1]
    if "due_at_human_format" in kept:
        term = _TERMS.get(str(kept.pop("due_at_human_format")).strip().lower())
        kept |= {} if term is None else {"due_at_human_format": term}
    return kept


def to_v2(kind: str, fields: Mapping[str, Any]) -> Fields:
    """Return neutral fields under the names of API v2, with its values."""
    same = _SAME.get(kind, ())
    given = renamed(fields, {name: each for name, each in FIELD_NAMES.items() if name not in same})
    if "archived" in given:
        given["is_active"] = not given.pop("archived")
    if kind == "invoice" and given.get("line_items"):
        given["line_items"] = _lines(given["line_items"])
    return given


def _lines(text: str) -> list[Fields]:
    """Return the line items of CSV text.

    Raises:
        InvalidArgument: the text is no such table, or a quantity or price is no number.
    """
    try:
        lines = read_lines(text)
    except ValueError as error:
        raise InvalidArgument(str(error)) from None
    return [_line(each) for each in lines]


def _line(line: LineItem) -> Fields:
    return {
        "kind": line.kind or "Service",
        "description": line.description or None,
        "quantity": Decimal(1) if line.quantity is None else line.quantity,
        "unit_price": line.unit_price or Decimal(0),
        "taxed": line.taxed,
        "taxed2": line.taxed2,
    }


def access_roles(*, is_admin: bool, is_project_manager: bool) -> list[str]:
    """Return the access roles of a person with these rights."""
    return ["administrator"] if is_admin else ["manager"] if is_project_manager else ["member"]


def rights_of(user: User) -> dict[str, bool]:
    """Return the rights of a person; old servers send flags instead of access roles."""
    if not user.access_roles:
        return {"is_admin": bool(user.is_admin), "is_project_manager": bool(user.is_project_manager)}
    return {"is_admin": "administrator" in user.access_roles, "is_project_manager": "manager" in user.access_roles}


def _fields(record: Any) -> Fields:
    return neutral_fields(record, _NEUTRAL)


def person(each: User) -> AccountRecord:
    """Convert a person."""
    return AccountRecord(
        each.id,
        _full_name(each),
        each.is_active is not False,
        email=each.email or "",
        automatic=bool(each.has_access_to_all_future_projects),
        fields=_fields(each) | rights_of(each),
    )


def _full_name(each: Contact | User) -> str:
    return f"{each.first_name or ''} {each.last_name or ''}".strip()


def _named(each: Any) -> AccountRecord:
    return AccountRecord(each.id, each.name or "", getattr(each, "is_active", None) is not False, fields=_fields(each))


def _task(each: Task) -> AccountRecord:
    active, automatic = each.is_active is not False, bool(each.is_default)
    return AccountRecord(each.id, each.name or "", active, automatic=automatic, fields=_fields(each))


def _category(each: ExpenseCategory) -> AccountRecord:
    return AccountRecord(each.id, each.name or "", each.is_active is not False, fields=_fields(each))


def _project(each: Project) -> AccountRecord:
    active = each.is_active is not False
    return AccountRecord(
        each.id, each.name or "", active, id_of(each.client), code=each.code or "", fields=_fields(each)
    )


def _contact(each: Contact) -> AccountRecord:
    return AccountRecord(
        each.id, _full_name(each), client=id_of(each.client), email=each.email or "", fields=_fields(each)
    )


def _invoice(each: Any) -> AccountRecord:
    return AccountRecord(each.id, each.number or "", client=id_of(each.client))


def entry(each: TimeEntry) -> LoggedEntry | None:
    """Convert a time entry; None if it has no day."""
    if each.spent_date is None:
        return None
    return LoggedEntry(
        each.id,
        id_of(each.project) or 0,
        id_of(each.task) or 0,
        each.spent_date,
        each.notes or "",
        hours=each.hours or Decimal(0),
        start=each.started_time,
        end=each.ended_time,
        person=id_of(each.user),
        reference=reference(each.external_reference),
    )


def reference(each: ExternalReference | None) -> EntryReference | None:
    """Convert the reference of a time entry."""
    if each is None or each.id is None:
        return None
    return EntryReference(each.id, each.group_id or "", each.permalink)


def expense(each: Expense) -> LoggedEntry | None:
    """Convert an expense; None if it has no day."""
    if each.spent_date is None:
        return None
    return LoggedEntry(
        each.id,
        id_of(each.project) or 0,
        each.expense_category_id or 0,
        each.spent_date,
        each.notes or "",
        cost=each.total_cost or Decimal(0),
        person=id_of(each.user),
    )


def assignment(each: TaskAssignment | UserAssignment) -> Assignment:
    """Convert the assignment of a task or a person."""
    other = each.task_id if isinstance(each, TaskAssignment) else each.user_id
    return Assignment(each.id, other or 0, each.is_active is not False, _fields(each))


def payment(each: InvoicePayment) -> RecordedPayment | None:
    """Convert a payment; None if it has no time."""
    if each.paid_at is None:
        return None
    return RecordedPayment(each.id, each.amount or Decimal(0), each.paid_at, each.notes or "")


def _lists(harvest: HarvestV2) -> Mapping[str, tuple[Callable[[], AsyncIterable[Any]], Callable[[Any], AccountRecord]]]:
    """Return the list of each kind, and the function that converts its records."""
    return {
        "client": (harvest.clients.list, _named),
        "project": (harvest.projects.list, _project),
        "task": (harvest.tasks.list, _task),
        "person": (harvest.users.list, person),
        "category": (harvest.expense_categories.list, _category),
        "contact": (harvest.contacts.list, _contact),
        "item_category": (harvest.invoice_item_categories.list, _named),
        "invoice": (partial(steady_list, harvest, "invoices"), _invoice),
    }


async def list_records(harvest: HarvestV2, kind: str) -> list[AccountRecord]:
    """Read all records of a kind, archived ones included."""
    records, convert = _lists(harvest)[kind]
    return await converted(records(), convert)
