"""How requests are signed: flows of requests and answers, without any input or output of their own.

Rules of this room: a credential is shown nowhere, not even by `repr`. Flows sign a request for the address that it
already has; nothing is ever sent elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from typing import Final

import httpx

from harvest_async.address import header_value
from harvest_async.errors import InvalidArgument

__all__ = ["QUERY_TOKEN", "BasicAuth", "BearerAuth", "QueryTokenAuth"]

QUERY_TOKEN: Final = "harvest_async.access_token"
"""The request extension in which a token travels that the transport puts into the address as the last thing."""

Flow = Generator[httpx.Request, httpx.Response, None]


class BasicAuth(httpx.Auth):
    """Sign in with e-mail and password (contract: auth.http_basic).

    Raises:
        InvalidArgument: the e-mail is blank or has a colon, which HTTP Basic can't carry.
    """

    def __init__(self, email: str, password: str) -> None:
        if not email.strip() or ":" in email:
            raise InvalidArgument(f"BasicAuth: {email!r} is no e-mail address")
        self.email = email
        self._header = "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode("ascii")

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Put the header on."""
        request.headers["Authorization"] = self._header
        yield request

    def __repr__(self) -> str:
        return f"BasicAuth({self.email!r}, ...)"


class BearerAuth(httpx.Auth):
    """Sign in with an OAuth2 access token in the header (contract: oauth2.bearer_header).

    Raises:
        InvalidArgument: the token is blank or has characters that no header may have.
    """

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {_token('BearerAuth', token)}"

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Put the header on."""
        request.headers["Authorization"] = self._header
        yield request

    def __repr__(self) -> str:
        return "BearerAuth(...)"


class QueryTokenAuth(httpx.Auth):
    """Sign in with an OAuth2 access token as the `access_token` parameter (contract: oauth2.send_token_as).

    httpx logs addresses, so the token is not in the request that it sees: a `ThrottledTransport` puts it into the
    address when the request leaves. Under any other transport the request goes unsigned.

    Raises:
        InvalidArgument: the token is blank or has characters that no token has.
    """

    def __init__(self, token: str) -> None:
        self._token = _token("QueryTokenAuth", token)

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Hand the token to the transport."""
        request.extensions = {**request.extensions, QUERY_TOKEN: self._token}
        yield request

    def __repr__(self) -> str:
        return "QueryTokenAuth(...)"


def _token(name: str, token: str) -> str:
    try:
        return header_value("token", token)
    except InvalidArgument:
        raise InvalidArgument(f"{name}: the token is blank, or has a line break or another odd character") from None
