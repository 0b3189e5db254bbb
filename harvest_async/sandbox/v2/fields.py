"""The fields that requests may set, and their names in the account's records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from harvest_async.sandbox.currencies import name_of
from harvest_async.sandbox.records import FIELDS, Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.values import read_value

__all__ = ["choose", "read_flag", "read_record"]


def _same(names: str, **renamed: str) -> dict[str, str]:
    return {name: name for name in names.split()} | renamed


_INVOICE: Final = _same(
    "client_id number purchase_order tax tax2 discount subject notes currency", issue_date="issued_at"
)

_WRITABLE: Final[dict[str, dict[str, str]]] = {
    # kind: {field of the request: field of the record}; ! marks a flag with the opposite meaning
    "client": _same("name currency", address="details", is_active="active"),
    "contact": _same("client_id title first_name last_name email phone_office phone_mobile fax"),
    "project": _same(
        "client_id name code is_fixed_fee bill_by hourly_rate budget budget_by budget_is_monthly "
        "notify_when_over_budget over_budget_notification_percentage show_budget_to_all cost_budget "
        "cost_budget_include_expenses fee notes starts_on ends_on",
        is_active="active",
        is_billable="billable",
    ),
    "task": _same("name billable_by_default default_hourly_rate is_default", is_active="!deactivated"),
    "user": _same(
        "first_name last_name email timezone telephone has_access_to_all_future_projects is_contractor is_active "
        "weekly_capacity default_hourly_rate cost_rate"
    ),
    "task_assignment": _same("billable hourly_rate budget", is_active="!deactivated"),
    "user_assignment": _same("is_project_manager use_default_rates hourly_rate budget", is_active="!deactivated"),
    "expense_category": _same("name unit_name unit_price", is_active="!deactivated"),
    "invoice_item_category": _same("name"),
    "estimate_item_category": _same("name"),
    "role": _same("name"),
    "billable_rate": _same("amount start_date"),
    "cost_rate": _same("amount start_date"),
    "entry": _same(
        "project_id task_id hours notes", spent_date="spent_at", started_time="started_at", ended_time="ended_at"
    ),
    "expense": _same("project_id expense_category_id units total_cost notes billable", spent_date="spent_at"),
    "invoice": {**_INVOICE, **_same("estimate_id retainer_id", due_date="due_at")},
    "estimate": _INVOICE,
    "message": _same(
        "event_type subject body attach_pdf send_me_a_copy thank_you",
        include_link_to_client_invoice="include_pay_pal_link",
    ),
    "estimate_message": _same("event_type subject body send_me_a_copy"),
    "payment": _same("amount paid_at paid_date notes transaction_id"),
}
_CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("project", "bill_by"): ("Project", "Tasks", "People", "none"),
    ("project", "budget_by"): ("project", "project_cost", "task", "task_fees", "person", "none"),
}
_TEXTS: Final = frozenset({("project", "code"), ("project", "notes"), ("contact", "first_name"), ("user", "telephone")})
"""Texts that are never null in a record."""


def read_record(kind: str, body: Record, needed: Iterable[str] = ()) -> Record:
    """Return the values of a body, by the names and of the types of the record's fields; other fields are ignored.

    Args:
        kind: the kind of the record.
        body: the fields of the body.
        needed: the fields that must be given.

    Raises:
        Refusal: values are missing or invalid; it lists the reasons.
    """
    values: Record = {}
    reasons = [f"{_shown(name)} can't be blank" for name in needed if not _is_given(body.get(name))]
    for name, own in _WRITABLE[kind].items():
        if name not in body:
            continue
        try:
            value = _value(kind, name, own.lstrip("!"), body[name])
        except Refusal:
            reasons.append(f"{_shown(name)} is invalid")
            continue
        if value is None and FIELDS[kind][own.lstrip("!")][0] is bool:
            continue
        values[own.lstrip("!")] = not value if own.startswith("!") else value
    if reasons:
        raise Refusal(422, ", ".join(dict.fromkeys(reasons)))
    return values


def read_flag(body: Record, name: str) -> bool:
    """Return whether a flag of a body is true."""
    return bool(read_value(name, bool, body.get(name)))


def choose(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return a value that must be one of the choices."""
    found = next((choice for choice in choices if choice.lower() == str(value).strip().lower()), None)
    if found is None:
        raise Refusal(422, f"{_shown(name)} is not included in the list")
    return found


def _value(kind: str, name: str, own: str, given: Any) -> Any:
    value = read_value(name, FIELDS[kind][own][0], given)
    if (kind, name) in _CHOICES and value is not None:
        return choose(name, value, _CHOICES[kind, name])
    if value is None and (kind, own) in _TEXTS:
        return ""
    return name_of(value) if own == "currency" and value else value


def _is_given(value: Any) -> bool:
    return value is not None and bool(str(value).strip())


def _shown(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()
