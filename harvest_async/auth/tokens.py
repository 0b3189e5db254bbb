"""OAuth 2.0's tokens and the two requests that bring them, as values.

Rules of this room: pure. Requests for tokens are forms, whatever the API's own pages draw (contract:
token_request_drawn_as_json), and their answers are JSON in the manner of RFC 6749. No token is shown, not by `repr`
and not in an error.
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
from harvest_async.secret import hide

__all__ = ["LIFETIME", "Tokens", "code_form", "is_text", "is_token", "new_grant", "read_tokens", "refresh_form"]

logger = logging.getLogger("harvest_async")

LIFETIME: Final = 64_799
"""Seconds that an access token lasts where its answer does not say (contract: expires_in_seconds)."""

_LONGEST: Final = 10 * 366 * 86_400
_DIGITS: Final = 18
"""Digits of a number in a response that are read; more are no number that means anything here."""

_LONGEST_TOKEN: Final = 65_536
"""Characters that a token may have: no server takes a longer header."""

_FIRST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9998, 12, 31, tzinfo=UTC)
"""Between these lies the end of a token, so that it can be written in any time zone, and a minute be added or taken."""
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
"""What the errors of RFC 6749, 4.1.2.1 and 5.2, mean for the caller; the others are faults of a request."""


def _aware(_: Tokens, __: Any, moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() is None:
        raise InvalidArgument("Tokens: expires_at needs a time zone")


def _within(moment: datetime | None) -> datetime | None:
    """A moment as it is, or the nearest one that can be calculated with."""
    if moment is None or moment.utcoffset() is None or _FIRST.year < moment.year < _LAST.year:
        return moment
    return min(max(moment, _FIRST), _LAST)


@frozen(repr=False)
class Tokens:
    """What a sign-in gives.

    Attributes:
        access_token: signs calls.
        refresh_token: brings new tokens, once; None where somebody has to sign in again.
        expires_at: when the access token goes out of date, an aware moment; None where nobody knows.
        grant: a name for the sign-in that all tokens which come out of it share; no secret.
    """

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = field(default=None, converter=_within, validator=_aware)
    grant: str = ""

    def __repr__(self) -> str:
        return f"<Tokens until {self.expires_at:%Y-%m-%d %H:%M:%S%z}>" if self.expires_at else "<Tokens>"


def new_grant() -> str:
    """Name a sign-in."""
    return secrets.token_hex(16)


def code_form(url: str, client: tuple[str, str | None], code: str, redirect_uri: str) -> Request:
    """Give the request for the first tokens (contract: grants.authorization_code.token_request)."""
    return _form(url, client, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def refresh_form(url: str, client: tuple[str, str | None], refresh_token: str) -> Request:
    """Give the request for the next tokens (contract: grants.refresh_token.token_request)."""
    return _form(url, client, grant_type="refresh_token", refresh_token=refresh_token)


def read_tokens(wire: Request, response: Response, now: datetime, before: Tokens) -> Tokens:
    """Read the answer to a request for tokens.

    Args:
        wire: the request.
        response: its answer, whatever the status.
        now: the present moment, from which the tokens last.
        before: what they follow: its refresh token stays where no new one comes (RFC 6749, 6), and so does its grant.

    Raises:
        Unauthorized: somebody has to sign in again, or the client is not known.
        ResponseError: the server refused, and not because of the credentials.
        DecodeError: the answer has no tokens.
    """
    tree = _tree(response)
    if response.status != _OK:
        raise _refusal(wire.redacted(), response.redacted(), tree)
    access, kind = tree.get("access_token"), tree.get("token_type")
    if not is_token(access) or not isinstance(kind, str) or kind.lower() != "bearer":
        message = "the answer to the request for a token has no bearer token"
        raise DecodeError(message, request=wire.redacted(), response=response.redacted())
    refresh = tree.get("refresh_token")
    return evolve(
        before,
        access_token=str(access),
        refresh_token=str(refresh) if is_token(refresh) else before.refresh_token,
        expires_at=now + timedelta(seconds=lifetime(tree.get("expires_in"))),
    )


def lifetime(told: object) -> int:
    """Read how long a token lasts, in seconds; what can't be believed is what the contract says."""
    if isinstance(told, float) and told.is_integer() and 0 < told <= _LONGEST:
        return int(told)
    text = told.strip() if isinstance(told, str) else ""
    if isinstance(told, int) and not isinstance(told, bool) and 0 < told <= _LONGEST:
        return told
    digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
    if 0 < len(digits) <= _DIGITS and int(digits) <= _LONGEST:
        return int(digits)
    if told is not None:
        logger.warning("the lifetime of an access token can't be believed and is taken for %d s", LIFETIME)
    return LIFETIME


def explain(code: str, description: str | None) -> str:
    """What an error of RFC 6749 means, and what the server says to it."""
    said = f" ({_shown(description)})" if description else ""
    name = _shown(code)
    return f"{name}{said}: {_MEANINGS[code]}" if code in _MEANINGS else f"{name}{said}"


def dump(tokens: Tokens) -> bytes:
    """Tokens as a file keeps them: JSON."""
    kept = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": tokens.expires_at.astimezone(UTC).isoformat() if tokens.expires_at else None,
        "grant": tokens.grant,
    }
    return json.dumps(kept, indent=1).encode()


def load(content: bytes) -> Tokens:
    """What `dump` gave, as tokens again.

    Raises:
        ValueError: it is none of that.
    """
    tree = json.loads(content)
    refresh, moment = tree.get("refresh_token"), tree.get("expires_at")
    if not is_token(tree.get("access_token")) or not (refresh is None or is_token(refresh)):
        raise ValueError
    expires_at = None if moment is None else datetime.fromisoformat(moment)
    return Tokens(tree["access_token"], refresh, expires_at, str(tree.get("grant") or ""))


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
    return value if name in {"error", "token_type"} else hide(value)


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
