"""When two things are the same one."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.importer.account_records import LoggedEntry
from harvest_async.importer.match import differing, entry_key, expense_key, key_of, logged_key
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
