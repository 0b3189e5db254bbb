"""Calls of endpoints as frozen values, and the protocol by which an API version encodes and decodes them.

Notes:
- A `Call` has the request (method, path, query, body), the kind of its result, and whether it may be repeated. It
  knows neither bytes nor the network.
- Whether a call may be repeated is a property of the endpoint, never of the HTTP method: `GET /daily/timer/{id}`
  toggles a timer.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from attrs import evolve, frozen

from harvest_async.errors import DecodeError, InvalidArgument
from harvest_async.messages import Request, Response, redact_url

__all__ = [
    "Body",
    "Call",
    "Created",
    "DeleteResult",
    "Dialect",
    "Follow",
    "ImageResponse",
    "ListReader",
    "Page",
    "Repeat",
    "Upload",
    "follow_link",
    "path",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_SHOWN: Final = 200
_SENDABLE: Final = re.compile(r"/(?!/)[!-\"$->@-~]*")
"""An escaped path without a query, which can't be read as the address of another host."""


class Repeat(enum.Enum):
    """Whether a call may be sent again after its response was lost."""

    SAFE = "safe"
    IDEMPOTENT = "idempotent"
    UNSAFE = "unsafe"

    @property
    def repeatable(self) -> bool:
        """True if a repeat leads to the same state."""
        return self is not Repeat.UNSAFE


@frozen
class Body:
    """The body of a write: a tree of plain values below a root, which the dialect encodes.

    Attributes:
        fields: the fields by name. Values are str, bool, int, Decimal, date, datetime or None.
        root: what is around the fields: a key, a value of the dialect that nothing else reads, or None for nothing.
    """

    fields: Mapping[str, Any]
    root: Any = None


@frozen(repr=False)
class Upload:
    """The body of an upload: bytes that are sent unchanged, and their media type with its boundary."""

    content_type: str
    content: bytes

    def __repr__(self) -> str:
        return f"<Upload of {len(self.content)} bytes>"


@frozen(repr=False)
class ImageResponse:
    """An image: its bytes and its media type."""

    content: bytes
    content_type: str

    def __repr__(self) -> str:
        return f"<ImageResponse {self.content_type}, {len(self.content)} bytes>"


@frozen
class Created(Generic[T]):
    """The result of a create: the new record's id, its address, and the record if the response has it."""

    id: int | None
    location: str | None
    record: T | None


class DeleteResult(enum.Enum):
    """The result of a delete: some records are archived instead, which a `Hint` header reports."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    UNKNOWN = "unknown"


@frozen
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]


@frozen(eq=False)
class Call(Generic[T_co]):
    """One use of an endpoint.

    Attributes:
        name: `resource.operation`: `time_tracking.create`.
        method: the HTTP method.
        path: the escaped path, made by `path()`; no query in it.
        result: how the dialect decodes the response (a value of the dialect, which nothing else reads).
        repeat: whether it may be sent again after its response was lost.
        query: parameters as text, in order.
        body: the body of a write; None sends an explicit empty body with writes.
        budget: the account's budget that the call counts against.
        deadline: seconds that one attempt may take up to the response's headers; None uses the client's.
        largest: the largest response that is read, in bytes; None uses the exchange's.

    Raises:
        InvalidArgument: the method or the path has a character that is not allowed there.
    """

    name: str
    method: str
    path: str
    result: Any
    repeat: Repeat
    query: tuple[tuple[str, str], ...] = ()
    body: Body | Upload | None = None
    budget: str = "general"
    deadline: float | None = None
    largest: int | None = None

    def __attrs_post_init__(self) -> None:
        if not (self.method.isascii() and self.method.isalpha()):
            raise InvalidArgument(f"method: give one like GET, not {self.method!r}")
        if not _SENDABLE.fullmatch(self.path):
            raise InvalidArgument(f"path: give one like /clients, escaped and without a query, not {self.path!r}")

    def __repr__(self) -> str:
        return f"<Call {self.name}: {self.method} {self.path}>"


class ListReader(Protocol[T]):
    """Reads one response of a list, in chunks of bytes, and knows the call for the next page.

    Attributes:
        is_paged: whether the list may have several pages, so that a record may appear on two of them.
    """

    is_paged: bool

    def feed(self, chunk: bytes) -> list[T]:
        """Take a chunk of the body; return the records that are complete. Raises `DecodeError`."""
        ...

    def close(self) -> list[T]:
        """Return the last records, at the end of the body. Raises `DecodeError`."""
        ...

    @property
    def next_call(self) -> Call[Page[T]] | None:
        """The call for the next page, once the reader is closed; None after the last. May raise `DecodeError`."""
        ...


class Dialect(Protocol):
    """The encoding of calls and the decoding of responses, for one API version in one format.

    No method awaits, reads a clock or does I/O. A `DecodeError` that a method raises has neither request nor response:
    the exchange adds them.
    """

    def encode(self, call: Call[Any], base_url: str, headers: tuple[tuple[str, str], ...]) -> Request:
        """Turn a call into the request that is sent; `headers` are the client's own (`User-Agent`)."""
        ...

    def decode(self, call: Call[T], response: Response) -> T:
        """Read a successful response. Raises `DecodeError`."""
        ...

    def list_reader(self, call: Call[Page[T]], response: Response) -> ListReader[T]:
        """Return the reader for the body of a list's response. Raises `DecodeError` if the response isn't a list."""
        ...

    def done_before(self, call: Call[Any], response: Response) -> bool:
        """Return whether the refusal of a repeat means that the first attempt succeeded; `decode` reads it then."""
        ...

    def explain(self, response: Response) -> str:
        """Return the server's own message in an error response, `Hint` included; empty if there is none."""
        ...


Follow = Callable[[int], Call[T]]
"""Builds the call that reads a record, given its id."""


def follow_link(call: Call[Page[T]], link: str, base_url: str) -> Call[Page[T]]:
    """Return the call for another page of a list, whose address the server sent.

    Args:
        call: the call for the page that has the link.
        link: the address: absolute, or a path with a query.
        base_url: the address before every path.

    Raises:
        DecodeError: the link has another origin or another path than the call, or can't be read.
    """
    expected = urlsplit(base_url + call.path)
    try:
        parts = urlsplit(link)
        is_same = (not parts.netloc and not parts.scheme) or _origin(parts) == _origin(expected)
    except ValueError:
        raise DecodeError(f"the response of {call.name} has a link to its next page that is no address") from None
    if not is_same or parts.path != expected.path:
        raise DecodeError(
            f"the response of {call.name} has a link to its next page that leads elsewhere: "
            f"expected {expected.scheme}://{expected.netloc}{expected.path}, got {redact_url(link)[:_SHOWN]!r}"
        )
    return evolve(call, query=tuple(parse_qsl(parts.query, keep_blank_values=True)))


def _origin(parts: SplitResult) -> tuple[str, str, int | None, bool]:
    """Return scheme, host, port and whether the address has user info."""
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port, "@" in parts.netloc


def path(template: str, *values: int | str) -> str:
    """Fill the `{}` places of a path, each value escaped as one segment (`/`, `?`, `#` and `@` included).

    Raises:
        InvalidArgument: a value is empty, `.` or `..`, which can't be escaped, or is neither a number nor text.
    """
    return template.format(*(_segment(value) for value in values))


def _segment(value: int | str) -> str:
    text = str(value)
    if not _is_id(value) or text in {"", ".", ".."}:
        raise InvalidArgument(f"{value!r} can't be part of a path: give an id")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidArgument(f"{value!r} can't be part of a path: it is not valid text") from None


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)
