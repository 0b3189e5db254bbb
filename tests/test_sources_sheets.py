"""Workbooks with several sheets, hidden sheets and hidden rows: what is read is what a person sees, or is announced."""

import io
import struct
from decimal import Decimal

import openpyxl
import pytest

from harvest_async.importer.sources import Fill, Problem
from tests.support.tables import HARVEST, harvest, opened
from tests.support.workbooks import ods, ods_row, record, xls

EMPTY = ()


def book(*sheets, hidden=(), rows=()):
    """A workbook of (name, hours of each row); the sheets `hidden` and the rows `rows` of each sheet are hidden."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, hours in sheets:
        sheet = workbook.create_sheet(name)
        for row in (HARVEST, *(harvest(hours=each) for each in hours)) if hours else ():
            sheet.append(row)
        for row in rows:
            sheet.row_dimensions[row].hidden = True
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def read(content, **options):
    """The hours of all rows, and the notices about sheets and rows."""
    found, rows = opened(content, **options)
    return [row.hours for row in rows], [notice.text for notice in found.notices]


def of_ods(visibility):
    """An ODS file with a hidden style whose first sheet has it, and a second sheet."""
    table = '<table:table table:name="{}"{}>{}</table:table>'
    sheets = [
        table.format(name, style, ods_row(*HARVEST) + ods_row(*harvest(hours=hours)))
        for name, style, hours in (("Old", ' table:style-name="ta1"', "9"), ("New", "", "1"))
    ]
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:automatic-styles>'
        f'<style:style style:name="ta1" style:family="table"><style:table-properties table:display="{visibility}"/>'
        f"</style:style></office:automatic-styles><office:body><office:spreadsheet>{''.join(sheets)}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return ods(parts={"content.xml": content})


def test_a_hidden_sheet_in_front_is_not_read():
    """Reads the first sheet that a person sees, without a notice."""
    content = book(("Old", ["9"]), ("New", ["1"]), hidden={"Old"})

    assert read(content) == ([Decimal(1)], [])


def test_a_hidden_sheet_is_read_where_its_name_is_given():
    """The option decides."""
    hours, _ = read(book(("Old", ["9"]), ("New", ["1"]), hidden={"Old"}), sheet="Old")

    assert hours == [Decimal(9)]


def test_a_hidden_sheet_that_alone_has_rows_is_announced():
    """Reads it, and says that it is hidden."""
    hours, notices = read(book(("New", EMPTY), ("Old", ["9"]), hidden={"Old"}))

    assert (hours, notices) == ([Decimal(9)], ["the sheet 'Old' is read, and is hidden"])


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ([("Dec", ["2"])], "the sheet 'Nov' is read, 'Dec' is not: see --sheet"),
        ([("Dec", ["2"]), ("Jan", ["3"])], "the sheet 'Nov' is read, 'Dec', 'Jan' are not: see --sheet"),
    ],
)
def test_other_sheets_with_rows_are_announced(others, text):
    """Names the sheets that are not read, and the option that chooses."""
    hours, notices = read(book(("Nov", ["1"]), *others))

    assert (hours, notices) == ([Decimal(1)], [text])


def test_blank_sheets_and_a_sheet_that_was_chosen_need_no_notice():
    """Old spreadsheet programs add two blank sheets to each workbook."""
    assert read(book(("Nov", ["1"]), ("Sheet2", EMPTY), ("Sheet3", EMPTY)))[1] == []
    assert read(book(("Nov", ["1"]), ("Dec", ["2"])), sheet="Dec") == ([Decimal(2)], [])


@pytest.mark.parametrize(("rows", "said"), [((3,), "1 hidden row is read"), ((2, 4), "2 hidden rows are read")])
def test_hidden_rows_are_read_and_announced(rows, said):
    """Rows that a filter hides are in the file, and a person may not expect them."""
    hours, (notice,) = read(book(("Nov", ["1", "2", "3"]), rows=rows))

    assert len(hours) == 3
    assert notice.startswith(said)


def test_hidden_rows_without_content_need_no_notice():
    """Programs hide all rows below a table."""
    assert read(book(("Nov", ["1"]), rows=(7, 8)))[1] == []


@pytest.mark.parametrize(("visibility", "hours", "count"), [("false", 1, 0), ("true", 9, 1)])
def test_a_hidden_sheet_of_ods_is_not_read(visibility, hours, count):
    """As in XLSX."""
    found, notices = read(of_ods(visibility))

    assert ([Decimal(hours)], count) == (found, len(notices))


@pytest.mark.parametrize("visibility", ["collapse", "filter"])
def test_hidden_rows_of_ods_are_announced(visibility):
    """Whether a person or a filter hides them."""
    hidden = ods_row(*harvest()).replace("<table:table-row", f'<table:table-row table:visibility="{visibility}"')
    _, notices = read(ods(ods_row(*HARVEST), hidden, ods_row(*harvest())))

    assert notices == ["1 hidden row is read, too: delete the rows that should not be imported"]


def test_hidden_rows_of_xls_are_announced():
    """The old format, too."""
    hidden = record(0x208, struct.pack("<HHHHHHI", 1, 0, 8, 255, 0, 0, 0x20))
    _, notices = read(xls(HARVEST, harvest(), extra=hidden))

    assert notices == ["1 hidden row is read, too: delete the rows that should not be imported"]


def merged(area, *rows):
    """A workbook with a merged cell."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.active.merge_cells(area)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def test_a_cell_that_a_merged_cell_covers_is_a_problem():
    """Its row would go to the client of an option, though the sheet shows another one."""
    content = merged("B2:B3", HARVEST, harvest(), harvest())
    first, second = opened(content, fill=Fill(client="Other"))[1]

    assert first.client == "ACME"
    assert (second.row, second.column) == (2, "Client")
    assert "cell B3 is part of a merged cell" in second.reason


