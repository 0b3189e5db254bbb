"""OAuth 2.0 tokens, and the requests for them, as values.

Notes:
- Requests for tokens are forms and their responses JSON, as RFC 6749 says. The API's documentation shows JSON requests.
- No token is shown, not by `repr` and not in an error.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from attrs import evolve, field, frozen

from harvest_async.errors import DecodeError, InvalidArgument, ResponseError, Unauthorized, response_error
from harvest_async.messages import Request, Response, redact_message
from harvest_async.secret import NotPickled, hide

__all__ = ["Tokens", "code_form", "is_text", "is_token", "new_grant", "read_tokens", "refresh_form"]

logger = logging.getLogger("harvest_async")

_LONGEST: Final = 10 * 366 * 86_400
_DIGITS: Final = 18
"""The most digits of a number in a response; a longer one is not read as a number."""

_LONGEST_TOKEN: Final = 65_536
"""The most characters of a token: servers refuse longer headers."""

_FIRST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""Limits of the expiry of a token: within them it can be converted to any time zone, and a minute added."""
_OK: Final = 200
_REFUSED: Final = range(400, 500)
_SHOWN: Final = 300

_AGAIN: Final = "sign in again"
_MEANINGS: Final[Mapping[str, str]] = {
    "invalid_grant": f"the code or the refresh token is out of date, spent or revoked: {_AGAIN}",
    "invalid_client": "the client id or the client secret is wrong",
    "unauthorized_client": "this client may not have tokens in this way",
    "access_denied": f"the person, or the server, said no: {_AGAIN}",
}
"""The meaning of errors of RFC 6749, 4.1.2.1 and 5.2, for the caller; other errors are faults of a request."""


