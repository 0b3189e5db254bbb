"""The exchange: sends calls for resources and returns their results.

Invariants:
- A call is encoded once, and its response decoded as the call's result.
- Cancellation is raised as cancellation; a call that may have been sent is passed to `on_unknown` before.
- If the response to a call that must not be repeated can't be read, the outcome is unknown.
- So it is after any other exception once a request may have been sent, except cancellation and the program's end.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

import anyio.lowlevel
from attrs import evolve

from harvest_async.auth import Renewing, Signing
from harvest_async.call import Call, Created, Follow, ListReader, Page, Repeat
from harvest_async.cancellation import finish
from harvest_async.clock import span
from harvest_async.codec.text import only_decode_errors
from harvest_async.errors import CreatedUnread, DecodeError, HarvestError, OutcomeUnknown
from harvest_async.exchange.cache_protocol import Watcher, cache_identity, keepable
from harvest_async.exchange.files import fetch
from harvest_async.exchange.options import PLAIN, Options, change
from harvest_async.exchange.recording import keep
from harvest_async.exchange.response_body import chunks, whole
from harvest_async.exchange.retrying import Attempts, InFlightCall, Shared, unknown, words_of
from harvest_async.messages import Request, Response
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle

__all__ = ["Exchange"]

logger = logging.getLogger("harvest_async")

T = TypeVar("T")

_in_bulk: ContextVar[frozenset[Shared]] = ContextVar("harvest_async_in_bulk", default=frozenset())


class Exchange:
    """Sends calls for one account."""

    def __init__(self, shared: Shared, options: Options = PLAIN) -> None:
        self._shared = shared
        self._options = options
        self._attempts = Attempts(shared)

    @property
    def throttle(self) -> Throttle:
        """The account's throttle."""
        return self._shared.throttle

    @property
    def base_url(self) -> str:
        """The URL before every path."""
        return self._shared.base_url

    @property
    def options(self) -> Options:
        """The options of its calls."""
        return self._options

    @property
    def urgency(self) -> Hashable:
        """The options that decide how long a call may take: calls with equal ones may wait for each other."""
        options = self._options
        return self._lane(), options.max_wait, options.limits.timeout, options.limits.attempts

    def with_options(self, **changes: Any) -> Exchange:
        """The same exchange with other options (see `HarvestV1.options`).

        Raises:
            InvalidArgument: a value can't be used.
        """
        return Exchange(self._shared, change(self._options, changes))

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Put the calls made inside, by this task and those it starts, into the bulk lane."""
        token = _in_bulk.set(_in_bulk.get() | {self._shared})
        try:
            yield
        finally:
            _in_bulk.reset(token)

    async def aclose(self) -> None:
        """Close all connections, after a renewal of credentials that is running."""
        try:
            if isinstance(self._shared.auth, Renewing):
                await self._shared.auth.settle()
            if self._shared.shelf is not None:
                await self._shared.shelf.aclose()
        finally:
            await self._shared.client.aclose()

    # Calls

    async def send(self, call: Call[T]) -> T:
        """Send a call and return its result.

        Raises:
            WouldWait: the wait would exceed `max_wait`; nothing was sent.
            NotSent: no connection could be made; nothing was sent.
            OutcomeUnknown: it was sent, and may or may not have been processed.
            ResponseError: the server refused it; the class depends on the status.
            DecodeError: the server's success can't be read.
        """
        going, response = await self._carry_out(call)
        try:
            return self._decode(call, going, response)
        except Exception:
            raise
        except BaseException:  # the program is to end, and nobody has seen the result
            await self._cut_off(call)
            raise

    async def records(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Send the calls for the pages of a list, and yield its records one by one.

        Each page is requested when it is needed and read in slices, between which other tasks may run. A record that
        comes again, because the list changed between two pages, is yielded once.

        Raises:
            HarvestError: as `send`; `DecodeError` if the server sends the same page without end.
        """
        seen, pages = set[object](), set[object]()
        following: Call[Page[T]] | None = call
        while following is not None:
            pages.add(following.query)
            in_flight, response = await self._carry_out(following)
            with response.buffer or nullcontext():
                with _reading(in_flight, response):
                    reader = self._shared.dialect.list_reader(following, response)
                for slice_ in _slices(reader, in_flight, response):
                    for record in _unseen(slice_, seen) if reader.is_paged else slice_:
                        yield record
                    await anyio.lowlevel.checkpoint()
            with _reading(in_flight, response):
                following = _next_call(reader, pages)

    async def create_and_read(self, call: Call[Created[T]], read: Follow[T]) -> T:
        """Create a record and return it whole: from the response, or by reading it once more.

        Raises:
            CreatedUnread: it was created, but could not be read.
            HarvestError: as `send`.
        """
        going, response = await self._carry_out(call)
        created = self._decode(call, going, response)
        if created.record is not None:
            return created.record
        if created.id is None:
            raise CreatedUnread(
                f"{call.name}: created, but the answer names no record: look for it, don't create it again",
                id=None,
                location=created.location,
                request=_shown(going),
                response=response,
            )
        try:
            return await self.send(read(created.id))
        except Exception as error:
            raise _not_read_back(call, created, error) from error
        except BaseException:
            await self._cut_off(call)
            raise

    def watch(self, watcher: Watcher) -> None:
        """Notify a watcher of each call that may have changed records, until it is garbage-collected."""
        self._shared.watchers.add(watcher)

    async def send_form(self, wire: Request) -> Response:
        """Send a request that carries its own credentials, for a sign-in by `OAuth2`: see `auth.Send`.

        Raises:
            HarvestError: it had no response, or may or may not have been processed.
        """
        return await self._attempts.send_form(wire)

    async def response(self, call: Call[Any]) -> Response:
        """Send a call and return the undecoded response; the caller closes its `buffer`.

        Raises:
            HarvestError: as `send`.
        """
        return (await self._carry_out(call))[1]

    async def fetch(self, url: str, *, accept: str, largest: int) -> Response:
        """Fetch a file from another host, without credentials (see `files.fetch`)."""
        return keep(await fetch(self._shared, url, accept, largest, self._options.limits))

    # Inside

    async def _carry_out(self, call: Call[Any]) -> tuple[InFlightCall, Response]:
        """Send a call; return its state and its response."""
        shared, options = self._shared, self._options
        wire = shared.dialect.encode(call, shared.base_url, shared.headers + options.headers)
        going = InFlightCall(call, wire, self._ticket(call), shared.auth, options.before_send, options.limits)
        try:
            return going, keep(await self._answer(going))
        except DecodeError as error:
            raise _unread(going, error, error.response) from error.__cause__
        except Exception as error:
            if not _is_known(going, error):
                failed = unknown(going, None, words_of(error))
                failed.request = _shown(going)
                raise failed from error
            if isinstance(error, HarvestError) and (error.request is None or error.request in (wire, going.wire)):
                error.request = _shown(going)
            raise
        except BaseException:  # cancellation, as a rule
            if going.in_doubt:
                await self._cut_off(call)
            raise

    async def _answer(self, going: InFlightCall) -> Response:
        """Send a call unless a fresh response is cached; notify the cache and watchers of a write."""
        shared, shelf, attempts = self._shared, self._shared.shelf, self._attempts
        if going.call.repeat is not Repeat.SAFE:
            return await self._write(going)
        if shelf is None or self._options.headers or not keepable(going.call, shared.status_call):
            return await attempts.send(going)
        person = await cache_identity(shared.auth)

        async def ask(wire: Request) -> Response:
            going.wire, going.ticket.number = wire, 0
            return await attempts.send(going)

        return await (shelf.response(going.wire, person, ask) if person else attempts.send(going))

    async def _write(self, going: InFlightCall) -> Response:
        shared, done = self._shared, False
        if shared.shelf is not None:
            shared.shelf.written()
        try:
            response = await self._attempts.send(going)
            done = True
            return response
        finally:
            if shared.shelf is not None:
                _inform(going.call, shared.shelf.written)
            for watcher in tuple(shared.watchers):
                _inform(going.call, partial(watcher.wrote, going.call, done=done))

    async def _cut_off(self, call: Call[Any]) -> None:
        """Pass a call whose result will not reach its caller to `on_unknown`."""
        if self._options.on_unknown is None:
            return
        try:
            await finish(_ended(self._options.on_unknown(call)))
        except Exception:
            logger.exception("%s: on_unknown failed", call.name)

    def _ticket(self, call: Call[Any]) -> Ticket:
        options = self._options
        return Ticket(
            lane=self._lane(),
            deadline=span(self._shared.deadline_of(call, options.limits)),
            max_wait=None if options.max_wait is None else span(options.max_wait),
            probe=None if self._shared.status_call is None else self._attempts.probe,
        )

    def _lane(self) -> Lane:
        options = self._options
        bulk = options.lane is Lane.BULK or (options.lane is None and self._shared in _in_bulk.get())
        return Lane.BULK if bulk else Lane.INTERACTIVE

    def _decode(self, call: Call[T], going: InFlightCall, response: Response) -> T:
        try:
            with only_decode_errors(response.content):
                return self._shared.dialect.decode(call, whole(response))
        except DecodeError as error:
            raise _unread(going, error, error.response or evolve(response, buffer=None)) from error.__cause__


