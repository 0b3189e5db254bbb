"""Upload and download files.

Notes:
- A file on another host is fetched without the account's credentials and does not count against its budget.
- Each redirect is checked before it is followed, and their number is limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

import anyio
import httpx
from attrs import evolve

from harvest_async.address import check_target
from harvest_async.call import Upload
from harvest_async.errors import InvalidArgument, NotSent, ServerError
from harvest_async.exchange.response_body import read
from harvest_async.exchange.shared import Shared
from harvest_async.messages import Request, Response, redact_url
from harvest_async.retry import USUAL, Limits
from harvest_async.transport import NOT_SENT, timeouts

__all__ = ["fetch", "form_data"]

HOPS: Final = 3
"""The most requests for one file, redirects included."""


def form_data(
    name: str, filename: str, content: bytes, content_type: str, fields: Mapping[str, str] | None = None
) -> Upload:
    """Return a file, and the other fields, as a multipart form."""
    file = {name: (filename, content, content_type)}
    form = httpx.Request("POST", "https://localhost/", data=dict(fields or {}), files=file)
    return Upload(form.headers["content-type"], form.read())


async def fetch(shared: Shared, url: str, accept: str, largest: int, limits: Limits = USUAL) -> Response:
    """Fetch a file from an address that the account returned, without credentials.

    Raises:
        ServerError: the file store has no such file, or redirects too often.
        NotSent: no connection could be made.
        InvalidArgument: an address may not be followed, or the client has been closed.
        DecodeError: the file is larger than `largest` bytes.
    """
    headers = (("Accept", accept), *shared.headers)
    hops = HOPS
    while True:
        wire = Request("GET", check_target(url, shared.base_url), headers)
        response = await _get(shared, wire, largest, limits)
        location, hops = response.header("location"), hops - 1
        if location is None or response.status not in {301, 302, 303, 307, 308} or not hops:
            break
        url = _joined(url, location)
    if not 200 <= response.status < 300:  # noqa: PLR2004 - the class of statuses
        what = "redirects without end" if location is not None else "does not give the file"
        raise ServerError(
            f"{_shown(wire)} returned {response.status}: the file store {what}",
            request=_unsigned(wire),
            response=response,
        )
    return response


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise InvalidArgument("the file store redirects to what is no address") from None


async def _get(shared: Shared, wire: Request, largest: int, limits: Limits) -> Response:
    shared.check_open()
    seconds = limits.timeout or shared.deadline
    extensions = {"timeout": dict(timeouts(seconds))}
    request = httpx.Request(wire.method, wire.url, headers=list(wire.headers), extensions=extensions)
    try:
        with anyio.fail_after(seconds):
            response = await shared.direct.handle_async_request(request)
            try:
                return await read(response, largest)
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError) as error:
        kind = NotSent if isinstance(error, NOT_SENT) else ServerError
        message = f"{_shown(wire)} can't be fetched from the file store: {type(error).__name__}"
        raise kind(message, request=_unsigned(wire)) from error


def _unsigned(wire: Request) -> Request:
    """Return the request without its query, which is a credential of its own."""
    return evolve(wire, url=wire.url.partition("?")[0])


def _shown(wire: Request) -> str:
    return f"GET {redact_url(_unsigned(wire).url)}"
