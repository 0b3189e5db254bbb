"""Rows of time entries: filling, rounding, midnight, zones, people and days."""

import io
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Fill, Options, TimeRow, open_source
from tests.support.tables import HARVEST, TOGGL, harvest, opened, problems_of, rows_of, table, toggl


def one(content, **options):
    """The only row of a file."""
    (row,) = rows_of(content, **options)
    return row


@pytest.mark.parametrize("field", ["client", "project", "task"])
def test_an_empty_name_is_filled_by_its_option(field):
    """What the file has is left alone."""
    content = table(TOGGL, toggl(**{field: " "}), toggl())
    first, second = rows_of(content, fill=Fill(**{field: " Given  name "}))

    assert getattr(first, field) == "Given name"
    assert getattr(second, field) != "Given name"


@pytest.mark.parametrize("field", ["client", "project", "task"])
def test_an_empty_name_without_its_option_is_a_problem_that_names_it(field):
    """The message says what to type."""
    (problem,) = problems_of(table(TOGGL, toggl(**{field: ""})))

    assert problem.column == field.capitalize()
    assert f"give --{field} NAME" in problem.reason


@pytest.mark.parametrize(
    ("given", "person", "email"), [("two@Example.com", "", "two@example.com"), (" Person  Two", "Person Two", "")]
)
def test_an_empty_person_is_filled_by_name_or_address(given, person, email):
    """Whichever was given."""
    row = one(table(TOGGL, toggl(user="", email="")), fill=Fill(person=given))

    assert (person, email) == (row.person, row.email)


def test_a_row_without_a_person_names_the_option():
    """Where neither the file nor an option has one."""
    (problem,) = problems_of(table(HARVEST, harvest(first_name="", last_name=" ")))

    assert (problem.column, "give --person EMAIL or NAME" in problem.reason) == ("Person", True)


def test_a_column_that_is_missing_is_filled_like_an_empty_one():
    """A file without the column Client needs --client."""
    header, row = TOGGL[:2] + TOGGL[3:], toggl()[:2] + toggl()[3:]

    assert one(table(header, row), fill=Fill(client="ACME"), format="toggl").client == "ACME"
    assert [problem.column for problem in problems_of(table(header, row), format="toggl")] == ["Client"]


def test_all_that_is_wrong_with_a_row_is_reported_at_once():
    """Each cell with its line, row, column, text and reason."""
    bad = toggl(email="nobody", client="", start_date="soon", start_time="25:00", duration="-1:00:00")
    problems = problems_of(table(TOGGL, toggl(), bad))

    assert [(each.line, each.row, each.column, each.text) for each in problems] == [
        (3, 2, "Start date", "soon"), (3, 2, "Start time", "25:00"), (3, 2, "Duration", "-1:00:00"),
        (3, 2, "Client", ""), (3, 2, "Email", "nobody"),
    ]  # fmt: skip


def test_a_problem_reads_as_a_sentence_with_its_place():
    """Line, row, column, reason."""
    (problem,) = problems_of(table(TOGGL, toggl(start_date="soon")))

    assert str(problem) == "line 2, row 1, Start date: 'soon' is no date: write 2026-01-31"


@pytest.mark.parametrize(
    ("rounding", "hours"),
    [("half-up", "0.13"), ("half-even", "0.12"), ("up", "0.13"), ("down", "0.12")],
)
def test_hours_are_brought_to_two_decimals_as_wished(rounding, hours):
    """Seven and a half minutes are 0.125 hours."""
    row = one(table(TOGGL, toggl(duration="00:07:30")), rounding=rounding)

    assert (Fraction(1, 8), Decimal(hours)) == (row.exact, row.hours)


@pytest.mark.parametrize(
    ("duration", "rounding", "hours"),
    [
        ("00:07:29", "half-up", "0.00"), ("00:07:30", "half-up", "0.25"), ("00:00:01", "up", "0.25"),
        ("01:29:59", "down", "1.25"),
    ],
)  # fmt: skip
def test_hours_are_brought_to_whole_steps_first(duration, rounding, hours):
    """Quarters of an hour, up, down or to the nearest."""
    row = one(table(TOGGL, toggl(duration=duration)), rounding=rounding, round_to=15)

    assert row.hours == Decimal(hours)


