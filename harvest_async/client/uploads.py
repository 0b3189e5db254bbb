"""Images and PDF documents that are uploaded and downloaded.

The type of a file is read from its first bytes, not from its name. Files are read up to a limit, without blocking the
event loop.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import PurePath
from typing import Any, BinaryIO, Final, Protocol

import anyio
from anyio import to_thread
from attrs import frozen

from harvest_async.codec.text import beginning
from harvest_async.errors import InvalidArgument
from harvest_async.messages import Response

__all__ = ["LARGEST", "AsyncReader", "ImageStream", "ImageUpload", "Source", "gather"]

LARGEST: Final = 20 * 1024 * 1024
"""The largest receipt that is sent or fetched, in bytes."""

CHUNK: Final = 64 * 1024


class AsyncReader(Protocol):
    """A file whose `read` is awaited; an upload in FastAPI is one."""

    async def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


Source = bytes | bytearray | os.PathLike[str] | BinaryIO | AsyncReader | AsyncIterable[bytes]
"""Where an image comes from: its bytes, its path, a file that is open for reading bytes, or a stream of bytes."""

_KINDS: Final = (
    # first bytes, bytes from the eighth on, media type, how its file's name ends
    (b"\x89PNG\r\n\x1a\n", b"", "image/png", "png"),
    (b"\xff\xd8\xff", b"", "image/jpeg", "jpg"),
    (b"GIF87a", b"", "image/gif", "gif"),
    (b"GIF89a", b"", "image/gif", "gif"),
    (b"RIFF", b"WEBP", "image/webp", "webp"),
    (b"II*\x00", b"", "image/tiff", "tiff"),
    (b"MM\x00*", b"", "image/tiff", "tiff"),
    (b"BM", b"", "image/bmp", "bmp"),
)

_DOCUMENT: Final = (b"%PDF-", b"", "application/pdf", "pdf")


@frozen(repr=False)
class ImageUpload:
    """An image, or a document, to send."""

    content: bytes
    media_type: str
    name: str

    def __repr__(self) -> str:
        return f"<ImageUpload {self.name!r}, {len(self.content)} bytes>"


class ImageStream:
    """An image in chunks: iterate over it with `async for`, once or several times.

    Attributes:
        content_type: the media type.
        size: the number of bytes.
    """

    __slots__ = ("_response", "content_type", "size")

    def __init__(self, response: Response) -> None:
        self._response = response
        self.content_type = response.content_type
        self.size = len(response.content) if response.buffer is None else response.buffer.size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        buffer, content = self._response.buffer, self._response.content
        pieces = (content[at : at + CHUNK] for at in range(0, len(content), CHUNK)) if buffer is None else None
        for piece in buffer.chunks(CHUNK) if buffer is not None else pieces or ():
            yield piece
            await anyio.lowlevel.checkpoint()

    def __repr__(self) -> str:
        return f"<ImageStream {self.content_type}, {self.size} bytes>"


async def gather(
    name: str, source: Source, filename: str | None = None, largest: int = LARGEST, *, documents: bool = False
) -> ImageUpload:
    """Read an image from its source.

    Args:
        name: the argument's name, for errors.
        source: the bytes, the path, the file or the stream.
        filename: the name of the file in the account; None for the name in the path, or `receipt.png`.
        largest: the largest size, in bytes.
        documents: whether it may also be a PDF document.

    Raises:
        InvalidArgument: the source is not an image, is empty or too large, or cannot be read.
    """
    content = await _content(name, source, largest)
    if len(content) > largest:
        raise InvalidArgument(f"{name}: it has more than {largest} bytes, which is too large for a receipt")
    media_type, ending = _kind(name, content, documents=documents)
    own = PurePath(source).name if isinstance(source, os.PathLike) else f"receipt.{ending}"
    called = own if filename is None else filename
    if not called.strip() or any(letter in called for letter in "/\\") or not called.isprintable():
        raise InvalidArgument(f"{name}: give the name of a file, without its folder, not {called!r}")
    return ImageUpload(content, media_type, called)


def _kind(name: str, content: bytes, *, documents: bool) -> tuple[str, str]:
    """Return the media type and the file extension of an image, or of a document."""
    for first, eighth, media_type, ending in (*_KINDS, _DOCUMENT) if documents else _KINDS:
        if content.startswith(first) and content[8:].startswith(eighth):
            return media_type, ending
    known = "(PNG, JPEG, GIF, ...) and no PDF" if documents else "(PNG, JPEG, GIF, ...)"
    raise InvalidArgument(f"{name}: this is no image of a known kind {known}: {beginning(content)}")


async def _content(name: str, source: object, largest: int) -> bytes:
    """Return the bytes, at most one more than `largest`."""
    if isinstance(source, bytes | bytearray):
        return bytes(source)
    if isinstance(source, os.PathLike):
        try:
            async with await anyio.open_file(source, "rb") as file:
                return await file.read(largest + 1)
        except OSError as error:
            raise InvalidArgument(f"{name}: {error}") from error
    if isinstance(source, AsyncIterable):
        return await _drain(name, source, largest)
    if not hasattr(source, "read"):
        raise InvalidArgument(f"{name}: give bytes, a path or a stream of bytes, not a {type(source).__name__}")
    return await _drain(name, _pieces(source, largest + 1), largest)


async def _pieces(file: Any, size: int) -> AsyncIterator[object]:
    """Yield the chunks of a file, whether its `read` blocks or is awaited, as in an upload of FastAPI."""
    awaited = inspect.iscoroutinefunction(file.read)
    while piece := await (file.read(size) if awaited else to_thread.run_sync(file.read, size)):
        yield piece


async def _drain(name: str, stream: AsyncIterable[object], largest: int) -> bytes:
    content = bytearray()
    async for piece in stream:
        content += _bytes(name, piece)
        if len(content) > largest:
            break
    return bytes(content)


def _bytes(name: str, piece: object) -> bytes:
    if not isinstance(piece, bytes | bytearray | memoryview):
        raise InvalidArgument(f"{name}: the stream gives {type(piece).__name__}: open it for bytes")
    return bytes(piece)
