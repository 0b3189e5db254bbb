"""What a plan makes of rows: what is there, what is new, what can't be."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.importer.journal import Journal
from harvest_async.importer.sources import (
    CategoryRow,
    ClientRow,
    ContactRow,
    ExpenseRow,
    MessageRow,
    PersonRow,
    Problem,
    ProjectRow,
    TaskLinkRow,
    TaskRow,
    UserLinkRow,
)
from tests.support.books import Books
from tests.support.importing import DAY, execute, load, plan_into, time_row, virtually


@st.composite
def files(draw):
    """Rows of a small world, so that equal ones and shared names are common."""
    rows = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        begin = draw(st.integers(8, 9))
        quarters = draw(st.integers(1, 2))
        rows.append(
            time_row(
                number,
                client=draw(st.sampled_from(["ACME", " acme ", "Other"])),
                project=draw(st.sampled_from(["Website", "WEBSITE", "App"])),
                task=draw(st.sampled_from(["Work", "Play"])),
                email=draw(st.sampled_from(["one@example.com", "two@example.com"])),
                notes=draw(st.sampled_from(["", "a", "a\r\nb", "a\nb "])),
                day=DAY + timedelta(days=draw(st.integers(0, 1))),
                hours=Decimal(quarters) / 4,
                exact=Fraction(quarters, 4),
                started=time(begin, 0, draw(st.sampled_from([0, 30]))),
                ended=time(begin, quarters * 15),
            )
        )
    return rows


@settings(max_examples=60, deadline=None)
@given(st.data(), files(), st.booleans())
def test_loading_again_makes_exactly_what_is_new(data, rows, timestamps):
    """After any part of a file, in any order, the whole file brings the rest, and each row once."""
    part = data.draw(st.lists(st.sampled_from(rows), unique_by=id))
    shuffled = data.draw(st.permutations(rows))
    books = Books(timestamps=timestamps)

    first = load(books, part) if part else None
    second = load(books, shuffled)
    third = load(books, rows)

    assert (len(part) if first else 0) + second.created == len(rows)
    assert (third.created, third.existing) == (0, len(rows))
    assert len(books.entries()) == len(rows)


@settings(max_examples=40, deadline=None)
@given(files())
def test_the_account_gets_what_the_rows_say(rows):
    """Each entry has its row's person, day, hours and notes."""
    books = Books()
    load(books, rows)
    people = {number: each["email"] for number, each in books.tables["person"].items()}

    have = Counter((people[e["person"]], e["day"], e["hours"], e["notes"]) for e in books.entries())

    assert have == Counter((row.email, row.day, row.hours, row.notes) for row in rows)


@pytest.mark.parametrize(
    ("change", "timestamps", "new"),
    [
        ({}, False, 0),
        ({"client": "  acme"}, False, 0),
        ({"notes": "a\r\n"}, False, 0),
        ({"hours": Decimal(2)}, False, 1),
        ({"started": time(8)}, False, 0),
        ({"started": time(8)}, True, 1),
        ({"started": time(9, 0, 59)}, True, 0),
        ({"hours": Decimal(2)}, True, 0),
        ({"day": date(2026, 1, 6)}, False, 1),
        ({"task": "Play"}, False, 1),
        ({"email": "two@example.com"}, False, 1),
    ],
)
def test_when_two_entries_are_the_same(change, timestamps, new):
    """Person, project, task, day, notes, and hours or times to the minute make an entry; nothing else does."""
    books = Books(timestamps=timestamps)
    load(books, [time_row(notes="a")])

    assert load(books, [time_row(**{"notes": "a", **change})]).created == new


@dataclass
class Case:
    """A row that can't be logged, in an account where an obstacle keeps it from being logged."""

    words: str
    row: dict
    client: dict | None = None
    also: dict | None = None


@pytest.mark.parametrize(
    "case",
    [
        Case("archived", {}, {"name": "ACME", "active": False}),
        Case("several", {}, {"name": "ACME"}, {"name": "acme "}),
        Case("--email-domain", {"email": "", "person": "Person One"}),
        Case("start and end", {"started": None}),
    ],
    ids=lambda case: case.words,
)
def test_a_row_that_can_not_be_logged(case):
    """The obstacle of a row is reported with what to do about it; nothing is sent for it."""
    books = Books(timestamps="start" in case.words)
    for each in (case.client, case.also):
        if each:
            books.put("client", **each)

    report = load(books, [time_row(**case.row)])

    assert case.words in report.rejected[0].reason
    assert books.sent == []


