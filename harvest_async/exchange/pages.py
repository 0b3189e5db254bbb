"""Read a list page by page, in slices between which other tasks may run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import anyio.lowlevel
from attrs import evolve

from harvest_async.call import Call, Dialect, ListReader, Page
from harvest_async.codec.text import only_decode_errors
from harvest_async.errors import DecodeError
from harvest_async.exchange.response_body import chunks
from harvest_async.exchange.shared import InFlightCall
from harvest_async.messages import Response

__all__ = ["slices"]

T = TypeVar("T")


async def slices(
    call: Call[Page[T]], send: Callable[[Call[Page[T]]], Awaitable[tuple[InFlightCall, Response]]], dialect: Dialect
) -> AsyncGenerator[list[T], None]:
    """Send the calls for the pages of a list, and yield its records (see `Exchange.slices`)."""
    seen, pages = set[object](), set[object]()
    following: Call[Page[T]] | None = call
    while following is not None:
        pages.add(following.query)
        in_flight, response = await send(following)
        with response.buffer or nullcontext():
            with _reading(in_flight, response):
                reader = dialect.list_reader(following, response)
            for slice_ in _slices(reader, in_flight, response):
                yield list(_unseen(slice_, seen)) if reader.is_paged else slice_
                await anyio.lowlevel.checkpoint()
        with _reading(in_flight, response):
            following = _next_call(reader, pages)


@contextmanager
def _reading(in_flight: InFlightCall, response: Response) -> Iterator[None]:
    """Raise only `DecodeError` while a list is read, with its request and response."""
    try:
        with only_decode_errors(response.content):
            yield
    except DecodeError as error:
        error.request, error.response = in_flight.shown_request, evolve(response, buffer=None)
        raise


def _slices(reader: ListReader[T], in_flight: InFlightCall, response: Response) -> Iterator[list[T]]:
    """Yield the records of one page, some at a time."""
    for chunk in chunks(response):
        with _reading(in_flight, response):
            found = reader.feed(chunk)
        yield found
    with _reading(in_flight, response):
        found = reader.close()
    yield found


def _next_call(reader: ListReader[T], pages: set[object]) -> Call[Page[T]] | None:
    """Return the call for the next page; None after the last."""
    call = reader.next_call
    if call is not None and call.query in pages:
        raise DecodeError(f"{call.name}: the link to the next page leads to a page that was already read")
    return call


def _unseen(found: Iterable[T], seen: set[object]) -> Iterator[T]:
    """Yield the records whose ids are new; records without an id are all different."""
    for record in found:
        number = getattr(record, "id", record)
        if number is None:
            yield record
        elif number not in seen:
            seen.add(number)
            yield record