def _aware(_: Tokens, __: Any, moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() is None:
        raise InvalidArgument("Tokens: expires_at needs a time zone")


def _within(moment: datetime | None) -> datetime | None:
    """A moment as it is, or the nearest one that can be calculated with."""
    if moment is None or moment.utcoffset() is None or _FIRST.year < moment.year < _LAST.year:
        return moment
    return min(max(moment, _FIRST), _LAST)


@frozen(repr=False)
class Tokens(NotPickled):
    """The tokens of one sign-in.

    Attributes:
        access_token: signs requests.
        refresh_token: can be exchanged for new tokens once; None if a person has to sign in again.
        expires_at: when the access token expires, an aware datetime; None if that is unknown.
        grant: a name for the sign-in, the same for all tokens that follow from it; not a secret.
        scope: what the tokens may be used for, as the server states it; empty if it does not (see `read_scope`).
    """

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = field(default=None, converter=_within, validator=_aware)
    grant: str = ""
    scope: str = ""

    def __repr__(self) -> str:
        return f"<Tokens until {self.expires_at:%Y-%m-%d %H:%M:%S%z}>" if self.expires_at else "<Tokens>"


def new_grant() -> str:
    """Return a new name for a sign-in."""
    return secrets.token_hex(16)


def code_form(url: str, client: tuple[str, str | None], code: str, redirect_uri: str) -> Request:
    """Return the request that exchanges a code for the first tokens."""
    return _form(url, client, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def refresh_form(url: str, client: tuple[str, str | None], refresh_token: str) -> Request:
    """Return the request that exchanges a refresh token for the next tokens."""
    return _form(url, client, grant_type="refresh_token", refresh_token=refresh_token)


def read_tokens(wire: Request, response: Response, now: datetime, before: Tokens, usual: int) -> Tokens:
    """Return the tokens in the response to a request for tokens.

    Args:
        wire: the request.
        response: its response, of any status.
        now: the time at which the lifetime begins.
        before: the old tokens; the new ones have their grant, and without a new one their refresh token (RFC 6749, 6).
        usual: the lifetime in seconds of an access token whose lifetime the response does not state.

    Raises:
        Unauthorized: a person has to sign in again, or the client is unknown.
        ResponseError: the server refused for another reason than the credentials.
        DecodeError: the response has no tokens.
    """
    tree = _tree(response)
    if response.status != _OK:
        raise _refusal(wire.redacted(), response.redacted(), tree)
    access, kind = tree.get("access_token"), tree.get("token_type")
    if not is_token(access) or not isinstance(kind, str) or kind.lower() != "bearer":
        message = "the response to the request for a token has no bearer token"
        raise DecodeError(message, request=wire.redacted(), response=response.redacted())
    refresh, scope = tree.get("refresh_token"), tree.get("scope")
    return evolve(
        before,
        access_token=str(access),
        refresh_token=str(refresh) if is_token(refresh) else before.refresh_token,
        expires_at=now + timedelta(seconds=lifetime(tree.get("expires_in"), usual)),
        scope=str(scope) if is_text(scope) else before.scope,
    )


def lifetime(stated: object, usual: int) -> int:
    """Return how long a token lasts, in seconds; `usual` in place of a value that can't be right."""
    if isinstance(stated, float) and stated.is_integer() and 0 < stated <= _LONGEST:
        return int(stated)
    text = stated.strip() if isinstance(stated, str) else ""
    if isinstance(stated, int) and not isinstance(stated, bool) and 0 < stated <= _LONGEST:
        return stated
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    if 0 < len(digits) <= _DIGITS and int(digits) <= _LONGEST:
        return int(digits)
    if stated is not None:
        logger.warning("the lifetime of an access token is not valid: %d s are used instead", usual)
    return usual


def explain(code: str, description: str | None) -> str:
    """Return what an error of RFC 6749 means, and what the server says about it."""
    said = f" ({_shown(description)})" if description else ""
    name = _shown(code)
    return f"{name}{said}: {_MEANINGS[code]}" if code in _MEANINGS else f"{name}{said}"


def dump(tokens: Tokens) -> bytes:
    """Return the content of a token file: JSON."""
    kept = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": tokens.expires_at.astimezone(UTC).isoformat() if tokens.expires_at else None,
        "grant": tokens.grant,
        **({"scope": tokens.scope} if tokens.scope else {}),
    }
    return json.dumps(kept, indent=1).encode()


def load(content: bytes) -> Tokens:
    """Return the tokens in the content of a token file.

    Raises:
        ValueError: the content is no token file.
    """
    tree = json.loads(content)
    refresh, moment = tree.get("refresh_token"), tree.get("expires_at")
    if not is_token(tree.get("access_token")) or not (refresh is None or is_token(refresh)):
        raise ValueError
    expires_at = None if moment is None else datetime.fromisoformat(moment)
    return Tokens(tree["access_token"], refresh, expires_at, str(tree.get("grant") or ""), str(tree.get("scope") or ""))


def _form(url: str, client: tuple[str, str | None], **fields: str) -> Request:
    id_, secret = client
    named = {**fields, "client_id": id_, **({} if secret is None else {"client_secret": secret})}
    kind = "application/x-www-form-urlencoded"
    if not all(is_text(value) for value in named.values()):
        raise InvalidArgument("the request for a token has a character that can't be sent: sign in again")
    return Request("POST", url, (("Accept", "application/json"), ("Content-Type", kind)), urlencode(named).encode())


def _tree(response: Response) -> dict[str, Any]:
    try:
        tree = json.loads(response.content, parse_int=_number)
    except (ValueError, RecursionError):
        return {}
    return {name: _hidden(name, value) for name, value in tree.items()} if isinstance(tree, dict) else {}


def _hidden(name: str, value: Any) -> Any:
    return value if name in {"error", "scope", "token_type"} else hide(value)


def _refusal(wire: Request, response: Response, tree: dict[str, Any]) -> ResponseError:
    code, description = tree.get("error"), tree.get("error_description")
    if not isinstance(code, str) or response.status not in _REFUSED:
        return response_error(response, wire, "" if code is None else _shown(_text_of(code)))
    said = explain(code, description if isinstance(description, str) else None)
    if code in _MEANINGS:
        return Unauthorized(f"no access token: {said}", request=wire, response=response)
    return response_error(response, wire, said)


def _number(digits: str) -> int | str:
    """Read a number of a response; one that is too long to mean anything stays a text, and nothing else is lost."""
    return int(digits) if len(digits) <= _DIGITS else digits


def _text_of(value: object) -> str:
    """Any value of a response as a text; one that is nested too deeply has none."""
    try:
        return str(value)
    except RecursionError:
        return ""


def _shown(text: str) -> str:
    """The beginning of what a server or a visitor says, without secrets and without characters that can't be shown."""
    return redact_message(text, _SHOWN)


def is_text(value: object) -> bool:
    """Whether a value is a text that can be encoded."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_token(value: object) -> bool:
    """Whether a value can be a token: visible ASCII (RFC 6749, A.12), and no longer than a header may be."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_TOKEN
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )
