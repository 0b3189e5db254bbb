"""Protection against forged requests: a POST is processed only if a page of this app, or a program, sent it.

Invariants:
- The browser has a signed random number in a cookie, and each form the same number signed for another purpose. Another
  site can send the cookie along, but can read neither.
- A request that the browser itself marks as sent by another site is refused before its body is read.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from pydantic import BaseModel, Field

from harvest_async.fastapi.refusals import Refusal, has_left
from harvest_async.fastapi.signed_cookies import SignedCookies

__all__ = ["FIELD", "HEADER", "REFUSED", "Csrf", "CsrfToken", "fields_of"]

FIELD: Final = "csrf_token"
"""The name of the form field."""

HEADER: Final = "X-CSRF-Token"
"""The header field for requests without a form."""

REFUSED: Final = ("csrf", 403, "The request is not from a page of this app")
"""The refusal of a POST, for OpenAPI."""

_COOKIE: Final = "harvest-csrf"
_TOKEN: Final = "csrf-token"
_LASTS: Final = 24 * 3600
"""Seconds after which a page has to be loaded again before its form can be sent."""

_OWN_SITE: Final = ("same-origin", "none")

_FIELDS: Final = 40
_LONGEST_FIELD: Final = 64 * 1024
"""Fields of a form, and bytes of each, at most: requests without any right can't fill memory or the disk."""

_BAD_FORM: Final = 400


class CsrfToken(BaseModel):
    """The token for POSTs."""

    csrf_token: str = Field(description=f"Goes into the header field {HEADER} of each POST, together with the cookies.")


class Csrf:
    """Issues and checks the tokens of forms.

    Args:
        cookies: signs them.
    """

    def __init__(self, cookies: SignedCookies) -> None:
        self._cookies = cookies

    def number(self, request: Request) -> str:
        """Return the number of the browser's cookie; a new one if it has none."""
        return self._number(request) or secrets.token_urlsafe(16)

    def token(self, number: str) -> str:
        """Return the token for a form: the number, signed."""
        return self._cookies.sign(_TOKEN, number)

    def keep(self, response: Response, number: str) -> None:
        """Set the cookie with the number."""
        self._cookies.set(response, _COOKIE, self._cookies.sign(_COOKIE, number), _LASTS)

    def check_site(self, request: Request) -> None:
        """Refuse a request that another site sent, by the header fields that browsers set.

        Raises:
            Refusal: another site sent it.
        """
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site is not None:
            own = site in _OWN_SITE
        else:
            own = origin is None or _host_of(origin) == request.headers.get("host", "")
        if not own:
            raise Refusal(403, "csrf", "Sent by another site", "This request was sent by another site: it was ignored.")

    async def check(self, request: Request) -> None:
        """Refuse a request without a valid token, in its form or its header.

        Raises:
            Refusal: the token is missing, or belongs to another browser; or no form of a page is as large.
        """
        self.check_site(request)
        given = request.headers.get(HEADER)
        if given is None and "form" in request.headers.get("content-type", ""):
            given = (await fields_of(request)).get(FIELD)
        self.check_token(request, given)

    def check_token(self, request: Request, token: str | None) -> None:
        """Refuse a token that does not belong to the browser's cookie.

        Raises:
            Refusal: it is missing, too old, or belongs to another browser.
        """
        number, signed = self._number(request), self._cookies.value(_TOKEN, token or "", _LASTS)
        if not (isinstance(number, str) and isinstance(signed, str) and hmac.compare_digest(number, signed)):
            raise Refusal(
                403,
                "csrf",
                "The form is out of date",
                "The form was loaded too long ago, or in another browser: load the page again and send it once more. "
                f"Programs send the token in the header field {HEADER}.",
            )

    def _number(self, request: Request) -> str | None:
        number = self._cookies.read(request, _COOKIE, _LASTS)
        return number if isinstance(number, str) else None


def _host_of(origin: str) -> str | None:
    """Return the host of an origin, with its port; None if it has none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a form; none of one with a file, with too many or too long fields, or that was cut off."""
    try:
        # the fields stay when the form is closed; a form that the route itself has read is not read again
        async with request.form(max_files=0, max_fields=_FIELDS, max_part_size=_LONGEST_FIELD) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except Exception as error:  # FastAPI's HTTPException is a subclass of the one that is raised
        if has_left(error) or getattr(error, "status_code", None) == _BAD_FORM:
            return {}
        raise
