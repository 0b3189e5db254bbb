"""The OAuth 2.0 codes and tokens that an account has issued.

A token is valid for one audience, which is the API version that issued it, or for all of them.

Invariants:
- A code and a refresh token are valid for one use.
- A token is base64 text and holds the characters `+` and `/`, so that a client which does not escape it fails.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "Account", "Grants", "sandbox_account"]

CLIENT_ID: Final = "sandbox-client"
CLIENT_SECRET: Final = "sandbox-secret"
PRODUCTS: Final = ("harvest", "forecast")


class Account(TypedDict):
    """An account as the list of those that a token reaches shows it."""

    id: int
    name: str
    product: str


def sandbox_account(number: int) -> Account:
    """Return an account that the sandbox serves."""
    return Account(id=number, name="Sandbox" if number == 1 else f"Sandbox {number}", product="harvest")


class Grants:
    """Issue, find, use and revoke codes and tokens; their kinds are `code`, `access` and `refresh`.

    Args:
        world: the account's records.
        number: the account's id.
        count: the number of accounts that the sandbox serves.

    Attributes:
        number: the account's id.
    """

    def __init__(self, world: World, number: int = 1, count: int = 1) -> None:
        self._world = world
        self.number = number
        self._count = count
        self._permanent: dict[tuple[str, str], str] = {}
        self._accounts: dict[str, tuple[Account, ...]] = {}

    def permit(
        self, token: str, email: str, audience: str, accounts: Iterable[Mapping[str, Any]] | None = None
    ) -> None:
        """Make a token valid that never ends and is not revoked; `accounts` are those that it reaches.

        Raises:
            ValueError: an account can't be used.
        """
        self._accounts.pop(token, None)
        if accounts is not None:
            self._accounts[token] = tuple(_account(each) for each in accounts)
        self._permanent[audience, token] = email

    def accounts_of(self, token: str) -> tuple[Account, ...]:
        """Return the accounts that a token reaches; all that the sandbox serves if none were set."""
        found = self._accounts.get(token)
        return tuple(sandbox_account(number) for number in range(1, self._count + 1)) if found is None else found

    def reaches(self, token: str) -> bool:
        """Return whether a token reaches the account."""
        found = self._accounts.get(token)
        return found is None or any(each["id"] == self.number and each["product"] == "harvest" for each in found)

    def email_of(self, token: str, now: datetime, audience: str) -> str | None:
        """Return the e-mail of an access token's owner; None if it is unknown, revoked, expired or for another use."""
        if (audience, token) in self._permanent:
            return self._permanent[audience, token]
        grant = self._find("access", token, now)
        return None if grant is None or grant["audience"] not in {"", audience} else str(grant["email"])

    def issue(
        self,
        kind: str,
        email: str,
        now: datetime,
        lifetime: int | None,
        redirect_uri: str = "",
        *,
        audience: str = "",
    ) -> str:
        """Issue a code or a token and return it; `lifetime` is in seconds, None never expires."""
        secret = base64.b64encode(b"\xfb\xef\xff" + secrets.token_bytes(40)).decode()  # begins with ++//
        expires_at = None if lifetime is None else now + timedelta(seconds=lifetime)
        fields = {"kind": kind, "secret": secret, "email": email, "expires_at": expires_at}
        self._world.add(
            "grant", {**fields, "redirect_uri": redirect_uri, "client": CLIENT_ID, "audience": audience}, now
        )
        return secret

    def redeem(self, kind: str, secret: str, now: datetime, redirect_uri: str = "") -> str | None:
        """Use a code or a refresh token and return its owner's e-mail.

        Returns None if it is unknown, used, revoked or expired, or was issued for another `redirect_uri`.
        """
        grant = self._find(kind, secret, now)
        if grant is None or grant["redirect_uri"] != redirect_uri:
            return None
        self._world.drop("grant", grant)
        return str(grant["email"])

    def revoke(self, *, refresh: bool) -> None:
        """Revoke all access tokens; with `refresh` the refresh tokens, too."""
        for kind in ("access", "refresh") if refresh else ("access",):
            for grant in self._world.having("grant", kind=kind):
                self._world.drop("grant", grant)

    def _find(self, kind: str, secret: str, now: datetime) -> Record | None:
        for grant in self._world.having("grant", secret=secret):
            current = grant["expires_at"] is None or now < grant["expires_at"]
            if grant["kind"] == kind and grant["secret"] == secret and current:
                return grant
        return None


def _account(given: Mapping[str, Any]) -> Account:
    number, product = given.get("id"), given.get("product", "harvest")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        msg = f"accounts: id must be a positive whole number, not {number!r}"
        raise ValueError(msg)
    if product not in PRODUCTS:
        msg = f"accounts: product must be one of {', '.join(PRODUCTS)}, not {product!r}"
        raise ValueError(msg)
    return Account(id=number, name=str(given.get("name", f"Account {number}")), product=str(product))
