"""Where an API version is served and where its users sign in, as a value that each version defines."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

__all__ = ["Service"]


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
    """

    name: str
    home: Callable[[str], str] | None = None
    base_url: str = ""
    id_url: str
    authorize_path: str = "/oauth2/authorize"
    token_path: str = "/oauth2/token"
    token_lifetime: int
