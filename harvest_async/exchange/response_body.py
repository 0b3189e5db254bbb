"""An answer's body: read whole before the connection goes back, up to a size.

Rules of this room: what is large goes into a file, and what unfolds without end is given up. A body is decoded here,
piece by piece, since httpx would undo any number of encodings at once.
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
"""The largest answer that is read, decoded, in bytes: a small answer may unfold to any size."""

LARGEST_RECORD: Final = 16 * 1024 * 1024
"""The largest answer that is read as a whole, in bytes: any that is no list. It is decoded in one go."""

_GLANCE: Final = 4_096


async def read(response: httpx.Response, largest: int | None = None) -> Response:
    """Read a body: into memory, and a large one into a file. None allows `LARGEST` bytes.

    Of a refusal only the beginning is read: it is there to be shown.

    Raises:
        DecodeError: it is too large, or encoded in a way that was not asked for.
        DecodingError: its encoding is broken, or broke off.
    """
    headers = headers_of(response)
    encoding = next((value for name, value in headers if name == "content-encoding"), "")
    pieces = _decoded(response, encoding) if encoding or response.is_stream_consumed else response.aiter_raw()
    parts: list[bytes] = []
    size = 0
    async for piece in pieces:
        size += len(piece)
        _check_size(response, size, LARGEST if largest is None else largest)
        parts.append(piece)
        if size > IN_MEMORY and not response.is_success:
            break
        if size > IN_MEMORY:
            return await _spooled(response, headers, parts, pieces, LARGEST if largest is None else largest)
    return Response(response.status_code, headers, b"".join(parts)[:IN_MEMORY])


async def _spooled(
    response: httpx.Response, headers: Headers, parts: list[bytes], pieces: AsyncIterator[bytes], largest: int
) -> Response:
    """Read on, into a file."""
    buffer = BodyBuffer()
    try:
        for part in parts:
            buffer.write(part)
        parts.clear()
        async for piece in pieces:
            _check_size(response, buffer.size + len(piece), largest)
            buffer.write(piece)
    except BaseException:
        buffer.close()
        raise
    return Response(response.status_code, headers, buffer.read(_GLANCE), buffer)


def whole(answer: Response) -> Response:
    """An answer with all of its body in memory.

    Raises:
        DecodeError: it is too large for that.
    """
    if answer.buffer is None:
        return answer
    with answer.buffer as buffer:
        if buffer.size > LARGEST_RECORD:
            message = f"the answer is larger than {LARGEST_RECORD} bytes, which no record is"
            raise DecodeError(message, response=evolve(answer, buffer=None))
        return evolve(answer, content=buffer.read(), buffer=None)


def chunks(answer: Response) -> Iterable[bytes]:
    """An answer's body in chunks."""
    if answer.buffer is not None:
        return answer.buffer.chunks(STEP)
    return (answer.content[place : place + STEP] for place in range(0, len(answer.content), STEP))


def headers_of(response: httpx.Response) -> Headers:
    """An answer's header fields, in order, their names in lower case."""
    return tuple((name.lower().decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)


async def _decoded(response: httpx.Response, encoding: str) -> AsyncIterator[bytes]:
    """The body as it was before it was encoded."""
    if response.is_stream_consumed:  # a transport without a network gave it ready-made
        yield response.content
        return
    try:
        unfold = Decompressor(encoding)
    except DecompressError as error:
        raise _unreadable(response, f"the answer can't be read: {error}") from None
    try:
        async for chunk in response.aiter_raw():
            for piece in unfold.feed(chunk):
                yield piece
                if len(piece) == PIECE:  # there is more of this chunk
                    await anyio.lowlevel.checkpoint()
        yield unfold.close()
    except DecompressError as error:
        raise httpx.DecodingError(f"the answer can't be read: {error}") from None


def _check_size(response: httpx.Response, size: int, largest: int) -> None:
    if size > largest:
        raise _unreadable(response, f"the answer is larger than {largest} bytes and was not read")


def _unreadable(response: httpx.Response, message: str) -> DecodeError:
    return DecodeError(message, response=Response(response.status_code, headers_of(response)))
