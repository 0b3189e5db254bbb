"""The fields that creates and updates accept, with the types and checks of their values.

`...Fields` are the optional fields of a create, `...Changes` the fields of an update. Money is in the account's
currency, hours are decimal hours, and None empties a field. The check of each value is part of its type.
"""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import Annotated, TypeAlias, TypedDict, TypeVar

from harvest_async.client.validation import CheckedBy, addresses, day, hours, number, required_text
from harvest_async.v1.checks import line_items, projects, time_zone
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
from harvest_async.v1.references import REFERENCES

__all__ = [
    "Addresses",
    "CategoryRef",
    "ClientChanges",
    "ClientFields",
    "ClientRef",
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

Ref: TypeAlias = Annotated[int | str | T, CheckedBy(REFERENCES.reference)]
"""A reference to a record: its id, or the record itself."""

CategoryRef: TypeAlias = Ref[ExpenseCategory]
ClientRef: TypeAlias = Ref[Client]
ProjectRef: TypeAlias = Ref[Project | TrackableProject]
TaskRef: TypeAlias = Ref[Task | TrackableTask]
PersonRef: TypeAlias = Ref[Person | Me]

Number: TypeAlias = Annotated[Decimal | float | str, CheckedBy(number)]
"""A decimal number. A float must be exact: 0.5 is, 0.1 is not."""

Hours: TypeAlias = Annotated[Decimal | float | str, CheckedBy(hours)]
"""Decimal hours, 0 or more."""

Day: TypeAlias = Annotated[date | str, CheckedBy(day)]
"""A day, or its text: 2026-01-31."""

Name: TypeAlias = Annotated[str, CheckedBy(required_text)]
"""A text that must not be blank."""

ZoneName: TypeAlias = Annotated[str, CheckedBy(time_zone)]
"""A time zone: the account's name of it, or the IANA name."""

Lines: TypeAlias = Annotated[Iterable[LineItem] | str, CheckedBy(line_items)]
"""Line items, or a table as text with the whole header."""

ProjectRefs: TypeAlias = Annotated[Iterable[Ref[Project]] | str, CheckedBy(projects)]
"""Projects, or their ids joined by commas."""

Addresses: TypeAlias = Annotated[Iterable[str] | str, CheckedBy(addresses)]
"""E-mail addresses, or a text with commas between them."""


class EntryFields(TypedDict, total=False):
    """The optional fields of a new time entry."""

    ended_at: time
    hours: Hours
    notes: str | None
    spent_at: Day
    started_at: time


class EntryChanges(EntryFields, total=False):
    """The fields of a time entry that can be changed."""

    project_id: ProjectRef
    task_id: TaskRef


class ClientFields(TypedDict, total=False):
    """The optional fields of a new client."""

    active: bool
    currency: str | None
    currency_symbol: str | None
    details: str | None
    highrise_id: int | None


class ClientChanges(ClientFields, total=False):
    """The fields of a client that can be changed."""

    name: Name


class ContactFields(TypedDict, total=False):
    """The optional fields of a new contact."""

    email: str | None
    fax: str | None
    phone_mobile: str | None
    phone_office: str | None
    title: str | None


class ContactChanges(ContactFields, total=False):
    """The fields of a contact that can be changed."""

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
    """The optional fields of a new project."""

    active: bool


class ProjectChanges(_ProjectFields, total=False):
    """The fields of a project that can be changed."""

    client_id: Ref[Client]
    name: Name


class TaskFields(TypedDict, total=False):
    """The optional fields of a new task."""

    billable_by_default: bool
    default_hourly_rate: Number | None
    is_default: bool


class TaskChanges(TaskFields, total=False):
    """The fields of a task that can be changed."""

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
    """The optional fields of a new person."""

    is_active: bool
    is_project_manager: bool


class PersonChanges(_PersonFields, total=False):
    """The fields of a person that can be changed."""

    email: Name
    first_name: Name
    last_name: Name


class TaskAssignmentChanges(TypedDict, total=False):
    """The fields of a task assignment that can be changed."""

    billable: bool
    budget: Number | None
    deactivated: bool
    hourly_rate: Number | None


class UserAssignmentChanges(TypedDict, total=False):
    """The fields of a user assignment that can be changed."""

    budget: Number | None
    deactivated: bool
    hourly_rate: Number | None
    is_project_manager: bool
    project_id: ProjectRef
    user_id: PersonRef


class ExpenseCategoryFields(TypedDict, total=False):
    """The optional fields of a new expense category."""

    unit_name: str | None
    unit_price: Number | None


class ExpenseCategoryChanges(ExpenseCategoryFields, total=False):
    """The fields of an expense category that can be changed."""

    name: Name


class ExpenseFields(TypedDict, total=False):
    """The optional fields of a new expense: either `total_cost` or `units` is needed."""

    billable: bool
    notes: str | None
    total_cost: Number
    units: Number


class ExpenseChanges(ExpenseFields, total=False):
    """The fields of an expense that can be changed."""

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
    """The optional fields of a new invoice."""

    expense_period_end: Day | None
    expense_period_start: Day | None
    expense_summary_type: ExpenseSummary | str
    import_expenses: ImportChoice | str
    import_hours: ImportChoice | str
    period_end: Day | None
    period_start: Day | None
    projects_to_invoice: ProjectRefs


class InvoiceChanges(_InvoiceFields, total=False):
    """The fields of an invoice that can be changed."""

    client_id: Ref[Client]


class InvoiceItemCategoryChanges(TypedDict, total=False):
    """The fields of an invoice item category that can be changed."""

    name: Name


class MessageFields(TypedDict, total=False):
    """The optional fields of a message that is sent."""

    attach_pdf: bool
    body: str | None
    include_pay_pal_link: bool
    send_me_a_copy: bool


class MarkFields(TypedDict, total=False):
    """The optional field of a message that records a change of an invoice's state."""

    body: str | None


class PaymentFields(TypedDict, total=False):
    """The optional fields of a new payment."""

    notes: str | None
