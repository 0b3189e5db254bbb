"""Line items of invoices and estimates: what a write takes, and how a change of them is sent.

A write changes the lines with an `id`, adds those without one, and removes those with `_destroy`; others stay.
"""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeAlias, TypedDict

from attrs import asdict, has

from harvest_async.client.validation import Check, CheckedBy, check_of, several
from harvest_async.errors import InvalidArgument
from harvest_async.v2.documents import LineItem
from harvest_async.v2.projects import ProjectField
from harvest_async.v2.references import Number

__all__ = ["EstimateLines", "InvoiceLines", "LineFields", "changed_lines"]


class EstimateLineFields(TypedDict, total=False):
    """The fields of a line; a new one needs `kind` and `unit_price`."""

    id: int
    kind: str
    description: str | None
    quantity: Number
    unit_price: Number
    taxed: bool
    taxed2: bool
    _destroy: bool


class LineFields(EstimateLineFields, total=False):
    """The fields of an invoice's line, which may belong to a project."""

    project_id: ProjectField | None


_NEEDED: Final = ("kind", "unit_price")


def _fields_of(line: Any) -> dict[str, Any]:
    """Return the fields of a line that was given as a record."""
    values = asdict(line, recurse=False)
    project = values.pop("project", None)
    values["project_id"] = getattr(project, "id", None)
    return {
        name: value
        for name, value in values.items()
        if value is not None and name not in {"amount", "extra"} and (name, value) != ("id", 0)
    }


def _line(checks: Mapping[str, Check], name: str, line: Any) -> dict[str, Any]:
    given = _fields_of(line) if has(type(line)) else line
    if not isinstance(given, Mapping):
        raise InvalidArgument(f"{name}: give a line item or a dict of its fields, not {line!r:.40}")
    for each in given:
        if each not in checks:
            raise InvalidArgument(f"{name}: unknown field {each!r}. Choose from: {', '.join(sorted(checks))}")
    if "id" not in given and "_destroy" in given:
        raise InvalidArgument(f"{name}: _destroy needs the id of the line")
    missing = [each for each in _NEEDED if given.get(each) is None and "id" not in given]
    if missing:
        raise InvalidArgument(f"{name}: {' and '.join(missing)} of a new line missing")
    return {each: checks[each](f"{name}: {each}", value) for each, value in given.items()}


def _lines(fields: type[Any]) -> Check:
    """Return the check of a list of lines."""
    checks = {name: check_of(hint) for name, hint in fields.__annotations__.items()}

    def check(name: str, value: object) -> list[dict[str, Any]]:
        lines = [] if isinstance(value, str | Mapping) else several(name, value, "a list of line items")
        if isinstance(value, str | Mapping):
            raise InvalidArgument(f"{name}: give a list of line items, not {value!r:.40}")
        return [_line(checks, f"{name}[{at}]", line) for at, line in enumerate(lines)]

    return check


EstimateLines: TypeAlias = Annotated[Iterable[LineItem | EstimateLineFields], CheckedBy(_lines(EstimateLineFields))]
"""Line items of an estimate: records, or dicts of their fields."""

InvoiceLines: TypeAlias = Annotated[Iterable[LineItem | LineFields], CheckedBy(_lines(LineFields))]
"""Line items of an invoice: records, or dicts of their fields."""


def changed_lines(before: Iterable[LineItem] | None, after: Iterable[LineItem] | None) -> list[dict[str, Any]]:
    """Return what an update sends so that the lines of a record become others.

    Args:
        before: the lines as they were.
        after: the lines as they are to be: those without an id are added, those that are absent are removed.
    """
    old = {line.id: line for line in before or ()}
    sent: list[dict[str, Any]] = []
    kept = set()
    for line in after or ():
        kept.add(line.id)
        was = _fields_of(old[line.id]) if line.id in old else {}
        now = _fields_of(line)
        differing = {name: now.get(name) for name in {**was, **now} if was.get(name) != now.get(name)}
        if was and differing:
            sent.append({"id": line.id, **differing})
        elif not was:
            sent.append(now)
    return [*sent, *({"id": number, "_destroy": True} for number in old if number not in kept)]
