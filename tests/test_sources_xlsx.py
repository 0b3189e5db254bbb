"""XLSX -> rows: typed cells, sheets, and what is no workbook."""

import io
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Problem
from tests.support.tables import HARVEST, TOGGL, opened, rows_of


def book(*rows, sheets=()):
    """The bytes of a workbook; `sheets` are more sheets, as (name, rows)."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    for name, more in sheets:
        sheet = workbook.create_sheet(name)
        for row in more:
            sheet.append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def test_typed_cells_are_read_by_their_types():
    """Dates, times of day, spans and names; a blank cell is empty."""
    (row,) = rows_of(
        book(
            TOGGL,
            (
                "Person One", "one@example.com", "ACME", "Website", "Design", None, datetime(2026, 1, 5), time(9, 5),
                timedelta(hours=25, minutes=30, seconds=36),
            ),
        ),
        long_days=True,
    )  # fmt: skip

    assert (date(2026, 1, 5), time(9, 5), Fraction(2551, 100), "") == (row.day, row.started, row.exact, row.notes)


@pytest.mark.parametrize(
    ("cell", "hours"),
    [(7, "7.00"), (7.5, "7.50"), (0.1 + 0.2, "0.30"), (1.125, "1.13"), ("7,5", "7.50"), (time(1, 30), "1.50")],
)
def test_hours_may_be_numbers_texts_or_times(cell, hours):
    """A number has a point and is never grouped."""
    (row,) = rows_of(book(HARVEST, (date(2026, 1, 5), "ACME", "Website", "Design", "", cell, "Person", "One")))

    assert Decimal(hours) == row.hours


def test_three_decimals_of_a_typed_number_are_no_thousands():
    """A typed amount of 1234.567 is that, though a text could be read in two ways."""
    header = ("Date", "Client", "Project", "Category", "Amount", "First name", "Last name")
    (row,) = rows_of(book(header, (date(2026, 1, 5), "ACME", "Website", "Travel", 1.125, "Person", "One")))

    assert Decimal("1.125") == row.total_cost


def test_flags_and_tiny_numbers_are_read():
    """True is yes, and no number is written with an exponent."""
    (row,) = rows_of(book(("Name", "Billable by default", "Default hourly rate"), ("Design", True, 0.00001)))

    assert {"billable_by_default": True, "default_hourly_rate": Decimal("0.00001")} == row.fields


def test_a_line_is_a_row_of_the_sheet():
    """Blank rows count as lines, not as rows."""
    content = book((), HARVEST, (), (date(2026, 1, 5), "ACME", "Website", "Design", "", "many", "Person", "One"))
    _, (problem,) = opened(content)

    assert isinstance(problem, Problem)
    assert (problem.line, problem.row, problem.column, problem.text) == (4, 1, "Hours", "many")


def test_the_first_sheet_with_rows_is_read_or_the_one_that_is_named():
    """What was found says where it comes from."""
    other = (date(2026, 1, 6), "ACME", "Website", "Design", "", 2, "Person", "Two")
    content = book(sheets=[("Mine", [HARVEST, (*other[:5], 1, *other[6:])]), ("Others", [HARVEST, other])])

    assert [Decimal("1.00")] == [row.hours for row in rows_of(content)]
    assert [Decimal("2.00")] == [row.hours for row in rows_of(content, sheet="Others")]
    assert (opened(content)[0].container, opened(content)[0].encoding, opened(content)[0].delimiter) == ("xlsx", "", "")


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (book(), {}, "the file is empty"),
        (book(HARVEST), {}, "no rows below its header"),
        (book(HARVEST), {"sheet": "Other"}, "no sheet 'Other', but Sheet"),
        (b"PK\x03\x04", {}, "not a valid XLSX"),
        (b"Date,Hours\n2026-01-05,1\n", {"sheet": "Other"}, "no workbook and has no sheet 'Other': leave --sheet out"),
        (b'[{"Date": "2026-01-05"}]', {"sheet": "Other"}, "no workbook and has no sheet 'Other': leave --sheet out"),
    ],
)
def test_what_is_no_sheet_of_rows_is_refused(content, options, reason):
    """The error says what is there instead."""
    with pytest.raises(InvalidArgument, match=reason):
        opened(content, **options)


def test_an_archive_that_is_no_workbook_is_refused():
    """Any other ZIP file."""
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("hello.txt", "hello")

    with pytest.raises(InvalidArgument, match="not a valid XLSX"):
        opened(content.getvalue())


def test_without_the_extra_the_error_names_it(monkeypatch):
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)

    with pytest.raises(ImportError, match=r"harvest-async\[xlsx\]"):
        opened(book(HARVEST))
