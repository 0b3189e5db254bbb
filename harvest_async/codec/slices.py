"""The base class of the readers that decode lists of any size, record by record.

Invariants:
- No I/O. A list comes in chunks of bytes and is returned as records, some at a time, so that neither the text nor the
  trees of a whole list are ever in memory.
- Reading takes time in proportion to the size, for any bytes and any division into chunks.
- No chunk of `STEP` bytes takes longer than some ten milliseconds, which is why there are limits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from harvest_async.codec.text import beginning, only_decode_errors
from harvest_async.errors import DecodeError

__all__ = ["DEEPEST", "LARGEST_ELEMENT", "MOST_VALUES", "SLICE", "STEP", "Shaper", "Slices"]

T = TypeVar("T")

Shaper = Callable[[list[Any]], list[T]]
"""Turns the trees of records into records."""

SLICE: Final = 64 * 1024
"""Bytes of a list that are decoded at once: some hundred records, a few milliseconds."""

STEP: Final = 16 * 1024
"""Bytes that are read before other tasks may run."""

LARGEST_ELEMENT: Final = 4 * 1024 * 1024
"""The largest record of a list, in bytes."""

MOST_VALUES: Final = 50_000
"""The most values in one record of a list."""

DEEPEST: Final = 100
"""The deepest nesting of a record's values."""

_BEGINNING: Final = 4_096


class Slices(ABC, Generic[T]):
    """Decodes a list that comes in chunks.

    Args:
        shape: turns trees into records.
    """

    def __init__(self, shape: Shaper[T]) -> None:
        self._shape = shape
        self._held = bytearray()  # bytes that are not decoded yet
        self._enough = 1  # number of held bytes from which on it is worth to look at them
        self._first = b""  # the beginning of the list, for error messages

    def feed(self, chunk: bytes) -> list[T]:
        """Take a chunk; return the records that are complete.

        Raises:
            DecodeError: a record is of the wrong shape or exceeds a limit, or the body is not a list.
        """
        if len(self._first) < _BEGINNING:
            self._first += chunk[: _BEGINNING - len(self._first)]
        found: list[T] = []
        with only_decode_errors(self._first):
            for place in range(0, len(chunk), STEP):
                self._held += chunk[place : place + STEP]
                if len(self._held) >= self._enough:
                    found += self._advance()
        return found

    def close(self) -> list[T]:
        """Return the last records, at the end of the list.

        Raises:
            DecodeError: the list is incomplete, or can't be read.
        """
        rest = bytes(self._held)
        self._held.clear()
        with only_decode_errors(self._first):
            return self._finish(rest)

    @abstractmethod
    def _advance(self) -> list[T]:
        """Decode the complete records of the held bytes."""

    @abstractmethod
    def _finish(self, rest: bytes) -> list[T]:
        """Decode the rest, at the end of the list."""

    def _error(self, format: str, reason: object) -> DecodeError:
        return DecodeError(f"the response is not {format} ({reason}): {beginning(self._first)}")

    def _too_large(self) -> DecodeError:
        return DecodeError(f"the response has a record of more than {LARGEST_ELEMENT} bytes: {beginning(self._first)}")

    def _too_many(self) -> DecodeError:
        return DecodeError(f"the response has a record of more than {MOST_VALUES} values: {beginning(self._first)}")
