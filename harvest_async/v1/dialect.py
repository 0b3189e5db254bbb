"""API v1 on the wire, in JSON or in XML: how a call is written, how an answer is read.

Rules of this room: pure, and no endpoint is known here; a call brings its own result and body. Everything that differs
between the formats is in the two `codec` rooms and in `_FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar, Final, Literal, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from attrs import evolve, frozen

from harvest_async.call import Body, Call, Created, DeleteResult, Page, Upload
from harvest_async.client.results import Bare, Changed, Done, Entry, Made, Many, One, Raw, Removed
from harvest_async.codec import json, xml
from harvest_async.codec.shape import shape, shape_all
from harvest_async.codec.slices import Shaper, Slices
from harvest_async.codec.text import beginning, only_decode_errors
from harvest_async.errors import DecodeError
from harvest_async.messages import Request, Response
from harvest_async.v1.models import DayEntry

__all__ = ["Format", "V1Dialect"]

T = TypeVar("T")

Format = Literal["json", "xml"]

_WRITES: Final = frozenset({"POST", "PUT", "PATCH"})
_NUMBER: Final = re.compile(r"\d+")
_TAGS: Final = re.compile(r"<[^>]*>")
_OTHER_ROOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("invoices",),  # contract: invoices_list_key
    "invoice_category": ("invoice_item_category",),  # contract: category_roots
    "message": ("invoice_message",),  # contract: message_root
}
"""Other names that a record's root has in JSON."""

_SAID: Final = ("message", "error_description", "error", "errors", "Message")
_LONGEST: Final = 300
_MOST_DIGITS: Final = 18
_CREATED: Final = 201
_NOT_FOUND: Final = 404


def _write_json(body: Body) -> bytes:
    return json.write(body.fields, body.json_root)


def _write_xml(body: Body) -> bytes:
    return xml.write(body.fields, body.xml_root, underscores=body.underscores)


def _read_xml(content: bytes) -> Any:
    return xml.read(content)[1]


def _elements_json(result: Many[T]) -> Slices[T]:
    return json.Elements(_shaper(result), _fast_reader(result))


def _elements_xml(result: Many[T]) -> Slices[T]:
    return xml.Elements(_shaper(result))


def _shaper(result: Many[T]) -> Shaper[T]:
    return lambda trees: shape_all([_unwrap(tree, result.root) for tree in trees], result.model)


def _fast_reader(result: Many[T]) -> Callable[[bytes], list[T]] | None:
    """The fast way to read a list, where the extra `speed` is installed."""
    make = _fast_readers()
    return None if make is None else make(result.model, result.root)


@cache
def _fast_readers() -> Callable[[Any, str], Callable[[bytes], list[Any]] | None] | None:
    """What makes fast readers; None without the extra.

    A failed import is not tried: a thread that imports a module while it fails in another one gets an `ImportError`
    of another kind (see `importlib`), and each try searches all of `sys.path`.
    """
    if find_spec("msgspec") is None:
        return None
    from harvest_async.codec.speed import fast_reader  # noqa: PLC0415 - optional dependency

    return fast_reader


@frozen
class _Codec:
    content_type: str
    write: Callable[[Body], bytes]
    read: Callable[[bytes], Any]
    elements: Callable[[Many[Any]], Slices[Any]]


_FORMATS: Final[Mapping[str, _Codec]] = {
    "json": _Codec(json.CONTENT_TYPE, _write_json, json.read, _elements_json),
    "xml": _Codec(xml.CONTENT_TYPE, _write_xml, _read_xml, _elements_xml),
}


