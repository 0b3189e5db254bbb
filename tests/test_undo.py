"""Undoing leaves what other records use, and reports it."""

import pytest

from harvest_async import imports
from tests.support.sample import make_rows
from tests.test_imports import OPTIONS, quick, source_of

pytestmark = pytest.mark.anyio


async def imported(harvest, journal, rows=12):
    with source_of(make_rows(rows)) as source:
        plan = await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True)
    with plan:
        return await imports.run(plan)


async def test_a_task_that_other_entries_use_stays_active(harvest_sandbox, harvest_client, tmp_path):
    """With its project, client and person; all are reported, and nothing of the run's own entries is left."""
    quick(harvest_sandbox)
    world = harvest_sandbox.world
    async with harvest_client() as harvest:
        await imported(harvest, tmp_path / "a.journal")
        entry = world.entries()[0]
        await harvest.time.create(
            project_id=entry["project_id"], task_id=entry["task_id"], spent_at=entry["spent_at"], hours=1,
            of_user=entry["user_id"], notes="mine",
        )  # fmt: skip

        undone = await imports.undo(harvest, tmp_path / "a.journal")
        again = await imports.undo(harvest, tmp_path / "a.journal")

    task, project = world.tables["task"][entry["task_id"]], world.tables["project"][entry["project_id"]]
    assert [each["notes"] for each in world.entries()] == ["mine"]
    assert (task["deactivated"], project["active"]) == (False, True)
    assert all(world.tables["client"][project["client_id"]][name] for name in ("active",))
    assert world.tables["user"][entry["user_id"]]["is_active"]
    for what in (
        f"task {entry['task_id']}",
        f"project {entry['project_id']}",
        f"client {project['client_id']}",
        "person",
    ):
        assert any(each.startswith(what) for each in undone.left), undone.left
    assert any("of the assignments of project" in each for each in undone.left)
    assert len(again.left) == len(undone.left)


async def test_assignments_that_went_with_their_projects_are_reported(harvest_sandbox, harvest_client, tmp_path):
    """The server removes them together with the project."""
    quick(harvest_sandbox)
    async with harvest_client() as harvest:
        report = await imported(harvest, tmp_path / "a.journal")
        undone = await imports.undo(harvest, tmp_path / "a.journal")

    assert (undone.left, undone.unknown) == ((), 0)
    assert undone.removed_with_project == report.created_records["assignments"]


async def test_a_client_with_max_wait_imports_all_the_same(harvest_sandbox, harvest_client):
    """An import waits for as long as it takes; the client's own limit is for its other calls."""
    harvest_sandbox.set_limits(20, 1)
    async with harvest_client() as harvest:
        with source_of(make_rows(30)) as source:
            plan = await imports.plan(harvest.options(max_wait=0), source, options=OPTIONS, create_people=True)
        with plan:
            report = await imports.run(plan)

    assert (report.created, report.complete) == (30, True)
