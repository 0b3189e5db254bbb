"""Clients, contacts, projects, tasks, people, assignments and categories in the sandbox: their rules."""

import pytest

from tests.support.invoices import outcome
from tests.support.sandbox import Caller, clock_of, new_sandbox, new_studio


@pytest.fixture
def call(studio):
    return studio.call


NEEDED = {
    "client": ("/clients", {"name": "N"}),
    "contact": ("/contacts", {"client_id": 1001, "first_name": "F", "last_name": "L"}),
    "project": ("/projects", {"name": "N", "client_id": 1001}),
    "task": ("/tasks", {"name": "N"}),
    "user": ("/people", {"email": "n@example.com", "first_name": "F", "last_name": "L"}),
    "expense_category": ("/expense_categories", {"name": "N"}),
    "invoice_item_category": ("/invoice_item_categories", {"name": "N"}),
}


@pytest.mark.parametrize(("root", "missing"), [(root, name) for root, (_, fields) in NEEDED.items() for name in fields])
def test_a_create_needs_its_fields(call, root, missing):
    """Each that is missing is named."""
    path, fields = NEEDED[root]
    response = call.post(path, {root: {name: value for name, value in fields.items() if name != missing}})

    assert (400, f"{missing} is missing.") == outcome(response)


@pytest.mark.parametrize(("root", "emptied"), [(root, name) for root, (_, fields) in NEEDED.items() for name in fields])
def test_an_update_may_leave_them_out_but_not_empty_them(call, root, emptied):
    """A field that is needed can't be taken away later."""
    path, fields = NEEDED[root]
    number = call.make(path, root=root, **fields)
    kept = {"client_id": 1001} if root == "project" else {}
    response = call.put(f"{path}/{number}", {root: kept | {emptied: ""}})

    assert (400, f"{emptied} is missing.") == outcome(response)
    assert call.put(f"{path}/{number}", {root: kept}).status_code == 200


@pytest.mark.parametrize(
    ("root", "name"),
    [
        ("client", "name"),
        ("task", "name"),
        ("user", "email"),
        ("expense_category", "name"),
        ("invoice_item_category", "name"),
    ],
)
def test_some_names_are_unique_without_regard_to_case(call, root, name):
    """A second record of that name is refused; a record may keep its own."""
    path, fields = NEEDED[root]
    number = call.make(path, root=root, **fields)
    again = call.post(path, {root: fields | {name: f" {fields[name].upper()} "}})
    same = call.put(f"{path}/{number}", {root: {name: fields[name]}})
    other = call.make(path, root=root, **(fields | {name: f"other-{fields[name]}"}))
    taken = call.put(f"{path}/{other}", {root: {name: fields[name]}})

    assert (400, f"{name} is taken.") == outcome(again) == outcome(taken)
    assert same.status_code == 200


@pytest.mark.parametrize("root", ["contact", "project"])
def test_a_client_must_exist(call, root):
    """An unknown client is reported."""
    path, fields = NEEDED[root]

    assert outcome(call.post(path, {root: fields | {"client_id": 9}})) == (400, "There is no such client.")


def test_what_may_not_be_set_is_passed_over(call, sandbox):
    """Read-only fields, unknown ones, a password and an id change nothing."""
    number = call.make("/people", root="user", **NEEDED["user"][1], id=77, password="x", identity_user_id=5, wat=1)
    person = sandbox.world.find("user", number)

    assert (person["id"], person["identity_user_id"]) == (3, None)
    assert "password" not in person


def test_null_empties_what_can_be_empty_and_leaves_the_rest(call, sandbox):
    """A rate may be nothing; a flag may not."""
    number = call.make("/tasks", root="task", name="N", default_hourly_rate=5, is_default=True)
    call.put(f"/tasks/{number}", {"task": {"default_hourly_rate": None, "is_default": None}})

    task = sandbox.world.find("task", number)
    assert (task["default_hourly_rate"], task["is_default"]) == (None, True)


# Clients and projects


