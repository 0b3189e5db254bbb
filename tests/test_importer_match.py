"""When two things are the same one."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.importer.account_records import LoggedEntry
from harvest_async.importer.match import (
    differing,
    entry_key,
    expense_key,
    key_of,
    logged_key,
    payment_key,
    plain_notes,
)
from harvest_async.importer.serialization import pack, pack_row, unpack, unpack_row
from tests.support.importing import DAY, time_row

NUMBERS = {("person", 1): 10, ("project", 2): 20, ("task", 3): 30, ("category", 3): 31}


@pytest.mark.parametrize(
    ("wanted", "there", "changes"),
    [
        ({"name": "A"}, {"name": "A"}, {}),
        ({"name": "A"}, {}, {"name": "A"}),
        ({"notes": ""}, {"notes": None}, {}),
        ({"notes": "a\r\nb "}, {"notes": "a\nb"}, {}),
        ({"rate": Decimal("1.50")}, {"rate": Decimal("1.5")}, {}),
        ({"billable": False}, {"billable": True}, {"billable": False}),
        ({"starts_on": DAY}, {"starts_on": date(2026, 1, 5)}, {}),
        ({"at": datetime(2026, 1, 5)}, {"at": None}, {"at": datetime(2026, 1, 5)}),
        ({"tags": ["a"]}, {"tags": ["a"]}, {}),
        ({"tags": ["a"]}, {"tags": ["b"]}, {"tags": ["a"]}),
        ({"name": "A"}, {"name": ""}, {"name": "A"}),
        ({"name": "A"}, {"name": "B"}, {"name": "A"}),
        ({"rate": 2}, {"rate": Decimal("2.00")}, {}),
        ({"rate": 2.5}, {"rate": Decimal("2.5")}, {}),
        ({"rate": 0}, {"rate": None}, {"rate": 0}),
        ({"rate": 2}, {"rate": 3}, {"rate": 2}),
        ({"billable": True}, {"billable": True}, {}),
        ({"starts_on": DAY}, {"starts_on": "2026-01-05"}, {}),
        ({"starts_on": DAY}, {"starts_on": date(2026, 1, 6)}, {"starts_on": DAY}),
        ({"at": time(9)}, {"at": time(9)}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, {"b": 2}),
    ],
)
def test_which_fields_differ(wanted, there, changes):
    """Values are compared by what they mean: nothing is like empty, numbers by their size, texts without line ends."""
    assert differing(wanted, there) == changes


@pytest.mark.parametrize(("person", "project", "other"), [(9, 2, 3), (1, 9, 3), (1, 2, 9)])
def test_what_the_file_does_not_speak_of_matches_nothing(person, project, other):
    """An entry of another person, project or task can't be equal to a row."""
    logged = LoggedEntry(7, project, other, DAY, "", hours=Decimal(1))

    assert logged_key("entry", person, logged, NUMBERS, timestamps=False) is None


def test_both_sides_have_the_same_key():
    """What the account has is known by the same key as the row that made it."""
    hours = LoggedEntry(7, 2, 3, DAY, "a\r\n", hours=Decimal("1.5"))
    span = LoggedEntry(7, 2, 3, DAY, "a", start=time(9, 0, 30), end=None)
    cost = LoggedEntry(7, 2, 3, DAY, "a", cost=Decimal(5))

    assert logged_key("entry", 1, hours, NUMBERS, timestamps=False) == entry_key(
        10, 20, 30, DAY, "a", hours=Decimal("1.50")
    )
    assert logged_key("entry", 1, span, NUMBERS, timestamps=True) == entry_key(
        10, 20, 30, DAY, "a", span=(time(9), None)
    )
    assert logged_key("expense", 1, cost, NUMBERS, timestamps=False) == expense_key(
        10, 20, 31, DAY, "a", Decimal("5.00")
    )


