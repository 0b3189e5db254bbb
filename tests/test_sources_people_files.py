"""Files that people have: Toggl's current exports, summaries, enumerated values, columns that options would hide."""

import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Fill
from harvest_async.importer.sources.words import FILLED
from tests.support.tables import HARVEST, harvest, opened, problems_of, rows_of, table

MEMBER = (
    "Description",
    "Duration",
    "Member",
    "Email",
    "Project",
    "Tags",
    "Start date",
    "Start time",
    "Stop date",
    "Stop time",
)
FILL = {"fill": Fill(client="ACME", task="Dev")}


def member(**cells):
    """One row of a current Toggl file."""
    good = {
        "description": "Call", "duration": "0:45:00", "member": "Bob Ray", "email": "bob@example.com",
        "project": "Website", "tags": "-", "start_date": "2026-07-14", "start_time": "23:30:00",
        "stop_date": "2026-07-15", "stop_time": "00:15:00",
    }  # fmt: skip
    return tuple((good | cells).values())


def test_current_toggl_names_are_known():
    """Member is the person; the stop is the end."""
    found, (row,) = opened(table(MEMBER, member(), encoding="utf-8-sig"), **FILL)

    assert (
        found.format, row.email, row.person, str(row.hours), str(row.ended), str(row.day),
    ) == ("toggl", "bob@example.com", "Bob Ray", "0.75", "00:15:00", "2026-07-14")  # fmt: skip


@pytest.mark.parametrize("chosen", [(1, 2, 6), (1, 6, 8, 3), (1, 6, 7, 9, 3, 4)])
def test_current_toggl_files_are_known_by_some_of_their_columns(chosen):
    """People choose which columns an export has."""
    pick = lambda cells: [cells[index] for index in chosen]  # noqa: E731
    found, _ = opened(table(pick(MEMBER), pick(member())), fill=Fill(client="ACME", task="Dev", project="P"))

    assert found.format == "toggl"


def test_a_hyphen_is_an_empty_cell_of_toggl():
    """No project is ever called so, and notes are empty."""
    problems = problems_of(table(MEMBER, member(project="-", description="-")), **FILL)
    (row,) = rows_of(table(MEMBER, member(description="-")), **FILL)

    assert ([problem.column for problem in problems], row.notes) == (["Project"], "")


@pytest.mark.parametrize("field", ["client", "project", "task"])
def test_a_hyphen_is_no_name_in_any_format(field):
    """Other exports write it, too."""
    assert [field] == [problem.column.lower() for problem in problems_of(table(HARVEST, harvest(**{field: "-"})))]


PLAIN = ("Date", "Client", "Project", "Task", "Hours")


@pytest.mark.parametrize(
    "title",
    [
        "Mitarbeiter",
        "mitarbeiter*in",
        "Team-Member",
        "STAFF",
        "Employé",
        "Employe\u0301",
        "Usuario",
        "担当者",
        "\u200bBenutzer",
    ],
)
def test_an_option_never_hides_a_column_that_names_people(title):
    """Hours are never logged for the wrong person."""
    content = table((*PLAIN, title), ("2026-01-05", "ACME", "Web", "Dev", "1", "Bob"))
    if title == "Team-Member":
        assert [row.person for row in rows_of(content, fill=Fill(person="Ann"))] == ["Bob"]
        return
    with pytest.raises(InvalidArgument, match="--person 'Ann' would override") as caught:
        opened(content, fill=Fill(person="Ann"))
    assert "--map" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "title"), [("client", "Kunde"), ("project", "Projekt"), ("task", "Aufgabe"), ("task", "Tarea")]
)
def test_no_option_hides_a_column_of_its_field(field, title):
    """As for people."""
    header = [name for name in (*PLAIN, "User", title) if name.lower() != field]
    values = {
        "Date": "2026-01-05",
        "Client": "ACME",
        "Project": "Web",
        "Task": "Dev",
        "Hours": "1",
        "User": "Bob",
        title: "x",
    }
    content = table(header, [values[name] for name in header])

    with pytest.raises(InvalidArgument, match=f"--{field} 'x' would override"):
        opened(content, fill=Fill(**{field: "x"}))


@pytest.mark.parametrize("title", ["Group", "User ID", "Team", "Department", "Employee Id"])
def test_groups_and_numbers_are_no_people(title):
    """The option fills what the file does not say."""
    content = table((*PLAIN, title), ("2026-01-05", "ACME", "Web", "Dev", "1", ""))

    assert [row.person for row in rows_of(content, fill=Fill(person="Ann"))] == ["Ann"]


