"""Start, end and length of time entries: what is read, and what contradicts itself."""

from datetime import date, time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tables import opened, problems_of, rows_of, table

WHO = {"Client": "ACME", "Project": "Web", "Task": "Dev", "Person": "Ann Lee"}


def file(*rows):
    """A file with a client, project, task and person in each row, and the given columns."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return table([*WHO, *columns], *([*WHO.values(), *(row.get(name, "") for name in columns)] for row in rows))


def times(start, end, **more):
    """The cells of one entry on a Monday."""
    return {"Date": "2026-06-01", "Start time": start, "End time": end, **more}


def test_an_end_before_the_start_without_an_end_date_is_a_night_shift():
    """It ends on the next day."""
    (row,) = rows_of(file(times("22:00", "06:00")))

    assert (Decimal("8.00"), date(2026, 6, 1), time(6)) == (row.hours, row.day, row.ended)


def test_an_end_before_the_start_on_the_same_day_is_a_problem_of_the_end():
    """The file says the day of the end, so that it is no night shift."""
    (problem,) = problems_of(file(times("10:00 AM", "9:00 AM", **{"End date": "2026-06-01"})))

    assert (problem.column, problem.text) == ("End time", "9:00 AM")
    assert "is before the start" in problem.reason


def test_an_end_before_the_start_with_a_length_is_a_problem_too():
    """The length does not make the times right."""
    assert len(problems_of(file(times("10:00", "9:00", **{"End date": "2026-06-01", "Duration": "1:00"})))) == 1


def test_equal_start_and_end_without_an_end_date_may_be_0_or_24_hours():
    """The message names both, and what decides."""
    (problem,) = problems_of(file(times("09:00", "09:00")))

    assert problem.column == "End time"
    assert "0 or 24 h: give a duration or an end date" in problem.reason


@pytest.mark.parametrize(
    ("more", "hours"),
    [
        ({"End date": "2026-06-01"}, 0),
        ({"End date": "2026-06-02"}, 24),
        ({"Duration": "24:00:00"}, 24),
        ({"Duration": "0:00:00"}, 0),
    ],
)
def test_equal_start_and_end_are_read_where_something_decides(more, hours):
    """An end date, or a length."""
    (row,) = rows_of(file(times("09:00", "09:00", **more)))

    assert hours == row.hours


@pytest.mark.parametrize("end", ["24:00", "24:00:00"])
@pytest.mark.parametrize("more", [{}, {"End date": "2026-06-01"}, {"Hours": "2"}])
def test_24_00_is_the_midnight_behind_its_day(end, more):
    """With the day of the end, and without it."""
    (row,) = rows_of(file(times("22:00", end, **more)))

    assert (Decimal("2.00"), date(2026, 6, 1), time(0)) == (row.hours, row.day, row.ended)


def test_a_whole_day_is_24_hours():
    """From 00:00 to 24:00."""
    (row,) = rows_of(file(times("00:00", "24:00")))

    assert Decimal(24) == row.hours


@pytest.mark.parametrize(
    ("start", "end", "length"),
    [
        ("19:21:21", "19:39:46", "18:25"),
        ("09:00", "10:00", "22:00:00"),
        ("09:00", "10:00", "1:15"),
        ("22:00", "06:00", "7:00"),
        ("09:00", "10:00", "2h"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"End date": ""}])
def test_a_length_that_contradicts_start_and_end_is_a_problem_of_the_length(start, end, length, more):
    """The message has both, and says how to leave one of them out."""
    (problem,) = problems_of(file(times(start, end, Duration=length, **more)))

    assert (problem.column, problem.text) == ("Duration", length)
    assert 'correct one of them, or leave a column out with --map "Duration=" or --map "End time="' in problem.reason


def test_a_contradiction_is_settled_by_leaving_a_column_out():
    """Then the other column says how long the entry is, and the times agree with it."""
    content = file(times("09:00", "10:00", Duration="22:00:00"))
    (by_clock,), (by_length,) = rows_of(content, columns={"Duration": ""}), rows_of(content, columns={"End time": ""})

    assert (by_clock.hours, by_clock.ended) == (Decimal(1), time(10))
    assert (by_length.hours, by_length.ended) == (Decimal(22), time(7))


@pytest.mark.parametrize(
    ("start", "end", "column", "length"),
    [
        ("19:21:21", "19:39:46", "Duration", "0:18:25"), ("19:21:21", "19:39:46", "Hours", "0.31"), ("09:00", "10:20", "Hours", "1.3"),
        ("09:00", "10:20", "Hours", "1,33"), ("09:00", "10:20", "Minutes", "80"), ("09:00", "10:00", "Duration", "0:59:02"),
        ("09:00", "09:00", "Duration", "48:00:00"), ("23:30", "00:15", "Duration", "45 min"), ("09:00", "10:00", "Duration", "25:00:00"),
    ],
)  # fmt: skip
def test_what_rounding_leaves_out_is_no_contradiction(start, end, column, length):
    """A minute, the last decimal, and whole days where the file does not say the day of the end."""
    assert len(rows_of(file(times(start, end, **{column: length})), long_days=True)) == 1


def test_moments_that_contradict_a_length_are_a_problem():
    """For each form of start and end."""
    row = {"Start": "2026-06-01T09:00:00Z", "End": "2026-06-01T10:00:00Z", "Hours": "2"}
    (problem,) = problems_of(file(row))

    assert problem.column == "Hours"


BERLIN = {"file_zone": "Europe/Berlin", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("day", "start", "end", "hours", "ended"),
    [
        ("2026-03-29", "01:49", "03:15", Fraction(26, 60), time(3, 15)), ("2026-10-25", "01:30", "03:30", Fraction(3), time(3, 30)),
        ("2026-03-28", "22:00", "06:00", Fraction(7), time(6)), ("2026-10-24", "22:00", "06:00", Fraction(9), time(6)),
    ],
)  # fmt: skip
def test_hours_are_those_that_passed_when_the_clocks_were_turned(day, start, end, hours, ended):
    """In the zone of the file."""
    (row,) = rows_of(file({"Date": day, "Start time": start, "End time": end}), **BERLIN)

    assert (hours, ended) == (row.exact, row.ended)


def test_moments_are_measured_in_the_zone_of_the_file():
    """Like times of day."""
    (row,) = rows_of(file({"Start": "2026-03-29 01:49", "End": "2026-03-29 03:15"}), **BERLIN)

    assert Fraction(26, 60) == row.exact


def test_a_time_that_was_there_twice_is_asked_for():
    """From 01:30 to 02:30 may be one hour or two; a length decides."""
    row = {"Date": "2026-10-25", "Start time": "01:30", "End time": "02:30"}
    (problem,) = problems_of(file(row), **BERLIN)

    assert "1.00 or 2.00 hours, because the clocks were turned back: give a duration" in problem.reason
    assert [Fraction(2)] == [each.exact for each in rows_of(file({**row, "Duration": "2:00"}), **BERLIN)]


def test_an_end_that_is_earlier_on_the_clock_may_be_later_when_it_was_turned_back():
    """From 02:45 to 02:15 are thirty minutes."""
    row = {"Date": "2026-10-25", "Start time": "02:45", "End time": "02:15", "End date": "2026-10-25"}

    assert [Fraction(1, 2)] == [each.exact for each in rows_of(file(row), **BERLIN)]


def test_a_time_that_the_clocks_left_out_is_a_problem():
    """02:30 did not exist in Berlin on that day."""
    (problem,) = problems_of(file({"Date": "2026-03-29", "Start time": "01:30", "End time": "02:30"}), **BERLIN)

    assert "02:30 on 2026-03-29 does not exist in Europe/Berlin" in problem.reason


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0206-06-01", "2926-06-01"])
@pytest.mark.parametrize(
    "form", [{"Date": "{}", "Start time": "23:00", "End time": "01:00"}, {"Start": "{} 23:00", "Hours": "2"}]
)
@pytest.mark.parametrize("zone", [{}, {"file_zone": "Pacific/Kiritimati", "zone": "Pacific/Midway"}])
def test_a_year_that_can_not_be_right_is_a_problem(day, form, zone):
    """Not an overflow."""
    (problem,) = problems_of(file({name: text.format(day) for name, text in form.items()}), **zone)

    assert "can't be right" in problem.reason


@given(st.integers(0, 86_399), st.integers(1, 86_400))
def test_start_and_end_give_the_hours_between_them(start, length):
    """Over midnight, too, and with the length beside them."""
    end = start + length
    clocks = [f"{each // 3600 % 24:02}:{each // 60 % 60:02}:{each % 60:02}" for each in (start, end)]
    more = {"End date": "2026-06-01" if end < 86_400 else "2026-06-02"}
    length_too = {"Duration": f"{length}s"}
    for cells in (more, more | length_too, length_too):
        (row,) = rows_of(file(times(*clocks, **cells)))
        assert Fraction(length, 3600) == row.exact


def notices_of(content, **options):
    """What is reported about a file without a problem."""
    found, items = opened(content, **options)
    return [str(notice) for notice in found.notices], items


def minutes(*texts, **more):
    """A file with a column of minutes."""
    return file(*({"Date": "2026-06-01", "Minutes": text, **more} for text in texts))


def test_thousands_of_minutes_are_shown_by_whole_numbers_beside_them():
    """1,200 is 20 hours where the others have no decimals, and a notice says so."""
    notices, rows = notices_of(minutes("1,200", "90"))

    assert [Decimal(20), Decimal("1.5")] == [row.hours for row in rows]
    assert notices == [
        "Minutes: '1,200' is read as thousands, because the other numbers of the column are whole; see --decimal"
    ]


def test_thousands_of_seconds_are_shown_by_whole_numbers_beside_them():
    """By a point as well as by a comma."""
    content = file({"Date": "2026-06-01", "Seconds": "5.400"}, {"Date": "2026-06-01", "Seconds": "900"})

    assert [Decimal("1.5"), Decimal("0.25")] == [row.hours for row in rows_of(content)]


@pytest.mark.parametrize(
    ("texts", "hours"),
    [
        (["1,200", "7.5"], ["20.00", "0.13"]),
        (["1,200", "7,5"], ["0.02", "0.13"]),
        (["1,200", "1,234,567"], None),
        (["1.200", "0.250"], ["0.02", "0.00"]),
    ],
)
def test_decimals_in_the_column_decide_what_a_comma_before_three_digits_is(texts, hours):
    """Never the file's other columns alone."""
    _, rows = notices_of(minutes(*texts))

    assert hours is None or [Decimal(each) for each in hours] == [row.hours for row in rows]


