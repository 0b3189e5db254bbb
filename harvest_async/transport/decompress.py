"""The encodings of a body, undone piece by piece.

Notes: no I/O. A small body may unfold to any size, so nothing ever unfolds into one piece larger than
`PIECE`. What was not asked for is not undone: the client asks for gzip and deflate, once each.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

__all__ = ["PIECE", "DecompressError", "Decompressor"]

PIECE: Final = 256 * 1024
"""The largest piece in bytes."""

_ANY: Final = 32 + zlib.MAX_WBITS  # gzip or zlib, by the header
_RAW: Final = -zlib.MAX_WBITS  # deflate as some servers send it, without a header
_HEAD: Final = 2
_FOLDED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_PLAIN: Final = frozenset({"", "identity"})


class DecompressError(ValueError):
    """The body is not encoded as its head says, not whole, or in a way that was not asked for."""


class Decompressor:
    """Undoes a body's encoding.

    Args:
        encoding: the `Content-Encoding` header.

    Raises:
        Garbled: the encoding is another than gzip and deflate, or there are several.
    """

    __slots__ = ("_head", "_inflate", "_raw")

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in _PLAIN | _FOLDED:
            raise DecompressError(f"it is encoded as {encoding[:40]!r}, which was not asked for")
        self._inflate = zlib.decompressobj(_ANY) if name in _FOLDED else None
        self._raw = name == "deflate"  # unless its first two bytes are a header
        self._head = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Give what a chunk unfolds to, piece by piece.

        Raises:
            Garbled: it can't be undone.
        """
        if self._inflate is None:
            yield chunk
            return
        if len(self._head) < _HEAD:
            chunk = self._begin(chunk)
        while chunk and not self._inflate.eof:
            try:
                piece = self._inflate.decompress(chunk, PIECE)
            except zlib.error as error:
                raise DecompressError(f"its encoding can't be undone: {error}") from None
            chunk = self._inflate.unconsumed_tail
            if piece:
                yield piece

    def close(self) -> bytes:
        """Give what is left: there is no more to come.

        Raises:
            Garbled: the body broke off.
        """
        if self._inflate is None or not self._head:
            return b""
        try:
            rest = self._inflate.flush()
        except zlib.error as error:
            raise DecompressError(f"its encoding can't be undone: {error}") from None
        if not self._inflate.eof:
            raise DecompressError("its encoding broke off")
        return rest

    def _begin(self, chunk: bytes) -> bytes:
        """Look at the first bytes; give what is there to be undone, nothing as long as they are not enough."""
        self._head += chunk
        if len(self._head) < _HEAD:
            return b""
        if self._raw and not _is_zlib(self._head):
            self._inflate = zlib.decompressobj(_RAW)
        return self._head


def _is_zlib(head: bytes) -> bool:
    """Whether deflated bytes have zlib's header (RFC 1950, 2.2)."""
    return head[0] & 15 == zlib.DEFLATED and int.from_bytes(head[:2], "big") % 31 == 0