def test_a_column_that_is_passed_over_by_name_is_no_error():
    """The caller has seen it."""
    content = table((*PLAIN, "Mitarbeiter"), ("2026-01-05", "ACME", "Web", "Dev", "1", "Bob"))

    assert [row.person for row in rows_of(content, fill=Fill(person="Ann"), columns={"Mitarbeiter": ""})] == ["Ann"]


def test_words_are_compared_as_headers_are():
    """Each word is in the list in its normal form."""
    assert {"member", "mitarbeiter", "user", "employee", "team member"} <= FILLED["person"]
    assert {"group", "user id", "team"}.isdisjoint(FILLED["person"])


@pytest.mark.parametrize(
    "header",
    [
        ("Project", "Client", "Description", "Duration"),
        ("Project", "Client", "Time (h)", "Time (decimal)", "Amount (USD)"),
        ("Client", "Project", "Total Hours", "Billable Hours"),
        ("Task", "Duration"),
        ("Kunde", "Project", "Client", "Dauer"),
        ("Project", "Client", "Mon 4 May", "Tue 5 May", "Wed 6 May", "Thu 7 May", "Fri 8 May"),
        ("Client", "Project", "2026-05-04", "2026-05-05", "2026-05-06", "2026-05-07", "2026-05-08"),
        ("Client", "Duration", "Duration %"),
    ],
)
def test_hours_without_days_are_refused(header):
    """A summary is no list of projects: the detailed report has the days."""
    with pytest.raises(InvalidArgument, match=r"detailed report|no known format"):
        opened(table(header, ["1"] * len(header)))


REPORT = (
    "Client",
    "Project",
    "Project Code",
    "Start Date",
    "End Date",
    "Project Notes",
    "Total Hours",
    "Budget By",
    "Budget",
)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("Hours", "project"),
        ("project_cost", "project_cost"),
        ("Project Cost", "project_cost"),
        ("TASK", "task"),
        ("none", "none"),
    ],
)
def test_a_projects_report_gives_values_that_harvest_knows(word, value):
    """Values are compared without regard to case, and words of reports are known."""
    (row,) = rows_of(table(REPORT, ("ACME", "Site", "", "", "", "", "20.01", word, "50.0")))

    assert (value, 50) == (row.fields["budget_by"], row.fields["budget"])


@pytest.mark.parametrize(
    ("header", "cells", "column"),
    [
        (("Client", "Name", "Budget by"), ("ACME", "Site", "Weeks"), "Budget by"),
        (("Client", "Name", "Bill by"), ("ACME", "Site", "Moon"), "Bill by"),
        (("Client", "Number", "Kind"), ("ACME", "1", "odd"), "Kind"),
        (("Client", "Number", "State"), ("ACME", "1", "lost"), "State"),
    ],
)
def test_a_value_that_harvest_does_not_know_is_a_problem(header, cells, column):
    """It is never sent."""
    (problem,) = problems_of(table(header, cells))

    assert (problem.column, "write one of" in problem.reason) == (column, True)


@pytest.mark.parametrize(
    ("status", "active"), [("Archived", False), ("Active", True), ("ARCHIVED", False), ("no", False)]
)
def test_a_status_says_whether_a_client_is_active(status, active):
    """As Clockify exports it."""
    (row,) = rows_of(table(("Name", "Currency", "Status"), ("ACME", "USD", status)), format="clients")

    assert active is row.fields["active"]


def test_a_column_twice_is_no_error_where_it_is_not_read():
    """Only a column that is read has to be there once."""
    content = table((*HARVEST, "Tags", "Tags", "Mood", "Mood"), (*harvest(), "", "", "", ""))

    assert len(rows_of(content)) == 1
    with pytest.raises(InvalidArgument, match="'Hours' is there twice"):
        opened(table((*HARVEST, "Hours"), (*harvest(), "1")))


@pytest.mark.parametrize("hours", ["35", "40", "168"])
def test_a_weekly_capacity_in_hours_is_a_problem(hours):
    """The field is in seconds, and nobody works 35 seconds a week."""
    content = table(("First name", "Last name", "Email", "Weekly capacity"), ("Ann", "Lee", "ann@example.com", hours))
    (problem,) = problems_of(content)

    assert problem.column == "Weekly capacity"
    assert f"write {int(hours) * 3600}" in problem.reason


@pytest.mark.parametrize("seconds", ["0", "126000"])
def test_a_weekly_capacity_in_seconds_is_read(seconds):
    """Nothing, or a week of 35 hours."""
    content = table(("First name", "Last name", "Email", "Weekly capacity"), ("Ann", "Lee", "ann@example.com", seconds))
    (row,) = rows_of(content)

    assert row.fields["weekly_capacity"] == int(seconds)
