"""Imports into an account whose time entries keep references."""

import sqlite3
from collections import Counter
from contextlib import suppress

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.cli.show import report_json, show_report
from harvest_async.importer.account_records import EntryReference
from harvest_async.importer.entry_references import reference_id
from harvest_async.importer.journal import Journal, JournalError
from harvest_async.importer.loading import check_source, load_rows
from harvest_async.importer.planner import PlanOptions, build_plan
from harvest_async.importer.report import Effort
from harvest_async.importer.rules import Rules
from harvest_async.importer.undo import undo_run, unlink_run
from harvest_async.progress import Quiet
from tests.support.books import nth
from tests.support.importing import agree, execute, plan_into, time_row, virtually
from tests.support.referenced import ReferencedBooks, a_day

PEOPLE = ["one@example.com", "two@example.com", "three@example.com"]


def rows_of(notes):
    return [time_row(number, notes=f"n{note}", email=PEOPLE[note % 3]) for number, note in enumerate(notes, 1)]


def imported(books, rows, *, then=None, options=None):
    """Import rows; return the report, or what `then` returns for the journal."""

    async def do(clock):
        with Journal(inline=True) as journal:
            load_rows(journal, rows)
            check_source(journal)
            await build_plan(books, journal, options or PlanOptions(consent=agree), Quiet())
            report = await execute(journal, books, clock)
            return report if then is None else await then(journal, clock)

    return virtually(do)


def references_of(books):
    return [each["reference"] for each in books.entries()]


def test_each_entry_gets_its_own_reference():
    """Its id has 40 characters and depends on run, key and ordinal; all share the run's group and permalink."""
    books = ReferencedBooks(people=PEOPLE)

    report = imported(books, rows_of([1, 1, 2]), options=PlanOptions(consent=agree, link="https://example.com/run"))

    kept = references_of(books)
    assert {len(each.id) for each in kept} == {40}
    assert len({each.id for each in kept}) == 3
    assert [each.permalink for each in kept] == ["https://example.com/run"] * 3
    assert len({each.group_id for each in kept}) == 1
    assert (report.references, report.complete) == ("kept", True)


def test_no_permalink_is_sent_without_a_link():
    """It is None then."""
    books = ReferencedBooks(people=PEOPLE)
    imported(books, rows_of([1]))
    assert references_of(books)[0].permalink is None


def test_two_runs_have_different_references():
    """The run is part of the id, so a second import of the same rows never repeats an id."""
    assert reference_id("a", "k", 1) != reference_id("b", "k", 1)
    assert reference_id("a", "k", 1) != reference_id("a", "k", 2)
    assert reference_id("a", "k", 1) == reference_id("a", "k", 1)


def test_planning_reads_one_list_of_all_people():
    """However many people there are: one list of entries in the range of the file, and two of assignments."""
    books = ReferencedBooks(people=PEOPLE)
    rows = [time_row(n, email=PEOPLE[n % 3], day=a_day(n)) for n in range(1, 10)]
    imported(books, rows)
    books.reads.clear()

    async def plan(_):
        with Journal(inline=True) as journal:
            return await plan_into(journal, books, [*rows, time_row(10, notes="new", day=a_day(12))])

    overview = virtually(plan)

    assert (overview.existing, overview.log) == (9, 1)
    assert [each for each in books.reads if each.startswith("all entry")] == ["all entry 2026-01-01 2026-01-12"]
    assert not [each for each in books.reads if each.startswith(("logged", "reach", "links"))]


def test_planning_knows_all_assignments():
    """Nothing is assigned twice although nobody is asked for their tasks."""
    books = ReferencedBooks(people=PEOPLE)
    imported(books, rows_of([1, 2, 3]))
    books.sent.clear()

    imported(books, rows_of([4, 5, 6]))

    assert {kind for _, kind, _ in books.sent} == {"entry"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=25),
    st.dictionaries(st.integers(1, 40), st.sampled_from(["lost", "kept"]), max_size=12),
    st.booleans(),
    st.booleans(),
)
def test_every_row_exactly_once_while_another_program_writes_equal_entries(notes, failures, keeps, others):
    """Lost responses are found by reference; entries of others are never taken for those of the run."""
    books = ReferencedBooks(people=PEOPLE, keep=lambda reference: reference if keeps else None)
    fail = nth(*failures.items())
    foreign = Counter()

    def meddle(kind, fields):
        outcome = fail(kind, fields)
        if kind == "entry" and keeps and others and outcome is not None:
            books.put("entry", **{**fields, "reference": None})
            foreign[fields["notes"]] += 1
        return outcome

    books.fail = meddle

    # another row, which is sent alone first, shows whether references are kept
    rows = [time_row(1, notes="first", email=PEOPLE[0]), *rows_of(notes)] if failures else rows_of(notes)
    report = imported(books, [evolve(row, row=number, line=number + 1) for number, row in enumerate(rows, 1)])

    expected = Counter(row.notes for row in rows)
    ours = Counter(each["notes"] for each in books.entries())
    ours.subtract(foreign)
    assert +ours == expected
    assert report.complete
    assert report.created == len(rows)