@pytest.mark.parametrize("texts", [["1,200"], ["1,200", "1.200", "90"], ["1,200", "7.5", "7,5"]])
def test_minutes_that_nothing_decides_are_asked_for(texts):
    """In their row and column."""
    problem = problems_of(minutes(*texts))[0]

    assert (problem.row, problem.column, problem.text) == (1, "Minutes", "1,200")
    assert "give --decimal . or --decimal ," in problem.reason


def test_a_decimal_comma_elsewhere_does_not_make_1200_minutes_one():
    """It is asked for, unless the option says it."""
    content = file({"Date": "2026-06-01", "Minutes": "1,200"}, {"Date": "2026-06-01", "Hours": "2,5"})

    assert problems_of(content)[0].column == "Minutes"
    assert [Decimal("0.02"), Decimal("2.5")] == [row.hours for row in rows_of(content, decimal=",")]


def test_points_in_times_of_day_are_reported():
    """9.30 is half past nine in a column of times."""
    notices, (row,) = notices_of(file(times("9.30", "10.45")))

    assert (time(9, 30), Fraction(5, 4)) == (row.started, row.exact)
    assert notices == ["Start time: '9.30' is read as a time of day, 9:30"]


def test_decimal_hours_in_a_column_of_times_are_asked_for():
    """Where 9.75 is among them, 9.30 may be 09:18."""
    problems = problems_of(file(times("9.30", "10.45"), times("9.75", "11.00")))

    assert (problems[0].row, problems[0].column) == (0, "Start time")
    assert "'9.30' may be 9:30 or decimal hours, as '9.75' on line 3 is" in problems[0].reason


