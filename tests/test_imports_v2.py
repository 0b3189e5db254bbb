"""Imports over API v2: references, account-wide lists, and what one version leaves for the other."""

import csv
import io
import shutil
from collections import Counter
from contextlib import closing
from datetime import date, time
from decimal import Decimal

import pytest

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, InvalidArgument, Throttle, imports
from harvest_async.importer.journal import Journal, JournalError
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from tests.support.importing import virtually
from tests.support.sample import make_rows, write_csv
from tests.support.shell import open_account, shell_at

OPTIONS = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)
CSV = b"Date,Client,Project,Task,Notes,Hours,Email\n"


def client_of(sandbox, clock, *, token="sandbox-token", **options):
    given = {"app": "tests (tests@example.com)", "base_url": "http://127.0.0.1", "transport": in_process(sandbox)}
    given["throttle"] = Throttle(pace="burst", clock=clock)
    return HarvestV2(1, auth=BearerAuth(token), **{**given, **options})


def v1_client_of(sandbox, clock):
    given = {"app": "tests", "base_url": "http://127.0.0.1", "transport": in_process(sandbox)}
    auth = BasicAuth("admin@example.com", "sandbox")
    return HarvestV1("sandbox", auth=auth, throttle=Throttle(pace="burst", clock=clock), **given)


async def plan_rows(harvest, rows, journal, **options):
    with imports.open_source(io.BytesIO(write_csv(rows)), OPTIONS, "time.csv") as source:
        return await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True, **options)


async def plan_text(harvest, text, journal, **options):
    with imports.open_source(io.BytesIO(CSV + text.encode()), name="time.csv") as source:
        return await imports.plan(harvest, source, journal=journal, create_people=True, **options)


def at(sandbox, job, **options):
    """Run a coroutine function with a client, in virtual time."""

    async def do(clock):
        async with client_of(sandbox, clock, **options) as harvest:
            return await job(harvest)

    with closing(sandbox):
        return virtually(do)


def entries_of(sandbox):
    """Return the entries as (person, day, hours, notes)."""
    people = sandbox.world.tables["user"]
    return Counter(
        (people[e["user_id"]]["email"], e["spent_at"].isoformat(), e["hours"], (e["notes"] or "").strip())
        for e in sandbox.world.entries()
    )


def without_id(entry):
    """Return the fields of a copy of an entry."""
    return {name: value for name, value in entry.items() if name != "id"}


def sent(sandbox, method, ending):
    """Return how many calls of a method have a path with this ending."""
    return sum(each.method == method and each.path.endswith(ending) for each in sandbox.requests())


@pytest.mark.parametrize("timestamps", [False, True])
@pytest.mark.parametrize("reference", [True, False])
def test_a_file_again_and_a_longer_one(timestamps, reference):
    """Logs each row once, on both kinds of account, with references and without."""
    rows = make_rows(50)
    sandbox = Sandbox(calls=5000, period=1, timestamp_timers=timestamps)

    async def job(harvest):
        made = []
        for part in (rows[:30], rows[:30][::-1], rows):
            with Journal(inline=True) as journal:
                plan = await plan_rows(harvest, part, journal, reference=reference)
                made.append((await imports.run(plan)).created)
        return made

    assert at(sandbox, job) == [30, 0, 20]
    assert len(sandbox.world.entries()) == 50
    assert all((each["reference_id"] is not None) is reference for each in sandbox.world.entries())


def test_each_entry_has_its_own_reference_in_the_account():
    """Has an id of 40 characters, the run as its group, and the link."""
    sandbox = Sandbox(calls=5000, period=1)

    async def job(harvest):
        with Journal(inline=True) as journal:
            plan = await plan_rows(harvest, make_rows(20), journal, link="https://example.com/import/7")
            report = await imports.run(plan)
        return report, [each.external_reference async for each in harvest.time_entries.list()]

    report, found = at(sandbox, job)

    assert (report.references, len({each.id for each in found}), {len(each.id) for each in found}) == ("kept", 20, {40})
    assert {each.permalink for each in found} == {"https://example.com/import/7"}
    assert len({each.group_id for each in found}) == 1


