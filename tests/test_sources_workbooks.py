"""Crafted workbooks: bombs, damage, cells without a value; each is read right or refused with a clear error."""

import io
import struct
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Problem
from harvest_async.importer.sources.compound import compose
from tests.support.tables import HARVEST, opened, problems_of, rows_of
from tests.support.workbooks import MAIN, ods, ods_row, packed, record, relations, row, xls, xlsx

GOOD = ("2026-01-05", "ACME", "Website", "Design", "", "1.5", "Person", "One")


def with_hours(cell):
    """A workbook in which the hours of the only row are this cell."""
    return xlsx(row(*HARVEST), row(*GOOD[:5], cell, *GOOD[6:]))


def ods_with_hours(cell):
    """The same as ODS."""
    return ods(ods_row(*HARVEST), ods_row(*GOOD[:5], cell, *GOOD[6:]))


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
REPEATED = '<table:table-cell table:number-columns-repeated="{}" office:value-type="float" office:value="1"/>'
BLANK = '<table:table-cell table:number-columns-repeated="{}"/>'

BOMBS = {
    "a row far below": (xlsx(row(*HARVEST), '<row r="900000000"><c r="A900000000"><v>1</v></c></row>'), "--max-rows"),
    "a cell far below in a near row": (xlsx(row(*HARVEST), '<row r="2"><c r="A900000000"><v>1</v></c></row>'), "--max-rows"),
    "a row that is no number": (xlsx(row(*HARVEST), '<row r="99999999999999999999"><c><v>1</v></c></row>'), "no place"),
    "a column far to the right": (xlsx(row(*HARVEST), '<row r="2"><c r="ZZZ2"><v>1</v></c></row>'), "columns"),
    "a column that is none": (xlsx(row(*HARVEST), '<row r="2"><c r="ZZZZZZZZ2"><v>1</v></c></row>'), "no place"),
    "two cells in far corners": (xlsx(row(*HARVEST), '<row r="1000000"><c r="XFD1000000"><v>1</v></c></row>'), "--max-cells"),
    "one cell in the last row": (xlsx(row(*HARVEST), '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "--max-cells"),
    "too many cells": (xlsx(row(*HARVEST), *["<row>" + "<c><v>1</v></c>" * 1000 + "</row>"] * 210), "--max-cells"),
    "many bytes": (xlsx(row(*HARVEST), f"<!--{' ' * (20 << 20)}-->"), "--max-unpacked"),
    "many bytes in shared texts": (
        xlsx(row(*HARVEST), row(*GOOD), parts={"xl/sharedStrings.xml": f"<sst xmlns='{MAIN}'>{' ' * (20 << 20)}</sst>"}),
        "--max-unpacked",
    ),
    "one long text in many cells": (
        xlsx(
            row(*HARVEST),
            *['<row><c t="s"><v>0</v></c></row>'] * 2000,
            parts={"xl/sharedStrings.xml": f"<sst xmlns='{MAIN}'><si><t>{'x' * 30000}</t></si></sst>"},
        ),
        "--max-unpacked",
    ),
    "laughs": (xlsx(row(*HARVEST), prolog=LAUGHS), "document type"),
    "laughs in shared texts": (
        xlsx(row(*HARVEST), row(*GOOD), parts={"xl/sharedStrings.xml": f"{LAUGHS}<sst xmlns='{MAIN}'/>"}),
        "document type",
    ),
    "laughs in the workbook": (xlsx(row(*HARVEST), parts={"xl/workbook.xml": f"{LAUGHS}<workbook/>"}), "document type"),
    "an entity from outside": (xlsx(row(*HARVEST), prolog=OUTSIDE), "document type"),
    "ODS: rows repeated": (ods(ods_row(*HARVEST), ods_row(REPEATED.format(1), repeat=900_000_000)), "--max-rows"),
    "ODS: blank rows repeated in front": (ods(ods_row(*HARVEST), ods_row(repeat=900_000_000), ods_row(*GOOD)), "--max-rows"),
    "ODS: a million rows repeated": (ods(ods_row(*HARVEST), ods_row(REPEATED.format(9), repeat=1_000_000)), "--max-cells"),
    "ODS: columns repeated": (ods(ods_row(*HARVEST), ods_row(REPEATED.format(900_000_000))), "--max-cells"),
    "ODS: blank columns repeated": (ods(ods_row(BLANK.format(900_000_000), "Date")), "--max-cells"),
    "ODS: both repeated": (ods(ods_row(*HARVEST), ods_row(REPEATED.format(3000), repeat=3000)), "--max-cells"),
    "ODS: a long text repeated": (ods(ods_row(*HARVEST), ods_row("x" * 30000, repeat=2000)), "--max-unpacked"),
    "ODS: repeated no times": (ods(ods_row(*HARVEST), ods_row(*GOOD, repeat=-1)), "damaged"),
    "ODS: laughs": (ods(ods_row(*HARVEST), prolog=LAUGHS), "document type"),
    "ODS: many bytes": (ods(f"<!--{' ' * (20 << 20)}-->"), "--max-unpacked"),
    "XLS: far corners": (xls(HARVEST, extra=record(0x203, struct.pack("<HHHd", 65535, 65535, 0, 1.0))), "--max-cells"),
    "XLS: blank rows": (xls(HARVEST, extra=record(0x203, struct.pack("<HHHd", 65535, 0, 0, 1.0))), "--max-cells"),
    "XLS: a missing text": (xls(HARVEST, extra=record(0xFD, struct.pack("<HHHI", 1, 0, 0, 4))), "row 2: the text"),
    "XLS: texts that are not there": (xls(HARVEST, before=record(0xFC, struct.pack("<II", 1, 1 << 31))), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_unpacked(name):
    """The error says which limit is passed, and which option raises it."""
    content, reason = BOMBS[name]

    with pytest.raises(InvalidArgument, match=reason):
        opened(content, max_unpacked=16, **({"max_cells": 200_000} if name == "too many cells" else {}))


def test_the_limits_can_be_raised():
    """Blank rows and many cells are read where the caller says so."""
    content = xlsx(row(*HARVEST, number=1), row(*GOOD, number=200_000))

    with pytest.raises(InvalidArgument, match="--max-cells"):
        opened(content)
    assert [each.line for each in rows_of(content, max_cells=2_000_000)] == [200_000]


def test_the_row_limit_can_be_lowered_and_raised():
    """Two rows fit a limit of two, and not of one."""
    content = xlsx(row(*HARVEST), row(*GOOD))

    assert len(rows_of(content, max_rows=2)) == 1
    with pytest.raises(InvalidArgument, match="2 rows, more than the 1"):
        opened(content, max_rows=1)


def test_cells_that_only_have_a_style_take_no_place():
    """A styled blank cell in the last row of a sheet is nothing."""
    content = xlsx(row(*HARVEST, number=1), row(*GOOD, number=2), '<row r="1048576"><c r="XFD1048576" s="1"/></row>')

    assert len(rows_of(content)) == 1


def test_blank_repeated_rows_at_the_end_of_an_ods_sheet_are_nothing():
    """Spreadsheet programs end every sheet with them."""
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    content = ods(ods_row(*HARVEST, blank), ods_row(*GOOD), ods_row(blank, repeat=1_048_574))

    assert [Decimal("1.50")] == [each.hours for each in rows_of(content)]


def _directory_lies():
    """A package whose directory says that the sheet is short."""
    content = bytearray(xlsx(row(*HARVEST), f"<!--{' ' * 100_000}-->"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    place = content.rfind(struct.pack("<I", size))
    content[place : place + 4] = struct.pack("<I", 10)
    return bytes(content)


def _twice():
    content = io.BytesIO(xlsx(row(*HARVEST), row(*GOOD)))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("XL/worksheets/sheet1.xml", "<worksheet/>")
    return content.getvalue()


def _encrypted():
    content = bytearray(xlsx(row(*HARVEST), row(*GOOD)))
    place = content.find(b"PK\x01\x02")
    while place >= 0:
        content[place + 8] |= 1
        place = content.find(b"PK\x01\x02", place + 4)
    return bytes(content)


def _circle():
    content = bytearray(xls(HARVEST, GOOD))
    content[-4096:-4092] = struct.pack("<I", 0)
    return bytes(content)


WHOLE = xlsx(row(*HARVEST), row(*GOOD))
SHARED = '<c t="s"><v>{}</v></c>'
DAMAGED = {
    "no archive": (b"PK\x03\x04" + b"nothing" * 50, "not a valid XLSX"),
    "an empty archive": (packed({}), "not a valid XLSX"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "not a valid XLSX"),
    "truncated by a byte": (WHOLE[:-1], "not a valid XLSX"),
    "no workbook": (packed({"hello.txt": "hello"}), "not a valid XLSX file: it has no workbook"),
    "a document": (packed({"word/document.xml": "<w/>", "[Content_Types].xml": "<Types/>"}), "not a valid XLSX"),
    "a binary workbook": (
        packed({"_rels/.rels": relations(("officeDocument", "xl/workbook.bin")), "xl/workbook.bin": b"\x83\x01"}), "xlsb",
    ),
    "no sheet": (xlsx(row(*HARVEST), without=["xl/worksheets/sheet1.xml"]), "sheet1.xml is missing"),
    "no relations": (xlsx(row(*HARVEST), without=["xl/_rels/workbook.xml.rels"]), "missing"),
    "no shared texts": (
        xlsx(row(*HARVEST), row(SHARED.format(0)), without=["xl/sharedStrings.xml"]), "row 2: the text of a cell",
    ),
    "a shared text that is not there": (xlsx(row(*HARVEST), row(SHARED.format(7))), "row 2: the text of a cell"),
    "a shared text of no number": (xlsx(row(*HARVEST), row(SHARED.format(-1))), "row 2: the text of a cell"),
    "protected": (_encrypted(), "password"),
    "ODS protected": (
        ods(parts={"META-INF/manifest.xml": "<a:b xmlns:a='c'><a:encryption-data/></a:b>"}), "password",
    ),
    "an encrypted package in a compound file": (compose("EncryptedPackage", b"secret"), "password"),
    "a short directory": (_directory_lies(), "workbook"),
    "a part twice": (_twice(), "same name"),
    "broken XML": (xlsx(row(*HARVEST), "<row><c></row>"), "no whole XML"),
    "XML that ends early": (xlsx(parts={"xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>'}), "no whole"),
    "other XML": (xlsx(parts={"xl/worksheets/sheet1.xml": "<a/>"}), "empty"),
    "an empty part": (xlsx(parts={"xl/worksheets/sheet1.xml": ""}), "no whole XML"),
    "UTF-16 inside": (xlsx(parts={"xl/worksheets/sheet1.xml": "<worksheet/>".encode("utf-16")}), "no whole XML"),
    "an error that no sheet knows": (xlsx(row(*HARVEST), row('<c t="e"><v>#ODD</v></c>')), "sheet 'Sheet'"),
    "a span without end": (xlsx(row(*HARVEST), row('<c s="2"><v>1e9</v></c>')), "sheet 'Sheet', row 2"),
    "a cell at no place": (xlsx(row(*HARVEST), '<row><c r="1A"><v>1</v></c></row>'), "no place"),
    "a very long text": (xlsx(row(*HARVEST), row("x" * 200_000)), "A2 has more than 131,072"),
    "an error in the header": (xlsx(row(*HARVEST, '<c t="e"><v>#N/A</v></c>'), row(*GOOD)), "header: cell I1"),
    "XLS: sectors in a circle": (_circle(), "damaged"),
    "XLS: nothing but its sign": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
    "XLS: protected": (xls(HARVEST, GOOD, before=record(0x2F, bytes(6))), "password"),
    "XLS: cut off": (xls(HARVEST, GOOD)[:5000], "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_workbook_is_refused(name):
    """The error is the package's own, and says what is wrong, and where."""
    content, reason = DAMAGED[name]

    with pytest.raises(InvalidArgument, match=reason):
        opened(content, max_unpacked=64)


FAULTY = {
    "an error": ('<c t="e"><v>#N/A</v></c>', "cell F2 holds the error #N/A"),
    "another error": ('<c t="e"><v>#DIV/0!</v></c>', "cell F2 holds the error #DIV/0!"),
    "a formula that was never calculated": ("<c><f>1+1</f></c>", "cell F2 has a formula whose result is not stored"),
    "a formula with an empty result": ("<c><f>1+1</f><v></v></c>", "cell F2 has a formula"),
    "a formula with an empty result, in short": ("<c><f>1+1</f><v/></c>", "cell F2 has a formula"),
    "no number": ("<c><v>NaN</v></c>", "cell F2 holds 'NaN'"),
    "no end": ("<c><v>1e999</v></c>", "inf"),
    "minus no end": ("<c><v>-inf</v></c>", "cell F2 holds '-inf'"),
    "a negative time": ('<c s="3"><v>-0.5</v></c>', "cell F2 is formatted as a date or a time"),
    "a huge number": ("<c><v>1e300</v></c>", "is no number of hours"),
    "a truth": ('<c t="b"><v>1</v></c>', "'TRUE'"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_cell_without_a_value_is_a_problem_of_its_row(name):
    """It names row and column, and the cell as the sheet does."""
    cell, reason = FAULTY[name]
    (problem,) = problems_of(with_hours(cell))

    assert (problem.line, problem.row, problem.column) == (2, 1, "Hours")
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('<table:table-cell table:formula="of:=1+1"/>', "cell F2 has a formula"),
        (
            ('<table:table-cell table:formula="of:=1/0" calcext:value-type="error"><text:p>#DIV/0!</text:p>'
             "</table:table-cell>"),
            "holds the error #DIV/0!",
        ),
        ('<table:table-cell office:value-type="float" office:value="NaN"/>', "cell F2 holds 'NaN'"),
    ],
)  # fmt: skip
def test_a_cell_of_an_ods_sheet_without_a_value_is_a_problem(cell, reason):
    """As in XLSX."""
    (problem,) = problems_of(ods_with_hours(cell))

    assert (problem.line, problem.column, reason in problem.reason) == (2, "Hours", True)


def test_an_error_in_a_name_makes_no_client_of_that_name():
    """No client is called #N/A."""
    content = xlsx(row(*HARVEST), row(GOOD[0], '<c t="e"><v>#N/A</v></c>', *GOOD[2:]), row(*GOOD))
    _, (problem, good) = opened(content)

    assert (problem.column, good.client) == ("Client", "ACME")


def test_an_error_in_a_column_that_is_not_read_is_nothing():
    """Only what is read can be wrong."""
    content = xlsx(row(*HARVEST, "Mood"), row(*GOOD, '<c t="e"><v>#N/A</v></c>'))

    assert len(rows_of(content)) == 1


def test_a_formula_with_an_empty_text_is_an_empty_cell():
    """The result is stored, and is empty."""
    content = xlsx(row(*HARVEST), row(*GOOD[:4], '<c t="str"><f>A1</f><v></v></c>', *GOOD[5:]))

    assert [each.notes for each in rows_of(content)] == [""]


@pytest.mark.parametrize("number", ["1e9", "3000000"])
def test_a_date_out_of_range_is_a_problem(number):
    """The row and the column are named."""
    (problem,) = problems_of(xlsx(row(*HARVEST), row(f'<c s="1"><v>{number}</v></c>', *GOOD[1:])))

    assert (problem.line, problem.column, "no date" in problem.reason) == (2, "Date", True)


def test_cells_without_places_stand_one_after_the_other():
    """Some programs write no places."""
    content = xlsx(row(*HARVEST), "<row/>", row(*GOOD), row(*GOOD))

    assert [each.line for each in rows_of(content)] == [3, 4]


def test_columns_in_front_may_be_blank():
    """A table need not begin in column A."""
    cells = "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{title}</t></is></c>'
        for letter, title in zip("CDEFGHIJ", HARVEST, strict=True)
    )
    second = "".join(
        f'<c r="{letter}2" t="inlineStr"><is><t>{text}</t></is></c>'
        for letter, text in zip("CDEFGHIJ", GOOD, strict=True)
    )

    assert [each.client for each in rows_of(xlsx(f"<row>{cells}</row><row>{second}</row>"))] == ["ACME"]


def test_a_macro_workbook_and_wrong_content_types_are_read():
    """What the parts are is reported by their relationships."""
    macros = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0", "[Content_Types].xml": "<nonsense/>"}

    assert len(rows_of(xlsx(row(*HARVEST), row(*GOOD), parts=macros))) == 1


def test_prefixed_elements_are_read():
    """A prefix for the main namespace changes nothing."""
    cells = lambda texts: "".join(f'<x:c t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>' for text in texts)  # noqa: E731
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row>{cells(HARVEST)}</x:row><x:row>{cells(GOOD)}</x:row>'
        "</x:sheetData></x:worksheet>"
    )

    assert len(rows_of(xlsx(parts={"xl/worksheets/sheet1.xml": sheet}))) == 1


def test_an_ods_sheet_is_read():
    """Dates, times, numbers and flags by their types."""
    day = '<table:table-cell office:value-type="date" office:date-value="2026-01-05"><text:p>5.1.</text:p></table:table-cell>'
    span = '<table:table-cell office:value-type="time" office:time-value="PT01H30M00S"><text:p>1:30</text:p></table:table-cell>'
    found, (entry,) = opened(ods(ods_row(*HARVEST), ods_row(day, *GOOD[1:5], span, *GOOD[6:])))

    assert (found.container, entry.day, entry.hours, entry.line) == ("ods", date(2026, 1, 5), Decimal("1.50"), 2)


def test_an_xls_sheet_is_read():
    """The old format, too."""
    found, (entry,) = opened(xls(HARVEST, (*GOOD[:5], 1.5, *GOOD[6:])))

    assert (found.container, entry.client, entry.hours, entry.line) == ("xls", "ACME", Decimal("1.50"), 2)


def test_an_error_in_an_xls_sheet_is_a_problem():
    """As in XLSX."""
    error = record(0x205, struct.pack("<HHHBB", 1, 5, 0, 0x2A, 1))
    content = xls(HARVEST, ("2026-01-05", "ACME", "Website", "Design", ""), extra=error)
    problem = problems_of(content)[0]

    assert (problem.column, "#N/A" in problem.reason) == ("Hours", True)


@given(place=st.integers(0, 20_000), byte=st.integers(0, 255), kind=st.sampled_from([xlsx, ods, xls]))
def test_any_damage_is_read_or_refused(place, byte, kind):
    """One wrong byte anywhere ends in rows, problems or the package's own error."""
    content = bytearray(WHOLES[kind])
    content[place % len(content)] = byte
    try:
        _, items = opened(bytes(content))
    except InvalidArgument:
        return
    assert all(isinstance(item, Problem) or item.line for item in items)


WHOLES = {
    xlsx: xlsx(row(*HARVEST), row(*GOOD)),
    ods: ods(ods_row(*HARVEST), ods_row(*GOOD)),
    xls: xls(HARVEST, GOOD),
}
