"""Text files that are damaged or crafted: each ends in a clear error, or in a problem of its row."""

import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Problem, open_source
from tests.support.tables import HARVEST, TOGGL, harvest, opened, problems_of, rows_of, table, toggl

RECORD = {
    "spent_date": "2026-05-04", "client": "ACME", "project": "Website", "task": "Design", "hours": 1.5,
    "email": "one@example.com", "notes": "",
}  # fmt: skip


def lines(*records):
    """JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def with_hours(text):
    """JSON Lines whose hours are this text."""
    return json.dumps(RECORD).replace("1.5", text).encode()


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (table(HARVEST, harvest(), harvest(notes="a\0b")), {}, "line 3: .* NUL"),
        (table(HARVEST, harvest(notes="a\0b")), {"encoding": "cp1252"}, "line 2: .* NUL"),
        (table(HARVEST, harvest(), harvest(notes="x" * 200_000)), {}, "line 3: a cell has more than 131,072"),
        (table(HARVEST, harvest()) + b'2026-01-05,"ACME\n2026-01-05,ACME\n', {}, "line 3: .* a quote"),
        (table(HARVEST, harvest()), {"encoding": "utf-16"}, "utf-16-le"),
        (table(HARVEST, harvest()), {"encoding": "utf-32"}, "utf-32-le"),
        (table(HARVEST, harvest(), encoding="utf-16-le"), {}, "looks like utf-16-le"),
        (table(HARVEST, harvest(), encoding="utf-16-be"), {}, "looks like utf-16-be"),
        (table(HARVEST, harvest()), {"encoding": "utf-9"}, "'utf-9' is no encoding"),
        (table(HARVEST, harvest()), {"encoding": "base64"}, "no encoding of text"),
        (table(HARVEST, harvest()), {"encoding": "rot13"}, "no encoding of text"),
        (table(HARVEST, harvest()), {"encoding": "idna"}, "no encoding of text"),
        (table(HARVEST, harvest()), {"encoding": "unicode_escape"}, "no encoding of text"),
        (table(HARVEST, harvest()), {"encoding": "a\0b"}, "no encoding"),
        (b"\xef\xbb\xbf" * 50 + table(HARVEST, harvest()), {}, "50 byte order marks"),
        (b",".join([b"a"] * 20_000) + b"\n", {}, "20,000 columns"),
        (with_hours("1e99999999999999999999"), {}, "line 1: no JSON: 1e9+ is too large"),
        (with_hours("9" * 5000), {}, "line 1: no JSON"),
        (with_hours("NaN"), {}, "line 1: no JSON: NaN"),
        (with_hours("[" * 100_000), {}, "line 1: no JSON"),
        (lines(RECORD) + b"[1]\n", {}, "line 2: no JSON object"),
        (lines({**RECORD, "x\ud800": 1}), {}, "can't be sent"),
        (b"[1, 2]", {}, "no known format"),
        (b"[" + lines(RECORD) + b", 1]", {}, "line 2: no JSON array of records"),
        (b"[" + lines(RECORD), {}, "file ends"),
        (b"[" + lines(RECORD) + b"] x", {}, "behind the end"),
        (b"[" + lines(RECORD)[:-5], {}, "line 1: no JSON"),
        (lines(*[{f"field {number}": 1} for number in range(3000)]), {}, "2,000 different fields"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_place(content, options, reason):
    """The error is the package's own."""
    with pytest.raises(InvalidArgument, match=reason):
        opened(content, **options)


@pytest.mark.parametrize(
    "hours", ["9" * 5000, "1." + "9" * 5000, "9" * 5000 + ":00", "9" * 300, "x" * 5000, "9" * 399 + "h"]
)
def test_hours_of_any_length_are_a_problem(hours):
    """Row and column are named, and the message is short."""
    (problem,) = problems_of(table(HARVEST, harvest(hours=hours)))

    assert (problem.line, problem.row, problem.column) == (2, 1, "Hours")
    assert len(problem.reason) < 600


@pytest.mark.parametrize("cell", ["2026-01-" + "0" * 5000, " " * 5000 + "x", "1" * 399])
def test_days_of_any_length_are_a_problem(cell):
    """So are days."""
    assert [problem.column for problem in problems_of(table(HARVEST, harvest(date=cell)))] == ["Date"]


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "a\0b"])
def test_a_text_that_can_not_be_sent_is_a_problem_of_its_row(text):
    """Half a letter or a NUL in JSON names its column; the other rows are read."""
    _, (problem, row) = opened(lines({**RECORD, "notes": text}, RECORD))

    assert (problem.line, problem.column, row.line) == (1, "notes", 2)


def test_a_rejected_text_that_can_not_be_sent_can_be_written():
    """Cells can be written as UTF-8, for any content."""
    with open_source(io.BytesIO(lines({**RECORD, "notes": "\ud800", "mood": "\ud800"}))) as source:
        cells = list(source.cells("", {1}))

    assert "\\ud800" in ",".join(cells[1]).encode().decode()


V2 = {
    "id": 1, "spent_date": "2026-05-04", "user": {"id": 7, "name": "Kim Allen"}, "client": {"id": 5, "name": "ACME"},
    "project": {"id": 3, "name": "Website", "code": "W"}, "task": {"id": 4, "name": "Design"}, "hours": 2.11,
    "rounded_hours": 2.25, "notes": None, "is_running": False, "started_time": "8:00am", "ended_time": None,
    "external_reference": {"id": "1"}, "user_assignment": {"id": 2}, "task_assignment": {"id": 3},
}  # fmt: skip


