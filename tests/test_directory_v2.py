"""Cached reference lists over API v2, against the sandbox."""

import pytest

from harvest_async import Directory, DirectoryV2, InvalidArgument

pytestmark = pytest.mark.anyio

MADE = {"is_billable": True, "bill_by": "Project", "budget_by": "project"}


@pytest.fixture
async def harvest(harvest_v2):
    async with harvest_v2() as client:
        yield client


@pytest.fixture
def directory(harvest):
    return DirectoryV2(harvest)


async def test_each_list_is_requested_once(harvest, directory):
    """Finds records by name, code, e-mail and id, with one call for each list."""
    client = await harvest.clients.create("ACME")
    project = await harvest.projects.create(client, name="Website", code="WEB", **MADE)
    task = await harvest.tasks.create("Design")
    role = await harvest.roles.create("Designer")
    category = await harvest.expense_categories.create("Travel")

    for _ in range(3):
        assert (await directory.clients.by_name("acme")).id == client.id
        assert (await directory.projects.by_code("web")).id == project.id
        assert (await directory.tasks.by_id(task.id)).name == "Design"
        assert (await directory.users.by_email("ADMIN@example.com")).id == 1
        assert (await directory.roles.by_name("designer")).id == role.id
        assert (await directory.expense_categories.by_name("travel")).id == category.id

    assert directory.calls == 6
    assert directory.saved == 12


async def test_assignments_of_all_projects_are_one_list(harvest, directory):
    """Returns the tasks and the users of a project out of the account's lists."""
    client, task = await harvest.clients.create("ACME"), await harvest.tasks.create("Design")
    projects = [await harvest.projects.create(client, name=name, **MADE) for name in ("One", "Two")]
    for project in projects:
        await harvest.task_assignments.create(project, task)

    found = [await directory.task_assignments.of_project(project.id) for project in projects]
    people = [await directory.user_assignments.of_project(project.id) for project in projects]

    assert [[each.task_id for each in of] for of in found] == [[task.id], [task.id]]
    assert [[each.user_id for each in of] for of in people] == [[1], [1]]
    assert directory.calls == 2


async def test_own_writes_are_noticed(harvest, directory):
    """Requests what a write touched before it returns it: changes, new records and deleted ones."""
    client = await harvest.clients.create("ACME")
    project = await harvest.projects.create(client, name="Website", **MADE)
    assert await directory.projects.by_name("Website") is not None
    assert await directory.clients.by_name("Umbrella") is None

    await harvest.projects.update(project, name="Shop")
    await harvest.clients.create("Umbrella")
    assert await directory.projects.by_name("Shop") is not None
    assert await directory.clients.by_name("Umbrella") is not None

    await harvest.projects.delete(project)
    assert await directory.projects.by_id(project.id) is None


async def test_writes_of_projects_reach_the_assignments(harvest, directory):
    """Sees the assignments of a new project, a new task on it, and none of a deleted one."""
    client, task = await harvest.clients.create("ACME"), await harvest.tasks.create("Design")
    assert await directory.user_assignments.all() == []
    assert await directory.task_assignments.all() == []

    project = await harvest.projects.create(client, name="Website", **MADE)
    assert len(await directory.user_assignments.of_project(project.id)) == 1
    link = await harvest.task_assignments.create(project, task)
    assert [each.id for each in await directory.task_assignments.of_project(project.id)] == [link.id]
    await harvest.task_assignments.update(project, link, billable=False)
    assert [each.billable for each in await directory.task_assignments.of_project(project.id)] == [False]

    await harvest.projects.delete(project)
    assert await directory.user_assignments.of_project(project.id) == []
    assert await directory.task_assignments.of_project(project.id) == []


async def test_a_reload_forgets_everything(harvest, directory, harvest_sandbox):
    """Notices a record that another program deleted."""
    client = await harvest.clients.create("ACME")
    assert await directory.clients.by_id(client.id) is not None
    harvest_sandbox.world.drop("client", harvest_sandbox.world.tables["client"][client.id])

    directory.reload()

    assert await directory.clients.by_id(client.id) is None


async def test_a_directory_of_the_other_version_is_refused(harvest, harvest_client):
    """Names both classes."""
    async with harvest_client() as v1:
        with pytest.raises(InvalidArgument, match="DirectoryV2: give a HarvestV2, not a HarvestV1"):
            DirectoryV2(v1)
    with pytest.raises(InvalidArgument, match="Directory: give a HarvestV1, not a HarvestV2"):
        Directory(harvest)
