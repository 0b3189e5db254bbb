"""Credentials that stand: flows of one request each, without any input or output of their own.

Rules of this room: see `auth`.
"""

from __future__ import annotations

import base64
from abc import abstractmethod
from collections.abc import Generator
from typing import Final

import httpx
from attrs import evolve

from harvest_async.errors import InvalidArgument
from harvest_async.messages import Request
from harvest_async.redaction import REDACTED
from harvest_async.secret import Secret, SecretText, hide

__all__ = ["QUERY_TOKEN", "BasicAuth", "BearerAuth", "QueryTokenAuth", "Signing", "Unsigned"]

QUERY_TOKEN: Final = "harvest_async.access_token"
"""The request extension in which a token travels that the transport puts into the address as the last thing."""

_SIGNS: Final = frozenset(map(chr, range(0x21, 0x7F)))
"""What a token may consist of: visible ASCII (RFC 6749, A.12)."""

Flow = Generator[httpx.Request, httpx.Response, None]


class Signing(httpx.Auth):
    """Whatever signs a request and can say how it looks signed."""

    @abstractmethod
    def show(self, wire: Request) -> Request:
        """Give a request as it looks when it is signed, its credential taken out."""

    @abstractmethod
    def cache_identity(self) -> Secret:
        """What tells this credential from any other, for keeping apart what belongs to different people.

        It is as secret as the credential: nothing may keep it or show it.
        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Unsigned(Signing):
    """Signs nothing: for requests that carry their credentials in their body."""

    def show(self, wire: Request) -> Request:
        """Give the request as it is."""
        return wire

    def cache_identity(self) -> Secret:
        """Nobody's."""
        return Secret(b"")


class _Header(Signing):
    """Signs by the header `Authorization`."""

    def __init__(self, scheme: str, credential: str) -> None:
        credential = SecretText(credential)
        self._scheme = scheme
        self._header = f"{scheme} {credential}"

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Put the header on."""
        request.headers["Authorization"] = self._header
        yield request

    def show(self, wire: Request) -> Request:
        """Give the request with the header, its credential taken out."""
        return evolve(wire, headers=(*wire.headers, ("Authorization", f"{self._scheme} {REDACTED}")))

    def cache_identity(self) -> Secret:
        """The header's value."""
        return Secret(self._header.encode())


class BasicAuth(_Header):
    """Sign in with e-mail and password (contract: auth.http_basic).

    Raises:
        InvalidArgument: the e-mail or the password is missing, or the e-mail has a colon, which HTTP Basic can't carry.
    """

    def __init__(self, email: str, password: str) -> None:
        password = hide(password)
        if not _is_text(email) or not email.strip() or ":" in email:
            raise InvalidArgument("BasicAuth: the e-mail address is missing, or has a colon in it")
        if not _is_text(password):
            raise InvalidArgument("BasicAuth: the password is missing")
        self.email = email
        super().__init__("Basic", base64.b64encode(_bytes(SecretText(f"{email}:{password}"))).decode("ascii"))

    def __repr__(self) -> str:
        return f"BasicAuth({getattr(self, 'email', None)!r}, ...)"


class BearerAuth(_Header):
    """Sign in with an OAuth2 access token in the header (contract: oauth2.bearer_header).

    Raises:
        InvalidArgument: the token is blank or has characters that no token has.
    """

    def __init__(self, token: str) -> None:
        token = hide(token)
        super().__init__("Bearer", _token("BearerAuth", token))


class QueryTokenAuth(Signing):
    """Sign in with an OAuth2 access token as the `access_token` parameter (contract: oauth2.send_token_as).

    httpx logs addresses, so the token is not in the request that it sees: a `ThrottledTransport` puts it into the
    address when the request leaves. Under any other transport the request goes unsigned.

    Raises:
        InvalidArgument: the token is blank or has characters that no token has.
    """

    def __init__(self, token: str) -> None:
        token = hide(token)
        self._token = _token("QueryTokenAuth", token)

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Hand the token to the transport."""
        request.extensions = {**request.extensions, QUERY_TOKEN: SecretText(self._token)}
        yield request

    def show(self, wire: Request) -> Request:
        """Give the request with the parameter, its value taken out."""
        mark = "&" if "?" in wire.url else "?"
        return evolve(wire, url=f"{wire.url}{mark}access_token={REDACTED}")

    def cache_identity(self) -> Secret:
        """The token."""
        return Secret(f"Bearer {self._token}".encode())


def _is_text(value: object) -> bool:
    """Whether a value is what it should be; what an environment lacks is None."""
    return isinstance(value, str)


def _bytes(text: str) -> bytes:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgument("BasicAuth: the e-mail or the password has a character that can't be sent")
    return text.encode()


def _token(name: str, token: str) -> str:
    """A token as it is sent; what is wrong with it is told without it, in what an error follows from, too."""
    stripped = SecretText(token.strip()) if _is_text(token) else ""
    if not stripped or any(letter not in _SIGNS for letter in stripped):
        raise InvalidArgument(f"{name}: the token is missing, or has a blank, a line break or another odd character")
    return str(stripped)
