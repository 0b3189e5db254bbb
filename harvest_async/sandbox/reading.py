"""What a request says: its body in both formats or its query, and the values in it.

Rules of this room: pure. The server is generous with what it reads (contract: writes.fields_elsewhere,
padded_values) and answers 400 to what it can't use.
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

__all__ = ["Refusal", "read_day", "read_fields", "read_id", "read_moment", "read_values"]

_BRACKETS: Final = re.compile(r"([a-z0-9_-]+)\[([a-z0-9_-]+)\]")
_DAY: Final = re.compile(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})")
_LOST_PLUS: Final = re.compile(r"(\d\d:\d\d(?::\d\d)?) (\d\d:?\d\d)$")
"""A zone whose plus was sent unescaped, so that it arrived as a blank."""
_MOST: Final = Decimal(10) ** 11
_FINEST: Final = -30
"""The last place that a number may have: written out, 1e-999999999 would fill the memory."""
_LONGEST_ID: Final = 18
_FIRST_YEAR: Final = 1000
_ZONE_WORDS: Final = {
    "UTC": "+00:00", "GMT": "+00:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00",
}  # fmt: skip
_ZONE_WORD: Final = re.compile(rf" ?\b({'|'.join(_ZONE_WORDS)})$", re.IGNORECASE)
_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")


class Refusal(Exception):
    """The server says no.

    Attributes:
        status: the HTTP status.
        message: what the body says; None for a blank one.
        hints: whether the `Hint` header says it, too. The documentation names it on few calls.
    """

    def __init__(self, status: int, message: str | None = None, *, hints: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hints = hints


def read_fields(
    content: bytes, format: str, root: str, query: Iterable[tuple[str, str]], *, flat: bool = False
) -> Record:
    """The fields of a write, from the body or from bracketed parameters (contract: writes.fields_elsewhere).

    XML has them below the root. JSON has them below the root, too, with dashes or underscores (contract:
    dash_key_in_json), or bare; an empty root says that they must be bare. `flat` says that parameters, of the query or
    of a form, may be bare, too.
    """
    elsewhere = _parameters(query, flat=flat)
    if format == "form":
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        return elsewhere | _parameters(pairs, flat=flat)
    return elsewhere | (_body(content, format, root) if content.strip() else {})


def _parameters(pairs: Iterable[tuple[str, str]], *, flat: bool) -> Record:
    """The fields among parameters: bracketed ones, and bare ones where they count; bracketed ones come first."""
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
        raise Refusal(400, "The body is no object.")
    return {str(name).replace("-", "_"): _flat(value) for name, value in tree.items()}


def _flat(value: Any) -> Any:
    """A value, or an empty list in the place of one with an inside: no field has one, however deep it goes."""
    return [] if isinstance(value, dict | list) else value


def _read_xml(content: bytes, root: str) -> Any:
    tree = xmltodict.parse(content, strip_whitespace=False, disable_entities=True)
    ((name, element),) = tree.items()
    if not isinstance(element, dict) or name.replace("-", "_") != root:
        return {}
    return {name: _text(value) for name, value in element.items() if name[0] not in "@#"}


def _text(value: Any) -> Any:
    if isinstance(value, list):  # contract: duplicate_elements: the last one counts
        return _text(value[-1])
    if isinstance(value, dict):
        return None if value.get("@nil") == "true" else value.get("#text", "")
    return "" if value is None else value


def read_values(kind: str, fields: Record, allowed: Iterable[str]) -> Record:
    """The values that a write may set, each of its field's type; unknown and read-only fields are passed over."""
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
    """A day in any of the forms that the server takes (contract: spent_at_in_requests).

    Raises:
        ValueError: it is no day.
    """
    text = str(value).strip()
    if match := _DAY.match(text):
        return date(*map(int, match.groups()))
    try:
        return parsedate_to_datetime(f"{text} 00:00:00 +0000").date()
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(text) from error


def read_moment(value: Any) -> datetime:
    """Read a moment; without a zone it is in UTC, and the zone may be a word, as in `2017-01-01 10:00:00 UTC`."""
    given = str(value).strip()
    text, zone = _LOST_PLUS.sub(r"\1+\2", given), ""
    if match := _ZONE_WORD.search(text):
        text, zone = text[: match.start()], _ZONE_WORDS[match[1].upper()]
        text = text if ":" in text else f"{text} 00:00"
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1) + zone)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(400, f"{given!r} is no moment.") from None
    if moment.year < _FIRST_YEAR:
        raise Refusal(400, f"{given!r} is no moment.")
    return moment


def read_id(value: Any) -> int | None:
    """Read an id: up to 18 ASCII digits; None for anything else."""
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID else None


_READERS: Final[dict[type, Any]] = {
    int: _read_integer,
    str: _read_text,
    bool: _read_boolean,
    Decimal: _read_decimal,
    date: read_day,
    datetime: read_moment,
}