@pytest.mark.parametrize("quirk", ["references_dropped", "references_truncated"])
def test_a_server_that_keeps_no_references(quirk):
    """Shows in the first response: rows are counted, a lost one is found, and the report says so."""
    sandbox = Sandbox(calls=5000, period=1, quirks=[quirk])
    sandbox.fault("drop_after", match={"method": "POST", "path": "/v2/time_entries"}, after=5)
    rows = make_rows(30)

    async def job(harvest):
        with Journal(inline=True) as journal:
            return await imports.run(await plan_rows(harvest, rows, journal))

    report = at(sandbox, job)

    assert (report.references, report.created, report.complete) == ("not kept", 30, True)
    assert len(sandbox.world.entries()) == 30


def test_planning_reads_account_wide_lists():
    """Needs at most 6 lists, and one call for each 2,000 entries in the range of the file."""
    sandbox = Sandbox(calls=50_000, period=1)
    rows = make_rows(100)

    async def job(harvest):
        with Journal(inline=True) as journal:
            await imports.run(await plan_rows(harvest, rows, journal))
        world, now = sandbox.world, sandbox._account.clock.today()
        first, days = world.entries()[0], sorted({entry["spent_at"] for entry in world.entries()})
        for number in range(4_000):
            world.add("entry", {**without_id(first), "notes": "Other", "spent_at": days[number % len(days)]}, now)
        before = len(sandbox.requests())
        with Journal(inline=True) as journal:
            await plan_rows(harvest, rows, journal)
        return [each.path for each in sandbox.requests()[before:]]

    paths = at(sandbox, job)

    assert sum(path == "/v2/time_entries" for path in paths) == 3
    lists = [path for path in paths if path not in ("/v2/time_entries", "/v2/company", "/v2/users/me")]
    assert len(lists) == len(set(lists)) <= 6


def test_a_thousand_unknown_outcomes_are_reconciled_in_a_few_calls():
    """Reads the range once: one call for each 2,000 entries, and one more at most."""
    sandbox = Sandbox(calls=50_000, period=1)

    async def job(harvest):
        with Journal(inline=True) as journal:
            plan = await plan_rows(harvest, make_rows(1_100), journal)
            await imports.run(plan)
            lost = "update step set state = 'intended', record = null where kind = 'entry' and id % 11 <> 0"
            journal.commit([(lost, ())])
            unknown = journal.number("select count(*) from step where state = 'intended'")
            before = len(sandbox.requests())
            resumed = await imports.resume(harvest, journal)
            report = await imports.run(resumed)
            paths = [each.path for each in sandbox.requests()[before:]]
        return unknown, report, paths

    unknown, report, paths = at(sandbox, job)

    assert unknown >= 1_000
    assert (report.created, report.complete, len(sandbox.world.entries())) == (1_100, True, 1_100)
    assert sum(path == "/v2/time_entries" for path in paths) <= 2
    assert len(paths) <= 4  # and the role, and the kind of account


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_thousand_rows_of_twenty_people():
    """Sends one write for each row and each new record, and plans with a few reads."""
    rows = [f"2026-01-{1 + n % 28:02},ACME,Website,Work,n{n},0.01,p{n % 20}@example.com\n" for n in range(10_000)]
    sandbox = Sandbox(calls=100_000, period=1)

    async def job(harvest):
        with Journal(inline=True) as journal:
            plan = await plan_text(harvest, "".join(rows), journal)
            planned = len(sandbox.requests())
            report = await imports.run(plan)
        return planned, report

    planned, report = at(sandbox, job)

    writes = Counter(each.path for each in sandbox.requests() if each.method != "GET")
    assert (report.created, report.complete, len(sandbox.world.entries())) == (10_000, True, 10_000)
    assert writes["/v2/time_entries"] == 10_000
    assert (writes["/v2/users"], writes["/v2/clients"], writes["/v2/projects"], writes["/v2/tasks"]) == (20, 1, 1, 1)
    assert sum(writes.values()) == 10_000 + 23 + 21  # and the assignments of a task and twenty people
    assert planned <= 9


