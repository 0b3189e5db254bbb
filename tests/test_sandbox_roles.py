"""Who may do what in the sandbox: every endpoint of the contract as administrator, as manager and as regular user."""

import pytest

from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.router import SECTIONS
from tests.contract import endpoints
from tests.support.sandbox import USER, Caller, new_sandbox

ALSO = {  # requests that clients in the field send
    ("PUT", "/daily/update/{}"),
    ("PUT", "/clients/{}/toggle"),
    ("GET", "/people/{}/toggle"),
}
OWN_REPORTS = {"reports.project_entries", "reports.user_entries", "reports.user_expenses"}


def bare(path):
    """A path with its places emptied."""
    return "/".join("{}" if word.startswith("{") else word for word in path.split("/"))


def routes():
    """All routes by method and path."""
    return {
        (method, bare(route.path)): (module, route)
        for module, table in SECTIONS
        for route in table
        for method in route.methods.split()
    }


def test_the_routes_are_the_contracts_endpoints():
    """None is missing, and there are no others but the verbs that clients in the field use."""
    contract = {(each.method, bare(each.path)) for each in endpoints().values()}

    assert len(endpoints()) == 89
    assert contract | ALSO == set(routes())


@pytest.mark.parametrize("name", [name for name in endpoints() if name != "account.rate_limit_status"])
def test_a_route_asks_for_the_contracts_role(name):
    """Where the contract lets everybody in for their own data, the handler looks at whose it is."""
    endpoint = endpoints()[name]
    role = routes()[endpoint.method, bare(endpoint.path)][1].role
    expected = {"self": Role.SELF, "role": Role.MANAGER, "admin": Role.ADMIN}[endpoint.role]

    assert (Role.SELF if endpoint.resource == "reports" else expected) == role


@pytest.mark.parametrize("name", [name for name in endpoints() if name != "account.rate_limit_status"])
def test_a_route_belongs_to_the_contracts_module(name):
    """A module that is off removes its sections and no other."""
    endpoint = endpoints()[name]
    module = {"expense_categories": "expenses", "receipts": "expenses", "expenses": "expenses"}.get(endpoint.resource)
    module = "invoices" if endpoint.resource.startswith("invoice") else module

    assert (module or "") == routes()[endpoint.method, bare(endpoint.path)][0]


def test_modules_are_switched_off():
    """The sections are unavailable, and who_am_i says so."""
    sandbox = new_sandbox(modules=["expenses"])
    call = Caller(sandbox)
    modules = call.get("/account/who_am_i").json()["company"]["modules"]

    assert modules == {"expenses": True, "invoices": False, "estimates": False, "approval": False}
    assert [call.get(path).status_code for path in ("/expenses", "/invoices", "/invoice_item_categories")] == [
        200,
        404,
        404,
    ]


def test_a_module_that_is_none_is_refused():
    """The sandbox names those that there are."""
    with pytest.raises(ValueError, match=r"Unknown module: payroll\. Choose from: expenses, invoices, "):
        new_sandbox(modules=["payroll"])


@pytest.fixture
def user(studio):
    return Caller(studio.call.sandbox, USER)


REFUSED = [
    name
    for name, endpoint in endpoints().items()
    if endpoint.role != "self" and endpoint.resource != "reports" and name != "people.toggle"
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_regular_user_is_answered_404(studio, user, name):
    """A role that is too low looks like a record that is not there."""
    endpoint = endpoints()[name]
    numbers = {"client_id": studio.client, "project_id": studio.project, "task_id": studio.task, "user_id": 1}
    path = "/".join(str(numbers.get(word.strip("{}"), 1)) if "{" in word else word for word in endpoint.path.split("/"))

    assert user(endpoint.method, path).status_code == 404
    assert len(studio.call.sandbox.world.clients()) == 1


@pytest.mark.parametrize(
    "path", ["/account/who_am_i", "/account/rate_limit_status", "/daily", "/expenses", "/daily/5/2026"]
)
def test_a_regular_user_has_a_timesheet_and_expenses(user, path):
    """One's own data is everybody's."""
    assert user.get(path).status_code == 200


def test_reports_are_for_administrators_and_about_oneself(studio, user):
    """A person may read their own entries of a project."""
    mine = studio.log_time(user)["id"]
    studio.log_time()
    span, project = "from=20260101&to=20261231", studio.project
    answers = [
        user.get(f"/projects/{project}/entries?{span}"),
        user.get(f"/projects/{project}/entries?{span}&user_id=1"),
        user.get(f"/people/1/entries?{span}"),
        user.get(f"/people/1/expenses?{span}"),
        user.get(f"/projects/{project}/expenses?{span}"),
        user.get(f"/people/2/expenses?{span}"),
        user.get(f"/projects/{project}/entries?{span}&user_id=2"),
        user.get(f"/people/user@example.com/entries?{span}"),
    ]

    assert [response.status_code for response in answers] == [404] * 5 + [200] * 3
    assert [[mine], [mine]] == [[each["day_entry"]["id"] for each in response.json()] for response in answers[-2:]]


# Managers


@pytest.fixture
def manager(studio, user):
    """The regular user manages the studio's project, and no other."""
    call = studio.call
    call.make("/projects", root="project", name="Secret", client_id=studio.client)
    call.make("/people", root="user", email="c@example.com", first_name="C", last_name="D")
    [link] = [
        each for each in call.sandbox.world.assignments("user_assignment", studio.project) if each["user_id"] == 2
    ]
    path = f"/projects/{studio.project}/user_assignments/{link['id']}"
    call.put(path, {"user_assignment": {"is_project_manager": True}})
    return user


def test_a_manager_sees_what_they_manage(studio, manager):
    """Their projects, who is on them, and the account's clients and tasks."""
    projects = [each["project"]["name"] for each in manager.get("/projects").json()]
    people = [each["user"]["id"] for each in manager.get("/people").json()]

    assert (projects, people) == (["Rocket"], [1, 2])
    assert [
        manager.get(path).status_code
        for path in (f"/projects/{studio.project}", f"/projects/{studio.project + 1}", "/people/1", "/people/3")
    ] == [200, 404, 200, 404]
    assert [manager.get(path).status_code for path in ("/clients", "/tasks", "/invoices")] == [200, 200, 200]


def test_a_manager_changes_what_they_manage(studio, manager):
    """And nothing else; people are the administrators' alone."""
    fields = {"project": {"client_id": studio.client, "notes": "x"}}
    answers = [
        manager.put(f"/projects/{studio.project}", fields),
        manager.post(f"/projects/{studio.project}/task_assignments", {"task": {"id": studio.task}}),
        manager.put(f"/projects/{studio.project + 1}", fields),
        manager.post(f"/projects/{studio.project + 1}/task_assignments", {"task": {"id": studio.task}}),
        manager.post("/people", {"user": {"email": "d@example.com", "first_name": "D", "last_name": "E"}}),
        manager.post("/projects", {"project": {"name": "Mine", "client_id": studio.client}}),
    ]

    assert [response.status_code for response in answers] == [200, 201, 404, 404, 404, 404]


def test_a_manager_with_the_right_makes_projects_and_manages_them(studio, user):
    """is_project_manager of the person is the right; who_am_i returns it."""
    studio.call.put("/people/2", {"user": {"is_project_manager": True}})
    rights = user.get("/account/who_am_i").json()["user"]["project_manager"]
    number = user.make("/projects", root="project", name="Mine", client_id=studio.client)

    assert list(rights.values()) == [True] * 4
    assert [number] == [each["project"]["id"] for each in user.get("/projects").json()]
