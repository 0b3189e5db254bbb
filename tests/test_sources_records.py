"""Records of every kind, JSON Lines, mappings, and all that is wrong reported at once."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import (
    ClientRow,
    ExpenseRow,
    Fill,
    Options,
    PersonRow,
    Problem,
    TimeRow,
    examine,
    mapped,
    open_source,
    read_mapping,
)
from tests.support.tables import HARVEST, TOGGL, harvest, opened, problems_of, rows_of, table, toggl


def lines(*records):
    """The bytes of a JSON Lines file."""
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def test_json_lines_are_reported_by_their_fields():
    """Fields are the contract's; records may have different ones, null and missing are the same."""
    content = lines(
        {"email": "one@example.com", "first_name": "Person", "last_name": "One", "is_admin": True, "telephone": None},
        {"first_name": "Person", "last_name": "Two", "cost_rate": 1.234, "email": "two@example.com"},
    )
    found, items = opened(content)

    assert (found.format, found.container) == ("people", "jsonl")
    assert [{"is_admin": True}, {"cost_rate": Decimal("1.234")}] == [item.fields for item in items]


@pytest.mark.parametrize(
    ("record", "format"),
    [
        ({"client": {"name": "ACME"}}, "clients"),
        ({"task": {"name": "Design"}}, "tasks"),
        ({"expense_category": {"name": "Travel"}}, "expense-categories"),
        ({"user": {"email": "one@example.com", "first_name": "Person", "last_name": "One"}}, "people"),
    ],
)
def test_records_below_their_singular_name_are_reported_by_it(record, format):
    """As API v1 wraps them."""
    found, items = opened(lines(record))

    assert (format, 1) == (found.format, len(items))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"name": "ACME"\n', "line 1: no JSON"),
        (b'{"name": "ACME"}\n[1]\n', "line 2: no JSON object"),
        (b'{"name": NaN}\n', "line 1: no JSON: NaN is no number"),
        (b'{"colour": "red"}\n', "no known format"),
        (b"{" + b'"a":{' * 5000 + b"\n", "line 1: no JSON"),
    ],
)
def test_broken_lines_are_refused(content, reason):
    """The line is reported."""
    with pytest.raises(InvalidArgument, match=reason):
        opened(content)


def test_json_numbers_and_days_need_no_order():
    """They are typed: 1.234 is no thousand."""
    (row,) = rows_of(
        lines(
            {
                "spent_at": "2026-01-05", "total_cost": 1.234, "project": "Website", "client": "ACME",
                "expense_category": "Travel", "user": "Person One",
            }
        ),
        format="expenses",
    )  # fmt: skip

    assert ExpenseRow(
        line=1, row=1, day=date(2026, 1, 5), client="ACME", project="Website", category="Travel",
        total_cost=Decimal("1.234"), person="Person One",
    ) == row  # fmt: skip


def test_a_payment_is_of_the_moment_that_it_reports():
    """A day alone is its beginning in UTC."""
    content = lines({"invoice": "2026-1", "amount": 10, "paid_at": "2026-02-01"})
    (row,) = rows_of(content, format="invoice-payments")

    assert {"amount": Decimal(10), "paid_at": datetime(2026, 2, 1, tzinfo=UTC)} == row.fields


PEOPLE = ("First Name", "Last Name", "Email", "Hourly Rate")


def test_a_person_needs_an_address_of_their_own():
    """No address, an address twice, and one name with two addresses are reported."""
    problems = problems_of(
        table(
            PEOPLE, ("Person", "One", "one@example.com", ""), ("Person", "Two", "", ""),
            ("Person", "Three", "ONE@example.com", ""), ("Person", "One", "won@example.com", ""),
            ("", "", "four@example.com", ""),
        )
    )  # fmt: skip

    assert [(each.line, each.column) for each in problems] == [
        (3, "Email"),
        (4, "Email"),
        (5, "Email"),
        (6, "First Name"),
    ]
    assert "on line 2 already" in problems[1].reason


def test_a_person_may_have_the_whole_name_in_one_cell():
    """The last word is the last name."""
    rows = rows_of(table(("Name", "Email"), ("Person Number One", "one@example.com"), ("Cher", "two@example.com")))

    assert [(row.first_name, row.last_name) for row in rows] == [("Person Number", "One"), ("Cher", "")]


@pytest.mark.parametrize(
    ("header", "cells", "column"),
    [
        (("Client", "First name", "Last name", "Email"), ("ACME", "", "", ""), "First name"),
        (("Client", "Project", "Code", "Budget"), ("", "Website", "", ""), "Client"),
        (("Client", "Project", "Code", "Budget"), ("ACME", "Website", "", "much"), "Budget"),
        (("Task name", "Is default"), ("Design", "maybe"), "Is default"),
        (("Client name", "Address", "Highrise id"), ("ACME", "", "x"), "Highrise id"),
        (("Date", "Client", "Project", "Category", "Amount", "First name", "Last name"),
         ("2026-01-05", "ACME", "Website", "Travel", "", "Person", "One"), "Amount"),
        (("Date", "Client", "Project", "Category", "Amount", "First name", "Last name"),
         ("2026-01-05", "ACME", "Website", "", "1", "Person", "One"), "Category"),
    ],
)  # fmt: skip
def test_bad_cells_of_records_are_reported(header, cells, column):
    """By the name that the column has in the file."""
    (problem,) = problems_of(table(header, cells))

    assert column == problem.column


def test_projects_and_contacts_are_filled_too():
    """A file of one client's projects needs no column for it."""
    (row,) = rows_of(table(("Project", "Code", "Budget"), ("Website", "W", "")), fill=Fill(client="ACME"))

    assert (row.client, row.name) == ("ACME", "Website")


