"""How clients of API v2 are set up by programs that work with any API version."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from harvest_async.auth import BearerAuth
from harvest_async.client.environment import read_environment
from harvest_async.client.setup import ClientSetup, ReachableAccount, SignedInUser
from harvest_async.v2.accounts import account_number, list_accounts
from harvest_async.v2.client import HarvestV2, check_auth
from harvest_async.v2.service import same_account

__all__ = ["SETUP"]

_SANDBOX_TOKENS: Final = {"admin@example.com": "sandbox-token", "user@example.com": "sandbox-user-token"}
_ROLES: Final = {"administrator": "administrator", "manager": "manager", "project_manager": "manager"}
"""The role of a person by the first of their access roles that is listed here."""


def _sandbox(address: str, email: str) -> dict[str, Any]:
    """Return the arguments of a client of a sandbox."""
    return {"account_id": 1, "auth": BearerAuth(_SANDBOX_TOKENS[email]), "base_url": address}


async def _user(harvest: HarvestV2) -> SignedInUser:
    """Read the signed-in user and the company. Two calls."""
    me, company = await harvest.users.me(), await harvest.company.get()
    roles = (role for name, role in _ROLES.items() if name in me.access_roles)
    return SignedInUser(
        account=company.name or "",
        id=me.id,
        name=f"{me.first_name} {me.last_name}",
        email=me.email or "",
        role=next(roles, "administrator" if me.is_admin else "regular user"),
    )


async def _accounts(options: Mapping[str, Any]) -> list[ReachableAccount]:
    """List the accounts that the token in the environment reaches. One call to the server for sign-ins."""
    given = read_environment(name for name in ("HARVEST_ACCESS_TOKEN", "HARVEST_APP") if name not in options)
    found = await list_accounts(
        auth=BearerAuth(given["HARVEST_ACCESS_TOKEN"].strip()),
        app=str(given["HARVEST_APP"]),
        base_url=options.get("base_url") or os.environ.get("HARVEST_BASE_URL"),
    )
    return [ReachableAccount(id=each.id or 0, name=each.name or "", product=each.product or "") for each in found]


def _account_name(account: object) -> str:
    """Return the account's number as a text."""
    return str(account_number(account))


SETUP: Final = ClientSetup(
    from_env=HarvestV2.from_env,
    default_app=None,
    sandbox=_sandbox,
    user=_user,
    status=None,
    accounts=_accounts,
    sign_in="HARVEST_ACCESS_TOKEN and HARVEST_ACCOUNT_ID",
    account_name=_account_name,
    check_auth=check_auth,
    same_account=same_account,
)
