"""Cookies that the app has signed: a changed one, one that is too old or one of a withdrawn key reads as none at all.

Invariants:
- A value is signed for one purpose, so that a cookie can't be used in place of another.
- A cookie is `HttpOnly` and `SameSite=Lax`. Over https it is `Secure`, and its name begins with `__Host-`: no other
  host of the same domain can set it (RFC 6265bis, 4.1.3.2).
- Signed values can be read by the browser: they hold no secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from fastapi import Response
from fastapi.requests import HTTPConnection
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from harvest_async.clock import Clock, SystemClock
from harvest_async.errors import InvalidArgument
from harvest_async.secret import SecretText

__all__ = ["SHORTEST_KEY", "SignedCookies"]

SHORTEST_KEY: Final = 32
"""Characters of a key, at least."""


class SignedCookies:
    """Signs values, and sets and reads the cookies with them.

    To replace a key, put the new one first and keep the old one until the cookies that it signed have expired.

    Args:
        keys: the keys, newest first: the first signs, all of them are accepted. `secrets.token_urlsafe(32)` makes one.
        secure: whether browsers use https; cookies are sent over https alone then.
        clock: the source of the time; the system's by default.

    Raises:
        InvalidArgument: there is no key, or one is too short.
    """

    def __init__(self, keys: Sequence[str], *, secure: bool = True, clock: Clock | None = None) -> None:
        given = [keys] if isinstance(keys, str) else list(keys)
        if not given or any(len(key) < SHORTEST_KEY for key in given):
            raise InvalidArgument(
                f"keys: give one or more keys of at least {SHORTEST_KEY} characters each; make one with "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        self._keys: list[str] = [SecretText(key) for key in reversed(given)]
        self._signer = _signer(clock or SystemClock())
        self.secure = secure

    def sign(self, purpose: str, value: Any) -> str:
        """Return a signed text that holds a JSON value."""
        text: str = self._serializer(purpose).dumps(value)
        return text

    def value(self, purpose: str, text: str, max_age: float) -> Any:
        """Return the value of a signed text; None if it has another purpose, or is older than `max_age` s."""
        try:
            return self._serializer(purpose).loads(text, max_age=int(max_age))
        except (BadSignature, ValueError, RecursionError):
            return None

    def name(self, purpose: str) -> str:
        """Return the name of a cookie."""
        return f"__Host-{purpose}" if self.secure else purpose

    def text(self, connection: HTTPConnection, purpose: str) -> str:
        """Return the text of a cookie; empty if the browser has none."""
        return connection.cookies.get(self.name(purpose), "")

    def read(self, connection: HTTPConnection, purpose: str, max_age: float) -> Any:
        """Return the value of a cookie; None if there is no valid one."""
        return self.value(purpose, self.text(connection, purpose), max_age)

    def set(self, response: Response, purpose: str, text: str, max_age: float) -> None:
        """Set a cookie to a signed text for `max_age` seconds."""
        response.set_cookie(
            self.name(purpose), text, int(max_age), path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def delete(self, response: Response, purpose: str) -> None:
        """Delete a cookie."""
        response.delete_cookie(self.name(purpose), path="/", secure=self.secure, httponly=True, samesite="lax")

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            list(self._keys),
            salt=f"harvest_async.{purpose}",
            signer=self._signer,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )


def _signer(clock: Clock) -> type[TimestampSigner]:
    """Return the class of signers that take the time from a clock."""

    class ClockSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(clock.today().timestamp())

    return ClockSigner