def test_an_archived_project_is_not_logged_on():
    """A project that is archived is reported; one that is active beside it is taken."""
    books = Books()
    client = books.put("client", name="ACME")
    books.put("project", name="Website", client=client, active=False)

    assert "archived" in load(books, [time_row()]).rejected[0].reason
    books.put("project", name="Website", client=client)
    assert load(books, [time_row()]).created == 1


def test_nobody_is_made_without_consent():
    """Without a yes the rows of people who are not there are rejected, and nothing is made for them alone."""
    books = Books(people=["one@example.com"])
    rows = [time_row(1), time_row(2, email="two@example.com", client="Other")]

    report = load(books, rows, consent=None)

    assert (report.created, [each.row for each in report.rejected]) == (1, [2])
    assert "--yes" in report.rejected[0].reason
    assert [each["name"] for each in books.tables["client"].values()] == ["ACME"]


def test_the_people_who_would_be_made_are_named():
    """Consent is asked once, for all people whom new rows need, with address and name; the rest are not named."""
    asked = []

    async def ask(people):
        asked.extend(people)
        return True

    books = Books(people=["one@example.com"])
    rows = [
        time_row(1),
        time_row(2, email="two@example.com", person="Person van Two"),
        time_row(3, email="", person="Solo"),
    ]

    report = load(books, rows, consent=ask, email_domain="@example.org")

    assert [(each.email, each.first_name, each.last_name) for each in asked] == [
        ("two@example.com", "Person van", "Two"),
        ("solo@example.org", "Solo", "-"),
    ]
    assert report.created == 3


def test_a_person_is_found_by_name_too():
    """A row without an address belongs to the person of its name; an address goes before a name."""
    books = Books(people=["one@example.com"])

    assert load(books, [time_row(email="", person="one x")], consent=None).created == 1
    assert load(books, [time_row(email="one@example.com", person="Another Name")], consent=None).existing == 1


def test_reads_do_not_grow_with_rows():
    """An import reads four lists and the account itself, and for each person who is there two lists, for any number of rows."""
    books = Books()
    emails = [f"{name}@example.com" for name in ("one", "two", "three")]
    rows = [time_row(n, email=emails[n % 3], day=DAY + timedelta(days=n), project=f"P{n % 7}") for n in range(1, 60)]
    load(books, rows)
    books.reads.clear()

    load(books, [*rows, *(evolve(row, row=row.row + 100, notes="new") for row in rows)])

    assert Counter(books.reads) == {
        "timestamps": 1, "all client": 1, "all project": 1, "all task": 1, "all person": 1,
        "logged entry": 3, "reach": 3,
    }  # fmt: skip


def test_a_second_load_sends_nothing():
    """Once all rows are there, nothing is made, assigned or brought up to date."""
    books = Books()
    load(books, [time_row(1), time_row(2, notes="b")])
    books.sent.clear()

    load(books, [time_row(1), time_row(2, notes="b")])

    assert books.sent == []


def test_what_new_projects_have_by_themselves_is_not_assigned():
    """Default tasks and people of all projects are on a new project already."""
    books = Books(people=[])
    books.put("person", email="one@example.com", first_name="One", last_name="X", automatic=True)
    books.put("task", name="Work", automatic=True)

    load(books, [time_row()])

    assert [kind for _, kind, _ in books.sent] == ["client", "project", "entry"]


def test_clients_and_others_are_brought_up_to_date():
    """Where a row says something else than the account has, that field alone is written; where it does not, nothing is."""
    books = Books()
    books.put("client", name="ACME", currency="EUR", details="old")
    rows = [
        ClientRow(line=2, row=1, name="acme", fields={"currency": "EUR", "details": "new"}),
        TaskRow(line=3, row=2, name="Work", fields={"default_hourly_rate": Decimal(10)}),
    ]

    first, second = load(books, rows), load(books, rows)

    assert sorted((verb, kind) for verb, kind, _ in books.sent) == [("create", "task"), ("update", "client")]
    assert next(fields for verb, _, fields in books.sent if verb == "update") == {"details": "new"}
    assert (dict(first.created_records), dict(first.updated)) == ({"tasks": 1}, {"clients": 1})
    assert second.existing == 2