class V1Dialect:
    """Writes calls and reads answers in one format (see `call.Dialect`)."""

    __slots__ = ("_codec",)

    def __init__(self, format: Format = "json") -> None:
        self._codec = _FORMATS[format]

    def encode(self, call: Call[Any], base_url: str, headers: tuple[tuple[str, str], ...]) -> Request:
        """Turn a call into a request; both formats name their type in every request (contract: headers).

        Raises:
            InvalidArgument: a value can't be written in this format.
        """
        query = f"?{urlencode(call.query)}" if call.query else ""
        kind, sent = self._codec.content_type, call.body
        if isinstance(sent, Upload):
            content, content_type = sent.content, sent.content_type
        else:
            content, content_type = b"" if sent is None else self._codec.write(sent), kind
        own = (("Accept", kind), ("Content-Type", content_type))
        length = (("Content-Length", str(len(content))),) if call.method in _WRITES else ()  # contract: empty_write
        return Request(call.method, f"{base_url}{call.path}{query}", (*own, *length, *headers), content)

    def decode(self, call: Call[T], response: Response) -> T:
        """Read a success by the call's result.

        Raises:
            DecodeError: it can't be read.
        """
        with only_decode_errors(response.content):
            if _is_page(response):
                self._expect(response)
            return self._readers[type(call.result)](self, call.result, response)  # type: ignore[no-any-return]

    def slices(self, call: Call[Page[T]], response: Response, chunks: Iterable[bytes]) -> Iterator[list[T]]:
        """Read a list some records at a time, as its body comes.

        Raises:
            DecodeError: it can't be read.
        """
        return self._slices(call.result, response, chunks)

    def page_size(self, call: Call[Page[Any]]) -> int | None:
        """How many records a full page has (contract: paging.per_page); None where the list comes whole."""
        return cast("Many[Any]", call.result).page_size

    def next_page(self, call: Call[Page[T]]) -> Call[Page[T]]:
        """The call for the next page (contract: paging.parameter)."""
        page = int(dict(call.query).get("page", 1)) + 1
        others = tuple((name, value) for name, value in call.query if name != "page")
        return evolve(call, query=(*others, ("page", str(page))))

    def done_before(self, call: Call[Any], response: Response) -> bool:
        """Whether a repeat finds that the first one did it: what was deleted is gone (contract: retry_safe_values)."""
        return isinstance(call.result, Removed) and response.status == _NOT_FOUND

    def explain(self, response: Response) -> str:
        """The server's own words: its `Hint`, and what its body says (contract: hint_header, errors.body)."""
        hint = response.header("hint") or ""
        said = _words(response)
        return " - ".join(part for part in (hint, said if said != hint else "") if part)

    # One reader a result

    def _one(self, result: One[T], response: Response) -> T:
        return shape(_unwrap(self._tree(response), result.root), result.model)

    def _many(self, result: Many[T], response: Response) -> Page[T]:
        return Page([record for slice_ in self._slices(result, response, (response.content,)) for record in slice_])

    def _slices(self, result: Many[T], response: Response, chunks: Iterable[bytes]) -> Iterator[list[T]]:
        self._expect(response)
        with only_decode_errors(response.content):
            elements = self._codec.elements(result)
            for chunk in chunks:
                yield elements.feed(chunk)
            yield elements.close()

    def _bare(self, result: Bare[T], response: Response) -> T:
        return shape(self._tree(response), result.model)

    def _entry(self, _: Entry, response: Response) -> DayEntry:
        return shape(_entry_tree(self._tree(response)), DayEntry)

    def _made(self, result: Made, response: Response) -> Created[Any]:
        location = response.header("location")
        record = self._perhaps(result.result, response, needed=location is None)
        known = record.id if record is not None and _is_plausible(record.id) else None
        if known is None and (known := _number_in(location or "")) is not None and record is not None:
            record = None  # a record without a usable id is read once more, by the id that Location has
        return Created(known, location, record)

    def _changed(self, result: Changed, response: Response) -> Any:
        return self._perhaps(result.result, response, needed=False)

    def _removed(self, result: Removed, response: Response) -> DeleteResult:
        if not result.known or response.status == _NOT_FOUND:
            return DeleteResult.UNKNOWN
        return DeleteResult.ARCHIVED if result.hints and response.header("hint") else DeleteResult.DELETED

    def _done(self, _: Done, __: Response) -> None:
        return None

    def _raw(self, _: Raw, response: Response) -> Any:
        return self._tree(response) if response.content.strip() else None

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

    def _perhaps(self, result: One[Any] | Entry, response: Response, *, needed: bool) -> Any:
        """A write's record, if its body is there and of the asked type (contract: body_or_no_body)."""
        if not response.content.strip() or response.content_type != self._codec.content_type:
            return None
        try:
            with only_decode_errors(response.content):
                return self._readers[type(result)](self, result, response)
        except DecodeError:
            if needed:
                raise
            return None

    def _tree(self, response: Response) -> Any:
        self._expect(response)
        return self._codec.read(response.content)

    def _expect(self, response: Response) -> None:
        """Refuse what says of itself that it is something else; a sign-in page, as a rule."""
        kind = response.content_type
        if kind and kind != self._codec.content_type and not kind.endswith(f"+{self._codec.content_type[12:]}"):
            asked = self._codec.content_type
            raise DecodeError(f"asked for {asked}, the answer is {kind}: {beginning(response.content)}")


def _is_page(response: Response) -> bool:
    """Whether an answer is a page in the server's place: it says nothing of what became of a write, whatever its kind.

    A 201, and whoever names a `Location`, has created all the same (contract: missing_headers).
    """
    ours = response.status == _CREATED or response.header("location")
    return (
        not ours
        and response.status != _NOT_FOUND
        and "html" in response.content_type
        and bool(response.content.strip())
    )


def _is_plausible(id: int | None) -> bool:
    """Return whether a number can be an id: decoders accept any number of digits."""
    return id is not None and 0 < id < 10**_MOST_DIGITS


def _number_in(location: str) -> int | None:
    """The id at the end of a `Location` (contract: location_id); None where there is none that can be one."""
    numbers = _NUMBER.findall(_path_of(location))
    return int(numbers[-1]) if numbers and len(numbers[-1]) <= _MOST_DIGITS else None


def _path_of(location: str) -> str:
    """The path of a `Location`; empty where it can't be an address."""
    try:
        return urlsplit(location).path
    except ValueError:
        return ""


def _unwrap(tree: Any, root: str) -> Any:
    if not isinstance(tree, dict) or "id" in tree:
        return tree
    if root in tree:  # as a rule
        return tree[root]
    name = next((name for name in _OTHER_ROOTS.get(root, ()) if name in tree), None)
    return tree if name is None else tree[name]


def _entry_tree(tree: Any) -> Any:
    """The entry below whatever root, with what stands beside it (contract: flat_json_timer, add_reply_root)."""
    if isinstance(tree, Mapping) and len(tree) == 1 and "day_entry" not in tree:
        (inner,) = tree.values()
        return _entry_tree(inner) if isinstance(inner, Mapping) else tree
    if isinstance(tree, Mapping) and isinstance(tree.get("day_entry"), Mapping):
        return {**{name: value for name, value in tree.items() if name != "day_entry"}, **tree["day_entry"]}
    return tree


def _words(response: Response) -> str:
    """What an error's body says, as far as it is meant for people."""
    if not response.content.strip() or "html" in response.content_type:
        return "an HTML page" if response.content.strip() else ""
    try:
        return _said(json.read(response.content))
    except (DecodeError, RecursionError):
        text = _TAGS.sub(" ", response.content[:4096].decode("utf-8", errors="replace"))
        return " ".join(text.split())[:_LONGEST]


def _said(tree: Any) -> str:
    if isinstance(tree, Mapping):
        tree = next((tree[name] for name in _SAID if tree.get(name)), tree)
    return str(tree)[:_LONGEST]
