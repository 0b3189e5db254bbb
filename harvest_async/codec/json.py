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
from typing import Any, Final, TypeVar

from harvest_async.codec.slices import Shaper, Slices
from harvest_async.codec.text import NUMBERS, beginning, iso, of_day, only_decode_errors
from harvest_async.errors import DecodeError, InvalidArgument

__all__ = ["CONTENT_TYPE", "Elements", "read", "write"]

T = TypeVar("T")

CONTENT_TYPE: Final = "application/json"

_BOM: Final = b"\xef\xbb\xbf"
_OPENING: Final = re.compile(rb"\s*\[")
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE: Final = re.compile("[\ud800-\udfff]")
_MARK: Final = re.compile(rb'\}\s*,\s*(?=\{\s*"[^"\\]*"\s*:\s*\{)')
"""Between two records, each below its root. The quote of a text inside a record would have a backslash before it."""


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


class Elements(Slices[T]):
    """Reads a list of records, each below its root; a single record is a list of one (contract: list_sample_is_single).

    Args:
        shape: turns trees into records.
        fast: reads a slice, whole and in brackets, at once; raises `ValueError` for what it can't read. None for none.
    """

    def __init__(self, shape: Shaper[T], fast: Callable[[bytes], list[T]] | None = None) -> None:
        super().__init__(shape)
        self._fast = fast
        self._opened = False

    def _begin(self) -> re.Pattern[bytes] | None:
        held = self._held.removeprefix(_BOM)
        opening = _OPENING.match(held)
        if opening is None:
            return None
        self._held, self._opened = held[opening.end() :], True
        return _MARK

    def _read(self, part: bytes) -> list[T]:
        return self._records(b"[" + part.rstrip().removesuffix(b",") + b"]", _loads)

    def _finish(self, rest: bytes) -> list[T]:
        if self._opened:
            return self._records(b"[" + rest, lambda whole: _told(whole, self._first))
        tree = _told(rest, self._first)
        return self._shape(tree if isinstance(tree, list) else [tree])

    def _records(self, whole: bytes, loads: Callable[[bytes], Any]) -> list[T]:
        if self._fast is not None:
            try:
                return self._fast(whole)
            except Exception:  # noqa: BLE001, S110 - the slow way reads more, and tells what is wrong
                pass
        return self._shape(loads(whole))


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
