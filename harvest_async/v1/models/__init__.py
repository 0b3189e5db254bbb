"""The records of API v1 as frozen attrs classes.

A record that was read has an id; a draft, which has not been created yet, has id 0. A record that the server sent
without an id has id None, although the type is int, so that the usual case needs no check; a call that needs the id
then raises `InvalidArgument`. Every other field may be None: the server leaves fields out. Unknown fields are kept in
`extra`. Money and hours are `Decimal` (decimal hours), datetimes have a time zone, days are dates, and times of day
have no zone.
"""

from harvest_async.v1.models.account import Company, Me, Modules, ProjectManagerRights, RateLimitStatus, WhoAmI
from harvest_async.v1.models.assignments import TaskAssignment, UserAssignment
from harvest_async.v1.models.clients import Client, Contact
from harvest_async.v1.models.enums import (
    BillBy,
    BudgetBy,
    Clock,
    ColorScheme,
    Currency,
    ExpenseSummary,
    ImportChoice,
    InvoiceKind,
    InvoiceState,
    InvoiceStatus,
    TimeFormat,
    WeekStartDay,
)
from harvest_async.v1.models.expenses import Expense, ExpenseCategory
from harvest_async.v1.models.invoices import Invoice, InvoiceItemCategory, InvoiceMessage, InvoicePayment
from harvest_async.v1.models.line_items import HEADER, LineItem, days_until_due, due_in_words, read_lines, write_lines
from harvest_async.v1.models.people import Person
from harvest_async.v1.models.projects import Project
from harvest_async.v1.models.tasks import Task
from harvest_async.v1.models.time import Daily, DayEntry, ReportEntry, TrackableProject, TrackableTask
from harvest_async.v1.models.zones import iana_name, zone_name

__all__ = [
    "HEADER",
    "BillBy",
    "BudgetBy",
    "Client",
    "Clock",
    "ColorScheme",
    "Company",
    "Contact",
    "Currency",
    "Daily",
    "DayEntry",
    "Expense",
    "ExpenseCategory",
    "ExpenseSummary",
    "ImportChoice",
    "Invoice",
    "InvoiceItemCategory",
    "InvoiceKind",
    "InvoiceMessage",
    "InvoicePayment",
    "InvoiceState",
    "InvoiceStatus",
    "LineItem",
    "Me",
    "Modules",
    "Person",
    "Project",
    "ProjectManagerRights",
    "RateLimitStatus",
    "ReportEntry",
    "Task",
    "TaskAssignment",
    "TimeFormat",
    "TrackableProject",
    "TrackableTask",
    "UserAssignment",
    "WeekStartDay",
    "WhoAmI",
    "days_until_due",
    "due_in_words",
    "iana_name",
    "read_lines",
    "write_lines",
    "zone_name",
]
