"""XML: bytes <-> tree.

Rules of this room: pure. xmltodict reads and writes, its defaults set on purpose: white space of texts is kept. What
comes from the network may not bring a document type, and with it no entities (contract: untrusted_xml). Names get
underscores when they are read, whatever the section writes (contract: daily_all_underscores). A tree read from XML
has text where JSON has numbers: fields know their own types (contract: nil_class), attributes only tell nil.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final
from xml.parsers.expat import ExpatError

import xmltodict

from harvest_async.codec.text import beginning, iso, of_day
from harvest_async.errors import DecodeError, InvalidArgument

__all__ = ["CONTENT_TYPE", "items", "read", "write"]

CONTENT_TYPE: Final = "application/xml"

_DEEPEST: Final = 100
_ROOT: Final = re.compile(r"<[A-Za-z_]")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_UNSPEAKABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(content: bytes) -> tuple[str, Any]:
    """Turn a body into its root's name and a tree of dicts, lists, str and None.

    Raises:
        DecodeError: it is no XML, not whole, or brings a document type.
    """
    tree = _parse(content)
    (root, value), *_ = tree.items()
    return _name(root), _plain(value)


def items(content: bytes) -> list[Any]:
    """Read the elements below a list's root one by one, without ever holding the whole list as a tree.

    Raises:
        DecodeError: as `read`.
    """
    found: list[Any] = []

    def keep(path: list[tuple[str, Any]], item: Any) -> bool:
        attributes = path[-1][1] or {}
        extra = {f"@{name}": value for name, value in attributes.items()}
        found.append(_plain({**extra, **item} if isinstance(item, dict) else item))
        return True

    _parse(content, item_depth=2, item_callback=keep)
    return found


def write(fields: Mapping[str, Any], root: str, *, underscores: bool) -> bytes:
    """Turn fields into a document. Names get dashes, but for the section that has underscores.

    Raises:
        InvalidArgument: a text has a character that XML can't carry.
    """
    tree = {(name if underscores else name.replace("_", "-")): _element(name, value) for name, value in fields.items()}
    text: str = xmltodict.unparse({root: tree or None}, short_empty_elements=False)
    return text.replace("\r", "&#13;").encode()


def _parse(content: bytes, **how: Any) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DecodeError(f"the answer is not UTF-8 (byte {error.start}): {beginning(content)}") from error
    prolog = _COMMENT.sub("", text[:4096])
    root = _ROOT.search(prolog)
    if "<!DOCTYPE" in prolog[: root.start() if root else None].upper():
        raise DecodeError(f"the answer brings a document type, which is refused: {beginning(content)}")
    try:
        tree = xmltodict.parse(text, strip_whitespace=False, disable_entities=True, process_comments=False, **how)
    except (ExpatError, ValueError, xmltodict.ParsingInterrupted) as error:
        raise DecodeError(f"the answer is no XML ({error}): {beginning(content)}") from error
    return dict(tree or {})


def _name(name: str) -> str:
    return name.replace("-", "_")


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise DecodeError(f"the answer is nested deeper than {_DEEPEST} elements")
    if value is None:
        return ""
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if (value.get("@nil") or "").strip().lower() == "true":
        return None
    children = {_name(name): _plain(child, depth + 1) for name, child in value.items() if name[0] not in "@#"}
    return children or value.get("#text", "")


def _element(name: str, value: Any) -> Any:
    if value is None:
        return {"@nil": "true"}
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return iso(value)
    if isinstance(value, time):
        return of_day(value)
    text = str(value)
    if found := _UNSPEAKABLE.search(text):
        raise InvalidArgument(f"{name}: character {found[0]!r} can't be sent as XML: leave it out, or use JSON")
    return text