def test_undo_leaves_an_entry_that_lost_its_reference():
    """Deletes the entries with references of the run alone; the other one is reported."""
    sandbox = Sandbox(calls=5000, period=1)

    async def job(harvest):
        with Journal(inline=True) as journal:
            await imports.run(await plan_rows(harvest, make_rows(5), journal))
            first = next(iter(sandbox.world.entries()))["id"]
            await harvest.time_entries.delete_reference(first)
            return first, await imports.undo(harvest, journal)

    first, undone = at(sandbox, job)

    assert [each["id"] for each in sandbox.world.entries()] == [first]
    assert f"entry {first}: it has no reference of this run any more" in "\n".join(undone.left)


def test_unlink_removes_the_references_and_keeps_the_entries():
    """Leaves entries without references, which the same file then recognises by counting."""
    sandbox = Sandbox(calls=5000, period=1)
    rows = make_rows(6)

    async def job(harvest):
        with Journal(inline=True) as journal:
            await imports.run(await plan_rows(harvest, rows, journal))
            unlinked = await imports.unlink(harvest, journal)
        with Journal(inline=True) as journal:
            again = await plan_rows(harvest, rows, journal)
        return unlinked, again.overview.log

    unlinked, log = at(sandbox, job)

    assert (unlinked.removed, unlinked.left, log) == (6, (), 0)
    assert [each["reference_id"] for each in sandbox.world.entries()] == [None] * 6


def test_a_reference_on_two_entries_is_reported():
    """Leaves the row unknown, and names both entries."""
    sandbox = Sandbox(calls=5000, period=1)

    async def job(harvest):
        with Journal(inline=True) as journal:
            plan = await plan_rows(harvest, make_rows(3), journal)
            await imports.run(plan)
            entry = next(iter(sandbox.world.entries()))
            copy = sandbox.world.add("entry", without_id(entry), sandbox._account.clock.today())
            lost = "update step set state = 'intended', record = null where record = ? and kind = 'entry'"
            journal.commit([(lost, (entry["id"],))])
            report = await imports.run(await imports.resume(harvest, journal))
            reasons = journal.rows("select reason from step where state = 'unknown'")
        return entry["id"], copy["id"], report, reasons

    first, second, report, [(reason,)] = at(sandbox, job)

    assert len(report.unknown) == 1
    assert f"the entries {first}, {second} have the reference of this row" in reason


def test_a_copy_of_a_journal_that_was_run_is_refused(tmp_path):
    """Two runs would give one reference to two entries: the second sends nothing, and names the entry that exists."""
    sandbox = Sandbox(calls=5000, period=1)

    async def job(harvest):
        (await plan_rows(harvest, make_rows(3), tmp_path / "run.journal")).close()
        shutil.copy(tmp_path / "run.journal", tmp_path / "copy.journal")
        plan = await imports.resume(harvest, tmp_path / "run.journal")
        report = await imports.run(plan)
        plan.close()
        before = len(sandbox.requests())
        copy = await imports.resume(harvest, tmp_path / "copy.journal")
        with pytest.raises(JournalError, match=r"time entry 70001 has the reference of a row .* a copy of the journal"):
            await imports.run(copy)
        copy.close()
        return report.created, {each.method for each in sandbox.requests()[before:]}

    assert at(sandbox, job) == (3, {"GET"})
    assert len(sandbox.world.entries()) == 3


def test_ids_of_another_account_are_refused():
    """A file that names records by the ids of an export of API v1 alone is rejected, although such ids exist here."""
    sandbox = Sandbox(calls=5000, period=1)

    async def job(harvest):
        client = await harvest.clients.create("ACME")
        text = f"id,name,client_id\n9,Website,{client.id}\n".encode()
        options = imports.Options(format="projects")
        with imports.open_source(io.BytesIO(text), options, "projects.csv") as source, Journal(inline=True) as journal:
            report = await imports.run(await imports.plan(harvest, source, journal=journal))
        return report, await harvest.projects.list()

    report, projects = at(sandbox, job)

    assert "name it in words" in report.rejected[0].reason
    assert projects == []


def test_a_regular_user_can_not_import():
    """Refuses before anything is written, and names the user."""

    async def job(harvest):
        with (
            Journal(inline=True) as journal,
            pytest.raises(InvalidArgument, match=r"user@example\.com is no administrator"),
        ):
            await plan_rows(harvest, make_rows(1), journal)

    at(Sandbox(calls=5000, period=1), job, token="sandbox-user-token")


