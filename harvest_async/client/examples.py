"""One example call for each endpoint of an API version, for Postman collections.

An argument's value is chosen by its name, or is the first value that its check accepts. Ids are odd numbers that become
variables wherever they appear: in paths, queries and bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal

from attrs import field, frozen

from harvest_async.call import Call, Upload
from harvest_async.client.drafts import Form
from harvest_async.client.endpoints import Endpoint
from harvest_async.client.validation import Check
from harvest_async.errors import InvalidArgument
from harvest_async.messages import Request

__all__ = ["EXAMPLE_DAY", "EXAMPLE_MOMENT", "CollectionFacts", "Example", "ExampleValues", "make_examples"]

Values = dict[str, Any]

EXAMPLE_DAY: Final = date(2026, 3, 9)
EXAMPLE_MOMENT: Final = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
"""The day and the time of examples."""

_ANY: Final = (True, EXAMPLE_DAY, EXAMPLE_MOMENT, time(9), Decimal("1.50"), 1, "Example", ["Example"])
_FIRST: Final = 900_070_001


@frozen(kw_only=True)
class ExampleValues:
    """The values of an API version's examples that can't be found by trying.

    Attributes:
        parameters: parameters of queries that are neither ids nor flags.
        records: parameters of queries that are ids.
        places: places of paths that are not ids.
        fields: fields of bodies by name.
        apart: fields that belong to another use of an endpoint than the one that is shown.
        same: the variables of ids whose names in paths, queries or bodies differ.
        not_ids: fields whose names end like those of ids.
        bodies: whole bodies of endpoints that have no form; a number is made of each value that is a variable's name.
        has_body: whether an endpoint's body has fields.
        forms: the resource whose form an endpoint's resource has, if the names differ.
        uploads: endpoints whose body is a file.
    """

    parameters: Mapping[str, Any]
    fields: Mapping[str, Any]
    has_body: Callable[[Endpoint[Any]], bool]
    records: frozenset[str] = frozenset()
    places: Mapping[str, Any] = field(factory=dict)
    apart: frozenset[str] = frozenset()
    same: Mapping[str, str] = field(factory=dict)
    not_ids: frozenset[str] = frozenset()
    bodies: Mapping[str, tuple[str, str]] = field(factory=dict)
    forms: Mapping[str, str] = field(factory=dict)
    uploads: frozenset[str] = frozenset()


@frozen
class Example:
    """One use of an endpoint, with all that it may be given.

    Attributes:
        call: the use.
        optional: the parameters of its query that may be left out.
        needed: the fields of its body that have to be there.
        others: fields that its body takes, too, for other uses than this one.
        about: a fact to know before calling it; empty if there is none.
    """

    call: Call[Any]
    optional: frozenset[str]
    needed: tuple[str, ...]
    others: tuple[str, ...]
    about: str
    _names: Mapping[int, str] = field(repr=False, alias="names")

    def written(self, text: str) -> str:
        """Return a text of this example with variables in place of the ids: `{{client_id}}`."""
        for number, name in self._names.items():
            text = text.replace(str(number), f"{{{{{name}}}}}")
        return text


@frozen(kw_only=True)
class CollectionFacts:
    """What a Postman collection of an API version contains.

    Attributes:
        examples: returns one example of each endpoint.
        encode: returns the request of a call, in JSON or XML, with header fields.
        formats: the formats that bodies are written in.
        base_url: the default of the variable `base_url`; may use the variable of the account.
        account: the variable that names the account.
        auth: the collection's authorization, as Postman stores it.
        credentials: the variables of the credentials, which have no values.
        headers: header fields of every request.
        about: the first paragraph of the description.
        file_field: the field of a form that holds a file.
    """

    examples: Callable[[], Iterable[Example]]
    encode: Callable[[Call[Any], Literal["json", "xml"], tuple[tuple[str, str], ...]], Request]
    formats: tuple[Literal["json", "xml"], ...]
    base_url: str
    account: str
    auth: Mapping[str, Any]
    credentials: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    about: str
    file_field: str = "receipt"


@frozen
class _Ids:
    """Numbers that represent ids, each with the name of its variable."""

    same: Mapping[str, str]
    names: dict[int, str] = field(factory=dict)

    def of(self, name: str) -> int:
        plain = name.removesuffix("_id")
        number = _FIRST + len(self.names)
        self.names[number] = f"{self.same.get(plain, plain)}_id"
        return number


def make_examples(
    endpoints: Iterable[Endpoint[Any]], forms: Iterable[Form[Any]], values: ExampleValues
) -> Iterator[Example]:
    """Yield one example of each endpoint.

    Args:
        endpoints: the endpoints.
        forms: the forms of their bodies.
        values: the values that can't be found by trying.
    """
    known = {(form.name, form.making): form for form in forms}
    for endpoint in endpoints:
        yield _example(endpoint, known, values)


Forms = Mapping[tuple[str, str], Form[Any]]


def _example(endpoint: Endpoint[Any], forms: Forms, values: ExampleValues) -> Example:
    ids = _Ids(values.same)
    places = [values.places[name] if name in values.places else ids.of(name) for name in endpoint.places]
    fields, needed, others = _body(endpoint, forms, values, ids)
    upload = Upload("multipart/form-data", b"") if endpoint.name in values.uploads else None
    query = {
        name: ids.of(name) if name in values.records else _first(name, check, values.parameters)
        for name, check in endpoint.parameters.items()
    }
    call = endpoint(*places, fields=fields, upload=upload, **query)
    optional = frozenset(name for name, _ in call.query) - endpoint.required
    return Example(call, optional, needed, others, endpoint.note, ids.names)


def _body(
    endpoint: Endpoint[Any], forms: Forms, values: ExampleValues, ids: _Ids
) -> tuple[Values | None, tuple[str, ...], tuple[str, ...]]:
    """Return the fields of a body, and the names of the required fields and of the fields that are left out."""
    if endpoint.name in values.bodies:
        name, record = values.bodies[endpoint.name]
        return {name: ids.of(record) if record else "Example"}, (), ()
    if not values.has_body(endpoint):
        return None, (), ()
    resource, _, operation = endpoint.name.partition(".")
    resource = values.forms.get(resource, resource)
    own = forms.get((resource, operation)) or forms.get((resource, "create"))
    own = own or next(form for (name, _), form in forms.items() if name == resource)
    creates = endpoint.method == "POST" and operation == own.making
    known = own.new if creates else own.change
    shown = {name: _value(name, check, values, ids) for name, check in known.items() if name not in values.apart}
    return shown, own.needed if creates else (), tuple(sorted(known.keys() & values.apart))


def _value(name: str, check: Check, values: ExampleValues, ids: _Ids) -> Any:
    """Return the first value that a field's check accepts, as it is sent."""
    own: tuple[Any, ...] = ()
    if name.endswith(("_id", "_ids")) and name not in values.not_ids:
        own = (ids.of(name),) if name.endswith("_id") else ([ids.of(name)],)
    for value in own:
        if name not in values.fields and _accepted(name, check, value):
            return check(name, value)
    return check(name, _first(name, check, values.fields))


def _first(name: str, check: Callable[[str, Any], Any], known: Mapping[str, Any]) -> Any:
    """Return the known value of a field or parameter, or the first value that its check accepts."""
    if name in known:
        return known[name]
    for value in _ANY:
        if _accepted(name, check, value):
            return value
    msg = f"no example of {name} is accepted"
    raise AssertionError(msg)


def _accepted(name: str, check: Callable[[str, Any], Any], value: object) -> bool:
    try:
        check(name, value)
    except InvalidArgument:
        return False
    return True
