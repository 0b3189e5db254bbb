"""The kinds of records in an account and the fields of each kind.

A record is a dict of plain values: int, str, bool, Decimal, date, datetime, tuple or None, and has all fields of its
kind from the start. `HIDDEN` fields are internal to the server and never shown.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from harvest_async.sandbox.further_fields import FURTHER_FIELDS, FURTHER_KINDS

__all__ = ["FIELDS", "HIDDEN", "KINDS", "SHOWN", "Record", "Tables", "new_record", "read_id", "revive"]

Record = dict[str, Any]
Tables = dict[str, dict[int, Record]]

_FIRST_FIELDS: Final[dict[str, dict[str, tuple[type, Any]]]] = {
    # kind: {field: (type, default)}
    "client": {
        "name": (str, ""),
        "active": (bool, True),
        "currency": (str, "United States Dollar - USD"),
        "currency_symbol": (str, "$"),
        "details": (str, ""),
        "address": (str, None),
        "highrise_id": (int, None),
        "cache_version": (int, 1),
        "default_invoice_timeframe": (str, None),
        "default_invoice_kind": (str, None),
        "last_invoice_kind": (str, None),
        "statement_key": (str, None),
    },
    "contact": {
        "client_id": (int, None),
        "first_name": (str, ""),
        "last_name": (str, ""),
        "email": (str, None),
        "title": (str, None),
        "phone_office": (str, None),
        "phone_mobile": (str, None),
        "fax": (str, None),
    },
    "project": {
        "client_id": (int, None),
        "name": (str, ""),
        "code": (str, ""),
        "active": (bool, True),
        "billable": (bool, True),
        "bill_by": (str, "none"),
        "hourly_rate": (Decimal, None),
        "budget": (Decimal, None),
        "budget_by": (str, "none"),
        "notify_when_over_budget": (bool, False),
        "over_budget_notification_percentage": (Decimal, Decimal("80.0")),
        "over_budget_notified_at": (date, None),
        "show_budget_to_all": (bool, False),
        "starts_on": (date, None),
        "ends_on": (date, None),
        "hint_earliest_record_at": (date, None),
        "hint_latest_record_at": (date, None),
        "notes": (str, ""),
        "cost_budget": (Decimal, None),
        "cost_budget_include_expenses": (bool, False),
        "is_fixed_fee": (bool, False),
        "fee": (Decimal, None),
        "estimate": (Decimal, None),
        "estimate_by": (str, "none"),
        "basecamp_id": (int, None),
        "highrise_deal_id": (int, None),
        "active_task_assignments_count": (int, 0),
        "active_user_assignments_count": (int, 0),
        "cache_version": (int, 1),
    },
    "task": {
        "name": (str, ""),
        "billable_by_default": (bool, True),
        "default_hourly_rate": (Decimal, None),
        "is_default": (bool, False),
        "deactivated": (bool, False),
        "cache_version": (int, 1),
    },
    "user": {
        "email": (str, ""),
        "first_name": (str, ""),
        "last_name": (str, ""),
        "has_access_to_all_future_projects": (bool, False),
        "default_hourly_rate": (Decimal, None),
        "is_active": (bool, True),
        "is_admin": (bool, False),
        "is_contractor": (bool, False),
        "is_project_manager": (bool, False),
        "telephone": (str, ""),
        "department": (str, ""),
        "timezone": (str, "Eastern Time (US & Canada)"),
        "cost_rate": (Decimal, None),
        "weekly_capacity": (int, 126_000),
        "wants_newsletter": (bool, False),
        "identity_account_id": (int, None),
        "identity_user_id": (int, None),
    },
    "task_assignment": {
        "project_id": (int, None),
        "task_id": (int, None),
        "billable": (bool, True),
        "deactivated": (bool, False),
        "budget": (Decimal, None),
        "hourly_rate": (Decimal, None),
        "estimate": (Decimal, None),
    },
    "user_assignment": {
        "user_id": (int, None),
        "project_id": (int, None),
        "deactivated": (bool, False),
        "hourly_rate": (Decimal, None),
        "is_project_manager": (bool, False),
        "budget": (Decimal, None),
        "estimate": (Decimal, None),
    },
    "entry": {
        "user_id": (int, None),
        "project_id": (int, None),
        "task_id": (int, None),
        "spent_at": (date, None),
        "hours": (Decimal, Decimal(0)),
        "notes": (str, None),
        "started_at": (str, None),
        "ended_at": (str, None),
        "timer_started_at": (datetime, None),
        "is_billed": (bool, False),
        "is_closed": (bool, False),
        "invoice_id": (int, None),
    },
    "expense_category": {
        "name": (str, ""),
        "unit_name": (str, None),
        "unit_price": (Decimal, None),
        "deactivated": (bool, False),
        "cache_version": (int, 1),
    },
    "expense": {
        "notes": (str, None),
        "total_cost": (Decimal, Decimal(0)),
        "units": (Decimal, None),
        "project_id": (int, None),
        "expense_category_id": (int, None),
        "user_id": (int, None),
        "billable": (bool, True),
        "spent_at": (date, None),
        "has_receipt": (bool, False),
        "receipt_url": (str, ""),
        "is_closed": (bool, False),
        "is_billed": (bool, False),
        "is_locked": (bool, False),
        "locked_reason": (str, None),
        "invoice_id": (int, None),
        "company_id": (int, 1),
    },
    "receipt": {  # internal: the image of an expense, as base64
        "expense_id": (int, None),
        "media": (str, ""),
        "content": (str, ""),
    },
    "invoice": {
        "client_id": (int, None),
        "client_name": (str, None),
        "number": (str, ""),
        "subject": (str, None),
        "notes": (str, None),
        "purchase_order": (str, None),
        "amount": (Decimal, Decimal(0)),
        "due_amount": (Decimal, Decimal(0)),
        "currency": (str, ""),
        "issued_at": (date, None),
        "due_at": (date, None),
        "due_at_human_format": (str, None),
        "period_start": (date, None),
        "period_end": (date, None),
        "state": (str, "draft"),
        "client_key": (str, ""),
        "tax": (Decimal, None),
        "tax2": (Decimal, None),
        "tax_amount": (Decimal, Decimal("0.0")),
        "tax2_amount": (Decimal, Decimal("0.0")),
        "discount": (Decimal, None),
        "discount_amount": (Decimal, Decimal("0.0")),
        "recurring_invoice_id": (int, None),
        "estimate_id": (int, None),
        "retainer_id": (int, None),
        "created_by_id": (int, None),
        "csv_line_items": (str, ""),
        "standing": (str, "draft"),
    },
    "invoice_item_category": {
        "name": (str, ""),
        "use_as_expense": (bool, False),
        "use_as_service": (bool, False),
    },
    "message": {
        "invoice_id": (int, None),
        "body": (str, ""),
        "full_recipient_list": (str, ""),
        "send_me_a_copy": (bool, False),
        "include_pay_pal_link": (bool, False),
        "sent_by": (str, None),
        "sent_by_email": (str, None),
        "sent_from": (str, None),
        "sent_from_email": (str, None),
        "subject": (str, None),
        "thank_you": (bool, False),
        "send_reminder_on": (date, None),
    },
    "payment": {
        "invoice_id": (int, None),
        "amount": (Decimal, Decimal(0)),
        "paid_at": (datetime, None),
        "notes": (str, None),
        "recorded_by": (str, None),
        "recorded_by_email": (str, None),
    },
    "grant": {  # internal: the codes and tokens of OAuth 2.0
        "kind": (str, ""),
        "secret": (str, ""),
        "email": (str, ""),
        "client": (str, ""),
        "redirect_uri": (str, ""),
        "expires_at": (datetime, None),
    },
}

FIELDS: Final = {
    kind: {**known, **FURTHER_FIELDS.get(kind, {})} for kind, known in _FIRST_FIELDS.items()
} | FURTHER_KINDS
"""The fields of each kind: their types and defaults."""

_LONGEST_ID: Final = 19

KINDS: Final = tuple(FIELDS)

HIDDEN: Final[dict[str, frozenset[str]]] = {"invoice": frozenset({"standing"})}

SHOWN: Final = {
    kind: ("id", *(name for name in fields if name not in HIDDEN.get(kind, ())), "created_at", "updated_at")
    for kind, fields in _FIRST_FIELDS.items()
}
"""The fields of each kind that every API version shows, in order."""

_TIMES: Final = {"created_at": datetime, "updated_at": datetime}


def read_id(value: Any) -> int | None:
    """Return an id, which has up to 19 ASCII digits; None for anything else."""
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID else None


def new_record(kind: str, number: int, now: datetime, fields: Record) -> Record:
    """Return a record with all fields of its kind."""
    defaults = {name: default for name, (_, default) in FIELDS[kind].items()}
    return {"id": number, **defaults, **fields, "created_at": now, "updated_at": now}


def revive(kind: str, stored: Record) -> Record:
    """Return a record that was stored as JSON, with typed values; fields that it lacks get their default."""
    types = {name: known for name, (known, _) in FIELDS[kind].items()} | _TIMES
    defaults = {name: default for name, (_, default) in FIELDS[kind].items()}
    return defaults | {name: _revive(types.get(name, str), value) for name, value in stored.items()}


def _revive(known: type, value: Any) -> Any:
    if value is None or known in {int, str, bool}:
        return value
    if known is tuple:
        return tuple(value)
    if known is Decimal:
        return Decimal(value)
    return datetime.fromisoformat(value) if known is datetime else date.fromisoformat(value)
