"""Which time entries and expenses with lost responses were processed, by their keys or by their references."""

from datetime import date, time
from decimal import Decimal

import pytest

from harvest_async.importer.account_records import EntryReference, LoggedEntry
from harvest_async.importer.match import entry_key, expense_key
from tests.support.importing import DAY
from tests.support.lost_steps import ADA, BOB, CATEGORY, PROJECT, ROW, TASK, LostSteps, ReadAccount

RUN = "run"
KEY = entry_key(ADA, PROJECT, TASK, DAY, "a", hours=Decimal(1))
OTHER_KEY = entry_key(ADA, PROJECT, TASK, DAY, "b", hours=Decimal(1))
UNKNOWN = ("unknown", "the entries 7, 9 have the reference of this row: delete all but one, then resume")


def logged(number, *, project=PROJECT, other=TASK, notes="a", reference=None, group=RUN):
    """A time entry of an hour."""
    kept = None if reference is None else EntryReference(reference, group)
    return LoggedEntry(number, 100 + project, 100 + other, DAY, notes, hours=Decimal(1), reference=kept)


def lost(entries, *, references="off", rows=1, key=KEY, reference=None, account=None, **columns):
    """A journal with lost time entries of Ada."""
    steps = LostSteps(account or ReadAccount(logged=entries), run=RUN, references=references)
    for place in range(rows):
        given = None if reference is None else f"{reference}{place}"
        steps.add(
            ROW + place, "entry", key=key, person=ADA, project=PROJECT, other=TASK, day=DAY, reference=given, **columns
        )
    return steps


def test_each_person_is_read_once_from_the_first_to_the_last_lost_day():
    """In the order of the rows, in any order of their days."""
    steps = LostSteps(ReadAccount(logged=[]))
    for place, (person, day) in enumerate([(ADA, 5), (ADA, 7), (BOB, 6), (ADA, 2), (ADA, 4)]):
        steps.add(ROW + place, "entry", key=str(place), person=person, day=date(2026, 1, day))

    assert steps.reconcile("entry") == [{ROW + place: ("planned", None) for place in range(5)}]
    assert steps.account.reads == [
        ("logged", "entry", 100 + ADA, date(2026, 1, 2), date(2026, 1, 7)),
        ("logged", "entry", 100 + BOB, date(2026, 1, 6), date(2026, 1, 6)),
    ]


def test_the_first_of_equal_rows_were_processed():
    """As many as were found; one is sent at a time."""
    steps = lost([logged(9), logged(7)], rows=3)

    assert steps.reconcile("entry") == [{ROW: ("created", 7), ROW + 1: ("created", 9), ROW + 2: ("planned", None)}]


def test_entries_that_existed_before_or_that_the_journal_has_do_not_count():
    """Neither known ones, nor created ones, nor those that were undone."""
    steps = lost([logged(number) for number in (5, 6, 7, 8)], rows=3)
    steps.know(KEY, 5)
    steps.know("other", 8)
    steps.add(ROW + 10, "entry", key=KEY, state="created", record=6)
    steps.add(ROW + 11, "entry", key=KEY, state="undone", record=7)

    [states] = steps.reconcile("entry")

    assert [states[ROW + place] for place in range(3)] == [("created", 8), ("planned", None), ("planned", None)]


def test_an_entry_that_the_journal_has_without_an_id_counts_once():
    """Which of those that were found it is is not known, so the id of the lost one is unknown, too."""
    steps = lost([logged(5), logged(6)], rows=2)
    steps.add(ROW + 10, "entry", key=KEY, state="created")

    [states] = steps.reconcile("entry")

    assert [states[ROW + place] for place in range(2)] == [("created", None), ("planned", None)]


def test_entries_of_records_that_no_row_names_are_not_counted():
    """They are equal to no row."""
    steps = lost([logged(5, project=70), logged(6, other=70), logged(7)], rows=2)

    assert steps.reconcile("entry") == [{ROW: ("created", 7), ROW + 1: ("planned", None)}]


def test_time_entries_are_counted_by_start_and_end_where_the_account_tracks_them():
    """Their hours do not matter then."""
    there = [
        LoggedEntry(number, 100 + PROJECT, 100 + TASK, DAY, "a", hours=Decimal(9), start=time(hour), end=time(11))
        for number, hour in ((7, 9), (8, 10))
    ]
    steps = LostSteps(ReadAccount(logged=there), timestamps="1")
    key = entry_key(ADA, PROJECT, TASK, DAY, "a", span=(time(10), time(11)))
    steps.add(ROW, "entry", key=key, person=ADA, day=DAY)

    assert steps.reconcile("entry") == [{ROW: ("created", 8)}]


