"""Files: what is sent or fetched as it is, not as a record.

Rules of this room: a file that lies on another host is fetched without the account's credentials, and draws on no
budget of the account's. Every redirect is looked at before it is followed, and there are few of them.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

import anyio
import httpx
from attrs import evolve

from harvest_async.address import check_target
from harvest_async.call import Upload
from harvest_async.errors import InvalidArgument, NotSent, ServerError
from harvest_async.exchange.response_body import read
from harvest_async.exchange.retrying import Shared
from harvest_async.messages import Request, Response, redact_url
from harvest_async.retry import USUAL, Limits
from harvest_async.transport import NOT_SENT, timeouts

__all__ = ["fetch", "form_data"]

HOPS: Final = 3
"""How often a file store may send on to another address."""


def form_data(name: str, filename: str, content: bytes, content_type: str) -> Upload:
    """A file as the only part of a form (contract: receipt_boundary: the writer is a library's)."""
    form = httpx.Request("POST", "https://localhost/", files={name: (filename, content, content_type)})
    return Upload(form.headers["content-type"], form.read())


async def fetch(shared: Shared, url: str, accept: str, largest: int, limits: Limits = USUAL) -> Response:
    """Get a file that the account sent us to, as anybody could.

    Raises:
        ServerError: the store has no such file, or sends on for ever.
        NotSent: there is no way to it.
        InvalidArgument: an address is none that may be followed.
        DecodeError: the file is larger than `largest` bytes.
    """
    headers = (("Accept", accept), *shared.headers)
    hops = HOPS
    while True:
        wire = Request("GET", check_target(url, shared.base_url), headers)
        answer = await _get(shared, wire, largest, limits)
        location, hops = answer.header("location"), hops - 1
        if location is None or answer.status not in {301, 302, 303, 307, 308} or not hops:
            break
        url = _joined(url, location)
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of statuses
        what = "sends on for ever" if location is not None else "does not give the file"
        raise ServerError(
            f"{_shown(wire)} answered {answer.status}: the file store {what}", request=_unsigned(wire), response=answer
        )
    return answer


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise InvalidArgument("the file store sends us to what is no address") from None


async def _get(shared: Shared, wire: Request, largest: int, limits: Limits) -> Response:
    seconds = limits.timeout or shared.deadline
    extensions = {"timeout": timeouts(seconds)}
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
        message = f"{_shown(wire)} can't be had from the file store: {type(error).__name__}"
        raise kind(message, request=_unsigned(wire)) from error


def _unsigned(wire: Request) -> Request:
    """The request without its query: a file store's address is a credential of its own."""
    return evolve(wire, url=wire.url.partition("?")[0])


def _shown(wire: Request) -> str:
    return f"GET {redact_url(_unsigned(wire).url)}"
