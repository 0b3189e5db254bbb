"""API v1 as the sandbox mounts it: sign-in, formats of request and response, and headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from attrs import evolve

from harvest_async.sandbox.messages import HttpRequest, Response
from harvest_async.sandbox.oauth import APPROVER, AUTHORIZE, LIFETIME, OAuthPages
from harvest_async.sandbox.rate_limiter import GENERAL
from harvest_async.sandbox.services import Services
from harvest_async.sandbox.sign_in import challenge, person_of
from harvest_async.sandbox.v1.account import STATUS_PATH
from harvest_async.sandbox.v1.base import Request, V1Services
from harvest_async.sandbox.v1.router import Router

__all__ = ["V1", "format_of", "mount", "split_format"]

_TYPES: Final = {"json": "application/json; charset=utf-8", "xml": "application/xml; charset=utf-8"}
_WRITES: Final = frozenset({"POST", "PUT"})
_FORM_PATHS: Final = ("/daily/add", "/daily/update")
_RECEIPT: Final = "/receipt"
_TOKEN_PATH: Final = "/oauth2/token"
_TOKEN: Final = "sandbox-v1-token"
_AUDIENCE: Final = "v1"


class V1:
    """API v1 over an account's services. It serves all paths that no other version serves."""

    linked_paths = frozenset({AUTHORIZE})

    def __init__(self, services: Services) -> None:
        self._services = V1Services.of(services)
        self._oauth = OAuthPages(services.grants, _AUDIENCE, LIFETIME)
        services.grants.permit(_TOKEN, APPROVER, _AUDIENCE)
        self._router = Router(self._services)
        self._quirks = services.world.quirks

    def serves(self, path: str) -> bool:  # noqa: ARG002 - it serves them all
        """Return True, since v1's paths have no common prefix."""
        return True

    def is_status(self, path: str) -> bool:
        """Return whether a path is the rate limit status."""
        return split_format(path)[0] == STATUS_PATH

    def budget_of(self, path: str) -> str:  # noqa: ARG002 - it has only one
        """Return the general budget."""
        return GENERAL

    def account_of(self, headers: Mapping[str, str], query: str) -> str:  # noqa: ARG002 - the host has it
        """Return an empty text: requests of v1 name the account in the address alone."""
        return ""

    def serve(self, request: HttpRequest, now: datetime) -> Response:
        """Execute a request, anonymous or signed in."""
        (path, named), headers = split_format(request.path), request.headers
        if named is not None:
            headers = headers | {"accept": f"application/{named}"}
        response = self._execute(evolve(request, path=path, headers=headers), now)
        location = response.location
        if location is not None and "location_form" in self._quirks:
            location = f"http://{headers.get('host', '127.0.0.1')}{location}"
        return evolve(response, location=location, media=response.media or _TYPES[_response_format(request)])

    def throttled(self, request: HttpRequest, wait: int) -> Response:
        """Return the refusal of a request that exceeds the rate limit."""
        shape = _response_format(request)
        status = 429 if "throttle_status_503" in self._quirks else 503
        return Response(status, self._services.writer.throttled(wait, shape), media=_TYPES[shape])

    def _execute(self, request: HttpRequest, now: datetime) -> Response:
        pairs = tuple(parse_qsl(request.query, keep_blank_values=True))
        authorization, media = request.headers.get("authorization", ""), request.headers.get("content-type", "")
        person = person_of(self._services, authorization, pairs, now, _AUDIENCE)
        if (request.method, request.path) == ("POST", _TOKEN_PATH):
            return self._oauth.token(media, authorization, request.content, now)
        if (request.method, request.path) == ("GET", AUTHORIZE):
            return self._oauth.authorize(pairs, APPROVER if person is None else person["email"], now)
        if person is None:
            return Response(401, headers=(("www-authenticate", challenge(authorization)),))
        signed = Request(request.method, request.path, pairs, request.content, media, "json", "json", person, now)
        return self._route(signed, request.headers.get("accept", ""))

    def _route(self, request: Request, accept: str) -> Response:
        """Execute a signed-in request if the formats of its body and of its response are known."""
        wanted, sent = format_of(accept), format_of(request.media)
        if wanted is None and not (request.method == "GET" and request.path.endswith(_RECEIPT)):
            return Response(406)
        if sent is None and _is_form(request.media) and request.path.startswith(_FORM_PATHS):
            sent = "form"
        if request.method in _WRITES and request.content.strip() and sent is None and not _is_multipart(request.media):
            return Response(415)
        shape = wanted or "json"
        return self._router.serve(evolve(request, format=shape, sent=sent or shape))


def mount(services: Services) -> V1:
    """Create API v1 over an account's services."""
    return V1(services)


def format_of(header: str) -> str | None:
    """Return the first of `json` and `xml` that a header names; None if it names neither."""
    for part in header.lower().split(","):
        media = part.partition(";")[0].strip()
        if media in {"application/json", "text/json"}:
            return "json"
        if media in {"application/xml", "text/xml"}:
            return "xml"
    return None


def split_format(path: str) -> tuple[str, str | None]:
    """Split a path such as `/clients.json` into the path and its format; None if it has none."""
    for name in ("json", "xml"):
        if path.lower().endswith(f".{name}"):
            return path[: -len(name) - 1], name
    return path, None


def _response_format(request: HttpRequest) -> str:
    return split_format(request.path)[1] or format_of(request.headers.get("accept", "")) or "json"


def _is_form(media: str) -> bool:
    return media.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def _is_multipart(media: str) -> bool:
    return media.lower().startswith("multipart/form-data")
