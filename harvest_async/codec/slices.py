"""Lists of any size, record by record: what both formats have in common.

Invariants:
- Pure. A list comes in chunks of bytes and is returned as records, some at a time, so that neither the text nor the
  trees of a whole list are ever held.
- Reading takes time in proportion to the size, whatever the bytes are and however they are cut into chunks.
- No chunk of `STEP` bytes keeps its caller waiting for longer than some ten milliseconds. Hence the limits.
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
"""How many bytes of a list are read in one go: some hundred records, a few milliseconds."""

STEP: Final = 16 * 1024
"""How many bytes are looked at before other tasks get their turn."""

LARGEST_ELEMENT: Final = 4 * 1024 * 1024
"""The largest record of a list, in bytes."""

MOST_VALUES: Final = 50_000
"""The most values in one record of a list."""

DEEPEST: Final = 100
"""How deep the values of a record may be nested."""

_BEGINNING: Final = 4_096


class Slices(ABC, Generic[T]):
    """Reads a list that comes in chunks.

    Args:
        shape: turns trees into records.
    """

    def __init__(self, shape: Shaper[T]) -> None:
        self._shape = shape
        self._held = bytearray()  # what has come and is not read yet
        self._enough = 1  # how many bytes have to be held before they are looked at
        self._first = b""  # how the list begins, for error messages

    def feed(self, chunk: bytes) -> list[T]:
        """Take a chunk; return the records that are whole by now.

        Raises:
            DecodeError: a record is of the wrong shape or exceeds a limit, or this is no list.
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
            DecodeError: the list is not whole, or can't be read.
        """
        rest = bytes(self._held)
        self._held.clear()
        with only_decode_errors(self._first):
            return self._finish(rest)

    @abstractmethod
    def _advance(self) -> list[T]:
        """Read what is whole of what is held."""

    @abstractmethod
    def _finish(self, rest: bytes) -> list[T]:
        """Read what is left at the end of the list."""

    def _error(self, format: str, reason: object) -> DecodeError:
        return DecodeError(f"the answer is no {format} ({reason}): {beginning(self._first)}")

    def _too_large(self) -> DecodeError:
        return DecodeError(
            f"the answer has a record of more than {LARGEST_ELEMENT} bytes, which is not read: {beginning(self._first)}"
        )

    def _too_many(self) -> DecodeError:
        return DecodeError(
            f"the answer has a record of more than {MOST_VALUES} values, which is not read: {beginning(self._first)}"
        )