def test_a_client_with_active_projects_stays_active(call, studio, sandbox):
    """Its toggle is refused with a hint, until the projects are archived."""
    refused = call.post(f"/clients/{studio.client}/toggle")
    call.put(f"/projects/{studio.project}/toggle")
    done = call.put(f"/clients/{studio.client}/toggle")

    assert outcome(refused) == (400, "The client has active projects.")
    assert (200, f"/clients/{studio.client}") == (done.status_code, done.headers["location"])
    assert False is sandbox.world.find("client", studio.client)["active"]
    call.post(f"/clients/{studio.client}/toggle")
    assert True is sandbox.world.find("client", studio.client)["active"]


def test_lists_hold_archived_records_too(call, studio):
    """It is the reader's part to leave them out."""
    call.put(f"/projects/{studio.project}/toggle")

    assert [each["project"]["active"] for each in call.get("/projects").json()] == [False]


def test_a_client_goes_with_its_contacts_when_nothing_hangs_on_it(call, studio, sandbox):
    """Projects and invoices hold it."""
    invoice = studio.invoice()
    call.make("/contacts", root="contact", **(NEEDED["contact"][1] | {"client_id": studio.client}))
    with_project = call.delete(f"/clients/{studio.client}")
    call.delete(f"/projects/{studio.project}")
    with_invoice = call.delete(f"/clients/{studio.client}")
    call.delete(f"/invoices/{invoice}")

    assert outcome(with_project) == (400, "The client has projects.")
    assert outcome(with_invoice) == (400, "The client has invoices.")
    assert call.delete(f"/clients/{studio.client}").status_code == 200
    assert sandbox.world.all("contact") == []


def test_contacts_are_listed_by_client(call, studio):
    """The account's list has all of them."""
    other = call.make("/clients", root="client", name="Other")
    number = call.make("/contacts", root="contact", **(NEEDED["contact"][1] | {"client_id": other}))

    assert [number] == [each["contact"]["id"] for each in call.get(f"/clients/{other}/contacts").json()]
    assert call.get(f"/clients/{studio.client}/contacts").json() == []
    assert len(call.get("/contacts").json()) == 1
    assert call.get("/clients/9/contacts").status_code == 404


def test_projects_are_listed_by_client(call, studio):
    """The filter is called client; client_id is no filter."""
    other = call.make("/clients", root="client", name="Other")

    assert call.get(f"/projects?client={other}").json() == []
    assert len(call.get(f"/projects?client={studio.client}").json()) == 1
    assert len(call.get(f"/projects?client_id={other}").json()) == 1


def test_a_projects_update_needs_its_client(call, studio, sandbox):
    """client_id must be sent; active is passed over."""
    path = f"/projects/{studio.project}"
    refused = call.put(path, {"project": {"name": "New"}})
    call.put(path, {"project": {"name": "New", "client_id": studio.client, "active": False}})

    project = sandbox.world.find("project", studio.project)
    assert outcome(refused) == (400, "client_id is missing.")
    assert (project["name"], project["active"]) == ("New", True)


def test_a_project_with_hours_or_expenses_stays(call, studio, sandbox):
    """Without them it goes, with its assignments."""
    entry = studio.log_time()["id"]
    category = call.make("/expense_categories", root="expense_category", name="Meals")
    expense = studio.spend(expense_category_id=category)
    with_hours = call.delete(f"/projects/{studio.project}")
    call.delete(f"/daily/delete/{entry}")
    with_expenses = call.delete(f"/projects/{studio.project}")
    call.delete(f"/expenses/{expense}")

    assert outcome(with_hours) == (400, "The project has hours.")
    assert outcome(with_expenses) == (400, "The project has expenses.")
    assert call.delete(f"/projects/{studio.project}").status_code == 200
    assert sandbox.world.all("task_assignment") + sandbox.world.all("user_assignment") == []


