"""Read a response's body completely, up to a size, before its connection is released.

Notes:
- Large bodies go into a file; one that decompresses to more than the limit is refused.
- Bodies are decompressed here, piece by piece, since httpx would undo any number of encodings at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final

import anyio.lowlevel
import httpx
from attrs import evolve

from harvest_async.body_buffer import IN_MEMORY, BodyBuffer
from harvest_async.codec.slices import STEP
from harvest_async.errors import DecodeError
from harvest_async.messages import Headers, Response
from harvest_async.transport.decompress import PIECE, DecompressError, Decompressor

__all__ = ["LARGEST", "LARGEST_RECORD", "chunks", "headers_of", "read", "whole"]

LARGEST: Final = 1024 * 1024 * 1024
"""The largest body that is read, decompressed, in bytes."""

LARGEST_RECORD: Final = 16 * 1024 * 1024
"""The largest body of a response that is not a list, in bytes: it is decoded at once."""

_GLANCE: Final = 4_096


async def read(response: httpx.Response, largest: int | None = None) -> Response:
    """Read a body into memory, or into a file if it is large; `largest` None allows `LARGEST` bytes.

    Only the beginning of an error response is read, which is enough for its message.

    Raises:
        DecodeError: it is too large, or has an encoding that was not requested.
        DecodingError: its encoding is broken or incomplete.
    """
    headers = headers_of(response)
    most = LARGEST if largest is None else largest
    if response.is_stream_consumed:  # a transport without a network has read and decompressed it already
        return _held(response, headers, most)
    encoding = response.headers.get("content-encoding")
    pieces = _decompressed(response, encoding) if encoding else response.aiter_raw()
    parts: list[bytes] = []
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise _too_large(response, most)
        parts.append(piece)
        if size > IN_MEMORY and not response.is_success:
            break
        if size > IN_MEMORY:
            return await _spooled(response, headers, parts, pieces, most)
    return Response(response.status_code, headers, b"".join(parts)[:IN_MEMORY])


def _held(response: httpx.Response, headers: Headers, most: int) -> Response:
    """Return a response whose body is in memory."""
    content = response.content
    if len(content) > most:
        raise _too_large(response, most)
    if len(content) <= IN_MEMORY or not response.is_success:
        return Response(response.status_code, headers, content[:IN_MEMORY])
    buffer = BodyBuffer()
    buffer.write(content)
    return Response(response.status_code, headers, content[:_GLANCE], buffer)


async def _spooled(
    response: httpx.Response, headers: Headers, parts: list[bytes], pieces: AsyncIterator[bytes], largest: int
) -> Response:
    """Read the rest into a file."""
    buffer = BodyBuffer()
    try:
        for part in parts:
            buffer.write(part)
        parts.clear()
        async for piece in pieces:
            if buffer.size + len(piece) > largest:
                raise _too_large(response, largest)  # noqa: TRY301
            buffer.write(piece)
    except BaseException:
        buffer.close()
        raise
    return Response(response.status_code, headers, buffer.read(_GLANCE), buffer)


def whole(response: Response) -> Response:
    """Return a response with its whole body in memory.

    Raises:
        DecodeError: it is too large for that.
    """
    if response.buffer is None:
        return response
    with response.buffer as buffer:
        if buffer.size > LARGEST_RECORD:
            message = f"the response is larger than {LARGEST_RECORD} bytes, which no record is"
            raise DecodeError(message, response=evolve(response, buffer=None))
        return evolve(response, content=buffer.read(), buffer=None)


def chunks(response: Response) -> Iterable[bytes]:
    """Return a response's body in chunks."""
    if response.buffer is not None:
        return response.buffer.chunks(STEP)
    return (response.content[place : place + STEP] for place in range(0, len(response.content), STEP))


def headers_of(response: httpx.Response) -> Headers:
    """Return a response's header fields, in order, their names in lower case."""
    fields = []
    for name, value in response.headers.raw:
        fields.append((name.lower().decode("latin-1"), value.decode("latin-1")))
    return tuple(fields)


async def _decompressed(response: httpx.Response, encoding: str) -> AsyncIterator[bytes]:
    """Yield the decompressed body."""
    try:
        decompressor = Decompressor(encoding)
    except DecompressError as error:
        raise _unreadable(response, f"the response can't be read: {error}") from None
    try:
        async for chunk in response.aiter_raw():
            for piece in decompressor.feed(chunk):
                yield piece
                if len(piece) == PIECE:  # there is more of this chunk
                    await anyio.lowlevel.checkpoint()
        yield decompressor.close()
    except DecompressError as error:
        raise httpx.DecodingError(f"the response can't be read: {error}") from None


def _too_large(response: httpx.Response, largest: int) -> DecodeError:
    return _unreadable(response, f"the response is larger than {largest} bytes and was not read")


def _unreadable(response: httpx.Response, message: str) -> DecodeError:
    return DecodeError(message, response=Response(response.status_code, headers_of(response)))
