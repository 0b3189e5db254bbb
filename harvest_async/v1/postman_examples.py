"""One example call for each endpoint of API v1.

An argument's value is chosen by its name, or is the first value that its check accepts. Ids are odd numbers that become
variables wherever they appear: in paths, queries and bodies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, Final

from attrs import evolve, field, frozen

from harvest_async.call import Call, Upload
from harvest_async.client.drafts import Form
from harvest_async.client.endpoints import Endpoint
from harvest_async.client.validation import Check
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import models, resources

__all__ = ["Example", "examples"]

Values = dict[str, Any]

_DAY: Final = date(2026, 3, 9)
_MOMENT: Final = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
_PARAMETERS: Final[Mapping[str, Any]] = {
    "from": _DAY,
    "status": models.InvoiceStatus.OPEN,
    "to": _DAY,
    "updated_since": _MOMENT,
}
"""The values of parameters that are neither ids nor flags."""

_RECORDS: Final = frozenset({"client", "of_user", "project_id", "user_id"})
"""The parameters that are ids."""

_PLACES: Final[Mapping[str, int]] = {"day_of_year": _DAY.timetuple().tm_yday, "year": _DAY.year}
"""The places of paths that are not ids."""

_FIELDS: Final[Mapping[str, Any]] = {
    "bill_by": models.BillBy.PROJECT,
    "budget_by": models.BudgetBy.PROJECT,
    "csv_line_items": (
        models.LineItem(kind="Service", description="Design, first draft", quantity=Decimal(2), unit_price=Decimal(80)),
    ),
    "currency": "Euro - EUR",
    "currency_symbol": "€",
    "deactivated": False,
    "due_at_human_format": "net 30",
    "email": "person.one@example.com",
    "first_name": "Person",
    "is_admin": False,
    "is_default": False,
    "kind": models.InvoiceKind.FREE_FORM,
    "last_name": "One",
    "recipients": "person.one@example.com",
    "timezone": "Europe/Berlin",
}
_ANY: Final = (True, _DAY, _MOMENT, time(9), Decimal("1.50"), 1, "Example")
_APART: Final = frozenset(
    {"due_at", "ended_at", "expense_period_end", "expense_period_start", "expense_summary_type", "import_expenses"}
    | {"import_hours", "period_end", "period_start", "projects_to_invoice", "started_at", "units"}
)
"""Fields that go with another use of a call than the one that is shown."""

_SAME: Final[Mapping[str, str]] = {
    "category": "invoice_item_category",
    "message": "invoice_message",
    "of_user": "person",
    "payment": "invoice_payment",
    "user": "person",
}
"""The variables of ids whose names in paths, queries or bodies differ."""

_BODIES: Final[Mapping[str, str]] = {
    "task_assignments.create": "task",
    "task_assignments.create_with_new_task": "",
    "user_assignments.create": "person",
}
"""The endpoints whose bodies have only an id, and the record that it refers to; empty for a name."""

_FORMS: Final[Mapping[str, str]] = {"time_tracking": "time"}
_CREATES: Final = frozenset({"create", "send"})
_FIRST: Final = 900_070_001


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


@frozen
class _Ids:
    """Numbers that represent ids, each with the name of its variable."""

    names: dict[int, str] = field(factory=dict)

    def of(self, name: str) -> int:
        plain = name.removesuffix("_id")
        number = _FIRST + len(self.names)
        self.names[number] = f"{_SAME.get(plain, plain)}_id"
        return number


def examples() -> Iterator[Example]:
    """Yield one example of each endpoint."""
    for endpoint in resources.endpoints().values():
        yield _example(endpoint)


def _example(endpoint: Endpoint[Any]) -> Example:
    section, _, operation = endpoint.name.partition(".")
    ids = _Ids()
    places = [_PLACES[name] if name in _PLACES else ids.of(name) for name in endpoint.places]
    fields, needed, others = _body(endpoint, section, operation, ids)
    upload = Upload("multipart/form-data", b"") if endpoint.name == "receipts.attach" else None
    query = {name: ids.of(name) if name in _RECORDS else _PARAMETERS.get(name, True) for name in endpoint.parameters}
    call = _paged(endpoint(*places, fields=fields, upload=upload, **query))
    optional = frozenset(name for name, _ in call.query) - endpoint.required
    return Example(call, optional, needed, others, endpoint.note, ids.names)


def _paged(call: Call[Any]) -> Call[Any]:
    """Return a call with the number of the page, which the client adds by itself."""
    pages = getattr(call.result, "page_size", None) is not None
    return evolve(call, query=(*call.query, ("page", "1"))) if pages else call


@cache
def _forms() -> Mapping[str, Form[Any]]:
    """Return the forms of all resources, by resource."""
    values = (value for module in resources.MODULES for value in vars(module).values())
    return {value.name: value for value in values if isinstance(value, Form)}


def _body(
    endpoint: Endpoint[Any], section: str, operation: str, ids: _Ids
) -> tuple[Values | None, tuple[str, ...], tuple[str, ...]]:
    """Return the fields of a body, and the names of the required fields and of the fields that are left out."""
    if endpoint.root is None:
        return None, (), ()
    if endpoint.name in _BODIES:
        record = _BODIES[endpoint.name]
        return {"id": ids.of(record)} if record else {"name": "Example"}, (), ()
    form = _forms()[_FORMS.get(section, section)]
    creates = operation in _CREATES
    known = form.new if creates else form.change
    shown = {name: _value(name, check, ids) for name, check in known.items() if name not in _APART}
    return shown, form.needed if creates else (), tuple(sorted(known.keys() & _APART))


def _value(name: str, check: Check, ids: _Ids) -> Any:
    """Return the first value that a field's check accepts, as it is sent."""
    own = (ids.of(name),) if name.endswith("_id") and name != "highrise_id" else ()
    named = (_FIELDS[name],) if name in _FIELDS else ()
    for value in (*named, *own, *_ANY):
        try:
            return check(name, value)
        except InvalidArgument:
            continue
    msg = f"no example of {name} is accepted"
    raise AssertionError(msg)
