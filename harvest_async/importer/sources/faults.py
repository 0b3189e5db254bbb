"""Cells of a sheet that hold no value: errors, formulas that were never calculated, numbers that are none."""

from __future__ import annotations

from typing import Final

from attrs import define, field, frozen

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.shown_units import ShownUnits

__all__ = ["Fault", "Faults", "SheetContent", "column_letters"]

_MOST: Final = 100_000
_LETTERS: Final = 26


@frozen
class Fault:
    """Why a cell can't be read, and what it holds."""

    reason: str
    text: str = ""


@define
class Faults:
    """The faults of one sheet.

    Attributes:
        rows: row (from 1) -> column (from 0) -> fault.
        count: how many there are.
        negative: places of negative numbers, which are no dates and no times of day.
        units: units that numbers are shown with.
        merged: places that are covered by a merged cell; a row or a header of nothing else is not at fault.
    """

    rows: dict[int, dict[int, Fault]] = field(factory=dict)
    count: int = 0
    negative: set[tuple[int, int]] = field(factory=set)
    units: ShownUnits = field(factory=ShownUnits)
    merged: set[tuple[int, int]] = field(factory=set)

    def add(self, row: int, column: int, reason: str, text: str = "") -> None:
        """Note a fault; the reason begins behind the cell's name.

        Raises:
            InvalidArgument: there are too many.
        """
        self.count += 1
        if self.count > _MOST:
            raise InvalidArgument(
                f"more than {_MOST:,} cells of the sheet hold errors: correct them, and save it again"
            )
        self.rows.setdefault(row, {})[column] = Fault(f"cell {column_letters(column)}{row} {reason}", text[:100])

    def add_merged(self, row: int, column: int) -> None:
        """Note a cell that is covered by a merged cell."""
        self.merged.add((row, column))
        self.add(row, column, "is part of a merged cell, so that it has no value: split the cell, and fill each one")

    def add_area(self, top: int, left: int, bottom: int, right: int) -> None:
        """Note all cells that a merged cell covers, apart from its first one, which has the value."""
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if (row, column) != (top, left):
                    self.add_merged(row, column)

    def of_values(self, row: int) -> list[Fault]:
        """Return the faults of a row that are not of merged cells."""
        return [fault for column, fault in self.rows.get(row, {}).items() if (row, column) not in self.merged]


class SheetContent:
    """What is known of a sheet before its cells are read.

    Attributes:
        name: its name.
        filled: cells with content.
        faults: cells without a value.
        hidden: whether the sheet is hidden.
        hidden_rows: rows with content that are hidden.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.filled = 0
        self.hidden = False
        self.hidden_rows = 0
        self.faults = Faults()


def column_letters(column: int) -> str:
    """Return the letters of a column (from 0), as spreadsheets show them."""
    letters, left = "", column + 1
    while left:
        left, rest = divmod(left - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters
