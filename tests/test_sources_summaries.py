"""Files with hours that have no row for each entry with its day: they are refused, or read as what they are."""

from decimal import Decimal

import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import ExpenseRow, Fill, TimeRow
from tests.support.tables import opened, problems_of, rows_of, table

WHERE = ("Person", "Client", "Project", "Task")
PLACE = ("ann@example.com", "ACME", "Web", "Dev")
ENGLISH = ("Mon", "Tue", "Wed", "Thu", "Fri")


@pytest.mark.parametrize("first", [(), ("Date", "Hours"), ("Week of",)])
@pytest.mark.parametrize(
    "days",
    [
        ENGLISH,
        ("Monday 2/11", "Tuesday 3/11", "Wednesday 4/11", "Thursday 5/11", "Friday 6/11"),
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
        ("lun", "mar", "mer", "jeu", "ven"),
        ("2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06"),
    ],
)
def test_a_weekly_timesheet_is_refused(first, days):
    """Names two of its days, also where the file has a date and the hours of the whole week."""
    header = (*first, *WHERE, *days)
    with pytest.raises(InvalidArgument, match=f"a column for each day \\({days[0]}, {days[1]}"):
        opened(table(header, [*("2026-11-02", "15")[: len(first)], *PLACE, *"12345"]))


def test_a_weekly_timesheet_is_read_without_its_days():
    """The caller has seen them."""
    content = table(("Date", "Hours", *WHERE, *ENGLISH), ("2026-11-02", "15", *PLACE, *"12345"))
    (row,) = rows_of(content, columns=dict.fromkeys(ENGLISH, ""))

    assert row.hours == 15


@pytest.mark.parametrize(
    ("day", "hours"), [("Datum", "Stunden"), ("Date", "Heures"), ("Log day", "Hours"), ("Started", "Minutes spent")]
)
def test_days_and_hours_under_other_names_are_no_records(day, hours):
    """A timesheet would become projects and assignments: the message maps both columns."""
    with pytest.raises(InvalidArgument, match=f"--map '{day}=day' --map '{hours}=hours'"):
        opened(table((day, hours, "Client", "Project"), ("2026-11-02", "1", "ACME", "Web")))


@pytest.mark.parametrize(
    ("column", "text"),
    [("Time Spent (h)", "1.5"), ("Time spent", "1h 30m"), ("Time Spent (seconds)", "5400"), ("Hours worked", "1,5")],
)
def test_worklogs_are_time_entries(column, text):
    """Reads the columns of issue trackers."""
    header = ("Work date", "Client", "Project", "Task", "Email", "Work Description", column)
    (row,) = rows_of(table(header, ("2026-11-02 09:00", "ACME", "Web", "Dev", "ann@example.com", "Fix", text)))

    assert (row.hours, row.notes) == (Decimal("1.5"), "Fix")


def test_a_timesheet_with_amounts_holds_time():
    """Without a category, which every expense has, hours beside an amount and a flag are time entries."""
    header = ("Activity date", "Person", "Customer", "Project", "Memo", "Duration", "Billable", "Amount")
    content = table(header, ("2026-11-02", "ann@example.com", "ACME", "Web", "a", "01:30", "Yes", "150.00"))
    (row,) = rows_of(content, fill=Fill(task="Dev"))

    assert isinstance(row, TimeRow)
    assert row.hours == Decimal("1.5")


def test_expenses_need_a_category():
    """With it amounts are expenses."""
    header = ("Date", "Person", "Client", "Project", "Category", "Billable", "Amount")
    (row,) = rows_of(table(header, ("2026-11-02", "ann@example.com", "ACME", "Web", "Travel", "Yes", "150.00")))

    assert isinstance(row, ExpenseRow)


@pytest.mark.parametrize(("last", "hours"), [("2026-11-08", "20"), ("2026-11-04", "23:59"), ("2026-11-08", "119")])
def test_hours_of_several_days_are_a_problem(last, hours):
    """A row of a week without times of day would be logged on its first day."""
    header = ("Start date", "End date", *WHERE, "Duration")
    (problem,) = problems_of(table(header, ("2026-11-02", last, *PLACE, f"{hours} h")), long_days=True)

    assert problem.column == "End date"
    assert "one row for each day" in problem.reason


@pytest.mark.parametrize(
    ("last", "hours"), [("2026-11-03", "3"), ("2026-11-02", "8"), ("2026-11-04", "24.5"), ("", "3")]
)
def test_an_entry_over_midnight_needs_no_times_of_day(last, hours):
    """Reads one that a timer may have made."""
    header = ("Start date", "End date", *WHERE, "Duration")
    (row,) = rows_of(table(header, ("2026-11-02", last, *PLACE, f"{hours} h")), long_days=True)

    assert row.exact == Decimal(hours)


def test_a_title_above_the_header_is_found():
    """Says that lines above the header have to be deleted."""
    with pytest.raises(InvalidArgument, match="delete the lines above it"):
        opened(b"Detailed time report\n\nDate,Hours\n2026-11-02,1\n")


@pytest.mark.parametrize(("rows", "said"), [(2, ", and 1 more date of"), (3, ", and 2 more dates of"), (1, ": give")])
def test_doubtful_dates_are_counted(rows, said):
    """Singular and plural agree."""
    problem, *_ = problems_of(table(("Date", "Hours", *WHERE), *[("02/11/2026", "1", *PLACE)] * rows))

    assert said in problem.reason


@pytest.mark.parametrize("column", ["Project", "Task", "Person"])
@pytest.mark.parametrize("word", ["Total", "Grand Total", "Subtotal:", "Summe", " gesamt "])
def test_a_row_that_may_be_a_sum_is_announced(column, word):
    """Names the first one, which has a day and hours as other rows have."""
    good = {"Date": "2026-11-02", "Client": "ACME", "Project": "Web", "Task": "Dev", "Person": "Ann Lee", "Hours": "1"}
    rows = [tuple(row.values()) for row in (good, good | {column: word}, good | {column: word})]
    (notice,) = opened(table(tuple(good), *rows))[0].notices

    assert notice.column == column
    assert f"{word.strip()!r} on line 3 is read as a name" in notice.text


@pytest.mark.parametrize("name", ["Total Recall", "Totals Ltd", "Summer", "Gesamtplanung"])
def test_a_name_with_a_total_in_it_is_not_announced(name):
    """Only a cell that holds nothing else is one."""
    good = {"Date": "2026-11-02", "Client": "Total", "Project": name, "Task": "Dev", "Person": "Ann Lee", "Hours": "1"}

    assert opened(table(tuple(good), tuple(good.values())))[0].notices == ()