def test_expenses_are_counted_by_their_cost():
    """By the same rules, and without references."""
    key = expense_key(ADA, PROJECT, CATEGORY, DAY, "a", Decimal(5))
    there = [LoggedEntry(7, 100 + PROJECT, 100 + CATEGORY, DAY, "a", cost=Decimal(cost)) for cost in (4, 5)]
    steps = LostSteps(ReadAccount(logged=there), run=RUN, references="kept")
    for place in range(2):
        steps.add(ROW + place, "expense", key=key, person=ADA, day=DAY)

    assert steps.reconcile("expense") == [{ROW: ("created", 7), ROW + 1: ("planned", None)}]
    assert [read[1] for read in steps.account.reads] == ["expense"]


# References


def test_an_entry_is_found_by_its_reference():
    """Where the server keeps references only they count: an equal entry without one is not of this run."""
    steps = lost([logged(7, reference="x1"), logged(8), logged(9)], references="kept", rows=3, reference="x")

    assert steps.reconcile("entry") == [{ROW: ("planned", None), ROW + 1: ("created", 7), ROW + 2: ("planned", None)}]


def test_references_of_other_runs_do_not_count():
    """Their ids may be equal."""
    steps = lost([logged(7, reference="x0", group="other")], references="kept", reference="x")

    assert steps.reconcile("entry") == [{ROW: ("planned", None)}]


def test_two_entries_with_one_reference_are_reported():
    """The step stays unknown, with their ids in order; the other steps are decided."""
    entries = [logged(9, reference="x0"), logged(7, reference="x0"), logged(8, reference="x1")]
    steps = lost(entries, references="kept", rows=2, reference="x")

    assert steps.reconcile("entry") == [{ROW: UNKNOWN, ROW + 1: ("created", 8)}]


@pytest.mark.parametrize("references", ["asked", "kept"])
def test_a_row_without_a_reference_is_counted_beside_those_that_have_one(references):
    """By its key, whether or not the server keeps references."""
    steps = lost([logged(7, reference="x0"), logged(8, notes="b")], references=references, reference="x")
    steps.add(ROW + 1, "entry", key=OTHER_KEY, person=ADA, day=DAY)

    assert steps.reconcile("entry") == [{ROW: ("created", 7), ROW + 1: ("created", 8)}]


def test_a_reference_that_is_found_shows_that_the_server_keeps_them():
    """The journal notes it, so that the next reconciliation looks at references alone."""
    steps = lost([logged(7, reference="x1")], references="asked", rows=2, reference="x")

    assert steps.reconcile("entry") == [{ROW: ("planned", None), ROW + 1: ("created", 7)}]
    assert steps.meta["references"] == "kept"


@pytest.mark.parametrize("references", ["not kept", "off"])
def test_rows_are_counted_where_the_server_keeps_no_references(references):
    """Although they have some in the journal."""
    steps = lost([logged(7)], references=references, reference="x")

    assert steps.reconcile("entry") == [{ROW: ("created", 7)}]


def test_a_row_waits_once_for_another_one_to_show_whether_references_are_kept():
    """An equal entry without a reference is of this run only if the server keeps none."""
    steps = lost([logged(7)], references="asked", rows=2, reference="x")
    steps.add(ROW + 5, "entry", key=OTHER_KEY, state="planned", reference="y")
    planned = {ROW + 5: ("planned", None)}

    assert steps.reconcile("entry", "entry") == [
        {ROW: ("response_lost", None), ROW + 1: ("response_lost", None), **planned},
        {ROW: ("created", 7), ROW + 1: ("planned", None), **planned},
    ]


@pytest.mark.parametrize(
    ("entries", "other", "expected"),
    [
        ([], {"key": OTHER_KEY, "reference": "y"}, ("planned", None)),
        ([logged(7)], {"key": KEY, "reference": "y"}, ("created", 7)),
        ([logged(7)], {"key": OTHER_KEY, "reference": None}, ("created", 7)),
        ([logged(7)], {"key": OTHER_KEY, "reference": "y", "state": "rejected"}, ("created", 7)),
    ],
    ids=["nothing is equal", "the other row is equal", "the other row has no reference", "the other row is not sent"],
)
def test_a_row_does_not_wait_where_no_other_can_show_it(entries, other, expected):
    """It is counted at once."""
    steps = lost(entries, references="asked", reference="x")
    steps.add(ROW + 5, "entry", **{"state": "planned", **other})

    [states] = steps.reconcile("entry")

    assert states[ROW] == expected


def test_a_row_that_need_not_wait_is_decided_beside_one_that_waits():
    """Only a row to which an entry is equal waits."""
    steps = lost([logged(7)], references="asked", reference="x")
    steps.add(ROW + 1, "entry", key="z", person=ADA, day=DAY, reference="z")
    steps.add(ROW + 2, "entry", key="without", person=ADA, day=DAY)
    steps.add(ROW + 5, "entry", key=OTHER_KEY, state="planned", reference="y")

    [states] = steps.reconcile("entry")

    assert [states[ROW + place][0] for place in range(3)] == ["response_lost", "planned", "planned"]