def test_a_covered_cell_of_ods_is_a_problem():
    """As in XLSX."""
    cells = harvest()
    covered = ods_row(cells[0], "<table:covered-table-cell/>", *cells[2:])
    content = ods(ods_row(*HARVEST), ods_row(*harvest()), covered)
    _, problem = opened(content, fill=Fill(client="Other"))[1]

    assert (problem.row, problem.column) == (2, "Client")
    assert "cell B3 is part of a merged cell" in problem.reason


def merged_xls(top, bottom, left, right):
    """An XLS workbook with a merged cell: rows and columns from 0."""
    cells = harvest()
    area = record(0xE5, struct.pack("<H4H", 1, top, bottom, left, right))
    return xls(HARVEST, cells, (cells[0], "", *cells[2:]), extra=area)


def test_a_covered_cell_of_xls_is_a_problem():
    """The old format, too."""
    _, problem = opened(merged_xls(1, 2, 1, 1), fill=Fill(client="Other"))[1]

    assert (problem.row, problem.column) == (2, "Client")
    assert "cell B3 is part of a merged cell" in problem.reason


@pytest.mark.parametrize("area", [(3, 65535, 0, 255), (0, 0, 7, 255)])
def test_a_merged_cell_of_xls_beside_the_values_is_no_problem(area):
    """Below the table, and right of it."""
    _, items = opened(merged_xls(*area), fill=Fill(client="Other"))

    assert [item for item in items if isinstance(item, Problem)] == []


@pytest.mark.parametrize(
    ("area", "rows"),
    [
        ("H1:I1", [HARVEST, harvest()]),
        ("A3:H4", [HARVEST, harvest(), (), (), harvest()]),
        ("I2:J3", [(*HARVEST, "Mood", "Color"), (*harvest(), "good"), harvest()]),
        ("A5:Z60", [HARVEST, harvest()]),
    ],
)
def test_merged_cells_beside_the_values_are_no_problem(area, rows):
    """Blank rows, columns that are not read, and rows below the table."""
    _, items = opened(merged(area, *rows))

    assert [item for item in items if isinstance(item, Problem)] == []
