"""The exchange: the one place where a call meets its dialect, the throttle and the retries.

Rules of this room:
- A call is turned into a request once. Each attempt takes its lease before the auth flow signs, so that no token goes
  stale in the line.
- What becomes of a failure is read in `retry`'s table; nothing here decides by the HTTP method.
- An answer is read whole before the connection goes back, up to a size and within the attempt's deadline.
- Cancellation comes out as cancellation; a call that had left by then is first handed to `on_unknown`.
- `before_send` is the last word before a request leaves: it holds the lease by then, and what it raises sends nothing.
- Redirects are never followed.
"""

from __future__ import annotations

import logging
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import anyio
import anyio.lowlevel
import httpx
from attrs import evolve, field, frozen

from harvest_async.address import check_address, header_value
from harvest_async.call import Call, Created, Dialect, Follow, Page
from harvest_async.clock import SECOND, span
from harvest_async.codec.slices import SLICE
from harvest_async.errors import (
    CreatedUnread,
    DecodeError,
    HarvestError,
    InvalidArgument,
    NotSent,
    OutcomeUnknown,
    ResponseError,
    response_error,
)
from harvest_async.retry import ATTEMPTS, Budget, Failure, Verdict, backoff, failure_of, verdict
from harvest_async.spool import IN_MEMORY, Spool
from harvest_async.throttle.lease import DEADLINE, Lease, Ticket
from harvest_async.throttle.line import Lane
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity, service_of
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import NOT_SENT, TICKET, ThrottledTransport, direct_transport
from harvest_async.wire import Answer, Wire, redact_url

__all__ = ["BeforeSend", "Exchange", "OnUnknown", "Options", "Shared", "open_exchange"]

logger = logging.getLogger("harvest_async")

T = TypeVar("T")

OnUnknown = Callable[[Call[Any]], Awaitable[None]]
BeforeSend = Callable[[Call[Any]], Awaitable[None]]

LARGEST: Final = 1024 * 1024 * 1024
"""The largest answer that is read, decoded, in bytes: a small answer may unfold to any size."""

LARGEST_RECORD: Final = 128 * 1024 * 1024
"""The largest answer that is read into memory as a whole: whatever is no list."""

_GLANCE: Final = 4_096

CONNECT: Final = 10.0
"""Seconds that making a connection may take."""

_in_bulk: ContextVar[frozenset[int]] = ContextVar("harvest_async_in_bulk", default=frozenset())


@frozen
class Options:
    """How calls are made, apart from what they are.

    Attributes:
        lane: the line at the gate; None is interactive, or bulk inside `bulk()`.
        max_wait: how long a call may wait at the gate, in seconds; None for as long as it takes.
        on_unknown: is given a call that was cancelled after it was sent.
        before_send: is awaited with each call that has its lease and is about to leave; what it raises comes out.
    """

    lane: Lane | None = None
    max_wait: float | None = None
    on_unknown: OnUnknown | None = None
    before_send: BeforeSend | None = None


@frozen(eq=False)
class Shared:
    """What all the exchanges of one client share.

    Attributes:
        client: what sends; its transport is a `ThrottledTransport`.
        auth: what signs.
        dialect: how calls and answers look.
        base_url: the address before every path, without a slash at its end.
        headers: the client's own header fields.
        throttle: the account's budget.
        status_call: how the account's status is asked for; None where there is no such call.
        status_dialect: how that call looks: in JSON, which the throttle reads.
        deadline: seconds that an attempt may take up to the headers.
        budget: retries that may be made.
        chance: gives a number between 0 and 1, to spread retries.
    """

    client: httpx.AsyncClient
    auth: httpx.Auth
    dialect: Dialect
    base_url: str
    headers: tuple[tuple[str, str], ...]
    throttle: Throttle
    status_call: Call[Any] | None
    status_dialect: Dialect
    deadline: float = DEADLINE / SECOND
    budget: Budget = field(factory=Budget)
    chance: Callable[[], float] = random.random


@frozen
class _Failed:
    """An attempt that gave no success."""

    kind: Failure
    answer: Answer | None
    cause: Exception | None


