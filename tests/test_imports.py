"""Imports for programs: plan, look, run, resume, undo."""

import io

import pytest

from harvest_async import InvalidArgument, imports
from harvest_async.importer.account_records import AccountRecord
from harvest_async.v1.import_adapter import V1ImportAccount
from tests.support.sample import make_rows, write_csv

pytestmark = pytest.mark.anyio

OPTIONS = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)


def source_of(rows, options=OPTIONS):
    return imports.open_source(io.BytesIO(write_csv(rows)), options, "time.csv")


def quick(harvest_sandbox):
    harvest_sandbox.set_limits(5000, 1)
    return harvest_sandbox


async def test_a_service_plans_looks_and_runs(harvest_sandbox, harvest_client, tmp_path):
    """A plan reports what it would do before anything is written; run does that, and keeps its journal in the given path."""
    quick(harvest_sandbox)
    async with harvest_client() as harvest:
        with source_of(make_rows(30)) as source:
            plan = await imports.plan(harvest, source, options=OPTIONS, create_people=True)
        before = len(harvest_sandbox.requests())
        with plan:
            report = await imports.run(plan, journal=tmp_path / "acme.journal")

    assert (plan.overview.log, plan.overview.create["people"]) == (30, 5)
    assert plan.calls == plan.overview.writes + before
    assert plan.seconds == 0
    assert (report.created, report.complete) == (30, True)
    assert len(harvest_sandbox.world.entries()) == 30
    assert (tmp_path / "acme.journal").exists()


async def test_people_need_consent(harvest_sandbox, harvest_client):
    """Left out, nobody is made; a callable is asked about all of them at once."""
    quick(harvest_sandbox)
    asked = []

    async def ask(people):
        asked.extend(each.email for each in people)
        return False

    async with harvest_client() as harvest:
        for make in (False, ask):
            with source_of(make_rows(10)) as source:
                plan = await imports.plan(harvest, source, options=OPTIONS, create_people=make)
            with plan:
                assert (plan.overview.log, len(plan.overview.rejected)) == (0, 10)

    assert set(asked) <= {f"{name}@example.com" for name in ("one", "two", "three", "four", "five")}
    assert asked


async def test_a_run_that_was_stopped_is_resumed(harvest_sandbox, harvest_client, tmp_path):
    """What a stopped run left is done by the next one, from its journal alone."""
    quick(harvest_sandbox)
    journal = tmp_path / "a.journal"

    class Stop:
        def begin(self, what, calls): ...
        def state(self, what): ...
        def step(self):
            if len(harvest_sandbox.world.entries()) > 5 and plan.runner is not None:
                plan.runner.stop("enough")

    async with harvest_client() as harvest:
        with source_of(make_rows(120)) as source:
            plan = await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True)
        with plan:
            early = await imports.run(plan, on_progress=Stop())
        with await imports.resume(harvest, journal) as plan:
            report = await imports.run(plan)

    assert early.stopped == "enough"
    assert early.left > 0
    assert report.complete
    assert len(harvest_sandbox.world.entries()) == 120


async def test_a_journal_refuses_what_is_not_its_own(harvest_sandbox, harvest_client, tmp_path):
    """Another file, other options, another account, a second plan, or a journal that is not there: each is refused."""
    quick(harvest_sandbox)
    journal, rows = tmp_path / "a.journal", make_rows(5)
    async with harvest_client() as harvest:
        with source_of(rows) as source:
            (await imports.plan(harvest, source, journal=journal, options=OPTIONS)).close()

            with pytest.raises(imports.JournalError, match="already"):
                await imports.plan(harvest, source, journal=journal, options=OPTIONS)
            with pytest.raises(imports.JournalError, match="other options"):
                await imports.resume(harvest, journal, source=source, options=OPTIONS, email_domain="example.org")
            with pytest.raises(imports.JournalError, match="another account"):
                await imports.resume(harvest, journal, identity="elsewhere")
        with source_of(rows[:4]) as other, pytest.raises(imports.JournalError, match="another file"):
            await imports.resume(harvest, journal, source=other, options=OPTIONS)
        with pytest.raises(imports.JournalError, match="no such journal"):
            await imports.resume(harvest, tmp_path / "b.journal")
        imports.Journal(tmp_path / "c.journal").close()
        with pytest.raises(imports.JournalError, match="another account"):
            await imports.resume(harvest, tmp_path / "c.journal")


