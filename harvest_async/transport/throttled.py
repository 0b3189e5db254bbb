"""The transport: every HTTP request that really leaves takes one lease, and gives word of how it ended.

Rules of this room:
- A lease ends at the answer's headers; its connection is free once the answer's body is closed.
- Each attempt has a total deadline up to the headers, whatever httpx's own timeouts say.
- A refusal of the throttle is never seen outside: the request goes back to the head of the line and is sent again,
  since the server has not carried it out (contract: errors.codes.503). Everything else is for others to judge.
- Nothing leaves through a gate that was shut while its connection was made, nor after its deadline.
- A refused answer is closed before anyone waits, and a body that can be read only once is read before it is sent.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import anyio
import httpx

from harvest_async.auth import QUERY_TOKEN
from harvest_async.cancellation import in_one_go
from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError
from harvest_async.messages import Request, redact_url
from harvest_async.throttle.lease import Lease, Probe, Ticket
from harvest_async.throttle.server_status import REFUSALS, is_refusal, read_retry_after, read_status
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport.direct import sweep
from harvest_async.transport.peek import peek

__all__ = ["NOT_SENT", "STATUS_PATH", "TICKET", "ThrottledTransport", "wire_of"]

logger = logging.getLogger("harvest_async.throttle")

TICKET: Final = "harvest_async.ticket"
"""The request extension in which a call's ticket, and the lease taken for it, travel."""

STATUS_PATH: Final = "/account/rate_limit_status"
"""The status call of API v1 (contract: throttle.status_call). API v2 has none."""

NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
    httpx.LocalProtocolError,
)
"""Failures after which nothing has left this machine."""

_CREDENTIALS: Final = frozenset({"authorization", "user-agent", "host", "harvest-account-id", "cookie"})
_Trace = Callable[[str, Any], Awaitable[None]]
_JSON: Final = "application/json"
_OK: Final = 200


class _Withheld(httpx.ConnectError):
    """The gate was shut before the request left: it has to stand in line again."""