class Exchange:
    """Sends calls for one account."""

    def __init__(self, shared: Shared, options: Options = Options()) -> None:
        self._shared = shared
        self._options = options

    @property
    def throttle(self) -> Throttle:
        """The account's budget."""
        return self._shared.throttle

    @property
    def options(self) -> Options:
        """How its calls are made."""
        return self._options

    def with_options(self, **changes: Any) -> Exchange:
        """The same exchange with other options (see `Options`).

        Raises:
            InvalidArgument: `max_wait` is negative.
        """
        options = evolve(self._options, **changes)
        if options.max_wait is not None and not options.max_wait >= 0:
            raise InvalidArgument(f"max_wait={options.max_wait!r}: give 0 or more seconds, or None")
        return Exchange(self._shared, options)

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Put the calls made inside, by this task and those it starts, into the bulk lane."""
        token = _in_bulk.set(_in_bulk.get() | {id(self._shared)})
        try:
            yield
        finally:
            _in_bulk.reset(token)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._shared.client.aclose()

    # Calls

    async def send(self, call: Call[T]) -> T:
        """Carry a call out and read its answer.

        Raises:
            WouldWait: it would wait longer than `max_wait`; nothing was sent.
            NotSent: no connection was had; nothing was sent.
            OutcomeUnknown: it was sent, and whether it was carried out is not known.
            ResponseError: the server refused, in the class of the status.
            DecodeError: the server's success can't be read.
        """
        wire, answer = await self._carry_out(call)
        return self._decode(call, wire, _whole(answer))

    async def records(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Carry a list out, page after page, and give its records one by one, however many they are.

        Each page is asked for when it is wanted and read in slices, between which others get their turn. A record that
        comes again, since the list moved between two pages, is given once (contract: paging.drift).

        Raises:
            HarvestError: as `send`.
        """
        dialect, seen = self._shared.dialect, set[object]()
        size = dialect.page_size(call)
        while True:
            wire, answer = await self._carry_out(call)
            count = 0
            with answer.spool or nullcontext():
                for slice_ in _told(dialect.slices(call, answer, _chunks(answer)), wire, answer):
                    count += len(slice_)
                    for record in slice_ if size is None else _unseen(slice_, seen):
                        yield record
                    await anyio.lowlevel.checkpoint()
            if size is None or count < size:
                return
            call = dialect.next_page(call)

    async def create_and_read(self, call: Call[Created[T]], read: Follow[T]) -> T:
        """Create a record and give it whole: from the answer's body, else by reading it once more.

        Raises:
            CreatedUnread: it was created, but could not be read.
            HarvestError: as `send`.
        """
        created = await self.send(call)
        if created.record is not None:
            return created.record
        if created.id is None:
            raise CreatedUnread(
                f"{call.name}: created, but the answer names no record: look for it, don't create it again",
                id=None,
                location=created.location,
            )
        try:
            return await self.send(read(created.id))
        except HarvestError as error:
            raise CreatedUnread(
                f"{call.name}: created with id {created.id}, but reading it back failed: {error}",
                id=created.id,
                location=created.location,
                request=error.request,
                answer=error.answer,
            ) from error
        except BaseException:
            await self._cut_off(call)
            raise

    async def _cut_off(self, call: Call[Any]) -> None:
        """Tell whoever listens that a call's result will not reach its caller."""
        if self._options.on_unknown is not None:
            with anyio.CancelScope(shield=True):
                await self._options.on_unknown(call)

    # Attempts

    async def _carry_out(self, call: Call[Any]) -> tuple[Wire, Answer]:
        """Send a call, and give what went out and what came back."""
        shared = self._shared
        wire = shared.dialect.encode(call, shared.base_url, shared.headers)
        ticket = self._ticket(call)
        try:
            return wire, await self._persist(call, wire, ticket)
        except HarvestError as error:
            error.request = error.request or wire
            raise
        except BaseException:  # cancellation, as a rule
            if ticket.left:
                await self._cut_off(call)
            raise

    def _ticket(self, call: Call[Any]) -> Ticket:
        options = self._options
        bulk = options.lane is Lane.BULK or (options.lane is None and id(self._shared) in _in_bulk.get())
        return Ticket(
            lane=Lane.BULK if bulk else Lane.INTERACTIVE,
            deadline=span(self._deadline(call)),
            max_wait=None if options.max_wait is None else span(options.max_wait),
            probe=None if self._shared.status_call is None else self._probe,
        )

    def _deadline(self, call: Call[Any]) -> float:
        return self._shared.deadline if call.deadline is None else call.deadline

    async def _persist(self, call: Call[Any], wire: Wire, ticket: Ticket) -> Answer:
        """Attempt a call until it succeeds or the table says that it may not be attempted again."""
        budget, attempt, lost = self._shared.budget, 1, False
        while isinstance(result := await self._attempt(call, wire, ticket), _Failed):
            decision = verdict(result.kind, call.repeat)
            if decision is not Verdict.RETRY or attempt == ATTEMPTS or not budget.spend():
                error = self._error(call, wire, result)
                if isinstance(error, ResponseError):
                    error.repeated = lost
                raise error
            lost = lost or result.kind is not Failure.NOT_SENT
            pause = backoff(attempt, self._shared.chance())
            attempt += 1
            logger.debug("%s: %s; attempt %d in %.1f s", call.name, result.kind.value, attempt, pause)
            ticket.number = 0  # it stands at the end of the line again
            await anyio.sleep(pause)
        budget.earn()
        return result

    async def _attempt(self, call: Call[Any], wire: Wire, ticket: Ticket) -> Answer | _Failed:
        """Send once, whatever number of refusals that takes."""
        clock = self._shared.throttle.clock
        ticket.left, waited = False, ticket.waited
        ticket.lease = lease = await self._shared.throttle.acquire(ticket)
        began = clock.now()
        try:
            if self._options.before_send is not None:
                await self._options.before_send(call)
            answer = await self._roundtrip(wire, ticket, call)
            kind = failure_of(answer.status)
            result: Answer | _Failed = answer if kind is None else _Failed(kind, answer, None)
            outcome = str(answer.status)
        except (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError, httpx.StreamError, TimeoutError) as error:
            kind = Failure.NOT_SENT if isinstance(error, NOT_SENT) else Failure.SILENT
            result, outcome = _Failed(kind, None, error), type(error).__name__
        finally:
            _hand_back(ticket, lease)
        logger.debug(
            "%s %s -> %s in %.3f s, %.3f s at the gate",
            wire.method,
            redact_url(wire.url),
            outcome,
            (clock.now() - began) / SECOND,
            (ticket.waited - waited) / SECOND,
        )
        return result

    async def _roundtrip(self, wire: Wire, ticket: Ticket, call: Call[Any]) -> Answer:
        shared, deadline = self._shared, self._deadline(call)
        request = httpx.Request(
            wire.method,
            wire.url,
            headers=list(wire.headers),
            content=wire.content,
            extensions={"timeout": shared.client.timeout.as_dict(), TICKET: ticket},
        )
        response = await shared.client.send(request, auth=shared.auth, stream=True, follow_redirects=False)
        try:
            with anyio.fail_after(deadline):
                return await _read(response)
        except (httpx.TransportError, TimeoutError):
            if not _tells_enough(response):
                raise
            return Answer(response.status_code, _headers(response))
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def _probe(self, lease: Lease) -> None:
        """Ask for the account's status on the lease that is there for it, signed like any call."""
        shared = self._shared
        if shared.status_call is None:
            return
        wire = shared.status_dialect.encode(shared.status_call, shared.base_url, shared.headers)
        ticket = Ticket(lease=lease)
        try:
            await self._roundtrip(wire, ticket, shared.status_call)
        except (httpx.TransportError, httpx.StreamError, TimeoutError, HarvestError) as error:
            logger.debug("the status call failed: %s", type(error).__name__)

    # Ends

    def _decode(self, call: Call[T], wire: Wire, answer: Answer) -> T:
        try:
            return self._shared.dialect.decode(call, answer)
        except DecodeError as error:
            error.request, error.answer = wire, answer
            raise

    def _error(self, call: Call[Any], wire: Wire, failed: _Failed) -> HarvestError:
        asked = f"{wire.method} {redact_url(wire.url)}"
        reason = failed.kind.value if failed.cause is None else f"{type(failed.cause).__name__}: {failed.cause}"
        if failed.kind is Failure.NOT_SENT:
            error: HarvestError = NotSent(f"{asked} was not sent ({reason}): check the network and try again")
        elif failed.answer is None or verdict(failed.kind, call.repeat) is Verdict.UNKNOWN:
            status = f", answered {failed.answer.status}" if failed.answer is not None else ""
            error = OutcomeUnknown(
                f"{asked} was sent{status} ({reason}), and may or may not have been carried out: "
                "read what is there before you send it again",
                request=wire,
                answer=failed.answer,
            )
        else:
            error = response_error(failed.answer, wire, self._shared.dialect.explain(failed.answer))
        error.__cause__ = failed.cause
        return error