def test_moments_in_utc_are_reported():
    """Their days are those of UTC, unless zones move them."""
    content = file({"Start": "2026-06-01T23:30:00Z", "End": "2026-06-02T00:30:00Z"})
    notices, (row,) = notices_of(content)

    assert row.day == date(2026, 6, 1)
    assert notices == [
        "Start: '2026-06-01T23:30:00Z' is in UTC: the entry goes to the day of UTC; give --file-zone UTC and --zone to move times"
    ]
    assert notices_of(content, file_zone="UTC", zone="Europe/Berlin")[0] == []


@pytest.mark.parametrize("text", ["2026-06-01T23:30:00Z", "2026-06-01 23:30:00+00:00", "2026-06-01T23:30:00.000Z"])
def test_a_moment_in_utc_in_a_column_of_days_is_reported(text):
    """The day is read, the time of day is not."""
    notices, (row,) = notices_of(file({"Date": text, "Hours": "1"}))

    assert row.day == date(2026, 6, 1)
    assert f"{text!r} is in UTC" in notices[0]


def test_moments_without_an_offset_or_with_a_local_one_need_no_notice():
    """Their day is the one on people's calendars."""
    rows = [{"Start": f"2026-06-01T09:00:00{offset}", "Hours": "1"} for offset in ("", "+02:00", "-05:00")]

    assert notices_of(file(*rows))[0] == []


