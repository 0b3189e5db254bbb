"""API v1 in JSON or in XML: the encoding of calls and the decoding of responses.

Notes:
- No I/O, and no endpoint is known here: a call brings its own result and body.
- The formats differ in `codec.json`, `codec.xml` and `_FORMATS` only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal, TypeVar
from urllib.parse import urlencode

from attrs import frozen

from harvest_async.call import Body, Call, Created, DeleteResult, ListReader, Page, Upload
from harvest_async.client.responses import explain, is_page, is_plausible, number_in
from harvest_async.client.results import Bare, Changed, Done, Entry, Made, Many, One, Raw, Removed
from harvest_async.codec import json, xml
from harvest_async.codec.shape import shape
from harvest_async.codec.slices import Slices
from harvest_async.codec.text import beginning, decode_error, only_decode_errors
from harvest_async.errors import DecodeError
from harvest_async.messages import Request, Response
from harvest_async.v1.lists import PagedReader, json_elements, unwrap, xml_elements
from harvest_async.v1.models import DayEntry
from harvest_async.v1.roots import REQUEST, Root

__all__ = ["Format", "V1Dialect"]

T = TypeVar("T")

Format = Literal["json", "xml"]

_WRITES: Final = frozenset({"POST", "PUT", "PATCH"})
_NOT_FOUND: Final = 404
_IN_FORMAT: Final = frozenset({One, Many, Bare, Entry})
"""Results that only a response in the dialect's format has."""


def _write_json(body: Body) -> bytes:
    return json.write(body.fields, _root(body).json)


def _write_xml(body: Body) -> bytes:
    root = _root(body)
    return xml.write(body.fields, root.xml, underscores=root.underscores)


def _root(body: Body) -> Root:
    """Return what is around the fields: a key is the root in both formats."""
    if isinstance(body.root, str):
        return Root(body.root, body.root)
    return body.root if isinstance(body.root, Root) else REQUEST


def _read_xml(content: bytes) -> Any:
    return xml.read(content)[1]


@frozen
class _Codec:
    content_type: str
    write: Callable[[Body], bytes]
    read: Callable[[bytes], Any]
    elements: Callable[[Many[Any]], Slices[Any]]


_FORMATS: Final[Mapping[str, _Codec]] = {
    "json": _Codec(json.CONTENT_TYPE, _write_json, json.read, json_elements),
    "xml": _Codec(xml.CONTENT_TYPE, _write_xml, _read_xml, xml_elements),
}


