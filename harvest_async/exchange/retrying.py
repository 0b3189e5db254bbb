"""Send one call: attempts, until one succeeds or the table in `retry` allows no more.

Invariants:
- Each attempt takes its lease before it is signed, so that no credentials expire in the queue. A call that waits for
  new credentials holds no lease.
- What follows a failure is read from the table in `retry`; nothing here depends on the HTTP method.
- `before` is awaited last before a request leaves: the call has its lease then, and if `before` raises, nothing is
  sent.
- Redirects are never followed, and cookies never kept.
- Only `Ticket.left` decides whether a request may have left, never the class of an exception: once it may have, any
  exception leaves the outcome unknown, unless the response itself refuses the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast
from urllib.parse import urlsplit

import anyio
import httpx
from attrs import evolve

from harvest_async.auth import Renewing, Signing, Unsigned
from harvest_async.call import Call, Repeat
from harvest_async.clock import SECOND, span
from harvest_async.errors import DecodeError, HarvestError, ResponseError, WouldWait
from harvest_async.exchange.failures import Failed, check_repeat, described, unknown
from harvest_async.exchange.response_body import headers_of, read
from harvest_async.exchange.shared import InFlightCall, Shared
from harvest_async.messages import Request, Response
from harvest_async.retry import Failure, Verdict, backoff, failure_of, verdict
from harvest_async.throttle.lease import Lease, Ticket
from harvest_async.transport import NOT_SENT, TICKET, GivenTransport, LoopTransport, SlotTransport, timeouts

__all__ = ["Attempts", "Client"]

logger = logging.getLogger("harvest_async")

_LOST: Final = (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError, httpx.StreamError, TimeoutError)
_UNAUTHORIZED: Final = 401
_NOT_MODIFIED: Final = 304
_SUCCESSES: Final = range(200, 300)
_CONDITIONS: Final = ("if-none-match", "if-modified-since")


class _NoCookies(httpx.Cookies):
    """Cookies that are never stored."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Do nothing."""


class Client(httpx.AsyncClient):
    """The httpx client of an exchange, which stores no cookies."""

    cookies = _NoCookies()  # type: ignore[override]


class _Expired(Exception):
    """The status call can't be sent, since the credentials have expired."""


