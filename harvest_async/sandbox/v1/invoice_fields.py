"""The fields of an invoice that a request may set, and those that select what a generated invoice collects."""

from __future__ import annotations

from datetime import date
from typing import Final

from harvest_async.sandbox.invoices import Selection
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.v1.choices import read_choice
from harvest_async.sandbox.v1.writable_fields import read_values
from harvest_async.sandbox.values import read_day, read_fields_of

__all__ = ["read_invoice", "read_selection"]

_CHOICES: Final = ("kind", "import_hours", "import_expenses", "expense_summary_type")
_YES_NO: Final = {"true": "yes", "false": "no"}
_PERCENTS: Final = ("tax", "tax2", "discount")


def read_invoice(fields: Record) -> Record:
    """Return the values of an invoice.

    Raises:
        Refusal: a value is invalid.
    """
    values = read_values("invoice", fields)
    for name in _PERCENTS:
        if not 0 <= (values.get(name) or 0) <= 100:
            raise Refusal(400, f"{name} is invalid.")
    return values


def read_selection(fields: Record) -> Selection | None:
    """Return what a new invoice collects; None for a free-form invoice.

    Raises:
        Refusal: a value is invalid.
    """
    kind, hours, expenses, expenses_by = (read_choice("invoice", name, _choice(fields, name)) for name in _CHOICES)
    if kind is None or kind == "free_form":
        return None
    projects = str(fields.get("projects_to_invoice") or "")
    return Selection(
        kind,
        hours or "no",
        (_day(fields, "period_start"), _day(fields, "period_end")),
        expenses or "no",
        (_day(fields, "expense_period_start"), _day(fields, "expense_period_end")),
        expenses_by or "category",
        tuple(read_id(number) for number in projects.split(",")) if projects.strip() else (),
        read_fields_of("invoice", fields, ("period_start", "period_end")),
    )


def _choice(fields: Record, name: str) -> object:
    """Return the value given for a choice; true and false mean yes and no."""
    value = fields.get(name)
    return _YES_NO.get(str(value).strip().lower(), value) if name.startswith("import_") else value


def _day(fields: Record, name: str) -> date | None:
    if not fields.get(name):
        return None
    try:
        return read_day(fields[name])
    except ValueError:
        raise Refusal(400, f"{name} is invalid.") from None
