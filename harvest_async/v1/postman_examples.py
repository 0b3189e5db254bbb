"""One use of every endpoint of API v1, made by the endpoint functions themselves.

Rules of this room: see `postman`. An argument is chosen by its type, a field by its name, or as the first value that
its own check accepts. Ids are odd numbers that stand for variables wherever they come out: in paths, queries, bodies.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from attrs import evolve, field, frozen

from harvest_async.call import Call, Upload
from harvest_async.client.drafts import Form
from harvest_async.client.validation import Check
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import calls, models, resources

__all__ = ["Example", "examples"]

Use = Callable[..., Call[Any]]
Values = dict[str, Any]

_DAY: Final = date(2026, 3, 9)
_MOMENT: Final = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
_ARGUMENTS: Final[Mapping[str, Any]] = {
    # by the first word of the type
    "Day": _DAY,
    "InvoiceStatus": models.InvoiceStatus.OPEN,
    "Query": (),
    "Upload": Upload("multipart/form-data", b""),
    "bool": True,
    "date": _DAY,
    "datetime": _MOMENT,
    "int": 1,
    "str": "Example",
}
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

_ONE: Final[Mapping[str, str]] = {
    "expense_categories": "expense_category",
    "invoice_item_categories": "invoice_item_category",
    "people": "person",
    "receipts": "expense",
    "time_tracking": "entry",
}
"""What one record of a section is called, where it is not the section's name without its `s`."""

_SAME: Final[Mapping[str, str]] = {"of_user": "person", "user": "person"}
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
        about: what the endpoint's function says of itself; empty where docstrings are stripped.
    """

    call: Call[Any]
    optional: frozenset[str]
    needed: tuple[str, ...]
    others: tuple[str, ...]
    about: str
    _names: Mapping[int, str] = field(repr=False, alias="names")

    def written(self, text: str) -> str:
        """A text of this example, with variables where the ids are: `{{client_id}}`."""
        for number, name in self._names.items():
            text = text.replace(str(number), f"{{{{{name}}}}}")
        return text


@frozen
class _Ids:
    """Numbers that stand for ids; `own` is what a record of the section is called."""

    own: str = ""
    names: dict[int, str] = field(factory=dict)

    def of(self, name: str) -> int:
        plain = self.own if name == "id" else name.removesuffix("_id")
        number = _FIRST + len(self.names)
        self.names[number] = f"{_SAME.get(plain, plain)}_id"
        return number


def examples() -> Iterator[Example]:
    """One example of each endpoint that there is."""
    for name in calls.__all__:
        function = getattr(calls, name)
        if inspect.isfunction(function) and function is not calls.raw:
            yield from _examples_of(function)


def _examples_of(function: Use) -> Iterator[Example]:
    """The endpoints of a function: two, where a day that is given makes another one of it."""
    name = _use(function, _Ids(), {}, spare=True).name
    section, _, operation = name.partition(".")
    ids = _Ids(_ONE.get(section, section.removesuffix("s")))
    takes_fields = "fields" in inspect.signature(function).parameters
    fields, needed, others = _body(section, operation, ids) if takes_fields else ({}, (), ())
    target = _filtered(function, section, operation)
    uses = [_use(target, ids, fields, spare=spare, day=day) for spare in (True, False) for day in (True, False)]
    for each in dict.fromkeys(call.name for call in uses):
        same = [call for call in uses if call.name == each]
        most = _paged(max(same, key=lambda call: len(call.query)))
        always = set.intersection(*({key for key, _ in call.query} for call in same))
        optional = frozenset(key for key, _ in most.query) - always
        yield Example(most, optional, needed, others, inspect.getdoc(function) or "", ids.names)


def _paged(call: Call[Any]) -> Call[Any]:
    """The client turns pages by itself; a person does it by hand (contract: paging)."""
    pages = getattr(call.result, "page_size", None) is not None
    return evolve(call, query=(*call.query, ("page", "1"))) if pages else call


class _Recorder:
    """Stands where a section is: a list's method gives the call that it would make."""

    def _list(self, call: Call[Any]) -> Call[Any]:
        return call


def _filtered(function: Use, section: str, operation: str) -> Use:
    """What takes a list's filters one by one: the section's method; the function itself where there are none."""
    if "query" not in inspect.signature(function).parameters:
        return function
    return partial(getattr(getattr(resources, section.capitalize()), operation), _Recorder())


def _use(target: Use, ids: _Ids, fields: Values, *, spare: bool, day: bool = False) -> Call[Any]:
    """Call a function with all that it takes: with or without a day, and with what it can do without unless `spare`."""
    given: Values = {}
    for name, parameter in inspect.signature(target).parameters.items():
        kind = str(parameter.annotation)
        free = "None" in kind or kind == "bool"
        wanted = day if kind.startswith("date ") else not (free and spare)
        given[name] = _argument(name, kind, ids, fields) if wanted else False if kind == "bool" else None
    return target(**given)


def _argument(name: str, kind: str, ids: _Ids, fields: Values) -> Any:
    word = re.split(r"\W", kind)[0]
    if word == "Mapping":
        return fields
    return _ARGUMENTS[word] if word in _ARGUMENTS else ids.of(name)


@cache
def _forms() -> Mapping[str, Form[Any]]:
    """What may be written, by section."""
    modules = [import_module(f"{resources.__name__}.{each.name}") for each in iter_modules(resources.__path__)]
    return {found.name: found for module in modules for found in vars(module).values() if isinstance(found, Form)}


def _body(section: str, operation: str, ids: _Ids) -> tuple[Values, tuple[str, ...], tuple[str, ...]]:
    """An example of a body's fields; the names of those that have to be there, and of those that are left out."""
    form = _forms()[_FORMS.get(section, section)]
    creates = operation in _CREATES
    known = form.new if creates else form.change
    shown = {name: _value(name, check, ids) for name, check in known.items() if name not in _APART}
    return shown, form.needed if creates else (), tuple(sorted(known.keys() & _APART))


def _value(name: str, check: Check, ids: _Ids) -> Any:
    """The first value that a field's own check accepts, as it is sent."""
    own = (ids.of(name),) if name.endswith("_id") and name != "highrise_id" else ()
    named = (_FIELDS[name],) if name in _FIELDS else ()
    for value in (*named, *own, *_ANY):
        try:
            return check(name, value)
        except InvalidArgument:
            continue
    msg = f"no example of {name} is accepted"
    raise AssertionError(msg)
