"""The part of OAuth 2.0 that takes place in a browser: the address to authorize, and the redirect.

Invariant: a redirect may come from anyone, so nothing in it is used before its `state`, compared in constant time,
equals the one that was sent.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from harvest_async.auth.tokens import Tokens, explain, is_text, is_token, lifetime, new_grant
from harvest_async.errors import InvalidArgument, Unauthorized
from harvest_async.secret import SecretText, hide

__all__ = ["authorize_url", "new_state", "read_code", "read_fragment"]

_BITS = 32
_LONGEST = 65_536
"""Characters that a code may have."""


def new_state() -> str:
    """Return a new `state`: keep it in the person's session, and compare it with that of the redirect."""
    return secrets.token_urlsafe(_BITS)


def authorize_url(
    url: str, client_id: str, redirect_uri: str, state: str, *, implicit: bool, scope: str | None = None
) -> str:
    """Return the address to which a person's browser is sent.

    Args:
        url: the authorization server's page.
        client_id: the application's id.
        redirect_uri: the address to which the browser is redirected.
        state: the value of `new_state()`.
        implicit: whether to request a token instead of a code.
        scope: what the tokens are to be used for; None leaves it to the server.

    Raises:
        InvalidArgument: the state is blank, or has a character that can't be sent.
    """
    if not is_text(state) or not state.strip():
        raise InvalidArgument("state: give the value of new_state(); without it anybody could finish the sign-in")
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "response_type": "token" if implicit else "code",
        **({} if scope is None else {"scope": scope}),
    }
    return f"{url}?{urlencode(query)}"


def read_code(redirect: str, state: str) -> tuple[str, str]:
    """Return the code in the address to which the browser was redirected, and its scope; empty if it has none.

    Raises:
        InvalidArgument: it does not belong to this sign-in, or brings no code.
        Unauthorized: the person, or the server, said no.
    """
    redirect = hide(redirect)
    found = _checked(SecretText(_split(redirect).query), state)
    code = found.get("code", "")
    if not is_text(code) or not 0 < len(code) <= _LONGEST:
        raise InvalidArgument("the redirect brings no code: start the sign-in again")
    return str(code), str(found.get("scope", ""))


def read_fragment(redirect: str, state: str, now: datetime, usual: int) -> Tokens:
    """Return the token of an implicit grant, from the redirect's address or its fragment alone.

    Args:
        redirect: the address or its fragment.
        state: the value kept in the person's session.
        now: the time at which the lifetime begins.
        usual: the lifetime in seconds of a token whose lifetime the redirect does not state.

    Raises:
        InvalidArgument: it does not belong to this sign-in, or brings no token.
        Unauthorized: the person, or the server, said no.
    """
    redirect = hide(redirect)
    found = _checked(SecretText(_split(redirect).fragment or redirect.rpartition("#")[2]), state)
    token, kind = found.get("access_token", ""), found.get("token_type", "bearer")
    if not is_token(token) or kind.lower() != "bearer":
        raise InvalidArgument("the redirect brings no bearer token: start the sign-in again")
    expires_at = now + timedelta(seconds=lifetime(found.get("expires_in"), usual))
    return Tokens(str(token), None, expires_at, new_grant(), str(found.get("scope", "")))


def _split(redirect: str) -> SplitResult:
    if not isinstance(redirect, str):
        raise InvalidArgument(f"the redirect is no text but {type(redirect).__name__}: give the whole address")
    try:
        return urlsplit(str(redirect))
    except ValueError:
        raise InvalidArgument("the redirect is no address") from None


def _checked(text: str, state: str) -> Mapping[str, str]:
    """Return the parameters of a redirect; refuse one with another state or an error."""
    pairs = [(name, SecretText(value)) for name, value in parse_qsl(str(text), keep_blank_values=True)]
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidArgument("the redirect has a parameter twice (RFC 6749, 3.1): start the sign-in again")
    if not state or not hmac.compare_digest(_bytes(found.get("state", "")), _bytes(state)):
        raise InvalidArgument("the redirect does not belong to this sign-in (its state differs): start it again")
    if "error" in found:
        raise Unauthorized(f"the sign-in failed: {explain(found['error'], found.get('error_description'))}")
    return found


def _bytes(text: str) -> bytes:
    """Encode any text at all: an ASGI server may put half a surrogate pair where an address has a stray byte."""
    return text.encode("utf-8", "surrogatepass")
