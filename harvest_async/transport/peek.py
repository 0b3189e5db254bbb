"""Read the beginning of a response's body without consuming it.

Invariant: a later reader of the body gets all of it, as far as it came.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Final, cast

import anyio
import httpx

__all__ = ["peek"]

_LOOKED_AT: Final = 4_096
_PATIENCE: Final = 5.0
"""Seconds that the beginning of a refusal's body may take."""
_ANY_ZLIB: Final = 47  # gzip or zlib, by the header, with the largest window


async def peek(response: httpx.Response) -> bytes:
    """Read the beginning of a body, decoded, and put it back. A body that breaks off is taken as far as it came."""
    stream = response.stream
    chunks: list[bytes] = []
    size = 0
    coming = aiter(_incoming(stream))
    rest: AsyncIterator[bytes] | None = coming
    try:
        with anyio.fail_after(_PATIENCE):
            while size < _LOOKED_AT:
                chunks.append(await anext(coming))
                size += len(chunks[-1])
    except (StopAsyncIteration, TimeoutError, httpx.TransportError):
        rest = None
    begin = b"".join(chunks)
    response.stream = _Resumed(begin, rest, stream)
    return _inflate(begin) if "content-encoding" in response.headers else begin


def _incoming(stream: Any) -> AsyncIterable[bytes]:
    """Return the stream of a response; an asynchronous transport gives no other kind."""
    return cast("AsyncIterable[bytes]", stream)


def _inflate(begin: bytes) -> bytes:
    try:
        return zlib.decompressobj(_ANY_ZLIB).decompress(begin, _LOOKED_AT)
    except zlib.error:
        return begin


class _Resumed(httpx.AsyncByteStream):
    """A body of which the beginning was read already."""

    def __init__(self, begin: bytes, rest: AsyncIterator[bytes] | None, stream: Any) -> None:
        self._begin = begin
        self._rest = rest
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begin:
            yield self._begin
        if self._rest is not None:
            async for chunk in self._rest:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
