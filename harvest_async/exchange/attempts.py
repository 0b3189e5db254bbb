"""One call on its way: attempts, until one succeeds or the table says that there may be no more.

Rules of this room:
- Each attempt takes its lease before it is signed, so that no credential goes out of date in the line. Nobody who
  waits for a new credential holds a lease.
- What becomes of a failure is read in `retry`'s table; nothing here decides by the HTTP method.
- `before` is the last word before a request leaves: it holds the lease by then, and what it raises sends nothing.
- Redirects are never followed, and cookies never kept.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import urlsplit
from weakref import WeakSet

import anyio
import httpx
from attrs import define, evolve, field, frozen

from harvest_async.auth import Renewing, Signing, Unsigned
from harvest_async.call import Call, Dialect, Repeat
from harvest_async.clock import SECOND, span
from harvest_async.errors import (
    DecodeError,
    HarvestError,
    NotSent,
    OutcomeUnknown,
    ResponseError,
    Throttled,
    WouldWait,
    response_error,
)
from harvest_async.exchange.body import headers_of, read
from harvest_async.exchange.keeping import Shelf, Watcher
from harvest_async.retry import ATTEMPTS, Budget, Failure, Verdict, backoff, failure_of, verdict
from harvest_async.throttle.lease import DEADLINE, Lease, Ticket
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import NOT_SENT, TICKET
from harvest_async.wire import Answer, Wire, redact_message, redact_url

__all__ = ["Attempts", "BeforeSend", "Going", "Shared"]

logger = logging.getLogger("harvest_async")

BeforeSend = Callable[[Call[Any]], Awaitable[None]]

_LOST: Final = (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError, httpx.StreamError, TimeoutError)
_UNAUTHORIZED: Final = 401
_NOT_MODIFIED: Final = 304
_CONDITIONS: Final = ("if-none-match", "if-modified-since")


@frozen(eq=False)
class Shared:
    """What all the exchanges of one client share.

    Attributes:
        client: what sends; its transport is a `ThrottledTransport`.
        direct: what sends without the throttle: to other hosts, where files lie.
        auth: what signs.
        dialect: how calls and answers look.
        base_url: the address before every path, without a slash at its end.
        headers: the client's own header fields.
        throttle: the account's budget.
        status_call: how the account's status is asked for; None where there is no such call.
        status_dialect: how that call looks: in JSON, which the throttle reads.
        deadline: seconds that an attempt may take up to the headers.
        budget: retries that may be made.
        shelf: where answers are kept; None keeps none.
        watchers: who is told of each call that may have changed something.
        chance: gives a number between 0 and 1, to spread retries.
    """

    client: httpx.AsyncClient
    direct: httpx.AsyncBaseTransport
    auth: httpx.Auth
    dialect: Dialect
    base_url: str
    headers: tuple[tuple[str, str], ...]
    throttle: Throttle
    status_call: Call[Any] | None
    status_dialect: Dialect
    deadline: float = DEADLINE / SECOND
    budget: Budget = field(factory=Budget)
    shelf: Shelf | None = None
    watchers: WeakSet[Watcher] = field(factory=WeakSet)
    chance: Callable[[], float] = random.random

    def deadline_of(self, call: Call[Any]) -> float:
        """Seconds that an attempt of a call may take up to the headers."""
        return self.deadline if call.deadline is None else call.deadline


@define(eq=False)
class Going:
    """One call on its way.

    Attributes:
        call: what is asked.
        wire: the request, unsigned.
        ticket: its place in the line.
        auth: what signs it.
        before: is awaited when it has its lease and is about to leave.
        signer: what signed its last attempt.
        perhaps: whether an attempt that came to nothing may have been carried out all the same.
        renewed: whether it was sent once more because its credential had gone out of date.
    """

    call: Call[Any]
    wire: Wire
    ticket: Ticket
    auth: httpx.Auth
    before: BeforeSend | None = None
    signer: httpx.Auth | None = None
    perhaps: bool = False
    renewed: bool = False

    @property
    def asked(self) -> str:
        """The request in an error's words."""
        return f"{self.wire.method} {redact_url(self.wire.url)}"


