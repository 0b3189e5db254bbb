"""One call on its way: attempts, until one succeeds or the table says that there may be no more.

Rules of this room:
- Each attempt takes its lease before it is signed, so that no credential goes out of date in the line. Nobody who
  waits for a new credential holds a lease.
- What becomes of a failure is read in `retry`'s table; nothing here decides by the HTTP method.
- `before` is the last word before a request leaves: it holds the lease by then, and what it raises sends nothing.
- Redirects are never followed, and cookies never kept.
- Only `Ticket.left` tells whether a request may have left, never the class of an exception: once it may have, whatever
  is raised leaves the outcome unknown, unless the answer itself refuses the call.
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
    InvalidArgument,
    NotSent,
    OutcomeUnknown,
    ResponseError,
    WouldWait,
    response_error,
)
from harvest_async.exchange.body import headers_of, read
from harvest_async.exchange.keeping import Shelf, Watcher
from harvest_async.retry import USUAL, Budget, Failure, Limits, Verdict, backoff, failure_of, verdict
from harvest_async.throttle.lease import DEADLINE, Lease, Ticket
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import NOT_SENT, TICKET, LoopTransport, timeouts
from harvest_async.wire import Answer, Wire, redact_message, redact_url

__all__ = ["Attempts", "BeforeSend", "Going", "Shared", "unknown", "words_of"]

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

    def deadline_of(self, call: Call[Any], limits: Limits = USUAL) -> float:
        """Seconds that an attempt of a call may take up to the headers."""
        return limits.timeout or call.deadline or self.deadline


@define(eq=False)
class Going:
    """One call on its way.

    Attributes:
        call: what is asked.
        wire: the request, unsigned.
        ticket: its place in the line.
        auth: what signs it.
        before: is awaited when it has its lease and is about to leave.
        limits: how long and how often it is tried.
        signer: what signed its last attempt.
        perhaps: whether an attempt that came to nothing may have been carried out all the same.
        renewed: whether it was sent once more because its credential had gone out of date.
        verdict: the error that its last attempt came to, by the table; None before.
    """

    call: Call[Any]
    wire: Wire
    ticket: Ticket
    auth: httpx.Auth
    before: BeforeSend | None = None
    limits: Limits = USUAL
    signer: httpx.Auth | None = None
    perhaps: bool = False
    renewed: bool = False
    verdict: HarvestError | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether one of its attempts may have been carried out, as far as anybody has found out."""
        return self.ticket.left or self.perhaps

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
        call, limits, attempt = going.call, going.limits, 1
        budget = self._shared.budget if limits.budget is None else limits.budget
        while isinstance(result := await self._signed(going), _Failed):
            if going.perhaps and result.answer is not None and self._shared.dialect.done_before(call, result.answer):
                return result.answer
            decision = verdict(result.kind, call.repeat)
            if decision is not Verdict.RETRY or attempt >= limits.attempts or not budget.spend():
                going.verdict = self._error(going, result)
                raise going.verdict
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
            error.request = (error.request or whole).redacted()
            error.answer = None if error.answer is None else error.answer.redacted()
            raise

    async def probe(self, lease: Lease) -> None:
        """Ask for the account's status on the lease that is there for it, signed like any call."""
        shared, call = self._shared, cast("Call[Any]", self._shared.status_call)  # else nobody is given this probe
        signer = _signer_of(shared.auth)
        if signer is None:
            lease.put_back()
            if lease.probes:
                raise _OutOfDate  # its leader has the credential renewed, which takes a lease of its own
            return
        wire = shared.status_dialect.encode(call, shared.base_url, shared.headers)
        ticket = Ticket(lease=lease)
        try:
            await self._roundtrip(Going(call, wire, ticket, shared.auth, signer=signer))
        except Exception as error:
            if not (ticket.left or isinstance(error, (*_LOST, HarvestError))):
                raise  # it can't be asked at all
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
        ticket.left, waited, began = False, ticket.waited, clock.now()
        await self._enter(going)
        try:
            began = clock.now()
            if going.before is not None:
                await going.before(going.call)
            answer = await self._roundtrip(going)
            kind = None if _is_same(going, answer) else failure_of(answer.status)
            result: Answer | _Failed = answer if kind is None else _Failed(kind, answer, None)
            outcome = str(answer.status)
        except _LOST as error:
            # A hook or a broken body may raise what is "not sent" by its class, long after the request was sent.
            kind = Failure.NOT_SENT if isinstance(error, NOT_SENT) and not ticket.left else Failure.SILENT
            result, outcome = _Failed(kind, None, error), type(error).__name__
        except DecodeError:
            raise
        except Exception as error:
            if ticket.left:
                raise unknown(going, None, words_of(error)) from error
            _check_repeat(going, error)
            raise
        finally:
            _hand_back(ticket)
        if logger.isEnabledFor(logging.DEBUG):
            took, stood = (clock.now() - began) / SECOND, (ticket.waited - waited) / SECOND
            logger.debug("%s -> %s in %.3f s, %.3f s at the gate", going.asked, outcome, took, stood)
        return result

    async def _enter(self, going: Going) -> None:
        """Wait for a lease at a moment when the credential is good; it is in the ticket then."""
        ticket = going.ticket
        await self._check_open()
        try:
            while True:
                if _signer_of(going.auth) is None:
                    await self._renew(ticket)
                ticket.lease = await self._shared.throttle.acquire(ticket)
                going.signer = _signer_of(going.auth)
                if going.signer is not None:
                    return
                _hand_back(ticket)  # the credential went out of date in the line, and to renew it takes a lease
        except BaseException as error:
            _hand_back(ticket)
            _check_repeat(going, error)
            raise

    async def _check_open(self) -> None:
        """Refuse calls that can't be sent, however often they are tried."""
        shared = self._shared
        if shared.client.is_closed:
            raise InvalidArgument("the client has been closed: make a new one")
        if isinstance(shared.direct, LoopTransport):
            await shared.direct.current()

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
            extensions={"timeout": timeouts(going.limits.timeout or shared.deadline), TICKET: going.ticket},
        )
        try:
            response = await shared.client.send(request, auth=going.signer, stream=True, follow_redirects=False)
        except BaseException:
            if (close := going.ticket.close_answer) is not None:  # httpx or a hook failed with the answer in hand
                await _closed(close)
            raise
        try:
            async with asyncio.timeout(shared.deadline_of(going.call, going.limits)):
                return await read(response, going.call.largest)
        except Exception:
            if not _tells_enough(response):
                raise
            return Answer(response.status_code, headers_of(response))
        finally:
            if not response.is_closed:
                await _closed(response.aclose)

    # Ends

    def _error(self, going: Going, failed: _Failed) -> HarvestError:
        reason = failed.kind.value if failed.cause is None else words_of(failed.cause)
        if failed.kind is Failure.NOT_SENT and (not going.perhaps or going.call.repeat is Repeat.SAFE):
            error: HarvestError = NotSent(f"{going.asked} was not sent ({reason}): check the network and try again")
        elif failed.answer is None or verdict(failed.kind, going.call.repeat) is Verdict.UNKNOWN:
            error = unknown(going, failed.answer, reason)
        else:
            said = self._explain(failed.answer)
            error = response_error(failed.answer, going.wire, said)
        error.__cause__ = failed.cause
        return error

    def _explain(self, answer: Answer) -> str:
        """The server's own words; a refusal stays a refusal where they can't be read."""
        try:
            return self._shared.dialect.explain(answer)
        except Exception:
            logger.debug("the words of an answer of %d can't be read", answer.status, exc_info=True)
            return ""


