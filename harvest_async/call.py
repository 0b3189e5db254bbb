"""A call: one use of an endpoint, as a frozen value.

Rules of this room: a `Call` says what is asked (method, path, query, body), what comes back, and whether it may
be repeated; it knows neither bytes nor the network. Whether it may be repeated is a property of the endpoint,
never of the HTTP method: `GET /daily/timer/{id}` flips a timer. The dialect of an API version turns a call into
bytes and an answer into what the call promises.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import quote

from attrs import Attribute, field, frozen

from harvest_async.errors import InvalidArgument
from harvest_async.messages import Request, Response

__all__ = ["Body", "Call", "Created", "DeleteResult", "Dialect", "ImageResponse", "Page", "Repeat", "Upload", "path"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_SENDABLE: Final = re.compile(r"/(?!/)[!-\"$->@-~]*")
"""A path as it is sent: escaped, without a query, and not the start of another address."""


class Repeat(enum.Enum):
    """Whether the call may be sent again after its answer was lost. The contract calls it `retry_safe`."""

    SAFE = "safe"
    IDEMPOTENT = "idempotent"
    UNSAFE = "unsafe"

    @property
    def repeatable(self) -> bool:
        """True where a repeat leads to the same state."""
        return self is not Repeat.UNSAFE


@frozen
class Body:
    """What a write carries: a tree of plain values below a root; how both look on the wire is the dialect's.

    `json_root` None sends the fields at the top level. Values are str, bool, int, Decimal, date, datetime or None.
    """

    fields: Mapping[str, Any]
    json_root: str | None
    xml_root: str
    underscores: bool = False


@frozen(repr=False)
class Upload:
    """What an upload carries: bytes that are on the wire as they are, with their media type (its boundary included)."""

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
        return f"<Picture {self.content_type}, {len(self.content)} bytes>"


@frozen
class Created(Generic[T]):
    """What a create gave back: the new record's id, where it says that it is, and the record if it came along."""

    id: int | None
    location: str | None
    record: T | None


class DeleteResult(enum.Enum):
    """What a delete did: some records are archived instead of removed, and a `Hint` header says so."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    UNKNOWN = "untold"


@frozen
class Page(Generic[T]):
    """One answer of a list."""

    items: list[T]


def _is_method(_: Call[Any], __: Attribute[str], method: str) -> None:
    if not (method.isascii() and method.isalpha()):
        raise InvalidArgument(f"method: give one like GET, not {method!r}")


def _is_path(_: Call[Any], __: Attribute[str], where: str) -> None:
    if not _SENDABLE.fullmatch(where):
        raise InvalidArgument(f"path: give one like /clients, escaped and without a query, not {where!r}")


@frozen(eq=False)
class Call(Generic[T_co]):
    """One use of an endpoint.

    Attributes:
        name: `resource.operation`, as in the contract: `time_tracking.create`.
        method: the HTTP method.
        path: the escaped path, made by `path()`; no query in it.
        result: how the dialect reads the answer (a dialect's own value; opaque to everyone else).
        repeat: whether it may be sent again after its answer was lost.
        query: parameters as text, in order.
        body: what a write carries; None sends an explicit empty body with writes.
        budget: which of the account's budgets it draws on.
        deadline: seconds that one attempt may take up to the answer's headers; None takes the client's.
        largest: the largest answer that is read, in bytes; None takes the exchange's.

    Raises:
        InvalidArgument: the method or the path has a character that would break out of its place.
    """

    name: str
    method: str = field(validator=_is_method)
    path: str = field(validator=_is_path)
    result: Any
    repeat: Repeat
    query: tuple[tuple[str, str], ...] = ()
    body: Body | Upload | None = None
    budget: str = "general"
    deadline: float | None = field(default=None)
    largest: int | None = None

    def __repr__(self) -> str:
        return f"<Call {self.name}: {self.method} {self.path}>"


class Dialect(Protocol):
    """What the exchange asks of an API version in one of its formats. Pure: no await, no clock, no I/O."""

    def encode(self, call: Call[Any], base_url: str, headers: tuple[tuple[str, str], ...]) -> Request:
        """Turn a call into the request that is sent; `headers` are the client's own (`User-Agent`)."""
        ...

    def decode(self, call: Call[T], response: Response) -> T:
        """Read a success. Raises `DecodeError` (without request and answer: the exchange adds them)."""
        ...

    def slices(self, call: Call[Page[T]], response: Response, chunks: Iterable[bytes]) -> Iterator[list[T]]:
        """Read a list whose body comes in chunks, some records at a time. Raises `DecodeError` as `decode`."""
        ...

    def page_size(self, call: Call[Page[Any]]) -> int | None:
        """How many records a full page has, so that one with fewer is the last; None where a list comes whole."""
        ...

    def next_page(self, call: Call[Page[T]]) -> Call[Page[T]]:
        """The call for the page after the one that a call asks for."""
        ...

    def done_before(self, call: Call[Any], response: Response) -> bool:
        """Whether the refusal of a repeat says that the call was carried out the first time; `decode` reads it then."""
        ...

    def explain(self, response: Response) -> str:
        """The server's own words in an error answer, `Hint` included; empty where there are none."""
        ...


Follow = Callable[[int], Call[T]]
"""How a created record is read: its id -> the call that reads it."""


def path(template: str, *values: int | str) -> str:
    """Fill `{}` places of a path, each value escaped as one segment (`/`, `?`, `#`, `..` and `@` lose their power).

    Raises:
        InvalidArgument: a value is empty, `.` or `..`, which no escaping can keep inside its segment, or no id at all.
    """
    return template.format(*(_segment(value) for value in values))


def _segment(value: int | str) -> str:
    text = str(value)
    if not _is_id(value) or text in {"", ".", ".."}:
        raise InvalidArgument(f"{value!r} can't stand in a path: give an id")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidArgument(f"{value!r} can't stand in a path: it is no text") from None


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)
