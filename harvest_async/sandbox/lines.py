"""The line items of an invoice, as a CSV table in one field, and their totals.

Notes:
- A table whose header differs is ignored without an error.
- The amount of a line that has none is quantity times unit price.
- Numbers may have a decimal comma on accounts that write them so.
"""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from attrs import frozen

from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal

__all__ = ["Line", "bounded", "cents", "line_ids", "read_lines", "totals", "write_lines"]

HEADER: Final = ("kind", "description", "quantity", "unit_price", "amount", "taxed", "taxed2", "project_id")
_CENT: Final = Decimal("0.01")
_IDS: Final = 100_000
"""The most lines that a record can have had."""
_ZERO: Final = Decimal("0.0")
_MOST: Final = Decimal(10) ** 11
_FINEST: Final = -60
"""The smallest exponent of a number; a product has the sum of the exponents of its factors."""


@frozen
class Line:
    """A line item; its amount is rounded to cents."""

    kind: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    taxed: bool
    taxed2: bool
    project_id: int | None


def read_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of a table; none if its header differs."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text.strip(), newline=""), strict=True) if row]
    except csv.Error:
        raise Refusal(400, "csv_line_items can't be read.") from None
    if not rows or tuple(name.strip() for name in rows[0]) != HEADER:
        return ()
    return tuple(_read_line(row) for row in rows[1:])


def write_lines(lines: tuple[Line, ...], *, comma: bool) -> str:
    """Return the table of lines; an empty text if there are none."""
    if not lines:
        return ""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_written(line, comma=comma) for line in lines)
    return text.getvalue()


def totals(lines: tuple[Line, ...], invoice: Record) -> Record:
    """Return the totals of an invoice: the discount is subtracted first, then taxes are added on the taxed lines."""
    subtotal, rebate = sum((line.amount for line in lines), Decimal(0)), invoice["discount"] or Decimal(0)
    discount = _percent(subtotal, invoice["discount"])
    taxed = sum((line.amount for line in lines if line.taxed), Decimal(0)) * (100 - rebate) / 100
    taxed2 = sum((line.amount for line in lines if line.taxed2), Decimal(0)) * (100 - rebate) / 100
    tax, tax2 = _percent(taxed, invoice["tax"]), _percent(taxed2, invoice["tax2"])
    amount = subtotal - discount + tax + tax2
    return {"amount": cents(amount), "discount_amount": discount, "tax_amount": tax, "tax2_amount": tax2}


def line_ids(record: Record) -> Record:
    """Return the values of an invoice or estimate that give each of its lines an id.

    Lines keep their ids in order; further lines get ids that were never used in it.
    """
    count, known = record["line_count"], record["line_ids"]
    wanted = len(read_lines(record["csv_line_items"]))
    added = tuple(record["id"] * _IDS + count + number for number in range(1, wanted - len(known) + 1))
    return {"line_ids": (*known[:wanted], *added), "line_count": count + len(added)}


def _read_line(row: list[str]) -> Line:
    if len(row) != len(HEADER):
        raise Refusal(400, f"csv_line_items has a row of {len(row)} columns.")
    kind, description, quantity, unit_price, amount, taxed, taxed2, project = row
    count, price = _number(quantity), _number(unit_price)
    worth = bounded(_number(amount) if amount.strip() else count * price, amount)
    number = read_id(project)
    if number is None and project.strip():
        raise Refusal(400, "csv_line_items has a bad project_id.")
    return Line(kind.strip(), description, count, price, cents(worth), _flag(taxed), _flag(taxed2), number)


def _written(line: Line, *, comma: bool) -> list[str]:
    numbers = [f"{number:f}" for number in (line.quantity, line.unit_price, line.amount)]
    if comma:
        numbers = [number.replace(".", ",") for number in numbers]
    flags = [str(flag).lower() for flag in (line.taxed, line.taxed2)]
    return [line.kind, line.description, *numbers, *flags, str(line.project_id or "")]


def _number(text: str) -> Decimal:
    plain = text.strip()
    if "," in plain and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        number = Decimal(plain or "0")
    except InvalidOperation:
        raise Refusal(400, f"csv_line_items has a bad number, {text!r}.") from None
    return bounded(number, text)


def bounded(number: Decimal, text: str) -> Decimal:
    """Return a number, or refuse one that is too large or too fine."""
    if not number.is_finite() or abs(number) >= _MOST or int(number.as_tuple().exponent) < _FINEST:
        raise Refusal(400, f"csv_line_items has a bad number, {text!r}.")
    return number


def _flag(text: str) -> bool:
    return text.strip().lower() == "true"


def _percent(amount: Decimal, percent: Decimal | None) -> Decimal:
    return _ZERO if percent is None else cents(amount * percent / 100)


def cents(amount: Decimal) -> Decimal:
    """Round an amount of money half up."""
    return amount.quantize(_CENT, ROUND_HALF_UP)
