"""Readers of rows other than time entries: expenses, clients, projects and the other records.

The values that identify a record are read by name; the others go to `fields`, in the types of the table of kinds.
Empty cells are left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from harvest_async.client.line_table import read_lines
from harvest_async.importer.match import in_cents
from harvest_async.importer.sources.cells import Bad, read_flag, read_integer
from harvest_async.importer.sources.clocks import read_moment
from harvest_async.importer.sources.columns import Kind
from harvest_async.importer.sources.days import read_day
from harvest_async.importer.sources.kinds import AnyRow, ExpenseRow
from harvest_async.importer.sources.limits import LONGEST_CELL
from harvest_async.importer.sources.numbers import read_money
from harvest_async.importer.sources.options import DateOrder, Options
from harvest_async.importer.sources.reading import Cells, cached, is_address
from harvest_async.importer.sources.roster import Roster, split_comma
from harvest_async.importer.sources.words import plain

__all__ = ["RecordReader"]

_STATUS: Final = {"active": True, "archived": False, "inactive": False, "deactivated": False, "deleted": False}
_HOURS_OF_WEEK: Final = 7 * 24
_OF_PROJECT: Final = "project_id"


class RecordReader:
    """Reads rows of one kind.

    Args:
        kind: the kind of the rows.
        options: whether people are identified by e-mail address alone.
        order: the order of dates with the year last.
        mark: the decimal mark.
        roster: the people of the import.
    """

    def __init__(self, kind: Kind, options: Options, order: DateOrder | None, mark: str | None, roster: Roster) -> None:
        self._kind = kind
        self._readers: dict[str, Callable[[str], Any]] = {
            "text": str,
            "number": cached(partial(read_money, mark=mark)),
            "flag": cached(read_flag),
            "integer": read_integer,
            "capacity": _read_capacity,
            "date": cached(partial(read_day, order=order)),
            "moment": partial(_read_moment, order=order),
        }
        self._choices = {name: cached(partial(_choose, choices=each)) for name, each in kind.choices.items()}
        if "active" in kind.fields:
            self._readers["flag"] = cached(_read_active)
        self._known = _KNOWN[kind.name]
        self._roster = None if options.people_by_email else roster
        self._lines: dict[str, tuple[int, int]] = {}

    def read(self, cells: Cells) -> Iterator[AnyRow]:
        """Yield the row; nothing if it has a problem."""
        known = self._known(cells)
        if self._kind.row is ExpenseRow:
            known |= self._money(cells)
        else:
            known["fields"] = self._fields(cells)
        if self._kind.name == "people":
            self._check_person(cells, known)
        if not cells.dropped:
            yield self._kind.row(line=cells.line, row=cells.row, file=cells.file, **known)

    def _fields(self, cells: Cells) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, kind in self._kind.fields.items():
            if cells.text(name).strip():
                reader = _read_opposite if cells.is_opposite(name) else self._choices.get(name) or self._readers[kind]
                found[name] = cells.value(name, reader)
        if found.get("line_items"):
            found["line_items"] = cells.value("line_items", _lines, LONGEST_CELL)
        return found

    def _money(self, cells: Cells) -> dict[str, Any]:
        found: dict[str, Any] = {"day": cells.value("day", self._readers["date"])}
        for name in ("total_cost", "units"):
            if cells.text(name).strip():
                found[name] = cells.value(name, self._readers["number"])
        if not cells.text("total_cost").strip() and not cells.text("units").strip():
            cells.wrong("total_cost", "is empty: an amount, or units are needed")
        found["billable"] = cells.value("billable", self._readers["flag"])
        found["by_units"] = _is_of_units(cells, found)
        return found

    def _check_person(self, cells: Cells, known: dict[str, Any]) -> None:
        email = known["email"]
        if not email:
            cells.wrong("email", "is empty: a person needs an e-mail address")
        elif not is_address(email):
            cells.check_address(email)
        elif (line := self._lines.setdefault(email, (cells.line, cells.row))) != (cells.line, cells.row):
            cells.wrong("email", f"{email} is on line {line[0]} already: leave one of the two out")
        elif self._roster is not None:
            doubt = self._roster.doubt(f"{known['first_name']} {known['last_name']}", email)
            if doubt:
                cells.wrong("email", doubt)


def _choose(text: str, choices: Mapping[str, str]) -> str | Bad:
    """Return the value of a field that has only certain values."""
    value = choices.get(plain(text))
    known = ", ".join(dict.fromkeys(choices.values()))
    return value or Bad(f"{text.strip()!r} is no value that Harvest knows here: write one of {known}")


def _read_active(text: str) -> bool | Bad | None:
    """Read yes or no, or a word such as active or archived."""
    word = text.strip().lower()
    return _STATUS[word] if word in _STATUS else read_flag(text)


def _read_opposite(text: str) -> bool | Bad | None:
    """Read the opposite of a flag."""
    flag = _read_active(text)
    return not flag if isinstance(flag, bool) else flag


def _read_capacity(text: str) -> int | Bad | None:
    """Read the seconds of work in a week; a number that can only be hours is refused."""
    seconds = read_integer(text)
    if isinstance(seconds, int) and 0 < seconds <= _HOURS_OF_WEEK:
        return Bad(f"{text.strip()!r} may be hours, and is needed in seconds: write {seconds * 3600}")
    return seconds


def _read_moment(text: str, order: DateOrder | None) -> datetime | Bad | None:
    """Read a date and time; a date alone means midnight, and a value without an offset is in UTC."""
    moment = read_moment(text, order)
    if isinstance(moment, datetime):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment


def _named(cells: Cells) -> dict[str, Any]:
    return {"name": cells.required("name")}


def _contact(cells: Cells) -> dict[str, Any]:
    first, last = cells.name("first_name"), cells.name("last_name")
    if not first and not last:
        cells.wrong("first_name", "is empty: a contact needs a name")
    email = cells.text("email").strip().lower()
    cells.check_address(email)
    return {"client": cells.client(), "first_name": first, "last_name": last, "email": email}


def _project(cells: Cells) -> dict[str, Any]:
    return {"client": cells.client(), "name": cells.required("name"), "code": cells.name("code")}


def _person(cells: Cells) -> dict[str, Any]:
    first, last = cells.name("first_name"), cells.name("last_name")
    if not first and not last:
        first, _, last = cells.name("person").rpartition(" ")
        first, last = split_comma(cells.name("person")) or ((first, last) if first else (last, ""))
    if not first and not last:
        cells.wrong("first_name", "is empty: a person needs a name")
    return {"email": cells.text("email").strip().lower(), "first_name": first, "last_name": last}


def _place(cells: Cells) -> dict[str, Any]:
    client, project, code = cells.where()
    return {"client": client, "project": project, "project_code": code}


def _task_link(cells: Cells) -> dict[str, Any]:
    return {**_place(cells), "task": cells.named("task", "tasks", "task_id")}


def _user_link(cells: Cells) -> dict[str, Any]:
    person, email = cells.who()
    return {**_place(cells), "person": person, "email": email}


def _expense(cells: Cells) -> dict[str, Any]:
    category = cells.named("category", "expense_categories", "expense_category_id")
    return {**_user_link(cells), "category": category, "notes": cells.notes()}


def _is_of_units(cells: Cells, found: Mapping[str, Any]) -> bool:
    """Return whether the amount is the price of the units, which the file of categories gives."""
    cost, units = found.get("total_cost"), found.get("units")
    known = cells.known("expense_categories", "expense_category_id")
    price = read_money(known.get("unit_price", ""), ".")
    if cost is None or units is None or isinstance(price, Bad):
        return False
    return in_cents(units * price) == in_cents(cost)


def _invoice(cells: Cells) -> dict[str, Any]:
    return {"client": cells.client(), "number": cells.required("number")}


def _lines(text: str) -> str | Bad:
    """Return line items without project ids, which belong to another account."""
    try:
        read_lines(text)
    except ValueError as error:
        return Bad(f"is no table of {error}")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    place = rows[0].index(_OF_PROJECT) if rows and _OF_PROJECT in rows[0] else None
    if place is None:
        return text
    out = io.StringIO(newline="")
    csv.writer(out).writerows([rows[0], *([*row[:place], "", *row[place + 1 :]] for row in rows[1:])])
    return out.getvalue()


def _of_invoice(cells: Cells) -> dict[str, Any]:
    if cells.text("invoice_id").strip() and not cells.name("invoice"):
        known = cells.looked_up("invoices", "invoice_id") or {}
        return {"invoice": known.get("number", "")}
    return {"invoice": cells.required("invoice")}


_KNOWN: Final[dict[str, Callable[[Cells], dict[str, Any]]]] = {
    "clients": _named,
    "tasks": _named,
    "expense_categories": _named,
    "invoice_item_categories": _named,
    "contacts": _contact,
    "projects": _project,
    "people": _person,
    "task_assignments": _task_link,
    "user_assignments": _user_link,
    "expenses": _expense,
    "invoices": _invoice,
    "invoice_messages": _of_invoice,
    "invoice_payments": _of_invoice,
}
"""The reader of the identifying values of each kind."""
