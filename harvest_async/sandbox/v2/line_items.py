"""The line items of invoices and estimates: added, changed and removed by the items of a request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from attrs import evolve

from harvest_async.sandbox.lines import Line, bounded, cents, read_lines, write_lines
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.v2.base import V2Services
from harvest_async.sandbox.v2.fields import read_flag
from harvest_async.sandbox.v2.shapes import project_of
from harvest_async.sandbox.values import read_value

__all__ = ["changed_lines", "new_lines", "show_lines"]

_CENTS: Final = -2
_DEFAULT: Final = Line("", "", Decimal(1), Decimal(0), Decimal(0), taxed=False, taxed2=False, project_id=None)


def new_lines(services: V2Services, body: Record) -> Record:
    """Return the values of the lines of a new record."""
    lines = tuple(_line(services, _DEFAULT, item) for item in _items(body) if not read_flag(item, "_destroy"))
    return {"csv_line_items": write_lines(lines, comma=False)}


def changed_lines(services: V2Services, record: Record, body: Record) -> Record:
    """Return the values that change the lines of a record; none if the body has no lines.

    An item with an id changes that line, or removes it with `_destroy`; an item without an id is added.
    """
    if body.get("line_items") is None:
        return {}
    lines = dict(zip(record["line_ids"], read_lines(record["csv_line_items"]), strict=True))
    added: list[Line] = []
    for item in _items(body):
        if item.get("id") is None:
            added.append(_line(services, _DEFAULT, item))
            continue
        number = read_id(item["id"])
        if number not in lines or number is None:
            raise Refusal(422, f"There is no line item with the id {item['id']}")
        if read_flag(item, "_destroy"):
            del lines[number]
        else:
            lines[number] = _line(services, lines[number], item)
    text = write_lines((*lines.values(), *added), comma=False)
    return {"csv_line_items": text, "line_ids": tuple(lines)}


def show_lines(services: V2Services, record: Record, *, projects: bool) -> list[Record]:
    """Return the lines of a record as responses show them; only those of invoices name a project."""
    lines = zip(record["line_ids"], read_lines(record["csv_line_items"]), strict=True)
    return [_shown(services, number, line, projects=projects) for number, line in lines]


def _items(body: Record) -> list[Record]:
    given: Any = body.get("line_items")
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise Refusal(422, "Line items is invalid")
    return given


def _line(services: V2Services, line: Line, item: Record) -> Line:
    """Return a line with the values of an item; a new line needs its kind and unit price."""
    if line is _DEFAULT:
        missing = [name for name in ("kind", "unit_price") if item.get(name) in {None, ""}]
        if missing:
            raise Refusal(422, ", ".join(f"Line items {name.replace('_', ' ')} can't be blank" for name in missing))
    given: Record = {name: read_value(name, str, item[name]) or "" for name in ("kind", "description") if name in item}
    for name in ("quantity", "unit_price"):
        number = read_value(name, Decimal, item.get(name))
        if number is not None:
            given[name] = _at_least_cents(bounded(number, str(number)))
    given |= {name: read_flag(item, name) for name in ("taxed", "taxed2") if name in item}
    if "project_id" in item:
        given["project_id"] = _project(services, item["project_id"])
    changed = evolve(line, **given)
    amount = changed.quantity * changed.unit_price
    return evolve(changed, amount=cents(bounded(amount, str(amount))))


def _at_least_cents(number: Decimal) -> Decimal:
    """Return a number with two decimals, or with all that it has if these are more."""
    exponent = number.as_tuple().exponent
    return number if isinstance(exponent, int) and exponent < _CENTS else cents(number)


def _project(services: V2Services, value: Any) -> int | None:
    if value is None or not str(value).strip():
        return None
    project = services.known("project", value)
    if project is None:
        raise Refusal(422, "Line items project must exist")
    return int(project["id"])


def _shown(services: V2Services, number: int, line: Line, *, projects: bool) -> Record:
    project = services.tables("project").get(line.project_id or 0)
    own = {"project": None if project is None else project_of(project)} if projects else {}
    names = ("kind", "description", "quantity", "unit_price", "amount", "taxed", "taxed2")
    return {"id": number, **own, **{name: getattr(line, name) for name in names}}