class V1Dialect:
    """Encodes calls and decodes responses in one format (see `call.Dialect`)."""

    __slots__ = ("_codec", "_usual")

    def __init__(self, format: Format = "json") -> None:
        self._codec = _FORMATS[format]
        kind = self._codec.content_type
        self._usual = frozenset(("content-type", value) for value in (kind, f"{kind}; charset=utf-8"))

    def encode(self, call: Call[Any], base_url: str, headers: tuple[tuple[str, str], ...]) -> Request:
        """Turn a call into a request; in both formats, each request has `Accept` and `Content-Type`.

        Raises:
            InvalidArgument: this format has no form for a value.
        """
        query = f"?{urlencode(call.query)}" if call.query else ""
        kind, sent = self._codec.content_type, call.body
        if isinstance(sent, Upload):
            content, content_type = sent.content, sent.content_type
        else:
            content, content_type = b"" if sent is None else self._codec.write(sent), kind
        own = (("Accept", kind), ("Content-Type", content_type))
        length = (("Content-Length", str(len(content))),) if call.method in _WRITES else ()
        return Request(call.method, f"{base_url}{call.path}{query}", (*own, *length, *headers), content)

    def decode(self, call: Call[T], response: Response) -> T:
        """Read a successful response as the call's result.

        Raises:
            DecodeError: it can't be read.
        """
        result = call.result
        try:
            if self._usual.isdisjoint(response.headers) and (type(result) in _IN_FORMAT or is_page(response)):
                self._expect(response)
            return self._readers[type(result)](self, result, response)  # type: ignore[no-any-return]
        except Exception as caught:  # noqa: BLE001 - content that no reader expects may raise any class
            error = decode_error(caught, response.content)
            raise error from error.__cause__

    def list_reader(self, call: Call[Page[T]], response: Response) -> ListReader[T]:
        """Return the reader for the body of a list's response; a page that is not full is the last one.

        Raises:
            DecodeError: the response isn't in this format.
        """
        self._expect(response)
        return PagedReader(call, self._codec.elements(call.result))

    def done_before(self, call: Call[Any], response: Response) -> bool:
        """Return whether a repeat shows that the first attempt succeeded: a deleted record is not found."""
        return isinstance(call.result, Removed) and response.status == _NOT_FOUND

    def explain(self, response: Response) -> str:
        """Return the server's own message: its `Hint`, and the message in its body."""
        return explain(response)

    # One method for each kind of result

    def _one(self, result: One[T], response: Response) -> T:
        tree = self._codec.read(response.content)
        is_plain = tree.__class__ is dict and result.root in tree and "id" not in tree
        return shape(tree[result.root] if is_plain else unwrap(tree, result.root), result.model)

    def _many(self, result: Many[T], response: Response) -> Page[T]:
        elements: Slices[T] = self._codec.elements(result)
        return Page(elements.feed(response.content) + elements.close())

    def _bare(self, result: Bare[T], response: Response) -> T:
        return shape(self._codec.read(response.content), result.model)

    def _entry(self, _: Entry, response: Response) -> DayEntry:
        return shape(_entry_tree(self._codec.read(response.content)), DayEntry)

    def _made(self, result: Made, response: Response) -> Created[Any]:
        location = response.header("location")
        record = self._record(result.result, response, needed=location is None)
        known = record.id if record is not None and is_plausible(record.id) else None
        if known is None and (known := number_in(location or "")) is not None and record is not None:
            record = None  # a record without a usable id is read once more, by the id in Location
        return Created(known, location, record)

    def _changed(self, result: Changed, response: Response) -> Any:
        return self._record(result.result, response, needed=False)

    def _removed(self, result: Removed, response: Response) -> DeleteResult:
        if not result.known or response.status == _NOT_FOUND:
            return DeleteResult.UNKNOWN
        return DeleteResult.ARCHIVED if result.hints and response.header("hint") else DeleteResult.DELETED

    def _done(self, _: Done, __: Response) -> None:
        return None

    def _raw(self, _: Raw, response: Response) -> Any:
        if not response.content.strip():
            return None
        self._expect(response)
        return self._codec.read(response.content)

    _readers: ClassVar[dict[type[Any], Callable[[V1Dialect, Any, Response], Any]]] = {
        One: _one,
        Many: _many,
        Bare: _bare,
        Done: _done,
        Entry: _entry,
        Made: _made,
        Changed: _changed,
        Removed: _removed,
        Raw: _raw,
    }

    def _record(self, result: One[Any] | Entry, response: Response, *, needed: bool) -> Any:
        """Return the record in a write's response; None if it has no body, or one in another format."""
        if not response.content.strip() or response.content_type != self._codec.content_type:
            return None
        try:
            with only_decode_errors(response.content):
                return self._readers[type(result)](self, result, response)
        except DecodeError:
            if needed:
                raise
            return None

    def _expect(self, response: Response) -> None:
        """Refuse a response in another format, which usually is a sign-in page."""
        kind = response.content_type
        if kind and kind != self._codec.content_type and not kind.endswith(f"+{self._codec.content_type[12:]}"):
            expected = self._codec.content_type
            raise DecodeError(f"expected {expected}, the response is {kind}: {beginning(response.content)}")


def _entry_tree(tree: Any) -> Any:
    """Return the entry below its root, whose name varies, together with the fields beside it."""
    if isinstance(tree, Mapping) and len(tree) == 1 and "day_entry" not in tree:
        (inner,) = tree.values()
        return _entry_tree(inner) if isinstance(inner, Mapping) else tree
    if isinstance(tree, Mapping) and isinstance(tree.get("day_entry"), Mapping):
        return {**{name: value for name, value in tree.items() if name != "day_entry"}, **tree["day_entry"]}
    return tree
