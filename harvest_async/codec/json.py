"""JSON: bytes <-> tree, and lists record by record.

Rules of this room: pure. Numbers with a point become `Decimal`, never binary floats. What can't be read is told with
its place and its beginning, since a page of HTML is the usual cause (contract: headers.missing_headers).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeVar, cast

from harvest_async.codec.slices import DEEPEST, LARGEST_ELEMENT, MOST_VALUES, STEP, Shaper, Slices
from harvest_async.codec.text import NUMBERS, beginning, iso, of_day, only_decode_errors
from harvest_async.errors import DecodeError, InvalidArgument

__all__ = ["CONTENT_TYPE", "Elements", "read", "write"]

T = TypeVar("T")

CONTENT_TYPE: Final = "application/json"

_BOM: Final = b"\xef\xbb\xbf"
_BLANKS: Final = re.compile(rb"\s*+")
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE: Final = re.compile("[\ud800-\udfff]")
_MARK: Final = re.compile(rb'\}\s*+,\s*+(?=\{\s*+"[^"\\]{0,64}+"\s*+:\s*+\{)')
"""Between two records, each below its root. The quote of a text inside a record would have a backslash before it."""

_QUOTE: Final = ord('"')
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(")?+|[][{},]', re.DOTALL)
_STRING_REST: Final = re.compile(rb'(?:[^"\\]++|\\.)*+(")?+', re.DOTALL)


def read(content: bytes) -> Any:
    """Turn a body into a tree of dicts, lists, str, int, Decimal, bool and None.

    Raises:
        DecodeError: it is no JSON, or not whole.
    """
    with only_decode_errors(content):
        return _told(content, content)


def write(fields: Mapping[str, Any], root: str | None) -> bytes:
    """Turn fields into a body, below a root where there is one.

    Raises:
        InvalidArgument: a value is of a kind that JSON can't carry, or a text has half of a surrogate pair.
    """
    tree = fields if root is None else {root: fields}
    try:
        text = json.dumps(tree, default=_plain, separators=(",", ":"), allow_nan=False)
        if "\\ud" in text:  # characters beyond the first plane, as a rule; half of one can't be encoded
            json.dumps(tree, default=_plain, ensure_ascii=False).encode()
    except (ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"this can't be sent as JSON: {error}") from None
    return text.encode()


class _Malformed(Exception):
    """The content can't become a list that is read."""


class _Scan:
    """Finds where the records of a list end, each byte looked at once.

    Attributes:
        place: up to where the bytes were looked at.
        values: how many values the record has so far.
    """

    __slots__ = ("_depth", "_in_string", "place", "values")

    def __init__(self) -> None:
        self.place = 0
        self.values = 0
        self._depth = 0
        self._in_string = False

    @property
    def ended(self) -> bool:
        """Whether the list is at its end."""
        return self._depth < 0

    def run(self, held: bytearray) -> int:
        """Go on to the end of what is held; return where the last whole record ends, 0 where none does.

        Raises:
            _Malformed: a record is nested too deep, or there is more behind the list's end.
        """
        end = 0
        if self._in_string and not self._end_string(held):
            return end
        for token in _TOKEN.finditer(held, self.place):
            first = held[token.start()]
            if first == _QUOTE:
                self.place, self._in_string = token.end(), token[1] is None
                continue
            self.place = token.end()
            end = self._take(first, end)
        if not self._in_string:
            self.place = len(held)
        return end

    def _end_string(self, held: bytearray) -> bool:
        found = cast("re.Match[bytes]", _STRING_REST.match(held, self.place))
        self.place, self._in_string = found.end(), found[1] is None
        return not self._in_string

    def _take(self, token: int, end: int) -> int:
        if token in b"[{":
            self._depth += 1
            if self._depth <= 0:
                raise _Malformed("more behind its end")
            if self._depth > DEEPEST:
                raise _Malformed(f"nested deeper than {DEEPEST} levels")
        elif self._depth < 0:
            raise _Malformed("more behind its end")
        elif token in b"]}":
            self._depth -= 1
        elif self._depth == 0:
            self.values = 0
            return self.place
        else:
            self.values += 1
        return end