def test_records_of_api_v2_are_read():
    """References are read by their names, a project with its code."""
    (row,) = rows_of(lines(V2))

    assert (
        row.client, row.project, row.project_code, row.task, row.person, str(row.hours), row.notes,
    ) == ("ACME", "Website", "W", "Design", "Kim Allen", "2.11", "")  # fmt: skip


@pytest.mark.parametrize(
    "running", [{"is_running": True}, {"is_running": False, "timer_started_at": "2026-05-04T09:00:00Z"}]
)
def test_a_running_entry_is_not_logged(running):
    """It is a problem of its row; a stopped one is read."""
    kind = (
        {**V2, **running}
        if "timer_started_at" not in running
        else {**RECORD, "timer_started_at": running["timer_started_at"]}
    )
    _, items = opened(lines(kind))

    assert ["running" in item.reason for item in items if isinstance(item, Problem)] == [True]


@pytest.mark.parametrize("cell", [{"city": "Bern"}, ["ACME"], [], {}])
def test_any_other_object_is_a_problem(cell):
    """No record is ever named by JSON."""
    (problem,) = problems_of(lines({**RECORD, "client": cell}))

    assert (problem.column, "holds" in problem.reason) == ("client", True)


def test_an_object_in_a_column_that_is_not_read_is_nothing():
    """Tags may be a list."""
    assert len(rows_of(lines({**RECORD, "tags": ["a"], "interval": {"start": 1}}))) == 1


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read_like_json_lines(indent):
    """Each record knows the line on which it begins."""
    records = [{**RECORD, "notes": str(number) * 50} for number in range(3000)]
    rows = rows_of(json.dumps(records, indent=indent).encode(), long_days=True)

    assert [record["notes"] for record in records] == [row.notes for row in rows]
    assert (rows[1].line, rows[1].row) == ((1 if indent is None else 11), 2)


def test_a_small_number_in_json_has_no_exponent():
    """Tiny decimals are read as they are."""
    (problem,) = problems_of(lines({**RECORD, "hours": 1e30})) or (None,)

    assert problem is None or "hours" in problem.reason


MIXED = table(HARVEST, harvest(client="Bäckerei Süß"), harvest(notes="x ? y")).replace(b"?", b"\xfc")


@pytest.mark.parametrize(
    "content",
    [
        MIXED,
        b"\xef\xbb\xbf" + table(HARVEST, harvest(notes="x ? y")).replace(b"?", b"\xfc"),
        table(HARVEST, harvest(client="Bäckerei"), *[harvest(notes="x ? y")] * 5).replace(b"?", b"\xfc"),
        table(HARVEST, harvest(client="Čáslav"), harvest(notes="x ? y")).replace(b"?", b"\xe8"),
        table(HARVEST, harvest(client="1 €"), harvest(notes="x ? y")).replace(b"?", b"\x80"),
        table(HARVEST, harvest(client="Bäckerei"), harvest(last_name="Ende?"))[:-2].replace(b"?", b"\xc3"),
    ],
)
def test_a_file_of_two_encodings_is_refused(content):
    """It is never read as one of them: the letters of the other would be wrong."""
    with pytest.raises(InvalidArgument, match="--encoding"):
        opened(content)


def test_the_line_of_a_foreign_byte_is_named_and_an_encoding_settles_it():
    """The remedy is to correct the line, or to name the encoding."""
    with pytest.raises(InvalidArgument, match="line 3: the byte 0xfc is not UTF-8"):
        opened(MIXED)
    assert len(rows_of(MIXED, encoding="cp1252")) == 2


@given(st.text(st.sampled_from("äöüßÄÖÜé“”–…€abc "), min_size=1, max_size=30))
def test_a_windows_file_is_never_read_as_anything_else(notes):
    """German text in Windows-1252 is read to the letter, or an encoding is asked for."""
    notes = f"ä {notes} ä"
    content = table(HARVEST, harvest(notes=notes), encoding="cp1252")
    with suppress(InvalidArgument):
        assert [row.notes for row in rows_of(content)] == [notes]
    assert [row.notes for row in rows_of(content, encoding="cp1252")] == [notes]


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [
        ("utf-8", 1),
        ("utf-8", 2),
        ("utf-8", 3),
        ("utf-16-le", 1),
        ("utf-16-le", 2),
        ("utf-16-be", 2),
        ("utf-32-le", 1),
        ("utf-32-be", 2),
    ],
)
def test_byte_order_marks_are_no_part_of_a_header(encoding, marks):
    """One or more, in any encoding."""
    content = ("\ufeff" * marks).encode(encoding) + table(TOGGL, toggl(), encoding=encoding)
    found, (row,) = opened(content)

    assert (found.format, row.person, found.bom) == ("toggl", "Person One", True)


def test_marks_in_front_of_json_are_passed_over():
    """As in tables."""
    assert len(rows_of(b"\xef\xbb\xbf\xef\xbb\xbf" + lines(RECORD))) == 1
    assert len(rows_of(b"\xef\xbb\xbf\xef\xbb\xbf[" + lines(RECORD) + b"]")) == 1


@pytest.mark.parametrize(
    "title",
    ["\u200bUser", "Us\u00ader", "User\u200e", "\u2060User\u00a0", "\u00ef\u00bb\u00bfUser", "USER", "\uff35ser"],
)
def test_characters_that_nobody_sees_are_no_part_of_a_header(title):
    """Nor are blanks around it."""
    found, (row,) = opened(table((title, *TOGGL[1:]), toggl()))

    assert (found.format, row.person) == ("toggl", "Person One")