def test_a_new_project_has_the_defaults(call, studio, sandbox):
    """Default tasks that are not archived, people who are on all future projects, and its creator."""
    task = call.make("/tasks", root="task", name="Default", is_default=True, default_hourly_rate=90)
    archived = call.make("/tasks", root="task", name="Deleted", is_default=True)
    sandbox.world.change(
        "task", sandbox.world.find("task", archived), {"deactivated": True}, sandbox._account.clock.today()
    )
    call.put("/people/2", {"user": {"has_access_to_all_future_projects": True}})
    project = call.make("/projects", root="project", name="P", client_id=studio.client)

    tasks, people = (sandbox.world.assignments(f"{kind}_assignment", project) for kind in ("task", "user"))
    assert [(task, 90)] == [(link["task_id"], link["hourly_rate"]) for link in tasks]
    assert [link["user_id"] for link in people] == [2, 1]
    counts = ("active_task_assignments_count", "active_user_assignments_count")
    assert [sandbox.world.find("project", project)[name] for name in counts] == [1, 2]


# Tasks and people


def test_a_task_with_hours_is_archived_and_brought_back(call, studio, sandbox):
    """Both deletes respond alike: the task itself shows which it was."""
    entry = studio.log_time()["id"]
    archived = call.delete(f"/tasks/{studio.task}")
    shown = call.get(f"/tasks/{studio.task}").json()["task"]["deactivated"]
    activated = call.post(f"/tasks/{studio.task}/activate")
    call.delete(f"/daily/delete/{entry}")
    deleted = call.delete(f"/tasks/{studio.task}")

    assert (200, None) == outcome(archived) == outcome(deleted)
    assert (True, 200, f"/tasks/{studio.task}") == (shown, activated.status_code, activated.headers["location"])
    assert call.get(f"/tasks/{studio.task}").status_code == 404
    assert sandbox.world.all("task_assignment") == []


@pytest.mark.parametrize("verb", ["POST", "GET"])
def test_a_person_is_toggled(call, sandbox, verb):
    """Without a Location; a client in the field uses GET."""
    response = call(verb, "/people/user@example.com/toggle")

    assert (response.status_code, response.headers.get("location")) == (200, None)
    assert False is sandbox.world.find("user", 2)["is_active"]


def test_a_person_with_hours_stays(call, studio):
    """Who has none goes."""
    studio.log_time(of_user=2)
    other = call.make("/people", root="user", **NEEDED["user"][1])

    assert outcome(call.delete("/people/2")) == (400, "The user has hours.")
    assert call.delete(f"/people/{other}").status_code == 200


def test_a_password_can_be_reset(call):
    """It responds as every write does, and with 404 for an unknown person."""
    assert (call.post("/people/2/reset_password").status_code, call.post("/people/2/reset_password").content) == (
        200,
        b" ",
    )
    assert call.post("/people/9/reset_password").status_code == 404


# Assignments


def test_a_project_shows_how_many_tasks_accept_time(call, studio, sandbox):
    """Archived assignments are not counted, and removed tasks are not, either."""
    path = f"/projects/{studio.project}/task_assignments"
    project = sandbox.world.find("project", studio.project)
    link = call.make(f"{path}/add_with_create_new_task", root="task", name="New")
    counts = [project["active_task_assignments_count"]]
    call.put(f"{path}/{link}", {"task_assignment": {"deactivated": True}})
    counts.append(project["active_task_assignments_count"])
    task = sandbox.world.find("task_assignment", link)["task_id"]
    call.make(path, root="task", id=task)
    counts.append(project["active_task_assignments_count"])
    call.delete(f"/tasks/{task}")

    assert [*counts, project["active_task_assignments_count"]] == [2, 1, 2, 1]


def test_assigning_again_brings_back_the_same_assignment(call, studio, sandbox):
    """There is never a second one for the same pair."""
    [link] = sandbox.world.assignments("task_assignment", studio.project)
    path = f"/projects/{studio.project}/task_assignments"
    call.put(f"{path}/{link['id']}", {"task_assignment": {"deactivated": True, "billable": False, "budget": 5}})
    again = call.make(path, root="task", id=studio.task)

    assert (link["id"], False, False, 5) == (again, link["deactivated"], link["billable"], link["budget"])


