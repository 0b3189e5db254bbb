"""Tables of the fields of each kind of row: names, spellings and types.

The names of fields are those of the API. Spellings are compared without regard to case, blanks, dashes and underscores.
Columns that are known but can't be imported are listed, so that they are ignored without a notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from harvest_async.importer.sources.kinds import (
    CategoryRow,
    ClientRow,
    ContactRow,
    ExpenseRow,
    InvoiceRow,
    ItemCategoryRow,
    MessageRow,
    PaymentRow,
    PersonRow,
    ProjectRow,
    TaskLinkRow,
    TaskRow,
    TimeRow,
    UserLinkRow,
)
from harvest_async.importer.sources.words import plain

__all__ = ["KINDS", "Kind", "plain"]


@frozen(eq=False)
class Kind:
    """A kind of row.

    Attributes:
        name: the name of its file in an export.
        row: its class.
        titles: field -> name of its column in messages, for the fields that identify a record.
        fields: the other fields of a row: field -> type (text, number, flag, integer, date, moment).
        needed: the required columns; of each tuple one is enough.
        spellings: other names of fields.
        passed: columns that are known and not imported.
        choices: field -> the values that it can have; values are compared in the way column names are.
    """

    name: str
    row: type
    titles: Mapping[str, str]
    needed: tuple[tuple[str, ...], ...]
    fields: Mapping[str, str] = field(factory=dict)
    spellings: Mapping[str, str] = field(factory=dict)
    passed: frozenset[str] = frozenset()
    choices: Mapping[str, Mapping[str, str]] = field(factory=dict)

    def names(self) -> dict[str, str]:
        """Return the field of each spelling."""
        own = {plain(name): name for name in (*self.titles, *self.fields)}
        return {**own, **{plain(other): name for other, name in self.spellings.items()}}


_WHO: Final = {
    "person": "Person",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "user_id": "User id",
}
_WHO_SPELLINGS: Final = {
    "user": "person",
    "user name": "person",
    "employee": "person",
    "name": "person",
    "member": "person",
    "team member": "person",
    "user email": "email",
    "member email": "email",
    "e mail": "email",
    "e-mail address": "email",
    "email address": "email",
    **dict.fromkeys(
        (
            "user email",
            "user e mail",
            "user mail",
            "user email address",
            "useremail",
            "employee email",
            "employee e mail",
            "member email",
            "person email",
            "team member email",
            "staff email",
            "worker email",
            "work email",
            "login email",
            "mail",
            "mail address",
            "e mail adresse",
        ),
        "email",
    ),
}
_WHERE: Final = {
    "client": "Client",
    "project": "Project",
    "project_code": "Project code",
    "client_id": "Client id",
    "project_id": "Project id",
}
_WHERE_SPELLINGS: Final = {"customer": "client", "client name": "client", "project name": "project"}
_NOTES_SPELLINGS: Final = {"note": "notes", "description": "notes", "comment": "notes", "comments": "notes"}
_DAY_SPELLINGS: Final = {"date": "day", "spent at": "day", "spent on": "day", "spent date": "day", "start date": "day"}
_STAMPS: Final = frozenset({"id", "created at", "updated at", "cache version", "extra"})
_REPORT: Final = frozenset(
    {
        "billable", "billable?", "invoiced", "invoiced?", "approved?", "employee?", "employee id", "department",
        "roles", "role", "billable rate", "billable amount", "hourly rate", "cost rate", "cost amount", "currency",
        "external reference url", "hours rounded",
    }
)  # fmt: skip


def _choices(*values: str, **others: str) -> dict[str, str]:
    """Return values by their normal form, with other spellings for some of them."""
    return {plain(value): value for value in values} | {plain(word): value for word, value in others.items()}


_TIME: Final = Kind(
    name="time_entries",
    row=TimeRow,
    titles={
        "day": "Date", **_WHERE, "task": "Task", "task_id": "Task id", "notes": "Notes", "hours": "Hours",
        "duration": "Duration", "minutes": "Minutes", "seconds": "Seconds", "started": "Start time",
        "ended": "End time", "ended_on": "End date", "begin": "Start", "end": "End", "running": "Is running",
        "break_time": "Break", "break_minutes": "Break (min)", **_WHO,
    },
    needed=(("day", "begin"), ("hours", "duration", "minutes", "seconds", "ended", "end")),
    spellings={
        **_WHO_SPELLINGS, **_WHERE_SPELLINGS, **_NOTES_SPELLINGS, **_DAY_SPELLINGS, "task name": "task",
        "activity": "task", "duration (h)": "duration", "time (h)": "duration", "duration (decimal)": "hours",
        "time (decimal)": "hours", "start time": "started", "started at": "started", "end time": "ended",
        "ended at": "ended", "end date": "ended_on", "start": "begin", "stop date": "ended_on",
        "stop time": "ended", "stop": "end", "started time": "started", "ended time": "ended",
        "is running": "running", "timer started at": "running",
        **dict.fromkeys(("break", "breaks", "break duration", "break hours", "break (h)", "break length", "lunch",
            "lunch break", "pause", "pausen", "pausenzeit", "pausendauer", "pauses"), "break_time"),
        **dict.fromkeys(("break (min)", "break (mins)", "break (minutes)", "break minutes", "break min", "pause (min)",
            "pause (minuten)", "breaks (min)", "lunch (min)"), "break_minutes"),
    },
    passed=_STAMPS | _REPORT | {
        "tags", "group", "type", "invoice id", "date of creation", "hours with timer", "hours without timer",
        "is billed", "is closed", "adjustment record", "hours for previously running timer", "rounded hours",
        "is locked", "locked reason", "budgeted", "external reference", "user assignment id", "task assignment id",
        "approval status", "timer started at", "is running", "external reference id", "invoice",
    },
)  # fmt: skip

_EXPENSE: Final = Kind(
    name="expenses",
    row=ExpenseRow,
    titles={
        "day": "Date", **_WHERE, "category": "Category", "expense_category_id": "Expense category id",
        "notes": "Notes", "total_cost": "Amount", "units": "Units", "billable": "Billable", **_WHO,
    },
    needed=(("day",), ("total_cost", "units")),
    spellings={
        **_WHO_SPELLINGS, **_WHERE_SPELLINGS, **_NOTES_SPELLINGS, **_DAY_SPELLINGS, "expense category": "category",
        "expense category name": "category", "category name": "category", "amount": "total_cost",
        "cost": "total_cost", "total": "total_cost", "quantity": "units", "billable?": "billable",
    },
    passed=_STAMPS | (_REPORT - {"billable", "billable?"}) | {
        "has receipt", "receipt url", "is closed", "is billed", "is locked", "locked reason", "invoice id",
        "company id", "reimbursable", "reimbursable?", "expense category unit name",
        "expense category unit price",
    },
)  # fmt: skip

_CLIENT: Final = Kind(
    name="clients",
    row=ClientRow,
    titles={"name": "Name"},
    needed=(("name",),),
    fields={
        "active": "flag", "currency": "text", "currency_symbol": "text", "details": "text", "highrise_id": "integer",
    },
    spellings={
        "client": "name", "client name": "name", "address": "details", "is active": "active", "status": "active",
    },
    passed=_STAMPS | {
        "address", "default invoice timeframe", "default invoice kind", "last invoice kind", "statement key",
    },
)  # fmt: skip

_CONTACT: Final = Kind(
    name="contacts",
    row=ContactRow,
    titles={
        "client": "Client", "client_id": "Client id", "first_name": "First name", "last_name": "Last name",
        "email": "Email",
    },
    needed=(("first_name",), ("last_name",)),
    fields={"title": "text", "phone_office": "text", "phone_mobile": "text", "fax": "text"},
    spellings={
        "client name": "client", "customer": "client", "office phone": "phone_office", "phone": "phone_office",
        "mobile phone": "phone_mobile", "mobile": "phone_mobile", "e mail": "email", "email address": "email",
    },
    passed=_STAMPS,
)  # fmt: skip

_PROJECT: Final = Kind(
    name="projects",
    row=ProjectRow,
    titles={"client": "Client", "client_id": "Client id", "name": "Name", "code": "Code"},
    needed=(("name",),),
    fields={
        "active": "flag", "bill_by": "text", "billable": "flag", "budget": "number", "budget_by": "text",
        "cost_budget": "number", "cost_budget_include_expenses": "flag", "ends_on": "date",
        "hourly_rate": "number", "notes": "text", "notify_when_over_budget": "flag",
        "over_budget_notification_percentage": "number", "show_budget_to_all": "flag", "starts_on": "date",
    },
    spellings={
        **_WHERE_SPELLINGS, "project": "name", "project name": "name", "project code": "code",
        "start date": "starts_on", "end date": "ends_on", "project notes": "notes", "is active": "active",
        "is billable": "billable", "status": "active",
    },
    choices={
        "bill_by": _choices("Tasks", "People", "Project", "none", task="Tasks", person="People"),
        "budget_by": _choices(
            "project", "project_cost", "task", "person", "none", hours="project", hours_per_project="project",
            total_project_hours="project", fees="project_cost", total_project_fees="project_cost",
            hours_per_task="task", hours_per_person="person", no_budget="none",
        ),
    },
    passed=_STAMPS | {
        "over budget notified at", "hint earliest record at", "hint latest record at", "is fixed fee", "fee",
        "estimate", "estimate by", "basecamp id", "highrise deal id", "active task assignments count",
        "active user assignments count",
    },
)  # fmt: skip

_TASK: Final = Kind(
    name="tasks",
    row=TaskRow,
    titles={"name": "Name"},
    needed=(("name",),),
    fields={
        "billable_by_default": "flag", "default_hourly_rate": "number", "is_default": "flag", "archived": "flag",
    },
    spellings={
        "task": "name", "task name": "name", "hourly rate": "default_hourly_rate", "default rate":
        "default_hourly_rate", "billable": "billable_by_default", "default": "is_default", "deactivated": "archived",
    },
    passed=_STAMPS,
)  # fmt: skip

_PERSON: Final = Kind(
    name="people",
    row=PersonRow,
    titles={"email": "Email", "first_name": "First name", "last_name": "Last name", "person": "Name"},
    needed=(("email",), ("first_name", "person")),
    fields={
        "cost_rate": "number", "default_hourly_rate": "number", "department": "text",
        "has_access_to_all_future_projects": "flag", "active": "flag", "is_admin": "flag",
        "is_contractor": "flag", "is_project_manager": "flag", "telephone": "text", "timezone": "text",
    },
    spellings={
        **_WHO_SPELLINGS, "hourly rate": "default_hourly_rate", "billable rate": "default_hourly_rate",
        "admin": "is_admin", "contractor": "is_contractor", "is active": "active", "phone": "telephone",
        "project manager": "is_project_manager", "time zone": "timezone",
    },
    passed=_STAMPS | {"weekly capacity", "wants newsletter", "identity account id", "identity user id"},
)  # fmt: skip

_TASK_LINK: Final = Kind(
    name="task_assignments",
    row=TaskLinkRow,
    titles={**_WHERE, "task": "Task", "task_id": "Task id"},
    needed=(("project", "project_id"), ("task", "task_id")),
    fields={"billable": "flag", "budget": "number", "archived": "flag", "hourly_rate": "number"},
    spellings={**_WHERE_SPELLINGS, "task name": "task", "deactivated": "archived"},
    passed=_STAMPS | {"estimate"},
)

_USER_LINK: Final = Kind(
    name="user_assignments",
    row=UserLinkRow,
    titles={**_WHERE, **_WHO},
    needed=(("project", "project_id"), ("person", "email", "user_id", "last_name")),
    fields={"budget": "number", "archived": "flag", "hourly_rate": "number", "is_project_manager": "flag"},
    spellings={**_WHERE_SPELLINGS, **_WHO_SPELLINGS, "deactivated": "archived"},
    passed=_STAMPS | {"estimate"},
)

_CATEGORY: Final = Kind(
    name="expense_categories",
    row=CategoryRow,
    titles={"name": "Name"},
    needed=(("name",),),
    fields={"unit_name": "text", "unit_price": "number", "archived": "flag"},
    spellings={"category": "name", "expense category": "name", "deactivated": "archived"},
    passed=_STAMPS,
)

_ITEM_CATEGORY: Final = Kind(
    name="invoice_item_categories",
    row=ItemCategoryRow,
    titles={"name": "Name"},
    needed=(("name",),),
    fields={"use_as_expense": "flag", "use_as_service": "flag"},
    passed=_STAMPS,
)

_INVOICE: Final = Kind(
    name="invoices",
    row=InvoiceRow,
    titles={"client": "Client", "client_id": "Client id", "number": "Number"},
    needed=(("number",), ("client", "client_id")),
    fields={
        "due_at_human_format": "text", "due_at": "date", "currency": "text", "issued_at": "date", "subject": "text",
        "notes": "text", "purchase_order": "text", "kind": "text", "period_start": "date", "period_end": "date",
        "line_items": "text", "tax": "number", "tax2": "number", "discount": "number", "state": "text",
    },
    spellings={"client name": "client", "invoice number": "number", "csv line items": "line_items"},
    choices={
        "kind": _choices("free_form", "project", "task", "people", "detailed"),
        "state": _choices("open", "draft", "partial", "paid", "closed"),
    },
    passed=_STAMPS | {
        "amount", "due amount", "client key", "tax amount", "tax2 amount", "discount amount", "recurring invoice id",
        "estimate id", "retainer id", "created by id", "client name",
    },
)  # fmt: skip

_PAYMENT: Final = Kind(
    name="invoice_payments",
    row=PaymentRow,
    titles={"invoice": "Invoice", "invoice_id": "Invoice id"},
    needed=(("invoice", "invoice_id"), ("amount",), ("paid_at",)),
    fields={"amount": "number", "paid_at": "moment", "notes": "text"},
    spellings={"invoice number": "invoice"},
    passed=_STAMPS | {"recorded by", "recorded by email"},
)

_MESSAGE: Final = Kind(
    name="invoice_messages",
    row=MessageRow,
    titles={"invoice": "Invoice", "invoice_id": "Invoice id"},
    needed=(("invoice", "invoice_id"), ("body", "subject")),
    fields={
        "body": "text", "subject": "text", "full_recipient_list": "text", "send_me_a_copy": "flag",
        "include_pay_pal_link": "flag", "thank_you": "flag", "sent_by": "text", "sent_by_email": "text",
    },
    spellings={"invoice number": "invoice"},
    passed=_STAMPS | {"sent from", "sent from email", "send reminder on", "recipients", "attach pdf"},
)  # fmt: skip

KINDS: Final = {
    kind.name: kind
    for kind in (
        _ITEM_CATEGORY, _CATEGORY, _CLIENT, _CONTACT, _TASK, _PERSON, _PROJECT, _TASK_LINK, _USER_LINK, _TIME, _EXPENSE,
        _INVOICE, _MESSAGE, _PAYMENT,
    )
}  # fmt: skip
"""The kinds by their names, each after the kinds that it may refer to."""
