"""Requests with a token in the address, and the status call with the credentials of another request."""

from __future__ import annotations

from typing import Final

import httpx

from harvest_async.auth import QUERY_TOKEN
from harvest_async.messages import redact_url

__all__ = ["signed", "status_request"]

_CREDENTIALS: Final = frozenset({"authorization", "user-agent", "host", "harvest-account-id", "cookie"})
_JSON: Final = "application/json"


def signed(request: httpx.Request) -> httpx.Request:
    """Return a request with its token in the address; this is done last, since addresses are logged before."""
    url = request.url.copy_merge_params({"access_token": str(request.extensions[QUERY_TOKEN])})
    return _WithQueryToken(
        request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
    )


class _WithQueryToken(httpx.Request):
    """A request whose address has a token, which a traceback with local variables must not show."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {redact_url(str(self.url))!r})>"


def status_request(request: httpx.Request, path: str) -> httpx.Request:
    """Return the status call with the credentials of a request, and nothing else of it."""
    token = request.url.params.get("access_token")
    url = request.url.copy_with(path=path, query=None, fragment=None)
    url = url if token is None else url.copy_add_param("access_token", token)
    headers = [(name, value) for name, value in request.headers.items() if name in _CREDENTIALS]
    headers += [("accept", _JSON), ("content-type", _JSON)]
    extensions = {key: value for key, value in request.extensions.items() if key in {"timeout", QUERY_TOKEN}}
    return httpx.Request("GET", url, headers=headers, extensions=extensions)
