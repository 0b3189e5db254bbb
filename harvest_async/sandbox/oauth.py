"""The authorization server (contract: auth.oauth2).

Rules of this room: pure, over a `World`; what it gives out is kept there as grants. Whoever is asked approves at once.
A code and a refresh token are good for one use (contract: refresh_rotates); tokens are base64 text with all of its
signs (contract: token_encoding); errors are RFC 6749's.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.v1.base import Reply
from harvest_async.sandbox.world import World

__all__ = ["AUTHORIZE", "CLIENT_ID", "CLIENT_SECRET", "TOKEN", "AuthorizationServer"]

AUTHORIZE: Final = "/oauth2/authorize"
TOKEN: Final = "/oauth2/token"
CLIENT_ID: Final = "sandbox-client"
CLIENT_SECRET: Final = "sandbox-secret"

LIFETIME: Final = 64_799
"""Seconds that an access token is good for (contract: expires_in)."""

_CODE_LIFETIME: Final = 600
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json; charset=utf-8"
_FRESH: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))


class _Denied(Exception):
    """A token request that is refused."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class AuthorizationServer:
    """Gives out codes and tokens, and knows whose they are."""

    def __init__(self, world: World) -> None:
        self._world = world

    def email_of(self, token: str, now: datetime) -> str | None:
        """Whose access token it is; None for one that is unknown, revoked or out of date."""
        if token in self._world.tokens:
            return self._world.tokens[token]
        grant = self._grant("access", token, now)
        return None if grant is None else str(grant["email"])

    def authorize(self, query: Iterable[tuple[str, str]], email: str, now: datetime) -> Reply:
        """Send the person back with a code, or with a token in the fragment (contract: grants)."""
        given = dict(query)
        target = given.get("redirect_uri", "")
        if given.get("client_id") != CLIENT_ID or not _is_address(target):
            return _refused(_Denied("invalid_request", "client_id or redirect_uri is missing or unknown."))
        state = {"state": given["state"]} if "state" in given else {}
        wanted = given.get("response_type", "code")
        if wanted == "code":
            code = self._give("code", email, now, _CODE_LIFETIME, redirect_uri=target)
            return _redirect(target, "?", {"code": code, **state})
        if wanted == "token":
            token = self._give("access", email, now, LIFETIME)
            told = {"access_token": token, "expires_in": LIFETIME, **state, "token_type": "bearer"}
            return _redirect(target, "#", told)
        return _redirect(target, "?", {"error": "unsupported_response_type", **state})

    def token(self, media: str, authorization: str, content: bytes, now: datetime) -> Reply:
        """Give out a pair of tokens for a code or a refresh token (contract: token_request)."""
        try:
            form = _read_form(media, content)
            _check_client(form, authorization)
            email = self._redeem(form, now)
        except _Denied as denied:
            return _refused(denied)
        told = {"token_type": "bearer", "expires_in": LIFETIME}
        told |= {"access_token": self._give("access", email, now, LIFETIME)}
        told |= {"refresh_token": self._give("refresh", email, now, None)}
        return Reply(content=json.dumps(told).encode(), media=_JSON, headers=_FRESH)

    def revoke(self, *, refresh: bool) -> None:
        """Take back what was given out: access tokens, and refresh tokens, too, if told."""
        for kind in ("access", "refresh") if refresh else ("access",):
            for grant in self._world.having("grant", kind=kind):
                self._world.drop("grant", grant)

    # Inside

    def _redeem(self, form: dict[str, str], now: datetime) -> str:
        """Use a code or a refresh token up; gives whose it is."""
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            grant = self._grant("code", form.get("code", ""), now)
            if grant is not None and grant["redirect_uri"] != form.get("redirect_uri", ""):
                grant = None
        elif kind == "refresh_token":
            grant = self._grant("refresh", form.get("refresh_token", ""), now)
        else:
            raise _Denied("unsupported_grant_type", "grant_type is authorization_code or refresh_token.")
        if grant is None:
            raise _Denied("invalid_grant", "It is unknown, used, revoked or out of date.")
        self._world.drop("grant", grant)
        return str(grant["email"])

    def _give(self, kind: str, email: str, now: datetime, lifetime: int | None, redirect_uri: str = "") -> str:
        secret = base64.b64encode(b"\xfb\xef\xff" + secrets.token_bytes(40)).decode()  # begins with ++//
        expires_at = None if lifetime is None else now + timedelta(seconds=lifetime)
        fields = {"kind": kind, "secret": secret, "email": email, "expires_at": expires_at}
        self._world.add("grant", {**fields, "redirect_uri": redirect_uri, "client": CLIENT_ID}, now)
        return secret

    def _grant(self, kind: str, secret: str, now: datetime) -> Record | None:
        for grant in self._world.having("grant", secret=secret):
            current = grant["expires_at"] is None or now < grant["expires_at"]
            if grant["kind"] == kind and grant["secret"] == secret and current:
                return grant
        return None


def _read_form(media: str, content: bytes) -> dict[str, str]:
    if media.partition(";")[0].strip().lower() != _FORM:  # contract: token_request_drawn_as_json
        raise _Denied("invalid_request", f"The content type must be {_FORM}.")
    return dict(parse_qsl(content.decode("latin-1"), keep_blank_values=True))


def _check_client(form: dict[str, str], authorization: str) -> None:
    given = (form.get("client_id", ""), form.get("client_secret", ""))
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
        except ValueError:  # no base64, or no text in it
            name = secret = ""
        given = (unquote(name), unquote(secret))
    if given != (CLIENT_ID, CLIENT_SECRET):
        raise _Denied("invalid_client", "client_id or client_secret is wrong.", 401)


def _refused(denied: _Denied) -> Reply:
    told = {"error": denied.error, "error_description": denied.description}
    return Reply(denied.status, json.dumps(told).encode(), media=_JSON, headers=_FRESH)


def _is_address(text: str) -> bool:
    """Whether a text can stand in a Location header as an address."""
    try:
        return bool(urlsplit(text).scheme) and text.isascii() and text.isprintable()
    except ValueError:
        return False


def _redirect(target: str, mark: str, told: dict[str, Any]) -> Reply:
    joint = "&" if mark == "?" and urlsplit(target).query else mark
    return Reply(302, b"", headers=(("location", f"{target}{joint}{urlencode(told)}"), *_FRESH), media="text/html")