def open_exchange(
    *,
    account: str,
    auth: httpx.Auth,
    app: str,
    dialect: Dialect,
    base_url: str,
    status_call: Call[Any] | None,
    status_dialect: Dialect | None = None,
    throttle: Throttle | None = None,
    timeout: float = DEADLINE / SECOND,
    transport: httpx.AsyncBaseTransport | None = None,
    ssl_context: ssl.SSLContext | None = None,
    proxy: str | None = None,
) -> Exchange:
    """Open the way to an account; nothing is sent yet.

    Args:
        account: the account's name within its service: what finds the throttle where none is given.
        auth: what signs.
        app: who is calling, with a way to be reached; sent as `User-Agent` (contract: headers.User-Agent).
        dialect: how calls and answers look.
        base_url: the address before every path.
        status_call: how the account's status is asked for; None where there is no such call.
        status_dialect: how that call looks, if not like the others: it has to be answered in JSON.
        throttle: the account's budget; None finds the process's own one for the account.
        timeout: seconds that an attempt may take up to the answer's headers.
        transport: what really sends; None makes one with as many connections as the gate uses.
        ssl_context: for the transport that is made; None shares one with the process's other clients.
        proxy: the proxy's address; None goes by the environment (never for loopback).

    Raises:
        InvalidArgument: an argument can't be used.
    """
    address = check_address(base_url)
    if not timeout > 0:
        raise InvalidArgument(f"timeout={timeout!r}: give seconds above 0")
    throttle = throttle or DEFAULT_REGISTRY.throttle(Identity(service_of(address), account))
    inner = transport or direct_transport(address, ssl_context, proxy)
    client = httpx.AsyncClient(
        transport=ThrottledTransport(inner, throttle, status_path=None),
        timeout=httpx.Timeout(timeout, connect=min(CONNECT, timeout)),
        trust_env=False,
    )
    headers = (("User-Agent", f"{header_value('app', app)} harvest_async"), ("Accept-Encoding", "gzip, deflate"))
    return Exchange(
        Shared(client, auth, dialect, address, headers, throttle, status_call, status_dialect or dialect, timeout)
    )