@given(st.integers(0, 86_400))
def test_hours_depend_on_the_row_alone(seconds):
    """They are seconds / 3600, half up in the second decimal."""
    duration = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    row = one(table(TOGGL, toggl(duration=duration)))

    assert row.exact == Fraction(seconds, 3600)
    assert row.hours == Decimal((seconds * 100 + 1800) // 3600) / 100


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"rounding": "sideways"}, "half-up"),
        ({"round_to": 0}, "minutes from 1"),
        ({"delimiter": ";;"}, "one character"),
        ({"format": "excel"}, "toggl"),
        ({"zone": "Europe/Berlin"}, "--file-zone"),
        ({"file_zone": "Europe/Berlin"}, "--zone"),
        ({"file_zone": "Mars/Olympus", "zone": "Europe/Berlin"}, "no time zone"),
        ({"columns": {"Colour": "notes"}}, "not found. Available"),
        ({"columns": {"Description": "colour"}}, "Unknown field .colour.. Choose from"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, reason):
    """The error names what would."""
    with pytest.raises(InvalidArgument, match=reason):
        opened(table(TOGGL, toggl()), **options)


LATE = {"start_time": "23:30:00", "duration": "01:30:30"}


def test_an_entry_over_midnight_is_kept_on_its_first_day():
    """With its whole length; its end is a time of the next day."""
    row = one(table(TOGGL, toggl(**LATE)))

    assert (date(2026, 1, 5), Fraction(5430, 3600), time(23, 30), time(1, 0, 30), 0) == (
        row.day, row.exact, row.started, row.ended, row.part
    )  # fmt: skip


def test_an_entry_over_midnight_is_split_if_wished():
    """Each part has its day, its times, its hours and its number; together they are the whole."""
    parts = rows_of(table(TOGGL, toggl(**LATE)), midnight="split")

    assert [
        (date(2026, 1, 5), time(23, 30), time(0), Fraction(1, 2), 1),
        (date(2026, 1, 6), time(0), time(1, 0, 30), Fraction(3630, 3600), 2),
    ] == [(part.day, part.started, part.ended, part.exact, part.part) for part in parts]
    assert {(2, 1)} == {(part.line, part.row) for part in parts}


@given(st.integers(0, 86_399), st.integers(1, 4 * 86_400))
def test_parts_together_are_the_whole(start, seconds):
    """However long it is: no part is longer than a day, none is empty, and the sum is exact."""
    clock = f"{start // 3600:02}:{start // 60 % 60:02}:{start % 60:02}"
    duration = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    parts = rows_of(table(TOGGL, toggl(start_time=clock, duration=duration)), midnight="split")

    assert Fraction(seconds, 3600) == sum(part.exact for part in parts)
    assert all(0 < part.exact <= 24 for part in parts)
    assert [date(2026, 1, 5) + timedelta(days=number) for number in range(len(parts))] == [part.day for part in parts]


def test_an_entry_that_ends_at_midnight_is_whole():
    """Nothing lies on the next day."""
    row = one(table(TOGGL, toggl(start_time="23:30:00", duration="00:30:00")), midnight="split")

    assert (time(0), 0) == (row.ended, row.part)


def test_an_entry_without_a_start_can_not_be_split():
    """It stays whole on its day."""
    row = one(table(TOGGL, toggl(start_time="", duration="20:00:00")), midnight="split")

    assert (Fraction(20), None, 0) == (row.exact, row.started, row.part)


def test_a_missing_end_is_reported_by_the_start_and_the_length():
    """Accounts that track by start and end need both."""
    assert one(table(TOGGL, toggl(duration="00:45:10"))).ended == time(9, 45, 10)


TIMES = ("Date", "Client", "Project", "Task", "Person", "Start time", "End time", "End date")


