"""The addresses of API v1."""

from __future__ import annotations

from typing import Final

from harvest_async.errors import InvalidArgument
from harvest_async.service import Service

__all__ = ["SERVICE", "home_of"]


def home_of(account: str) -> str:
    """Return the address of an account.

    Raises:
        InvalidArgument: it is no subdomain.
    """
    if not account.replace("-", "").isalnum() or not account.isascii():
        raise InvalidArgument(
            f"account: give the subdomain, like acme of acme.harvestapp.com, not {_without_secrets(account)}"
        )
    return f"https://{account}.harvestapp.com"


def _without_secrets(account: str) -> str:
    """Return an account's name as an error shows it; an address given in its place may hold a password."""
    return "an address" if "@" in account or "/" in account else repr(account[:100])


SERVICE: Final = Service(
    name="harvestapp.com",
    home=home_of,
    id_url="https://api.harvestapp.com",
    token_lifetime=64_799,
    status_path="/account/rate_limit_status",
)
"""An account's people sign in at its own address, people of any account at `id_url`."""
