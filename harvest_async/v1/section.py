"""What all resources have in common.

Rules of this room: whatever lists can be awaited into a list or iterated over; a write that gives no record back is
followed by one read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

from harvest_async.call import Call, Page
from harvest_async.exchange import Exchange
from harvest_async.v1 import checks

__all__ = ["Hours", "Id", "Listing", "Section", "write_fields"]

T = TypeVar("T")

Id = int | str
Hours = Decimal | float | str


class Listing(Generic[T]):
    """A list that is on the server: await it, or iterate over it with `async for`. Each use asks the server."""

    __slots__ = ("_call", "_exchange")

    def __init__(self, exchange: Exchange, call: Call[Page[T]]) -> None:
        self._exchange = exchange
        self._call = call

    def __await__(self) -> Generator[Any, None, list[T]]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._exchange.records(self._call)

    async def _whole(self) -> list[T]:
        return [item async for item in self]


class Section:
    """What all resources have: the way to the account."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def _changed(self, call: Call[T | None], read: Call[T]) -> T:
        """A write's record: from the answer where it is there, else read once more (contract: writes.follow_up)."""
        record = await self._exchange.send(call)
        return await self._exchange.send(read) if record is None else record


def write_fields(endpoint: str, known: type[Any], fields: Mapping[str, Any], **own: Any) -> dict[str, Any]:
    """A write's fields: the checked ones, behind those that the method names itself."""
    given = {key: value for key, value in own.items() if value is not None}
    for key, value in given.items():
        if key != "client_id":
            checks.required_text(f"{endpoint}: {key}", value)
    return {**given, **checks.known_fields(endpoint, fields, known.__annotations__)}