@pytest.mark.parametrize(("number", "status"), [(9, 404), ("x", 400), ("", 400), (None, 400), ("9" * 30, 400)])
def test_who_or_what_is_assigned_must_exist(call, studio, number, status):
    """An unknown id is 404, none at all 400."""
    for kind, root in (("task_assignments", "task"), ("user_assignments", "user")):
        assert status == call.post(f"/projects/{studio.project}/{kind}", {root: {"id": number}}).status_code


def test_a_new_task_can_be_made_and_assigned_at_once(call, studio, sandbox):
    """It is a task of the account from then on."""
    number = call.make(f"/projects/{studio.project}/task_assignments/add_with_create_new_task", root="task", name="New")

    assert sandbox.world.find("task", sandbox.world.find("task_assignment", number)["task_id"])["name"] == "New"


def test_an_assignment_belongs_to_its_project(call, studio, sandbox):
    """Under another project it is 404; so is everything under an unknown one."""
    other = call.make("/projects", root="project", name="P", client_id=studio.client)
    [link] = sandbox.world.assignments("task_assignment", studio.project)
    paths = [f"/projects/{number}/task_assignments/{link['id']}" for number in (studio.project, other, 9)]

    assert [call.get(path).status_code for path in paths] == [200, 404, 404]


def test_updates_of_assignments_name_a_location_or_not(call, studio, sandbox):
    """Those of tasks do not, those of people do."""
    [task] = sandbox.world.assignments("task_assignment", studio.project)
    [person, _] = sandbox.world.assignments("user_assignment", studio.project)
    base = f"/projects/{studio.project}"
    first = call.put(f"{base}/task_assignments/{task['id']}", {"task_assignment": {"hourly_rate": 1}})
    second = call.put(
        f"{base}/user_assignments/{person['id']}",
        {"user_assignment": {"user_id": 1, "project_id": studio.project, "hourly_rate": "2.50"}},
    )

    assert [None, f"{base}/user_assignments/{person['id']}"] == [
        each.headers.get("location") for each in (first, second)
    ]
    assert str(person["hourly_rate"]) == "2.50"


def test_an_assignment_with_hours_is_archived_with_a_hint(call, studio, sandbox):
    """One without hours is removed without a word."""
    studio.log_time()
    people = sandbox.world.assignments("user_assignment", studio.project)
    base = f"/projects/{studio.project}/user_assignments"
    archived, removed = (call.delete(f"{base}/{link['id']}") for link in people)

    assert outcome(archived) == (200, "The user has hours on this project and was archived.")
    assert outcome(removed) == (200, None)
    assert [link["deactivated"] for link in sandbox.world.assignments("user_assignment", studio.project)] == [True]


def test_a_project_keeps_its_last_task(call, studio, sandbox):
    """Removing it is refused; with another one it can go."""
    [link] = sandbox.world.assignments("task_assignment", studio.project)
    path = f"/projects/{studio.project}/task_assignments"
    refused = call.delete(f"{path}/{link['id']}")
    call.make(f"{path}/add_with_create_new_task", root="task", name="New")

    assert outcome(refused) == (400, "A project needs at least one task.")
    assert outcome(call.delete(f"{path}/{link['id']}")) == (200, None)
    assert sandbox.world.find("project", studio.project)["active_task_assignments_count"] == 1


# Categories


def test_a_category_with_expenses_stays(call, studio):
    """One without goes."""
    used, free = (call.make("/expense_categories", root="expense_category", name=name) for name in "AB")
    studio.spend(expense_category_id=used)

    assert outcome(call.delete(f"/expense_categories/{used}")) == (400, "The category has expenses.")
    assert call.delete(f"/expense_categories/{free}").status_code == 200