class Attempts:
    """Sends calls for one account."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def send(self, in_flight: InFlightCall) -> Response:
        """Attempt a call until it succeeds or may not be attempted again.

        Raises:
            HarvestError: as `Exchange.send`.
        """
        limits, attempt = in_flight.limits, 1
        budget = self._shared.budget if limits.budget is None else limits.budget
        while True:
            try:
                result = await self._attempt(in_flight)
            except _Expired:
                continue
            if not isinstance(result, Failed):
                break
            if self._renews(in_flight, result.response):
                continue
            if in_flight.maybe_processed and self._is_done(in_flight.call, result.response):
                return cast("Response", result.response)
            may_retry = verdict(result.kind, in_flight.call.repeat) is Verdict.RETRY and attempt < limits.attempts
            if not may_retry or not budget.spend():
                in_flight.verdict = result.error(in_flight, self._shared.dialect)
                raise in_flight.verdict
            await self._pause(in_flight, result.kind, attempt)
            attempt += 1
        if budget.left < budget.full:
            budget.earn()
        return result

    async def send_form(self, wire: Request) -> Response:
        """Send a request that carries its own credentials: the one for a token. See `auth.Send`."""
        shared = self._shared
        call = Call[Any]("oauth2.token", wire.method, urlsplit(wire.url).path or "/", None, Repeat.UNSAFE)
        whole = evolve(wire, headers=wire.headers + shared.headers)
        try:
            with shared.observer.call(call) as observer:
                ticket = Ticket(deadline=span(shared.deadline), is_token_request=True, observer=observer)
                return await self.send(InFlightCall(call, whole, ticket, Unsigned(), shared.deadline))
        except ResponseError as error:
            if error.response is None:
                raise
            return error.response
        except HarvestError as error:
            error.request = (error.request or whole).redacted()
            error.response = None if error.response is None else error.response.redacted()
            raise

    async def probe(self, lease: Lease) -> None:
        """Request the account's status with the lease that was granted for it, signed like any call."""
        shared, call = self._shared, cast("Call[Any]", self._shared.status_call)  # without one there is no probe
        try:
            shared.check_open()
        except HarvestError:
            lease.put_back()
            raise
        signer = _signer_of(shared.auth)
        if signer is None:
            lease.put_back()
            if lease.probes:
                raise _Expired  # the call that leads the probe renews the credentials, which takes a lease of its own
            return
        wire = shared.status_dialect.encode(call, shared.base_url, shared.headers)
        ticket = Ticket(lease=lease)
        seconds = call.deadline or shared.deadline
        try:
            with shared.observer.call(call) as ticket.observer:
                await self._exchange(InFlightCall(call, wire, ticket, shared.auth, seconds, signer=signer))
        except Exception as error:
            if not (ticket.left or isinstance(error, (*_LOST, HarvestError))):
                raise  # it can't be sent at all
            logger.debug("the status call failed: %s", type(error).__name__)

    # One attempt

    async def _attempt(self, in_flight: InFlightCall) -> Response | Failed:
        """Send a call once, however often the throttle refuses it meanwhile."""
        ticket, now = in_flight.ticket, self._shared.throttle.clock.now
        ticket.left, waited, began = False, ticket.waited, 0
        await self._enter(in_flight)
        try:
            began = now()
            if in_flight.before is not None:
                await in_flight.before(in_flight.call)
            response = await self._exchange(in_flight)
            result: Response | Failed = response
            if response.status not in _SUCCESSES and not _is_not_modified(in_flight.wire, response):
                result = Failed(failure_of(response.status) or Failure.REFUSED, response, None)
            outcome: object = response.status
        except _LOST as error:
            # A hook or a broken body may raise a class that means "not sent", long after the request was sent.
            kind = Failure.NOT_SENT if isinstance(error, NOT_SENT) and not ticket.left else Failure.SILENT
            result, outcome = Failed(kind, None, error), type(error).__name__
        except DecodeError:
            raise
        except Exception as error:
            if ticket.left:
                raise unknown(in_flight, None, described(error)) from error
            check_repeat(in_flight, error)
            raise
        finally:
            if ticket.lease is not None:
                _put_back(ticket)
        if logger.isEnabledFor(logging.DEBUG):
            took, queued = (now() - began) / SECOND, (ticket.waited - waited) / SECOND
            logger.debug("%s -> %s in %.3f s, %.3f s in the queue", in_flight.shown, outcome, took, queued)
        return result

    async def _enter(self, in_flight: InFlightCall) -> None:
        """Wait for a lease while the credentials are valid; the ticket has it then."""
        shared, ticket, auth = self._shared, in_flight.ticket, in_flight.auth
        shared.check_open()
        if isinstance(shared.direct, GivenTransport | LoopTransport | SlotTransport):
            await shared.direct.current()  # raises if the transport belongs to another event loop
        try:
            while True:
                if isinstance(auth, Renewing) and auth.signer() is None:
                    await self._renew(ticket)
                ticket.lease = await shared.throttle.acquire(ticket)
                in_flight.signer = auth.signer() if isinstance(auth, Renewing) else auth
                if in_flight.signer is not None:
                    return
                _put_back(ticket)  # the credentials expired in the queue, and a renewal takes a lease
        except BaseException as error:
            _put_back(ticket)
            check_repeat(in_flight, error)
            raise

    async def _renew(self, ticket: Ticket) -> None:
        """Renew the credentials, for no longer than the call may wait in the queue."""
        clock = self._shared.throttle.clock
        began = clock.now()
        left = None if ticket.max_wait is None else max(0, ticket.max_wait - ticket.waited) / SECOND
        try:
            with anyio.fail_after(left):
                await cast("Renewing", self._shared.auth).renew(self.send_form)
        except TimeoutError:
            seconds = (clock.now() - began) / SECOND
            raise WouldWait(f"a new access token took longer than max_wait ({seconds:.1f} s)", wait=seconds) from None
        finally:
            ticket.waited += clock.now() - began

    async def _exchange(self, in_flight: InFlightCall) -> Response:
        """Send the request with the ticket's lease and read the response."""
        shared, wire, seconds = self._shared, in_flight.wire, in_flight.seconds
        shared.check_open()  # it may have been closed while the call waited
        steps = dict(timeouts(in_flight.limits.timeout or shared.deadline))
        request = httpx.Request(
            wire.method,
            wire.url,
            headers=list(wire.headers),
            content=wire.content,
            extensions={"timeout": steps, TICKET: in_flight.ticket},
        )
        try:
            response = await shared.client.send(request, auth=in_flight.signer, stream=True, follow_redirects=False)
        except BaseException:
            if (close := in_flight.ticket.close_response) is not None:  # httpx or a hook failed after the response came
                await _closed(close)
            raise
        try:
            async with asyncio.timeout(seconds):
                return await read(response, in_flight.call.largest)
        except Exception:
            if not (response.is_success and "location" in response.headers):  # these name the created record
                raise
            return Response(response.status_code, headers_of(response))
        finally:
            if not response.is_closed:
                await _closed(response.aclose)

    # After a failure

    async def _pause(self, in_flight: InFlightCall, kind: Failure, attempt: int) -> None:
        """Wait before the next attempt, at the end of the queue."""
        in_flight.maybe_processed = in_flight.maybe_processed or kind is not Failure.NOT_SENT
        pause = backoff(attempt, self._shared.chance())
        logger.debug("%s: %s; attempt %d in %.1f s", in_flight.call.name, kind.value, attempt + 1, pause)
        in_flight.ticket.number = 0
        await anyio.sleep(pause)

    def _renews(self, in_flight: InFlightCall, response: Response | None) -> bool:
        """Return whether to attempt a call again, because a 401 showed that its credentials had expired."""
        if response is None or response.status != _UNAUTHORIZED or in_flight.renewed:
            return False
        if not isinstance(in_flight.auth, Renewing):
            return False
        in_flight.renewed = True
        in_flight.auth.invalidate(cast("Signing", in_flight.signer))
        return True

    def _is_done(self, call: Call[Any], response: Response | None) -> bool:
        """Return whether the refusal of a repeat means that the first attempt succeeded."""
        return response is not None and self._shared.dialect.done_before(call, response)


def _is_not_modified(wire: Request, response: Response) -> bool:
    """Return whether a response says that the cached one is still valid."""
    return response.status == _NOT_MODIFIED and any(wire.header(name) for name in _CONDITIONS)


def _signer_of(auth: httpx.Auth) -> httpx.Auth | None:
    """Return the current credentials; None if they have to be renewed first."""
    return auth.signer() if isinstance(auth, Renewing) else auth


def _put_back(ticket: Ticket) -> None:
    """Put back a lease that the transport never claimed, because the auth flow failed, for example."""
    if (lease := ticket.claim()) is not None:
        lease.put_back()


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    """Close a response; if that fails, what was read of it counts, or the earlier error."""
    with anyio.CancelScope(shield=True):
        try:
            await close()
        except Exception:
            logger.debug("a response could not be closed", exc_info=True)
