"""Files of each format -> rows. The files lie in `tests/files`."""

import json
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import (
    FORMATS,
    ClientRow,
    ContactRow,
    ExpenseRow,
    Fill,
    Options,
    PersonRow,
    Problem,
    ProjectRow,
    TaskRow,
    TimeRow,
    open_source,
    read_mapping,
)

FILES = Path(__file__).parent / "files"


def read(name, **options):
    """What a file gives, found and items."""
    with open_source(FILES / name, Options(**options)) as source:
        return source.found[0], list(source)


@pytest.mark.parametrize(
    ("name", "format", "rows"),
    [
        ("toggl.csv", "toggl", 3),
        ("clockify-mdy.csv", "clockify", 2),
        ("clockify-dmy.csv", "clockify", 2),
        ("harvest.csv", "harvest", 2),
        ("harvest-report-2014.csv", "harvest-report", 1),
        ("harvest-report-2026.csv", "harvest-report", 1),
        ("harvest-report-de.csv", "harvest-report", 2),
        ("harvest-expenses.csv", "harvest-expenses", 2),
        ("harvest-projects.csv", "harvest-projects", 2),
        ("people.csv", "people", 2),
        ("clients.csv", "clients", 2),
        ("contacts.csv", "contacts", 1),
        ("projects.csv", "projects", 2),
        ("tasks.csv", "tasks", 2),
        ("time.csv", "time", 1),
    ],
)
def test_the_format_is_found_by_the_columns(name, format, rows):
    """A file of a known format needs no option, and each of its columns is known."""
    found, items = read(name, fill=Fill(client="ACME", task="Design"))

    guessed = found.encoding == "cp1252"
    assert (format, rows, guessed) == (found.format, found.rows, bool(found.notices))
    assert [item for item in items if isinstance(item, Problem)] == []


def test_toggl_reports_times_to_the_second():
    """Hours are seconds / 3600 to two decimals, and start, end, notes and address are those of the file."""
    _, items = read("toggl.csv", fill=Fill(client="Fallback", task="Work"))

    assert items[1] == TimeRow(
        line=3,
        row=2,
        client="Fallback",
        project="Website",
        task="Work",
        notes='Review of #42, "twice"',
        day=date(2026, 1, 5),
        exact=Fraction(5430, 3600),
        hours=Decimal("1.51"),
        person="Person Two",
        email="two@example.com",
        started=time(23, 30),
        ended=time(1, 0, 30),
    )


def test_a_row_is_reported_with_the_line_on_which_it_begins():
    """Quoted line breaks count as lines, not as rows."""
    _, items = read("clients.csv")

    assert [(item.line, item.row) for item in items] == [(2, 1), (4, 2)]


@pytest.mark.parametrize(("name", "order"), [("clockify-mdy.csv", "mdy"), ("clockify-dmy.csv", "dmy")])
def test_clockify_dates_are_read_in_the_only_order_that_fits_the_file(name, order):
    """One date above twelve decides the order for all dates of the file, times are of 12 or 24 hours."""
    found, items = read(name)

    assert order == found.date_order
    assert [(date(2026, 1, 5), time(9), time(9, 30)), (date(2026, 1, 13), time(23, 30), time(0, 30))] == [
        (item.day, item.started, item.ended) for item in items
    ]


def test_dates_that_fit_two_orders_are_asked_for():
    """One problem concerns the whole file and names the option; other bad cells are reported along with it."""
    found, items = read("clockify-either.csv")
    problems = [item for item in items if isinstance(item, Problem)]

    assert found.date_order is None
    assert [(problem.line, problem.row, problem.column, problem.text) for problem in problems] == [
        (2, 0, "Start Date", "05/01/2026"),
        (4, 3, "Duration (h)", "never"),
    ]
    assert "2026-01-05 or 2026-05-01" in problems[0].reason
    assert "--date-order dmy or --date-order mdy" in problems[0].reason


@pytest.mark.parametrize(("order", "day"), [("dmy", date(2026, 1, 5)), ("mdy", date(2026, 5, 1))])
def test_an_option_settles_the_order_of_dates(order, day):
    """What a person says about the order is taken."""
    _, items = read("clockify-either.csv", date_order=order)

    assert day == items[0].day


def test_harvests_own_import_has_the_month_first():
    """The format prescribes M/D/YYYY, so that 1/6/2026 is the sixth of January."""
    _, items = read("harvest.csv")

    assert date(2026, 1, 6) == items[1].day


def test_a_report_in_another_language_reads_by_itself():
    """Semicolons, Windows-1252, decimal commas and dotted dates are found and reported."""
    found, items = read("harvest-report-de.csv")

    assert (found.encoding, found.delimiter, found.decimal, found.date_order) == ("cp1252", ";", ",", "dmy")
    assert [
        items[0].client, items[0].person, items[0].notes
    ] == ["Müller & Söhne", "Person Größer", "Prüfung – zweite Runde"]  # fmt: skip
    assert [(date(2015, 1, 26), Decimal("7.50")), (date(2015, 2, 2), Decimal("0.25"))] == [
        (item.day, item.hours) for item in items
    ]


