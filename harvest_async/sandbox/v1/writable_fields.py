"""The fields that requests may set.

Other fields are ignored; with the quirk `read_only_back` an update that has a read-only field is refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from harvest_async.sandbox.records import FIELDS, Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.v1.choices import check_choices
from harvest_async.sandbox.values import read_fields_of

__all__ = ["read_changes", "read_new", "read_values"]

_WRITABLE: Final[dict[str, frozenset[str]]] = {
    "client": frozenset({"name", "highrise_id", "currency", "currency_symbol", "active", "details", "address"}),
    "contact": frozenset(
        {"client_id", "email", "first_name", "last_name", "phone_office", "phone_mobile", "title", "fax"}
    ),
    "project": frozenset(
        {"name", "client_id", "active", "bill_by", "code", "notes", "budget", "budget_by", "billable", "hourly_rate",
         "notify_when_over_budget", "over_budget_notification_percentage", "show_budget_to_all", "starts_on", "ends_on",
         "cost_budget", "cost_budget_include_expenses", "is_fixed_fee", "fee", "estimate", "estimate_by"}
    ),
    "task": frozenset({"name", "billable_by_default", "default_hourly_rate", "is_default"}),
    "user": frozenset(
        {"email", "first_name", "last_name", "timezone", "is_admin", "telephone", "is_contractor", "is_active",
         "is_project_manager", "has_access_to_all_future_projects", "default_hourly_rate", "cost_rate", "department",
         "weekly_capacity", "wants_newsletter"}
    ),
    "expense_category": frozenset({"name", "unit_name", "unit_price"}),
    "invoice_item_category": frozenset({"name"}),
    "task_assignment": frozenset({"billable", "deactivated", "budget", "hourly_rate"}),
    "user_assignment": frozenset({"deactivated", "hourly_rate", "budget", "is_project_manager"}),
    "entry": frozenset({"project_id", "task_id", "spent_at", "notes", "hours", "started_at", "ended_at"}),
    "expense": frozenset(
        {"notes", "total_cost", "units", "project_id", "expense_category_id", "billable", "spent_at"}
    ),
    "invoice": frozenset(
        {"client_id", "due_at", "due_at_human_format", "currency", "issued_at", "subject", "notes", "number",
         "purchase_order", "tax", "tax2", "discount", "csv_line_items"}
    ),
    "message": frozenset({"body", "send_me_a_copy", "include_pay_pal_link"}),
    "payment": frozenset({"paid_at", "amount", "notes"}),
}  # fmt: skip
_TEXTS: Final = frozenset({"code", "notes"})
_ONLY_ON_CREATE: Final = {"project": {"active"}, "user": {"is_active"}}


def read_values(kind: str, fields: Record) -> Record:
    """Return the values of the fields that a request may set, each of its field's type."""
    return read_fields_of(kind, fields, _WRITABLE[kind])


def read_new(kind: str, fields: Record) -> Record:
    """Return the values of a new record."""
    return _given(kind, read_values(kind, fields))


def read_changes(kind: str, fields: Record, quirks: frozenset[str]) -> Record:
    """Return the values that an update sets."""
    own = fields.keys() & FIELDS[kind].keys() - _WRITABLE[kind]
    if own and "read_only_back" in quirks:
        raise Refusal(400, f"{min(own)} can't be set.")
    return _given(kind, read_fields_of(kind, fields, _WRITABLE[kind] - _ONLY_ON_CREATE.get(kind, set())))


def _given(kind: str, values: Record) -> Record:
    """Return the values with null only where a field can be null; elsewhere null counts as not sent."""
    fields = FIELDS[kind]
    given = {
        name: value
        for name, value in values.items()
        if value is not None or fields[name][1] is None or fields[name][0] in {int, str, Decimal}
    }
    given = check_choices(kind, given)
    return _mirrored(given) if kind == "project" else given


def _mirrored(values: Record) -> Record:
    """Return a project's values: texts are never null, and budget and estimate have the same value."""
    values = {name: "" if value is None and name in _TEXTS else value for name, value in values.items()}
    for budget, estimate in (("budget", "estimate"), ("budget_by", "estimate_by")):
        if budget in values or estimate in values:
            values[budget] = values[estimate] = values.get(budget, values.get(estimate))
    return values