def test_two_rows_about_one_record():
    """Of two rows about the same record the second is reported, since only one of them can be right."""
    books = Books()

    report = load(books, [ClientRow(line=2, row=1, name="ACME"), ClientRow(line=3, row=2, name=" acme")])

    assert (dict(report.created_records), report.rejected[0].row) == ({"clients": 1}, 2)
    assert "earlier row" in report.rejected[0].reason


def test_rows_of_a_kind_that_is_not_imported():
    """Messages are e-mails: they are reported, and not sent again."""
    report = load(Books(), [MessageRow(line=2, row=1, invoice="7")])

    assert "exported" in report.rejected[0].reason


def test_all_kinds_in_their_order():
    """Clients come before projects and contacts, those before assignments, those before entries and expenses."""
    books = Books()
    rows = [
        time_row(1),
        ExpenseRow(line=3, row=2, day=DAY, client="ACME", project="Website", category="Miles", units=Decimal(10),
                   email="one@example.com"),
        TaskLinkRow(line=4, row=3, client="ACME", project="Website", task="Work", fields={"hourly_rate": Decimal(9)}),
        UserLinkRow(line=5, row=4, client="ACME", project="Website", person="", email="one@example.com"),
        ContactRow(line=6, row=5, client="ACME", first_name="C", last_name="D", email="c@example.com"),
        CategoryRow(line=7, row=6, name="Miles", fields={"unit_price": Decimal("0.5")}),
        ProjectRow(line=8, row=7, client="ACME", name="Website", code="W"),
        PersonRow(line=9, row=8, email="one@example.com", first_name="One", last_name="X"),
        TaskRow(line=10, row=9, name="Work"),
        ClientRow(line=11, row=10, name="ACME"),
    ]  # fmt: skip
    order = [
        "client",
        "task",
        "person",
        "category",
        "project",
        "contact",
        "task_assignment",
        "person_assignment",
        "entry",
    ]

    report = load(books, list(reversed(rows)))
    again = load(books, rows)

    stages = [
        {"client": 0, "task": 0, "person": 0, "category": 0, "project": 1, "contact": 1, "task_assignment": 2,
         "person_assignment": 2, "entry": 3, "expense": 3}[kind]
        for _, kind, _ in books.sent
    ]  # fmt: skip
    assert report.complete, report.rejected
    assert stages == sorted(stages)
    assert set(order) <= {kind for _, kind, _ in books.sent}
    assert books.tables["task_assignment"].popitem()[1]["hourly_rate"] == Decimal(9)
    assert next(iter(books.tables["project"].values()))["code"] == "W"
    assert (again.created, again.rejected) == (0, ())


def test_units_need_a_price():
    """An expense in units of a category without a price is reported."""
    row = ExpenseRow(line=2, row=1, day=DAY, client="A", project="B", category="C", units=Decimal(1), email="a@b.c")

    assert "give the cost" in load(Books(), [row]).rejected[0].reason


def test_expenses_are_matched_by_their_cost():
    """An expense that the account has is found again, in units or in money."""
    books = Books()
    category = CategoryRow(line=2, row=1, name="Miles", fields={"unit_price": Decimal("0.5")})
    own = {"day": DAY, "client": "A", "project": "B", "category": "Miles", "email": "one@example.com"}
    load(books, [category, ExpenseRow(line=3, row=2, total_cost=Decimal(5), **own)])

    assert load(books, [ExpenseRow(line=3, row=2, units=Decimal(10), **own)]).existing == 1
    assert load(books, [ExpenseRow(line=3, row=2, total_cost=Decimal(6), **own)]).created == 1


