"""Units that the number format of a cell shows beside its number: 15 that is shown as 15 min, 0.19 as 19%.

A cell is read with its unit, as a CSV file of the sheet would have it. Only units that change what a number of hours
or of money means are taken: percent, days, minutes and seconds.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from attrs import define, field

from harvest_async.importer.sources.spans import is_less_than_hours

__all__ = ["ShownUnits", "unit_of_text", "units_of_styles"]

_PERCENT: Final = {"9": "%", "10": "%"}
"""The built-in number formats with a unit."""
_LITERAL: Final = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[[^\]]*\]')
_OF_TIME: Final = re.compile(r"[dmyhs]", re.IGNORECASE)
_BEHIND: Final = re.compile(r"[0-9] ?(%|[^\W\d_]+)\.?")
_DAYS: Final = frozenset(["d", "day", "days", "tag", "tage", "jour", "jours", "giorni", "dagen", "dias", "d\u00edas"])
_SECTIONS: Final = ("cellStyleXfs", "cellXfs", "cellStyles", "dxfs")
_LONGEST: Final = 64


def _known(word: str) -> str:
    return word if word == "%" or word.lower() in _DAYS or is_less_than_hours(word) else ""


def unit_of_text(text: str) -> str:
    """Return the unit behind a number as a sheet shows it; empty if there is none that is taken."""
    match = _BEHIND.search(text) if len(text) <= _LONGEST else None
    return _known(match[1]) if match and match.end() == len(text) else ""


def _unit_of_format(code: str) -> str:
    """Return the unit that a number format of XLSX shows; empty if there is none that is taken."""
    code = code[:_LONGEST].partition(";")[0]
    bare = _LITERAL.sub("", code)
    if "%" in bare:
        return "%"
    words = "".join(match[1] or match[2] or "" for match in _LITERAL.finditer(code))
    return "" if _OF_TIME.search(bare) else _known(words.strip().removesuffix("."))


def units_of_styles(elements: Iterable[tuple[str, dict[str, str]]]) -> dict[str, str]:
    """Return the unit of each style of cells that shows one, by the style's number.

    Args:
        elements: the elements of the part with the styles, in their order.
    """
    units, found = dict(_PERCENT), dict[str, str]()
    section, number = "", 0
    for name, attributes in elements:
        if name in _SECTIONS:
            section = name
        elif name == "numFmt":
            if unit := _unit_of_format(attributes.get("formatCode", "")):
                units[attributes.get("numFmtId", "")] = unit
        elif name == "xf" and section == "cellXfs":
            if unit := units.get(attributes.get("numFmtId", ""), ""):
                found[str(number)] = unit
            number += 1
    return found


@define
class ShownUnits:
    """The cells of a sheet that show a unit: column -> runs of rows, as (first row, last row, unit)."""

    runs: dict[int, list[tuple[int, int, str]]] = field(factory=dict)

    def add(self, row: int, column: int, unit: str, repeat: int = 1) -> None:
        """Note a cell, and the same cell of the rows below it; rows come one after the other."""
        runs = self.runs.setdefault(column, [])
        if runs and runs[-1][1:] == (row - 1, unit):
            runs[-1] = (runs[-1][0], row + repeat - 1, unit)
        else:
            runs.append((row, row + repeat - 1, unit))

    def of_row(self, row: int) -> dict[int, str]:
        """Return the units of a row by their columns."""
        found = {}
        for column, runs in self.runs.items():
            place = bisect_right(runs, row, key=lambda run: run[0]) - 1
            if place >= 0 and row <= runs[place][1]:
                found[column] = runs[place][2]
        return found
