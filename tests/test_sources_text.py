"""Bytes -> cells: encodings, delimiters, line breaks, pipes; and what is no table at all."""

import io
import os
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Options, Problem, TimeRow, open_source
from tests.support.tables import HARVEST, TOGGL, harvest, opened, problems_of, rows_of, table, toggl

UMLAUTS = "Prüfung – zweite Runde"


@pytest.mark.parametrize(
    ("encoding", "reported", "bom"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("utf-16", "utf-16", True),
        ("cp1252", "cp1252", False),
    ],
)
def test_the_encoding_is_found_and_reported(encoding, reported, bom):
    """Each encoding in which spreadsheets save is read; the byte order mark is no part of the first column."""
    found, (row,) = opened(table(HARVEST, harvest(notes=UMLAUTS), encoding=encoding))

    assert (reported, bom) == (found.encoding, found.bom)
    assert row.notes == UMLAUTS


def test_an_encoding_that_is_given_is_taken():
    """What can't be reported from Windows-1252 is decided by an option."""
    (row,) = rows_of(table(HARVEST, harvest(notes="Žluť"), encoding="cp1250"), encoding="cp1250")

    assert row.notes == "Žluť"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_an_encoding_that_does_not_fit_is_refused(encoding):
    """What is given is never overruled."""
    with pytest.raises(InvalidArgument, match=f"no text in {encoding}"):
        opened(table(HARVEST, harvest(notes=UMLAUTS), encoding="cp1252"), encoding=encoding)


def test_an_unknown_encoding_is_refused():
    """The error names some that are known."""
    with pytest.raises(InvalidArgument, match="cp1252"):
        opened(table(HARVEST, harvest()), encoding="utf-9")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_reported(delimiter):
    """It is the one that separates the header, for any content of the cells."""
    notes = "a,b;c\td|e"
    found, (row,) = opened(table(HARVEST, harvest(notes=notes), delimiter=delimiter))

    assert (delimiter, notes) == (found.delimiter, row.notes)


def test_excels_own_hint_names_the_delimiter():
    """A first line sep=; is no header, and counts as a line."""
    found, (row,) = opened(b"sep=;\r\n" + table(HARVEST, harvest(), delimiter=";"))

    assert (found.delimiter, row.line, row.row) == (";", 3, 1)


def test_a_delimiter_that_is_given_is_taken():
    """So is one that nobody expects."""
    (row,) = rows_of(table(HARVEST, harvest(), delimiter="^"), delimiter="^")

    assert row.project == "Website"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_breaks_of_any_system_part_rows(newline):
    """Unix, Windows and old Macintosh files read alike."""
    content = table(HARVEST, harvest(), harvest(hours="2")).replace(b"\r\n", newline.encode())

    assert [(row.line, row.row) for row in rows_of(content)] == [(2, 1), (3, 2)]


def test_quoted_line_breaks_stay_in_the_cell():
    """They are kept as they are, and the next row knows its line."""
    first, second = rows_of(table(HARVEST, harvest(notes="one\ntwo\r\nthree"), harvest()))

    assert (first.notes, first.line, second.line) == ("one\ntwo\r\nthree", 2, 5)


def test_blank_lines_are_passed_over():
    """They are no rows, but lines."""
    content = table(HARVEST, harvest()).replace(b"\r\n", b"\r\n\r\n, ,\r\n")

    assert [(row.line, row.row) for row in rows_of(content)] == [(4, 1)]


def test_a_row_with_too_many_cells_is_a_problem():
    """It says what is likely wrong, and the rows around it are read."""
    content = table(HARVEST, harvest(), (*harvest(), "more"), harvest())
    _, items = opened(content)

    assert [TimeRow, Problem, TimeRow] == [type(item) for item in items]
    assert "9 cells under 8 columns" in items[1].reason


def test_blank_cells_behind_a_row_are_nothing():
    """Spreadsheets leave delimiters at the end of rows."""
    assert len(rows_of(table(HARVEST, (*harvest(), "", " ")))) == 1


