"""Run many calls in the bulk lane, with one outcome each, in the order of the input or of completion.

Notes:
- The number of calls that are started and not yet returned is bounded; the input is read as it is needed.
- A failed call is an outcome. It ends the run only after `max_failures`, or if no call of the account can succeed.
- If the caller stops iterating, calls that have not been sent are not sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final

from harvest_async import outcomes
from harvest_async.call import Call, Created, Repeat
from harvest_async.concurrency import results_of
from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    ServerError,
    Unprocessable,
    WouldWait,
)
from harvest_async.exchange import Exchange, creations

__all__ = ["AnyCall", "bulk_map"]

AnyCall = Call[Any] | Callable[[], Awaitable[Any]]
"""A call, or a function that makes one when it is called: `lambda: harvest.clients.create_id("ACME")`."""

_REFUSED: Final = (BadRequest, NotFound, Unprocessable, Forbidden, InvalidArgument)
_UNSENT: Final = (NotSent, WouldWait)


def bulk_map(
    exchange: Exchange,
    calls: Iterable[AnyCall] | AsyncIterable[AnyCall],
    *,
    ordered: bool = True,
    side_by_side: int = 16,
    max_failures: int | None = None,
) -> AsyncIterator[outcomes.Outcome]:
    """See `HarvestV1.bulk_map`."""
    if side_by_side < 1:
        raise InvalidArgument(f"side_by_side={side_by_side!r}: give 1 or more")
    if max_failures is not None and max_failures < 1:
        raise InvalidArgument(f"max_failures={max_failures!r}: give 1 or more, or None")
    return _Stream(exchange, calls, ordered, side_by_side, max_failures).take()


class _Stream:
    def __init__(
        self,
        exchange: Exchange,
        calls: Iterable[AnyCall] | AsyncIterable[AnyCall],
        ordered: bool,
        side_by_side: int,
        max_failures: int | None,
    ) -> None:
        self._exchange = exchange
        self._calls = _each(calls)
        self._ordered = ordered
        self._limit = side_by_side
        self._max_failures = max_failures
        self._failures = 0
        self._ended = False

    def take(self) -> AsyncIterator[outcomes.Outcome]:
        """Yield the outcomes of all calls."""
        return results_of(self._each(), limit=self._limit, ordered=self._ordered)

    async def _each(self) -> AsyncIterator[Callable[[], Coroutine[Any, Any, outcomes.Outcome]]]:
        place = 0
        async for call in self._calls:
            yield partial(self._one, place, call)
            place += 1

    async def _one(self, place: int, call: AnyCall) -> outcomes.Outcome:
        if self._ended:
            return outcomes.NotSent(place=place, call=call)
        created: list[Created[Any]] = []
        token = creations.set(created)
        try:
            with self._exchange.bulk():
                value = await (self._exchange.send(call) if isinstance(call, Call) else call())
        except CreatedUnread as error:
            return outcomes.Created(place=place, call=call, id=error.id, location=error.location)
        except HarvestError as error:
            return self._failed(place, call, error)
        finally:
            creations.reset(token)
        return _succeeded(place, call, value, created)

    def _failed(self, place: int, call: AnyCall, error: HarvestError) -> outcomes.Outcome:
        self._failures += 1
        self._ended = self._ended or self._failures == self._max_failures
        if isinstance(error, _REFUSED):
            return outcomes.Rejected(place=place, call=call, error=error)
        if isinstance(error, _UNSENT):
            return outcomes.NotSent(place=place, call=call, error=error)
        if isinstance(error, (OutcomeUnknown, ServerError, DecodeError)):
            reads = isinstance(call, Call) and call.repeat is Repeat.SAFE
            kind = outcomes.Rejected if reads else outcomes.Unknown
            return kind(place=place, call=call, error=error)
        self._ended = True  # sign-in, a block without end: the next call would meet the same
        return outcomes.NotSent(place=place, call=call, error=error)


def _succeeded(place: int, call: AnyCall, value: Any, created: list[Created[Any]]) -> outcomes.Outcome:
    if isinstance(value, Created):
        return outcomes.Created(place=place, call=call, id=value.id, location=value.location, record=value.record)
    if len(created) == 1:
        return outcomes.Created(place=place, call=call, id=created[0].id, location=created[0].location, record=value)
    if isinstance(call, Call) and call.repeat is Repeat.SAFE:
        return outcomes.Existing(place=place, call=call, record=value)
    return outcomes.Updated(place=place, call=call, record=value)


async def _each(calls: Iterable[AnyCall] | AsyncIterable[AnyCall]) -> AsyncIterator[AnyCall]:
    if isinstance(calls, AsyncIterable):
        async for call in calls:
            yield call
    else:
        for call in calls:
            yield call