class Killed(BaseException):
    """The end of the process in the middle of a write."""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=15),
    st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=4),  # a row is sent five times at most
    st.booleans(),
)
def test_every_row_exactly_once_although_the_run_is_killed_again_and_again(notes, kills, keeps):
    """Before or after a write is processed; another program writes an equal entry at each kill."""
    books = ReferencedBooks(people=PEOPLE, keep=lambda reference: reference if keeps else None)
    rows, foreign, left = rows_of(notes), Counter(), list(kills)

    def kill(kind, fields):
        if kind != "entry" or not left:
            return
        after, processed = left[0]
        if after > 1:
            left[0] = after - 1, processed
            return
        left.pop(0)
        if processed:
            books.put("entry", **fields)
        if keeps and any(each["reference"] for each in books.entries()):
            books.put("entry", **{**fields, "reference": None})
            foreign[fields["notes"]] += 1
        raise Killed

    books.fail = kill

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows)
            for _ in range(len(kills) + 1):
                report = None
                with suppress(Killed):
                    report = await execute(journal, books, clock)
            return report

    report = virtually(do)

    ours = Counter(each["notes"] for each in books.entries())
    ours.subtract(foreign)
    assert +ours == Counter(row.notes for row in rows)
    assert report.complete


def test_a_lost_first_response_waits_for_another_row_to_show_whether_references_are_kept():
    """An equal entry of another program is not taken for it although nothing was known yet."""
    books = ReferencedBooks(people=PEOPLE)

    def fail(kind, fields):
        if kind == "entry" and fields["notes"] == "n1" and not books.unlinked:
            books.unlinked.append("once")
            books.put("entry", **{**fields, "reference": None})
            return "lost"
        return None

    books.fail = fail

    report = imported(books, rows_of([1, 2]))

    assert (report.created, len(books.entries())) == (2, 3)
    assert sum(isinstance(each["reference"], EntryReference) for each in books.entries()) == 2


@pytest.mark.parametrize("keep", [lambda _: None, lambda sent: evolve(sent, id=sent.id[:36])])
def test_references_that_the_server_drops_or_truncates_are_given_up(keep):
    """The first response shows it; the other rows are sent without, and counted, and the report says so."""
    books = ReferencedBooks(people=PEOPLE, keep=keep)
    books.fail = nth((2, "kept"), (3, "lost"))

    report = imported(books, rows_of([1, 2, 3, 4]))

    sent = [fields.get("reference") for verb, kind, fields in books.sent if kind == "entry"]
    assert sum(each is not None for each in sent) == 1
    assert (report.references, report.created, len(books.entries())) == ("not kept", 4, 4)


def test_references_can_be_switched_off():
    """Rows are sent without, and the report says so."""
    books = ReferencedBooks(people=PEOPLE)
    report = imported(books, rows_of([1, 2]), options=PlanOptions(consent=agree, reference=False))
    assert (report.references, report.complete) == ("off", True)
    assert not any("reference" in fields for _, kind, fields in books.sent if kind == "entry")


def test_lost_responses_of_all_people_are_reconciled_in_one_list():
    """One list of the range for all of them."""
    books = ReferencedBooks(people=PEOPLE)
    books.fail = nth(*((number, "kept") for number in range(2, 12)))
    rows = [time_row(n, notes=f"n{n}", email=PEOPLE[n % 3], day=a_day(n)) for n in range(1, 12)]

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows)
            books.reads.clear()
            return await execute(journal, books, clock, rules=Rules(give_up=1e6))

    report = virtually(do)

    lists = [each for each in books.reads if each.startswith("all entry")]
    assert report.created == len(books.entries()) == 11
    assert len(lists) == len(set(lists)) or len(lists) <= 4
    assert not [each for each in books.reads if each.startswith("logged")]