@frozen
class _Failed:
    """An attempt that gave no success."""

    kind: Failure
    answer: Answer | None
    cause: Exception | None


class _OutOfDate(Exception):
    """The status can't be asked for with the credential as it is."""


class Attempts:
    """Sends calls for one account."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def send(self, going: Going) -> Answer:
        """Attempt a call until it succeeds or the table says that it may not be attempted again.

        Raises:
            HarvestError: as `Exchange.send`.
        """
        call, budget, attempt = going.call, self._shared.budget, 1
        while isinstance(result := await self._signed(going), _Failed):
            if going.perhaps and result.answer is not None and self._shared.dialect.done_before(call, result.answer):
                return result.answer
            decision = verdict(result.kind, call.repeat)
            if decision is not Verdict.RETRY or attempt == ATTEMPTS or not budget.spend():
                raise self._error(going, result)
            going.perhaps = going.perhaps or result.kind is not Failure.NOT_SENT
            pause = backoff(attempt, self._shared.chance())
            attempt += 1
            logger.debug("%s: %s; attempt %d in %.1f s", call.name, result.kind.value, attempt, pause)
            going.ticket.number = 0  # it stands at the end of the line again
            await anyio.sleep(pause)
        budget.earn()
        return result

    async def send_form(self, wire: Wire) -> Answer:
        """Send a request that carries its own credentials: the one for a token. See `auth.Send`."""
        call = Call[Any]("oauth2.token", wire.method, _path_of(wire.url), None, Repeat.UNSAFE)
        whole = evolve(wire, headers=wire.headers + self._shared.headers)
        ticket = Ticket(deadline=span(self._shared.deadline), apart=True)
        try:
            return await self.send(Going(call, whole, ticket, Unsigned()))
        except ResponseError as error:
            if error.answer is None:
                raise
            return error.answer
        except HarvestError as error:
            error.request = error.request or whole
            raise

    async def probe(self, lease: Lease) -> None:
        """Ask for the account's status on the lease that is there for it, signed like any call."""
        shared, call = self._shared, cast("Call[Any]", self._shared.status_call)  # else nobody is given this probe
        signer = _signer_of(shared.auth)
        if signer is None:
            lease.unused()
            lease.release()
            if lease.probes:
                raise _OutOfDate  # its leader has the credential renewed, which takes a lease of its own
            return
        wire = shared.status_dialect.encode(call, shared.base_url, shared.headers)
        try:
            await self._roundtrip(Going(call, wire, Ticket(lease=lease), shared.auth, signer=signer))
        except (*_LOST, HarvestError) as error:
            logger.debug("the status call failed: %s", type(error).__name__)

    # One attempt

    async def _signed(self, going: Going) -> Answer | _Failed:
        """Attempt a call, and once more where it shows that its credential has gone out of date (contract: 401)."""
        result = await self._begin(going)
        refused = isinstance(result, _Failed) and result.answer is not None and result.answer.status == _UNAUTHORIZED
        if not refused or going.renewed or not isinstance(going.auth, Renewing):
            return result
        going.renewed = True
        going.auth.distrust(cast("Signing", going.signer))
        return await self._begin(going)

    async def _begin(self, going: Going) -> Answer | _Failed:
        """Attempt a call, and begin anew where its credential went out of date while it led the probe."""
        while True:
            with suppress(_OutOfDate):
                return await self._attempt(going)

    async def _attempt(self, going: Going) -> Answer | _Failed:
        """Send once, whatever number of refusals that takes."""
        clock, ticket = self._shared.throttle.clock, going.ticket
        ticket.left, waited = False, ticket.waited
        lease = await self._enter(going)
        began = clock.now()
        try:
            if going.before is not None:
                await going.before(going.call)
            answer = await self._roundtrip(going)
            kind = None if _is_same(going, answer) else failure_of(answer.status)
            result: Answer | _Failed = answer if kind is None else _Failed(kind, answer, None)
            outcome = str(answer.status)
        except _LOST as error:
            kind = Failure.NOT_SENT if isinstance(error, NOT_SENT) else Failure.SILENT
            result, outcome = _Failed(kind, None, error), type(error).__name__
        finally:
            _hand_back(ticket, lease)
        if logger.isEnabledFor(logging.DEBUG):
            took, stood = (clock.now() - began) / SECOND, (ticket.waited - waited) / SECOND
            logger.debug("%s -> %s in %.3f s, %.3f s at the gate", going.asked, outcome, took, stood)
        return result

    async def _enter(self, going: Going) -> Lease:
        """Wait for a lease at a moment when the credential is good."""
        ticket = going.ticket
        try:
            while True:
                if _signer_of(going.auth) is None:
                    await self._renew(ticket)
                lease = await self._shared.throttle.acquire(ticket)
                going.signer = _signer_of(going.auth)
                if going.signer is not None:
                    ticket.lease = lease
                    return lease
                lease.unused()  # the credential went out of date in the line, and to renew it takes a lease
                lease.release()
        except (WouldWait, Throttled, NotSent) as error:
            if going.perhaps and going.call.repeat is not Repeat.SAFE:
                raise _unknown(going, None, f"a repeat came to nothing: {error}") from error
            raise

    async def _renew(self, ticket: Ticket) -> None:
        """Have a new credential made, waiting no longer than the call may wait at the gate."""
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

    async def _roundtrip(self, going: Going) -> Answer:
        shared, wire = self._shared, going.wire
        request = httpx.Request(
            wire.method,
            wire.url,
            headers=list(wire.headers),
            content=wire.content,
            extensions={"timeout": shared.client.timeout.as_dict(), TICKET: going.ticket},
        )
        response = await shared.client.send(request, auth=going.signer, stream=True, follow_redirects=False)
        try:
            async with asyncio.timeout(shared.deadline_of(going.call)):
                return await read(response, going.call.largest)
        except (httpx.TransportError, TimeoutError, DecodeError):
            if not _tells_enough(response):
                raise
            return Answer(response.status_code, headers_of(response))
        finally:
            if not response.is_closed:
                with anyio.CancelScope(shield=True):
                    await response.aclose()

    # Ends

    def _error(self, going: Going, failed: _Failed) -> HarvestError:
        reason = failed.kind.value if failed.cause is None else _words_of(failed.cause)
        if failed.kind is Failure.NOT_SENT and (not going.perhaps or going.call.repeat is Repeat.SAFE):
            error: HarvestError = NotSent(f"{going.asked} was not sent ({reason}): check the network and try again")
        elif failed.answer is None or verdict(failed.kind, going.call.repeat) is Verdict.UNKNOWN:
            error = _unknown(going, failed.answer, reason)
        else:
            said = self._shared.dialect.explain(failed.answer)
            error = response_error(failed.answer, going.wire, said)
        error.__cause__ = failed.cause
        return error