def _unread(going: InFlightCall, error: DecodeError, response: Response | None) -> HarvestError:
    """Return the error for a success that can't be read; the outcome may be unknown then."""
    error.request, error.response = _shown(going), response
    if going.call.repeat is not Repeat.UNSAFE:
        return error
    failed = OutcomeUnknown(
        f"{going.asked} was answered, but the answer can't be read, and it may or may not have been carried out: "
        f"read what is there before you send it again. {error}",
        request=error.request,
        response=response,
    )
    failed.__cause__ = error.__cause__ or error
    return failed


def _shown(going: InFlightCall) -> Request:
    """Return the request as it was signed, without its credentials."""
    signer = going.signer or going.auth
    return signer.show(going.wire) if isinstance(signer, Signing) else going.wire


def _is_known(going: InFlightCall, error: Exception) -> bool:
    """Return whether an error states the outcome: not sent, refused, or unknown already.

    A hook or a logging handler may raise any class, ours too, after the call was processed.
    """
    if not going.in_doubt or error is going.verdict or isinstance(error, OutcomeUnknown):
        return True
    return isinstance(error, HarvestError) and going.call.repeat is Repeat.SAFE


def _inform(call: Call[Any], tell: Callable[[], None]) -> None:
    """Notify a watcher that a call has ended; log what it raises."""
    try:
        tell()
    except Exception:
        logger.exception("%s: what keeps the account's records failed", call.name)


