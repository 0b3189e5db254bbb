"""XML as the API writes it: elements, their type attributes, and null.

A style says how names, times and numbers are written; it also has the quirks to show. A character that XML cannot hold
is written as an asterisk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from attrs import frozen

from harvest_async.sandbox.records import Record

__all__ = ["Style", "document", "element"]

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BREAKS: Final = {"\r": "&#13;"}
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMES: Final[dict[type, str]] = {
    int: "integer",
    bool: "boolean",
    Decimal: "decimal",
    date: "date",
    datetime: "datetime",
}
_PAD: Final = "\n      "


@frozen
class Style:
    """How a section is written; `dashes` in names are off for time tracking only."""

    quirks: frozenset[str]
    dashes: bool


def document(text: str) -> bytes:
    """Return a whole document."""
    return (_DECLARATION + text).encode()


def element(name: str, value: Any, style: Style, types: Mapping[str, tuple[type, Any]] | None = None) -> str:
    """Return an element; `types` has the types of null values."""
    tag = name.replace("_", "-") if style.dashes else name
    if isinstance(value, dict):
        inner = "".join(element(key, child, style, types) for key, child in _children(value, style))
        return f"<{tag}>{inner}</{tag}>"
    if value is None:
        return _null(name, tag, style, types or {})
    if name == "hours_with_timer" and style.dashes:  # as in the documentation's sample
        return f'<{tag} type="NilClass">{value:f}</{tag}>'
    if name in {"tax2_amount", "tax_amount2"} and "nil_with_text" in style.quirks and not value:
        return f'<{tag} type="decimal" nil="true">0</{tag}>'
    kind, text = _typed(value, style, (types or {}).get(name, (str, None))[0])
    if "padded_values" in style.quirks and isinstance(value, bool | date):
        text = f"{_PAD}{text}{_PAD}"
    text = escape(_UNWRITABLE.sub("*", text), _BREAKS)
    if name == "timezone" and "bare_ampersand" in style.quirks:
        text = text.replace("&amp;", "&")
    return f"<{tag}{kind}>{text}</{tag}>"


def _children(record: Record, style: Style) -> list[tuple[str, Any]]:
    if "duplicate_elements" not in style.quirks:
        return list(record.items())
    stale = [(name, datetime(2001, 1, 1, tzinfo=UTC)) for name in ("created_at", "updated_at") if name in record]
    return stale + list(record.items())


def _null(name: str, tag: str, style: Style, types: Mapping[str, tuple[type, Any]]) -> str:
    known = types.get(name, (str, None))[0]
    kind = "" if known is str else f' type="{_name(known, style)}"'
    return f'<{tag}{kind} nil="true"></{tag}>'


def _typed(value: Any, style: Style, known: type) -> tuple[str, str]:
    """Return the type attribute and the text of a value; `known` is its field's type."""
    if isinstance(value, str):
        return f' type="{_name(datetime, style)}"' if known is datetime else "", value
    return f' type="{_name(type(value), style)}"', _text(value, style)


def _name(known: type, style: Style) -> str:
    if known is Decimal and not style.dashes:
        return "float"
    return "dateTime" if known is datetime and "datetime_case" in style.quirks else _NAMES[known]


def _text(value: Any, style: Style) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return _time(value.astimezone(UTC), style)
    return value.isoformat() if isinstance(value, date) else str(value)


def _time(value: datetime, style: Style) -> str:
    if style.dashes:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    zone = "-0000" if "minus_zero_zone" in style.quirks else "+0000"
    return f"{value:%a, %d %b %Y %H:%M:%S} {zone}"
