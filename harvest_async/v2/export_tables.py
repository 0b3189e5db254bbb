"""The tables of an export of API v2, and the account that they are read from.

A table is read before the tables that its records refer to: time entries before projects, projects before clients.
Records of lists below another record, such as the payments of an invoice, get the id of that record.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from attrs import asdict, field, make_class

from harvest_async.call import ImageResponse
from harvest_async.errors import NotFound
from harvest_async.exporter.account import Days, ExportTable
from harvest_async.v2.client import HarvestV2
from harvest_async.v2.clients import Client
from harvest_async.v2.company import Company
from harvest_async.v2.contacts import Contact
from harvest_async.v2.estimate_item_categories import EstimateItemCategory
from harvest_async.v2.estimate_messages import EstimateMessage
from harvest_async.v2.estimates import Estimate
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.expenses import Expense
from harvest_async.v2.invoice_item_categories import InvoiceItemCategory
from harvest_async.v2.invoice_messages import InvoiceMessage
from harvest_async.v2.invoice_payments import InvoicePayment
from harvest_async.v2.invoice_records import Invoice
from harvest_async.v2.projects import Project
from harvest_async.v2.roles import Role
from harvest_async.v2.steady_lists import is_numbered, steady_list
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import Task
from harvest_async.v2.time_entry_records import TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.user_rates import BillableRate, CostRate, Teammate
from harvest_async.v2.users import User

__all__ = ["TABLES", "V2ExportAccount"]

T = TypeVar("T")


def _below(name: str, model: type[Any], parent: str, parents: str, module: str = "", **options: Any) -> ExportTable:
    """Return the table of records in lists below another record, with a field for the id of that record."""
    kind: Any = int | None
    own = {parent: field(default=None, type=kind)}
    with_parent = make_class(model.__name__, own, bases=(model,), frozen=True, slots=True, kw_only=True)
    return ExportTable(name, with_parent, parent, parents, module, **options)


TABLES: Final[Mapping[str, ExportTable]] = {
    each.name: each
    for each in (
        ExportTable("time_entries", TimeEntry, dated=True),
        ExportTable("expenses", Expense, module="expenses", dated=True),
        ExportTable("task_assignments", TaskAssignment),
        ExportTable("user_assignments", UserAssignment),
        _below("invoice_messages", InvoiceMessage, "invoice_id", "invoices", "invoices", whole=True),
        _below("invoice_payments", InvoicePayment, "invoice_id", "invoices", "invoices", whole=True),
        ExportTable("invoices", Invoice, module="invoices"),
        ExportTable("invoice_item_categories", InvoiceItemCategory, module="invoices"),
        _below("estimate_messages", EstimateMessage, "estimate_id", "estimates", "estimates", whole=True),
        ExportTable("estimates", Estimate, module="estimates"),
        ExportTable("estimate_item_categories", EstimateItemCategory, module="estimates"),
        ExportTable("contacts", Contact),
        ExportTable("projects", Project),
        ExportTable("clients", Client),
        ExportTable("tasks", Task),
        _below("billable_rates", BillableRate, "user_id", "users", since=False),
        _below("cost_rates", CostRate, "user_id", "users", since=False),
        _below("teammates", Teammate, "user_id", "managers", since=False, shared=True),
        ExportTable("users", User),
        ExportTable("roles", Role, since=False),
        ExportTable("expense_categories", ExpenseCategory, module="expenses"),
        ExportTable("company", Company, since=False),
    )
}
"""The tables by name, in the order in which they are read."""


class V2ExportAccount:
    """An account of API v2 (see `exporter.account.ExportAccount`)."""

    tables: Mapping[str, ExportTable] = TABLES

    def __init__(self, harvest: HarvestV2) -> None:
        self._harvest = harvest

    async def disabled_modules(self) -> frozenset[str]:
        """Return the modules that are disabled in the account."""
        company = await self._harvest.company.get()
        modules = {
            "expenses": company.expense_feature,
            "invoices": company.invoice_feature,
            "estimates": company.estimate_feature,
        }
        return frozenset(name for name, is_on in modules.items() if is_on is False)

    def parents(self, kind: str, since: datetime | None = None) -> AsyncIterator[Any]:
        """List users, managers, invoices or estimates."""
        harvest = self._harvest
        if kind == "managers":
            return _managers(harvest)
        return _listed(harvest, kind, None, {"updated_since": since})

    def records(self, table: ExportTable, parent: int, since: datetime | None, days: Days) -> AsyncIterator[Any]:
        """List the records of a table."""
        if table.name == "company":
            return _company(self._harvest)
        if table.name in _BELOW:
            found = _BELOW[table.name](self._harvest)(parent)
            return _with_parent(found, table.model, table.parent, parent)
        given: dict[str, Any] = {} if since is None else {"updated_since": since}
        return _listed(self._harvest, table.name, days if table.dated else None, given)

    async def find(self, table: ExportTable, record: int) -> Any:
        """Return a record that a list did not contain, or None; lists below a record have cursors, which miss none.

        An entry that moves to another day while its list is read is missing in it, and was not deleted.
        """
        if table.parents:
            return None
        try:
            return await getattr(self._harvest, table.name).get(record)
        except NotFound:
            return None

    async def is_administrator(self) -> bool:
        """Return whether the signed-in person is an administrator."""
        me = await self._harvest.users.me()
        return "administrator" in me.access_roles or me.is_admin is True

    def has_receipt(self, record: Any) -> bool:
        """Return whether a record is an expense with a receipt."""
        return isinstance(record, Expense) and record.receipt is not None and record.receipt.url is not None

    @asynccontextmanager
    async def receipt(self, expense: int, person: int) -> AsyncIterator[_Chunks]:  # noqa: ARG002 - found by its expense
        """Open the receipt of an expense, whose address is in the record."""
        record = await self._harvest.expenses.get(expense)
        yield _Chunks(await self._harvest.expenses.get_receipt(record))


class _Chunks:
    """A receipt as an iterator (see `exporter.account.ImageUpload`)."""

    def __init__(self, image: ImageResponse) -> None:
        self._content = image.content
        self.content_type = image.content_type

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


_BELOW: Final[Mapping[str, Callable[[HarvestV2], Callable[[int], AsyncIterable[Any]]]]] = {
    "billable_rates": lambda harvest: harvest.users.billable_rates,
    "cost_rates": lambda harvest: harvest.users.cost_rates,
    "estimate_messages": lambda harvest: harvest.estimate_messages.list,
    "invoice_messages": lambda harvest: harvest.invoice_messages.list,
    "invoice_payments": lambda harvest: harvest.invoice_payments.list,
    "teammates": lambda harvest: harvest.users.teammates,
}
"""The lists below a record."""


def _listed(harvest: HarvestV2, name: str, days: Days | None, filters: Mapping[str, Any]) -> AsyncIterator[Any]:
    """List the records of a resource."""
    if is_numbered(name):
        first, last = days or (None, None)
        return steady_list(harvest, name, first=first, last=last, **filters)
    found: AsyncIterator[Any] = getattr(harvest, name).list(**filters).__aiter__()
    return found


async def _with_parent(records: AsyncIterable[Any], model: type[T], name: str, parent: int) -> AsyncIterator[T]:
    """Yield records with the id of the record that they belong to."""
    async for each in records:
        yield model(**asdict(each, recurse=False), **{name: parent})


async def _company(harvest: HarvestV2) -> AsyncIterator[Company]:
    yield await harvest.company.get()


async def _managers(harvest: HarvestV2) -> AsyncIterator[User]:
    """Yield the managers, who are the users that can have teammates."""
    async for each in harvest.users.list():
        if "manager" in each.access_roles:
            yield each
