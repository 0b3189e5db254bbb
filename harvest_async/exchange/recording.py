"""Raw responses beside the records that were read from them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Final, Generic, TypeVar

import httpx
from attrs import evolve, frozen

from harvest_async.errors import DecodeError, InvalidArgument
from harvest_async.exchange.response_body import LARGEST_RECORD
from harvest_async.messages import Response

__all__ = ["RawResponse", "keep", "recorders", "with_raw_response"]

T = TypeVar("T")


@frozen(repr=False)
class RawResponse(Generic[T]):
    """A record, and the responses from which it came.

    Attributes:
        record: what the call returned.
        responses: all successful responses to the call's requests, in order: a create may read the new record, an
            update may read the old one first, and a list may have several pages. A retried request has one.
    """

    record: T
    responses: tuple[Response, ...]

    @property
    def status(self) -> int:
        """The status code of the last response."""
        return self._last.status

    @property
    def headers(self) -> httpx.Headers:
        """The header fields of the last response; names match in any case."""
        return httpx.Headers(list(self._last.headers))

    @property
    def content(self) -> bytes:
        """The body of the last response, decompressed."""
        return self._last.content

    @property
    def _last(self) -> Response:
        if not self.responses:
            raise LookupError("there is no response: the call had nothing to send")
        return self.responses[-1]

    def __repr__(self) -> str:
        shown = ", ".join(f"{each.status} with {len(each.content)} bytes" for each in self.responses)
        return f"<RawResponse {type(self.record).__name__}: {shown or 'no response'}>"


class _Recorder:
    """Collects responses while a call is awaited."""

    __slots__ = ("is_open", "responses")

    def __init__(self) -> None:
        self.responses: list[Response] = []
        self.is_open = True


recorders: Final[ContextVar[tuple[_Recorder, ...]]] = ContextVar("harvest_asyncrecorders", default=())


async def with_raw_response(work: Awaitable[T]) -> RawResponse[T]:
    """Await a call and return its result with the responses.

    Raises:
        InvalidArgument: it can't be awaited, or it is a task, whose requests can't be followed.
        HarvestError: as the call.
    """
    given: object = work
    if not isinstance(given, Awaitable) or isinstance(given, asyncio.Future):
        raise InvalidArgument(
            f"with_raw_response: give the call itself, like harvest.clients.get(7), not a {type(work).__name__}"
        )
    recorder = _Recorder()
    token = recorders.set((*recorders.get(), recorder))
    try:
        record = await work
    finally:
        recorder.is_open = False
        recorders.reset(token)
    return RawResponse(record, tuple(recorder.responses))


def keep(response: Response) -> Response:
    """Give a response to those who record it, with all of its body; return it as it came.

    Raises:
        DecodeError: it is too large to be kept in memory.
    """
    running = [each for each in recorders.get() if each.is_open]
    if running:
        whole = _whole(response)
        for recorder in running:
            recorder.responses.append(whole)
    return response


def _whole(response: Response) -> Response:
    buffer = response.buffer
    if buffer is None:
        return response
    if buffer.size > LARGEST_RECORD:
        buffer.close()
        message = f"the response is larger than {LARGEST_RECORD} bytes, too large to be kept by with_raw_response"
        raise DecodeError(message, response=evolve(response, buffer=None))
    return evolve(response, content=buffer.read(), buffer=None)