def test_what_may_be_of_two_kinds_is_asked_for():
    """The error names them, and the option decides it."""
    content = table(("Name",), ("ACME",))

    with pytest.raises(InvalidArgument, match=r"clients or .*tasks"):
        opened(content)
    assert [ClientRow(line=2, row=1, name="ACME")] == rows_of(content, format="clients")


def test_the_name_of_a_file_says_what_it_holds(tmp_path):
    """A file that is called clients.csv holds clients."""
    path = tmp_path / "clients.csv"
    path.write_bytes(table(("Name",), ("ACME",)))
    with open_source(path) as source:
        assert [ClientRow(line=2, row=1, name="ACME")] == list(source)


@pytest.mark.parametrize(
    ("format", "columns"), [("time", "Date or Start, Hours or"), ("people", "Email"), ("toggl", "Hours or Duration")]
)
def test_columns_that_lack_are_all_reported(format, columns):
    """With what is there, and the options that help."""
    with pytest.raises(InvalidArgument, match=f"needs the columns .*{columns}.*has Colour.*--map"):
        opened(table(("Colour",), ("red",)), format=format)


def test_pairs_of_map_name_columns_and_fields():
    """A column may have an equals sign in it; nothing behind the last passes it over."""
    assert mapped(["a=b=notes", " Memo = "]) == {"a=b": "notes", "Memo": ""}


@pytest.mark.parametrize("pair", ["notes", "=notes", " =notes"])
def test_pairs_of_map_without_a_column_are_refused(pair):
    """The error says how to write it."""
    with pytest.raises(InvalidArgument, match="COLUMN=FIELD"):
        mapped([pair])


def test_a_mapping_goes_over_what_options_say():
    """What it does not say stays."""
    options = read_mapping(
        '"date-order" = "dmy"\nround_to = 6\nlong_days = true\n[fill]\nclient = "ACME"\n[zones]\n"a@b" = "UTC"',
        Options(fill=Fill(client="Other", task="Design"), decimal=","),
    )

    assert options == Options(
        date_order="dmy", round_to=6, long_days=True, zones={"a@b": "UTC"}, decimal=",",
        fill=Fill(client="ACME", task="Design"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("columns", "no TOML"), ("colour = 1", "says colour; it may say columns"), ("columns = 1", "a table of texts"),
        ('date_order = "american"', "'dmy' or 'mdy'"), ("round_to = true", "minutes"), ("long_days = 1", "true or false"),
        ("format = 1", "a text"), ('[fill]\ncolour = "red"', "fills colour; it may fill client"),
        ("[columns]\nMemo = 1", "a table of texts"),
    ],
)  # fmt: skip
def test_mappings_that_say_something_else_are_refused(text, reason):
    """The error says what they may say."""
    with pytest.raises(InvalidArgument, match=reason):
        read_mapping(text, Options())


def test_all_that_is_wrong_is_reported_at_once_up_to_a_limit():
    """The others are counted, by column; good rows and hours are summed."""
    bad = [harvest(hours="many")] * 5 + [harvest(date="soon", client="")]
    with open_source(io.BytesIO(table(HARVEST, harvest(), *bad))) as source:
        findings = examine(source, limit=3)

    assert (7, 3, {"TimeRow": 1}, Decimal("1.50"), False) == (
        findings.count, len(findings.problems), dict(findings.rows), findings.hours, findings.whole
    )  # fmt: skip
    assert findings.lines()[-1] == "and 4 more; in all: Hours 5, Date 1, Client 1"
    assert findings.document()["columns"] == {"Hours": 5, "Date": 1, "Client": 1}
    assert findings.document()["problems"][0] == {
        "file": "", "line": 3, "row": 2, "column": "Hours", "text": "many",
        "reason": "'many' is no number of hours: write 1.5",
    }  # fmt: skip


def test_a_problem_of_the_whole_file_stops_all_of_it():
    """It is distinguished from those of rows."""
    with open_source(io.BytesIO(table(TOGGL, toggl(start_date="1/2/2026")))) as source:
        findings = examine(source)

    assert (findings.whole, dict(findings.rows)) == (True, {})
    assert findings.lines()[0].startswith("line 2, Start date: '1/2/2026' may be 2026-02-01 or 2026-01-02")


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=10)
PERSONS = st.builds(
    dict,
    email=st.emails().map(str.lower),
    first_name=WORDS,
    last_name=WORDS,
    is_admin=st.booleans(),
    department=WORDS,
    default_hourly_rate=st.decimals(0, 1000, places=2).map(float),
)


@given(st.lists(PERSONS, min_size=1, max_size=8, unique_by=lambda person: person["email"]))
def test_any_records_come_back_as_they_were_written(people):
    """JSON Lines are read back equal, field by field."""
    fields = ("is_admin", "department", "default_hourly_rate")
    expected = [
        PersonRow(
            line=line, row=line, email=each["email"], first_name=each["first_name"], last_name=each["last_name"],
            fields={name: Decimal(repr(each[name])) if name == fields[2] else each[name] for name in fields},
        )
        for line, each in enumerate(people, 1)
    ]  # fmt: skip

    assert expected == rows_of(lines(*people), people_by_email=True, format="people")


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["spent_at", "hours", "project", "task", "x"]),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text()
            | st.lists(st.integers()),
        ),
        min_size=1,
    )
)
def test_any_records_are_read_or_reported(records):
    """Values of the wrong type are problems, nothing worse."""
    content = lines({"spent_at": "2026-01-05", "hours": 1, "user": "Person One"}, *records)
    with open_source(io.BytesIO(content), Options(format="time")) as source:
        assert all(isinstance(item, TimeRow | Problem) for item in source)
