"""The pages of the authorization server: `/oauth2/authorize`, and the token endpoint of each API version.

Every request is approved at once. Errors are those of RFC 6749. A request that names a scope gets it back, and its
tokens have the long lifetime.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from harvest_async.sandbox.grants import CLIENT_ID, CLIENT_SECRET, Grants
from harvest_async.sandbox.messages import Response

__all__ = ["APPROVER", "AUTHORIZE", "LIFETIME", "LONG_LIFETIME", "OAuthPages"]

AUTHORIZE: Final = "/oauth2/authorize"
APPROVER: Final = "admin@example.com"
"""The person who approves a request if nobody is signed in."""

LIFETIME: Final = 64_799
"""Seconds for which an access token is valid."""

LONG_LIFETIME: Final = 1_209_599
"""Seconds for which an access token with a scope is valid."""

_SCOPE: Final = "harvest:1"

_CODE_LIFETIME: Final = 600
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json; charset=utf-8"
_NOT_STORED: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))


class _Denied(Exception):
    """Raised where a token request is refused."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class OAuthPages:
    """Issue codes and tokens to the sandbox's client; the token endpoint issues them for an audience."""

    def __init__(self, grants: Grants, audience: str, lifetime: int) -> None:
        self._grants = grants
        self._audience = audience
        self._lifetime = lifetime

    def authorize(self, query: Iterable[tuple[str, str]], email: str, now: datetime) -> Response:
        """Redirect to the client with a code in the query, or with a token in the fragment."""
        given = dict(query)
        target = given.get("redirect_uri", "")
        if given.get("client_id") != CLIENT_ID or not _is_address(target):
            return _denied(_Denied("invalid_request", "client_id or redirect_uri is missing or unknown."))
        state = {"state": given["state"]} if "state" in given else {}
        state |= {"scope": _SCOPE} if given.get("scope") else {}
        requested = given.get("response_type", "code")
        if requested == "code":
            code = self._grants.issue("code", email, now, _CODE_LIFETIME, redirect_uri=target)
            return _redirect(target, "?", {"code": code, **state})
        if requested == "token":
            lifetime = LONG_LIFETIME if "scope" in state else LIFETIME
            token = self._grants.issue("access", email, now, lifetime)
            fields = {"access_token": token, "expires_in": lifetime, **state, "token_type": "bearer"}
            return _redirect(target, "#", fields)
        return _redirect(target, "?", {"error": "unsupported_response_type", **state})

    def token(self, media: str, authorization: str, content: bytes, now: datetime) -> Response:
        """Issue an access token and a refresh token for a code or a refresh token."""
        try:
            form = _read_form(media, content)
            _check_client(form, authorization)
            email = self._redeem(form, now)
        except _Denied as denied:
            return _denied(denied)
        tokens = {"token_type": "bearer", "expires_in": self._lifetime}
        tokens |= {"access_token": self._grants.issue("access", email, now, self._lifetime, audience=self._audience)}
        tokens |= {"refresh_token": self._grants.issue("refresh", email, now, None)}
        return Response(content=json.dumps(tokens).encode(), media=_JSON, headers=_NOT_STORED)

    def _redeem(self, form: dict[str, str], now: datetime) -> str:
        """Use the code or the refresh token of a form and return its owner's e-mail."""
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            email = self._grants.redeem("code", form.get("code", ""), now, form.get("redirect_uri", ""))
        elif kind == "refresh_token":
            email = self._grants.redeem("refresh", form.get("refresh_token", ""), now)
        else:
            raise _Denied("unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")
        if email is None:
            raise _Denied("invalid_grant", "The code or refresh token is unknown, used, revoked or expired.")
        return email


def _read_form(media: str, content: bytes) -> dict[str, str]:
    if media.partition(";")[0].strip().lower() != _FORM:
        raise _Denied("invalid_request", f"The content type must be {_FORM}.")
    return dict(parse_qsl(content.decode("latin-1"), keep_blank_values=True))


def _check_client(form: dict[str, str], authorization: str) -> None:
    given = (form.get("client_id", ""), form.get("client_secret", ""))
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
        except ValueError:  # not base64, or not UTF-8
            name = secret = ""
        given = (unquote(name), unquote(secret))
    if given != (CLIENT_ID, CLIENT_SECRET):
        raise _Denied("invalid_client", "client_id or client_secret is wrong.", 401)


def _denied(denied: _Denied) -> Response:
    fields = {"error": denied.error, "error_description": denied.description}
    return Response(denied.status, json.dumps(fields).encode(), media=_JSON, headers=_NOT_STORED)


def _is_address(text: str) -> bool:
    """Return whether a text is an address that a Location header can hold."""
    try:
        return bool(urlsplit(text).scheme) and text.isascii() and text.isprintable()
    except ValueError:
        return False


def _redirect(target: str, sign: str, fields: dict[str, Any]) -> Response:
    joint = "&" if sign == "?" and urlsplit(target).query else sign
    location = ("location", f"{target}{joint}{urlencode(fields)}")
    return Response(302, b"", headers=(location, *_NOT_STORED), media="text/html")
