"""Decode a JSON list that is a field of an object, record by record, and the fields beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from harvest_async.codec.json import BOM, QUOTE, STRING_REST, TOKEN, Elements, Scan, parse
from harvest_async.codec.slices import DEEPEST, LARGEST_ELEMENT, STEP, Shaper
from harvest_async.codec.text import beginning
from harvest_async.errors import DecodeError

__all__ = ["Envelope"]

T = TypeVar("T")

_LONGEST_KEY: Final = 1_024


class _Opening:
    """Finds where the list below a key of the outer object begins; reads each byte once."""

    __slots__ = ("_depth", "_expects_key", "_is_wanted", "_key", "_place", "_string")

    def __init__(self, key: str) -> None:
        self._key = key
        self._place = 0
        self._depth = 0
        self._expects_key = self._is_wanted = False
        self._string: int | None = None  # where the string that is being read begins

    def run(self, held: bytearray) -> int:
        """Return the number of bytes up to the list's bracket and with it; 0 if it has not come.

        Raises:
            RecursionError: the object is nested too deep.
        """
        if self._string is not None and not self._end_string(held):
            return 0
        for token in TOKEN.finditer(held, self._place):
            self._place = token.end()
            if held[token.start()] == QUOTE:
                self._string = token.start()
                if token[1] is None:
                    return 0
                self._take_string(held)
            elif self._take(held[token.start()]):
                return self._place
        self._place = len(held)
        return 0

    def _end_string(self, held: bytearray) -> bool:
        found = STRING_REST.match(held, self._place)
        self._place = found.end() if found else self._place
        if found is None or found[1] is None:
            return False
        self._take_string(held)
        return True

    def _take_string(self, held: bytearray) -> None:
        start, self._string = cast("int", self._string), None
        if self._depth == 1 and self._expects_key:
            self._expects_key = False
            is_short = self._place - start < _LONGEST_KEY
            self._is_wanted = is_short and json.loads(held[start : self._place]) == self._key

    def _take(self, token: int) -> bool:
        """Take a bracket or a comma; return whether it opens the list."""
        if token in b"[{":
            self._depth += 1
            if self._depth > DEEPEST:
                msg = f"nested deeper than {DEEPEST} levels"
                raise RecursionError(msg)
            self._expects_key = self._depth == 1 and token in b"{"
            return self._depth == 2 and self._is_wanted and token in b"["  # noqa: PLR2004 - a field of the object
        if token in b"]}":
            self._depth -= 1
        elif self._depth == 1:
            self._expects_key, self._is_wanted = True, False
        return False


class Envelope(Elements[T]):
    """Reads a list of records below a key of an object: `{"clients": [...], "page": 1, "links": {...}}`.

    Args:
        key: the name of the list.
        shape: turns trees into records.
        fast: reads a complete slice in brackets at once, and raises `ValueError` for input that it can't read.

    Attributes:
        fields: the other fields of the object; empty before the reader is closed.
    """

    def __init__(self, key: str, shape: Shaper[T], fast: Callable[[bytes], list[T]] | None = None) -> None:
        super().__init__(shape, fast, mark=None)
        self.fields: Mapping[str, Any] = {}
        self._key = key
        self._opening = _Opening(key)
        self._head: bytes | None = None  # the object up to the list's bracket
        self._is_list = True
        self._list = Scan(stops_at_end=True)
        self._guesses = True  # until a guess fails, or the end of the response has come

    def _advance(self) -> list[T]:
        if self._head is None and not self._found():
            return []
        if self._list.is_closed:
            return self._hold()
        if self._guesses:
            found = self._guess()
            if found is not None:
                return found
            self._guesses = False
        return [*self._exact(self._list), *self._last()]

    def _found(self) -> bool:
        """Read up to the list; return whether it has come."""
        held = self._held
        if held.startswith(BOM):
            del held[: len(BOM)]
        elif BOM.startswith(held):
            self._enough = len(BOM)
            return False
        try:
            place = self._opening.run(held)
        except RecursionError as error:
            raise self._error("JSON", error) from None
        if not place:
            self._hold()
            return False
        self._head = bytes(held[:place])
        del held[:place]
        return True

    def _hold(self) -> list[T]:
        """Wait for more of the fields beside the list."""
        if len(self._held) > LARGEST_ELEMENT:
            raise self._too_large()
        self._enough = len(self._held) + STEP
        return []

    def _last(self) -> list[T]:
        """Return the record before the list's closing bracket, if the bracket has come and there is one."""
        if not self._list.is_closed:
            return []
        end = self._list.place
        last = bytes(self._held[: end - 1])
        del self._held[:end]
        return self._records(b"[" + last + b"]", self._parse) if last.strip() else []

    def _finish(self, rest: bytes) -> list[T]:
        self._guesses = False
        self._held += rest
        records = self._advance()
        after = bytes(self._held)
        self._held.clear()
        head = self._head or b""
        opened = head + b"]" if self._list.is_closed else head
        tree = parse(opened + after, self._first)
        if not isinstance(tree, dict) or tree.get(self._key) != []:
            raise DecodeError(f"the response has no list {self._key!r}, or several: {beginning(self._first)}")
        self.fields = {name: value for name, value in tree.items() if name != self._key}
        return records