def test_a_journal_of_v1_is_refused_by_a_client_of_v2(tmp_path):
    """Names both accounts: ids and references of the two versions are not the same to the journal."""

    async def do(clock):
        with closing(Sandbox(calls=5000, period=1)) as sandbox:
            async with v1_client_of(sandbox, clock) as v1:
                (await plan_rows(v1, make_rows(2), tmp_path / "run.journal")).close()
            async with client_of(sandbox, clock) as v2:
                with pytest.raises(JournalError, match="another account"):
                    await imports.resume(v2, tmp_path / "run.journal")

    virtually(do)


def test_link_and_no_references_contradict_each_other():
    """Is refused before anything is read; and v1 has no references."""

    async def do(clock):
        with closing(Sandbox(calls=5000, period=1)) as sandbox:
            async with client_of(sandbox, clock) as v2, v1_client_of(sandbox, clock) as v1:
                for harvest, options in ((v2, {"reference": False}), (v1, {})):
                    with Journal(inline=True) as journal, pytest.raises(InvalidArgument, match="link"):
                        await plan_rows(harvest, make_rows(1), journal, link="https://example.com", **options)
            return len(sandbox.requests())

    assert virtually(do) == 0


def test_rows_in_a_locked_period_are_rejected_with_the_reason_of_the_server():
    """Rejects a row whose day is approved, and logs the others."""
    sandbox = Sandbox(calls=5000, period=1, modules=("approval",))

    async def job(harvest):
        client = await harvest.clients.create("ACME")
        made = {"name": "Website", "is_billable": True, "bill_by": "Project", "budget_by": "project"}
        project = await harvest.projects.create(client, **made)
        task = await harvest.tasks.create("Work")
        await harvest.task_assignments.create(project, task)
        entry = await harvest.time_entries.create(project, task, date(2026, 1, 5), hours=Decimal(1))
        entries = sandbox.world.tables["entry"]
        sandbox.world.change("entry", entries[entry.id], {"is_closed": True}, sandbox._account.clock.today())
        text = (
            "2026-01-05,ACME,Website,Work,a,1,admin@example.com\n2026-01-20,ACME,Website,Work,b,1,admin@example.com\n"
        )
        with Journal(inline=True) as journal:
            return await imports.run(await plan_text(harvest, text, journal))

    report = at(sandbox, job)

    assert report.created + len(report.rejected) == 2
    assert report.unknown == ()


def test_hours_are_refused_where_the_account_tracks_start_and_end():
    """Rejects the row in the plan and sends nothing."""
    sandbox = Sandbox(calls=5000, period=1, timestamp_timers=True)

    async def job(harvest):
        with Journal(inline=True) as journal:
            return await plan_text(harvest, "2026-01-05,ACME,Website,Work,a,1,admin@example.com\n", journal)

    plan = at(sandbox, job)

    assert (plan.overview.log, plan.overview.rejected[0].column) == (0, "Start time")
    assert sent(sandbox, "POST", "/time_entries") == 0


def test_fields_that_v2_lacks_are_left_out_and_listed():
    """Imports the rest of the record, and finds nothing to change the second time."""
    sandbox = Sandbox(calls=5000, period=1)
    text = b"Email,First name,Last name,Department\nnew@example.com,New,Person,Design\n"

    async def job(harvest):
        seen = []
        for _ in range(2):
            with imports.open_source(io.BytesIO(text), name="people.csv") as source, Journal(inline=True) as journal:
                plan = await imports.plan(harvest, source, journal=journal, create_people=True)
                seen.append(plan.overview)
                await imports.run(plan)
        return seen

    first, second = at(sandbox, job)

    assert (first.create, first.left_out) == ({"people": 1}, (("person", "department"),))
    assert (second.create, second.update) == ({}, {})


