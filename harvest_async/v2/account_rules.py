"""API v2's facts about roles and modules, which explain why a call was refused."""

from __future__ import annotations

from typing import Final

from harvest_async.client.resource import AccountRules, Profile
from harvest_async.v2.company import GET, Company

__all__ = ["ACCOUNT_RULES"]

_ADMIN_CALLS: Final = frozenset(
    {
        "company.update",
        "roles.create",
        "roles.delete",
        "roles.update",
        "users.create",
        "users.create_billable_rate",
        "users.create_cost_rate",
        "users.delete",
        "users.update",
        "users.update_teammates",
    }
)
"""Calls that only administrators may make."""


def _read_profile(company: Company) -> Profile:
    """Return the settings that the company reports."""
    modules = {
        "approval": company.approval_feature,
        "estimates": company.estimate_feature,
        "expenses": company.expense_feature,
        "invoices": company.invoice_feature,
    }
    return Profile(bool(company.wants_timestamp_timers), modules)


ACCOUNT_RULES: Final = AccountRules(_ADMIN_CALLS, GET, _read_profile)
"""API v2's facts."""