@pytest.mark.parametrize(
    ("cells", "hours"),
    [
        (("9:00", "10:30", ""), Fraction(3, 2)),
        (("23:00", "1:00", ""), Fraction(2)),
        (("9:00", "9:00", "2026-01-06"), Fraction(24)),
    ],
)
def test_a_missing_length_is_reported_by_start_and_end(cells, hours):
    """An end that is not after the start is of the next day."""
    row = one(table(TIMES, ("2026-01-05", "ACME", "Website", "Design", "Person One", *cells)))

    assert hours == row.exact


@pytest.mark.parametrize(
    ("cells", "column"),
    [(("9:00", "", ""), "Hours"), (("", "", ""), "Hours"), (("9:00", "8:00", "2026-01-04"), "End date")],
)
def test_an_entry_without_any_length_is_a_problem(cells, column):
    """So is one that ends before it began."""
    (problem,) = problems_of(table(TIMES, ("2026-01-05", "ACME", "Website", "Design", "Person One", *cells)))

    assert column == problem.column


MOMENTS = ("Client", "Project", "Task", "Person", "Start", "End")


def test_moments_in_one_cell_tell_day_times_and_length():
    """With the day before the time of day."""
    row = one(table(MOMENTS, ("ACME", "Website", "Design", "Person One", "2026-01-05 23:00", "2026-01-06 00:30")))

    assert (date(2026, 1, 5), time(23), time(0, 30), Fraction(3, 2)) == (row.day, row.started, row.ended, row.exact)


@pytest.mark.parametrize(
    ("start", "end"),
    [("", "2026-01-05 10:00"), ("2026-01-05 10:00", "2026-01-05 09:00"), ("2026-01-05 10:00", ""), ("x", "y"),
     ("2026-01-05T09:00:00Z", "2026-01-05 10:00")],
)  # fmt: skip
def test_moments_that_are_no_span_are_a_problem(start, end):
    """The one that lacks, or the end that is not behind the start."""
    assert problems_of(table(MOMENTS, ("ACME", "Website", "Design", "Person One", start, end)))


def test_zones_move_times_and_days():
    """An evening in New York is the next morning in Berlin."""
    row = one(
        table(TOGGL, toggl(start_time="20:00:00", duration="01:00:00")),
        file_zone="America/New_York",
        zone="Europe/Berlin",
    )

    assert (date(2026, 1, 6), time(2), time(3)) == (row.day, row.started, row.ended)


def test_each_person_may_have_a_zone():
    """By address; the others are moved to the common one."""
    content = table(TOGGL, toggl(), toggl(user="Person Two", email="two@example.com"))
    rows = rows_of(content, file_zone="UTC", zone="Europe/Berlin", zones={"Two@example.com": "Asia/Tokyo"})

    assert [time(10), time(18)] == [row.started for row in rows]


def test_a_change_to_summer_time_lengthens_no_entry():
    """Hours stay, the clock jumps."""
    content = table(TOGGL, toggl(start_date="2026-03-29", start_time="00:30:00", duration="01:00:00"))
    row = one(content, file_zone="UTC", zone="Europe/Berlin")

    assert (time(1, 30), time(3, 30), Fraction(1)) == (row.started, row.ended, row.exact)


def test_zones_without_start_times_are_refused():
    """Nothing could be moved."""
    with pytest.raises(InvalidArgument, match="no start times"):
        rows_of(table(HARVEST, harvest()), file_zone="UTC", zone="Europe/Berlin")


def test_a_moment_with_an_offset_is_read_in_its_zone():
    """It is moved to the person's zone like any other."""
    content = table(
        MOMENTS, ("ACME", "Website", "Design", "Person One", "2026-01-05T23:30:00Z", "2026-01-06T00:00:00Z")
    )
    row = one(content, file_zone="UTC", zone="Europe/Berlin")

    assert (date(2026, 1, 6), time(0, 30)) == (row.day, row.started)