def digest(text):
    return blake2b(text.replace("|", "\x1f").encode(), digest_size=15).hexdigest()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (lambda: entry_key(1, 2, 3, DAY, " a\r\nb", hours=Decimal("1.5")), "entry|1|2|3|2026-01-05|1.50|a\nb"),
        (lambda: entry_key(1, 2, 3, DAY, ""), "entry|1|2|3|2026-01-05|0.00|"),
        (
            lambda: entry_key(1, 2, 3, DAY, "a", span=(time(9), None), hours=Decimal(1)),
            "entry|1|2|3|2026-01-05|09:00/|a",
        ),
        (lambda: entry_key(1, 2, 3, DAY, "a", span=(None, time(10, 5, 9))), "entry|1|2|3|2026-01-05|/10:05|a"),
        (lambda: expense_key(1, 2, 3, DAY, "a ", Decimal("5.001")), "expense|1|2|3|2026-01-05|5.00|a"),
        (
            lambda: payment_key(1, Decimal(5), datetime(2026, 1, 5, tzinfo=UTC), "a "),
            "payment|1|5.00|2026-01-05T00:00:00+00:00|a",
        ),
    ],
)
def test_a_key_is_the_same_in_every_version(key, text):
    """Journals have them, and an import is resumed by later versions, too."""
    assert key() == digest(text)


@pytest.mark.parametrize(("written", "stored"), [("0.125", "0.13"), ("0.135", "0.14"), ("-0.125", "-0.13")])
def test_half_a_hundredth_is_rounded_up_as_the_account_does(written, stored):
    """Of hours, costs and amounts of payments: what the account has is equal to what the file says."""
    paid = datetime(2026, 1, 5, tzinfo=UTC)
    keys = [
        (
            entry_key(1, 2, 3, DAY, "", hours=number),
            expense_key(1, 2, 3, DAY, "", number),
            payment_key(1, number, paid, ""),
        )
        for number in (Decimal(written), Decimal(stored))
    ]

    assert keys[0] == keys[1]


def test_a_payment_is_known_by_its_time_in_any_zone():
    """The server may return another zone than the file has."""
    there = datetime(2026, 1, 5, 13, tzinfo=timezone(timedelta(hours=1)))

    assert payment_key(1, Decimal(5), there, "") == payment_key(1, Decimal(5), datetime(2026, 1, 5, 12, tzinfo=UTC), "")


@pytest.mark.parametrize(
    ("notes", "plain"),
    [("a\r\nb\rc\nd", "a\nb\nc\nd"), (" \t a  b\n", "a  b"), ("e\u0301", "\u00e9"), ("\ufb01", "\ufb01")],
)
def test_notes_are_compared_without_line_ends_and_the_space_around_them(notes, plain):
    """All line ends are one, and an accented letter has one form; ligatures and the space between words stay."""
    assert plain_notes(notes) == plain


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (" ACME\t Ltd ", "acme ltd"),
        ("Stra\u00dfe \u00a0 A", "strasse a"),
        ("e\u0301", "\u00e9"),
        ("\u00c9\u200b", "\u00e9"),
        ("a\u3164\ufe00\u00adb", "ab"),
        ("\ufe0f\u034fa", "a"),
        ("\ufe10a", "\ufe10a"),
        ("\ufb01 \u2460", "fi \u2460"),
    ],
)
def test_the_form_in_which_a_name_is_compared(name, key):
    """Lower case, one blank between words, no invisible letters, composed accents."""
    assert key_of(name) == key


@given(st.text(), st.text())
def test_names_are_compared_without_case_and_blanks(left, right):
    """A name is like itself in capitals and with more blanks; comparing is symmetric."""
    assert key_of(f"  {left.strip()} ") == key_of(left)
    assert (key_of(left) == key_of(right)) == (key_of(right) == key_of(left))
    assert key_of("Straße  A") == key_of("STRASSE a")


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(), st.datetimes(), st.times(), st.fractions(), st.lists(st.text()),
)  # fmt: skip


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="$")), VALUES))
def test_what_goes_into_a_journal_comes_out_of_it(values):
    """Fields of every kind survive the journal, with their types."""
    found = unpack(pack(values))

    assert found == values
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in values.items()}


def test_rows_survive_the_journal():
    """A row comes out of the journal as it went in; what has no place in one is refused."""
    row = time_row(7, notes='"a"\n', started=None)

    assert unpack_row(*pack_row(row)) == row
    with pytest.raises(TypeError, match="can't be stored"):
        pack({"a": object()})
