"""Numbers that a sheet shows with a unit: they are read as what a person sees."""

import io
from decimal import Decimal

import openpyxl
import pytest

from harvest_async.importer.sources.shown_units import ShownUnits, unit_of_text
from tests.support.tables import HARVEST, harvest, problems_of, rows_of
from tests.support.workbooks import ods, ods_row


def shown(code, *hours, header=HARVEST):
    """A workbook with hours in a number format."""
    workbook = openpyxl.Workbook()
    workbook.active.append(header)
    for row, each in enumerate(hours, 2):
        workbook.active.append(harvest(hours=each))
        workbook.active.cell(row, 6).number_format = code
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("code", "number", "hours"),
    [
        ('0" min"', 15, "0.25"), (r"0\ \m\i\n", 90, "1.50"), ('#,##0.0 "Min."', 7.5, "0.13"), ('0" sec"', 5400, "1.50"),
        ('0.0" h"', 7.5, "7.50"), ('0.00 "Std."', 7.5, "7.50"), ("#,##0.00 [$€-407]", 7.5, "7.50"),
        ('[mm]" min"', 0.0625, "1.50"), ('0" min"', "2", "2.00"),
    ],
)  # fmt: skip
def test_a_number_of_xlsx_is_read_with_the_unit_of_its_format(code, number, hours):
    """Reads 15 in a cell that shows 15 min as a quarter of an hour, and leaves other formats and texts alone."""
    (row,) = rows_of(shown(code, number))

    assert Decimal(hours) == row.hours


@pytest.mark.parametrize(
    ("code", "number", "text"), [("0%", 0.19, "19%"), ("0.0%;[Red]-0.0%", 0.075, "7.5%"), ('0" d"', 1, "1 d")]
)
def test_percent_and_days_of_xlsx_are_no_hours(code, number, text):
    """Reports what a person sees, as in a CSV file of the sheet."""
    (problem,) = problems_of(shown(code, number))

    assert (problem.column, problem.text) == ("Hours", text)


def test_a_unit_of_one_row_is_not_that_of_another():
    """Reads minutes and hours below each other."""
    content = shown('0" min"', 15, "1.5", 45)

    assert [str(row.hours) for row in rows_of(content)] == ["0.25", "1.50", "0.75"]


@pytest.mark.parametrize(
    ("kind", "value", "text", "hours"), [("float", "15", "15 min", "0.25"), ("float", "15", "15", "15.00")]
)
def test_a_number_of_ods_is_read_with_the_unit_that_it_shows(kind, value, text, hours):
    """As in XLSX, for each of the rows that repeat it."""
    cell = f'<table:table-cell office:value-type="{kind}" office:value="{value}"><text:p>{text}</text:p></table:table-cell>'
    cells = harvest()
    one, other = rows_of(ods(ods_row(*HARVEST), ods_row(*cells[:5], cell, *cells[6:], repeat=2)), long_days=True)

    assert (Decimal(hours), Decimal(hours)) == (one.hours, other.hours)


def test_percent_of_ods_is_a_problem():
    """As in XLSX."""
    cell = (
        '<table:table-cell office:value-type="percentage" office:value="0.19"><text:p>19 %</text:p></table:table-cell>'
    )
    cells = harvest()
    (problem,) = problems_of(ods(ods_row(*HARVEST), ods_row(*cells[:5], cell, *cells[6:])))

    assert (problem.column, problem.text) == ("Hours", "19%")


@pytest.mark.parametrize("text", ["7,50 €", "12 km", "7.5 h", "1 min left", "x" * 100, ""])
def test_other_units_are_not_taken(text):
    """Amounts, distances and hours mean what their number says."""
    assert unit_of_text(text) == ""


def test_cells_with_one_unit_are_kept_as_runs_of_rows():
    """A column of a million cells takes no more than its changes of unit."""
    units = ShownUnits()
    for row in range(2, 1000):
        units.add(row, 3, "%")
    units.add(1001, 3, "min")

    assert units.runs == {3: [(2, 999, "%"), (1001, 1001, "min")]}
    assert [units.of_row(row) for row in (1, 2, 999, 1000, 1001)] == [{}, {3: "%"}, {3: "%"}, {}, {3: "min"}]
