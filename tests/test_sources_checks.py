"""Cells that look right and are not: dates where times are needed, several addresses, breaks, names of nothing."""

import json
from datetime import date, time
from decimal import Decimal

import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Fill
from tests.support.books import Books
from tests.support.importing import load, time_row
from tests.support.tables import opened, problems_of, rows_of, table

BASE = {"Client": "ACME", "Project": "Website", "Task": "Work", "Email": "one@example.com"}


def file(**cells):
    cells = {name.replace("_", " "): cell for name, cell in cells.items()}
    row = BASE | cells
    return table(tuple(row), tuple(row.values()))


# Dates without a time of day


@pytest.mark.parametrize("start", ["2026-01-05", "20260105", "2026-W02-1"])
@pytest.mark.parametrize("end", ["2026-01-05 17:00", "2026-01-06"])
def test_a_start_without_a_time_of_day_is_a_problem(start, end):
    """It is not midnight."""
    problems = problems_of(file(Start=start, End=end))

    assert (problems[0].column, problems[0].text) == ("Start", start)
    assert "has no time of day" in problems[0].reason


def test_an_end_without_a_time_of_day_is_a_problem():
    """Also where the start has one."""
    (problem,) = problems_of(file(Start="2026-01-05 09:00", End="2026-01-06"))
    assert (problem.column, "has no time of day" in problem.reason) == ("End", True)


def test_a_start_that_is_midnight_is_read():
    """Only a missing time is a problem."""
    (row,) = rows_of(file(Start="2026-01-05 00:00", End="2026-01-05T01:00"))
    assert (row.started, row.hours) == (time(0), Decimal("1.00"))


def test_a_column_of_dates_can_be_mapped_to_the_day():
    """As the message says."""
    (row,) = rows_of(file(Start="2026-01-05", Hours="2"), columns={"Start": "day"})
    assert (row.day, row.started, row.hours) == (date(2026, 1, 5), None, Decimal("2.00"))


# Addresses


@pytest.mark.parametrize("email", ["a@x.com,b@x.com", "a@x.com;b@x.com", "a@x.com, b@x.com", "a@x.com b@x.com", "a@b@x.com",
                                   "<a@x.com>", "a@x.com,"])  # fmt: skip
@pytest.mark.parametrize("kind", ["time", "people", "contacts", "user-assignments"])
def test_several_addresses_in_a_cell_are_a_problem(email, kind):
    """In each kind of row that has an address."""
    cells = {
        "time": BASE | {"Date": "2026-01-05", "Hours": "1", "Email": email},
        "people": {"Email": email, "First name": "A", "Last name": "B"},
        "contacts": {"Client": "ACME", "Email": email, "First name": "A", "Last name": "B"},
        "user-assignments": {"Client": "ACME", "Project": "Website", "Email": email},
    }[kind]

    (problem,) = problems_of(table(tuple(cells), tuple(cells.values())), format=kind)

    assert problem.column == "Email"
    assert "e-mail address" in problem.reason


@pytest.mark.parametrize("name", ["a@x.com,b@x.com", "a@x.com; b@x.com", "A <a@x.com>, B <b@x.com>"])
def test_several_addresses_as_a_name_are_a_problem(name):
    """They would become the name of one person otherwise."""
    report = load(Books(people=["one@example.com"]), [time_row(person=name, email="")], email_domain="example.com")

    assert report.created == 0
    assert "several e-mail addresses" in report.rejected[0].reason


# Breaks


@pytest.mark.parametrize(
    ("title", "text"),
    [("Break", "0:30"), ("Break", "30 min"), ("Break (min)", "30"), ("Pause", "0,5 h"), ("Lunch break", "00:30:00"),
     ("Break minutes", "30")],
)  # fmt: skip
def test_a_break_is_subtracted_from_the_hours_between_start_and_end(title, text):
    """Start and end are not used then, since they would include it."""
    (row,) = rows_of(file(Date="2026-01-05", Start_time="09:00", End_time="17:00", **{title: text}))
    assert (row.hours, row.started, row.ended) == (Decimal("7.50"), None, None)


