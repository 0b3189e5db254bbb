"""The accounts that a token reaches, which the server for sign-ins lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

from attrs import evolve, field, frozen

from harvest_async.client.record import Record
from harvest_async.errors import InvalidArgument
from harvest_async.exchange import Exchange, ExchangeSettings, open_exchange
from harvest_async.secret import hide_user
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity
from harvest_async.v2.dialect import V2Dialect
from harvest_async.v2.references import ENDPOINTS
from harvest_async.v2.service import ACCOUNTS_PATH, SERVICE, api_address, id_address

if TYPE_CHECKING:
    import ssl

    import httpx

    from harvest_async.auth.oauth2 import OAuth2

__all__ = [
    "ARGUMENTS",
    "GET",
    "Account",
    "IdentityUser",
    "TokenAccounts",
    "account_in",
    "account_number",
    "list_accounts",
    "read_accounts",
    "sign_in",
]

ARGUMENTS: Final = ("auth", "app", "base_url", "id_url", "timeout", "transport", "ssl_context", "proxy")
"""The arguments of a client that `list_accounts` takes."""

_LARGEST: Final = 2**63 - 1
_SIGN_IN: Final = "sign-in"


@frozen(kw_only=True)
class Account(Record):
    """An account that a token reaches. `product` is `harvest` or `forecast`."""

    id: int | None = None
    name: str | None = None
    product: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class IdentityUser(Record):
    """The person whose token it is."""

    id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TokenAccounts(Record):
    """The person, and the accounts that the token reaches."""

    user: IdentityUser | None = None
    accounts: list[Account]
    extra: dict[str, Any] = field(factory=dict)


GET: Final = ENDPOINTS.get("accounts", "", ACCOUNTS_PATH, TokenAccounts)


def account_number(value: object) -> int:
    """Check the id of an account.

    Raises:
        InvalidArgument: it is no positive number.
    """
    given = int(value) if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() else value
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given <= _LARGEST:
        shown = "nothing" if value is None or value == "" else "an invalid value"
        raise InvalidArgument(
            f"account_id: give the account's number, like 123456, not {shown}: "
            "https://id.getharvest.com/developers shows it beside each token"
        )
    return given


def account_in(accounts: Iterable[Account], wanted: int | None) -> int:
    """Return the id of the Harvest account to use.

    Args:
        accounts: the accounts that the token reaches.
        wanted: the account's id; None for the only one.

    Raises:
        InvalidArgument: it is not among them, or none was named and there are several or none.
    """
    found = list(accounts)
    own = {each.id: each for each in found if each.product == "harvest" and each.id is not None}
    listed = ", ".join(f"{each.id} ({each.name}, {each.product})" for each in found) or "none"
    if wanted is None and len(own) == 1:
        return next(iter(own))
    if wanted in own and wanted is not None:
        return wanted
    if wanted is None:
        reason = "the token reaches several accounts: name one" if own else "the token reaches no Harvest account"
    elif any(each.id == wanted for each in found):
        reason = f"{wanted} is no Harvest account"
    else:
        reason = f"the token does not reach {wanted}"
    raise InvalidArgument(f"account_id: {reason}. Accounts: {listed}")


class Connection(TypedDict, total=False):
    """How the server is reached; see the arguments of `HarvestV2`."""

    timeout: float
    transport: httpx.AsyncBaseTransport | None
    ssl_context: ssl.SSLContext | None
    proxy: str | None


async def list_accounts(
    *,
    auth: httpx.Auth,
    app: str,
    base_url: str | None = None,
    id_url: str | None = None,
    **connection: Unpack[Connection],
) -> list[Account]:
    """List the accounts that a token reaches, those of Forecast too, without naming one. One call.

    Args:
        auth: the token.
        app: name of the application with a contact.
        base_url: the address of the API; None for Harvest's own.
        id_url: the address of the server for sign-ins; None for the one that belongs to `base_url`.
        connection: `timeout`, `transport`, `ssl_context`, `proxy`; see `HarvestV2`.

    Raises:
        InvalidArgument: an argument can't be used.
        HarvestError: the server for sign-ins can't be reached, or refused the token.
    """
    return await read_accounts(*_settings_for(auth, app, base_url, id_url, connection))


async def read_accounts(settings: ExchangeSettings, id_url: str) -> list[Account]:
    """List the accounts that a token reaches.

    Args:
        settings: those of a client.
        id_url: the address of the server for sign-ins.
    """
    async with _sign_in_server(settings, id_url) as exchange:
        return (await exchange.send(GET())).accounts


async def sign_in(
    redirect: str,
    *,
    state: str,
    auth: OAuth2,
    app: str,
    base_url: str | None = None,
    id_url: str | None = None,
    **connection: Unpack[Connection],
) -> list[Account]:
    """Finish a sign-in by `OAuth2`, and list the accounts that its token reaches. Two calls.

    Args:
        redirect: the whole address to which the person's browser returned.
        state: the state that was stored with the person's session.
        auth: stores the tokens.
        app: name of the application with a contact.
        base_url: the address of the API; None for Harvest's own.
        id_url: the address of the server for sign-ins; None for the one that belongs to `base_url`.
        connection: `timeout`, `transport`, `ssl_context`, `proxy`; see `HarvestV2`.

    Raises:
        InvalidArgument: the redirect does not belong to this sign-in.
        Unauthorized: the person or the server refused, or the code was used before.
        HarvestError: the tokens could not be fetched or stored, or the accounts not be read.
    """
    settings, where = _settings_for(auth, app, base_url, id_url, connection)
    async with _sign_in_server(settings, where) as exchange:
        await auth.sign_in(redirect, state=state, send=exchange.send_form)
        return (await exchange.send(GET())).accounts


def _settings_for(
    auth: httpx.Auth, app: str, base_url: str | None, id_url: str | None, connection: Connection
) -> tuple[ExchangeSettings, str]:
    """Return the settings of calls before an account is known, and the address of the server for sign-ins."""
    address = api_address(hide_user(base_url or ""))
    settings = ExchangeSettings(
        account=_SIGN_IN,
        auth=auth,
        app=app,
        dialect=V2Dialect(address),
        base_url=address,
        status_call=None,
        service=SERVICE,
        **connection,
    )
    return settings, hide_user(id_url or "") or id_address(address)


@asynccontextmanager
async def _sign_in_server(settings: ExchangeSettings, id_url: str) -> AsyncIterator[Exchange]:
    """Open an exchange with the server for sign-ins, which counts its calls apart from those to an account."""
    throttle = DEFAULT_REGISTRY.throttle(Identity(SERVICE.owner_of(id_url), _SIGN_IN))
    changes: dict[str, Any] = {"base_url": id_url, "dialect": V2Dialect(id_url), "throttle": throttle}
    exchange = open_exchange(evolve(settings, **changes, budgets=(), headers=(), cache=None))
    try:
        yield exchange
    finally:
        if settings.transport is None:
            await exchange.aclose()
