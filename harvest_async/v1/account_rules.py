"""API v1's facts about roles and modules, which explain why a call was refused."""

from __future__ import annotations

from typing import Final

from harvest_async.client.resource import AccountRules, Profile
from harvest_async.v1.models import WhoAmI
from harvest_async.v1.resources.account import WHO_AM_I

__all__ = ["ACCOUNT_RULES"]

MODULES: Final = ("approval", "estimates", "expenses", "invoices")
"""The parts of an account that can be switched off."""

_ADMIN_CALLS: Final = frozenset(
    {
        "people.create",
        "people.delete",
        "people.reset_password",
        "people.toggle",
        "people.update",
        "reports.project_entries",
        "reports.project_expenses",
        "reports.user_entries",
        "reports.user_expenses",
    }
)
"""Calls that only administrators may make."""


def _read_profile(me: WhoAmI) -> Profile:
    """Return the settings that `who_am_i` reports."""
    modules = {name: getattr(me.company.modules, name, None) for name in MODULES}
    return Profile(bool(me.user.timestamp_timers), modules)


ACCOUNT_RULES: Final = AccountRules(_ADMIN_CALLS, WHO_AM_I, _read_profile)
"""API v1's facts."""