def _not_read_back(call: Call[Any], created: Created[Any], error: Exception) -> CreatedUnread:
    """Return the error for a record that was created but could not be read."""
    ours = isinstance(error, HarvestError)
    return CreatedUnread(
        f"{call.name}: created with id {created.id}, but reading it back failed: {error if ours else words_of(error)}",
        id=created.id,
        location=created.location,
        request=error.request if isinstance(error, HarvestError) else None,
        response=error.response if isinstance(error, HarvestError) else None,
    )


async def _ended(work: Awaitable[None]) -> None:
    await work


@contextmanager
def _reading(in_flight: InFlightCall, response: Response) -> Iterator[None]:
    """Raise only `DecodeError` while a list is read, with its request and response."""
    try:
        with only_decode_errors(response.content):
            yield
    except DecodeError as error:
        error.request, error.response = _shown(in_flight), evolve(response, buffer=None)
        raise


def _slices(reader: ListReader[T], in_flight: InFlightCall, response: Response) -> Iterator[list[T]]:
    """Yield the records of one page, some at a time."""
    for chunk in chunks(response):
        with _reading(in_flight, response):
            records = reader.feed(chunk)
        yield records
    with _reading(in_flight, response):
        records = reader.close()
    yield records


def _next_call(reader: ListReader[T], pages: set[object]) -> Call[Page[T]] | None:
    """Return the call for the next page; None after the last."""
    call = reader.next_call
    if call is not None and call.query in pages:
        raise DecodeError(f"{call.name}: the link to the next page leads to a page that was already read")
    return call


def _unseen(records: Iterable[T], seen: set[object]) -> Iterator[T]:
    """Yield the records whose ids are new; records without an id are all different."""
    for record in records:
        number = getattr(record, "id", record)
        if number is None:
            yield record
        elif number not in seen:
            seen.add(number)
            yield record
