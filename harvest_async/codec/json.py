"""JSON: bodies to trees and back, and lists record by record.

Notes:
- No I/O. Numbers with a decimal point become `Decimal`, never binary floats.
- Errors show the place of the fault and the beginning of the body, since an HTML page is the usual cause.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeVar, cast

from harvest_async.codec.marks import MARK, last_mark, mark_like
from harvest_async.codec.slices import DEEPEST, LARGEST_ELEMENT, MOST_VALUES, SLICE, STEP, Shaper, Slices
from harvest_async.codec.text import NUMBERS, beginning, iso, of_day, only_decode_errors
from harvest_async.errors import DecodeError, InvalidArgument

__all__ = [
    "BOM",
    "CONTENT_TYPE",
    "QUOTE",
    "STRING_REST",
    "TOKEN",
    "Elements",
    "Scan",
    "parse",
    "read",
    "write",
]

T = TypeVar("T")

CONTENT_TYPE: Final = "application/json"

BOM: Final = b"\xef\xbb\xbf"
_BLANKS: Final = re.compile(rb"\s*+")
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE: Final = re.compile("[\ud800-\udfff]")
QUOTE: Final = ord('"')
TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(")?+|[][{},]', re.DOTALL)
STRING_REST: Final = re.compile(rb'(?:[^"\\]++|\\.)*+(")?+', re.DOTALL)


def read(content: bytes) -> Any:
    """Turn a body into a tree of dicts, lists, str, int, Decimal, bool and None.

    Raises:
        DecodeError: it is not JSON, or incomplete.
    """
    try:
        return _loads(content)
    except Exception:  # noqa: BLE001 - the slow way says what is wrong
        with only_decode_errors(content):
            return parse(content, content)


def write(fields: Mapping[str, Any], root: str | None) -> bytes:
    """Turn fields into a body, below a root if one is given.

    Raises:
        InvalidArgument: JSON has no form for the type of a value, or a text has half of a surrogate pair.
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


class Scan:
    """Finds where the records of a list end; reads each byte once.

    Args:
        stops_at_end: whether to stop behind the bracket that closes the list, since more fields follow.

    Attributes:
        place: number of bytes that were scanned.
        values: number of values that the current record has so far.
        is_closed: whether the list's closing bracket was found; `place` is behind it if `stops_at_end`.
    """

    __slots__ = ("_depth", "_in_string", "_stops_at_end", "is_closed", "place", "values")

    def __init__(self, *, stops_at_end: bool = False) -> None:
        self.place = 0
        self.values = 0
        self.is_closed = False
        self._stops_at_end = stops_at_end
        self._depth = 0
        self._in_string = False

    @property
    def ended(self) -> bool:
        """Whether the list is at its end."""
        return self._depth < 0

    def run(self, held: bytearray) -> int:
        """Scan the bytes that came since; return where the last complete record ends, 0 if none does.

        Raises:
            _Malformed: a record is nested too deep, or there is more behind the list's end.
        """
        end = 0
        if self._in_string and not self._end_string(held):
            return end
        for token in TOKEN.finditer(held, self.place):
            first = held[token.start()]
            if first == QUOTE:
                self.place, self._in_string = token.end(), token[1] is None
                continue
            self.place = token.end()
            end = self._take(first, end)
            if self.is_closed and self._stops_at_end:
                return end
        if not self._in_string:
            self.place = len(held)
        return end

    def _end_string(self, held: bytearray) -> bool:
        found = cast("re.Match[bytes]", STRING_REST.match(held, self.place))
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
            self.is_closed = self.is_closed or self._depth < 0
        elif self._depth == 0:
            self.values = 0
            return self.place
        else:
            self.values += 1
        return end


