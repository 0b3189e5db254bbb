"""How a pool names accounts and makes clients for them, by the API version that it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from harvest_async.client.base_client import BaseClient
from harvest_async.client.setup import ClientSetup
from harvest_async.errors import InvalidArgument
from harvest_async.service import Service
from harvest_async.throttle.registry import Identity
from harvest_async.throttle.throttle import Throttle
from harvest_async.versions import VERSIONS, load

if TYPE_CHECKING:
    import httpx

__all__ = ["BaseUrl", "ClientMaker"]

BaseUrl: TypeAlias = str | Callable[[str], str]

_OPTIONS: Final = ("base_url", "format", "id_url", "proxy", "ssl_context", "telemetry", "timeout")
_PLACE: Final = "{account}"


class ClientMaker:
    """Makes the clients of a pool.

    Args:
        version: the API version.
        app: name and contact of the application.
        options: further arguments of each client. In `base_url`, `{account}` is replaced by the account's name.

    Raises:
        InvalidArgument: there is no such version, or an option that clients of a pool don't have.
    """

    def __init__(self, version: str, app: str, options: Mapping[str, Any]) -> None:
        if unknown := sorted(options.keys() - set(_OPTIONS)):
            raise InvalidArgument(
                f"HarvestPool: unknown option {', '.join(unknown)}. Choose from: {', '.join(_OPTIONS)}."
            )
        self._setup: ClientSetup = load("setup", version)
        self._service: Service = load("service", version)
        self._make = load("client", version)
        self._argument = VERSIONS[version].account
        self._options = {**options, "app": app}
        self._base_url: str | None = options.get("base_url")

    def name(self, account: object) -> str:
        """Return the one name of an account, which may be given as a number or a text.

        Raises:
            InvalidArgument: no account has such a name.
        """
        return self._setup.account_name(account)

    def identity(self, name: str) -> Identity:
        """Return the account among those of all services."""
        service = self._service
        address = self._address(name) or (service.base_url if service.home is None else service.home(name))
        return Identity(service.owner_of(address), name)

    def address(self, name: str) -> str | None:
        """Return the address that was given for an account; None for the version's own."""
        return None if self._base_url is None else self._base_url.replace(_PLACE, name)

    _address = address

    def check_auth(self, auth: object) -> None:
        """Check credentials.

        Raises:
            InvalidArgument: the API version does not accept them.
        """
        self._setup.check_auth(auth)

    def make(self, name: str, auth: httpx.Auth, throttle: Throttle, transport: httpx.AsyncBaseTransport) -> BaseClient:
        """Create the client of an account; nothing is sent.

        Raises:
            InvalidArgument: an option can't be used.
        """
        own: dict[str, Any] = {self._argument: name, "auth": auth, "throttle": throttle, "transport": transport}
        client: BaseClient = self._make(**{**self._options, **own, "base_url": self._address(name)})
        return client
