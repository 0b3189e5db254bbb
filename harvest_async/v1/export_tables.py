"""The tables of an export of API v1, and the account that they are read from.

A table is read before the tables that its records refer to: time entries before projects, projects before clients.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any, Final

from harvest_async.client.uploads import ImageStream
from harvest_async.errors import NotFound
from harvest_async.exporter.account import Days, ExportTable
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
from harvest_async.v1.steady_lists import steady_invoices

__all__ = ["TABLES", "V1ExportAccount"]

_NO_DAYS: Final = (date.min, date.max)
Read = Callable[[HarvestV1, int, datetime | None, Days], AsyncIterator[Any]]

_INVOICE_DRAFT: Final = frozenset(
    {"projects_to_invoice", "import_hours", "import_expenses", "expense_summary_type", "expense_period_start"}
    | {"expense_period_end"}
)
_MESSAGE_DRAFT: Final = frozenset({"recipients", "attach_pdf"})

TABLES: Final[Mapping[str, ExportTable]] = {
    each.name: each
    for each in (
        ExportTable("time_entries", ReportEntry, "user_id", "people", dated=True),
        ExportTable("expenses", Expense, "user_id", "people", "expenses", dated=True),
        ExportTable("task_assignments", TaskAssignment, "project_id", "projects"),
        ExportTable("user_assignments", UserAssignment, "project_id", "projects"),
        ExportTable("invoice_messages", InvoiceMessage, "invoice_id", "invoices", "invoices", since=False, whole=True,
                    left_out=_MESSAGE_DRAFT),
        ExportTable("invoice_payments", InvoicePayment, "invoice_id", "invoices", "invoices", since=False, whole=True),
        ExportTable("invoices", Invoice, "id", "invoices", "invoices", since=False, whole=True,
                    left_out=_INVOICE_DRAFT),
        ExportTable("invoice_item_categories", InvoiceItemCategory, module="invoices", since=False),
        ExportTable("contacts", Contact),
        ExportTable("projects", Project),
        ExportTable("clients", Client),
        ExportTable("tasks", Task),
        ExportTable("people", Person),
        ExportTable("expense_categories", ExpenseCategory, module="expenses"),
        ExportTable("company", Company, since=False),
    )
}  # fmt: skip
"""The tables by name, in the order in which they are read."""


class V1ExportAccount:
    """An account of API v1 (see `exporter.account.ExportAccount`)."""

    tables: Mapping[str, ExportTable] = TABLES

    def __init__(self, harvest: HarvestV1) -> None:
        self._harvest = harvest

    async def disabled_modules(self) -> frozenset[str]:
        """Return the modules that are disabled in the account."""
        modules = (await self._harvest.account.who_am_i()).company.modules
        return frozenset(name for name in ("expenses", "invoices") if getattr(modules, name, None) is False)

    def parents(self, kind: str, since: datetime | None = None) -> AsyncIterator[Any]:
        """List people, projects or invoices."""
        harvest = self._harvest
        if kind == "invoices":
            return steady_invoices(harvest, since)
        return (harvest.people if kind == "people" else harvest.projects).list(updated_since=since).__aiter__()

    def records(self, table: ExportTable, parent: int, since: datetime | None, days: Days) -> AsyncIterator[Any]:
        """List the records of a table."""
        return _READ[table.name](self._harvest, parent, since, days)

    async def find(self, table: ExportTable, record: int) -> Any:
        """Return an invoice that a list did not contain, or None; other lists have one page."""
        if table.name != "invoices":
            return None
        return next(iter([each async for each in _invoice(self._harvest, record, None, _NO_DAYS)]), None)

    async def is_administrator(self) -> bool:
        """Return whether the signed-in person is an administrator."""
        return (await self._harvest.account.who_am_i()).user.admin is True

    def has_receipt(self, record: Any) -> bool:
        """Return whether a record is an expense with a receipt."""
        return bool(getattr(record, "has_receipt", False))

    def receipt(self, expense: int, person: int) -> AbstractAsyncContextManager[ImageStream]:
        """Open the receipt of a person's expense."""
        return self._harvest.receipts.stream(expense, of_user=person)


async def _company(harvest: HarvestV1, _: int, __: datetime | None, ___: Days) -> AsyncIterator[Company]:
    yield (await harvest.account.who_am_i()).company


async def _invoice(harvest: HarvestV1, invoice: int, _: datetime | None, __: Days) -> AsyncIterator[Invoice]:
    """Read an invoice with its line items, which lists leave out; nothing if it was deleted meanwhile."""
    try:
        yield await harvest.invoices.get(invoice)
    except NotFound:
        return


_READ: Final[Mapping[str, Read]] = {
    "time_entries": lambda harvest, person, since, days: harvest.reports.user_entries(
        person, *days, updated_since=since
    ).__aiter__(),
    "expenses": lambda harvest, person, since, days: harvest.reports.user_expenses(
        person, *days, updated_since=since
    ).__aiter__(),
    "task_assignments": lambda harvest, project, since, _: harvest.task_assignments.list(
        project, updated_since=since
    ).__aiter__(),
    "user_assignments": lambda harvest, project, since, _: harvest.user_assignments.list(
        project, updated_since=since
    ).__aiter__(),
    "invoice_messages": lambda harvest, invoice, _, __: harvest.invoice_messages.list(invoice).__aiter__(),
    "invoice_payments": lambda harvest, invoice, _, __: harvest.invoice_payments.list(invoice).__aiter__(),
    "invoices": _invoice,
    "invoice_item_categories": lambda harvest, _, __, ___: harvest.invoice_item_categories.list().__aiter__(),
    "contacts": lambda harvest, _, since, __: harvest.contacts.list(updated_since=since).__aiter__(),
    "projects": lambda harvest, _, since, __: harvest.projects.list(updated_since=since).__aiter__(),
    "clients": lambda harvest, _, since, __: harvest.clients.list(updated_since=since).__aiter__(),
    "tasks": lambda harvest, _, since, __: harvest.tasks.list(updated_since=since).__aiter__(),
    "people": lambda harvest, _, since, __: harvest.people.list(updated_since=since).__aiter__(),
    "expense_categories": lambda harvest, _, since, __: harvest.expense_categories.list(
        updated_since=since
    ).__aiter__(),
    "company": _company,
}
