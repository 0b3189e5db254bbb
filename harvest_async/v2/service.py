"""Where API v2 is, and what its budgets are."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from harvest_async.errors import InvalidArgument
from harvest_async.service import Service
from harvest_async.throttle.budgets import Budget
from harvest_async.throttle.registry import Identity

__all__ = ["ACCOUNTS_PATH", "API_PATHS", "BUDGETS", "REPORTS", "SERVICE", "api_address", "id_address", "same_account"]

SERVICE: Final = Service(
    name="harvestapp.com",
    base_url="https://api.harvestapp.com/v2",
    id_url="https://id.getharvest.com",
    token_path="/api/v2/oauth2/token",
    token_lifetime=1_209_599,
)
"""All accounts have one address, and their people sign in at `id_url`."""

API_PATHS: Final = ("/v2", "/api/v2")
"""The paths below which a server has the API; `Location` and links may name either of them."""

ACCOUNTS_PATH: Final = "/api/v2/accounts"
"""The path of the accounts that a token reaches, at `id_url`."""

REPORTS: Final = Budget("reports", 100, 900.0, 900.0)
"""The budget of reports: 100 calls in 15 minutes."""

BUDGETS: Final = (REPORTS,)
"""The budgets beside the general one."""


def api_address(base_url: str) -> str:
    """Return the address of the API; a server's address without a path gets one."""
    if not base_url:
        return SERVICE.base_url
    try:
        is_bare = urlsplit(base_url).path in {"", "/"}
    except ValueError:
        return base_url  # refused with its own message when the exchange is created
    return base_url.rstrip("/") + API_PATHS[0] if is_bare else base_url


def id_address(address: str) -> str:
    """Return the address of the server for sign-ins that belongs to an address of the API."""
    parts = urlsplit(address)
    return SERVICE.id_url if SERVICE.owner_of(address) == SERVICE.name else f"{parts.scheme}://{parts.netloc}"


def same_account(identity: Identity, subdomain: str) -> Identity:
    """Return the identity by which API v1 knows an account.

    Args:
        identity: the account's identity by its number.
        subdomain: its subdomain.

    Raises:
        InvalidArgument: it is no subdomain.
    """
    if not subdomain.replace("-", "").isalnum() or not subdomain.isascii():
        raise InvalidArgument("same_as: give the subdomain by which API v1 knows the account, like acme")
    return Identity(identity.service, subdomain)
