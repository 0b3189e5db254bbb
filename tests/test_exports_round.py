"""Export, import into an empty account, export: the two are equal, numbers and stamps apart."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from harvest_async import exports, imports
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import open_source
from tests.support.exporting import CLIENTS, LINES, at, exported, fill, records
from tests.support.sandbox import new_sandbox

OWN = frozenset({"id", "created_at", "updated_at", "cache_version", "client_key", "statement_key"})
"""What every account makes up by itself."""

KEYS = {
    "client_id": ("clients", "name"),
    "project_id": ("projects", "name"),
    "task_id": ("tasks", "name"),
    "user_id": ("people", "email"),
    "expense_category_id": ("expense_categories", "name"),
    "invoice_id": ("invoices", "number"),
}
"""What the numbers of other records mean."""


async def fill_more(harvest):
    """What `fill` has, and records in every state that there is."""
    ids = await fill(harvest)
    deleted = await harvest.clients.create("Umbrella")
    old = await harvest.projects.create("Archive", deleted.id, code="OLD", notes="Done")
    twin = await harvest.projects.create("Archive", ids["client"])
    task = await harvest.tasks.create("Typing")
    unused = await harvest.tasks.create("Unused")
    person = await harvest.people.create("four@example.com", "Person", "Four")
    for project in (old, twin):
        await harvest.task_assignments.create(project.id, task.id)
        await harvest.user_assignments.create(project.id, person.id)
    link = await harvest.task_assignments.create(ids["project"], unused.id)
    for number in range(3):
        await harvest.time.create(
            old.id, task.id, spent_at=date(2026, 1, 7), hours=Decimal(1), notes=f"{number % 2}", of_user=person.id
        )
    categories = [category async for category in harvest.expense_categories.list()]
    await harvest.expenses.create(
        twin.id, categories[0].id, date(2026, 1, 7), total_cost=Decimal("9.99"), billable=False, of_user=person.id
    )
    await harvest.invoice_item_categories.create("Hosting")
    await harvest.task_assignments.update(ids["project"], link.id, deactivated=True)
    await harvest.projects.archive(old.id)
    await harvest.clients.archive(deleted.id)
    await harvest.people.archive(person.id)
    await harvest.tasks.delete(task.id)
    for state in ("draft", "open", "paid", "closed"):
        invoice = await harvest.invoices.create(
            ids["client"], "free_form", number=f"2026-{state}", subject=state, issued_at=date(2026, 1, 20),
            tax=Decimal("7.5"), csv_line_items=LINES,
        )  # fmt: skip
        if state != "draft":
            await harvest.invoice_messages.mark_as_sent(invoice.id)
        if state == "paid":
            whole = await harvest.invoices.get(invoice.id)
            await harvest.invoice_payments.create(invoice.id, whole.amount, datetime(2026, 2, 1, tzinfo=UTC))
        if state == "closed":
            await harvest.invoice_messages.mark_as_closed(invoice.id)
    return ids


NOT_IN_V2 = frozenset({"department", "due_at"})
"""What API v2 can't set, and the day that it sets by itself."""

HINTS = frozenset({"hint_earliest_record_at", "hint_latest_record_at"})
"""What an account updates once a day, so that it depends on the order of the writes."""


def load(sandbox, folder, rules=None, api="v1"):
    """Import a folder; what came of it."""

    async def job(harvest):
        with open_source(folder) as source, await imports.plan(harvest, source, create_people=True) as plan:
            return await imports.run(plan, rules=rules or Rules())

    return at(sandbox, job, api)


def reported(folder, apart=frozenset()):
    """The records of an export in words: by kind, without what every account makes up by itself, in order."""
    names = {
        field: {record["id"]: record[word] for record in records(folder, kind)} for field, (kind, word) in KEYS.items()
    }
    return {
        kind: sorted(
            (repr(sorted((name, names[name].get(value) if name in names else value) for name, value in record.items()
                         if name not in OWN | apart)) for record in records(folder, kind)),
        )
        for kind in exports.tables()
        if kind not in ("invoice_messages", "company")
    }  # fmt: skip


async def give_department(harvest):
    """Give the people of `fill` their department."""
    for person in await harvest.people.list():
        if person.email == "two@example.com":
            await harvest.people.update(person, department="Design")


@pytest.fixture(scope="module", params=["duration", "timestamps"])
def origin(request, tmp_path_factory):
    """An account with everything in it, and its export; by duration, or by start and end."""
    options = {"timestamp_timers": request.param == "timestamps"}
    sandbox = new_sandbox(**options)
    folder = tmp_path_factory.mktemp("origin")
    at(sandbox, fill_by_span if options["timestamp_timers"] else fill_more)
    exported(sandbox, folder)
    return options, folder


async def fill_by_span(harvest):
    """Entries with a start and an end, one of them over midnight."""
    from datetime import time

    client = await harvest.clients.create("ACME")
    project = await harvest.projects.create("Website", client.id)
    task = await harvest.tasks.create("Design")
    await harvest.task_assignments.create(project.id, task.id)
    await harvest.user_assignments.create(project.id, 1)
    for started, ended in ((time(8), time(9, 30)), (time(8), time(9, 30)), (time(13, 5), time(13, 6))):
        await harvest.time.create(
            project.id, task.id, spent_at=date(2026, 1, 5), started_at=started, ended_at=ended, notes="Span"
        )