class Elements(Slices[T]):
    """Reads a list of records, each below its root; a single record counts as a list of one.

    A pattern guesses where a slice of records ends. If the guess fails, the rest of the list is scanned token by token,
    which is slower and always right.

    Args:
        shape: turns trees into records.
        fast: reads a complete slice in brackets at once, and raises `ValueError` for input that it can't read.
        mark: the pattern for what is between two records; None to derive it from the first record.
    """

    def __init__(
        self,
        shape: Shaper[T],
        fast: Callable[[bytes], list[T]] | None = None,
        mark: re.Pattern[bytes] | None = MARK,
    ) -> None:
        super().__init__(shape)
        self._mark = mark
        self._fast = fast
        self._is_list: bool | None = None  # None before the first character
        self._scan: Scan | None = None  # None while the pattern works

    def _advance(self) -> list[T]:
        if self._is_list is None and not self._open():
            return []
        if self._scan is None:
            found = self._guess() if self._is_list else None
            if found is not None:
                return found
            self._scan = Scan()
        return self._exact(self._scan)

    def _open(self) -> bool:
        """Skip to the first character that is not blank, and past the bracket of a list; return whether it has come."""
        held = self._held
        if held.startswith(BOM):
            del held[: len(BOM)]
        elif BOM.startswith(held):
            self._enough = len(BOM)
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
        """Read up to where a record seems to end; return None if the guess was wrong."""
        self._enough = SLICE - STEP
        if len(self._held) < self._enough:
            return []
        self._mark = self._mark or mark_like(self._held)
        end = last_mark(self._held, self._mark)
        if not end:
            return None
        try:
            records = self._records(self._whole(end), _loads)
        except (ValueError, RecursionError):
            return None
        del self._held[:end]
        return records

    def _exact(self, scan: Scan) -> list[T]:
        held = self._held
        if self._is_list and not scan.place:
            del held[: _blanks(held)]
        if scan.ended and held[scan.place :].isspace():
            del held[scan.place :]
        end = self._run(scan, held)
        if len(held) - end > LARGEST_ELEMENT:
            raise self._too_large()
        records = self._records(self._whole(end), self._parse) if end else []
        del held[:end]
        scan.place = 0 if held.isspace() else scan.place - end
        self._enough = len(held) + STEP
        return records

    def _run(self, scan: Scan, held: bytearray) -> int:
        """Scan the bytes that are held; return where the last complete record of a list ends."""
        try:
            end = scan.run(held)
        except _Malformed as error:
            raise self._error("JSON", error) from None
        if scan.values > MOST_VALUES:
            raise self._too_many()
        return end if self._is_list else 0

    def _whole(self, end: int) -> bytes:
        """Return the records up to `end` as a list of their own."""
        return b"[" + bytes(self._held[:end]).rstrip().removesuffix(b",") + b"]"

    def _finish(self, rest: bytes) -> list[T]:
        if self._scan is not None:
            self._run(self._scan, bytearray(rest))
        if self._is_list:
            return self._records(b"[" + rest, self._parse)
        return self._shape([self._parse(rest)])

    def _parse(self, whole: bytes) -> Any:
        return parse(whole, self._first)

    def _records(self, whole: bytes, loads: Callable[[bytes], Any]) -> list[T]:
        if self._fast is not None:
            try:
                return self._fast(whole)
            except Exception:  # noqa: BLE001, S110 - the slow way reads more, and says what is wrong
                pass
        return self._shape(loads(whole))


def _blanks(held: bytearray) -> int:
    """Return the number of blanks at the beginning."""
    found = _BLANKS.match(held)
    return found.end() if found else 0


def _refuse(constant: str) -> Any:
    msg = f"{constant} is not a number"
    raise ValueError(msg)


_DECODER: Final = json.JSONDecoder(parse_float=NUMBERS.create_decimal, parse_constant=_refuse)


def _loads(content: bytes) -> Any:
    tree = _DECODER.decode(content.decode("utf-8-sig"))
    return _without_halves(tree) if b"\\u" in content and _HALF.search(content) else tree


def _without_halves(tree: Any) -> Any:
    """Return the tree with U+FFFD in place of halves of surrogate pairs, which can't be stored anywhere."""
    if isinstance(tree, str):
        return _LONE.sub("\ufffd", tree)
    if isinstance(tree, list):
        return [_without_halves(item) for item in tree]
    if isinstance(tree, dict):
        return {_without_halves(name): _without_halves(value) for name, value in tree.items()}
    return tree


def parse(content: bytes, first: bytes) -> Any:
    """Read a part of a body that begins with `first`.

    Raises:
        DecodeError: it is not JSON; the message says where and shows the beginning.
    """
    try:
        return _loads(content)
    except UnicodeDecodeError as error:
        raise DecodeError(f"the response is not UTF-8 (byte {error.start}): {beginning(first)}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DecodeError(f"the response is not JSON ({error.msg}, {where}): {beginning(first)}") from error
    except ArithmeticError as error:
        raise DecodeError(f"the response has a number that is too large or too long: {beginning(first)}") from error
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the response is not JSON ({error}): {beginning(first)}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        number = int(value) if value == value.to_integral_value() else float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, datetime | date):
        return iso(value)
    if isinstance(value, time):
        return of_day(value)
    msg = f"{value!r} is not a text, number, date, datetime, time or None"
    raise ValueError(msg)
