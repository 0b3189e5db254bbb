"""Text -> day, time of day, span, number, flag; and what the whole file says about the doubtful ones."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.importer.sources.cells import REPORTED, Bad, read_flag, read_integer
from harvest_async.importer.sources.clocks import read_clock, read_moment
from harvest_async.importer.sources.days import read_day
from harvest_async.importer.sources.evidence import DateDetector, NumberDetector
from harvest_async.importer.sources.numbers import read_money
from harvest_async.importer.sources.spans import read_duration, read_hours


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-01-31", None, date(2026, 1, 31)),
        (" 2026/1/31 ", None, date(2026, 1, 31)),
        ("2026.01.31", "mdy", date(2026, 1, 31)),
        ("2026-01-31 00:00:00", None, date(2026, 1, 31)),
        ("1/31/2026", "mdy", date(2026, 1, 31)),
        ("31/01/2026", "dmy", date(2026, 1, 31)),
        ("31.1.2026", "dmy", date(2026, 1, 31)),
        ("31-01-2026", "dmy", date(2026, 1, 31)),
        ("2/2/2026", None, date(2026, 2, 2)),
        ("29/02/2024", "dmy", date(2024, 2, 29)),
    ],
)
def test_days_in_all_their_forms(text, order, day):
    """The year first always, the year last in the order that is decided, and the same either way in any."""
    assert day == read_day(text, order)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", None), ("soon", None), ("2026-02-30", None), ("29/02/2026", "dmy"), ("13/1/2026", "mdy"),
        ("31/1/26", "mdy"), ("31/1.2026", "dmy"), ("1/31/2026", "ymd"), ("2026-01-31 09", None), ("0/0/2026", "dmy"),
        ("31 Smarch 2026", None), ("2026", None), ("31.1.", "dmy"), ("01-31-26-1", "mdy"), ("9" * 5_000, "dmy"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_bad(text, order):
    """Impossible days, days without a year and the wrong order are reported, with the form that would do."""
    reported = read_day(text, order)

    assert isinstance(reported, Bad)
    assert "a date is needed" in reported.reason or "write 2026-01-31" in reported.reason


def test_a_day_that_can_be_read_in_two_ways_is_reported_for_the_file():
    """The row alone has nothing to say about it."""
    assert REPORTED is read_day("1/2/2026", None)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("09:00", time(9)), ("9:05:07", time(9, 5, 7)), ("13:45:00.000", time(13, 45)), ("1:45 PM", time(13, 45)),
        ("12:00am", time(0)), ("12:30 p.m.", time(12, 30)), ("11:59:59 pm", time(23, 59, 59)), ("", None),
    ],
)  # fmt: skip
def test_times_of_day_in_all_their_forms(text, clock):
    """Of 24 hours and of 12; nothing is no time."""
    assert clock == read_clock(text)


@pytest.mark.parametrize(
    "text", ["24:01", "13:00 PM", "0:30 am", "9", "9:60", "9:00 xm", "morning", "9.5", "9,30", "9.75"]
)
def test_what_is_no_time_of_day_is_bad(text):
    """It is reported as it is."""
    assert Bad(f"{text!r} is no time of day: write 13:45:00") == read_clock(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T09:00:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31 09:00:00+01:00", datetime(2026, 1, 31, 9, tzinfo=timezone(timedelta(hours=1)))),
        ("2026-01-31 09:00", datetime(2026, 1, 31, 9)),
        ("31/01/2026 1:30 PM", datetime(2026, 1, 31, 13, 30)),
        ("", None),
    ],
)
def test_moments_in_all_their_forms(text, moment):
    """ISO 8601, or a day and a time of day."""
    assert moment == read_moment(text, "dmy")


@pytest.mark.parametrize("text", ["31/01/2026 late", "soon", "31/01/2026 "])
def test_what_is_no_moment_is_bad(text):
    """A day alone is a moment only in ISO form."""
    assert isinstance(read_moment(text, "dmy"), Bad)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("01:30:00", Fraction(3, 2)), ("1:30", Fraction(3, 2)), ("100:00:36", Fraction(10001, 100)),
        ("1h 30m", Fraction(3, 2)), ("45 min", Fraction(3, 4)), ("2 hours", Fraction(2)), ("36s", Fraction(1, 100)),
        ("0:00:00", Fraction(0)),
    ],
)  # fmt: skip
def test_durations_in_all_their_forms(text, hours):
    """A single colon parts hours and minutes."""
    assert hours == read_duration(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"), ("1:60", "no duration"), ("1.5x", "no duration"), ("-1:30:00", "is negative"),
        ("\u22120:30", "is negative"), ("745:00:00", "more than one entry can have"),
    ],
)  # fmt: skip
def test_what_is_no_duration_is_bad(text, reason):
    """Each fault has words of its own."""
    reported = read_duration(text)

    assert isinstance(reported, Bad)
    assert reason in reported.reason


@pytest.mark.parametrize(
    ("text", "mark", "hours"),
    [
        ("1.5", None, Fraction(3, 2)), ("1,5", None, Fraction(3, 2)), ("1,5", ",", Fraction(3, 2)),
        ("7", None, Fraction(7)), ("1:30", None, Fraction(3, 2)), ("1.125", None, Fraction(9, 8)),
        ("0,125", ",", Fraction(1, 8)), (".5", ".", Fraction(1, 2)), ("+2", None, Fraction(2)),
    ],
)  # fmt: skip
def test_hours_in_all_their_forms(text, mark, hours):
    """Hours are never in thousands, so that 1.125 is a little more than one hour."""
    assert hours == read_hours(text, mark)


@pytest.mark.parametrize(
    ("text", "mark", "reason"),
    [
        ("", None, "hours are needed"), ("-1.5", None, "is negative"), ("many", None, "no number of hours"),
        ("1,5", ".", "does not fit the decimal mark"), ("1e3", None, "no number of hours"),
        ("nan", None, "no number of hours"), ("745", None, "more than one entry can have"),
        ("1.2.3", None, "no number of hours"), ("12.34.5", ",", "does not fit"), ("\u0661", None, "no number of hours"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_hours_is_bad(text, mark, reason):
    """Each fault has words of its own."""
    reported = read_hours(text, mark)

    assert isinstance(reported, Bad)
    assert reason in reported.reason


def test_minutes_and_seconds_become_hours():
    """The unit says how many make an hour."""
    assert (Fraction(3, 2), Fraction(1, 100)) == (read_hours("90", None, 60), read_hours("36", None, 3600))


@pytest.mark.parametrize(
    ("text", "mark", "money"),
    [
        ("1,234.50", ".", "1234.50"), ("1.234,50", ",", "1234.50"), ("1,234", ".", "1234"), ("1.234", ",", "1234"),
        ("1 234,50", ",", "1234.50"), ("1'234.50", None, "1234.50"), ("$12.30", ".", "12.30"), ("12,30 €", ",", "12.30"),
        ("USD 12.30", None, "12.30"), ("12.30 EUR", None, "12.30"), ("-5", None, "-5"), ("1.234.567", None, "1234567"),
        ("0.125", None, "0.125"), ("1,234,567.8", None, "1234567.8"), ("12.3456", None, "12.3456"),
    ],
)  # fmt: skip
def test_money_in_all_its_forms(text, mark, money):
    """Grouped or not, with a currency or without."""
    assert Decimal(money) == read_money(text, mark)


@pytest.mark.parametrize(
    ("text", "mark", "reason"),
    [
        ("", None, "a number is needed"), ("free", None, "is no number"), ("1,234", None, "read in two ways"),
        ("1.234", None, "--decimal"), ("1,2", ".", "does not fit"), ("12,34.5", None, "is no number"),
        ("1..2", None, "is no number"),
    ],
)  # fmt: skip
def test_what_is_no_money_is_bad(text, mark, reason):
    """A number that can be read in two ways is asked for."""
    reported = read_money(text, mark)

    assert isinstance(reported, Bad)
    assert reason in reported.reason


@pytest.mark.parametrize(
    ("text", "flag"),
    [("Yes", True), ("no", False), ("TRUE", True), ("0", False), (" x ", True), ("", None)]
    + [(text, True) for text in ("Ja", "WAHR", "oui", "s\u00ed", "sim", "Billable")]
    + [(text, False) for text in ("nein", "FALSCH", "Non", "n\u00e3o", "nej", "Non-billable")],
)
def test_flags_in_all_their_forms(text, flag):
    """Nothing is neither."""
    assert flag is read_flag(text)


def test_what_is_no_flag_and_no_whole_number_is_bad():
    """Both are reported as they are."""
    assert Bad("'maybe' is neither yes nor no: write one of them") == read_flag("maybe")
    assert Bad("'1.5' is no whole number") == read_integer("1.5")
    assert (read_integer(" 12 "), read_integer("")) == (12, None)


@given(st.dates(), st.sampled_from(["dmy", "mdy"]), st.sampled_from("/.-"))
def test_any_day_comes_back_in_the_order_in_which_it_was_written(day, order, mark):
    """Reading is the inverse of writing."""
    parts = (day.day, day.month) if order == "dmy" else (day.month, day.day)

    assert day == read_day(f"{parts[0]}{mark}{parts[1]}{mark}{day.year:04}", order)
    assert day == read_day(day.isoformat(), None)


@given(st.integers(0, 24 * 31 * 3600))
def test_any_duration_comes_back_to_the_second(seconds):
    """Reading is the inverse of writing."""
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    assert Fraction(seconds, 3600) == read_duration(text)


@given(st.decimals(0, 10**9, places=2), st.sampled_from([(".", ","), (",", "."), (".", " "), (",", "'")]))
def test_any_money_comes_back_in_the_marks_in_which_it_was_written(money, marks):
    """Grouped by one mark, with another for decimals, decided for the file."""
    decimal, grouping = marks
    text = f"{money:,.2f}".replace(",", "G").replace(".", decimal).replace("G", grouping)

    assert money == read_money(text, decimal)


@given(st.text(max_size=20), st.sampled_from([None, ".", ","]))
def test_any_text_is_read_or_bad(text, mark):
    """No text makes a reader fail."""
    for found in (
        read_day(text, None), read_clock(text), read_duration(text), read_hours(text, mark), read_money(text, mark),
        read_flag(text), read_integer(text), read_moment(text, None),
    ):  # fmt: skip
        assert found is None or not isinstance(found, Bad) or isinstance(found.reason, str)


def settled(*texts, usual=None):
    """The order of dates, and the reason where there is none."""
    witness = DateDetector()
    for line, text in enumerate(texts, 2):
        witness.look(line, "Date", text)
    order, problem = witness.settle(usual)
    return order, problem.reason if problem else ""


def test_one_date_beyond_the_twelfth_settles_all():
    """Whichever order it shows."""
    assert settled("1/2/2026", "13/2/2026") == ("dmy", "")
    assert settled("1/2/2026", "2/13/2026") == ("mdy", "")


def test_dots_put_the_day_first_unless_the_file_shows_otherwise():
    """A rule that is stated, and gives way to evidence."""
    assert settled("1.2.2026") == ("dmy", "")
    assert settled("1.2.2026", "1.13.2026") == ("mdy", "")


def test_dates_that_fit_no_common_order_are_reported_together():
    """One of each is named, with its line."""
    order, reason = settled("13/2/2026", "2/13/2026")

    assert order is None
    assert "'13/2/2026' can only have the day first, but '2/13/2026' on line 3" in reason


def test_the_order_of_a_format_settles_what_fits_both():
    """But not against the file."""
    assert settled("1/2/2026", usual="mdy") == ("mdy", "")
    assert settled("1/2/2026", "13/2/2026", usual="mdy") == ("dmy", "")


def test_dates_that_say_nothing_leave_the_order_open():
    """The year first, the same either way, and what is no date at all."""
    assert settled("2026-01-02", "3/3/2026", "40/40/2026", "soon", "") == (None, "")


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1.5", "2"], "."), (["1,5", "1.000"], ","), (["1.234.567"], ","), (["1,234.5"], "."), (["1,234"], None),
        (["1.5", "1,5"], None), (["1,234", "0.5"], "."), (["", "x", "7"], None), (["1234,567"], ","),
    ],
)  # fmt: skip
def test_the_decimal_mark_is_what_some_number_shows_beyond_doubt(texts, mark):
    """A mark before exactly three digits shows nothing; two marks cancel each other out."""
    witness = NumberDetector()
    for text in texts:
        witness.look(text)

    assert mark == witness.settle()
