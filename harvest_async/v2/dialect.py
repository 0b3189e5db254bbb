"""API v2 in JSON: the encoding of calls and the decoding of responses.

Notes:
- No I/O, and no endpoint is known here: a call brings its own result and body.
- A list is below a plural key of an object. The next page is `links.next`, which is followed within the same address
  only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

from attrs import fields_dict

from harvest_async.call import Call, Created, DeleteResult, ListReader, Page, Upload, follow_link
from harvest_async.client.responses import explain, is_page, is_plausible, number_in
from harvest_async.client.results import Bare, Changed, Done, Made, Many, One, Raw, Removed
from harvest_async.codec import json
from harvest_async.codec.envelope import Envelope
from harvest_async.codec.fast import fast_reader
from harvest_async.codec.shape import shape, shape_all
from harvest_async.codec.text import beginning, decode_error, only_decode_errors
from harvest_async.errors import DecodeError
from harvest_async.messages import Request, Response
from harvest_async.v2.service import API_PATHS

__all__ = ["LinkedReader", "V2Dialect"]

T = TypeVar("T")

_NOT_FOUND: Final = 404
_WRITES: Final = frozenset({"POST", "PATCH", "PUT"})


class LinkedReader(Generic[T]):
    """Reads one page of a list (see `call.ListReader`).

    Args:
        call: the call for the page.
        base_url: the address before every path.
    """

    def __init__(self, call: Call[Page[T]], base_url: str) -> None:
        self._call = call
        self._base_url = base_url
        self._envelope = _envelope(call.result)
        self.feed, self.close = self._envelope.feed, self._envelope.close
        self.is_paged = "id" in fields_dict(call.result.model)

    @property
    def next_call(self) -> Call[Page[T]] | None:
        """The call for the next page; None if the response has no `links.next`.

        Raises:
            DecodeError: the link leads to another place.
        """
        links = self._envelope.fields.get("links")
        if not isinstance(links, Mapping | None):
            raise DecodeError(f"the response of {self._call.name} has `links` that are no object")
        link = (links or {}).get("next")
        if link is None:
            return None
        if not isinstance(link, str):
            raise DecodeError(f"the response of {self._call.name} has a link to its next page that is no address")
        return follow_link(self._call, _same_place(link, self._base_url), self._base_url)


class V2Dialect:
    """Encodes calls and decodes responses (see `call.Dialect`).

    Args:
        base_url: the address before every path.
    """

    __slots__ = ("_base_url",)

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def encode(self, call: Call[Any], base_url: str, headers: tuple[tuple[str, str], ...]) -> Request:
        """Turn a call into a request. Only writes have a body.

        Raises:
            InvalidArgument: JSON has no form for a value.
        """
        query = f"?{urlencode(call.query)}" if call.query else ""
        own: list[tuple[str, str]] = [("Accept", json.CONTENT_TYPE)]
        content, sent = b"", call.body
        if isinstance(sent, Upload):
            content = sent.content
            own.append(("Content-Type", sent.content_type))
        elif sent is not None:
            content = json.write(sent.fields, sent.root)
            own.append(("Content-Type", json.CONTENT_TYPE))
        if call.method in _WRITES:
            own.append(("Content-Length", str(len(content))))
        return Request(call.method, f"{base_url}{call.path}{query}", (*own, *headers), content)

    def decode(self, call: Call[T], response: Response) -> T:
        """Read a successful response as the call's result.

        Raises:
            DecodeError: it can't be read.
        """
        try:
            if is_page(response):
                _expect(response)
            return self._readers[type(call.result)](self, call.result, response)  # type: ignore[no-any-return]
        except Exception as caught:  # noqa: BLE001 - content that no reader expects may raise any class
            error = decode_error(caught, response.content)
            raise error from error.__cause__

    def list_reader(self, call: Call[Page[T]], response: Response) -> ListReader[T]:
        """Return the reader for the body of a list's response.

        Raises:
            DecodeError: the response isn't JSON.
        """
        _expect(response)
        return LinkedReader(call, self._base_url)

    def done_before(self, call: Call[Any], response: Response) -> bool:
        """Return whether a repeat shows that the first attempt succeeded: a deleted record is not found."""
        return isinstance(call.result, Removed) and response.status == _NOT_FOUND

    def explain(self, response: Response) -> str:
        """Return the server's own message: its `Hint`, and the message in its body."""
        return explain(response)

    # One method for each kind of result

    def _one(self, result: One[T] | Bare[T], response: Response) -> T:
        _expect(response)
        return shape(json.read(response.content), result.model)

    def _many(self, result: Many[T], response: Response) -> Page[T]:
        _expect(response)
        envelope: Envelope[T] = _envelope(result)
        return Page(envelope.feed(response.content) + envelope.close())

    def _made(self, result: Made, response: Response) -> Created[Any]:
        location = response.header("location")
        record = self._record(result.result, response)
        known = getattr(record, "id", None)
        if not is_plausible(known):
            known, record = number_in(location or ""), None
        return Created(known, location, record)

    def _changed(self, result: Changed, response: Response) -> Any:
        return self._record(result.result, response)

    def _removed(self, _: Removed, response: Response) -> DeleteResult:
        return DeleteResult.UNKNOWN if response.status == _NOT_FOUND else DeleteResult.DELETED

    def _done(self, _: Done, __: Response) -> None:
        return None

    def _raw(self, _: Raw, response: Response) -> Any:
        if not response.content.strip():
            return None
        _expect(response)
        return json.read(response.content)

    _readers: ClassVar[dict[type[Any], Callable[[V2Dialect, Any, Response], Any]]] = {
        One: _one,
        Bare: _one,
        Many: _many,
        Done: _done,
        Made: _made,
        Changed: _changed,
        Removed: _removed,
        Raw: _raw,
    }

    def _record(self, result: Any, response: Response) -> Any:
        """Return the record in a write's response; None if it can't be read, since the write succeeded."""
        try:
            with only_decode_errors(response.content):
                return self._one(result, response)
        except DecodeError:
            return None


def _envelope(result: Many[T]) -> Envelope[T]:
    return Envelope(result.root, lambda trees: shape_all(trees, result.model), fast_reader(result.model, None))


def _expect(response: Response) -> None:
    """Refuse a response in another format, which usually is a sign-in page."""
    kind = response.content_type
    if kind and kind != json.CONTENT_TYPE and not kind.endswith("+json"):
        raise DecodeError(f"expected {json.CONTENT_TYPE}, the response is {kind}: {beginning(response.content)}")


def _same_place(link: str, base_url: str) -> str:
    """Return a link below the path of `base_url` if it is below the API's other path on the same server."""
    try:
        path = urlsplit(link).path
    except ValueError:
        return link
    own = next((each for each in reversed(API_PATHS) if urlsplit(base_url).path.endswith(each)), None)
    if own is None:
        return link
    prefix = urlsplit(base_url).path.removesuffix(own)
    for other in reversed(API_PATHS):
        if path.startswith(f"{prefix}{other}/"):
            return link.replace(path, f"{prefix}{own}{path.removeprefix(prefix + other)}", 1)
    return link
