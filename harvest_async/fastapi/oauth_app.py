"""This app at Harvest's authorization server: sign-ins, clients of signed-in people, and who they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from attrs import field, frozen

from harvest_async import versions
from harvest_async.auth.oauth2 import OAuth2
from harvest_async.auth.stores import TokenStore
from harvest_async.client.environment import read_environment
from harvest_async.client.setup import SignedInUser
from harvest_async.clock import Clock
from harvest_async.errors import InvalidArgument
from harvest_async.secret import hide
from harvest_async.service import origin_of

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["OAuthApp"]

_VARIABLES: Final = {
    "HARVEST_CLIENT_ID": "client_id",
    "HARVEST_CLIENT_SECRET": "client_secret",
    "HARVEST_REDIRECT_URI": "redirect_uri",
    "HARVEST_APP": "app",
    "HARVEST_ACCOUNT": "account",
}

_REACHED_BY: Final = ("app", "base_url", "id_url", "timeout", "transport", "ssl_context", "proxy")
"""The options that concern calls before the account is known."""


@frozen(kw_only=True)
class OAuthApp:
    """An app that is registered at Harvest, and signs people in by API v1 or v2.

    Attributes:
        version: `v1` or `v2`.
        client_id, client_secret: the app's credentials.
        redirect_uri: the address of its callback, as registered: `https://app.example/sign-in/callback`.
        app: its name with a contact, for the `User-Agent`.
        account: the only account whose people may sign in: a subdomain (v1, required) or a number (v2). If it is
            empty, people of all accounts of Harvest may.
        base_url: the address of the account's API, if it is not at Harvest's own: a sandbox, for example.
        options: further arguments of the clients, such as `transport`.
        clock: the source of the time; the system's by default.
    """

    version: str = "v2"
    client_id: str
    client_secret: str = field(converter=hide, repr=False)
    redirect_uri: str
    app: str
    account: str = ""
    base_url: str | None = None
    options: dict[str, Any] = field(factory=dict, repr=False)
    clock: Clock | None = None

    def __attrs_post_init__(self) -> None:
        missing = [name for name in ("client_id", "client_secret", "redirect_uri", "app") if not getattr(self, name)]
        if self.version == "v1" and not self.account:
            missing.append("account")
        if missing:
            raise InvalidArgument(f"OAuthApp: these arguments are missing: {', '.join(missing)}")
        versions.load("client", self.version)

    @classmethod
    def from_env(cls, version: str = "v2", **options: Any) -> Self:
        """Create one from `HARVEST_CLIENT_ID`, `HARVEST_CLIENT_SECRET`, `HARVEST_REDIRECT_URI` and `HARVEST_APP`.

        v1 reads `HARVEST_ACCOUNT`, too. `options` are passed to the constructor and take precedence.

        Raises:
            InvalidArgument: variables are missing; the message names all of them.
        """
        given = read_environment(cls.variables(version, options))
        arguments: dict[str, Any] = {_VARIABLES[name]: value for name, value in given.items()}
        return cls(version=version, **arguments, **options)

    @staticmethod
    def variables(version: str, options: Mapping[str, Any]) -> list[str]:
        """Return the names of the environment variables that `from_env` needs beside the options."""
        needed = {name: option for name, option in _VARIABLES.items() if version == "v1" or option != "account"}
        return [name for name, option in needed.items() if not options.get(option)]

    @property
    def secure(self) -> bool:
        """Whether browsers reach the app by https."""
        return urlsplit(self.redirect_uri).scheme == "https"

    def auth(self, store: TokenStore) -> OAuth2:
        """Return the authentication with the tokens of a store."""
        service = versions.load("service", self.version)
        return OAuth2(
            self.client_id,
            self.client_secret,
            redirect_uri=self.redirect_uri,
            store=store,
            account=self.account or None,
            base_url=None if self.base_url is None else origin_of(self.base_url),
            service=service,
            clock=self.clock,
        )

    def client(self, account: str, store: TokenStore) -> Client:
        """Return a client of a person's account; use it with `async with`."""
        client: Client = versions.load("client", self.version)(account, auth=self.auth(store), **self._options())
        return client

    async def sign_in(self, redirect: str, state: str, store: TokenStore) -> tuple[tuple[str, str], ...]:
        """Exchange the code of a redirect for tokens, and return the accounts that they reach, as numbers and names.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in.
            Unauthorized: the person or the server refused, or the code was used before.
            HarvestError: the tokens could not be fetched or stored.
        """
        if "sign_in" not in versions.VERSIONS[self.version].parts:  # the account is known before the sign-in
            async with self.client(self.account, store) as harvest:
                await harvest.sign_in(redirect, state=state)
            return ((self.account, self.account),)
        sign_in = versions.load("sign_in", self.version)
        reached = {name: value for name, value in self._options().items() if name in _REACHED_BY}
        found = await sign_in(redirect, state=state, auth=self.auth(store), **reached)
        accounts = [(str(each.id), each.name or str(each.id)) for each in found if each.product == "harvest"]
        return tuple(each for each in accounts if self.account in ("", each[0]))

    async def user(self, account: str, store: TokenStore) -> SignedInUser:
        """Read who is signed in to an account.

        Raises:
            HarvestError: the account can't be read.
        """
        async with self.client(account, store) as harvest:
            user: SignedInUser = await versions.load("setup", self.version).user(harvest)
        return user

    async def renew(self, account: str, store: TokenStore) -> None:
        """Exchange the refresh token for new tokens now.

        Raises:
            Unauthorized: the person has to sign in again.
            HarvestError: the tokens could not be fetched or stored.
        """
        async with self.client(account, store) as harvest:
            await harvest.renew_tokens()

    def _options(self) -> dict[str, Any]:
        return {"app": self.app, "base_url": self.base_url, **self.options}
