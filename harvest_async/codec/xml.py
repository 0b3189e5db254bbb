"""XML: bodies to trees and back, and lists record by record.

Notes:
- No I/O. xmltodict reads and writes; white space in texts is kept.
- A document from the network must not have a document type, and so it has no entities.
- Names get underscores when they are read, also where the API uses dashes.
- A tree has text where JSON has numbers, since fields know their own types; of the attributes only `nil` is read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar
from xml.parsers.expat import ExpatError, ParserCreate

import xmltodict
from attrs import define, field

from harvest_async.codec.slices import DEEPEST, LARGEST_ELEMENT, MOST_VALUES, STEP, Shaper, Slices
from harvest_async.codec.text import beginning, iso, of_day, only_decode_errors
from harvest_async.codec.values import Repeated
from harvest_async.errors import DecodeError, InvalidArgument

__all__ = ["CONTENT_TYPE", "Elements", "read", "write"]

T = TypeVar("T")

CONTENT_TYPE: Final = "application/xml"

LONGEST_TOKEN: Final = 256 * 1024
"""The longest tag, comment or instruction, in bytes."""

_TYPE_AND_TEXT: Final = 2
_PROLOG: Final = 4_096
_ROOT: Final = re.compile(rb"<[A-Za-z_]")
_COMMENT: Final = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_PARSING: Final[Mapping[str, Any]] = {"strip_whitespace": False, "disable_entities": True, "process_comments": False}
_NOT_ALLOWED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read(content: bytes) -> tuple[str, Any]:
    """Turn a body into its root's name and a tree of dicts, lists, str and None.

    Raises:
        DecodeError: it is not XML, incomplete, or has a document type.
    """
    with only_decode_errors(content):
        tree = _parse(content)
        (root, value), *_ = tree.items()
        return _name(root), _plain(value)


def write(fields: Mapping[str, Any], root: str, *, underscores: bool) -> bytes:
    """Turn fields into a document. Names get dashes unless `underscores` is True.

    Raises:
        InvalidArgument: a text has a character that XML does not allow.
    """
    tree = {(name if underscores else name.replace("_", "-")): _element(name, value) for name, value in fields.items()}
    text: str = xmltodict.unparse({root: tree or None}, short_empty_elements=False)
    return text.replace("\r", "&#13;").encode()


class Elements(Slices[T]):
    """Reads the elements below a list's root, with any names.

    expat parses the chunks as they come, and each record is returned when it ends.
    """

    def __init__(self, shape: Shaper[T]) -> None:
        super().__init__(shape)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._builder = _Builder()
        self._came = self._began = 0  # bytes in total, and before the record that is being read

    def _advance(self) -> list[T]:
        text = self._text(bytes(self._held), final=False)
        self._held.clear()
        self._parse(text, final=False)
        left = self._came - max(0, self._builder.place())
        if left > LONGEST_TOKEN:
            what = f"a tag or a comment of more than {LONGEST_TOKEN} bytes"
            raise DecodeError(f"the response has {what}: {beginning(self._first)}")
        self._enough = max(STEP, left)  # an incomplete token is read again from its beginning
        return self._records()

    def _finish(self, rest: bytes) -> list[T]:
        text = self._text(rest, final=True)
        self._parse(text, final=True)
        return self._records()

    def _text(self, content: bytes, *, final: bool) -> str:
        before = self._came
        self._came += len(content)
        try:
            return self._decoder.decode(content, final)
        except UnicodeDecodeError as error:
            raise DecodeError(
                f"the response is not UTF-8 (byte {before + error.start}): {beginning(self._first)}"
            ) from error

    def _parse(self, text: str, *, final: bool) -> None:
        try:
            self._builder.parse(text, final=final)
        except ExpatError as error:
            _refuse_doctype(self._first)
            raise self._error("XML", error) from error
        except _DocumentType:
            raise DecodeError(f"the response has a document type, which is refused: {beginning(self._first)}") from None

    def _records(self) -> list[T]:
        builder = self._builder
        if builder.records:
            self._began = self._came
        if self._came - self._began > LARGEST_ELEMENT and builder.depth > 1:
            raise self._too_large()
        if builder.values > MOST_VALUES:
            raise self._too_many()
        found = builder.take()
        return self._shape(found) if found else []


class _DocumentType(Exception):
    """The document has a document type."""


@define(slots=True)
class _Node:
    """An element that is being read."""

    name: str
    is_nil: bool
    children: dict[str, Any] | None = None
    texts: list[str] = field(factory=list)


class _Builder:
    """Builds the trees of a list's records from what expat reports.

    Attributes:
        records: the trees of the complete records.
        values: number of elements in the record that is being read.
        depth: number of open elements.
    """

    __slots__ = ("_open", "_parser", "records", "values")

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.values = 0
        self._open: list[_Node] = []
        self._parser = ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = _refuse_type

    @property
    def depth(self) -> int:
        """The number of open elements."""
        return len(self._open)

    def parse(self, text: str, *, final: bool) -> None:
        """Parse the next part of the document."""
        self._parser.Parse(text, final)

    def place(self) -> int:
        """Return the number of bytes that were parsed."""
        return self._parser.CurrentByteIndex

    def take(self) -> list[Any]:
        """Return the complete records and remove them."""
        records, self.records = self.records, []
        return records

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST + 1:
            raise DecodeError(f"the response is nested deeper than {DEEPEST} elements")
        self.values += 1
        is_nil = bool(attributes) and attributes.get("nil", "").strip().lower() == "true"
        self._open.append(_Node(name, is_nil))

    def _data(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def _end(self, name: str) -> None:
        node = self._open.pop()
        value: Any = None if node.is_nil else _named(node.children) or "".join(node.texts)
        if len(self._open) > 1:
            _put(self._open[-1], name, value)
        elif self._open:
            self.records.append(value)
            self.values = 0


def _refuse_type(*_: object) -> None:
    raise _DocumentType


def _put(parent: _Node, name: str, value: Any) -> None:
    """Add a child to its parent; children of the same name become a list."""
    if parent.children is None:
        parent.children = {name: value}
    elif name not in parent.children:
        parent.children[name] = value
    else:
        before = parent.children[name]
        if isinstance(before, Repeated):
            before.append(value)
        else:
            parent.children[name] = Repeated((before, value))


def _named(children: dict[str, Any] | None) -> dict[str, Any] | None:
    return {_name(name): value for name, value in children.items()} if children else None


def _parse(content: bytes) -> dict[str, Any]:
    text = _decode(content, content)
    _refuse_doctype(content)
    try:
        tree = xmltodict.parse(text, **_PARSING)
    except (ExpatError, ValueError, xmltodict.ParsingInterrupted) as error:
        raise DecodeError(f"the response is not XML ({error}): {beginning(content)}") from error
    return dict(tree or {})


def _decode(content: bytes, first: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DecodeError(f"the response is not UTF-8 (byte {error.start}): {beginning(first)}") from error


def _refuse_doctype(content: bytes) -> None:
    prolog = _COMMENT.sub(b"", content[:_PROLOG])
    root = _ROOT.search(prolog)
    if b"<!DOCTYPE" in prolog[: root.start() if root else None].upper():
        raise DecodeError(f"the response has a document type, which is refused: {beginning(content)}")


@lru_cache
def _name(name: str) -> str:
    return name.replace("-", "_")


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise DecodeError(f"the response is nested deeper than {DEEPEST} elements")
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
    """Return an element's value; most are a text, or a text with attributes, for which there is a short way."""
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


def _date_or_datetime(name: str, value: date | datetime) -> str:
    try:
        return iso(value)
    except OverflowError as error:
        raise InvalidArgument(f"{name}: {value!r} can't be sent as XML: {error}") from None


def _text_of(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return _date_or_datetime(name, value)
    if isinstance(value, time):
        return of_day(value)
    if not isinstance(value, str | int | float | Decimal):
        raise InvalidArgument(
            f"{name}: this can't be sent as XML: {value!r} is not a text, number, date, datetime, time or None"
        )
    text = str(value)
    if found := _NOT_ALLOWED.search(text):
        raise InvalidArgument(f"{name}: character {found[0]!r} can't be sent as XML: leave it out, or use JSON")
    return text
