"""How clients of API v1 are set up by programs that work with any API version."""

from __future__ import annotations

from typing import Any, Final

from harvest_async.auth import BasicAuth
from harvest_async.client.setup import ClientSetup, SignedInUser
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.service import home_of

__all__ = ["SETUP"]


def _sandbox(address: str, email: str) -> dict[str, Any]:
    """Return the arguments of a client of a sandbox."""
    return {"account": "sandbox", "auth": BasicAuth(email, "sandbox"), "base_url": address}


async def _user(harvest: HarvestV1) -> SignedInUser:
    """Read the signed-in user. One call."""
    me = await harvest.account.who_am_i()
    return SignedInUser(
        account=me.company.name or "",
        id=me.user.id,
        name=f"{me.user.first_name} {me.user.last_name}",
        email=me.user.email or "",
        role="administrator" if me.user.admin else "regular user",
    )


async def _status(harvest: HarvestV1) -> str:
    """Read the server's numbers of the rate limit. One call."""
    limits = await harvest.account.rate_limit_status()
    used = f"{limits.count} of {limits.max_calls} calls in {limits.timeframe_limit} s"
    return f"{used}; a block lasts {limits.lockout_seconds} s"


def _account_name(account: object) -> str:
    """Return the account's subdomain in small letters."""
    name = str(account) if isinstance(account, str | int) else ""
    home_of(name)
    return name.lower()


def _check_auth(auth: object) -> None:
    """Accept any credentials: API v1 has all kinds."""


SETUP: Final = ClientSetup(
    from_env=HarvestV1.from_env,
    default_app="harvest-async command line",
    sandbox=_sandbox,
    user=_user,
    status=_status,
    accounts=None,
    sign_in="HARVEST_EMAIL and HARVEST_PASSWORD, or HARVEST_ACCESS_TOKEN",
    account_name=_account_name,
    check_auth=_check_auth,
)