def test_a_project_is_known_by_its_code():
    """With a code that code decides; a name with two codes needs the code; a code may come later in the file."""
    books = Books()
    client = books.put("client", name="ACME")
    books.put("project", name="Website", client=client, code="W1")
    books.put("project", name="Website", client=client, code="W2")

    report = load(
        books,
        [
            time_row(1, project_code="w2"),
            time_row(2),
            time_row(3, project="New"),
            time_row(4, project="New", project_code="N"),
            time_row(5, project="New", project_code="M"),
            time_row(6, project="New"),
        ],
    )

    assert {each.row: each.reason.split()[-4:] for each in report.rejected}.keys() == {2, 3, 6}
    assert sorted(str(each.get("code")) for each in books.tables["project"].values()) == ["M", "N", "W1", "W2"]


def test_what_is_wrong_with_a_whole_file_stops_all_of_it():
    """A problem of the file as a whole is raised before the account is read."""
    books = Books()

    async def do(_):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, [time_row(), Problem(1, 0, "Date", "is read in two ways")])

    with pytest.raises(InvalidArgument, match="line 1, Date: is read in two ways"):
        virtually(do)
    assert books.reads == []


def test_the_overview_counts_and_names():
    """A plan says how many records of each kind it makes, with the first ten of them, and the first ten rows."""
    books = Books()
    rows = [time_row(n, project=f"P{n}", notes="n") for n in range(1, 14)]

    async def do(_):
        with Journal(inline=True) as journal:
            return await plan_into(journal, books, [*rows, Problem(20, 19, "Hours", "is empty")])

    seen = virtually(do)

    assert dict(seen.create) == {"clients": 1, "projects": 13, "tasks": 1, "people": 1, "assignments": 26}
    assert (seen.log, seen.hours, len(seen.first), len(seen.names["projects"])) == (13, Decimal(13), 10, 10)
    assert seen.names["projects"][0] == "P1 (ACME)"
    assert seen.names["people"] == ["one - <one@example.com>"]
    assert seen.names["assignments"][0] == "Work on P1"
    assert (seen.writes, len(seen.rejected)) == (13 + 13 + 3 + 26, 1)


def test_an_assignment_that_is_there_after_all_is_accepted():
    """A project that none of the people is on shows its tasks to nobody: an assignment that is refused as there is fine."""
    from harvest_async.errors import BadRequest

    books = Books(people=["one@example.com"])
    client, task = books.put("client", name="ACME"), books.put("task", name="Work")
    project = books.put("project", name="Website", client=client)
    books.put("task_assignment", project=project, task=task)
    books.fail = lambda kind, _: BadRequest("it is there") if kind == "task_assignment" else None

    report = load(books, [time_row()])

    assert (report.created, report.rejected) == (1, ())


def test_an_archived_assignment_is_brought_back():
    """One that is refused since it is archived is brought back by an update."""
    from harvest_async.errors import BadRequest

    books = Books(people=["one@example.com"])
    client, task = books.put("client", name="ACME"), books.put("task", name="Work")
    project = books.put("project", name="Website", client=client)
    link = books.put("task_assignment", project=project, task=task, active=False)
    books.fail = lambda kind, fields: (
        BadRequest("no") if kind == "task_assignment" and "archived" not in fields else None
    )

    report = load(books, [time_row()])

    assert report.created == 1
    assert books.tables["task_assignment"][link]["archived"] is False


def test_a_refused_assignment_rejects_its_rows():
    """Rows that need what was refused are rejected with the server's reason; others are logged."""
    from harvest_async.errors import BadRequest

    books = Books(people=["one@example.com", "two@example.com"])
    two = next(number for number, each in books.tables["person"].items() if each["email"].startswith("two"))
    books.fail = lambda kind, fields: (
        BadRequest("no seat") if kind == "person_assignment" and fields["person"] == two else None
    )

    report = load(books, [time_row(1), time_row(2, email="two@example.com")])

    assert (report.created, [each.row for each in report.rejected]) == (1, [2])
    assert "no seat" in report.rejected[0].reason


def test_a_run_over_a_planned_journal_needs_no_reads():
    """What was read for the plan is not read again to run it."""
    books = Books()

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, [time_row()])
            books.reads.clear()
            return await execute(journal, books, clock)

    assert virtually(do).created == 1
    assert books.reads == []
