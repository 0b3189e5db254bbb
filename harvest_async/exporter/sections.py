"""Which kinds of record an account has, and how each is read.

Rules of this room: a table. What others speak of is read after them, so that nothing is spoken of that is not there:
entries before projects, projects before clients. Where a kind has parts (the entries of a person, the tasks of a
project), each part is one call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Any, Final

from attrs import frozen

from harvest_async.errors import NotFound
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.models import (
    Client,
    Company,
    Contact,
    Expense,
    ExpenseCategory,
    Invoice,
    InvoiceItemCategory,
    InvoiceMessage,
    InvoicePayment,
    Person,
    Project,
    ReportEntry,
    Task,
    TaskAssignment,
    UserAssignment,
)

__all__ = ["SECTIONS", "Days", "ExportTable"]

Days = tuple[date, date]
Read = Callable[[HarvestV1, int, datetime | None, Days], AsyncIterator[Any]]


@frozen(eq=False)
class ExportTable:
    """A kind of record.

    Attributes:
        name: what it, and its file, is called.
        model: the class of its records.
        read: the records of a part (of everything, where it has no parts) that changed since a moment; of those that
            know no such moment all.
        parent: the field that names a record's part; empty where it has no parts.
        parts: which records the parts are: `people`, `projects` or `invoices`.
        module: the part of the account that has to be switched on (contract: modules).
        since: whether it can be asked for changes (contract: updated_since.applies_to).
    """

    name: str
    model: type[Any]
    read: Read
    parent: str = ""
    parts: str = ""
    module: str = ""
    since: bool = True


def _whole(name: str) -> Read:
    """A list that can be asked for changes."""
    return lambda harvest, _, since, __: getattr(harvest, name).list(updated_since=since).__aiter__()


def _of_project(name: str) -> Read:
    return lambda harvest, part, since, _: getattr(harvest, name).list(part, updated_since=since).__aiter__()


def _of_invoice(name: str) -> Read:
    return lambda harvest, part, _, __: getattr(harvest, name).list(part).__aiter__()


def _of_person(name: str) -> Read:
    def read(harvest: HarvestV1, part: int, since: datetime | None, days: Days) -> AsyncIterator[Any]:
        return getattr(harvest.reports, name)(part, *days, updated_since=since).__aiter__()  # type: ignore[no-any-return]

    return read


async def _company(harvest: HarvestV1, _: int, __: datetime | None, ___: Days) -> AsyncIterator[Company]:
    yield (await harvest.account.who_am_i()).company


async def _invoice(harvest: HarvestV1, part: int, _: datetime | None, __: Days) -> AsyncIterator[Invoice]:
    """An invoice with its lines, which lists don't have (contract: list_without_lines); none if it is gone by now."""
    try:
        yield await harvest.invoices.get(part)
    except NotFound:
        return


SECTIONS: Final = {
    each.name: each
    for each in (
        ExportTable("time_entries", ReportEntry, _of_person("user_entries"), "user_id", "people"),
        ExportTable("expenses", Expense, _of_person("user_expenses"), "user_id", "people", "expenses"),
        ExportTable("task_assignments", TaskAssignment, _of_project("task_assignments"), "project_id", "projects"),
        ExportTable("user_assignments", UserAssignment, _of_project("user_assignments"), "project_id", "projects"),
        ExportTable("invoice_messages", InvoiceMessage, _of_invoice("invoice_messages"), "invoice_id", "invoices",
                "invoices", since=False),
        ExportTable("invoice_payments", InvoicePayment, _of_invoice("invoice_payments"), "invoice_id", "invoices",
                "invoices", since=False),
        ExportTable("invoices", Invoice, _invoice, "id", "invoices", "invoices", since=False),
        ExportTable("invoice_item_categories", InvoiceItemCategory,
                lambda harvest, _, __, ___: harvest.invoice_item_categories.list().__aiter__(), module="invoices",
                since=False),
        ExportTable("contacts", Contact, _whole("contacts")),
        ExportTable("projects", Project, _whole("projects")),
        ExportTable("clients", Client, _whole("clients")),
        ExportTable("tasks", Task, _whole("tasks")),
        ExportTable("people", Person, _whole("people")),
        ExportTable("expense_categories", ExpenseCategory, _whole("expense_categories"), module="expenses"),
        ExportTable("company", Company, _company, since=False),
    )
}  # fmt: skip
"""The kinds by their names, in the order in which they are read."""