def days(*texts):
    """A file with these dates."""
    return file(*({"Date": text, "Hours": "1"} for text in texts))


@pytest.mark.parametrize("texts", [["2/11/26"], ["02/11/26", "03/11/26"], ["2/11/26", "2026-11-30"]])
def test_dates_with_years_of_two_digits_that_fit_two_orders_are_asked_for(texts):
    """Both readings are in the message."""
    problem = problems_of(days(*texts))[0]

    assert (problem.row, problem.line, problem.column) == (0, 2, "Date")
    assert "may be 2026-11-02 or 2026-02-11" in problem.reason
    assert "--date-order dmy or --date-order mdy" in problem.reason


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["2/11/26", "13/11/26"], "2026-11-02"), (["2/11/26", "11/13/26"], "2026-02-11"), (["26/11/02", "26/11/03"], "2026-11-02"),
        (["02.11.26"], "2026-11-02"), (["20/11/12", "26/11/05"], "2020-11-12"), (["11/2/2026", "11/13/26"], "2026-11-02"),
    ],
)  # fmt: skip
def test_dates_with_years_of_two_digits_are_settled_by_the_file_and_reported(texts, first):
    """A notice says how they are read."""
    notices, rows = notices_of(days(*texts))

    assert date.fromisoformat(first) == rows[0].day
    assert "if that is wrong give --date-order" in notices[0]


def test_dates_that_can_not_have_one_order_are_reported():
    """With years of two digits, too."""
    assert "bring the dates into one order" in problems_of(days("13/11/26", "11/13/26"))[0].reason


def test_no_date_of_json_lines_is_left_out_without_a_problem():
    """A text in two orders is asked for there as well."""
    line = b'{"day": "2/11/2026", "client": "A", "project": "B", "task": "C", "person": "D", "hours": 1}\n'
    (found,) = problems_of(line)

    assert "--date-order" in found.reason


def test_names_with_the_last_one_in_front_are_turned_and_reported():
    """They are the same person as in the other form."""
    content = table(
        [*WHO, "Date", "Hours"], *(["A", "B", "C", who, "2026-06-01", "1"] for who in ("Lee, Ann", "Ann Lee"))
    )
    notices, rows = notices_of(content)

    assert [row.person for row in rows] == ["Ann Lee"] * 2
    assert notices == ["Person: 'Lee, Ann' is read as 'Ann Lee'"]


def test_a_column_of_durations_may_hold_decimals_of_both_marks():
    """As older exports do: each number is read on its own."""
    content = file(*({"Date": "2026-06-01", "Duration": text} for text in ("0.50", "0.78 h", "1,50", "2")))

    assert [Decimal("0.5"), Decimal("0.78"), Decimal("1.5"), Decimal(2)] == [row.hours for row in rows_of(content)]


def test_whole_numbers_in_a_column_of_durations_are_asked_for():
    """Their unit is named by --map."""
    content = file({"Date": "2026-06-01", "Duration": "90"})

    assert "map the column to hours, minutes or seconds" in problems_of(content)[0].reason
    assert [Decimal("1.5")] == [row.hours for row in rows_of(content, columns={"Duration": "minutes"})]


@pytest.mark.parametrize("column", ["Hours", "Minutes", "Seconds", "Duration"])
def test_a_number_of_thousands_of_digits_is_a_problem_of_its_row(column):
    """Row and column are named, and the other rows are read."""
    content = file({"Date": "2026-06-01", column: "9" * 5_000}, {"Date": "2026-06-01", column: "1 h"})
    (problem,) = problems_of(content)

    assert (problem.line, problem.row, problem.column) == (2, 1, column)


@pytest.mark.parametrize(
    "column", ["user_email", "User Email", "user-email", "Employee email", "Member Email", "work email"]
)
def test_an_address_of_the_person_is_recognised(column):
    """Under the names that exports give it."""
    content = table(
        ["Client", "Project", "Task", column, "Date", "Hours"], ["A", "B", "C", "Ann@Example.com", "2026-06-01", "1"]
    )

    assert [row.email for row in rows_of(content)] == ["ann@example.com"]