def test_a_break_is_subtracted_from_moments_too():
    """Over midnight as well."""
    (row,) = rows_of(file(Start="2026-01-05 22:00", End="2026-01-06 06:00", Break="1:00"))
    assert (row.hours, row.day) == (Decimal("7.00"), date(2026, 1, 5))


@pytest.mark.parametrize("text", ["", "0", "0:00"])
def test_no_break_changes_nothing(text):
    """Start and end are kept."""
    (row,) = rows_of(file(Date="2026-01-05", Start_time="09:00", End_time="17:00", Break=text))
    assert (row.hours, row.started, row.ended) == (Decimal("8.00"), time(9), time(17))


def test_hours_that_include_the_break_are_a_problem():
    """The file contradicts itself; hours without the break are right."""
    cells = {"Date": "2026-01-05", "Start time": "09:00", "End time": "17:00", "Break": "0:30"}
    (problem,) = problems_of(file(**cells, Hours="8"))
    (row,) = rows_of(file(**cells, Hours="7.5"))

    assert "less the break of 0.50 hours are 7.50" in problem.reason
    assert row.hours == Decimal("7.50")


@pytest.mark.parametrize(("text", "reason"), [("9:00", "longer than the entry"), ("30", "hours, minutes or seconds"),
                                              ("soon", "no duration"), ("-0:30", "negative")])  # fmt: skip
def test_a_break_that_can_not_be_is_a_problem(text, reason):
    """It names the column of the break."""
    problems = problems_of(file(Date="2026-01-05", Start_time="09:00", End_time="17:00", Break=text))
    assert problems[0].column == "Break"
    assert reason in problems[0].reason


def test_an_account_with_start_and_end_refuses_rows_with_a_break():
    """It could not hold the right hours."""
    report = load(Books(people=["one@example.com"], timestamps=True), [time_row(started=None, ended=None)])
    assert "split the row at its break" in report.rejected[0].reason


# Pages of API v2

PAGE = {
    "time_entries": [
        {
            "id": 1, "spent_date": "2026-01-05", "hours": 1.5, "notes": None, "is_running": False,
            "user": {"id": 7, "name": "Person One"}, "client": {"id": 8, "name": "ACME"},
            "project": {"id": 9, "name": "Website", "code": "W"}, "task": {"id": 3, "name": "Work"},
            "user_assignment": {"id": 1, "is_active": True}, "external_reference": None,
        }
    ],
    "per_page": 2000, "total_pages": 1, "total_entries": 1, "next_page": None, "previous_page": None, "page": 1,
    "links": {"first": "https://api.harvestapp.com/v2/time_entries", "next": None},
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("pages", [1, 2])
def test_pages_of_api_v2_are_read_as_records(indent, order, pages):
    """On one line or on several, with the list first or last, one page or several behind each other."""
    page = json.dumps(dict(list(PAGE.items())[::order]), indent=indent)

    found, items = opened("\n".join([page] * pages).encode())

    assert (found.format, found.rows) == ("time", pages)
    assert {(row.client, row.project, row.task, row.person, row.hours) for row in items} == {
        ("ACME", "Website", "Work", "Person One", Decimal("1.50"))
    }


def test_a_page_of_people_is_read():
    """API v2 calls their list users."""
    user = {"id": 1, "first_name": "A", "last_name": "B", "email": "a@x.com", "is_active": True}
    found, (row,) = opened(json.dumps({"users": [user], "links": {}}).encode())
    assert (found.format, row.email) == ("people", "a@x.com")


def test_a_page_longer_than_a_block_is_read_to_its_end():
    """Numbers and records across the blocks in which the file is read."""
    page = {"page": 123456789, "clients": [{"name": f"client {n}", "details": "x" * 300} for n in range(1000)]}
    assert len(rows_of(json.dumps(page).encode())) == 1000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"links": {}, "page": 1}', "the page has no list of records"),
        ('{"clients": [{"name": "A"}', "the file ends"),
        ('{"clients": [{"name": "A"}], 1: 2}', "is needed"),
        ('{"clients": [{"name": "A"}], "links": {}} x', "'x' was found"),
        ('{"clients": [1]}', "is needed"),
        ('{"links": {}, [1]: 2}', "is needed"),
    ],
)
def test_broken_pages_are_refused(text, reason):
    """The message has the line."""
    with pytest.raises(InvalidArgument, match=f"line 1: .*{reason}"):
        opened(text.encode())


