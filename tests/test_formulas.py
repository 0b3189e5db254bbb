"""Cells that a spreadsheet program would run: written with an apostrophe, read without it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.exporter.files import CsvFile
from harvest_async.formulas import escape, escape_all, unescape, unescape_all
from harvest_async.importer.rejects import write_rejects
from harvest_async.importer.sources import Options, open_source
from harvest_async.v1.models import Task
from tests.support.tables import HARVEST, harvest, rows_of, table

TEXTS = st.text(st.sampled_from("'=+-@\t\r1.,a \u00e4\n"), max_size=8) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("-", "'-"),
        ("-1.50", "-1.50"),
        ("+7", "+7"),
        ("-1,234.50", "-1,234.50"),
        ("-1+1", "'-1+1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_text_that_would_be_a_formula_is_written_with_an_apostrophe(text, written):
    """Numbers and all other texts are written as they are."""
    assert written == escape(text)
    assert text == unescape(written)


@given(TEXTS)
def test_any_text_comes_back(text):
    """The reader takes away exactly what the writer added, and nothing that is written is a formula."""
    written = escape(text)

    assert text == unescape(written)
    assert written == text or written[0] == "'"


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_any_row_comes_back(cells):
    """So does a row."""
    assert cells == unescape_all(escape_all(cells))


@given(TEXTS.filter(lambda text: "\0" not in text and text.strip()))
def test_any_notes_come_back_through_a_file(notes):
    """A file that is written with apostrophes is read as the texts that were meant."""
    notes = notes.encode("utf-8", "replace").decode()
    content = table(HARVEST, escape_all(harvest(notes=notes)))

    assert [notes] == [row.notes for row in rows_of(content)]


def test_a_foreign_apostrophe_is_taken_for_ours():
    """What another program wrote as '=1 is read as =1."""
    assert [row.notes for row in rows_of(table(HARVEST, harvest(notes="'=1")))] == ["=1"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [('="007"', "007"), ('="2026-01-05"', "2026-01-05"), ('=""', ""), ('="a"&"b"', '="a"&"b"'), ('="', '="')],
)
def test_a_text_that_is_kept_as_a_formula_is_read_as_the_text(cell, text):
    """Programs write ="007", so that a spreadsheet keeps the zeros."""
    assert [text] == unescape_all([cell])


def test_a_number_with_zeros_in_front_is_the_name_of_a_project():
    """No project is called ="007"."""
    assert [row.project for row in rows_of(table(HARVEST, harvest(project='="007"')))] == ["007"]


def test_rejected_rows_have_apostrophes_and_load_again(tmp_path):
    """Cells are read as they were in the input, when the rejects are loaded."""
    content = table(HARVEST, harvest(notes="=HYPERLINK(1)", hours="many"))
    with open_source(io.BytesIO(content), Options()) as source:
        write_rejects(source, list(source), tmp_path / "rejects.csv")
    written = (tmp_path / "rejects.csv").read_text("utf-8")
    with open_source(tmp_path / "rejects.csv") as again:
        (_, cells) = again.cells("", {1})

    assert (",'=HYPERLINK(1)," in written, "=HYPERLINK(1)" in cells) == (True, True)


def test_an_export_has_apostrophes_once_however_often_it_is_taken_over(tmp_path):
    """Rows of an older file are not escaped again."""
    first = CsvFile(tmp_path / "one.csv", Task)
    first.add(Task(id=1, name="=1+1"))
    first.close()
    second = CsvFile(tmp_path / "two.csv", Task)
    second.take_over(tmp_path / "one.csv", "", lambda _own, _parent: True)
    second.close()
    written = [(tmp_path / name).read_text("utf-8") for name in ("one.csv", "two.csv")]

    assert written[0] == written[1]
    assert ",'=1+1," in written[0]