def test_a_report_reads_hours_as_they_were_tracked():
    """Of Hours and Hours Rounded the first is read, and the code reports the project."""
    _, items = read("harvest-report-2026.csv")

    assert (Decimal("0.33"), "WEB-1") == (items[0].hours, items[0].project_code)


def test_expenses_have_money_or_units():
    """Thousands are grouped as the file does it; what the file does not say is None."""
    _, items = read("harvest-expenses.csv")

    assert [
        ExpenseRow(
            line=2, row=1, day=date(2026, 1, 5), client="ACME", project="Website", category="Travel", notes="Train",
            total_cost=Decimal("1234.50"), billable=True, person="Person One",
        ),
        ExpenseRow(
            line=3, row=2, day=date(2026, 1, 6), client="ACME", project="Website", category="Mileage",
            units=Decimal("12.5"), billable=False, person="Person Two",
        ),
    ] == items  # fmt: skip


def test_plain_files_hold_records_with_typed_fields():
    """Names are matched in human and in the contract's spelling; an empty cell says nothing."""
    reported = [read(name)[1][0] for name in ("clients.csv", "contacts.csv", "tasks.csv", "people.csv", "projects.csv")]

    assert reported == [
        ClientRow(
            line=2, row=1, name="ACME", fields={"currency": "Euro - EUR", "details": "1 Main Street\nSpringfield"}
        ),
        ContactRow(
            line=2, row=1, client="ACME", first_name="Person", last_name="Three", email="three@example.com",
            fields={"title": "Buyer", "phone_office": "555-0100", "phone_mobile": "555-0101"},
        ),
        TaskRow(
            line=2, row=1, name="Design",
            fields={"billable_by_default": True, "default_hourly_rate": Decimal(100), "is_default": True},
        ),
        PersonRow(
            line=2, row=1, email="one@example.com", first_name="Person", last_name="One",
            fields={
                "default_hourly_rate": Decimal("100.00"), "department": "Design", "is_admin": True,
                "is_contractor": False,
            },
        ),
        ProjectRow(
            line=2, row=1, client="ACME", name="Website", code="WEB-1",
            fields={
                "active": True, "bill_by": "Project", "billable": True, "budget": Decimal(1250),
                "budget_by": "project", "hourly_rate": Decimal("100.5"), "starts_on": date(2026, 1, 5),
            },
        ),
    ]  # fmt: skip


def test_harvests_projects_import_has_days_and_notes():
    """Empty days are left out."""
    _, items = read("harvest-projects.csv")

    assert [
        {"starts_on": date(2026, 1, 5), "notes": "New site"},
        {"ends_on": date(2026, 12, 31)},
    ] == [item.fields for item in items]


def test_a_mapping_file_reads_what_no_format_knows():
    """It names columns, passes one over, fills what is missing, and says how hours are rounded."""
    options = read_mapping((FILES / "other.toml").read_text(), Options())
    with open_source(FILES / "other.csv", options) as source:
        rows = list(source)

    assert (source.found[0].format, source.notices) == ("time", ())
    assert [(date(2026, 1, 31), Decimal("1.50"), "Erstens"), (date(2026, 2, 1), Decimal("0.75"), "")] == [
        (row.day, row.hours, row.notes) for row in rows
    ]


def test_each_format_has_a_title_and_needs_columns_of_its_kind():
    """The table of formats is sound: what a format is known by are columns that its kind knows."""
    for each in FORMATS.values():
        known = {*each.kind.names(), *each.kind.passed}
        needed = {name for group in each.kind.needed for name in group}

        assert needed <= {*each.kind.titles, *each.kind.fields}, each.name
        assert all(signs <= known for signs in each.signs), each.name
        assert set(each.kind.spellings.values()) <= {*each.kind.titles, *each.kind.fields}, each.name


def test_a_folder_of_an_export_names_what_its_numbers_mean():
    """Entries that report projects, tasks and people by number get their names from the files beside them."""
    with open_source(FILES / "export") as source:
        items = list(source)
    entry = next(item for item in items if isinstance(item, TimeRow))

    assert (
        entry.client, entry.project, entry.project_code, entry.task, entry.person, entry.email, entry.file
    ) == ("ACME", "Website", "WEB-1", "Design", "Person One", "one@example.com", "time_entries.jsonl")  # fmt: skip
    assert [item for item in items if isinstance(item, Problem)] == []


def test_a_folder_is_read_in_the_order_in_which_records_need_each_other():
    """Clients come before contacts and projects, those before assignments, those before entries."""
    with open_source(FILES / "export") as source:
        kinds = list(dict.fromkeys(type(item).__name__ for item in source))

    for earlier, later in [
        ("ClientRow", "ContactRow"), ("ClientRow", "ProjectRow"), ("ProjectRow", "TaskLinkRow"),
        ("TaskRow", "TaskLinkRow"), ("PersonRow", "UserLinkRow"), ("UserLinkRow", "TimeRow"),
        ("CategoryRow", "ExpenseRow"), ("InvoiceRow", "PaymentRow"), ("ClientRow", "InvoiceRow"),
    ]:  # fmt: skip
        assert kinds.index(earlier) < kinds.index(later)


