"""Lists of any size, record by record: what both formats have in common.

Rules of this room: pure. A list comes in chunks of bytes and goes out as records, a slice of whole records at a time,
so that neither the text nor the trees of a whole list are ever held, and nobody waits for more than a slice to be
read. Where a slice ends is told by a mark that can hardly stand inside a record; a slice that can't be read was cut at
the wrong place, and is read again together with what comes after it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from harvest_async.codec.text import only_decode_errors
from harvest_async.errors import DecodeError

__all__ = ["SLICE", "Shaper", "Slices"]

T = TypeVar("T")

Shaper = Callable[[list[Any]], list[T]]
"""Turns the trees of records into records."""

SLICE: Final = 64 * 1024
"""How many bytes of a list are read in one go: some hundred records, a few milliseconds."""

_OVERLAP: Final = 1_024
"""How much of what has been searched in vain is searched again: the longest mark."""


class Slices(ABC, Generic[T]):
    """Reads a list that comes in chunks.

    Args:
        shape: turns trees into records.
    """

    def __init__(self, shape: Shaper[T]) -> None:
        self._shape = shape
        self._held = b""  # what has come and is not read yet
        self._first = b""  # how the list begins, for error messages
        self._mark: re.Pattern[bytes] | None = None  # how a record ends; None before the list's own beginning was read
        self._searched = 0
        self._enough = 0  # so much has to be held before it is tried again

    def feed(self, chunk: bytes) -> list[T]:
        """Take a chunk; give the records that are whole by now.

        Raises:
            DecodeError: a record is of the wrong shape, or the list can't be one.
        """
        self._first = self._first or chunk
        with only_decode_errors(self._first):
            return self._feed(chunk)

    def _feed(self, chunk: bytes) -> list[T]:
        self._held += chunk
        if self._mark is None:
            self._mark = self._begin()
        if self._mark is None or len(self._held) < self._enough:
            return []
        end = self._last_end(self._mark)
        return self._take(end) if end else []

    def close(self) -> list[T]:
        """The list is at its end; give what is left.

        Raises:
            DecodeError: it is not whole, or can't be read.
        """
        held, self._held = self._held, b""
        with only_decode_errors(self._first):
            return self._finish(held)

    @abstractmethod
    def _begin(self) -> re.Pattern[bytes] | None:
        """Read the list's own beginning off what is held; gives how a record ends, None where it is not there yet."""

    @abstractmethod
    def _read(self, part: bytes) -> list[T]:
        """Read a slice of whole records; raises `ValueError` where it is not whole."""

    @abstractmethod
    def _finish(self, rest: bytes) -> list[T]:
        """Read what is left at the list's end."""

    def _last_end(self, mark: re.Pattern[bytes]) -> int:
        end = 0
        for match in mark.finditer(self._held, self._searched):
            end = match.end()
        self._searched = max(0, len(self._held) - _OVERLAP)
        return end

    def _take(self, end: int) -> list[T]:
        try:
            records = self._read(self._held[:end])
        except DecodeError:
            raise
        except Exception:  # noqa: BLE001 - a slice that was cut at the wrong place can raise anything
            self._enough = 2 * len(self._held)
            return []
        self._held, self._searched, self._enough = self._held[end:], 0, 0
        return records
