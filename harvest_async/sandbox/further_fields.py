"""The kinds and fields of records that were added later: not every API version shows them.

The form is that of `records.FIELDS`. A tuple holds plain values and is stored as a list.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

__all__ = ["FURTHER_FIELDS", "FURTHER_KINDS"]

_Fields = dict[str, tuple[type, Any]]

FURTHER_FIELDS: Final[dict[str, _Fields]] = {
    "project": {"budget_is_monthly": (bool, False)},
    "user": {
        "granted_roles": (tuple, ()),  # the access roles of a manager beside `manager`
        "teammate_ids": (tuple, ()),
    },
    "user_assignment": {"use_default_rates": (bool, True)},
    "entry": {
        "reference_id": (str, None),
        "reference_group_id": (str, None),
        "reference_account_id": (str, None),
        "reference_permalink": (str, None),
        "has_reference": (bool, False),
        "approval_status": (str, "unsubmitted"),
        "is_period_locked": (bool, False),
    },
    "expense": {"is_period_locked": (bool, False)},
    "receipt": {"filename": (str, "")},
    "invoice": {
        "payment_options": (tuple, ()),
        "sent_at": (datetime, None),
        "paid_at": (datetime, None),
        "paid_date": (date, None),
        "closed_at": (datetime, None),
        "line_ids": (tuple, ()),
        "line_count": (int, 0),
    },
    "message": {
        "event_type": (str, None),
        "attach_pdf": (bool, False),
        "reminder": (bool, False),
    },
    "payment": {"paid_date": (date, None), "transaction_id": (str, None)},
    "grant": {"audience": (str, "")},
}

_RATE: Final[_Fields] = {"user_id": (int, None), "amount": (Decimal, Decimal(0)), "start_date": (date, None)}

FURTHER_KINDS: Final[dict[str, _Fields]] = {
    "company": {  # one record at most: what a request has changed in the account's settings
        "wants_timestamp_timers": (bool, False),
        "weekly_capacity": (int, 126_000),
    },
    "role": {"name": (str, ""), "user_ids": (tuple, ())},
    "billable_rate": _RATE,
    "cost_rate": _RATE,
    "estimate": {
        "client_id": (int, None),
        "number": (str, ""),
        "subject": (str, None),
        "notes": (str, None),
        "purchase_order": (str, None),
        "amount": (Decimal, Decimal(0)),
        "currency": (str, ""),
        "issued_at": (date, None),
        "state": (str, "draft"),
        "client_key": (str, ""),
        "tax": (Decimal, None),
        "tax2": (Decimal, None),
        "tax_amount": (Decimal, Decimal("0.0")),
        "tax2_amount": (Decimal, Decimal("0.0")),
        "discount": (Decimal, None),
        "discount_amount": (Decimal, Decimal("0.0")),
        "created_by_id": (int, None),
        "csv_line_items": (str, ""),
        "line_ids": (tuple, ()),
        "line_count": (int, 0),
        "sent_at": (datetime, None),
        "accepted_at": (datetime, None),
        "declined_at": (datetime, None),
    },
    "estimate_item_category": {"name": (str, "")},
    "estimate_message": {
        "estimate_id": (int, None),
        "body": (str, ""),
        "full_recipient_list": (str, ""),
        "send_me_a_copy": (bool, False),
        "sent_by": (str, None),
        "sent_by_email": (str, None),
        "sent_from": (str, None),
        "sent_from_email": (str, None),
        "subject": (str, None),
        "event_type": (str, None),
    },
}
