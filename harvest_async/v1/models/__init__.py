"""The records of API v1 as plain values.

Rules of this room: pure, frozen attrs classes, and properties that tell what their fields say. The names are the
contract's. A record that was read has an id; one that is yet to be made (a draft) has 0. Some of the documentation's
samples have no id: such a record is read with `id` None, although the type says int, so that code for the usual case
needs no check. A call that needs the id raises `InvalidArgument` then. Every other field may be missing (None): answers
are short in places, and older accounts lack newer fields. Fields that the contract does not know are kept in `extra`.
Money and hours are `Decimal` (hours in decimal hours), moments are aware, days are dates, times of day have no zone.
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
