"""The rules for invoices and their totals.

An invoice is a draft, open or closed by what was done with it (`standing`); its state follows from that and from its
payments. Records that a generated invoice collects are marked as billed, and released when the invoice is deleted.
"""

from __future__ import annotations

import re
import secrets
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from harvest_async.sandbox.invoice_generator import expense_lines, hour_lines, unbilled
from harvest_async.sandbox.lines import Line, line_ids, read_lines, totals, write_lines
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["Invoices", "Selection"]

_NET: Final = re.compile(r"net\s*(\d{1,4})", re.IGNORECASE)
_CLEARED: Final = frozenset({"due_at", "subject", "notes", "purchase_order", "tax", "tax2", "discount"})
"""The fields that null clears."""


@frozen
class Selection:
    """What a generated invoice collects.

    Attributes:
        kind: how hours are grouped: `project`, `task`, `people` or `detailed`.
        hours: the hours to collect: `all`, `yes` for those of `hours_days`, or `no`.
        hours_days: the first and the last day of the hours.
        expenses: the expenses to collect, likewise.
        expenses_days: the first and the last day of the expenses.
        expenses_by: how expenses are grouped: `project`, `people`, `category` or `detailed`.
        projects: the ids of the projects; empty selects all projects of the client.
        period: the period to show on the invoice.
    """

    kind: str
    hours: str
    hours_days: tuple[date | None, date | None]
    expenses: str
    expenses_days: tuple[date | None, date | None]
    expenses_by: str
    projects: tuple[int | None, ...]
    period: Record


@frozen
class _Collected:
    """The lines of a generated invoice, and the records that it bills."""

    lines: tuple[Line, ...] = ()
    entries: list[Record] = field(factory=list)
    expenses: list[Record] = field(factory=list)


class Invoices:
    """Create, change and delete invoices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._comma = "csv_decimal_comma" in world.quirks

    def create(self, given: Record, selection: Selection | None, now: datetime, requester: Record) -> Record:
        """Create an invoice; with a `selection` it collects hours and expenses, without one it is free-form."""
        values = dict(given)
        client = self._client(values)
        self._check_number(values.get("number") or "")
        values["number"] = values.get("number") or self._next_number()
        values["currency"] = values.get("currency") or client["currency"]
        values["issued_at"] = values.get("issued_at") or now.date()
        collected = _Collected() if selection is None else self._collect(selection, client)
        lines = read_lines(values.pop("csv_line_items", None) or "") + collected.lines
        text = write_lines(lines, comma=self._comma)
        read_lines(text)  # the collected amounts may exceed the limit of an invoice
        values |= {"csv_line_items": text, "created_by_id": requester["id"], "client_key": secrets.token_hex(20)}
        values |= {"client_name": client["name"], **_due(values), **({} if selection is None else selection.period)}
        invoice = self._world.add("invoice", values, now)
        self._mark_billed(collected, invoice["id"], now)
        kind = "free_form" if selection is None else selection.kind
        shown = kind.replace("_", "-") if "free_form_spelling" in self._world.quirks else kind
        self._world.change("client", client, {"last_invoice_kind": shown}, now)
        return self.recalculate(invoice, now)

    def update(self, invoice: Record, given: Record, now: datetime) -> Record:
        """Set the given values; null clears only optional fields and leaves the others unchanged."""
        values: Record = {name: given[name] for name in given if given[name] is not None or name in _CLEARED}
        if "client_id" in values:
            values["client_name"] = self._client(values)["name"]
        if values.get("number", invoice["number"]) != invoice["number"]:
            self._check_number(values["number"])
        if "csv_line_items" in values:
            values["csv_line_items"] = write_lines(read_lines(values["csv_line_items"]), comma=self._comma)
        kept = ("issued_at",) if "due_at" in values else ("issued_at", "due_at_human_format")
        values |= _due({**{name: invoice[name] for name in kept}, **values})
        self._world.change("invoice", invoice, values, now)
        return self.recalculate(invoice, now)

    def delete(self, invoice: Record, now: datetime) -> None:
        """Delete an invoice with its messages and payments, and release the records that it billed."""
        for kind in ("entry", "expense"):
            for record in self._world.having(kind, invoice_id=invoice["id"]):
                self._world.change(kind, record, {"is_billed": False, "invoice_id": None}, now)
        for kind in ("message", "payment"):
            for record in self._world.having(kind, invoice_id=invoice["id"]):
                self._world.drop(kind, record)
        self._world.drop("invoice", invoice)

    def recalculate(self, invoice: Record, now: datetime) -> Record:
        """Recalculate the totals of an invoice, its due amount and its state."""
        worth = totals(read_lines(invoice["csv_line_items"]), invoice)
        payments = self._world.having("payment", invoice_id=invoice["id"])
        due = worth["amount"] - sum((each["amount"] for each in payments), Decimal(0))
        state, paid = invoice["standing"], {"paid_at": None, "paid_date": None}
        if payments and due <= 0:
            state, last = "paid", max(payments, key=lambda payment: payment["paid_at"])
            paid = {"paid_at": last["paid_at"], "paid_date": last["paid_date"] or last["paid_at"].date()}
        elif payments and state == "open":
            state = "partial"
        changes = {**worth, **paid, **line_ids(invoice), "due_amount": due, "state": state}
        return self._world.change("invoice", invoice, changes, now)

    # Internals

    def _client(self, values: Record) -> Record:
        client = self._world.tables["client"].get(values.get("client_id") or 0)
        if client is None:
            raise Refusal(400, "There is no such client.")
        return client

    def _next_number(self) -> str:
        given = (each["number"] for each in self._world.all("invoice"))
        numbers = [known for number in given if (known := read_id(number)) is not None]
        return str(max(numbers, default=0) + 1)

    def _check_number(self, number: str) -> None:
        if self._world.has("invoice", number=number):
            raise Refusal(400, "number is taken.")

    def _collect(self, selection: Selection, client: Record) -> _Collected:
        projects = self._projects(selection.projects, client)
        entries = unbilled(self._world, "entry", projects, selection.hours, selection.hours_days)
        expenses = unbilled(self._world, "expense", projects, selection.expenses, selection.expenses_days)
        lines = hour_lines(self._world, entries, selection.kind)
        lines += expense_lines(self._world, expenses, selection.expenses_by)
        return _Collected(tuple(lines), entries, expenses)

    def _projects(self, selected: tuple[int | None, ...], client: Record) -> list[int]:
        own = {project["id"] for project in self._world.having("project", client_id=client["id"])}
        if not own.issuperset(selected):
            raise Refusal(400, "projects_to_invoice has a project of another client.")
        return [number for number in selected if number is not None] or sorted(own)

    def _mark_billed(self, collected: _Collected, invoice_id: int, now: datetime) -> None:
        for kind, records in (("entry", collected.entries), ("expense", collected.expenses)):
            for record in records:
                self._world.change(kind, record, {"is_billed": True, "invoice_id": invoice_id}, now)


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Refusal(400, "due_at_human_format is invalid.") from None


def _due(values: Record) -> Record:
    """Return the due date of an invoice; its description in words overrides the date."""
    words = (values.get("due_at_human_format") or "").strip()
    if words.lower() in {"due upon receipt", "upon receipt"}:
        return {"due_at": values["issued_at"]}
    if match := _NET.fullmatch(words):
        return {"due_at": _later(values["issued_at"], int(match[1]))}
    if words:
        raise Refusal(400, "due_at_human_format is invalid.")
    return {"due_at_human_format": None} if values.get("due_at") else {}
