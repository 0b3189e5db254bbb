"""What an account holds: records in tables, and the fields that each kind has.

Rules of this room: pure. A record is a dict of plain values: int, str, bool, Decimal, date, datetime or None. The
fields, their order and their types are the contract's; a record has all of its fields from the start.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

__all__ = ["FIELDS", "KINDS", "Record", "Tables", "new_record", "revive"]

Record = dict[str, Any]
Tables = dict[str, dict[int, Record]]

FIELDS: Final[dict[str, dict[str, tuple[type, Any]]]] = {
    # kind: {field: (type, what a new record has)}
    "client": {
        "name": (str, ""),
        "active": (bool, True),
        "currency": (str, "United States Dollar - USD"),
        "currency_symbol": (str, "$"),
        "details": (str, ""),
        "highrise_id": (int, None),
        "cache_version": (int, 1),
        "default_invoice_timeframe": (str, None),
        "last_invoice_kind": (str, None),
    },
    "project": {
        "client_id": (int, None),
        "name": (str, ""),
        "code": (str, None),
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
        "notes": (str, None),
        "cost_budget": (Decimal, None),
        "cost_budget_include_expenses": (bool, False),
    },
    "task": {
        "name": (str, ""),
        "billable_by_default": (bool, True),
        "default_hourly_rate": (Decimal, None),
        "is_default": (bool, False),
        "deactivated": (bool, False),
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
    },
}

KINDS: Final = tuple(FIELDS)


def new_record(kind: str, number: int, now: datetime, fields: Record) -> Record:
    """A record with all the fields of its kind."""
    defaults = {name: default for name, (_, default) in FIELDS[kind].items()}
    return {"id": number, **defaults, **fields, "created_at": now, "updated_at": now}


def revive(kind: str, stored: Record) -> Record:
    """A record that was stored as JSON, with its values' own types again."""
    types = {name: known for name, (known, _) in FIELDS[kind].items()} | {
        "created_at": datetime,
        "updated_at": datetime,
    }
    return {name: _revive(types.get(name, str), value) for name, value in stored.items()}


def _revive(known: type, value: Any) -> Any:
    if value is None or known in {int, str, bool}:
        return value
    if known is Decimal:
        return Decimal(value)
    return datetime.fromisoformat(value) if known is datetime else date.fromisoformat(value)
