"""Times and lengths that can be read in two ways: they are asked for, never guessed."""

from datetime import date, time
from fractions import Fraction

import pytest

from harvest_async.importer.sources import Fill, TimeRow
from tests.support.tables import opened, problems_of, rows_of

HEADER = "Date,Client,Project,Task,Person,Start time,End time,Notes\n"
BERLIN = {"file_zone": "Europe/Berlin", "zone": "Europe/Berlin"}


def clocked(started, ended, day="2026-05-04"):
    return f"{HEADER}{day},ACME,Web,Dev,ann@example.com,{started},{ended},a\n".encode()


def measured(columns, values):
    return f"Date,Client,Project,Task,Person,{columns}\n2026-05-04,ACME,Web,Dev,ann@example.com,{values}\n".encode()


@pytest.mark.parametrize(("started", "ended"), [("9:00 AM", "5:30"), ("1:00", "3:00 PM"), ("9 am", "5:30")])
def test_a_time_without_am_or_pm_beside_one_with_it_is_asked_for(started, ended):
    """Reports the time that lacks AM or PM where the other time of the row has it."""
    (problem,) = problems_of(clocked(started, ended))

    assert "has no AM or PM" in problem.reason


@pytest.mark.parametrize(("started", "ended"), [("9:00 AM", "17:30"), ("0:30", "9:00 AM"), ("9:00", "17:30")])
def test_a_time_of_24_hours_needs_no_am_or_pm(started, ended):
    """Reads times that can only be in one half of the day."""
    (row,) = rows_of(clocked(started, ended))

    assert row.exact == Fraction(17, 2)


@pytest.mark.parametrize(
    ("begin", "end", "column"),
    [
        ("13/11/2026 1:00", "13/11/2026 2:00 PM", "Start"), ("2026-11-13 9:00 AM", "2026-11-13 11:00", "End"),
        ("Nov 13, 2026 1:00", "Nov 13, 2026 2:00pm", "Start"),
    ],
)  # fmt: skip
def test_a_day_and_time_without_am_or_pm_beside_one_with_it_is_asked_for(begin, end, column):
    """Reports it for times with their dates, too."""
    content = f'Client,Project,Task,Person,Start,End\nACME,Web,Dev,ann@example.com,"{begin}","{end}"\n'.encode()
    (problem,) = problems_of(content)

    assert (problem.column, "has no AM or PM" in problem.reason) == (column, True)


@pytest.mark.parametrize(("started", "ended"), [("9:00", "5:30"), ("09:00:30", "09:00:00"), ("08:00", "07:00")])
def test_an_entry_of_more_than_16_hours_over_midnight_is_asked_for(started, ended):
    """Reports an end before the start where crossing midnight would make a day's work of it."""
    (problem,) = problems_of(clocked(started, ended))

    assert problem.column == "End time"
    assert "over midnight" in problem.reason


def test_a_night_shift_is_read():
    """Reads 22:00 to 06:00 as 8 hours."""
    (row,) = rows_of(clocked("22:00", "06:00"))

    assert row.exact == 8


@pytest.mark.parametrize(
    ("columns", "values"),
    [("Hours,Minutes", "1,30"), ("Hours,Duration", "1,2:00"), ("Duration,Hours", "01:30:00,2.50")],
)
def test_lengths_that_contradict_each_other_are_a_problem(columns, values):
    """Reports the second of two columns that say different lengths."""
    (problem,) = problems_of(measured(columns, values))

    assert "correct one of them" in problem.reason


@pytest.mark.parametrize(("columns", "values"), [("Duration,Hours", "01:20:00,1.33"), ("Hours,Minutes", "1.5,90")])
def test_lengths_that_agree_are_read(columns, values):
    """Reads the first of two columns that say the same length, apart from rounding."""
    (row,) = rows_of(measured(columns, values))

    assert row.exact in {Fraction(4, 3), Fraction(3, 2)}


def test_a_start_that_the_clocks_left_out_is_a_problem():
    """Reports a start at 02:30 on the night when the clocks go from 02:00 to 03:00."""
    content = b"Date,Client,Project,Task,Person,Start time,Hours\n2026-03-29,ACME,Web,Dev,a@example.com,02:30,1\n"
    (problem,) = problems_of(content, **BERLIN)

    assert "does not exist" in problem.reason


def test_a_start_that_was_twice_is_asked_for():
    """Reports a start at 02:30 on the night when the clocks go back from 03:00 to 02:00, where no end decides."""
    content = b"Date,Client,Project,Task,Person,Start time,Hours\n2026-10-25,ACME,Web,Dev,a@example.com,02:30,1\n"
    (problem,) = problems_of(content, **BERLIN)

    assert "was twice" in problem.reason


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 4), ("2026-10-24", 6)])
def test_an_entry_over_midnight_and_a_change_of_clocks_ends_when_the_file_says(day, hours):
    """Splits 23:00 to 04:00 at midnight; the second part ends at 04:00 in spring and in autumn."""
    rows = rows_of(clocked("23:00", "04:00", day), **BERLIN, midnight="split")

    assert [(row.started, row.ended) for row in rows] == [(time(23), time(0)), (time(0), time(4))]
    assert sum(row.exact for row in rows) == hours


