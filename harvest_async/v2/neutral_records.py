"""The shapes of API v2's records as neutral records, by which those of other versions become them."""

from __future__ import annotations

from typing import Final

from harvest_async.client.neutral import ANY, Neutral, RecordShape, is_value
from harvest_async.v2.clients import Client
from harvest_async.v2.company import Company
from harvest_async.v2.contacts import Contact
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.expenses import Expense
from harvest_async.v2.invoice_item_categories import InvoiceItemCategory
from harvest_async.v2.invoice_messages import InvoiceMessage
from harvest_async.v2.invoice_payments import InvoicePayment
from harvest_async.v2.invoice_records import Invoice
from harvest_async.v2.projects import Project
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import Task
from harvest_async.v2.time_entry_records import TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import User

__all__ = ["RECORDS"]

_NAMED: Final = ("id", "name")
_CLIENT: Final = (*_NAMED, "currency")
_PROJECT: Final = (*_NAMED, "code")
_LINK: Final = ("id", "is_active", "budget", "hourly_rate", "created_at", "updated_at")
_WORK: Final = {
    "client": _CLIENT,
    "project": _PROJECT,
    "user": _NAMED,
    "user_assignment": (*_LINK, "is_project_manager", "use_default_rates"),
    "invoice": ("id", "number"),
}
"""The small records in time entries and expenses."""

_REFERENCE: Final = ("id", "group_id", "account_id", "permalink", "service", "service_icon_url")
_RECEIPT: Final = ("url", "file_name", "file_size", "content_type")
_LINE: Final = ("id", "kind", "description", "quantity", "unit_price", "amount", "taxed", "taxed2")
_YES, _NO = is_value(True), is_value(False)

_OF_ENTRY: Final = (
    "task", "task_assignment", "external_reference.service", "external_reference.service_icon_url", "rounded_hours",
    "hours_without_timer", "is_locked", "is_explicitly_locked", "locked_reason", "approval_status", "is_closed",
    "is_billed", "is_running", "billable", "budgeted", "billable_rate", "cost_rate",
)  # fmt: skip
_OF_INVOICE: Final = (
    "client", "creator", "line_items.id", "line_items.project", "sent_at", "paid_at", "paid_date", "closed_at",
)  # fmt: skip
"""Fields that the server computes, or takes from other records."""


def _has_receipt(values: Neutral) -> bool:
    return values["receipt.url"] is not None


RECORDS: Final = (
    RecordShape("client", Client),
    RecordShape("contact", Contact, nested={"client": _NAMED}, unimportant={"client": ANY}),
    RecordShape("project", Project, nested={"client": _CLIENT}, unimportant={"client": ANY, "budget_is_monthly": _NO}),
    RecordShape("task", Task),
    RecordShape(
        "user",
        User,
        unimportant=dict.fromkeys(("avatar_url", "can_see_rates", "can_create_projects", "can_create_invoices"), ANY),
    ),
    RecordShape(
        "task_assignment",
        TaskAssignment,
        nested={"project": _PROJECT, "task": _NAMED},
        unimportant={"project": ANY, "task": ANY},
    ),
    RecordShape(
        "user_assignment",
        UserAssignment,
        nested={"project": _PROJECT, "user": _NAMED},
        unimportant={"project": ANY, "user": ANY, "use_default_rates": _YES},
    ),
    RecordShape(
        "time_entry",
        TimeEntry,
        nested={**_WORK, "task": _NAMED, "task_assignment": (*_LINK, "billable"), "external_reference": _REFERENCE},
        unimportant=dict.fromkeys((*_WORK, *_OF_ENTRY), ANY),
    ),
    RecordShape(
        "expense",
        Expense,
        nested={**_WORK, "expense_category": (*_NAMED, "unit_price", "unit_name"), "receipt": _RECEIPT},
        always=("receipt",),
        computed={"has_receipt": _has_receipt},
        unimportant=dict.fromkeys((*_WORK, "expense_category", "receipt"), ANY),
    ),
    RecordShape("expense_category", ExpenseCategory),
    RecordShape(
        "invoice",
        Invoice,
        nested={"client": _NAMED, "creator": _NAMED, "estimate": ("id",), "retainer": ("id",)},
        items={"line_items": (*_LINE, "project.id", "project.name", "project.code")},
        unimportant=dict.fromkeys(_OF_INVOICE, ANY),
    ),
    RecordShape("invoice_item_category", InvoiceItemCategory),
    RecordShape(
        "invoice_message", InvoiceMessage, items={"recipients": ("name", "email")}, unimportant={"reminder": _NO}
    ),
    RecordShape(
        "invoice_payment",
        InvoicePayment,
        nested={"payment_gateway": _NAMED},
        always=("payment_gateway",),
        unimportant={"paid_date": ANY},
    ),
    RecordShape("company", Company),
)
"""The shapes of all records that other versions have, too."""
