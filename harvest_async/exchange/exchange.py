"""The exchange: sends calls for resources and returns their results.

Invariants:
- A call is encoded once, and its response decoded as the call's result.
- Cancellation is raised as cancellation; a call that may have been sent is passed to `on_unknown` before.
- If the response to a call that must not be repeated can't be read, the outcome is unknown.
- So it is after any other exception once a request may have been sent, except cancellation and the program's end.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, TypeVar
from weakref import ref

from attrs import evolve

from harvest_async.auth import Renewing
from harvest_async.call import Call, Created, Follow, Page, Repeat
from harvest_async.cancellation import finish
from harvest_async.clock import SECOND, span
from harvest_async.codec.text import decode_error
from harvest_async.errors import DecodeError, HarvestError, OutcomeUnknown
from harvest_async.exchange.cache_protocol import ResponseStore, Watcher, cache_identity, keepable
from harvest_async.exchange.failures import described, is_known, not_named, not_read_back, unknown, unread
from harvest_async.exchange.files import fetch
from harvest_async.exchange.options import PLAIN, Options, change
from harvest_async.exchange.pages import slices
from harvest_async.exchange.recording import keep, recorders
from harvest_async.exchange.response_body import whole
from harvest_async.exchange.retrying import Attempts
from harvest_async.exchange.shared import InFlightCall, Shared
from harvest_async.messages import Request, Response
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle

__all__ = ["Exchange"]

logger = logging.getLogger("harvest_async")

T = TypeVar("T")

_NOT_MODIFIED: Final = 304

_in_bulk: ContextVar[frozenset[Shared]] = ContextVar("harvest_async_in_bulk", default=frozenset())

creations: ContextVar[list[Created[Any]] | None] = ContextVar("harvest_async_creations", default=None)
"""Collects what the calls of a task create: a create whose record is returned looks like any other call otherwise."""


class Exchange:
    """Sends calls for one account."""

    def __init__(self, shared: Shared, options: Options = PLAIN) -> None:
        self._shared = shared
        self._options = options
        self._attempts = Attempts(shared)
        self._headers = shared.headers + options.headers
        self._max_wait = None if options.max_wait is None else span(options.max_wait)

    @property
    def throttle(self) -> Throttle:
        """The account's throttle."""
        return self._shared.throttle

    @property
    def base_url(self) -> str:
        """The URL before every path."""
        return self._shared.base_url

    @property
    def is_closed(self) -> bool:
        """Whether its connections were closed."""
        return self._shared.client.is_closed

    @property
    def options(self) -> Options:
        """The options of its calls."""
        return self._options

    @property
    def urgency(self) -> Hashable:
        """The options that decide how long a call may take: calls with equal ones may wait for each other."""
        options = self._options
        return self._lane(), self._patience(), options.limits.timeout, options.limits.attempts

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
        shared = self._shared
        try:
            if isinstance(shared.auth, Renewing):
                await shared.auth.settle()
        finally:
            try:
                if shared.store is not None:
                    await shared.store.aclose()
            finally:
                await shared.client.aclose()

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
        in_flight, response = await self._send(call)
        try:
            result: T = self._decode(in_flight, response)
        except Exception:
            raise
        except BaseException:  # the program ends, and its result reaches no caller
            await self._report_unknown(call)
            raise
        return result

    def slices(self, call: Call[Page[T]]) -> AsyncGenerator[list[T], None]:
        """Send the calls for the pages of a list, and yield its records, some at a time.

        Each page is requested when it is needed and read in slices, between which other tasks may run. A record that
        comes again, because the list changed between two pages, is yielded once.

        Raises:
            HarvestError: as `send`; `DecodeError` if the server sends the same page without end.
        """
        return slices(call, self._send, self._shared.dialect)

    async def create_and_read(self, call: Call[Created[T]], read: Follow[T] | None) -> T:
        """Create a record and return it whole: from the response, or by reading it once more unless `read` is None.

        Raises:
            CreatedUnread: it was created, but could not be read.
            HarvestError: as `send`.
        """
        in_flight, response = await self._send(call)
        created: Created[T] = self._decode(in_flight, response)
        if (collected := creations.get()) is not None:
            collected.append(created)
        if created.record is not None:
            return created.record
        if created.id is None or read is None:
            raise not_named(in_flight, created, response)
        try:
            return await self.send(read(created.id))
        except Exception as error:
            raise not_read_back(call, created, error) from error
        except BaseException:
            await self._report_unknown(call)
            raise

    def watch(self, watcher: Watcher) -> None:
        """Notify a watcher of each call that may have changed records, until it is garbage-collected."""
        others = [each for each in self._shared.watchers if each() is not None and each() is not watcher]
        self._shared.watchers[:] = [*others, ref(watcher)]

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
        return (await self._send(call))[1]

    async def fetch(self, url: str, *, accept: str, largest: int) -> Response:
        """Fetch a file from another host, without credentials (see `files.fetch`)."""
        return keep(await fetch(self._shared, url, accept, largest, self._options.limits))

    # Inside

    async def _send(self, call: Call[Any]) -> tuple[InFlightCall, Response]:
        """Send a call; return its state and its response."""
        with self._shared.observer.call(call) as observer:
            in_flight = self._in_flight(call)
            in_flight.ticket.observer = observer
            return in_flight, await self._observed(in_flight)

    async def _observed(self, in_flight: InFlightCall) -> Response:
        """Send a call and return its response; its observer is notified if the outcome is unknown."""
        call, observer = in_flight.call, in_flight.ticket.observer
        unconditional = in_flight.wire  # a cache may replace the request by a conditional one
        try:
            if call.repeat is not Repeat.SAFE:
                response = await self._write(in_flight)
            elif self._shared.store is None:
                response = await self._attempts.send(in_flight)
            else:
                response = await self._read(in_flight, self._shared.store)
            return keep(response) if recorders.get() else response
        except DecodeError as error:
            raise self._unread(in_flight, error, error.response) from error.__cause__
        except Exception as error:
            if not is_known(in_flight, error):
                failed = unknown(in_flight, None, described(error))
                failed.request = in_flight.shown_request
                observer.unknown()
                raise failed from error
            if isinstance(error, OutcomeUnknown):
                observer.unknown()
            if isinstance(error, HarvestError) and error.request in (None, unconditional, in_flight.wire):
                error.request = in_flight.shown_request
            raise
        except BaseException:  # cancellation, as a rule
            if in_flight.outcome_unknown:
                observer.unknown()
                await self._report_unknown(call)
            raise

    def _in_flight(self, call: Call[Any]) -> InFlightCall:
        """Return a new call's state: its request, and its place in the queue."""
        shared, options = self._shared, self._options
        wire = shared.dialect.encode(call, shared.base_url, self._headers)
        seconds = options.limits.timeout or call.deadline or shared.deadline
        ticket = Ticket(
            Lane.INTERACTIVE if options.lane is None and not _in_bulk.get() else self._lane(),
            round(seconds * SECOND),
            self._patience(),
            None if shared.status_call is None else self._attempts.probe,
            call.budget,
        )
        return InFlightCall(call, wire, ticket, shared.auth, seconds, options.before_send, options.limits)

    def _patience(self) -> int | None:
        """Return how long a call that begins now may wait at the gate, in nanoseconds; None for no limit."""
        bounded_while = self._options.bounded_while
        return self._max_wait if bounded_while is None or bounded_while() else None

    def _lane(self) -> Lane:
        options = self._options
        bulk = options.lane is Lane.BULK or (options.lane is None and self._shared in _in_bulk.get())
        return Lane.BULK if bulk else Lane.INTERACTIVE

    async def _read(self, in_flight: InFlightCall, store: ResponseStore) -> Response:
        """Return the cached response of a read if it is fresh, else send the call."""
        shared, attempts = self._shared, self._attempts
        if self._options.headers or not keepable(in_flight.call, shared.status_call):
            return await attempts.send(in_flight)
        person = await cache_identity(shared.auth)

        statuses: list[int] = []

        async def request(wire: Request) -> Response:
            in_flight.wire, in_flight.ticket.number = wire, 0
            response = await attempts.send(in_flight)
            statuses.append(response.status)
            return response

        if not person:
            return await attempts.send(in_flight)
        response = await store.response(in_flight.wire, person, request)
        if statuses and statuses[-1] != _NOT_MODIFIED:
            in_flight.ticket.observer.missed()
        else:
            in_flight.ticket.observer.cached(confirmed=bool(statuses))
        return response

    async def _write(self, in_flight: InFlightCall) -> Response:
        """Send a write; notify the cache and the watchers."""
        store, done = self._shared.store, False
        if store is not None:
            store.written()
        try:
            response = await self._attempts.send(in_flight)
            done = True
            return response
        finally:
            if store is not None:
                _notify(in_flight.call, store.written)
            for watcher in [each() for each in self._shared.watchers]:
                if watcher is not None:
                    _notify(in_flight.call, partial(watcher.wrote, in_flight.call, done=done))

    async def _report_unknown(self, call: Call[Any]) -> None:
        """Pass a call whose result will not reach its caller to `on_unknown`."""
        if self._options.on_unknown is None:
            return
        try:
            await finish(_awaited(self._options.on_unknown(call)))
        except Exception:
            logger.exception("%s: on_unknown failed", call.name)

    def _decode(self, in_flight: InFlightCall, response: Response) -> Any:
        """Return the call's result."""
        try:
            held = response if response.buffer is None else whole(response)
            return self._shared.dialect.decode(in_flight.call, held)
        except Exception as caught:  # noqa: BLE001 - a dialect may raise any class for content that it does not expect
            error = decode_error(caught, response.content)
            kept = error.response or evolve(response, buffer=None)
            raise self._unread(in_flight, error, kept) from error.__cause__

    def _unread(self, in_flight: InFlightCall, error: DecodeError, response: Response | None) -> HarvestError:
        """Return the error of a call whose response can't be read; its observer is notified if that is all there is."""
        failed = unread(in_flight, error, response)
        if isinstance(failed, OutcomeUnknown):
            in_flight.ticket.observer.unknown()
        return failed


def _notify(call: Call[Any], watcher: Callable[[], None]) -> None:
    """Notify a watcher that a call has ended; log what it raises."""
    try:
        watcher()
    except Exception:
        logger.exception("%s: a cache or a watcher of the account's records failed", call.name)


async def _awaited(work: Awaitable[None]) -> None:
    await work
