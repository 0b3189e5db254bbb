"""What helps to map columns: the list of fields, errors that name them, and mapping files."""

import io
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import (
    FORMATS,
    KINDS,
    Fill,
    Options,
    fields_of,
    mapping_for,
    open_source,
    read_mapping,
)
from harvest_async.importer.sources.template import mapping_of
from tests.support.tables import HARVEST, TOGGL, harvest, opened, rows_of, table, toggl


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_field_is_listed_with_its_type(kind):
    """And whether it is needed, and what it is called in files."""
    found = {field.name: field for field in fields_of(kind)}

    assert {*kind.titles, *kind.fields} == set(found)
    assert all(field.type and field.spellings for field in found.values())
    assert {name for group in kind.needed for name in group} == {field.name for field in found.values() if field.needed}


@pytest.mark.parametrize("format_", ["auto", "time", "toggl"])
def test_an_unknown_field_is_an_error_that_lists_the_fields(format_):
    """Of the format, if it is given."""
    with pytest.raises(
        InvalidArgument, match=r"--map Description=colour: Unknown field 'colour'. Choose from .*notes"
    ) as error:
        opened(table(TOGGL, toggl()), columns={"Description": "colour"}, format=format_)

    assert ("cost_rate" in error.value.message) is (format_ == "auto")


def test_an_unknown_field_is_reported_before_the_format():
    """A file that no format fits is no reason to say nothing of the field."""
    with pytest.raises(InvalidArgument, match="Unknown field 'colour'"):
        opened(table(("Was", "Wann"), ("x", "y")), columns={"Was": "colour"})


@pytest.mark.parametrize("target", ["day", "Date", "spent date", "Day", "spent_at"])
def test_a_field_may_be_named_by_a_spelling_of_it(target):
    """As it is called in files."""
    rows = rows_of(table(("Wann", *HARVEST[1:]), harvest()), columns={"Wann": target})

    assert len(rows) == 1


def test_two_columns_for_one_field_are_refused():
    """One of them would be lost."""
    with pytest.raises(InvalidArgument, match="another column is mapped to notes, too"):
        opened(table((*HARVEST, "Memo", "More"), (*harvest(), "a", "b")), columns={"Memo": "notes", "More": "notes"})


def test_a_file_that_fits_several_kinds_says_which_fields_decide():
    """Each kind with the fields that no other of them has."""
    with pytest.raises(InvalidArgument, match="choose with --format, or map a column with --map") as error:
        opened(table(("Name", "Deactivated"), ("Design", "no")))

    assert "tasks: billable_by_default" in error.value.message
    assert "expense_categories: unit_name, unit_price" in error.value.message


@pytest.mark.parametrize("content", [table(TOGGL, toggl()), table((*HARVEST, "Memo", ""), (*harvest(), "x", ""))])
def test_a_mapping_file_reads_its_file_as_it_was_read_without(content):
    """What it writes down is what was found."""
    options = read_mapping(mapping_for(io.BytesIO(content)), Options())

    assert rows_of(content) == rows_of(content, format=options.format, columns=options.columns)


def test_a_mapping_file_of_an_unknown_file_is_a_form_to_fill_in():
    """It has the reason, every column, and every field with its type."""
    text = mapping_for(io.BytesIO(table(("Wann", "Wer", "Wie lange"), ("1", "2", "3"))))
    read = tomllib.loads(text)

    assert (read["format"], read["columns"]) == ("time", {"Wann": "", "Wer": "", "Wie lange": ""})
    assert "# Not recognised yet: line 1: the columns (Wann, Wer, Wie lange) are of no known format" in text
    assert all(f"#   {field.name}: {field.type}" in text for field in fields_of(KINDS["time_entries"]))


def test_a_mapping_file_has_the_options_that_were_given():
    """And the others in comments."""
    given = Options(
        decimal=",",
        date_order="dmy",
        round_to=15,
        long_days=True,
        fill=Fill(client='A "B" \\ C'),
        columns={"Memo": "notes"},
    )
    text = mapping_for(io.BytesIO(table((*HARVEST, "Memo"), (*harvest(), "x"))), given)
    read = read_mapping(text, Options())

    assert (read.decimal, read.date_order, read.round_to, read.long_days, read.fill) == (
        ",",
        "dmy",
        15,
        True,
        given.fill,
    )
    assert (read.columns["Memo"], read.columns["Notes"]) == ("notes", "")
    assert "# encoding: utf-8" in text


@pytest.mark.parametrize("name", FORMATS)
def test_a_mapping_file_can_be_written_for_every_format(name):
    """With the fields of its rows."""
    text = mapping_of(["A"], 1, Options(format=name))

    assert (name, {"A": ""}) == (tomllib.loads(text)["format"], tomllib.loads(text)["columns"])


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=12), min_size=1, max_size=6))
def test_any_header_gives_a_mapping_file_that_can_be_read(header):
    """Quotes, control characters and blanks included."""
    read = read_mapping(mapping_of(header, 1, Options()), Options())

    assert {" ".join(cell.split()) for cell in header} - {""} == set(read.columns)


def test_a_mapping_file_of_a_recognised_file_opens_it(tmp_path):
    """By the path of the file."""
    (tmp_path / "a.csv").write_bytes(table(TOGGL, toggl()))
    options = read_mapping(mapping_for(tmp_path / "a.csv"), Options())
    with open_source(tmp_path / "a.csv", options) as source:
        assert source.found[0].format == "toggl"