def test_one_reference_on_two_entries_is_reported():
    """Its row stays unknown with the ids of both, and nothing is sent again."""
    books = ReferencedBooks(people=PEOPLE)

    def fail(kind, fields):
        if kind == "entry" and fields["notes"] == "n2":
            books.put("entry", **fields)
            return "kept"
        return None

    books.fail = fail

    async def then(journal, _):
        return journal.rows("select state, reason from step where kind = 'entry' order by id")

    [first, second] = imported(books, rows_of([1, 2]), then=then)

    assert first == ("created", None)
    assert second[0] == "unknown"
    assert "delete all but one" in second[1]


def test_undo_deletes_only_entries_with_the_references_of_the_run():
    """An entry whose reference was removed or replaced stays and is reported; one that was moved is deleted."""
    books = ReferencedBooks(people=PEOPLE)

    async def then(journal, _):
        bare, other, moved, _ = numbers = list(books.tables["entry"])
        books.tables["entry"][bare]["reference"] = None
        books.tables["entry"][other]["reference"] = EntryReference("x", "another run")
        books.tables["entry"][moved]["day"] = a_day(31)
        return numbers, await undo_run(books, journal, Quiet())

    [bare, other, *_], undone = imported(books, rows_of([1, 2, 3, 4]), then=then)

    assert set(books.tables["entry"]) == {bare, other}
    entries = [each for each in undone.left if each.startswith("entry")]
    assert len(entries) == 2
    assert all("no reference of this run" in each for each in entries)


def test_undo_accepts_entries_that_were_deleted_before():
    """They are counted as undone."""
    books = ReferencedBooks(people=PEOPLE)

    async def then(journal, _):
        books.tables["entry"].clear()
        return await undo_run(books, journal, Quiet())

    undone = imported(books, rows_of([1, 2]), then=then)

    assert not [each for each in undone.left if each.startswith("entry")]


def test_unlink_removes_only_references_of_the_run():
    """Entries of others and entries with other references are not touched; afterwards undo leaves the entries."""
    books = ReferencedBooks(people=PEOPLE)

    async def then(journal, _):
        theirs = next(iter(books.tables["entry"]))
        books.tables["entry"][theirs]["reference"] = EntryReference("x", "another run")
        unlinked = await unlink_run(books, journal, Quiet())
        again = await unlink_run(books, journal, Quiet())
        return theirs, unlinked, again, await undo_run(books, journal, Quiet())

    theirs, unlinked, again, undone = imported(books, rows_of([1, 2, 3]), then=then)

    assert (unlinked.removed, again.removed) == (2, 0)
    assert theirs not in books.unlinked
    assert len(books.entries()) == 3
    assert sum(each.startswith("entry") for each in undone.left) == 3


def test_a_journal_of_the_format_before_is_converted_and_resumed(tmp_path):
    """Its rows have no references, so they are counted; a format that is unknown is refused and left as it is."""
    path = tmp_path / "a.journal"
    books = ReferencedBooks(people=PEOPLE)

    async def plan(_):
        with Journal(path, inline=True) as journal:
            await plan_into(journal, books, rows_of([1, 2]))

    virtually(plan)
    with sqlite3.connect(path) as database:
        database.execute("alter table step drop column reference")
        database.execute("update meta set value = '2' where name = 'format'")
        database.execute("delete from meta where name in ('references', 'run')")
    database.close()
    books.fail = nth((1, "kept"))

    async def resume(clock):
        with Journal(path, inline=True) as journal:
            return journal.meta["format"], await execute(journal, books, clock)

    version, report = virtually(resume)

    assert (version, report.created, report.references, len(books.entries())) == ("3", 2, "", 2)
    with sqlite3.connect(path) as database:
        database.execute("update meta set value = '9' where name = 'format'")
    database.close()
    with pytest.raises(JournalError, match="has format 9, and this version reads 3: it is left as it is"):
        Journal(path, inline=True)


@pytest.mark.parametrize(("state", "shown"), [("not kept", "not kept by the server"), ("off", "off: time"), ("", "")])
def test_the_report_shows_that_entries_have_no_references(state, shown, capsys):
    """It shows the row, and JSON has the state; without references in the API neither has it."""
    report = evolve(imported(ReferencedBooks(people=PEOPLE), rows_of([1])), references=state)

    show_report(report, Effort())

    assert ("references" in capsys.readouterr().out) is bool(shown)
    assert report_json(report, Effort()).get("references", "") == state
