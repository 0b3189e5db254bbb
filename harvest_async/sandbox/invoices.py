"""Invoices, and what they come to.

Rules of this room: pure, over a `World`. An invoice stands as draft, open or closed by what was done with it; its state
follows from that and from what was paid. Whatever was gathered for it is marked as billed, and freed when it goes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from harvest_async.sandbox.invoice_generator import expense_lines, hour_lines, unbilled
from harvest_async.sandbox.lines import Line, read_lines, totals, write_lines
from harvest_async.sandbox.reading import Refusal, read_day, read_id, read_values
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.words import read_choice
from harvest_async.sandbox.world import World

__all__ = ["FILTERS", "Invoices"]

_WRITABLE: Final = frozenset(
    {"client_id", "due_at", "due_at_human_format", "currency", "issued_at", "subject", "notes", "number",
     "purchase_order", "tax", "tax2", "discount", "csv_line_items"}
)  # fmt: skip
_PERIODS: Final = ("period_start", "period_end", "expense_period_start", "expense_period_end")
_CHOICES: Final = ("kind", "import_hours", "import_expenses", "expense_summary_type")
_YES_NO: Final = {"true": "yes", "false": "no"}
_PERCENTS: Final = ("tax", "tax2", "discount")
_NET: Final = re.compile(r"net\s*(\d{1,4})", re.IGNORECASE)

FILTERS: Final[dict[str, Callable[[Record, date], bool]]] = {
    # contract: unpaid_pastdue: these are filters, and not all of them are states
    "open": lambda invoice, _: invoice["state"] == "open",
    "partial": lambda invoice, _: invoice["state"] == "partial",
    "draft": lambda invoice, _: invoice["state"] == "draft",
    "paid": lambda invoice, _: invoice["state"] == "paid",
    "closed": lambda invoice, _: invoice["state"] == "closed",
    "unpaid": lambda invoice, _: invoice["state"] in {"open", "partial"},
    "pastdue": lambda invoice, today: (
        invoice["state"] in {"open", "partial"} and invoice["due_at"] is not None and invoice["due_at"] < today
    ),
}


class Invoices:
    """What can be done with invoices in a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._comma = "csv_decimal_comma" in world.quirks

    def create(self, fields: Record, now: datetime, asker: Record) -> Record:
        """Make an invoice; the kinds but free_form gather hours and expenses (contract: invoices.create)."""
        kind, hours, costs, summary = (read_choice("invoice", name, _choice(fields, name)) for name in _CHOICES)
        kind = kind or "free_form"
        values = self._values(fields)
        client = self._client(values)
        self._check_number(values.get("number") or "")
        values["number"] = values.get("number") or self._next_number()
        values["currency"] = values.get("currency") or client["currency"]
        values["issued_at"] = values.get("issued_at") or now.date()
        gathered = _Gathered() if kind == "free_form" else self._gather(fields, client, (kind, hours, costs, summary))
        lines = read_lines(values.pop("csv_line_items", None) or "") + gathered.lines
        text = write_lines(lines, comma=self._comma)
        read_lines(text)  # what is gathered may come to more than an invoice can hold
        values |= {"csv_line_items": text, "created_by_id": asker["id"]}
        values |= {
            "client_key": secrets.token_hex(20),
            "client_name": client["name"],
            **_due(values),
            **gathered.period,
        }
        invoice = self._world.add("invoice", values, now)
        self._mark(gathered, invoice["id"], now)
        shown = kind.replace("_", "-") if "free_form_spelling" in self._world.quirks else kind
        self._world.change("client", client, {"last_invoice_kind": shown}, now)
        return self.settle(invoice, now)

    def update(self, invoice: Record, fields: Record, now: datetime) -> Record:
        """Set what is given; a written state is passed over (contract: state_ignored)."""
        given = self._values(fields)
        values: Record = {name: given[name] for name in given if given[name] is not None or name in _CLEARED}
        if "client_id" in values:
            values["client_name"] = self._client(values)["name"]
        if values.get("number", invoice["number"]) != invoice["number"]:
            self._check_number(values["number"])
        if "csv_line_items" in values:  # contract: csv_header_intact
            values["csv_line_items"] = write_lines(read_lines(values["csv_line_items"]), comma=self._comma)
        kept = ("issued_at",) if "due_at" in values else ("issued_at", "due_at_human_format")
        values |= _due({**{name: invoice[name] for name in kept}, **values})
        self._world.change("invoice", invoice, values, now)
        return self.settle(invoice, now)

    def delete(self, invoice: Record, now: datetime) -> None:
        """Remove an invoice with its messages and payments; what it billed is free again."""
        for kind in ("entry", "expense"):
            for record in self._world.having(kind, invoice_id=invoice["id"]):
                self._world.change(kind, record, {"is_billed": False, "invoice_id": None}, now)
        for kind in ("message", "payment"):
            for record in self._world.having(kind, invoice_id=invoice["id"]):
                self._world.drop(kind, record)
        self._world.drop("invoice", invoice)

    def settle(self, invoice: Record, now: datetime) -> Record:
        """Work out anew what an invoice comes to, what is due, and its state (contract: draft_with_payment)."""
        worth = totals(read_lines(invoice["csv_line_items"]), invoice)
        payments = self._world.having("payment", invoice_id=invoice["id"])
        due = worth["amount"] - sum((each["amount"] for each in payments), Decimal(0))
        state = invoice["standing"]
        if payments and due <= 0:
            state = "paid"
        elif payments and state == "open":
            state = "partial"
        return self._world.change("invoice", invoice, {**worth, "due_amount": due, "state": state}, now)

    # Inside

    def _values(self, fields: Record) -> Record:
        values = read_values("invoice", fields, _WRITABLE)
        for name in _PERCENTS:
            if not 0 <= (values.get(name) or 0) <= 100:
                raise Refusal(400, f"{name} is invalid.")
        return values

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

    def _gather(self, fields: Record, client: Record, choices: tuple[str | None, ...]) -> _Gathered:
        kind, hours, costs, summary = choices
        period = read_values("invoice", fields, ("period_start", "period_end"))
        begin, end, expense_begin, expense_end = (_day(fields, name) for name in _PERIODS)
        projects = self._projects(str(fields.get("projects_to_invoice") or ""), client)
        entries = unbilled(self._world, "entry", projects, hours or "no", (begin, end))
        expenses = unbilled(self._world, "expense", projects, costs or "no", (expense_begin, expense_end))
        lines = hour_lines(self._world, entries, kind or "") + expense_lines(
            self._world, expenses, summary or "category"
        )
        return _Gathered(tuple(lines), entries, expenses, period)

    def _projects(self, text: str, client: Record) -> list[int]:
        own = {project["id"] for project in self._world.having("project", client_id=client["id"])}
        if not text.strip():
            return sorted(own)
        numbers = [read_id(word) for word in text.split(",")]
        if not own.issuperset(numbers):
            raise Refusal(400, "projects_to_invoice names a project that is not this client's.")
        return [number for number in numbers if number is not None]

    def _mark(self, gathered: _Gathered, invoice_id: int, now: datetime) -> None:
        for kind, records in (("entry", gathered.entries), ("expense", gathered.expenses)):
            for record in records:
                self._world.change(kind, record, {"is_billed": True, "invoice_id": invoice_id}, now)


