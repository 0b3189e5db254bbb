"""Where an API version is served and where its users sign in, as a value that each version defines."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

__all__ = ["Service", "origin_of"]

_PORTS: Final = {"https": 443, "http": 80}


@frozen(kw_only=True)
class Service:
    """The addresses of an API version.

    Attributes:
        name: the name of the service, whose accounts share the rate limit at all of its hosts.
        home: returns the base address of an account; None if all accounts have the same one, `base_url`.
        base_url: the base address for every account.
        id_url: the base address of the authorization server, for people of any account.
        authorize_path: the path at which a browser asks for authorization.
        token_path: the path that exchanges codes and refresh tokens.
        token_lifetime: seconds that an access token lasts if the response does not say so.
        status_path: the path of the call that reads an account's rate limit status; None if there is none.
    """

    name: str
    home: Callable[[str], str] | None = None
    base_url: str = ""
    id_url: str
    authorize_path: str = "/oauth2/authorize"
    token_path: str = "/oauth2/token"
    token_lifetime: int
    status_path: str | None = None

    @lru_cache(256)  # noqa: B019 - each API version has one service for the life of the process
    def owner_of(self, base_url: str) -> str:
        """Return the name of the service that an address belongs to: this one, or the origin of another server."""
        host = (urlsplit(base_url).hostname or "").rstrip(".")
        return self.name if host == self.name or host.endswith(f".{self.name}") else origin_of(base_url)


def origin_of(base_url: str) -> str:
    """Return scheme, host and port of an address; without the port that its scheme has by default."""
    parts = urlsplit(base_url)
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}{port}"
