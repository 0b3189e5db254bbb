"""The resources of API v1: a file for each section.

Rules of this room: a method makes calls and says in which order; how they are sent, repeated and read is not known
here. Creates give the whole record, `create_id` only what the answer told, without reading it again.
"""

from harvest_async.v1.resources.account import Account
from harvest_async.v1.resources.assignments import TaskAssignments, UserAssignments
from harvest_async.v1.resources.clients import Clients, Contacts
from harvest_async.v1.resources.expenses import ExpenseCategories, Expenses
from harvest_async.v1.resources.invoices import InvoiceItemCategories, InvoicePayments, Invoices
from harvest_async.v1.resources.messages import InvoiceMessages
from harvest_async.v1.resources.people import People
from harvest_async.v1.resources.projects import Projects
from harvest_async.v1.resources.receipts import Receipts
from harvest_async.v1.resources.reports import Reports
from harvest_async.v1.resources.tasks import Tasks
from harvest_async.v1.resources.time import TimeTracking

__all__ = [
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
]