class Elements(Slices[T]):
    """Reads a list of records, each below its root; a single record is a list of one (contract: list_sample_is_single).

    Where a slice of records ends is first guessed by a pattern. If the guess fails, the rest of the list is scanned
    token by token, which is slower and never wrong.

    Args:
        shape: turns trees into records.
        fast: reads a slice, whole and in brackets, at once; raises `ValueError` for what it can't read. None for none.
    """

    def __init__(self, shape: Shaper[T], fast: Callable[[bytes], list[T]] | None = None) -> None:
        super().__init__(shape)
        self._fast = fast
        self._is_list: bool | None = None  # None before the first character
        self._scan: _Scan | None = None  # None as long as patterns are enough

    def _advance(self) -> list[T]:
        if self._is_list is None and not self._open():
            return []
        if self._scan is None:
            found = self._guess() if self._is_list else None
            if found is not None:
                return found
            self._scan = _Scan()
        return self._exact(self._scan)

    def _open(self) -> bool:
        """Read up to the first character that is not blank, and the bracket of a list; whether it has come."""
        held = self._held
        if held.startswith(_BOM):
            del held[: len(_BOM)]
        elif _BOM.startswith(held):
            self._enough = len(_BOM)
            return False
        del held[: _blanks(held)]
        self._enough = 1
        if not held:
            return False
        self._is_list = held.startswith(b"[")
        if self._is_list:
            del held[:1]
        return True

    def _guess(self) -> list[T] | None:
        """Read up to where a record seems to end; None where that does not work out."""
        self._enough = STEP
        if len(self._held) < self._enough:
            return []
        end = max((match.end() for match in _MARK.finditer(bytes(self._held))), default=0)
        if not end:
            return None
        try:
            records = self._records(self._whole(end), _loads)
        except (ValueError, RecursionError):
            return None
        del self._held[:end]
        return records

    def _exact(self, scan: _Scan) -> list[T]:
        held = self._held
        if self._is_list and not scan.place:
            del held[: _blanks(held)]
        if scan.ended and held[scan.place :].isspace():
            del held[scan.place :]
        end = self._run(scan, held)
        if len(held) - end > LARGEST_ELEMENT:
            raise self._too_large()
        records = self._records(self._whole(end), self._told) if end else []
        del held[:end]
        scan.place = 0 if held.isspace() else scan.place - end
        self._enough = len(held) + STEP
        return records

    def _run(self, scan: _Scan, held: bytearray) -> int:
        """Look at what has come; return where the last whole record of a list ends."""
        try:
            end = scan.run(held)
        except _Malformed as error:
            raise self._error("JSON", error) from None
        if scan.values > MOST_VALUES:
            raise self._too_many()
        return end if self._is_list else 0

    def _whole(self, end: int) -> bytes:
        """The records up to there as a list of their own."""
        return b"[" + bytes(self._held[:end]).rstrip().removesuffix(b",") + b"]"

    def _finish(self, rest: bytes) -> list[T]:
        if self._scan is not None:
            self._run(self._scan, bytearray(rest))
        if self._is_list:
            return self._records(b"[" + rest, self._told)
        return self._shape([self._told(rest)])

    def _told(self, whole: bytes) -> Any:
        return _told(whole, self._first)

    def _records(self, whole: bytes, loads: Callable[[bytes], Any]) -> list[T]:
        if self._fast is not None:
            try:
                return self._fast(whole)
            except Exception:  # noqa: BLE001, S110 - the slow way reads more, and tells what is wrong
                pass
        return self._shape(loads(whole))


def _blanks(held: bytearray) -> int:
    """How many blanks are at the beginning."""
    found = _BLANKS.match(held)
    return found.end() if found else 0


def _loads(content: bytes) -> Any:
    tree = json.loads(content.decode("utf-8-sig"), parse_float=NUMBERS.create_decimal, parse_constant=_refuse)
    return _mended(tree) if _HALF.search(content) else tree


def _mended(tree: Any) -> Any:
    """The tree with U+FFFD in place of halves of surrogate pairs, which no file and no database takes."""
    if isinstance(tree, str):
        return _LONE.sub("\ufffd", tree)
    if isinstance(tree, list):
        return [_mended(item) for item in tree]
    if isinstance(tree, dict):
        return {_mended(name): _mended(value) for name, value in tree.items()}
    return tree


def _told(content: bytes, first: bytes) -> Any:
    """Read, and tell what is wrong with it; `first` is how it begins."""
    try:
        return _loads(content)
    except UnicodeDecodeError as error:
        raise DecodeError(f"the answer is not UTF-8 (byte {error.start}): {beginning(first)}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DecodeError(f"the answer is no JSON ({error.msg}, {where}): {beginning(first)}") from error
    except ArithmeticError as error:
        raise DecodeError(f"the answer has a number that is too large or too long: {beginning(first)}") from error
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the answer is no JSON ({error}): {beginning(first)}") from error


def _refuse(constant: str) -> Any:
    msg = f"{constant} is no number"
    raise ValueError(msg)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        number = int(value) if value == value.to_integral_value() else float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, datetime | date):
        return iso(value)
    if isinstance(value, time):
        return of_day(value)
    msg = f"{value!r} is no text, number, day, moment or None"
    raise ValueError(msg)
