"""Values of JSON as the text of cells, and the decoder that keeps numbers as they are written."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from harvest_async.importer.sources.faults import Fault

__all__ = ["cell", "decoder", "fault_of_text"]

_SHOWN: Final = 60
_PLAIN_EXPONENT: Final = 30


def cell(value: Any) -> tuple[str, Fault | None]:
    """Return a value as text, and its fault if it has one; null is empty."""
    if isinstance(value, str):
        fault = None if value.isascii() and "\0" not in value else fault_of_text(value)
        return (fault.text if fault else value), fault
    if value is None:
        return "", None
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, int):
        return str(value), None
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        plain = isinstance(exponent, int) and abs(exponent) < _PLAIN_EXPONENT
        return (format(value, "f") if plain else str(value)), None
    what = "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, default=str)[:_SHOWN]
    return text, Fault(f"holds {what} ({text}): a text or a number is needed", text)


def fault_of_text(text: str) -> Fault | None:
    """Return why a text can't be sent; None if it can."""
    if "\0" in text:
        return Fault("holds a NUL character, which can't be sent", text.replace("\0", "\\0"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode("utf-8", "backslashreplace").decode()
        return Fault(f"holds half a letter (a lone surrogate, character {error.start + 1}), which can't be sent", shown)
    return None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        msg = f"{text[:_SHOWN]} is too large or too small"
        raise ValueError(msg) from error


def _no_number(word: str) -> None:
    msg = f"{word} is no number"
    raise ValueError(msg)


decoder: Final = json.JSONDecoder(parse_float=_number, parse_constant=_no_number)
"""Decodes JSON with numbers as they are written."""