def _unknown(going: Going, answer: Answer | None, reason: str) -> OutcomeUnknown:
    status = f", answered {answer.status}" if answer is not None else ""
    message = f"{going.asked} was sent{status} ({reason}), and may or may not have been carried out"
    if going.call.repeat is Repeat.SAFE:
        message = (
            f"{going.asked} was sent, and its answer was lost each time ({reason}): it only reads, so try it again"
        )
        return OutcomeUnknown(message, request=going.wire, answer=answer)
    return OutcomeUnknown(f"{message}: read what is there before you send it again", request=going.wire, answer=answer)


def _is_same(going: Going, answer: Answer) -> bool:
    """Whether the answer says that what a cache keeps is as good as before."""
    return answer.status == _NOT_MODIFIED and any(going.wire.header(name) for name in _CONDITIONS)


def _words_of(error: Exception) -> str:
    words = redact_message(str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _signer_of(auth: httpx.Auth) -> httpx.Auth | None:
    """What signs now; None where a credential has to be renewed first."""
    return auth.signer() if isinstance(auth, Renewing) else auth


def _hand_back(ticket: Ticket, lease: Lease) -> None:
    """A lease that the transport never claimed (the auth flow failed, say) was never used."""
    if ticket.claim() is not None:
        lease.unused()
        lease.release()


def _path_of(url: str) -> str:
    return urlsplit(url).path or "/"


def _tells_enough(response: httpx.Response) -> bool:
    """Whether an answer whose body broke off says all the same that, and where, a record was created."""
    return response.is_success and "location" in response.headers