async def import_lines(harvest, lines):
    """Import one invoice with these line items; return the report and the account's invoices."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["Client", "Number", "Line items"], ["ACME", "I1", lines]])
    source = imports.open_source(
        io.BytesIO(out.getvalue().encode()), imports.Options(format="invoices"), "invoices.csv"
    )
    with source, Journal(inline=True) as journal:
        report = await imports.run(await imports.plan(harvest, source, journal=journal))
    return report, await harvest.invoices.list()


def test_a_line_break_in_a_line_item_is_kept():
    """Imports the description of a line item with its comma and its line break."""
    lines = 'kind,description,quantity,unit_price\r\nService,"one, two\nthree",2,3.5\r\n'

    _, found = at(Sandbox(calls=5000, period=1), lambda harvest: import_lines(harvest, lines))

    assert [each.description for each in found[0].line_items] == ["one, two\nthree"]


def test_numbers_of_line_items_may_have_decimal_commas():
    """Imports the table of an account that writes numbers so, with and without separators of thousands."""
    lines = 'kind,description,quantity,unit_price\nService,a,"1,5","1.234,50"\nService,b,2.25,"1,234.5"\n'

    _, found = at(Sandbox(calls=5000, period=1), lambda harvest: import_lines(harvest, lines))

    assert [(each.quantity, each.unit_price) for each in found[0].line_items] == [
        (Decimal("1.5"), Decimal("1234.5")),
        (Decimal("2.25"), Decimal("1234.5")),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('[{"kind": "Service", "quantity": 2}]', "the first line is no header, it lacks description"),
        ("kind,description,quantity,unit_price\nService,x,many,1\n", "column quantity: 'many' is no number"),
    ],
)
def test_an_invoice_with_unreadable_lines_is_rejected(lines, message):
    """Rejects the row with the reason, and creates no invoice."""
    report, found = at(Sandbox(calls=5000, period=1), lambda harvest: import_lines(harvest, lines))

    assert message in report.rejected[0].reason
    assert found == []


def test_a_new_rate_keeps_the_rates_of_the_past():
    """Starts the rate of a file today for a person whose rates changed over time; with one rate it replaces it."""
    sandbox = Sandbox(calls=5000, period=1)
    text = b"Email,First name,Last name,Billable rate\nadmin@example.com,Ada,Sandbox,120\nuser@example.com,Uli,Sandbox,70\n"

    async def job(harvest):
        await harvest.users.create_billable_rate(1, 80)
        await harvest.users.create_billable_rate(1, 90, start_date=date(2026, 1, 1))
        await harvest.users.create_billable_rate(2, 50)
        with imports.open_source(io.BytesIO(text), name="people.csv") as source, Journal(inline=True) as journal:
            await imports.run(await imports.plan(harvest, source, journal=journal))
        return [[each.amount async for each in harvest.users.billable_rates(user)] for user in (1, 2)]

    first, second = at(sandbox, job)

    assert sorted(first) == [80, 90, 120]
    assert second == [70]


def test_times_of_day_survive_on_an_account_that_tracks_them():
    """Logs start and end, which a second plan recognises."""
    sandbox = Sandbox(calls=5000, period=1, timestamp_timers=True)
    rows = make_rows(8)

    async def job(harvest):
        with Journal(inline=True) as journal:
            await imports.run(await plan_rows(harvest, rows, journal))
        return [(each.started_time, each.ended_time) async for each in harvest.time_entries.list()]

    times = at(sandbox, job)

    assert len(times) == 8
    assert all(isinstance(start, time) and isinstance(end, time) for start, end in times)


@pytest.mark.socket
def test_the_command_line_imports_unlinks_and_undoes(tmp_path):
    """Uses v2 by the environment, shows its references, and takes --no-reference, --unlink and --link."""
    file, journal = tmp_path / "time.csv", tmp_path / "run.journal"
    file.write_bytes(write_csv(make_rows(4)))
    reading = ("--client", "ACME", "--task", "Work", "--long-days", "--yes", "--json")
    with open_account() as (sandbox, address):
        shell = shell_at(address, tmp_path / "state", HARVEST_ACCOUNT_ID="1", HARVEST_ACCESS_TOKEN="sandbox-token")
        report = shell("import", file, *reading, "--journal", journal, "--link", "https://example.com/7").document
        links = {each["reference_permalink"] for each in sandbox.world.entries()}
        unlinked = shell("undo", journal, "--unlink", "--json").document
        undone = shell("undo", journal, "--json")
        kept = len(sandbox.world.entries())

    assert (report["report"]["created"], report["report"]["references"]) == (4, "kept")
    assert links == {"https://example.com/7"}
    assert unlinked == {"removed": 4, "left": []}
    assert (kept, undone.code) == (4, 1)
