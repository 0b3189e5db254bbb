"""The transport: every HTTP request that is sent takes one lease, and ends it when the request ends.

Invariants:
- A lease ends at the response's headers; its connection is free once the response's body is closed.
- Each attempt has a total deadline up to the headers, independent of httpx's own timeouts.
- A refusal of the throttle is never passed on: the request returns to the head of the queue and is sent again, since
  the server has not processed it. All other responses are passed on.
- No request is sent after its deadline, or if the gate was closed while its connection was made.
- A refused response is closed before anything waits, and a body that can be read only once is read before it is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

from harvest_async.auth import QUERY_TOKEN
from harvest_async.cancellation import in_one_go
from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError
from harvest_async.messages import Request
from harvest_async.throttle.lease import Lease, Probe, Ticket
from harvest_async.throttle.server_status import REFUSALS, is_refusal, read_retry_after, read_status
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport.direct import sweep
from harvest_async.transport.leased_body import LeasedBody, close, close_after_error
from harvest_async.transport.peek import peek
from harvest_async.transport.signed import signed, status_request

__all__ = ["NOT_SENT", "TICKET", "ThrottledTransport", "wire_of"]

logger = logging.getLogger("harvest_async.throttle")

TICKET: Final = "harvest_async.ticket"
"""The request extension with a call's ticket, which has the lease that was granted for it."""

NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
    httpx.LocalProtocolError,
)
"""Failures after which nothing has left this machine."""

_Trace = Callable[[str, Any], Awaitable[None]]
_OK: Final = 200


class _Withheld(httpx.ConnectError):
    """The gate was closed before the request left: it returns to the queue."""


