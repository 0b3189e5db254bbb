"""Endpoints as values: each is one row of an API version's table, and makes the `Call` for one use of it.

`Endpoints` makes the rows for the usual operations:

    GET_CLIENT = ENDPOINTS.get("clients.get", "/clients/{client}", One(Client, "client"))
    call = GET_CLIENT(7)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Generic, TypedDict, TypeVar, Unpack

from attrs import field, frozen

from harvest_async.call import Body, Call, Created, DeleteResult, Page, Repeat, Upload, path
from harvest_async.client.references import Id, References
from harvest_async.client.results import Changed, Made, Many, One, Removed
from harvest_async.client.validation import flag
from harvest_async.errors import InvalidArgument

__all__ = [
    "IDEMPOTENT",
    "SAFE",
    "UNSAFE",
    "Endpoint",
    "Endpoints",
    "Format",
    "Query",
    "digits",
    "only",
    "yes_no",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Query = tuple[tuple[str, str], ...]
"""The parameters of a query, in order."""

Format = Callable[[str, Any], str | None]
"""How a parameter of a query is written: its name and value -> its text, or None to leave it out."""

SAFE, IDEMPOTENT, UNSAFE = Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.UNSAFE

_USUAL: Final = 2**53
"""Smaller ids need no further check; larger ones may exceed those of the API version."""

_PLACE: Final = re.compile(r"\{(\w+)\}")


@frozen(eq=False)
class Endpoint(Generic[T_co]):
    """One endpoint of an API version.

    Attributes:
        name: `resource.operation`: `clients.get`.
        method: the HTTP method.
        template: the path, with named places for ids: `/clients/{client}`.
        result: how the response is read: one of the values in `results`.
        repeat: whether a call may be sent again after its response was lost; a property of the endpoint, not of the
            HTTP method.
        references: the records that are accepted in place of ids.
        root: what is around the fields of the body, a value of the version's dialect; None for nothing.
        parameters: the parameters of the query, in order, each with its format.
        required: the parameters that must be given.
        note: a fact to know before calling it; empty if there is none.
        deadline: seconds until the response's headers must have arrived; None for the client's own.
        operation: the operation's id in the version's published description; empty if it has none.
        budget: the account's budget that its calls count against.
    """

    name: str
    method: str
    template: str
    result: Any = field(repr=False)
    repeat: Repeat
    references: References = field(repr=False)
    root: Any = field(default=None, repr=False)
    parameters: Mapping[str, Format] = field(factory=dict, repr=False)
    required: frozenset[str] = frozenset()
    note: str = ""
    deadline: float | None = None
    operation: str = ""
    budget: str = "general"
    places: tuple[str, ...] = field(init=False, repr=False)
    _path: str = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "places", tuple(_PLACE.findall(self.template)))
        object.__setattr__(self, "_path", _PLACE.sub("{}", self.template))

    def __call__(
        self,
        *ids: Id,
        fields: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
        largest: int | None = None,
        **query: object,
    ) -> Call[T_co]:
        """Return the call for one use of the endpoint.

        Args:
            ids: an id or a record for each place of the path.
            fields: the fields of the body, already checked.
            upload: the body of an upload.
            largest: the largest response to read, in bytes; None for the exchange's own limit.
            query: the parameters of the query; those that are None are left out.

        Raises:
            InvalidArgument: an id or a parameter is invalid.
        """
        segments = []
        for name, value in zip(self.places, ids, strict=True):
            is_plain = type(value) is int and 0 < value < _USUAL
            segments.append(str(value) if is_plain else path("{}", self.references.segment(name, value)))
        return Call(
            self.name,
            self.method,
            self._path.format(*segments),
            self.result,
            self.repeat,
            self._query(query) if query else (),
            upload if fields is None else Body(fields, self.root),
            budget=self.budget,
            deadline=self.deadline,
            largest=largest,
        )

    def _query(self, given: Mapping[str, object]) -> Query:
        """Return the parameters that were given, in the endpoint's order.

        Raises:
            InvalidArgument: the endpoint has no such parameter, or a value is invalid.
        """
        if unknown := given.keys() - self.parameters.keys():
            choices = ", ".join(self.parameters)
            raise InvalidArgument(f"{self.name}: unknown parameter {min(unknown)!r}. Choose from: {choices}.")
        texts = ((name, self.parameters[name](name, value)) for name, value in given.items() if value is not None)
        found = {name: text for name, text in texts if text is not None}
        return tuple((name, found[name]) for name in self.parameters if name in found)


class _Options(TypedDict, total=False):
    """What every row may have in addition."""

    parameters: Mapping[str, Format]
    required: frozenset[str]
    note: str
    deadline: float
    operation: str
    budget: str


class Endpoints:
    """Make the rows of an API version's table.

    Args:
        references: the records that are accepted in place of ids.
        root_of: returns what is around the fields of a record in requests, a value of the version's dialect.
    """

    def __init__(self, references: References, root_of: Callable[[One[Any]], Any] = lambda _: None) -> None:
        self._references = references
        self._root_of = root_of

    def custom(
        self,
        name: str,
        method: str,
        template: str,
        result: Any,
        repeat: Repeat,
        root: Any = None,
        **options: Unpack[_Options],
    ) -> Endpoint[Any]:
        """Return any other endpoint. Annotate the variable with the type of the result."""
        return Endpoint(name, method, template, result, repeat, self._references, root, **options)

    def listing(
        self, name: str, template: str, one: One[T], *, page_size: int | None = None, **options: Unpack[_Options]
    ) -> Endpoint[Page[T]]:
        """Return an endpoint that lists records; `page_size` is the number of records on a full page."""
        return self.custom(name, "GET", template, Many(one.model, one.root, page_size), SAFE, **options)

    def get(self, name: str, template: str, one: One[T], **options: Unpack[_Options]) -> Endpoint[T]:
        """Return an endpoint that reads one record."""
        return self.custom(name, "GET", template, one, SAFE, **options)

    def create(
        self, name: str, template: str, one: One[T], root: Any = None, **options: Unpack[_Options]
    ) -> Endpoint[Created[T]]:
        """Return an endpoint that creates a record: never repeated, since a repeat would create a second one."""
        return self.custom(name, "POST", template, Made(one), UNSAFE, root or self._root_of(one), **options)

    def update(self, name: str, template: str, one: One[T], **options: Unpack[_Options]) -> Endpoint[T | None]:
        """Return an endpoint that changes the given fields of a record."""
        return self.custom(name, "PUT", template, Changed(one), IDEMPOTENT, self._root_of(one), **options)

    def toggle(self, name: str, method: str, template: str, one: One[T]) -> Endpoint[T | None]:
        """Return an endpoint that flips a record's state: never repeated, since a repeat would flip it back."""
        return self.custom(name, method, template, Changed(one), UNSAFE)

    def delete(
        self, name: str, template: str, *, hints: bool = False, known: bool = True, **options: Unpack[_Options]
    ) -> Endpoint[DeleteResult]:
        """Return an endpoint that deletes a record; for `hints` and `known` see `Removed`."""
        return self.custom(name, "DELETE", template, Removed(hints, known), IDEMPOTENT, **options)


def digits(_: str, day: date) -> str:
    """Format a day as `20260131`."""
    return f"{day:%Y%m%d}"


def yes_no(name: str, value: object) -> str:
    """Format a flag as `yes` or `no`."""
    return "yes" if flag(name, value) else "no"


def only(word: str) -> Format:
    """Return the format of a flag that is `word` if set, and left out otherwise."""
    return lambda name, value: word if flag(name, value) else None