def test_more_than_a_day_on_one_day_is_a_problem():
    """In one entry, or in many; the message names the ways out."""
    long = toggl(start_time="00:00:00", duration="25:00:00")
    many = [toggl(duration="09:00:00")] * 3
    (first,), (second,) = problems_of(table(TOGGL, long)), problems_of(table(TOGGL, *many))

    assert (first.column, first.row, second.column, second.row) == ("Duration", 1, "Duration", 3)
    assert "25 h exceeds 24 h per day" in first.reason
    assert "one@example.com has 27 h on 2026-01-05" in second.reason
    assert "--long-days" in second.reason


def test_long_days_are_allowed_if_wished():
    """And other people's, and other days' hours are none of it."""
    many = [toggl(duration="09:00:00")] * 3
    others = [toggl(duration="20:00:00"), toggl(duration="20:00:00", start_date="2026-01-06"),
              toggl(duration="20:00:00", user="Person Two", email="two@example.com")]  # fmt: skip

    assert len(rows_of(table(TOGGL, *many), long_days=True)) == len(rows_of(table(TOGGL, *others)))


def test_two_names_with_one_address_are_a_problem():
    """The first spelling counts; blanks and case are no difference."""
    content = table(TOGGL, toggl(), toggl(user="person  ONE"), toggl(user="Person Won"))
    (problem,) = problems_of(content)

    assert (problem.row, problem.column) == (3, "Email")
    assert "'Person Won' has the e-mail address of 'Person One'" in problem.reason


def test_one_name_with_two_addresses_is_a_problem():
    """Both addresses are reported."""
    (problem,) = problems_of(table(TOGGL, toggl(), toggl(email="won@example.com")))

    assert "two e-mail addresses, one@example.com and won@example.com" in problem.reason


def test_addresses_alone_tell_people_apart_if_wished():
    """Then neither is a problem."""
    content = table(TOGGL, toggl(), toggl(user="Person Won"), toggl(email="won@example.com"))

    assert len(rows_of(content, people_by_email=True)) == 3


def test_a_mapped_column_goes_before_a_known_one():
    """What a person names is never overruled."""
    row = one(table((*TOGGL, "Memo"), (*toggl(), "Mapped")), columns={"memo": "notes"})

    assert row.notes == "Mapped"


def test_a_column_that_is_passed_over_is_not_noticed():
    """An empty field says that it was seen."""
    content = io.BytesIO(table((*TOGGL, "Memo"), (*toggl(), "")))
    with open_source(content, Options(columns={"Memo": ""})) as source:
        assert source.notices == ()


NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8).filter(
    lambda name: name.lower() not in {"null", "undefined"}  # placeholders
)


@given(
    st.lists(
        st.tuples(
            st.dates(date(2000, 1, 1), date(2030, 12, 31)), st.integers(0, 86_399), st.integers(0, 80_000), NAMES, NAMES,
            NAMES, NAMES,
        ),
        min_size=1,
        max_size=20,
    )
)  # fmt: skip
def test_any_rows_come_back_as_they_were_written(entries):
    """Day, start, end, hours and names of every row are read back equal, in the order of the file."""
    rows = []
    for day, start, seconds, client, project, task, person in entries:
        clock = f"{start // 3600:02}:{start // 60 % 60:02}:{start % 60:02}"
        duration = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        rows.append(toggl(
            user=person, email="", client=client, project=project, task=task, start_date=day.isoformat(),
            start_time=clock, duration=duration,
        ))  # fmt: skip
    read = rows_of(table(TOGGL, *rows), long_days=True)

    assert [
        TimeRow(
            line=number + 1, row=number, client=client, project=project, task=task, notes="Daily meeting", day=day,
            exact=Fraction(seconds, 3600), hours=Decimal((seconds * 100 + 1800) // 3600) / 100, person=person, email="",
            started=_clock(start), ended=_clock(start + seconds),
        )
        for number, (day, start, seconds, client, project, task, person) in enumerate(entries, 1)
    ] == read  # fmt: skip


def _clock(seconds):
    return time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