def unknown(going: Going, answer: Answer | None, reason: str) -> OutcomeUnknown:
    """The error of a call that was sent and may have been carried out."""
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


def _check_repeat(going: Going, error: BaseException) -> None:
    """Raise `OutcomeUnknown` where an error ends a repeat, and the attempt before it may have been carried out."""
    if isinstance(error, HarvestError) and going.perhaps and going.call.repeat is not Repeat.SAFE:
        raise unknown(going, None, f"a repeat came to nothing: {error}") from error


def words_of(error: Exception) -> str:
    """An exception's class and text, credentials taken out, for the message of another."""
    try:
        words = redact_message(str(error))
    except Exception:  # noqa: BLE001 - the class has to do
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _signer_of(auth: httpx.Auth) -> httpx.Auth | None:
    """What signs now; None where a credential has to be renewed first."""
    return auth.signer() if isinstance(auth, Renewing) else auth


def _hand_back(ticket: Ticket) -> None:
    """A lease that the transport never claimed (the auth flow failed, say) was never used."""
    if (lease := ticket.claim()) is not None:
        lease.put_back()


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    """Close an answer; what was read of it, or failed before, counts whatever becomes of that."""
    with anyio.CancelScope(shield=True):
        try:
            await close()
        except Exception:
            logger.debug("an answer could not be closed", exc_info=True)


def _path_of(url: str) -> str:
    return urlsplit(url).path or "/"


def _tells_enough(response: httpx.Response) -> bool:
    """Whether an answer whose body broke off says all the same that, and where, a record was created."""
    return response.is_success and "location" in response.headers