def test_a_row_with_too_few_cells_lacks_the_last():
    """What is not there is empty."""
    problems = problems_of(table(HARVEST, ("2026-01-05", "ACME", "Website", "Design", "", "1")))

    assert [(problem.column, problem.text) for problem in problems] == [("Person", "")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"Date,Hours\x00\x01\x02", "no text"),
        (b"\x81\x8d\xff", "no text"),
        (b"%PDF-1.7 and so on", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", r"\.xls"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"PK\x03\x04 but no archive", "not a valid XLSX"),
        (b"<html><body>Sign in</body></html>\n<p>", "no known format"),
        (table(HARVEST), "no rows below its header"),
        (table((*HARVEST, "Notes"), (*harvest(), "")), "line 1: the column 'Notes' is there twice"),
        (table(("Colour", "Shape"), ("red", "round")), "no known format"),
        (table(("Name",), ("ACME",)), "--format"),
        (table(HARVEST, harvest()) + b'2026-01-05,"ACME', "line 3: the file is no table from here on"),
    ],
)
def test_what_is_no_table_is_refused_at_once(content, reason):
    """The error says what it is, or where it ceases to be one."""
    with pytest.raises(InvalidArgument, match=reason):
        opened(content)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """The error names it."""
    with pytest.raises(InvalidArgument, match=r"missing\.csv"):
        open_source(tmp_path / "missing.csv")


def test_a_pipe_is_read_like_a_file():
    """What can't be read twice is copied first; both passes see all of it."""
    content = table(HARVEST, *[harvest(notes=f"{number}") for number in range(5000)])
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        writer = threading.Thread(target=lambda: (pipe.write(content), pipe.close()))
        writer.start()
        with os.fdopen(reading, "rb") as stream, open_source(stream, name="standard input") as source:
            writer.join()
            rows = list(source)

    assert (source.found[0].file, len(rows)) == ("standard input", 5000)


def test_a_source_can_be_deleted_through_again():
    """Each iteration reads from the beginning, so that one can look first and act later."""
    with open_source(io.BytesIO(table(HARVEST, harvest(), harvest(hours="2")))) as source:
        first, second = list(source), list(source)

    assert first == second


def test_bad_rows_can_be_taken_out_as_they_stand():
    """The header and the cells of some rows are what is corrected and loaded again."""
    content = table(HARVEST, harvest(), harvest(hours="many"), harvest(notes="x\ny", hours="more"))
    with open_source(io.BytesIO(content)) as source:
        bad = {item.row for item in source if isinstance(item, Problem)}
        cells = [tuple(row) for row in source.cells("", bad)]

    assert [HARVEST, harvest(hours="many"), harvest(notes="x\ny", hours="more")] == cells


def test_the_same_bytes_have_the_same_digest_and_others_another():
    """A digest reports whether an input is still the one that was planned."""
    one, same, other = (
        open_source(io.BytesIO(table(HARVEST, harvest(hours=hours)))).sha256 for hours in ("1", "1", "2")
    )

    assert (one == same, one == other) == (True, False)


def test_what_was_found_is_reported_in_words():
    """A person sees it before anything is sent."""
    found, _ = opened(table(TOGGL, toggl(), delimiter=";", encoding="utf-8-sig"))
    reported = found.describe()

    assert (
        reported["format"], reported["delimiter"], reported["encoding"], reported["rows"]
    ) == ("Toggl Track, detailed report", "semicolon", "utf-8 with byte order mark", "1")  # fmt: skip


def test_an_unknown_column_is_noticed():
    """Nothing is dropped in silence."""
    with open_source(io.BytesIO(table((*HARVEST, "Mood", "Note"), (*harvest(), "fine", "")))) as source:
        reported = [str(notice) for notice in source.notices]

    assert reported == [
        "Mood: is not read: no field of that name is known; see --map",
        "Note: is not read: 'Notes' is read as notes",
    ]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs",)), max_size=30)


@given(
    notes=st.lists(CELLS, min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_notes_come_back_as_they_were_written(notes, delimiter, encoding):
    """Any content of a cell is read back unchanged, with every delimiter and encoding."""
    content = table(HARVEST, *[harvest(notes=text) for text in notes], delimiter=delimiter, encoding=encoding)

    assert notes == [row.notes for row in rows_of(content)]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    """Broken input ends in rows, problems or a clear error, never in anything else."""
    with suppress(InvalidArgument), open_source(io.BytesIO(content), Options()) as source:
        assert all(isinstance(item, Problem) or item.line for item in source)


@given(st.text(max_size=200))
def test_any_text_below_a_header_is_read_or_refused(text):
    """For any rows below a good header."""
    content = table(HARVEST, harvest()) + text.encode("utf-8", "replace")
    with suppress(InvalidArgument), open_source(io.BytesIO(content), Options()) as source:
        assert all(isinstance(item, TimeRow | Problem) for item in source)
