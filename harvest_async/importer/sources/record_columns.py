"""The columns of clients, projects, people and the other records."""

from __future__ import annotations

from typing import Final

from harvest_async.importer.sources.kind import (
    ACTIVE,
    STAMPS,
    WHERE,
    WHERE_SPELLINGS,
    WHO,
    WHO_SPELLINGS,
    Kind,
    choices,
)
from harvest_async.importer.sources.kinds import (
    CategoryRow,
    ClientRow,
    ContactRow,
    InvoiceRow,
    ItemCategoryRow,
    MessageRow,
    PaymentRow,
    PersonRow,
    ProjectRow,
    TaskLinkRow,
    TaskRow,
    UserLinkRow,
)

__all__ = [
    "CATEGORY",
    "CLIENT",
    "CONTACT",
    "INVOICE",
    "ITEM_CATEGORY",
    "MESSAGE",
    "PAYMENT",
    "PERSON",
    "PROJECT",
    "TASK",
    "TASK_LINK",
    "USER_LINK",
]

CLIENT: Final = Kind(
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
    passed=STAMPS | {
        "address", "default invoice timeframe", "default invoice kind", "last invoice kind", "statement key",
    },
)  # fmt: skip

CONTACT: Final = Kind(
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
    passed=STAMPS,
)  # fmt: skip

PROJECT: Final = Kind(
    name="projects",
    row=ProjectRow,
    titles={"client": "Client", "client_id": "Client id", "name": "Name", "code": "Code"},
    needed=(("name",),),
    fields={
        "active": "flag", "bill_by": "text", "billable": "flag", "budget": "number", "budget_by": "text",
        "budget_is_monthly": "flag", "fee": "number", "is_fixed_fee": "flag",
        "cost_budget": "number", "cost_budget_include_expenses": "flag", "ends_on": "date",
        "hourly_rate": "number", "notes": "text", "notify_when_over_budget": "flag",
        "over_budget_notification_percentage": "number", "show_budget_to_all": "flag", "starts_on": "date",
    },
    spellings={
        **WHERE_SPELLINGS, "project": "name", "project name": "name", "project code": "code",
        "start date": "starts_on", "end date": "ends_on", "project notes": "notes", "is active": "active",
        "is billable": "billable", "status": "active",
    },
    choices={
        "bill_by": choices("Tasks", "People", "Project", "none", task="Tasks", person="People"),
        "budget_by": choices(
            "project", "project_cost", "task", "task_fees", "person", "none", hours="project",
            hours_per_project="project", total_project_hours="project", fees="project_cost",
            total_project_fees="project_cost", hours_per_task="task", fees_per_task="task_fees",
            hours_per_person="person", no_budget="none",
        ),
    },
    passed=STAMPS | {
        "over budget notified at", "hint earliest record at", "hint latest record at", "estimate", "estimate by",
        "basecamp id", "highrise deal id", "active task assignments count", "active user assignments count",
        "over budget notification date",
    },
)  # fmt: skip

TASK: Final = Kind(
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
    opposites=ACTIVE,
    passed=STAMPS,
)  # fmt: skip

PERSON: Final = Kind(
    name="people",
    row=PersonRow,
    titles={"email": "Email", "first_name": "First name", "last_name": "Last name", "person": "Name"},
    needed=(("email",), ("first_name", "person")),
    fields={
        "cost_rate": "number", "default_hourly_rate": "number", "department": "text",
        "has_access_to_all_future_projects": "flag", "active": "flag", "is_admin": "flag",
        "is_contractor": "flag", "is_project_manager": "flag", "telephone": "text", "timezone": "text",
        "weekly_capacity": "capacity",
    },
    spellings={
        **WHO_SPELLINGS, "hourly rate": "default_hourly_rate", "billable rate": "default_hourly_rate",
        "admin": "is_admin", "contractor": "is_contractor", "is active": "active", "phone": "telephone",
        "project manager": "is_project_manager", "time zone": "timezone",
    },
    passed=STAMPS | {
        "wants newsletter", "identity account id", "identity user id", "roles", "access roles",
        "avatar url", "can see rates", "can create projects", "can create invoices",
    },
)  # fmt: skip

