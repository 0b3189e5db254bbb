"""API v2 as the sandbox mounts it: addresses, sign-in, the account's id, and the forms of errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from attrs import evolve

from harvest_async.sandbox.grants import Account
from harvest_async.sandbox.json_text import write_json
from harvest_async.sandbox.messages import HttpRequest, Response
from harvest_async.sandbox.oauth import APPROVER, AUTHORIZE, LONG_LIFETIME, OAuthPages
from harvest_async.sandbox.rate_limiter import GENERAL, REPORTS
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.services import Services
from harvest_async.sandbox.sign_in import person_of, token_of
from harvest_async.sandbox.v2.base import Request, V2Services
from harvest_async.sandbox.v2.router import Router

__all__ = ["TOKEN", "USER_TOKEN", "V2", "mount"]

TOKEN: Final = "sandbox-token"
USER_TOKEN: Final = "sandbox-user-token"

_AUDIENCE: Final = "v2"
_USER: Final = "user@example.com"
_PREFIXES: Final = ("/api/v2", "/v2")
_TOKEN_PATH: Final = "/api/v2/oauth2/token"
_ACCOUNTS_PATH: Final = "/api/v2/accounts"
_JSON: Final = "application/json; charset=utf-8"
_CHALLENGE: Final = 'Bearer realm="Harvest", error="invalid_token"'
_INVALID: Final = "The access token provided is expired, revoked, malformed or invalid for other reasons."


class V2:
    """API v2 over an account's services, below `/v2` and `/api/v2`, with the authorization server's page."""

    linked_paths = frozenset({AUTHORIZE})

    def __init__(self, services: Services) -> None:
        self._services = services
        self._oauth = OAuthPages(services.grants, _AUDIENCE, LONG_LIFETIME)
        self._router = Router(V2Services.of(services))
        services.grants.permit(TOKEN, APPROVER, _AUDIENCE)
        services.grants.permit(USER_TOKEN, _USER, _AUDIENCE)

    def serves(self, path: str) -> bool:
        """Return whether a path is below one of the prefixes, or is the authorization page."""
        return path == AUTHORIZE or _prefix(path) is not None

    def is_status(self, path: str) -> bool:  # noqa: ARG002 - there is none
        """Return False: API v2 has no call that reports the rate limiter's numbers."""
        return False

    def budget_of(self, path: str) -> str:
        """Return the reports' budget for reports, and the general one for all other paths."""
        prefix = _prefix(path)
        return REPORTS if prefix is not None and path.startswith(f"{prefix}/reports/") else GENERAL

    def account_of(self, headers: Mapping[str, str], query: str) -> str:
        """Return the id in the header `Harvest-Account-Id` or in the parameter `account_id`; empty if there is none."""
        return _named(headers, parse_qsl(query, keep_blank_values=True))

    def serve(self, request: HttpRequest, now: datetime) -> Response:
        """Execute a request."""
        response = self._execute(request, now)
        return evolve(response, media=response.media or _JSON)

    def throttled(self, request: HttpRequest, wait: int) -> Response:  # noqa: ARG002 - the header has it
        """Return the refusal of a request that exceeds the rate limit."""
        message = "You have been rate limited. Please try again after the time in the Retry-After header."
        return Response(429, write_json({"message": message}), media=_JSON)

    def _execute(self, request: HttpRequest, now: datetime) -> Response:
        pairs, headers = tuple(parse_qsl(request.query, keep_blank_values=True)), request.headers
        authorization = headers.get("authorization", "")
        if (request.method, request.path) == ("POST", _TOKEN_PATH):
            return self._oauth.token(headers.get("content-type", ""), authorization, request.content, now)
        if (request.method, request.path) == ("GET", AUTHORIZE):
            person = self._person(request, pairs, now)
            return self._oauth.authorize(pairs, APPROVER if person is None else person["email"], now)
        person = None if authorization.lower().startswith("basic") else self._person(request, pairs, now)
        invalid = _invalid(request) or (_unauthorized() if person is None else None)
        if person is None or invalid is not None:
            return invalid or _unauthorized()
        if request.path == _ACCOUNTS_PATH:
            return _accounts(request, person, self._services.grants.accounts_of(token_of(authorization, pairs)))
        return self._signed_in(request, pairs, person, now)

    def _person(self, request: HttpRequest, pairs: tuple[tuple[str, str], ...], now: datetime) -> Record | None:
        return person_of(self._services, request.headers.get("authorization", ""), pairs, now, _AUDIENCE)

    def _signed_in(
        self, request: HttpRequest, pairs: tuple[tuple[str, str], ...], person: Record, now: datetime
    ) -> Response:
        """Execute a request of a person if it names the account."""
        headers, prefix = request.headers, _prefix(request.path) or ""
        grants = self._services.grants
        token = token_of(headers.get("authorization", ""), pairs)
        if _named(headers, pairs) != str(grants.number) or not grants.reaches(token):
            return _unauthorized()
        host = headers.get("host", "127.0.0.1")
        return self._router.serve(
            Request(
                request.method,
                request.path.removeprefix(prefix) or "/",
                f"http://{host}{request.path}",
                pairs,
                request.content,
                headers.get("content-type", ""),
                person,
                now,
            )
        )


def mount(services: Services) -> V2:
    """Create API v2 over an account's services."""
    return V2(services)


def _named(headers: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> str:
    return (headers.get("harvest-account-id") or dict(pairs).get("account_id", "")).strip()


def _prefix(path: str) -> str | None:
    return next((prefix for prefix in _PREFIXES if path == prefix or path.startswith(f"{prefix}/")), None)


def _invalid(request: HttpRequest) -> Response | None:
    """Return the refusal of a request that no endpoint accepts; None if it may be one of a person."""
    if not request.headers.get("user-agent", "").strip():
        return _refused(400, "A User-Agent header with the name of your application is required.")
    if request.method == "GET" and request.content.strip():
        return _refused(400, "A GET request must not have a body.")
    return None


def _accounts(request: HttpRequest, person: Record, accounts: Iterable[Account]) -> Response:
    if request.method != "GET":
        return _refused(404, "Not Found")
    user = {name: person[name] for name in ("id", "first_name", "last_name", "email")}
    return Response(content=write_json({"user": user, "accounts": list(accounts)}))


def _refused(status: int, message: str) -> Response:
    return Response(status, write_json({"message": message}))


def _unauthorized() -> Response:
    fields = {"error": "invalid_token", "error_description": _INVALID}
    return Response(401, write_json(fields), headers=(("www-authenticate", _CHALLENGE),))
