"""JSON: bytes <-> tree.

Rules of this room: pure. Numbers with a point become `Decimal`, never binary floats. What can't be read is told with
its place and its beginning, since a page of HTML is the usual cause (contract: headers.missing_headers).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from harvest_async.codec.text import beginning, iso, of_day
from harvest_async.errors import DecodeError

__all__ = ["CONTENT_TYPE", "read", "write"]

CONTENT_TYPE: Final = "application/json"


def read(content: bytes) -> Any:
    """Turn a body into a tree of dicts, lists, str, int, Decimal, bool and None.

    Raises:
        DecodeError: it is no JSON, or not whole.
    """
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise DecodeError(f"the answer is not UTF-8 (byte {error.start}): {beginning(content)}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DecodeError(f"the answer is no JSON ({error.msg}, {where}): {beginning(content)}") from error
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the answer is no JSON ({error}): {beginning(content)}") from error


def write(fields: Mapping[str, Any], root: str | None) -> bytes:
    """Turn fields into a body, below a root where there is one."""
    tree = fields if root is None else {root: fields}
    return json.dumps(tree, default=_plain, separators=(",", ":")).encode()


def _refuse(constant: str) -> Any:
    msg = f"{constant} is no number"
    raise ValueError(msg)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() else float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, datetime | date):
        return iso(value)
    if isinstance(value, time):
        return of_day(value)
    msg = f"{type(value).__name__} can't be written as JSON"
    raise TypeError(msg)
