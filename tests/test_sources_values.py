"""Values of cells in the many forms that people's files have: days, times of day, lengths of time, amounts of money."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.importer.sources.cells import REPORTED, Bad, read_flag, read_integer
from harvest_async.importer.sources.clocks import DAY, read_clock, read_end, read_moment
from harvest_async.importer.sources.days import orders_of, read_day
from harvest_async.importer.sources.numbers import read_money, split_number
from harvest_async.importer.sources.roster import full_name
from harvest_async.importer.sources.spans import read_duration, read_hours

SECOND_OF_NOVEMBER = date(2026, 11, 2)


@pytest.mark.parametrize(
    "text",
    [
        "2 Nov 2026", "2 November 2026", "2. November 2026", "2. Nov. 2026", "02-Nov-2026", "2-Nov-26", "2nd Nov 2026",
        "Nov 2, 2026", "November 2nd, 2026", "Nov 2 2026", "Mon, 2 Nov 2026", "Monday, November 2, 2026",
        "2 novembre 2026", "2 de noviembre de 2026", "2 nov. 2026", "2026-Nov-02", "2026/11/02", "2026.11.02",
        "2026. 11. 02.", "2026-11-02T09:30:00", "2026-11-02T09:30:00Z", "2026-11-02 09:30", "2026-11-02T23:59:59.999+02:00",
        "20261102", "2026年11月2日", "\u200e2026-11-02", "2026\u201111\u201102", "２０２６-11-02", "Mon 2026-11-02",
    ],
)  # fmt: skip
def test_a_day_is_read_in_every_form_that_has_one_meaning(text):
    """For each order of the file."""
    assert [read_day(text, order) for order in (None, "dmy", "mdy")] == [SECOND_OF_NOVEMBER] * 3


@pytest.mark.parametrize("text", ["Tue 2026-11-02", "Tuesday, November 2, 2026", "Di, 02.11.2026", "mar. 2 nov. 2026"])
def test_a_weekday_that_the_date_does_not_have_is_a_problem(text):
    """Either the date or the weekday is wrong, alone and before a time of day."""
    reason = "is 2026-11-02, a Monday: correct the date or the weekday"

    assert Bad(f"{text!r} {reason}") == read_day(text, "dmy")
    assert Bad(f"'{text} 09:30' {reason}") == read_moment(f"{text} 09:30", "dmy")


@pytest.mark.parametrize(
    ("text", "day"),
    [("Di, 03.11.2026", 3), ("di 01/11/2026", 1), ("ma. 02/11/2026", 2), ("ma 3/11/2026", 3), ("do 05-11-2026", 5)],
)
def test_a_short_weekday_may_be_of_any_language_in_which_it_fits(text, day):
    """Accepts di as Tuesday in German and as Sunday in French."""
    assert date(2026, 11, day) == read_day(text, "dmy")


@pytest.mark.parametrize("text", ["Mar 2, 2026", "Mar 02 2026", "Mar 2 2026 9:30 AM"])
def test_a_month_that_is_short_for_a_weekday_elsewhere_is_a_month(text):
    """Reads Mar in front of a day and a year as March, though mar. is a Tuesday in French."""
    assert date(2026, 3, 2) == read_day(text, None)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("02.11.2026", "dmy"), ("2.11.26", "dmy"), ("2/11/26", "dmy"), ("11/2/26", "mdy"), ("26/11/02", "ymd"),
        ("26-11-02", "ymd"), ("11/2/2026 9:30 AM", "mdy"), ("02.11.2026, 09:30", "dmy"), ("Mo, 02.11.2026", "dmy"),
        ("2. 11. 2026", "dmy"),
    ],
)  # fmt: skip
def test_a_day_of_three_numbers_is_read_in_the_order_of_the_file(text, order):
    """With years of four digits and of two."""
    assert read_day(text, order) == SECOND_OF_NOVEMBER


@pytest.mark.parametrize("text", ["2/11/26", "02/11/26", "2/11/2026", "2/11/26 09:30"])
def test_a_day_that_fits_two_orders_is_asked_for(text):
    """The row is not read until the order of the file is known."""
    assert REPORTED is read_day(text, None)


@pytest.mark.parametrize(
    ("text", "year"), [("31/12/99", 1999), ("31/12/69", 1969), ("31/12/68", 2068), ("31.12.00", 2000)]
)
def test_years_of_two_digits_are_of_1969_to_2068(text, year):
    """As the C library and Python read them."""
    assert date(year, 12, 31) == read_day(text, "dmy")


def test_a_year_of_two_digits_before_the_service_existed_is_no_reading():
    """26/11/02 has the year first, for the service did not exist in 2002."""
    assert {"ymd"} == set(orders_of("26/11/02"))


@pytest.mark.parametrize(
    "text", ["Week 2 2026", "2 Smarch 2026", "Nov 2026", "2 Nov", "32 Nov 2026", "2026-13-01", "11.2026", "0", "1e5",
             "2026-11-02-03", "20263102", "2026-2/11", "12345678901"],
)  # fmt: skip
def test_other_texts_are_no_days(text):
    """They are reported as they are."""
    assert Bad(f"{text!r} is no date: write 2026-01-31") == read_day(text, "dmy")


@pytest.mark.parametrize(
    "text",
    [
        "9:30", "09:30:00", "9.30", "09.30.00", "9h30", "9 h 30", "09h30", "9H30", "9h30min", "0930", "9:30 AM", "9:30 am",
        "9:30 a.m.", "9:30 a. m.", "9:30\u00a0a.\u00a0m.", "9:30\u202fAM", "9:30a", "9.30 am", "9:30 Uhr", "9.30 Uhr",
        "kl. 9.30", "9:30:00.000", "9:30:00,5", " 9:30 ", "９：３０", "09:30 hrs",
    ],
)  # fmt: skip
def test_half_past_nine_in_every_form(text):
    """The forms of several languages and programs."""
    assert time(9, 30) == read_clock(text)


@pytest.mark.parametrize(
    ("text", "clock"),
    [("9h", time(9)), ("9 pm", time(21)), ("12 am", time(0)), ("1:45 p. m.", time(13, 45)), ("2130", time(21, 30))],
)
def test_other_times_of_day(text, clock):
    """Whole hours, afternoons and four digits."""
    assert clock == read_clock(text)


def test_24_00_is_the_end_of_a_day_and_no_start():
    """The start of the next day is its 00:00."""
    assert [read_end(text) for text in ("24:00", "24:00:00", "24.00")] == [DAY, DAY, DAY]
    assert "write 00:00 and the next day" in read_clock("24:00").reason
    assert isinstance(read_end("24:00:01"), Bad)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-01-05 09:00", "map the columns to begin and end"),
        ("09:00Z", "offset from UTC"),
        ("09:00+02:00", "offset from UTC"),
    ],
)
def test_a_moment_in_a_column_of_times_says_what_to_do(text, reason):
    """The day, or the offset, is not thrown away."""
    assert reason in read_clock(text).reason


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-02 24:00", datetime(2026, 11, 3)), ("2 Nov 2026 9:30 PM", datetime(2026, 11, 2, 21, 30)),
        ("02.11.2026, 9.30", datetime(2026, 11, 2, 9, 30)), ("02/11/26 09h30", datetime(2026, 11, 2, 9, 30)),
        ("Nov 2, 2026 at 9:30 a. m.", datetime(2026, 11, 2, 9, 30)), ("2026/11/02 09:30Z", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("2026-11-02 09:30 UTC", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)), ("2/11/2026 9:30 GMT", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
        ("2/11/2026 9:30 +0200", datetime(2026, 11, 2, 9, 30, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-11-02T09:30:00.123456789Z", datetime(2026, 11, 2, 9, 30, 0, 123456, UTC)),
    ],
)  # fmt: skip
def test_moments_in_every_form(text, moment):
    """Any day with any time of day, and an offset if there is one."""
    assert moment == read_moment(text, "dmy")


@pytest.mark.parametrize(
    "text",
    [
        "1:30", "01:30:00", "1:30:00.0", "1.5h", "1,5 h", "1.5 hours", "1.50", "1,50", "1h30", "1h 30m", "1 h 30 min",
        "1 hr 30 mins", "1 hour, 30 minutes", "1 hour and 30 minutes", "1h30m0s", "PT1H30M", "pt1h30m", "PT90M", "PT1.5H",
        "P0DT1H30M0S", "90 min", "90m", "90 minutes", "90:00 min", "1:30 h", "1:30 hrs", "5400 s", "5400 sec", "1 Std. 30 Min.",
        "1 Stunde 30 Minuten", "1 heure et 30 minutes", "1\u00a0h\u00a030\u00a0min", "1.5 hrs",
    ],
)  # fmt: skip
def test_an_hour_and_a_half_in_every_form(text):
    """Colons, units, ISO 8601 and decimal hours."""
    assert Fraction(3, 2) == read_duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("18:25 min", 1105), ("45 sec", 45), ("0.50", 1800), ("0.78 h", 2808), ("26:15:00", 94500), ("100:00", 360000),
        ("1 day, 2:00:00", 93600), ("P1DT2H", 93600), ("1m30", 90), ("1m 30s", 90), ("0", 0), ("0:00", 0),
        ("1:30:00.500", Fraction(10801, 2)), ("0,5 min", 30), ("PT0S", 0), ("75:30 min", 4530),
    ],
)  # fmt: skip
def test_other_lengths_of_time(text, seconds):
    """To the second, and below."""
    assert Fraction(seconds) / 3600 == read_duration(text)


@pytest.mark.parametrize(
    "text",
    ["-1:30", "\u22121.5", "\u20131:30", "- 1.5", "(1:30)", "(1.50)", "1.50-", "-PT1H", "PT-1H", "-1h 30m", "-90 min", "(2 h)"],
)  # fmt: skip
@pytest.mark.parametrize(
    "read", [read_duration, lambda text: read_hours(text, None), lambda text: read_hours(text, None, 60)]
)
def test_negative_lengths_are_refused_in_every_form(read, text):
    """For each unit of the column."""
    assert f"{text.strip()!r} is negative".replace("\u2212", "-").replace("\u2013", "-") in read(text).reason


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "inf",
        "Infinity",
        "1e3",
        "1:60",
        "1h 90x",
        "30m 1h",
        "1 h 1 h",
        "P",
        "PT",
        "P1M",
        "1:2:3",
        "#VALUE!",
        "\u0661",
        "1 2",
        "5 USD",
        "half an hour",
    ],
)
def test_other_texts_are_no_lengths(text):
    """They are reported as they are."""
    assert "is no duration" in read_duration(text).reason
    assert "is no number of hours" in read_hours(text, None).reason


def test_a_whole_number_in_a_column_of_durations_is_hours_only_where_others_are_decimal():
    """90 may be minutes, seconds or hours: the person has to say which."""
    assert "may be hours, minutes or seconds" in read_duration("90").reason
    assert Fraction(2) == read_duration("2", decimals=True)


@pytest.mark.parametrize("text", ["1,200 min", "1.200 s", "1,200"])
def test_minutes_that_may_be_thousands_are_asked_for(text):
    """1,200 minutes are 20 hours, or a little more than one minute."""
    assert "can be read in two ways" in read_hours(text, None, 60, grouped=True).reason


def test_a_unit_in_the_cell_goes_before_that_of_the_column():
    """In a column of hours, and in one of minutes."""
    assert [Fraction(3, 2)] * 4 == [read_hours(text, None, unit) for text, unit in
                                    [("90 min", 1), ("1h 30m", 1), ("1.5 h", 60), ("PT1H30M", 60)]]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("US$ 12.50", "12.5"), ("US$12.50", "12.5"), ("R$ 12,50", "12.5"), ("12,50 kr", "12.5"), ("kr 12,50", "12.5"), ("12,50 kr.", "12.5"),
        ("12,50 zł", "12.5"), ("12,50\u00a0Kč", "12.5"), ("CHF 12.50", "12.5"), ("12.50EUR", "12.5"), ("Rs. 12.50", "12.5"), ("€12,50", "12.5"),
        ("$ 12.50 USD", "12.5"), ("A$12.50", "12.5"), ("(12.00)", "-12"), ("$(12.00)", "-12"), ("($12.00)", "-12"), ("-$12", "-12"),
        ("$-12", "-12"), ("12.00-", "-12"), ("\u221212,00", "-12"), ("12.-", "12"), ("12,--", "12"), ("1 234,50", "1234.5"),
        ("1\u00a0234,50", "1234.5"), ("1\u202f234,50", "1234.5"), ("1\u2009234,50", "1234.5"), ("1'234.50", "1234.5"), ("1\u2019234.50", "1234.5"),
        ("12,34,567.50", "1234567.5"), ("₹ 1,23,456.00", "123456"), ("1.234.567,89", "1234567.89"), ("+5", "5"),
    ],
)  # fmt: skip
def test_amounts_with_every_kind_of_currency_sign_and_thousands(text, money):
    """In the form of many countries."""
    assert Decimal(money) == read_money(text, None)


@pytest.mark.parametrize(
    "text",
    [
        "12%",
        "5k",
        "12 min",
        "1e5",
        "NaN",
        "--5",
        "(-5)",
        "-5-",
        "1 23",
        "12 345 67",
        "1,2,3",
        "1 234.567,89",
        "$5 €",
        "5 apples",
        "1.5.",
        "12,34,56",
    ],
)
def test_other_texts_are_no_amounts(text):
    """They are reported as they are."""
    assert Bad(f"{text!r} is no number: write 1234.50") == read_money(text, None)


@pytest.mark.parametrize(
    "read",
    [
        lambda text: read_day(text, "dmy"), read_clock, lambda text: read_moment(text, "dmy"), read_duration, read_flag, read_integer,
        lambda text: read_hours(text, None), lambda text: read_hours(text, ",", 60, grouped=True), lambda text: read_money(text, "."),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [
        "9" * 5_000,
        "1," * 2_500,
        "-" * 5_000,
        "(" * 5_000,
        "1h " * 2_000,
        "1." + "0" * 5_000,
        "Nov " * 2_000,
        "1:" * 3_000,
    ],
)
def test_a_text_of_thousands_of_characters_is_a_short_problem(read, text):
    """No traceback, and no message that fills the screen."""
    found = read(text)

    assert isinstance(found, Bad)
    assert len(found.reason) < 300


@given(
    st.text(max_size=40) | st.from_regex(r"[-+(]?[0-9 .,:'hmsPTZ/()-]{0,20}[A-Za-z€$.)-]{0,4}", fullmatch=True),
    st.sampled_from([None, ".", ","]),
)
def test_every_reader_is_total(text, mark):
    """Any text gives a value or a problem."""
    found = [
        read_day(text, None), read_day(text, "ymd"), read_clock(text), read_end(text), read_moment(text, "mdy"), read_moment(text, None),
        read_duration(text, mark), read_duration(text, mark, decimals=True), read_hours(text, mark),
        read_hours(text, mark, 60, grouped=True), read_money(text, mark), read_flag(text), read_integer(text),
    ]  # fmt: skip

    assert all(each is None or isinstance(each, Bad | date | time | int | Fraction | Decimal) for each in found)
    assert split_number(text) in (None, "?", ".", ",")


@given(
    st.dates(date(2006, 1, 1), date(2068, 12, 31)),
    st.sampled_from(["%d %b %Y", "%B %d, %Y", "%d-%b-%y", "%a, %d %B %Y", "%Y-%m-%dT12:00:00Z"]),
)
def test_any_day_with_the_name_of_its_month_comes_back(day, form):
    """In English, for each order of the file."""
    assert day == read_day(day.strftime(form), None)


@given(st.dates(date(2006, 1, 1), date(2068, 12, 31)), st.sampled_from(["dmy", "mdy", "ymd"]), st.sampled_from("/.-"))
def test_any_day_with_a_year_of_two_digits_comes_back(day, order, mark):
    """In each of the three orders."""
    form = mark.join({"dmy": ("%d", "%m", "%y"), "mdy": ("%m", "%d", "%y"), "ymd": ("%y", "%m", "%d")}[order])

    assert day == read_day(day.strftime(form), order)
    assert day == orders_of(day.strftime(form))[order]


@given(st.integers(0, 86_399), st.sampled_from(["%H:%M:%S", "%H.%M.%S", "%I:%M:%S %p", "%Hh%Mm%Ss"]))
def test_any_time_of_day_comes_back(seconds, form):
    """In 24 hours and in 12."""
    clock = time(seconds // 3600, seconds // 60 % 60, seconds % 60)

    assert clock == read_clock(clock.strftime(form))


FORMS = (
    "{h}:{m:02}:{s:02}",
    "{h}h {m}m {s}s",
    "{h} hr {m} min {s} sec",
    "PT{h}H{m}M{s}S",
    "{h} hours, {m} minutes, {s} seconds",
)


@given(st.integers(0, 744 * 3600), st.sampled_from(FORMS))
def test_any_length_comes_back_in_every_form(seconds, form):
    """To the second."""
    text = form.format(h=seconds // 3600, m=seconds // 60 % 60, s=seconds % 60)

    assert Fraction(seconds, 3600) == read_duration(text)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([(".", ","), (",", "."), (",", "\u202f"), (".", "\u2019"), (",", "\u00a0")]),
       st.sampled_from(["{}", "US$ {}", "{} kr", "€{}", "{} PLN"]), st.sampled_from(["-{}", "({})", "{}-", "\u2212{}"]))  # fmt: skip
def test_any_amount_comes_back_in_every_form(money, marks, currency, negative):
    """With thousands, a currency and a sign of any kind."""
    decimal, grouping = marks
    text = f"{abs(money):,.2f}".replace(",", "G").replace(".", decimal).replace("G", grouping)
    text = currency.format(negative.format(text) if money < 0 else text)

    assert money == read_money(text, decimal)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Lee, Ann", "Ann Lee"), ("van der Berg,  Jan", "Jan van der Berg"), ("Ann Lee", "Ann Lee"), ("Ann Lee, PhD", "Ann Lee, PhD"),
        ("King, Jr.", "King, Jr."), ("A, B, C", "A, B, C"), (", Ann", ", Ann"), ("Lee,", "Lee,"),
    ],
)  # fmt: skip
def test_a_name_with_its_last_part_in_front_is_turned(text, name):
    """The text behind the comma may also be a title."""
    assert name == full_name(text)
