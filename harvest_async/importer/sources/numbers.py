"""Readers of numbers and amounts of money.

Accepted are points and commas as decimal marks; thousands in groups of three, separated by a blank of any width, an
apostrophe, a point or a comma, and Indian groups (12,34,567.50); a sign before or after the number, or parentheses
for a negative one; a currency before or after it, as a symbol, an abbreviation or three capital letters.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

from attrs import frozen

from harvest_async.importer.sources.cells import Bad, shown, tidy

__all__ = ["Parts", "ambiguous", "parts_of", "read_money", "read_number", "split_number"]

_LONGEST: Final = 64
_LARGEST: Final = 10**12
"""No amount is as large; products of two that are smaller can still be rounded to cents."""
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"))
_BEGIN: Final = re.compile(r"[.,]?[0-9]")
_DIGITS: Final = re.compile(r"[0-9](?:[0-9 '.,]*[0-9])?|[.,][0-9]+")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([ '.,])[0-9]{3}(?:\1[0-9]{3})*)?|[0-9]+")
_INDIAN: Final = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_NO_CENTS: Final = re.compile(r"[.,](?:-{1,2})?(?![0-9])")
_GROUP: Final = 3
_CODE: Final = re.compile(r"[A-Z]{3}")
_SIGNS: Final = {"": "", "+": "", "-": "-", "()": "-"}
_WORDS_TEXT: Final = """
    kr kr. kc kč zł zl ft fr fr. sfr sfr. lei lv lv. \u043b\u0432 \u043b\u0432. \u0440\u0443\u0431
    \u0440\u0443\u0431. rs rs. r rm rp rp. tl eur euro euros usd gbp chf pln czk sek nok dkk huf dollar dollars
    din din. ksh tsh ush s/ s/. bs bs. s n
"""
_WORDS: Final = frozenset(_WORDS_TEXT.split())


@frozen
class Parts:
    """The parts of a number.

    Attributes:
        sign: `-`, or empty.
        digits: the digits with their marks.
        currency: the text beside them.
    """

    sign: str
    digits: str
    currency: str


def parts_of(text: str) -> Parts | None:
    """Split a number into its parts; return None if the text is not a number.

    Args:
        text: the number, tidied.
    """
    if len(text) > _LONGEST or (begin := _BEGIN.search(text)) is None:
        return None
    text = text.translate(_APOSTROPHES)
    match = _DIGITS.match(text, begin.start())
    if match is None:
        return None
    before, behind = text[: match.start()], text[match.end() :]
    if (cents := _NO_CENTS.match(behind)) and behind[0] not in match[0]:
        behind = behind[cents.end() :]
    sign = "".join(letter for letter in before + behind if letter in "+-()")
    names = [re.sub(r"[-+() ]", "", part) for part in (before, behind)]
    currency = " ".join(filter(None, names))
    if sign not in _SIGNS or not all(map(_is_currency, names)) or len(currency.split()) > 1 + bool(_is_pair(names)):
        return None
    return Parts(_SIGNS[sign], match[0], currency)


def _is_pair(names: list[str]) -> bool:
    """Return whether one name is a code and the other is a symbol, as in $ 5 USD."""
    return sum(_CODE.fullmatch(name) is not None for name in names) == 1


def _is_currency(name: str) -> bool:
    """Return whether a text is a currency such as €, US$, EUR, kr. or zł, or empty."""
    if name.lower() in _WORDS or _CODE.fullmatch(name):
        return True
    symbols = [letter for letter in name if unicodedata.category(letter) == "Sc"]
    letters = name.replace(symbols[0], "").removesuffix(".") if len(symbols) == 1 else name
    return not letters or (bool(symbols) and re.fullmatch(r"[A-Z]{1,3}", letters) is not None)


def split_number(text: str) -> str | None:
    """Return the decimal mark of a number, `.` or `,`; `?` if it is ambiguous, None if there is no mark."""
    parts = parts_of(tidy(text))
    return None if parts is None else _shown_mark(parts.digits)


def _shown_mark(digits: str) -> str | None:
    marks = [letter for letter in digits if letter in ".,"]
    if not marks:
        return None
    if len(set(marks)) > 1:
        return marks[-1]
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    whole, _, rest = digits.partition(marks[0])
    doubtful = len(rest) == _GROUP and whole.isdigit() and len(whole) <= _GROUP and not whole.startswith("0")
    return "?" if doubtful else marks[0]


def ambiguous(text: str) -> Bad:
    """Return the problem of a number that can be read in two ways."""
    return Bad(f"{shown(text)} can be read in two ways: give --decimal . or --decimal ,")


def read_money(text: str, mark: str | None) -> Decimal | Bad:
    """Read an amount of money or of units, with or without a currency."""
    if not (text := tidy(text)):
        return Bad("is empty: a number is needed")
    parts = parts_of(text)
    if parts is None:
        return Bad(f"{shown(text)} is no number: write 1234.50")
    if mark is None and _shown_mark(parts.digits) == "?":
        return ambiguous(text)
    number = read_number(parts, mark, text)
    if isinstance(number, Bad):
        return Bad(number.reason or f"{shown(text)} is no number: write 1234.50")
    return number if abs(number) < _LARGEST else Bad(f"{shown(text)} is larger than any amount can be: correct it")


def read_number(parts: Parts, mark: str | None, text: str) -> Decimal | Bad:
    """Read a number; an ambiguous mark is read as the decimal mark.

    Args:
        parts: the number.
        mark: the decimal mark; None if each number is parsed on its own.
        text: the cell, for messages.

    Returns:
        The number, or the reason why there is none; the reason is empty if the text is not a number at all.
    """
    seen = _shown_mark(parts.digits)
    decimal = mark or (seen if seen in (".", ",") else "," if "," in parts.digits else ".")
    whole, _, rest = parts.digits.partition(decimal)
    digits = _ungrouped(whole or "0", decimal)
    if digits is None or (rest and not rest.isdigit()):
        return Bad(f"{shown(text)} does not fit the decimal mark {mark!r} of this file: see --decimal" if mark else "")
    return Decimal(f"{parts.sign}{digits}.{rest}" if rest else f"{parts.sign}{digits}")


def _ungrouped(whole: str, decimal: str) -> str | None:
    """Return the digits of a whole number; None if they are not grouped correctly."""
    match = _GROUPED.fullmatch(whole)
    if match is not None and match[1] != decimal:
        return whole.replace(match[1], "") if match[1] else whole
    if decimal == "." and _INDIAN.fullmatch(whole):
        return whole.replace(",", "")
    return None