def test_a_record_with_a_list_is_no_page():
    """Each line is a record of its own."""
    content = b'{"name": "A", "tags": ["x"]}\n{"name": "B", "tags": []}\n'
    assert [row.name for row in rows_of(content, format="clients")] == ["A", "B"]


# Summaries and names of nothing


def test_a_summary_report_is_no_file_of_projects():
    """Also if the format is named."""
    content = table(("Client", "Project", "Name", "Hours"), ("ACME", "Website", "Website", "120"))
    with pytest.raises(InvalidArgument, match="summary reports"):
        opened(content, format="projects")


@pytest.mark.parametrize("field", ["Client", "Project", "Task"])
@pytest.mark.parametrize(
    "text", ["(no project)", "(No Client)", "No task", "N/A", "n/a", "(none)", "-", "(without client)", "NULL"]
)
def test_a_placeholder_as_name_is_a_problem(field, text):
    """It shows the text, and the option that fills it."""
    (problem,) = problems_of(file(Date="2026-01-05", Hours="1", **{field: text}))

    assert (problem.column, problem.text) == (field, text)
    assert f"is no name: give --{field.lower()} NAME" in problem.reason


@pytest.mark.parametrize("field", ["Client", "Project", "Task", "Notes", "First name"])
@pytest.mark.parametrize("text", ["#REF!", "#N/A", "#NV", "#NAME?", "#WERT!", "#\u00a1VALOR!", "Err:502", " #DIV/0! "])
def test_an_error_of_a_spreadsheet_program_is_no_name(field, text):
    """Reports it once, as in a workbook, and doesn't replace it by the name of an option."""
    cells = {"Date": "2026-01-05", "Client": "ACME", "Project": "Web", "Task": "Dev", "Hours": "1", "Last name": "Lee"}
    cells = {**cells, "Notes": "", "First name": "Ann", field: text}
    fill = Fill(client="Other", project="Other", task="Other", person="Other")
    (problem,) = problems_of(table(tuple(cells), tuple(cells.values())), fill=fill)

    assert (problem.column, f"holds the error {text.strip()}" in problem.reason) == (field, True)


@pytest.mark.parametrize("notes", ["#42", "#TODO!", "Fixed #REF!", "#"])
def test_notes_with_a_number_sign_are_kept(notes):
    """Only a cell that holds nothing else is an error."""
    (row,) = rows_of(file(Date="2026-01-05", Hours="1", Notes=notes))
    assert row.notes == notes


@pytest.mark.parametrize("kind", ["clients", "projects", "tasks"])
def test_a_record_without_a_name_is_a_problem(kind):
    """As in rows of time."""
    content = table(("Client", "Name"), ("ACME", "N/A")) if kind == "projects" else table(("Name",), ("N/A",))
    (problem,) = problems_of(content, format=kind)
    assert problem.column == "Name"


@pytest.mark.parametrize("name", ["Nokia", "No Limits", "Project X", "NA", "None of the Above", "no project plan"])
def test_names_that_only_look_similar_are_kept(name):
    """Only texts that can't be names are refused."""
    (row,) = rows_of(file(Date="2026-01-05", Hours="1", Project=name))
    assert row.project == name