@pytest.mark.parametrize(("api", "apart"), [("v1", frozenset()), ("v2", NOT_IN_V2)])
def test_an_import_of_an_export_makes_an_equal_account(origin, tmp_path, api, apart):
    """Every record of every kind, in every state: archived, sent, partly paid, paid, written off."""
    options, folder = origin
    copy = new_sandbox(**options)
    report = load(copy, folder, api=api)
    exported(copy, tmp_path)

    assert (report.rejected, report.unknown, report.left) == ((), (), 0)
    assert reported(folder, apart) == reported(tmp_path, apart)


@pytest.mark.parametrize(("first", "second"), [("v1", "v1"), ("v2", "v2"), ("v1", "v2"), ("v2", "v1")])
def test_a_second_import_makes_nothing(origin, first, second):
    """What is archived by now is no hindrance: all of it is there, whichever version created it."""
    options, folder = origin
    copy = new_sandbox(**options)
    load(copy, folder, api=first)
    if first != second and not options["timestamp_timers"]:
        at(copy, give_department)  # which API v2 can't set
    again = load(copy, folder, api=second)

    assert (again.created_records, again.updated, again.created, again.rejected) == ({}, {}, 0, ())


def test_a_folder_of_csv_files_makes_an_equal_account(tmp_path):
    """Tables hold as much as JSON Lines do."""
    origin, copy = new_sandbox(), new_sandbox()
    at(origin, fill_more)
    exported(origin, tmp_path / "csv", format="csv")
    exported(origin, tmp_path / "one")
    load(copy, tmp_path / "csv")
    exported(copy, tmp_path / "two")

    assert reported(tmp_path / "one") == reported(tmp_path / "two")


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "error_502"])
@pytest.mark.parametrize(
    "path",
    ["/invoices", "/invoices/*/payments", "/projects/*/toggle", "/clients/*/toggle", "/people/*/toggle",
     "/invoices/*/messages/mark_as_sent", "/invoice_item_categories", "/people"],
)  # fmt: skip
def test_a_lost_answer_makes_nothing_twice(tmp_path, kind, path):
    """Whether it was processed or not: the account is equal in the end."""
    origin, copy = new_sandbox(), new_sandbox()
    at(origin, fill_more)
    exported(origin, tmp_path / "one")
    method = "PUT" if path.startswith("/projects") else "POST"
    copy.fault(kind, match={"method": method, "path": path})
    report = load(copy, tmp_path / "one", Rules(max_delay=0.0))
    exported(copy, tmp_path / "two")

    assert (report.rejected, report.unknown) == ((), ())
    assert reported(tmp_path / "one") == reported(tmp_path / "two")
    assert [fault.seen > 0 for fault in copy._account.faults._faults] == [True]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "error_502"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/invoices"), ("POST", "/v2/invoices/*/payments"), ("PATCH", "/v2/projects/*"),
     ("PATCH", "/v2/clients/*"), ("POST", "/v2/invoices/*/messages"), ("POST", "/v2/invoice_item_categories"),
     ("POST", "/v2/time_entries"), ("POST", "/v2/users"), ("POST", "/v2/projects/*/task_assignments")],
)  # fmt: skip
def test_a_lost_response_of_v2_makes_nothing_twice(tmp_path, kind, method, path):
    """Whether it was processed or not: the account is equal in the end."""
    origin, copy = new_sandbox(), new_sandbox()
    at(origin, fill_more)
    exported(origin, tmp_path / "one")
    copy.fault(kind, match={"method": method, "path": path})
    report = load(copy, tmp_path / "one", Rules(max_delay=0.0), "v2")
    exported(copy, tmp_path / "two")

    apart = NOT_IN_V2 | HINTS
    assert (report.rejected, report.unknown) == ((), ())
    assert reported(tmp_path / "one", apart) == reported(tmp_path / "two", apart)
    assert [fault.seen > 0 for fault in copy._account.faults._faults] == [True]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_what_an_import_made_can_be_taken_back(tmp_path, api):
    """Payments, marks and archived records are no hindrance."""
    origin, copy = new_sandbox(), new_sandbox()
    at(origin, fill_more)
    exported(origin, tmp_path / "one")
    exported(copy, tmp_path / "before")

    async def there_and_back():
        async with CLIENTS[api](copy) as harvest:
            with open_source(tmp_path / "one") as source:
                plan = await imports.plan(harvest, source, create_people=True)
                with plan:
                    await imports.run(plan, journal=tmp_path / "run.journal")
            return await imports.undo(harvest, tmp_path / "run.journal")

    undone = asyncio.run(there_and_back())
    exported(copy, tmp_path / "after")

    assert undone.unknown == 0
    assert {**reported(tmp_path / "before"), "tasks": [], "user_assignments": []} == {
        **reported(tmp_path / "after"), "tasks": [], "user_assignments": []
    }  # fmt: skip