def _hand_back(ticket: Ticket, lease: Lease) -> None:
    """A lease that the transport never claimed (the auth flow failed, say) was never used."""
    if ticket.claim() is not None:
        lease.unsent()
        lease.release()


async def _read(response: httpx.Response) -> Answer:
    """Read a body: into memory, and a large one into a file, which only a success keeps."""
    spool, head = Spool(), Answer(response.status_code, _headers(response))
    try:
        async for chunk in response.aiter_bytes():
            spool.write(chunk)
            _allow(spool, LARGEST, head)
    except BaseException:
        spool.close()
        raise
    if response.is_success and spool.size > IN_MEMORY:
        return evolve(head, content=spool.read(_GLANCE), spool=spool)
    with spool:
        return evolve(head, content=spool.read(IN_MEMORY))


def _allow(spool: Spool, most: int, head: Answer) -> None:
    if spool.size > most:
        raise DecodeError(f"the answer is larger than {most} bytes and was not read", answer=head)


def _whole(answer: Answer) -> Answer:
    """An answer with all of its body in memory."""
    if answer.spool is None:
        return answer
    with answer.spool as spool:
        _allow(spool, LARGEST_RECORD, evolve(answer, spool=None))
        return evolve(answer, content=spool.read(), spool=None)


def _chunks(answer: Answer) -> Iterable[bytes]:
    return (answer.content,) if answer.spool is None else answer.spool.chunks(SLICE)


def _told(slices: Iterable[list[T]], wire: Wire, answer: Answer) -> Iterator[list[T]]:
    """The slices; where one can't be read, the error tells of which request."""
    try:
        yield from slices
    except DecodeError as error:
        error.request, error.answer = wire, evolve(answer, spool=None)
        raise


def _unseen(records: Iterable[T], seen: set[object]) -> Iterator[T]:
    """The records whose ids were not there yet."""
    for record in records:
        number = getattr(record, "id", record)
        if number not in seen:
            seen.add(number)
            yield record


def _headers(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    return tuple(response.headers.multi_items())


def _tells_enough(response: httpx.Response) -> bool:
    """Whether an answer whose body broke off says all the same that, and where, a record was created."""
    return response.is_success and "location" in response.headers
