"""What may be written: the fields that creates and updates take, as the contract lists them.

Rules of this room: types alone, and the names are the contract's. `...Fields` are what a create takes beside what it
can't do without, `...Changes` what an update takes. Money is in the account's currency, hours are decimal hours, None
empties a field. What a value has to be is told by the first word of its type (see `checks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import TypeAlias, TypedDict, TypeVar

from harvest_async.v1.models import (
    BillBy,
    BudgetBy,
    Client,
    ExpenseCategory,
    ExpenseSummary,
    ImportChoice,
    LineItem,
    Me,
    Person,
    Project,
    Task,
    TrackableProject,
    TrackableTask,
)

__all__ = [
    "Addresses",
    "ClientChanges",
    "ClientFields",
    "ContactChanges",
    "ContactFields",
    "Day",
    "EntryChanges",
    "EntryFields",
    "ExpenseCategoryChanges",
    "ExpenseCategoryFields",
    "ExpenseChanges",
    "ExpenseFields",
    "Hours",
    "InvoiceChanges",
    "InvoiceFields",
    "InvoiceItemCategoryChanges",
    "Lines",
    "MarkFields",
    "MessageFields",
    "Number",
    "PaymentFields",
    "PersonChanges",
    "PersonFields",
    "PersonRef",
    "ProjectChanges",
    "ProjectFields",
    "ProjectRef",
    "ProjectRefs",
    "Ref",
    "TaskAssignmentChanges",
    "TaskChanges",
    "TaskFields",
    "TaskRef",
    "UserAssignmentChanges",
    "ZoneName",
]

T = TypeVar("T")

Ref: TypeAlias = int | str | T
"""What an id refers to: the id, or the record itself."""

ProjectRef: TypeAlias = Ref[Project | TrackableProject]
TaskRef: TypeAlias = Ref[Task | TrackableTask]
PersonRef: TypeAlias = Ref[Person | Me]

Number = Decimal | float | str
"""A decimal number; a float only where it is exact, as 0.5 is and 0.1 is not."""

Hours = Decimal | float | str
"""Decimal hours, 0 or more."""

Day = date | str
"""A day, or its text: 2026-01-31."""

Name = str
"""A text that may not be blank."""

ZoneName = str
"""A time zone: the account's name of it, or the IANA name."""

Lines = Iterable[LineItem] | str
"""Line items: rows, or a table with the whole header."""

ProjectRefs: TypeAlias = Iterable[Ref[Project]] | str
"""Projects, or their ids joined by commas."""

Addresses = Iterable[str] | str
"""E-mail addresses, or a text with commas between them."""


class EntryFields(TypedDict, total=False):
    """Contract: time_tracking.create."""

    ended_at: time
    hours: Hours
    notes: str | None
    spent_at: Day
    started_at: time


class EntryChanges(EntryFields, total=False):
    """Contract: time_tracking.update."""

    project_id: ProjectRef
    task_id: TaskRef


class ClientFields(TypedDict, total=False):
    """Contract: clients.create."""

    active: bool
    currency: str | None
    currency_symbol: str | None
    details: str | None
    highrise_id: int | None


class ClientChanges(ClientFields, total=False):
    """Contract: clients.update."""

    name: Name


class ContactFields(TypedDict, total=False):
    """Contract: contacts.create."""

    email: str | None
    fax: str | None
    phone_mobile: str | None
    phone_office: str | None
    title: str | None


class ContactChanges(ContactFields, total=False):
    """Contract: contacts.update."""

    client_id: Ref[Client]
    first_name: Name
    last_name: Name


class _ProjectFields(TypedDict, total=False):
    bill_by: BillBy | str
    billable: bool
    budget: Number | None
    budget_by: BudgetBy | str
    code: str | None
    cost_budget: Number | None
    cost_budget_include_expenses: bool
    ends_on: Day | None
    hourly_rate: Number | None
    notes: str | None
    notify_when_over_budget: bool
    over_budget_notification_percentage: Number | None
    show_budget_to_all: bool
    starts_on: Day | None


class ProjectFields(_ProjectFields, total=False):
    """Contract: projects.create."""

    active: bool


class ProjectChanges(_ProjectFields, total=False):
    """Contract: projects.update."""

    client_id: Ref[Client]
    name: Name


class TaskFields(TypedDict, total=False):
    """Contract: tasks.create."""

    billable_by_default: bool
    default_hourly_rate: Number | None
    is_default: bool


class TaskChanges(TaskFields, total=False):
    """Contract: tasks.update."""

    name: Name


class _PersonFields(TypedDict, total=False):
    cost_rate: Number | None
    default_hourly_rate: Number | None
    department: str | None
    has_access_to_all_future_projects: bool
    is_admin: bool
    is_contractor: bool
    telephone: str | None
    timezone: ZoneName


class PersonFields(_PersonFields, total=False):
    """Contract: people.create."""

    is_active: bool
    is_project_manager: bool


class PersonChanges(_PersonFields, total=False):
    """Contract: people.update."""

    email: Name
    first_name: Name
    last_name: Name


class TaskAssignmentChanges(TypedDict, total=False):
    """Contract: task_assignments.update."""

    billable: bool
    budget: Number | None
    deactivated: bool
    hourly_rate: Number | None


class UserAssignmentChanges(TypedDict, total=False):
    """Contract: user_assignments.update."""

    budget: Number | None
    deactivated: bool
    hourly_rate: Number | None
    is_project_manager: bool
    project_id: ProjectRef
    user_id: PersonRef


class ExpenseCategoryFields(TypedDict, total=False):
    """Contract: expense_categories.create."""

    unit_name: str | None
    unit_price: Number | None


class ExpenseCategoryChanges(ExpenseCategoryFields, total=False):
    """Contract: expense_categories.update."""

    name: Name


class ExpenseFields(TypedDict, total=False):
    """Contract: expenses.create: either `total_cost` or `units`."""

    billable: bool
    notes: str | None
    total_cost: Number
    units: Number


class ExpenseChanges(ExpenseFields, total=False):
    """Contract: expenses.update."""

    expense_category_id: Ref[ExpenseCategory]
    project_id: ProjectRef
    spent_at: Day


class _InvoiceFields(TypedDict, total=False):
    csv_line_items: Lines
    currency: str
    discount: Number | None
    due_at: Day | None
    due_at_human_format: str | None
    issued_at: Day
    notes: str | None
    number: str
    purchase_order: str | None
    subject: str | None
    tax: Number | None
    tax2: Number | None


class InvoiceFields(_InvoiceFields, total=False):
    """Contract: invoices.create."""

    expense_period_end: Day | None
    expense_period_start: Day | None
    expense_summary_type: ExpenseSummary | str
    import_expenses: ImportChoice | str
    import_hours: ImportChoice | str
    period_end: Day | None
    period_start: Day | None
    projects_to_invoice: ProjectRefs


class InvoiceChanges(_InvoiceFields, total=False):
    """Contract: invoices.update."""

    client_id: Ref[Client]


class InvoiceItemCategoryChanges(TypedDict, total=False):
    """Contract: invoice_item_categories.update."""

    name: Name


class MessageFields(TypedDict, total=False):
    """Contract: invoice_messages.send."""

    attach_pdf: bool
    body: str | None
    include_pay_pal_link: bool
    send_me_a_copy: bool


class MarkFields(TypedDict, total=False):
    """Contract: invoice_messages.mark_as_sent, mark_as_closed, mark_as_draft."""

    body: str | None


class PaymentFields(TypedDict, total=False):
    """Contract: invoice_payments.create."""

    notes: str | None
