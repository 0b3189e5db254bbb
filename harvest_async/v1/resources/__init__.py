"""The resources of API v1, and the table of its endpoints.

Each module has the endpoints of its resources as values, and below them the methods that use them. `create` returns the
whole record and reads it if necessary; `create_id` returns only what the response has.
"""

from typing import Any

from harvest_async.client.endpoints import Endpoint
from harvest_async.v1.resources import (
    account,
    assignments,
    clients,
    expenses,
    invoices,
    messages,
    payments,
    people,
    projects,
    receipts,
    reports,
    tasks,
    time,
)
from harvest_async.v1.resources.account import Account
from harvest_async.v1.resources.assignments import TaskAssignments, UserAssignments
from harvest_async.v1.resources.clients import Clients, Contacts
from harvest_async.v1.resources.expenses import ExpenseCategories, Expenses
from harvest_async.v1.resources.invoices import InvoiceItemCategories, Invoices
from harvest_async.v1.resources.messages import InvoiceMessages
from harvest_async.v1.resources.payments import InvoicePayments
from harvest_async.v1.resources.people import People
from harvest_async.v1.resources.projects import Projects
from harvest_async.v1.resources.receipts import Receipts
from harvest_async.v1.resources.reports import Reports
from harvest_async.v1.resources.tasks import Tasks
from harvest_async.v1.resources.time import TimeTracking

__all__ = [
    "MODULES",
    "Account",
    "Clients",
    "Contacts",
    "ExpenseCategories",
    "Expenses",
    "InvoiceItemCategories",
    "InvoiceMessages",
    "InvoicePayments",
    "Invoices",
    "People",
    "Projects",
    "Receipts",
    "Reports",
    "TaskAssignments",
    "Tasks",
    "TimeTracking",
    "UserAssignments",
    "endpoints",
]

MODULES = (
    account,
    assignments,
    clients,
    expenses,
    invoices,
    messages,
    payments,
    people,
    projects,
    receipts,
    reports,
    tasks,
    time,
)
"""The modules that have endpoints."""


def endpoints() -> dict[str, Endpoint[Any]]:
    """Return every endpoint of API v1 by name: `clients.get`."""
    values = (value for module in MODULES for value in vars(module).values())
    return {value.name: value for value in values if isinstance(value, Endpoint)}