def test_a_number_that_no_file_explains_is_a_problem(tmp_path):
    """A record that is unknown is reported with its file and field, and what to do."""
    (tmp_path / "time_entries.jsonl").write_text(
        '{"spent_at": "2026-01-05", "hours": 1, "project_id": 21, "task": "Design", "user": "Person One"}\n'
    )
    with open_source(tmp_path) as source:
        (problem,) = source

    assert (problem.column, problem.text) == ("project_id", "21")
    assert "no such record in projects" in problem.reason


def test_a_folder_without_files_of_an_export_is_refused(tmp_path):
    """The error names the files that could be there."""
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")

    with pytest.raises(InvalidArgument, match=r"clients\.jsonl"):
        open_source(tmp_path)


def test_files_of_a_folder_may_be_empty_or_foreign(tmp_path):
    """An export of an account without tasks is fine; a file that is called otherwise is noticed."""
    (tmp_path / "tasks.jsonl").write_text("")
    (tmp_path / "clients.csv").write_text("name\n")
    (tmp_path / "people.jsonl").write_text('{"email": "one@example.com", "first_name": "Person", "last_name": "One"}\n')
    (tmp_path / "budget.csv").write_text("a,b\n1,2\n")
    with open_source(tmp_path) as source:
        items = list(source)

    assert [PersonRow] == [type(item) for item in items]
    assert [str(notice) for notice in source.notices] == ["budget.csv: is not read: no resource is called so"]


def test_what_is_wrong_with_a_file_of_a_folder_names_it(tmp_path):
    """Whether the file as a whole can't be read, or a row of it; files that were opened are closed again."""
    (tmp_path / "clients.csv").write_text("name\nACME\n")
    (tmp_path / "tasks.csv").write_text("name,is_default\nDesign,maybe\n")
    with open_source(tmp_path) as source:
        (problem,) = (item for item in source if isinstance(item, Problem))
    assert str(problem) == "tasks.csv, line 2, row 1, is_default: 'maybe' is neither yes nor no: write one of them"

    (tmp_path / "people.csv").write_text("colour\nred\n")
    with pytest.raises(InvalidArgument, match=r"people\.csv: line 1: .* needs the columns Email"):
        open_source(tmp_path)


def test_rows_of_a_file_of_a_folder_are_taken_out_by_its_name(tmp_path):
    """Only that file's."""
    (tmp_path / "clients.csv").write_text("name\nACME\n")
    (tmp_path / "tasks.csv").write_text("name\nDesign\nTyping\n")
    with open_source(tmp_path) as source:
        assert list(source.cells("tasks.csv", {2})) == [["name"], ["Typing"]]


def test_the_digest_of_a_folder_is_that_of_all_its_files(tmp_path):
    """Another file, another digest."""
    (tmp_path / "clients.csv").write_text("name\nACME\n")
    (tmp_path / "tasks.csv").write_text("name\nDesign\n")
    with open_source(tmp_path) as one, open_source(tmp_path) as same:
        before = one.sha256
        assert before == same.sha256
    (tmp_path / "tasks.csv").write_text("name\nTyping\n")
    with open_source(tmp_path) as other:
        assert before != other.sha256


def test_a_project_without_its_client_is_a_problem(tmp_path):
    """Beside the file the project is known, and its client is not."""
    (tmp_path / "projects.jsonl").write_text('{"id": 1, "client_id": 9, "name": "Website"}\n')
    (tmp_path / "task_assignments.jsonl").write_text('{"project_id": 1, "task": "Design"}\n')
    with open_source(tmp_path) as source:
        problems = [item for item in source if isinstance(item, Problem)]

    assert [(problem.file, problem.column) for problem in problems] == [
        ("projects.jsonl", "client_id"),
        ("task_assignments.jsonl", "project_id"),
    ]


def test_units_of_a_priced_category_are_reported_from_plain_money():
    """An expense whose cost is that of its units is made by units again."""
    with open_source(FILES / "export") as source:
        (expense,) = (item for item in source if isinstance(item, ExpenseRow))

    assert (Decimal("12.30"), Decimal(1), False) == (expense.total_cost, expense.units, expense.by_units)


def test_lines_of_an_invoice_lose_the_numbers_of_projects(tmp_path):
    """They are those of another account; everything else stays to the letter."""
    lines = 'kind,description,project_id,amount\r\nService,"Work, and more",21,100.0\r\n'
    (tmp_path / "invoices.jsonl").write_text(
        json.dumps({"number": "1", "client": "ACME", "csv_line_items": lines}) + "\n"
    )
    with open_source(tmp_path) as source:
        (invoice,) = source

    assert lines.replace(",21,", ",,") == invoice.fields["line_items"]