class ThrottledTransport(httpx.AsyncBaseTransport):
    """Wraps a transport so that whatever is sent through it respects one account's budget.

    It works under any plain `httpx.AsyncClient(transport=ThrottledTransport(httpx.AsyncHTTPTransport(), throttle))`.
    A request that the throttle refuses is sent again when the gate opens; its body is read into memory for that.

    Args:
        inner: what really sends.
        throttle: the account's budget; one `Throttle` is one account.
        status_path: where the account's status is asked for, with the credentials of the request at the head of
            the line; None where there is no such call. Requests to paths under `/v2/` never ask.

    Raises:
        WouldWait: from a request whose ticket has a `max_wait`.
        Throttled: the account stays blocked.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, throttle: Throttle, *, status_path: str | None = STATUS_PATH
    ) -> None:
        self._inner = inner
        self._throttle = throttle
        self._status_path = status_path
        self._cut = False  # whether a call was cut off since the pool was last swept

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request when the account's budget allows it; what the inner transport raises comes out."""
        ticket = request.extensions.get(TICKET)
        if not isinstance(ticket, Ticket):
            ticket = Ticket()
        if ticket.probe is None:
            ticket.probe = self._probe_for(request)
        while True:
            if self._cut:  # what a call that was cancelled twice left after its own sweep
                self._cut = False
                await sweep(self._inner)
            lease = ticket.claim() or await self._acquire(ticket, request)
            with _surely_ended(lease):
                if lease.is_status_call:
                    return await self._ask(request, lease, ticket)
                try:
                    response = await self._attempt(request, lease, ticket)
                except _Withheld:
                    continue
            if response is not None:
                return response
            ticket.refusals += 1

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    async def _acquire(self, ticket: Ticket, request: httpx.Request) -> Lease:
        try:
            return await self._throttle.acquire(ticket)
        except HarvestError as error:
            error.request = error.request or wire_of(request)
            raise

    # One attempt

    async def _attempt(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> httpx.Response | None:
        """Send once. Gives the answer, or None where the throttle refused it."""
        response = await self._send(request, lease, ticket)
        async with _closed_on_error(response, lease):
            if await self._settle(response, lease, ticket) is not None:
                return None
            if response.is_closed:
                lease.release()
            else:
                body = response.stream = _Body(response.stream, lease, self._sweep)
                ticket.close_response = body.aclose
        return response

    async def _sweep(self) -> None:
        """Sweep the pool after a call was cut off, and once more before the next call."""
        self._cut = True
        await sweep(self._inner)

    async def _send(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> httpx.Response:
        """Send within the lease's deadline; a failure ends the lease."""
        ticket.left, ticket.close_response = False, None
        extensions = request.extensions
        try:
            await request.aread()
            self._check(request, lease)
            request.extensions = {**extensions, "trace": self._watch(request, lease, ticket)}
            seconds = (lease.deadline - self._throttle.clock.now()) / SECOND
            ticket.left = True
            with anyio.fail_after(seconds):
                return await self._inner.handle_async_request(_signed(request))
        except BaseException as error:
            try:
                _end_failed(error, lease, ticket)
            finally:
                await in_one_go(self._sweep())
            if isinstance(error, TimeoutError):
                kind = httpx.ReadTimeout if ticket.left else httpx.ConnectTimeout
                raise kind("no answer within the attempt's deadline", request=request) from error
            raise
        finally:
            request.extensions = extensions

    def _check(self, request: httpx.Request, lease: Lease) -> None:
        """Whether the request may still leave."""
        if lease.withheld:
            raise _Withheld("the throttle's gate was shut", request=request)
        if self._throttle.clock.now() >= lease.deadline:
            raise httpx.ConnectTimeout("the attempt's deadline passed before anything was sent", request=request)

    def _watch(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> _Trace:
        """Follow a request through the connection pool: while a connection is made, nothing has left."""
        other: _Trace | None = request.extensions.get("trace")

        async def trace(name: str, info: Any) -> None:
            if name == "connection.connect_tcp.started":
                ticket.left = False
            elif name.endswith("send_request_headers.started"):
                ticket.left = False
                self._check(request, lease)
                ticket.left = True
            if other is not None:
                await other(name, info)

        return trace

    async def _settle(self, response: httpx.Response, lease: Lease, ticket: Ticket) -> int | None:
        """End the lease by what the answer says. Gives the wait that a refusal asks for, else None."""
        if response.status_code not in REFUSALS:
            lease.responded()
            return None
        hint = response.headers.get("retry-after")
        wait = read_retry_after(hint, response.headers.get("date"), self._throttle.clock.today())
        try:
            begin = b"" if hint is not None else await peek(response)
        except BaseException:
            lease.refused(wait)  # it may have been a refusal, and nobody shall go on as if it were none
            raise
        if not is_refusal(response.status_code, hint, begin):
            lease.failed()
            return None
        ticket.left = False
        lease.refused(wait)
        await _close(response, lease)
        return wait

    # The status call

    def _probe_for(self, request: httpx.Request) -> Probe | None:
        """How to ask for the status with a request's credentials, but without its content (contract: status_call)."""
        path = self._status_path
        if path is None or request.url.path.startswith("/v2/"):
            return None

        async def probe(lease: Lease) -> None:
            try:
                response = await self._ask(_status_call(request, path), lease, Ticket())
            except httpx.TransportError:
                return  # the call at the head of the line will meet the same, and tell its caller
            await _close(response, lease)

        return probe

    async def _ask(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> httpx.Response:
        """Send a status call once, on the lease that is there for it, and put the answer into the account's book."""
        response = await self._send(request, lease, ticket)
        async with _closed_on_error(response, lease):
            if response.status_code in REFUSALS:
                await self._settle(response, lease, ticket)
                return response
            told = read_status(await peek(response)) if response.status_code == _OK else None
            if told is None:
                lease.status_unreadable()
                return response
            if not told.sound:
                logger.warning("the server's limits can't be believed and are ignored: %s", told.text)
            lease.status_received(told)
            return response


def wire_of(request: httpx.Request) -> Request:
    """A request as a plain value, for errors; a body that was not read yet is left out."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    content = request.content if isinstance(request.stream, httpx.ByteStream) else b""
    return Request(request.method, str(request.url), headers, content)


def _signed(request: httpx.Request) -> httpx.Request:
    """Put a token that belongs into the address there, as late as can be: addresses are logged on the way here."""
    token = request.extensions.get(QUERY_TOKEN)
    if token is None:
        return request
    url = request.url.copy_merge_params({"access_token": str(token)})
    return _WithQueryToken(
        request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
    )


class _WithQueryToken(httpx.Request):
    """A request whose address holds a token, which a traceback with local variables must not show."""

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {redact_url(str(self.url))!r})>"


def _status_call(request: httpx.Request, path: str) -> httpx.Request:
    """The call for the account's status with the credentials of a request, and nothing else of it."""
    token = request.url.params.get("access_token")
    url = request.url.copy_with(path=path, query=None, fragment=None)
    url = url if token is None else url.copy_add_param("access_token", token)
    headers = [(name, value) for name, value in request.headers.items() if name in _CREDENTIALS]
    headers += [("accept", _JSON), ("content-type", _JSON)]
    extensions = {key: value for key, value in request.extensions.items() if key in {"timeout", QUERY_TOKEN}}
    return httpx.Request("GET", url, headers=headers, extensions=extensions)


@contextmanager
def _surely_ended(lease: Lease) -> Iterator[None]:
    """End a lease as lost where nothing else has ended it, and release its connection after any exception."""
    try:
        yield
    except BaseException:
        lease.close()
        raise
    else:
        lease.lost()


@asynccontextmanager
async def _closed_on_error(response: httpx.Response, lease: Lease) -> AsyncIterator[None]:
    """End the lease and close the answer after any exception, so that its connection goes back to the pool."""
    try:
        yield
    except BaseException:
        try:
            lease.cut()
        finally:
            await _close(response, lease)
        raise


def _end_failed(error: BaseException, lease: Lease, ticket: Ticket) -> None:
    """End the lease of an attempt that gave no answer, and note whether its request may have left."""
    # A request that h11 stops may have left in part: nothing was carried out, but the lease is spent.
    spent = ticket.left and (isinstance(error, httpx.LocalProtocolError) or not isinstance(error, NOT_SENT))
    ticket.left = spent and not isinstance(error, NOT_SENT)
    try:
        if spent and isinstance(error, Exception):
            lease.lost()
        elif spent:
            lease.cut()
        elif isinstance(error, NOT_SENT) and not isinstance(error, _Withheld):
            lease.unsent()
        else:
            lease.unused()
    finally:
        lease.release()


async def _close(response: httpx.Response, lease: Lease) -> None:
    """Close an answer whatever happens, and free its connection."""
    try:
        await in_one_go(response.aclose())
    finally:
        lease.release()


class _Body(httpx.AsyncByteStream):
    """An answer's body that frees its lease's connection when it is closed."""

    def __init__(self, stream: Any, lease: Lease, sweep_pool: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
        self._lease = lease
        self._sweep_pool = sweep_pool
        self._whole = False
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk
        self._whole = True

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        # A pool that is cancelled while it takes a connection back keeps it as if it were in use.
        try:
            await in_one_go(self._give_back())
        finally:
            self._lease.release()

    async def _give_back(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if not self._whole:
                await self._sweep_pool()