TASK_LINK: Final = Kind(
    name="task_assignments",
    row=TaskLinkRow,
    titles={**WHERE, "task": "Task", "task_id": "Task id"},
    needed=(("project", "project_id"), ("task", "task_id")),
    fields={"billable": "flag", "budget": "number", "archived": "flag", "hourly_rate": "number"},
    spellings={**WHERE_SPELLINGS, "task name": "task", "deactivated": "archived"},
    opposites=ACTIVE,
    passed=STAMPS | {"estimate"},
)

USER_LINK: Final = Kind(
    name="user_assignments",
    row=UserLinkRow,
    titles={**WHERE, **WHO},
    needed=(("project", "project_id"), ("person", "email", "user_id", "last_name")),
    fields={"budget": "number", "archived": "flag", "hourly_rate": "number", "is_project_manager": "flag"},
    spellings={**WHERE_SPELLINGS, **WHO_SPELLINGS, "deactivated": "archived"},
    opposites=ACTIVE,
    passed=STAMPS | {"estimate", "use default rates"},
)

CATEGORY: Final = Kind(
    name="expense_categories",
    row=CategoryRow,
    titles={"name": "Name"},
    needed=(("name",),),
    fields={"unit_name": "text", "unit_price": "number", "archived": "flag"},
    spellings={"category": "name", "expense category": "name", "deactivated": "archived"},
    opposites=ACTIVE,
    passed=STAMPS,
)

ITEM_CATEGORY: Final = Kind(
    name="invoice_item_categories",
    row=ItemCategoryRow,
    titles={"name": "Name"},
    needed=(("name",),),
    fields={"use_as_expense": "flag", "use_as_service": "flag"},
    passed=STAMPS,
)

INVOICE: Final = Kind(
    name="invoices",
    row=InvoiceRow,
    titles={"client": "Client", "client_id": "Client id", "number": "Number"},
    needed=(("number",), ("client", "client_id")),
    fields={
        "due_at_human_format": "text", "due_at": "date", "currency": "text", "issued_at": "date", "subject": "text",
        "notes": "text", "purchase_order": "text", "kind": "text", "period_start": "date", "period_end": "date",
        "line_items": "text", "tax": "number", "tax2": "number", "discount": "number", "state": "text",
    },
    spellings={
        "client name": "client", "invoice number": "number", "csv line items": "line_items", "issue date": "issued_at",
        "due date": "due_at", "payment term": "due_at_human_format",
    },
    choices={
        "kind": choices("free_form", "project", "task", "people", "detailed"),
        "state": choices("open", "draft", "partial", "paid", "closed"),
    },
    passed=STAMPS | {
        "amount", "due amount", "client key", "tax amount", "tax2 amount", "discount amount", "recurring invoice id",
        "estimate id", "retainer id", "created by id", "client name", "creator", "creator id", "estimate", "retainer",
        "sent at", "paid at", "paid date", "closed at", "payment options",
    },
)  # fmt: skip

PAYMENT: Final = Kind(
    name="invoice_payments",
    row=PaymentRow,
    titles={"invoice": "Invoice", "invoice_id": "Invoice id"},
    needed=(("invoice", "invoice_id"), ("amount",), ("paid_at",)),
    fields={"amount": "number", "paid_at": "moment", "notes": "text"},
    spellings={"invoice number": "invoice"},
    passed=STAMPS
    | {
        "recorded by",
        "recorded by email",
        "paid date",
        "transaction id",
        "payment gateway",
        "payment gateway id",
    },
)

MESSAGE: Final = Kind(
    name="invoice_messages",
    row=MessageRow,
    titles={"invoice": "Invoice", "invoice_id": "Invoice id"},
    needed=(("invoice", "invoice_id"), ("body", "subject")),
    fields={
        "body": "text", "subject": "text", "full_recipient_list": "text", "send_me_a_copy": "flag",
        "include_pay_pal_link": "flag", "thank_you": "flag", "sent_by": "text", "sent_by_email": "text",
    },
    spellings={"invoice number": "invoice", "include link to client invoice": "include_pay_pal_link"},
    passed=STAMPS | {
        "sent from", "sent from email", "send reminder on", "recipients", "attach pdf", "event type", "reminder",
    },
)  # fmt: skip
