"""python-harvest-redux 4, unmodified, against the sandbox over a real socket: each of its calls.

How it looks on the wire: JSON only, `null` as the body of every call that has nothing to send (GET, too), a slash at
the end of some paths, values put into the query without escaping, and one body with dashes in its key. A write's
response is returned as it is if it holds no JSON; a read's is parsed whichever status it has.

`ALLOWED` are the calls that the contract allows, `REFUSED` those that it does not, `LOCAL` those that ask nothing of
an account. A call of a later version that is in none of them fails a test.
"""

import inspect
from collections import OrderedDict

import pytest
from attrs import define

from harvest_async.sandbox import Sandbox

harvest = pytest.importorskip("harvest", reason="nox -s independent installs python-harvest-redux")

pytestmark = [
    pytest.mark.socket,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # it leaves its OAuth sessions open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SPAN = ("20260101", "20261231")


@define
class Account:
    """The client, and an account with a record of each kind."""

    api: harvest.Harvest
    sandbox: Sandbox
    client: int = 0
    project: int = 0
    task: int = 0
    link: int = 0
    contact: int = 0
    category: int = 0
    expense: int = 0
    invoice: int = 0
    entry: int = 0


def number_of(response):
    """The id that a create's Location ends in."""
    assert response.status_code == 201
    assert response.text == " "
    return int(response.headers["Location"].rpartition("/")[2])


@pytest.fixture
def sandbox():
    made = Sandbox(calls=10_000)
    yield made
    made.close()


@pytest.fixture
def account(sandbox, address):
    api = harvest.Harvest(address, email="admin@example.com", password="sandbox")
    account, now = Account(api, sandbox), sandbox._account.clock.today()
    account.client = number_of(api.create_client(client={"name": "ACME"}))
    account.project = number_of(api.create_project(project={"name": "Rocket", "client_id": account.client}))
    account.task = number_of(api.create_task(task={"name": "Design"}))
    account.link = number_of(api.assign_task_to_project(account.project, task={"id": account.task}))
    number_of(api.assign_user_to_project(account.project, 1))
    number_of(api.assign_user_to_project(account.project, 2))
    add = sandbox.world.add
    contact = {"client_id": account.client, "first_name": "Con", "last_name": "Tact"}
    account.contact = add("contact", contact, now)["id"]
    account.category = add("expense_category", {"name": "Meals"}, now)["id"]
    day = now.date().replace(month=6, year=2026)
    expense = {"project_id": account.project, "expense_category_id": account.category, "user_id": 1, "spent_at": day}
    account.expense = add("expense", expense, now)["id"]
    invoice = {"client_id": account.client, "number": "1", "issued_at": day, "client_key": "k3y"}
    account.invoice = add("invoice", invoice, now)["id"]
    account.entry = api.add(booking(account))["id"]
    return account


def booking(account, **fields):
    return {"project_id": account.project, "task_id": account.task, "hours": 1.5, "spent_at": "2026-06-15"} | fields


def ids(listed):
    """The ids of a list, which is parsed into ordered objects below their roots."""
    assert all(isinstance(each, OrderedDict) for each in listed)
    return [record["id"] for each in listed for record in each.values()]


def done(response):
    """A write is handed back as it is: its body is one blank."""
    return (response.status_code, response.text) == (200, " ")


# Each takes the account and says whether the client understood.


def who_am_i(at):
    return at.api.who_am_i["user"]["email"] == "admin@example.com"


def contacts(at):
    since = at.api.contacts(updated_since="2010-09-25+18%3A30")
    return ids(at.api.contacts()) == ids(since) == [at.contact] and at.api.contacts("2090-01-01") == []


def get_contact(at):
    return at.api.get_contact(at.contact)["contact"]["last_name"] == "Tact"


def client_contacts(at):
    return (
        ids(at.api.client_contacts(at.client)) == ids(at.api.client_contacts(at.client, "2010-09-25")) == [at.contact]
    )


def update_contact(at):
    return (
        done(at.api.update_contact(at.contact, contact={"title": "Dr"}))
        and at.api.get_contact(at.contact)["contact"]["title"] == "Dr"
    )


def delete_contact(at):
    return done(at.api.delete_contact(at.contact)) and at.api.contacts() == []


def clients(at):
    return ids(at.api.clients()) == ids(at.api.clients(updated_since="2010-09-25+18%3A30")) == [at.client]


def get_client(at):
    return at.api.get_client(at.client)["client"]["name"] == "ACME"


def create_client(at):
    return number_of(at.api.create_client(client={"name": "Other"})) == at.client + 1


def update_client(at):
    return done(at.api.update_client(at.client, client={"name": "New"})) and get_name(at, "client", at.client) == "New"


def get_name(at, kind, number):
    return at.sandbox.world.find(kind, number)["name"]


def toggle_client_active(at):
    refused = at.api.toggle_client_active(at.client)
    at.api.toggle_project_active(at.project)
    allowed = at.api.toggle_client_active(at.client)
    return refused.headers["Hint"] == "The client has active projects." and done(allowed)


def delete_client(at):
    other = number_of(at.api.create_client(client={"name": "Other"}))
    return at.api.delete_client(at.client).status_code == 400 and done(at.api.delete_client(other))


def people(at):
    return ids(at.api.people()) == [1, 2]


def get_person(at):
    return at.api.get_person("user@example.com") == at.api.get_person(2)


def toggle_person_active(at):
    return done(at.api.toggle_person_active(2)) and at.api.get_person(2)["user"]["is_active"] is False


def delete_person(at):
    return at.api.delete_person(1).status_code == 400 and done(at.api.delete_person(2))


def projects(at):
    return ids(at.api.projects()) == ids(at.api.projects(client=at.client)) == [at.project]


def projects_for_client(at):
    return ids(at.api.projects_for_client(at.client)) == [at.project] and at.api.projects_for_client(9) == []


def timesheets_for_project(at):
    [entry] = at.api.timesheets_for_project(at.project, *SPAN)
    return (entry["day_entry"]["id"], entry["day_entry"]["hours"]) == (at.entry, 1.5)


def expenses_for_project(at):
    return ids(at.api.expenses_for_project(at.project, *SPAN)) == [at.expense]


def get_project(at):
    return at.api.get_project(at.project)["project"]["client_id"] == at.client


def create_project(at):
    return number_of(at.api.create_project(project={"name": "P", "client_id": at.client})) == at.project + 1


def update_project(at):
    fields = {"name": "New", "client_id": at.client}
    return done(at.api.update_project(at.project, project=fields)) and get_name(at, "project", at.project) == "New"


def toggle_project_active(at):
    return done(at.api.toggle_project_active(at.project)) and not at.sandbox.world.find("project", at.project)["active"]


def delete_project(at):
    other = number_of(at.api.create_project(project={"name": "P", "client_id": at.client}))
    return at.api.delete_project(at.project).status_code == 400 and done(at.api.delete_project(other))


def tasks(at):
    return ids(at.api.tasks()) == ids(at.api.tasks(updated_since="2010-09-25+18%3A30")) == [at.task]


def get_task(at):
    return at.api.get_task(at.task)["task"]["name"] == "Design"


def create_task(at):
    return number_of(at.api.create_task(task={"name": "Build"})) == at.task + 1


def update_task(at):
    return done(at.api.update_task(at.task, task={"name": "New"})) and get_name(at, "task", at.task) == "New"


def delete_task(at):
    return done(at.api.delete_task(at.task)) and at.api.get_task(at.task)["task"]["deactivated"] is True


def activate_task(at):
    at.api.delete_task(at.task)
    return done(at.api.activate_task(at.task)) and at.api.get_task(at.task)["task"]["deactivated"] is False


def get_all_tasks_from_project(at):
    return ids(at.api.get_all_tasks_from_project(at.project)) == [at.link]


def get_one_task_assigment(at):
    return at.api.get_one_task_assigment(at.project, at.link)["task_assignment"]["task_id"] == at.task


def assign_task_to_project(at):
    task = number_of(at.api.create_task(task={"name": "Build"}))
    return number_of(at.api.assign_task_to_project(at.project, task={"id": task})) == at.link + 1


def create_task_to_project(at):
    return number_of(at.api.create_task_to_project(at.project, task={"name": "Build"})) == at.link + 1


def remove_task_from_project(at):
    last = at.api.remove_task_from_project(at.project, at.link)
    at.api.create_task_to_project(at.project, task={"name": "Build"})
    archived = at.api.remove_task_from_project(at.project, at.link)
    return last.status_code == 400 and done(archived) and "archived" in archived.headers["Hint"]


def change_task_from_project(at):
    changed = at.api.change_task_from_project(at.project, at.link, {"hourly_rate": 80})
    return done(changed) and at.api.get_one_task_assigment(at.project, at.link)["task_assignment"]["hourly_rate"] == 80


def assign_user_to_project(at):
    return number_of(at.api.assign_user_to_project(at.project, 2)) > 0


def expense_categories(at):
    return ids(at.api.expense_categories) == [at.category]


def update_expense_category(at):
    changed = at.api.update_expense_category(at.category, expense_category={"name": "Food"})
    return done(changed) and get_name(at, "expense_category", at.category) == "Food"


def get_expense_category(at):
    return at.api.get_expense_category(at.category)["expense_category"]["name"] == "Meals"


def delete_expense_category(at):
    return at.api.delete_expense_category(at.category).status_code == 400


def invoices(at):
    found = at.api.invoices(1, "2010-09-25+18%3A30", "draft", "20260601", "20260630", at.client)
    return ids(at.api.invoices()) == ids(found) == [at.invoice] and at.api.invoices(page=2) == []


def get_invoice(at):
    return at.api.get_invoice(at.invoice)["invoice"]["number"] == "1"


def update_invoice(at):
    changed = at.api.update_invoice(at.invoice, invoice={"subject": "New"})
    return done(changed) and at.api.get_invoice(at.invoice)["invoice"]["subject"] == "New"


def delete_invoice(at):
    return done(at.api.delete_invoice(at.invoice)) and at.api.invoices() == []


def today(at):
    return [project["id"] for project in at.api.today["projects"]] == [at.project]


def today_user(at):
    return at.api.today_user(2)["day_entries"] == []


def get_day(at):
    return [entry["id"] for entry in at.api.get_day(166, 2026)["day_entries"]] == [at.entry]


def get_entry(at):
    return at.api.get_entry(at.entry)["project_id"] == str(at.project)


def toggle_timer(at):
    started, stopped = at.api.toggle_timer(at.entry), at.api.toggle_timer(at.entry)
    return "timer_started_at" in started and "timer_started_at" not in stopped


def add(at):
    return at.api.add(booking(at, notes="ä"))["notes"] == "ä"


def add_for_user(at):
    return at.api.add_for_user(2, booking(at))["user_id"] == 2


def delete(at):
    return done(at.api.delete(at.entry)) and at.api.get_entry(at.entry).status_code == 404


def update(at):
    changed = at.api.update(at.entry, {"notes": "new"})
    return (changed["notes"], changed["hours"]) == ("new", 0)  # what is left out is overwritten


def users(at):
    return at.api.users == at.api.people()


def userfilter(at):
    return at.api.userfilter(1)["user"]["is_admin"] is True


def user_hours(at):
    return ids(at.api.user_hours(1, *SPAN)) == [at.entry]


ALLOWED = (
    who_am_i, contacts, get_contact, client_contacts, update_contact, delete_contact, clients, get_client,
    create_client, update_client, toggle_client_active, delete_client, people, get_person, toggle_person_active,
    delete_person, projects, projects_for_client, timesheets_for_project, expenses_for_project, get_project,
    create_project, update_project, toggle_project_active, delete_project, tasks, get_task, create_task, update_task,
    delete_task, activate_task, get_all_tasks_from_project, get_one_task_assigment, assign_task_to_project,
    create_task_to_project, remove_task_from_project, change_task_from_project, assign_user_to_project,
    expense_categories, update_expense_category, get_expense_category, delete_expense_category, invoices, get_invoice,
    update_invoice, delete_invoice, today, today_user, get_day, get_entry, toggle_timer, add, add_for_user, delete,
    update, users, userfilter, user_hours,
)  # fmt: skip

REFUSED = {
    # the call, with arguments, and why the contract does not allow it
    "create_contact": (
        lambda at: at.api.create_contact(77, "Con", "Tact", client_id=at.client),
        "it posts to /contacts/{id}, where no endpoint is: a new contact is posted to /contacts, and the server numbers it",
    ),
    "create_expense_category": (
        lambda at: at.api.create_expense_category(77, expense_category={"name": "Travel"}),
        "it posts to /expense_categories/{id}, where no endpoint is: a new one is posted to /expense_categories",
    ),
    "toggle_expense_category_active": (
        lambda at: at.api.toggle_expense_category_active(at.category),
        "no call toggles a category",
    ),
}

LOCAL = {
    # what asks nothing of an account
    "uri", "auth", "email", "password", "client_id", "token", "personal_token", "account_id",  # what it was made with
    "get_client_dashboard_url",  # puts an address together
    "status",  # asks another host about the service's health
}  # fmt: skip


def test_every_call_of_the_client_is_listed():
    """A later version's new call needs a place in one of the lists."""
    calls = {name for name, _ in inspect.getmembers(harvest.Harvest) if not name.startswith("_")}

    assert {case.__name__ for case in ALLOWED} | set(REFUSED) | LOCAL == calls


@pytest.mark.parametrize("case", ALLOWED, ids=lambda case: case.__name__)
def test_what_the_contract_allows_is_understood(account, case):
    """The client gets what it asked for, in a form that it can read."""
    assert case(account)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_contract_does_not_allow_is_refused(account, name):
    """With 404, as for any path that is none, and nothing is changed."""
    before = {kind: len(records) for kind, records in account.sandbox.world.tables.items()}
    call, reason = REFUSED[name]

    assert call(account).status_code == 404, reason
    assert {kind: len(records) for kind, records in account.sandbox.world.tables.items()} == before


def test_the_dashboard_is_an_address(account):
    """The key is the invoice's."""
    key = account.api.get_invoice(account.invoice)["invoice"]["client_key"]

    assert account.api.get_client_dashboard_url(key).endswith("/client/invoices/k3y")


# How it signs in


def test_a_password_outside_of_the_headers(address):
    """It is sent by the library underneath."""
    api = harvest.Harvest(address + "/", email=" admin@example.com ", password="sandbox", put_auth_in_header=False)

    assert api.who_am_i["user"]["id"] == 1


def test_a_personal_token(address):
    """As a bearer token, with the account's id beside it."""
    api = harvest.Harvest(address, personal_token="sandbox-v1-token", account_id="1")

    assert api.who_am_i["user"]["id"] == 1


def test_an_oauth_session(address, monkeypatch):
    """Its session sends the token as a bearer token; on loopback it needs an option that allows it."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    token = {"access_token": "sandbox-v1-token", "token_type": "bearer"}
    api = harvest.Harvest(address, client_id="sandbox-client", token=token)

    assert api.who_am_i["user"]["id"] == 1


def test_with_a_refresh_token_it_can_read_and_not_write(sandbox, address):
    """It then declares all of its bodies to be forms though they are JSON: borne on GET, refused as of a wrong type elsewhere."""
    api = harvest.Harvest(address, email="admin@example.com", password="sandbox", refresh_token="x")

    assert api.who_am_i["user"]["id"] == 1
    assert api.create_client(client={"name": "ACME"}).status_code == 415
    assert sandbox.world.clients() == []


def test_a_wrong_password_and_a_role_that_is_too_low(address):
    """The client returns the responses."""
    wrong = harvest.Harvest(address, email="admin@example.com", password="wrong")
    user = harvest.Harvest(address, email="user@example.com", password="sandbox")

    assert [wrong.clients().status_code, user.clients().status_code] == [401, 404]


def test_the_throttle_refuses_it_as_any_other(sandbox, address):
    """It parses the message as the response: it does not handle the throttle."""
    sandbox.set_limits(calls=1)
    api = harvest.Harvest(address, email="admin@example.com", password="sandbox")
    api.clients()

    assert api.clients() == {"message": "This request has been throttled.", "retry_after": 15}