async def test_undo_removes_exactly_what_was_made(harvest_sandbox, harvest_client, tmp_path):
    """What was there before a run is there after its undoing, and nothing else."""
    quick(harvest_sandbox)
    world = harvest_sandbox.world
    rows = make_rows(40)
    async with harvest_client() as harvest:
        with (
            source_of(rows[:15]) as source,
            await imports.plan(harvest, source, options=OPTIONS, create_people=True) as plan,
        ):
            await imports.run(plan)
        before = {kind: dict(records) for kind, records in world.tables.items()}
        other = imports.Options(fill=imports.Fill(client="Other", task="Play"), long_days=True)
        with source_of(rows, other) as source:
            plan = await imports.plan(
                harvest, source, journal=tmp_path / "a.journal", options=other, create_people=True
            )
        with plan:
            await imports.run(plan)
        grown = len(world.entries())

        undone = await imports.undo(harvest, tmp_path / "a.journal")
        again = await imports.undo(harvest, tmp_path / "a.journal")

    assert grown == 55
    assert {kind: records.keys() for kind, records in world.tables.items()} == {
        kind: records.keys() for kind, records in before.items()
    }
    assert (undone.left, undone.unknown, again.removed) == ((), 0, 0)
    assert undone.removed >= 43


async def test_undo_says_what_it_could_not_do(harvest_sandbox, harvest_client, tmp_path):
    """What somebody uses meanwhile can't be removed: it is reported, and the rest is deleted."""
    quick(harvest_sandbox)
    async with harvest_client() as harvest:
        with source_of(make_rows(5)) as source:
            plan = await imports.plan(
                harvest, source, journal=tmp_path / "a.journal", options=OPTIONS, create_people=True
            )
        with plan:
            await imports.run(plan)
        entry = harvest_sandbox.world.entries()[0]
        await harvest.time.create(entry["project_id"], entry["task_id"], hours=1, of_user=entry["user_id"])

        undone = await imports.undo(harvest, tmp_path / "a.journal")

    assert any("project" in each for each in undone.left)
    assert len(harvest_sandbox.world.entries()) == 1


async def test_records_of_v1_get_neutral_names(harvest_client):
    """Archived records, codes and addresses reach the importer under its own field names."""
    async with harvest_client() as harvest:
        account = V1ImportAccount(harvest, "a")
        client = await harvest.clients.create("ACME")
        await harvest.projects.create("Website", client.id, code="W")
        await harvest.tasks.create("Work", is_default=True)

        [project] = await account.records("project")
        people = await account.records("person")
        tasks = await account.records("task")

    assert (project.name, project.client, project.code, project.active) == ("Website", client.id, "W", True)
    assert all(isinstance(each, AccountRecord) and each.fields["active"] for each in people)
    assert tasks
    assert all("deactivated" not in each.fields and each.fields["archived"] is not each.active for each in tasks)
    assert {each.email for each in people} == {"admin@example.com", "user@example.com"}


async def test_a_client_of_no_known_version_is_refused(tmp_path):
    """Raises InvalidArgument, which names the client's class and the classes that can import."""

    class Other:
        name, address = "acme", "https://acme.example.com"

        def options(self, **_):
            return self

    with source_of(make_rows(1)) as source, pytest.raises(InvalidArgument, match=r"Other .*HarvestV1"):
        await imports.plan(Other(), source, journal=tmp_path / "a.journal", options=OPTIONS)
    assert not (tmp_path / "a.journal").exists()