_CLEARED: Final = frozenset({"due_at", "subject", "notes", "purchase_order", "tax", "tax2", "discount"})
"""Fields that nothing is a value of."""


class _Gathered:
    """What a generated invoice is made of."""

    def __init__(
        self,
        lines: tuple[Line, ...] = (),
        entries: list[Record] | None = None,
        expenses: list[Record] | None = None,
        period: Record | None = None,
    ) -> None:
        self.lines = lines
        self.entries = entries or []
        self.expenses = expenses or []
        self.period = period or {}


def _choice(fields: Record, name: str) -> object:
    """What was given for one of a set of words; booleans stand for yes and no."""
    value = fields.get(name)
    return _YES_NO.get(str(value).strip().lower(), value) if name.startswith("import_") else value


def _day(fields: Record, name: str) -> date | None:
    if not fields.get(name):
        return None
    try:
        return read_day(fields[name])
    except ValueError:
        raise Refusal(400, f"{name} is invalid.") from None


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Refusal(400, "due_at_human_format is invalid.") from None


def _due(values: Record) -> Record:
    """When an invoice is due: the words override the date (contract: due_at_words)."""
    words = (values.get("due_at_human_format") or "").strip()
    if words.lower() in {"due upon receipt", "upon receipt"}:
        return {"due_at": values["issued_at"]}
    if match := _NET.fullmatch(words):
        return {"due_at": _later(values["issued_at"], int(match[1]))}
    if words:
        raise Refusal(400, "due_at_human_format is invalid.")
    return {"due_at_human_format": None} if values.get("due_at") else {}
