"""The shapes of API v1's records as neutral records, by which those of other versions become them."""

from __future__ import annotations

from typing import Final

from harvest_async.client.neutral import ANY, RecordShape, inverted, is_value, renamed, same_as
from harvest_async.v1.models import (
    Client,
    Company,
    Contact,
    DayEntry,
    Expense,
    ExpenseCategory,
    Invoice,
    InvoiceItemCategory,
    InvoiceMessage,
    InvoicePayment,
    Me,
    Person,
    Project,
    ReportEntry,
    Task,
    TaskAssignment,
    UserAssignment,
)
from harvest_async.v1.neutral_values import (
    ADDRESS,
    ADDRESS_RULE,
    CURRENCY,
    INVOICE,
    LINE,
    RECIPIENTS,
    ROLES,
    RUNNING,
    TIMEZONE,
    access,
    texts,
)

__all__ = ["RECORDS"]

_ASSIGNED: Final = (inverted("deactivated", "is_active"), *renamed(project_id="project.id"))
_TWIN: Final = {"estimate": same_as("budget")}
_VERSIONED: Final = {"cache_version": ANY}
_ENTRY: Final = renamed(
    spent_at="spent_date",
    user_id="user.id",
    project_id="project.id",
    task_id="task.id",
    started_at="started_time",
    ended_at="ended_time",
)
_TITLES: Final = ("title", "last_name", "email", "phone_office", "phone_mobile", "fax")

RECORDS: Final = (
    RecordShape(
        "client",
        Client,
        (*renamed(active="is_active"), *ADDRESS, CURRENCY),
        unimportant={**_VERSIONED, "currency_symbol": ANY, "last_invoice_kind": ANY, **ADDRESS_RULE},
    ),
    RecordShape("contact", Contact, (*renamed(client_id="client.id"), *texts(*_TITLES))),
    RecordShape(
        "project",
        Project,
        (
            *renamed(
                client_id="client.id",
                active="is_active",
                billable="is_billable",
                over_budget_notified_at="over_budget_notification_date",
            ),
            *texts("code", "notes"),
        ),
        unimportant={
            **_VERSIONED,
            **_TWIN,
            "estimate_by": same_as("budget_by"),
            "hint_earliest_record_at": ANY,
            "hint_latest_record_at": ANY,
            "active_task_assignments_count": ANY,
            "active_user_assignments_count": ANY,
        },
    ),
    RecordShape("task", Task, (inverted("deactivated", "is_active"),), unimportant=_VERSIONED),
    RecordShape(
        "user",
        Person,
        access(),
        computed=ROLES,
        unimportant={
            "identity_account_id": ANY,
            "identity_user_id": ANY,
            "department": is_value(""),
            "wants_newsletter": is_value(False),
        },
    ),
    RecordShape(
        "user",
        Me,
        (
            *access(is_admin="admin", is_project_manager="project_manager.is_project_manager"),
            *renamed(
                **{
                    f"project_manager.{name}": name
                    for name in ("can_see_rates", "can_create_projects", "can_create_invoices")
                },
                timestamp_timers="wants_timestamp_timers",
            ),
            TIMEZONE,
        ),
        nested={
            "project_manager": ("is_project_manager", "can_see_rates", "can_create_projects", "can_create_invoices")
        },
        computed=ROLES,
        unimportant={"timezone_utc_offset": ANY, "timestamp_timers": ANY},
    ),
    RecordShape("task_assignment", TaskAssignment, (*_ASSIGNED, *renamed(task_id="task.id")), unimportant=_TWIN),
    RecordShape("user_assignment", UserAssignment, (*_ASSIGNED, *renamed(user_id="user.id")), unimportant=_TWIN),
    RecordShape(
        "time_entry",
        DayEntry,
        (*_ENTRY, *renamed(client="client.name", project="project.name", task="task.name")),
        computed=RUNNING,
        unimportant={"hours_with_timer": ANY, "hours_for_previously_running_timer": ANY},
    ),
    RecordShape(
        "time_entry",
        ReportEntry,
        _ENTRY,
        computed=RUNNING,
        unimportant={"hours_with_timer": ANY, "adjustment_record": is_value(False)},
    ),
    RecordShape(
        "expense",
        Expense,
        (
            *renamed(
                project_id="project.id",
                expense_category_id="expense_category.id",
                spent_at="spent_date",
                user_id="user.id",
                invoice_id="invoice.id",
            ),
            *texts(receipt_url="receipt.url"),
        ),
        unimportant={"company_id": ANY},
    ),
    RecordShape("expense_category", ExpenseCategory, (inverted("deactivated", "is_active"),), unimportant=_VERSIONED),
    RecordShape(
        "invoice",
        Invoice,
        (
            *renamed(
                client_id="client.id",
                client_name="client.name",
                issued_at="issue_date",
                due_at="due_date",
                estimate_id="estimate.id",
                retainer_id="retainer.id",
                created_by_id="creator.id",
            ),
            *INVOICE,
        ),
        items={"line_items": LINE},
    ),
    RecordShape("invoice_item_category", InvoiceItemCategory),
    RecordShape(
        "invoice_message",
        InvoiceMessage,
        (
            *renamed(invoice_id="invoice.id", recipients="addresses"),
            RECIPIENTS,
            *renamed(include_pay_pal_link="include_link_to_client_invoice"),
        ),
        items={"recipients": ("name", "email")},
        unimportant={"invoice_id": ANY},
    ),
    RecordShape("invoice_payment", InvoicePayment, renamed(invoice_id="invoice.id"), unimportant={"invoice_id": ANY}),
    RecordShape(
        "company",
        Company,
        renamed(
            active="is_active",
            **{
                "modules.expenses": "expense_feature",
                "modules.invoices": "invoice_feature",
                "modules.estimates": "estimate_feature",
                "modules.approval": "approval_feature",
            },
        ),
        nested={"modules": ("expenses", "invoices", "estimates", "approval")},
    ),
)
"""The shapes of all records that other versions have, too. Of several for one kind, the first is the usual one."""