class ThrottledTransport(httpx.AsyncBaseTransport):
    """Wraps a transport so that all requests sent through it respect one account's budget.

    It works under any plain `httpx.AsyncClient(transport=ThrottledTransport(httpx.AsyncHTTPTransport(), throttle))`.
    A request that the throttle refuses is sent again when the gate opens; its body is read into memory for that.

    Args:
        inner: the transport that sends.
        throttle: the account's budget; one `Throttle` is one account.
        status_path: the path of the account's status call, which has the credentials of the request at the head of
            the queue: `/account/rate_limit_status` for API v1; None if there is no such call.

    Raises:
        WouldWait: from a request whose ticket has a `max_wait`.
        Throttled: the account stays blocked.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, throttle: Throttle, *, status_path: str | None = None) -> None:
        self._inner = inner
        self._throttle = throttle
        self._status_path = status_path
        self._cut = False  # whether a call was cut off since the pool was last swept

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request when the account's budget allows it; exceptions of the inner transport are passed on."""
        ticket = request.extensions.get(TICKET)
        if not isinstance(ticket, Ticket):
            ticket = Ticket()
        if ticket.probe is None and self._status_path is not None:
            ticket.probe = self._probe_for(request, self._status_path)
        while True:
            if self._cut:  # for a connection that a call which was cancelled twice left after its own sweep
                self._cut = False
                await sweep(self._inner)
            lease, ticket.lease = ticket.lease, None
            if lease is None:
                lease = await self._acquire(ticket, request)
            try:
                if lease.is_status_call:
                    return await self._ask(request, lease, ticket)
                response = await self._attempt(request, lease, ticket)
            except BaseException:
                lease.close()
                raise
            if response is not None:
                return response

    async def aclose(self) -> None:
        """Close the inner transport, and wait until a shared ledger has the ends of its calls."""
        try:
            await self._throttle.flush()
        finally:
            await self._inner.aclose()

    async def _acquire(self, ticket: Ticket, request: httpx.Request) -> Lease:
        try:
            return await self._throttle.acquire(ticket)
        except HarvestError as error:
            error.request = error.request or wire_of(request)
            raise

    # One attempt

    async def _attempt(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> httpx.Response | None:
        """Send once. Returns the response, or None if the request has to return to the queue."""
        try:
            response = await self._send(request, lease, ticket)
        except _Withheld:
            return None
        try:
            if response.status_code not in REFUSALS:
                lease.responded()
            elif await self._refuses(response, lease, ticket):
                ticket.refusals += 1
                return None
            if response.is_closed:
                lease.release()
            else:
                body = response.stream = LeasedBody(response.stream, lease, self._sweep)
                ticket.close_response = body.aclose
        except BaseException:
            await close_after_error(response, lease)
            raise
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
            if not isinstance(request.stream, httpx.ByteStream):
                await request.aread()
            seconds = self._seconds_left(request, lease)
            request.extensions = {**extensions, "trace": self._trace(request, lease, ticket)}
            ticket.left = True
            sent = signed(request) if QUERY_TOKEN in extensions else request
            with ticket.observer.sending(request) as observer:
                async with asyncio.timeout(seconds):
                    response = await self._inner.handle_async_request(sent)
                observer.responded(response.status_code)
                return response
        except BaseException as error:
            try:
                _end_failed(error, lease, ticket)
            finally:
                await in_one_go(self._sweep())
            if isinstance(error, TimeoutError):
                kind = httpx.ReadTimeout if ticket.left else httpx.ConnectTimeout
                raise kind("no response within the attempt's deadline", request=request) from error
            raise
        finally:
            request.extensions = extensions

    def _seconds_left(self, request: httpx.Request, lease: Lease) -> float:
        """Return the seconds until the attempt's deadline; raise if the request must not be sent any more."""
        if lease.withheld:
            raise _Withheld("the throttle's gate was closed", request=request)
        left = lease.deadline - self._throttle.clock.now()
        if left <= 0:
            raise httpx.ConnectTimeout("the attempt's deadline passed before anything was sent", request=request)
        return left / SECOND

    def _trace(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> _Trace:
        """Follow a request through the connection pool: while a connection is made, nothing has left."""
        other: _Trace | None = request.extensions.get("trace")

        async def trace(name: str, info: Any) -> None:
            if name == "connection.connect_tcp.started":
                ticket.left = False
            elif name.endswith("send_request_headers.started"):
                ticket.left = False
                self._seconds_left(request, lease)
                ticket.left = True
                if other is None:
                    request.extensions.pop("trace", None)  # the later events would only cost time
            if other is not None:
                await other(name, info)

        return trace

    async def _refuses(self, response: httpx.Response, lease: Lease, ticket: Ticket) -> bool:
        """Return whether a response with the status of a refusal is one, and end the lease accordingly."""
        hint = response.headers.get("retry-after")
        fallback = self._throttle.fallback_wait(ticket.budget)
        wait = read_retry_after(hint, response.headers.get("date"), self._throttle.clock.today(), fallback)
        try:
            begin = b"" if hint is not None else await peek(response)
        except BaseException:
            lease.refused(wait)  # it may have been a refusal, and no call may continue as if it were none
            raise
        if not is_refusal(response.status_code, hint, begin):
            lease.failed()
            return False
        ticket.left = False
        ticket.observer.refused()
        lease.refused(wait)
        await close(response, lease)
        return True

    # The status call

    def _probe_for(self, request: httpx.Request, path: str) -> Probe:
        """Return the function that sends the status call with a request's credentials, but without its content."""

        async def probe(lease: Lease) -> None:
            try:
                response = await self._ask(status_request(request, path), lease, Ticket())
            except httpx.TransportError:
                return  # the call at the head of the queue fails likewise, and reports it to its caller
            await close(response, lease)

        return probe

    async def _ask(self, request: httpx.Request, lease: Lease, ticket: Ticket) -> httpx.Response:
        """Send the status call once, with the lease for it, and write the response into the account's state."""
        response = await self._send(request, lease, ticket)
        try:
            if response.status_code in REFUSALS:
                await self._refuses(response, lease, ticket)
                return response
            status = read_status(await peek(response)) if response.status_code == _OK else None
            if status is None:
                lease.status_unreadable()
                return response
            if not status.sound:
                logger.warning("the server's limits are implausible and are ignored: %s", status.text)
            lease.status_received(status)
        except BaseException:
            await close_after_error(response, lease)
            raise
        return response


def wire_of(request: httpx.Request) -> Request:
    """Return a request as a plain value, for errors; a body that was not read yet is left out."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    content = request.content if isinstance(request.stream, httpx.ByteStream) else b""
    return Request(request.method, str(request.url), headers, content)


def _end_failed(error: BaseException, lease: Lease, ticket: Ticket) -> None:
    """End the lease of an attempt without a response, and note whether its request may have left."""
    # A request that h11 stops may have left in part: nothing was processed, but the lease is used.
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