def test_an_end_with_another_offset_keeps_its_own_clock():
    """Ends at 03:30 where the end is written with the offset that is in force by then."""
    content = (
        b"Begin,End,Client,Project,Task,Person\n"
        b"2026-03-29T01:30:00+01:00,2026-03-29T03:30:00+02:00,ACME,Web,Dev,a@example.com\n"
    )
    (row,) = rows_of(content)

    assert (row.exact, row.started, row.ended) == (1, time(1, 30), time(3, 30))


def test_days_are_no_unit_of_work():
    """Reports 1d, which may be 8 or 24 hours."""
    (problem,) = problems_of(measured("Hours", "1d"))

    assert problem.column == "Hours"


@pytest.mark.parametrize("dash", ["-", "--", "\u2013", "\u2014"])
def test_a_dash_is_no_name(dash):
    """Reads a dash of any kind as an empty name."""
    content = f"Date,Client,Project,Task,Person,Hours\n2026-05-04,ACME,{dash},Dev,ann@example.com,1\n".encode()
    _, items = opened(content, fill=Fill(project="Web"))
    (row,) = (item for item in items if isinstance(item, TimeRow))

    assert row.project == "Web"


def test_a_guessed_encoding_is_reported():
    """Says that a file which is not UTF-8 was read as cp1252, and how to name another encoding."""
    content = HEADER.encode() + "2026-05-04,Bäcker,Web,Dev,ann@example.com,9:00,10:00,a\n".encode("iso8859-2")
    found, _ = opened(content)

    assert any("--encoding" in notice.text for notice in found.notices)


@pytest.mark.parametrize(("started", "ended"), [("10:00", "1:00"), ("11:30", "2:15"), ("12:30", "1:00")])
def test_an_end_that_may_be_in_the_afternoon_is_asked_for(started, ended):
    """Reports 10:00 to 1:00, which are 3 hours without AM and PM, where no time shows a clock of 24 hours."""
    (problem,) = problems_of(clocked(started, ended))

    assert problem.column == "End time"
    assert "on the next day or" in problem.reason


def test_another_row_shows_a_clock_of_24_hours():
    """Reads 10:00 to 1:00 as 15 hours in a file that has 13:00, too."""
    content = clocked("10:00", "1:00") + b"2026-05-06,ACME,Web,Dev,ann@example.com,13:00,14:00,a\n"
    night, day = rows_of(content)

    assert (night.exact, day.exact) == (15, 1)


def test_a_length_decides_where_an_end_may_be_in_the_afternoon():
    """Reads 10:00 to 1:00 as 15 hours if the duration says so."""
    (row,) = rows_of(measured("Start time,End time,Hours", "10:00,1:00,15"))

    assert row.exact == 15


@pytest.mark.parametrize("column", ["Hours", "Duration"])
def test_hours_with_a_point_beside_minutes_are_announced(column):
    """Reads 1.30 as 1.3 hours, and says so where the column has 1:30, too."""
    content = measured(column, "1:30") + b"2026-05-05,ACME,Web,Dev,ann@example.com,1.30\n"
    found, (first, second) = opened(content)

    assert (first.exact, second.exact) == (Fraction(3, 2), Fraction(13, 10))
    assert [notice.text for notice in found.notices] == [
        "'1.30' is read as decimal hours, and '1:30' on line 2 has minutes"
    ]


@pytest.mark.parametrize("other", ["1.75", "1.5", "2", "1:15"])
def test_hours_that_can_be_no_minutes_need_no_notice(other):
    """Nobody writes 1.75 for hours and minutes."""
    content = measured("Hours", "1:30") + f"2026-05-05,ACME,Web,Dev,ann@example.com,{other}\n".encode()

    assert opened(content)[0].notices == ()


def dated(*days):
    """A file with an hour on each of the days."""
    rows = "".join(f"{day},ACME,Web,Dev,ann@example.com,1\n" for day in days)
    return f"Date,Client,Project,Task,Person,Hours\n{rows}".encode()


@pytest.mark.parametrize(
    "days",
    [
        ("2026-02-11", "11/13/2026", "2026-03-11"), ("13/11/2026", "2026-02-11 00:00:00"), ("2026/2/11", "13.11.26"),
    ],
)  # fmt: skip
def test_dates_that_a_spreadsheet_program_may_have_exchanged_are_asked_for(days):
    """Asks where dates of another order were left as text, so that day and month of the others may be exchanged."""
    problems = problems_of(dated(*days))

    assert [(each.row, each.column) for each in problems] == [(0, "Date")]
    assert "may have its day and its month exchanged" in problems[0].reason


@pytest.mark.parametrize(
    "days", [("2026-02-13", "11/13/2026"), ("2026-02-11", "11/13/2026", "10/10/2026"), ("2026-02-11", "2026-02-12")]
)
def test_dates_that_nobody_exchanged_are_read(days):
    """Reads dates of two forms where a later day, or a text that would have been a date, shows that none was changed."""
    assert len(days) == len(rows_of(dated(*days)))


def test_the_order_of_dates_decides_where_they_may_be_exchanged():
    """Reads both forms as they are if the order is given."""
    rows = rows_of(dated("2026-02-11", "11/13/2026"), date_order="mdy")

    assert [date(2026, 2, 11), date(2026, 11, 13)] == [row.day for row in rows]
