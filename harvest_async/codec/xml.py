"""XML: bytes <-> tree, and lists record by record.

Rules of this room: pure. xmltodict reads and writes, its defaults set on purpose: white space of texts is kept. What
comes from the network may not bring a document type, and with it no entities (contract: untrusted_xml). Names get
underscores when they are read, whatever the section writes (contract: daily_all_underscores). A tree read from XML
has text where JSON has numbers: fields know their own types (contract: nil_class), attributes only tell nil.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar
from xml.parsers.expat import ExpatError

import xmltodict

from harvest_async.codec.shape import Repeated
from harvest_async.codec.slices import Slices
from harvest_async.codec.text import beginning, iso, of_day, only_decode_errors
from harvest_async.errors import DecodeError, InvalidArgument

__all__ = ["CONTENT_TYPE", "Elements", "read", "write"]

T = TypeVar("T")

CONTENT_TYPE: Final = "application/xml"

_DEEPEST: Final = 100
_TYPE_AND_TEXT: Final = 2
_PROLOG: Final = 4_096
_ROOT: Final = re.compile(rb"<[A-Za-z_]")
_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)
_AROUND: Final = rb"(?:\s|<\?.*?\?>|<!--.*?-->)*+"
_OPENING: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?" + _AROUND + rb"<([A-Za-z_][^<>]*(?<!/))>" + _AROUND + rb"<([A-Za-z_][^\s<>/]*)", re.DOTALL
)
"""A list's own beginning: what its root and its first record are called."""
_HOW: Final[Mapping[str, Any]] = {"strip_whitespace": False, "disable_entities": True, "process_comments": False}
_UNSPEAKABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(content: bytes) -> tuple[str, Any]:
    """Turn a body into its root's name and a tree of dicts, lists, str and None.

    Raises:
        DecodeError: it is no XML, not whole, or brings a document type.
    """
    with only_decode_errors(content):
        tree = _parse(content)
        (root, value), *_ = tree.items()
        return _name(root), _plain(value)


def write(fields: Mapping[str, Any], root: str, *, underscores: bool) -> bytes:
    """Turn fields into a document. Names get dashes, but for the section that has underscores.

    Raises:
        InvalidArgument: a text has a character that XML can't carry.
    """
    tree = {(name if underscores else name.replace("_", "-")): _element(name, value) for name, value in fields.items()}
    text: str = xmltodict.unparse({root: tree or None}, short_empty_elements=False)
    return text.replace("\r", "&#13;").encode()


class Elements(Slices[T]):
    """Reads the elements below a list's root. What both are called does not matter (contract: message_list_root)."""

    def _begin(self) -> re.Pattern[bytes] | None:
        _refuse_doctype(self._held)
        opening = _OPENING.match(self._held)
        if opening is None:
            return None
        root, record = opening.groups()
        self._root, self._end = b"<" + root + b">", b"</" + root.split()[0] + b">"
        self._held = self._held[opening.end(1) + 1 :]
        return re.compile(rb"</" + re.escape(record) + rb"\s*>\s*(?=<)")

    def _read(self, part: bytes) -> list[T]:
        try:
            return self._shape(_items(self._root + part + self._end))
        except (ExpatError, xmltodict.ParsingInterrupted) as error:
            raise ValueError(error) from error

    def _finish(self, rest: bytes) -> list[T]:
        whole = rest if self._mark is None else self._root + rest
        _decode(whole, self._first)
        try:
            return self._shape(_items(whole))
        except (ExpatError, ValueError, xmltodict.ParsingInterrupted) as error:
            raise DecodeError(f"the answer is no XML ({error}): {beginning(self._first)}") from error


def _items(content: bytes) -> list[Any]:
    """The trees of the elements below the root."""
    found: list[Any] = []

    def keep(path: list[tuple[str, Any]], item: Any) -> bool:
        if isinstance(item, dict):
            found.append(_plain(item))
        else:
            found.append(_plain({"@nil": (path[-1][1] or {}).get("nil"), "#text": item}))
        return True

    xmltodict.parse(content, item_depth=2, item_callback=keep, **_HOW)
    return found


def _parse(content: bytes) -> dict[str, Any]:
    text = _decode(content, content)
    _refuse_doctype(content)
    try:
        tree = xmltodict.parse(text, **_HOW)
    except (ExpatError, ValueError, xmltodict.ParsingInterrupted) as error:
        raise DecodeError(f"the answer is no XML ({error}): {beginning(content)}") from error
    return dict(tree or {})


def _decode(content: bytes, first: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DecodeError(f"the answer is not UTF-8 (byte {error.start}): {beginning(first)}") from error


def _refuse_doctype(content: bytes) -> None:
    prolog = _COMMENT.sub(b"", content[:_PROLOG])
    root = _ROOT.search(prolog)
    if b"<!DOCTYPE" in prolog[: root.start() if root else None].upper():
        raise DecodeError(f"the answer brings a document type, which is refused: {beginning(content)}")


@lru_cache
def _name(name: str) -> str:
    return name.replace("-", "_")


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise DecodeError(f"the answer is nested deeper than {_DEEPEST} elements")
    if value is None:
        return ""
    if isinstance(value, list):
        return Repeated(_plain(item, depth + 1) for item in value)
    if not isinstance(value, dict):
        return value
    if (value.get("@nil") or "").strip().lower() == "true":
        return None
    children = {_name(name): _child(child, depth) for name, child in value.items() if name[0] not in "@#"}
    return children or value.get("#text", "")


def _child(value: Any, depth: int) -> Any:
    """An element; most are a text, or a text with attributes, and are read without more ado."""
    if value.__class__ is str:
        return value
    if value.__class__ is dict and len(value) == _TYPE_AND_TEXT and "@type" in value and "#text" in value:
        return value["#text"]
    return _plain(value, depth + 1)


def _element(name: str, value: Any) -> Any:
    if value is None:
        return {"@nil": "true"}
    if isinstance(value, Mapping):
        return {inner: _element(inner, each) for inner, each in value.items()} or ""
    if isinstance(value, list | tuple):
        return [_element(name, each) for each in value]
    return _text_of(name, value)


def _day_or_moment(name: str, value: date | datetime) -> str:
    try:
        return iso(value)
    except OverflowError as error:
        raise InvalidArgument(f"{name}: {value!r} can't be sent as XML: {error}") from None


def _text_of(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return _day_or_moment(name, value)
    if isinstance(value, time):
        return of_day(value)
    if not isinstance(value, str | int | float | Decimal):
        raise InvalidArgument(f"{name}: this can't be sent as XML: {value!r} is no text, number, day, moment or None")
    text = str(value)
    if found := _UNSPEAKABLE.search(text):
        raise InvalidArgument(f"{name}: character {found[0]!r} can't be sent as XML: leave it out, or use JSON")
    return text
