"""Parsing of requests: the fields of a body or of the query, and their values.

It accepts all forms in which the API accepts a field and refuses the others with 400.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.parsers.expat import ExpatError

import xmltodict

from harvest_async.sandbox.records import FIELDS, Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["read_day", "read_fields", "read_fields_of", "read_time"]

_BRACKETS: Final = re.compile(r"([a-z0-9_-]+)\[([a-z0-9_-]+)\]")
_DAY: Final = re.compile(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})")
_LOST_PLUS: Final = re.compile(r"(\d\d:\d\d(?::\d\d)?) (\d\d:?\d\d)$")
"""A time whose zone had an unescaped plus, which arrived as a blank."""
_MOST: Final = Decimal(10) ** 11
_FINEST: Final = -30
"""The smallest exponent of a number: written out, 1e-999999999 would fill the memory."""
_FIRST_YEAR: Final = 1000
_ZONE_NAMES: Final = {
    "UTC": "+00:00", "GMT": "+00:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00",
}  # fmt: skip
_ZONE_NAME: Final = re.compile(rf" ?\b({'|'.join(_ZONE_NAMES)})$", re.IGNORECASE)
_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")


def read_fields(
    content: bytes, format: str, root: str, query: Iterable[tuple[str, str]], *, flat: bool = False
) -> Record:
    """Return the fields of a write, from the body or from bracketed parameters such as `client[name]`.

    XML has them below the root. JSON has them below the root, with dashes or underscores, or at the top; with an empty
    root they must be at the top. With `flat` plain parameters, of the query or of a form, are fields, too.
    """
    elsewhere = _parameters(query, flat=flat)
    if format == "form":
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        return elsewhere | _parameters(pairs, flat=flat)
    return elsewhere | (_body(content, format, root) if content.strip() else {})


def _parameters(pairs: Iterable[tuple[str, str]], *, flat: bool) -> Record:
    """Return the fields among parameters: bracketed ones and, with `flat`, plain ones; bracketed ones win."""
    given: Record = {}
    bracketed: Record = {}
    for name, value in pairs:
        if (match := _BRACKETS.fullmatch(name)) is not None:
            bracketed[match[2].replace("-", "_")] = value
        elif flat:
            given[name.replace("-", "_")] = value
    return given | bracketed


def _body(content: bytes, format: str, root: str) -> Record:
    try:
        tree = json.loads(content, parse_float=Decimal) if format == "json" else _read_xml(content, root)
    except (ValueError, ArithmeticError, LookupError, ExpatError, RecursionError):
        raise Refusal(400, "The body can't be read.") from None
    if isinstance(tree, dict) and format == "json":
        tree = next((tree[name] for name in (root, root.replace("_", "-")) if isinstance(tree.get(name), dict)), tree)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise Refusal(400, "The body must be an object.")
    return {str(name).replace("-", "_"): _flat(value) for name, value in tree.items()}


def _flat(value: Any) -> Any:
    """Return a value, or an empty list in place of a nested one, which no field has."""
    return [] if isinstance(value, dict | list) else value


def _read_xml(content: bytes, root: str) -> Any:
    tree = xmltodict.parse(content, strip_whitespace=False, disable_entities=True)
    ((name, element),) = tree.items()
    if not isinstance(element, dict) or name.replace("-", "_") != root:
        return {}
    return {name: _text(value) for name, value in element.items() if name[0] not in "@#"}


def _text(value: Any) -> Any:
    if isinstance(value, list):  # the last of several elements counts
        return _text(value[-1])
    if isinstance(value, dict):
        return None if value.get("@nil") == "true" else value.get("#text", "")
    return "" if value is None else value


def read_fields_of(kind: str, fields: Record, allowed: Iterable[str]) -> Record:
    """Return the values of the allowed fields, each of its field's type; other fields are ignored."""
    known = FIELDS[kind]
    return {name: _value(name, known[name][0], fields[name]) for name in allowed if name in fields}


def _value(name: str, known: type, value: Any) -> Any:
    if value is None or (known is not str and isinstance(value, str) and not value.strip()):
        return None
    try:
        return _READERS[known](value)
    except (ValueError, TypeError, ArithmeticError):
        raise Refusal(400, f"{name} is invalid.") from None


def _read_text(value: Any) -> str:
    if isinstance(value, dict | list) or _UNWRITABLE.search(text := str(value)):
        raise TypeError
    return text


def _read_boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in {"true", "false", "1", "0"}:
        raise ValueError
    return word in {"true", "1"}


def _read_decimal(value: Any) -> Decimal:
    number = Decimal(str(value).strip())
    if not number.is_finite() or abs(number) >= _MOST or int(number.as_tuple().exponent) < _FINEST:
        raise ValueError
    return number


def _read_integer(value: Any) -> int:
    number = int(str(value).strip())
    if abs(number) >> 63:
        raise ValueError
    return number


def read_day(value: Any) -> date:
    """Return a day, given in any form that the API accepts.

    Raises:
        ValueError: it is not a day.
    """
    text = str(value).strip()
    if match := _DAY.match(text):
        return date(*map(int, match.groups()))
    try:
        return parsedate_to_datetime(f"{text} 00:00:00 +0000").date()
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(text) from error


def read_time(value: Any) -> datetime:
    """Return a time; without a zone it is in UTC, and the zone may be a name, as in `2017-01-01 10:00:00 UTC`."""
    given = str(value).strip()
    text, zone = _LOST_PLUS.sub(r"\1+\2", given), ""
    if match := _ZONE_NAME.search(text):
        text, zone = text[: match.start()], _ZONE_NAMES[match[1].upper()]
        text = text if ":" in text else f"{text} 00:00"
    try:
        time = datetime.fromisoformat(text.replace(" ", "T", 1) + zone)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(400, f"{given!r} is not a time.") from None
    if time.year < _FIRST_YEAR:
        raise Refusal(400, f"{given!r} is not a time.")
    return time


_READERS: Final[dict[type, Any]] = {
    int: _read_integer,
    str: _read_text,
    bool: _read_boolean,
    Decimal: _read_decimal,
    date: read_day,
    datetime: read_time,
}