def test_the_two_default_categories_of_invoice_items_stay(call):
    """They may be renamed; others may go. A new one's Location is no path of the API."""
    listed = [each["invoice_category"] for each in call.get("/invoice_item_categories").json()]
    made = call.post("/invoice_item_categories", {"invoice_item_category": {"name": "Travel"}})
    number = made.headers["location"].rpartition("/")[2]

    assert [(each["name"], each["use_as_service"]) for each in listed] == [("Service", True), ("Product", False)]
    assert f"/invoice_categories/{number}" == made.headers["location"]
    assert outcome(call.delete(f"/invoice_item_categories/{listed[0]['id']}")) == (400, "The category is a default.")
    renamed = call.put(f"/invoice_item_categories/{listed[0]['id']}", {"invoice_item_category": {"name": "Work"}})
    assert (200, f"/invoice_item_categories/{listed[0]['id']}") == (renamed.status_code, renamed.headers["location"])
    assert call.delete(f"/invoice_item_categories/{number}").status_code == 200


def test_a_read_root_is_no_write_root(call):
    """invoice_category is what is read; what is written is invoice_item_category."""
    assert call.post("/invoice_item_categories", {"invoice_category": {"name": "Travel"}}).status_code == 400


def test_many_records_are_found_as_fast_as_few(sandbox, studio):
    """Logging time does not read earlier entries: it uses the index, not the table."""
    looked = []
    table = sandbox.world.tables["entry"]

    class Watched(dict):
        def values(self):
            looked.append("values")
            return super().values()

        def __iter__(self):
            looked.append("iter")
            return super().__iter__()

    sandbox.world.tables["entry"] = Watched(table)
    studio.log_time()
    studio.log_time(hours="")
    Caller(sandbox).get("/daily")
    Caller(sandbox).get("/people/1/entries?from=20260101&to=20261231")

    assert looked == []


# The plan


def test_a_plan_allows_so_many_people_and_projects():
    """New ones and those that are brought back are refused beyond it; archived ones take no place."""
    sandbox = new_sandbox(plan={"people": 3, "projects": 1})
    studio = new_studio(sandbox)
    call = studio.call
    third = call.make("/people", root="user", **NEEDED["user"][1])
    refused = [
        call.post("/people", {"user": NEEDED["user"][1] | {"email": "o@example.com"}}),
        call.post("/projects", {"project": {"name": "P", "client_id": studio.client}}),
    ]
    call.post(f"/people/{third}/toggle")
    fourth = call.make("/people", root="user", **(NEEDED["user"][1] | {"email": "o@example.com"}))
    back = call.post(f"/people/{third}/toggle")
    archived = call.make("/projects", root="project", name="P", client_id=studio.client, active=False)

    assert [outcome(each) for each in (*refused, back)] == [
        (400, "The plan allows no more active people."),
        (400, "The plan allows no more active projects."),
        (400, "The plan allows no more active people."),
    ]
    assert outcome(call.put(f"/projects/{archived}/toggle")) == (400, "The plan allows no more active projects.")
    call.post(f"/people/{fourth}/toggle")
    assert outcome(call.post(f"/people/{third}/toggle")) == (200, None)


def test_a_limit_that_is_none_of_a_plan_is_refused():
    """The sandbox names those that there are."""
    with pytest.raises(ValueError, match=r"unknown limit clients\. Choose from: people, projects"):
        new_sandbox(plan={"clients": 1})


def test_a_project_tells_of_its_records_once_a_day(studio, sandbox):
    """The hints are those of the day's first new record."""
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")

    def hints():
        project = studio.call.get(f"/projects/{studio.project}").json()["project"]
        return project["hint_earliest_record_at"], project["hint_latest_record_at"]

    unknown = hints()
    studio.log_time(spent_at="2026-01-05")
    studio.log_time(spent_at="2026-01-09")
    first = hints()
    clock_of(sandbox).advance(24 * 3600)
    studio.spend(expense_category_id=category, spent_at="2026-01-02")

    assert [unknown, first, hints()] == [(None, None), ("2026-01-05", "2026-01-05"), ("2026-01-02", "2026-01-09")]
