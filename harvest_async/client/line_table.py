"""Line items of invoices as a table in CSV, which API v1 uses and files for imports have.

The header is always written with all columns: the server drops lines below an unknown header without an error.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from attrs import field, frozen

from harvest_async.client.record import Record

__all__ = ["HEADER", "LineItem", "read_lines", "write_lines"]

HEADER: Final = ("kind", "description", "quantity", "unit_price", "amount", "taxed", "taxed2", "project_id")
"""The columns, in the order in which they are written."""

_NEEDED: Final = frozenset({"kind", "description"})
_DIGITS: Final = 30


@frozen(kw_only=True)
class LineItem(Record):
    """A line of an invoice.

    `kind` is the name of an item category. Without `amount`, the server computes it from quantity and price. Other
    columns of a table are kept in `extra`, and are not written.
    """

    kind: str = ""
    description: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    taxed: bool = False
    taxed2: bool = False
    project_id: int | None = None
    extra: dict[str, Any] = field(factory=dict)


def read_lines(text: str, decimal_symbol: str | None = None) -> list[LineItem]:
    """Return the rows of a table; an empty table has none.

    Args:
        text: the table; spaces around it are ignored.
        decimal_symbol: the account's own, `.` or `,` (`who_am_i`: `company.decimal_symbol`). If None,
            the last symbol in each number is the decimal one.

    Raises:
        ValueError: the table is invalid; the message has the line.
    """
    reader = csv.reader(io.StringIO(text.strip(), newline=""), strict=True)
    rows = _rows(reader)
    _, header = next(rows, (0, None))
    if header is None:
        return []
    names = [name.strip() for name in header]
    if missing := _NEEDED - set(names):
        msg = f"line items: the first line is no header, it lacks {', '.join(sorted(missing))}: {header}"
        raise ValueError(msg)
    return [_read_line(number, names, row, decimal_symbol) for number, row in rows]


def write_lines(lines: Iterable[LineItem]) -> str:
    """Return rows as a table, with decimal points; no rows give an empty text."""
    table = [[_write_cell(getattr(line, name)) for name in HEADER] for line in lines]
    if not table:
        return ""
    return "".join(f"{_write_row(row)}\n" for row in [HEADER, *table])


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its last line."""
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            msg = f"line items, line {reader.line_num}: {error}"
            raise ValueError(msg) from None
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _read_line(number: int, names: list[str], row: list[str], decimal_symbol: str | None) -> LineItem:
    if len(row) > len(names):
        msg = (
            f"line items, line {number}: {len(row)} cells below {len(names)} names; a text or a number with a comma "
            "has to be in quotes"
        )
        raise ValueError(msg)
    cells = {name: cell for name, cell in zip(names, row, strict=False) if name in HEADER}
    extra = {name: cell for name, cell in zip(names, row, strict=False) if name not in HEADER}
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        try:
            values[name] = _READERS[name](cell, decimal_symbol)
        except (ValueError, InvalidOperation):
            msg = f"line items, line {number}, column {name}: {cell!r} is no {_WORDS[name]}"
            raise ValueError(msg) from None
    return LineItem(**values, extra=extra)


def _read_text(cell: str, _: str | None) -> str:
    return cell


def _read_kind(cell: str, _: str | None) -> str:
    return cell.strip()  # a table may be indented


def _read_number(cell: str, decimal_symbol: str | None) -> Decimal | None:
    plain = "".join(cell.split()).replace("'", "")
    symbol = decimal_symbol or ("," if plain.rfind(",") > plain.rfind(".") else ".")
    plain = plain.replace("." if symbol == "," else ",", "").replace(symbol, ".")
    number = Decimal(plain) if plain else None
    if number is not None and (not number.is_finite() or abs(number.adjusted()) > _DIGITS):
        raise InvalidOperation
    return number


def _read_flag(cell: str, _: str | None) -> bool:
    word = cell.strip().lower()
    if word not in _FLAGS:
        raise ValueError(word)
    return _FLAGS[word]


def _read_id(cell: str, _: str | None) -> int | None:
    return int(cell) if cell.strip() else None


def _write_row(cells: Iterable[str]) -> str:
    """Return a row without its line end, so that the writer quotes both characters that may end a line."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def _write_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


_READERS: Final[dict[str, Callable[[str, str | None], Any]]] = {
    "kind": _read_kind,
    "description": _read_text,
    "quantity": _read_number,
    "unit_price": _read_number,
    "amount": _read_number,
    "taxed": _read_flag,
    "taxed2": _read_flag,
    "project_id": _read_id,
}
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}
_WORDS: Final = {
    "quantity": "number",
    "unit_price": "number",
    "amount": "number",
    "taxed": "true or false",
    "taxed2": "true or false",
    "project_id": "id",
}
