"""Credentials that do not expire: auth flows of one request each, without any I/O."""

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
from harvest_async.secret import NotPickled, Secret, SecretText, hide

__all__ = ["QUERY_TOKEN", "BasicAuth", "BearerAuth", "QueryTokenAuth", "Signing", "Unsigned"]

QUERY_TOKEN: Final = "harvest_async.access_token"
"""The request extension with the token that the transport adds to the address just before it sends."""

_SIGNS: Final = frozenset(map(chr, range(0x21, 0x7F)))
"""The characters of a token: visible ASCII (RFC 6749, A.12)."""

Flow = Generator[httpx.Request, httpx.Response, None]


class Signing(NotPickled, httpx.Auth):
    """Authentication that signs a request, and can show a signed request without its credential."""

    @abstractmethod
    def show(self, wire: Request) -> Request:
        """Return a request as it is when signed, with a placeholder for the credential."""

    @abstractmethod
    def cache_identity(self) -> Secret:
        """Return a value that distinguishes this credential from any other, to separate the data of different people.

        It is as secret as the credential: it is not stored or shown.
        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Unsigned(Signing):
    """No signature: for requests with their credentials in the body."""

    def show(self, wire: Request) -> Request:
        """Return the request as it is."""
        return wire

    def cache_identity(self) -> Secret:
        """Return an empty value."""
        return Secret(b"")


class _Header(Signing):
    """Signs by the header `Authorization`."""

    def __init__(self, scheme: str, credential: str) -> None:
        credential = SecretText(credential)
        self._scheme = scheme
        self._header = f"{scheme} {credential}"

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Add the header."""
        request.headers["Authorization"] = self._header
        yield request

    def show(self, wire: Request) -> Request:
        """Return the request with the header, and a placeholder for its credential."""
        return evolve(wire, headers=(*wire.headers, ("Authorization", f"{self._scheme} {REDACTED}")))

    def cache_identity(self) -> Secret:
        """Return the value of the header."""
        return Secret(self._header.encode())


class BasicAuth(_Header):
    """Authenticate with e-mail and password (HTTP Basic).

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
    """Authenticate with an OAuth 2.0 access token in the header.

    Raises:
        InvalidArgument: the token is blank or has characters that no token has.
    """

    def __init__(self, token: str) -> None:
        token = hide(token)
        super().__init__("Bearer", _token("BearerAuth", token))


class QueryTokenAuth(Signing):
    """Authenticate with an OAuth 2.0 access token as the `access_token` parameter.

    httpx logs addresses, so the token is not in the request that it sees: a `ThrottledTransport` puts it into the
    address when the request leaves. Under any other transport the request goes unsigned.

    Raises:
        InvalidArgument: the token is blank or has characters that no token has.
    """

    def __init__(self, token: str) -> None:
        token = hide(token)
        self._token = _token("QueryTokenAuth", token)

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Pass the token to the transport."""
        request.extensions = {**request.extensions, QUERY_TOKEN: SecretText(self._token)}
        yield request

    def show(self, wire: Request) -> Request:
        """Return the request with the parameter, and a placeholder for its value."""
        mark = "&" if "?" in wire.url else "?"
        return evolve(wire, url=f"{wire.url}{mark}access_token={REDACTED}")

    def cache_identity(self) -> Secret:
        """Return the token."""
        return Secret(f"Bearer {self._token}".encode())


def _is_text(value: object) -> bool:
    """Return whether a value is a text; that of a missing environment variable is None."""
    return isinstance(value, str)


def _bytes(text: str) -> bytes:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgument("BasicAuth: the e-mail or the password has a character that can't be sent")
    return text.encode()


def _token(name: str, token: str) -> str:
    """Return a token as it is sent; the error of a wrong one, and its cause, do not show it."""
    stripped = SecretText(token.strip()) if _is_text(token) else ""
    if not stripped or any(letter not in _SIGNS for letter in stripped):
        raise InvalidArgument(f"{name}: the token is missing, or has a blank, a line break or another odd character")
    return str(stripped)
