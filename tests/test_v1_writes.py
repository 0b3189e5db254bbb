"""Drafts, changes, toggles and deletes: what is sent, what is left out, and what is returned."""

from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import CreatedUnread, DecodeError, DeleteResult, InvalidArgument, NotFound, OutcomeUnknown
from harvest_async.v1.models import (
    BillBy,
    Client,
    Contact,
    Me,
    Person,
    Project,
    ReportEntry,
    Task,
    TaskAssignment,
    TrackableProject,
    TrackableTask,
    UserAssignment,
)
from harvest_async.v1.resources import clients, expenses, invoices, messages, payments, people, projects, tasks
from harvest_async.v1.resources import time as timesheets
from harvest_async.v1.resources.assignments import (
    GET_TASK_ASSIGNMENT,
    TASK_FORM,
    UPDATE_TASK_ASSIGNMENT,
    USER_FORM,
    create_task_assignment,
    create_user_assignment,
)
from harvest_async.v1.resources.clients import GET_CLIENT, GET_CONTACT, LIST_CLIENT_CONTACTS
from harvest_async.v1.resources.expenses import CREATE_EXPENSE
from harvest_async.v1.resources.payments import GET_INVOICE_PAYMENT
from harvest_async.v1.resources.people import CREATE_PERSON, GET_PERSON
from harvest_async.v1.resources.projects import GET_PROJECT
from harvest_async.v1.resources.time import SHOW_ENTRY
from tests.contract import endpoints
from tests.contract import fields as contract_fields
from tests.support.v1 import read, reply, scripted, silent, written

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

DAY = date(2026, 3, 9)
CLIENT = Client(id=7, name="ACME", active=True, details="One Way", cache_version=3, currency="Euro - EUR")
PROJECT = Project(
    id=30, client_id=7, name="Site", active=True, budget=Decimal(10), hint_latest_record_at=DAY, notes="n"
)
PERSON = Person(id=9, email="one@example.com", first_name="Person", last_name="One", is_active=True, is_admin=False)
WIRED = {"client": {"id": 7, "name": "ACME", "active": True}}


# Creates


async def test_a_create_takes_fields_or_a_draft():
    """Both send the same; a draft's blank and read-only fields are not sent."""
    made = silent(201, location="/clients/7")
    harvest, server = scripted(made, made, made)
    await harvest.clients.create_id("ACME", details="One Way", active=True)
    await harvest.clients.create_id(name="ACME", details="One Way", active=True)
    await harvest.clients.create_id(Client(name="ACME", details="One Way", active=True, statement_key="x"))

    assert [server.body(number) for number in range(3)] == [
        {"client": {"name": "ACME", "details": "One Way", "active": True}}
    ] * 3


async def test_a_record_that_is_there_is_not_made_again():
    """A copy has no id of its own yet."""
    harvest, server = scripted(silent(201, location="/clients/8"))
    with pytest.raises(InvalidArgument, match=r"clients\.create: this Client exists already, with id 7"):
        await harvest.clients.create(CLIENT)
    await harvest.clients.create_id(evolve(CLIENT, id=0, name="ACME 2"))

    assert server.body() == {
        "client": {"name": "ACME 2", "active": True, "details": "One Way", "currency": "Euro - EUR"}
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda h: h.clients.create(), r"clients\.create: name is missing"),
        (lambda h: h.clients.create(Client()), r"clients\.create: name is missing"),
        (lambda h: h.clients.create(" "), "give a text, not ' '"),
        (lambda h: h.clients.create(Task(name="x")), "name: give a text, not Task"),
        (lambda h: h.clients.create("x", nam="y"), "unknown field 'nam'. Choose from: active, currency"),
        (lambda h: h.contacts.create(7), "first_name, last_name are missing"),
        (lambda h: h.projects.create("Site"), "client_id is missing"),
        (lambda h: h.projects.create("Site", Client(name="x")), "this Client has no id: it has not been created yet"),
        (lambda h: h.projects.create("Site", PROJECT), "give an id or a Client, not a Project"),
        (lambda h: h.people.create(Person(email="one@example.com")), "first_name, last_name are missing"),
        (lambda h: h.projects.create("Site", 7, active=None), "active: give True or False, not None"),
        (lambda h: h.projects.create("Site", 7, billable=1), "billable: give True or False, not 1"),
        (lambda h: h.clients.create("x", highrise_id="7"), "give a whole number, not '7'"),
        (lambda h: h.clients.create("x", details=7), "give a text, not 7"),
    ],
)
async def test_what_can_not_be_made_is_not_sent(make, message):
    """Missing, unknown and wrong fields are named."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=message):
        await make(harvest)

    assert server.asked == []


@pytest.mark.parametrize("location", ["/clients/7", "https://acme.example.com/clients/7", "/x/1/clients/7"])
async def test_a_create_without_a_body_follows_location(location):
    """By the last number in its path; it may be a whole address."""
    harvest, server = scripted(silent(201, location=location), reply(WIRED))

    assert (await harvest.clients.create("ACME")).id == 7
    assert server.asked == [("POST", "/clients"), ("GET", "/clients/7")]


@pytest.mark.parametrize("body", [b" ", b"", b"done", b"<html>done</html>"])
@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/plain"])
async def test_a_body_that_says_nothing_is_not_read(body, kind):
    """One blank, nothing, or another type."""
    response = silent(201, location="/clients/7", **{"content-type": kind})
    response = type(response)(201, headers=response.headers, content=body)
    harvest, _ = scripted(response, reply(WIRED))

    assert (await harvest.clients.create("ACME")).name == "ACME"


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_a_page_in_the_server_s_place_is_no_success(format):
    """A sign-in page with 200 says nothing about the result of a write: neither created nor deleted."""
    page = {"status_code": 200, "html": "<html><title>Sign in</title></html>"}
    harvest, server = scripted(*(httpx.Response(**page) for _ in range(3)), format=format)
    with pytest.raises(OutcomeUnknown, match="HTML page"):
        await harvest.clients.create_id("ACME")
    with pytest.raises(OutcomeUnknown, match="HTML page"):
        await harvest.clients.toggle(7)
    with pytest.raises(DecodeError, match="HTML page"):
        await harvest.clients.delete(7)

    assert server.asked == [("POST", "/clients"), ("POST", "/clients/7/toggle"), ("DELETE", "/clients/7")]


async def test_a_body_that_is_there_saves_the_read():
    """Nothing is asked twice."""
    harvest, server = scripted(reply(WIRED, 201, location="/clients/7"), reply(WIRED))

    assert (await harvest.clients.create("ACME")).name == "ACME"
    assert (await harvest.clients.update(7, name="ACME")).name == "ACME"
    assert server.asked == [("POST", "/clients"), ("PUT", "/clients/7")]


async def test_a_record_that_can_not_be_read_is_not_made_again():
    """It was made: the error has its id."""
    harvest, server = scripted(silent(201, location="/clients/7"), silent(404))
    with pytest.raises(CreatedUnread) as caught:
        await harvest.clients.create("ACME")

    assert caught.value.id == 7
    assert server.asked == [("POST", "/clients"), ("GET", "/clients/7")]


async def test_a_person_is_never_made_twice():
    """A real e-mail goes out."""
    harvest, server = scripted(silent(500))
    with pytest.raises(OutcomeUnknown):
        await harvest.people.create("one@example.com", "Person", "One")

    assert server.asked == [("POST", "/people")]


# Changes


async def test_only_what_differs_is_sent():
    """From what was given, and between two records."""
    harvest, server = scripted(*[silent(), reply(WIRED)] * 2)
    await harvest.clients.update(CLIENT, name="ACME", details="Two Ways", currency="Euro - EUR")
    await harvest.clients.update(CLIENT, evolve(CLIENT, details=None, cache_version=4, updated_at=datetime.now(UTC)))

    assert server.body(0) == {"client": {"details": "Two Ways"}}
    assert server.body(2) == {"client": {"details": None}}


async def test_nothing_is_sent_where_nothing_differs():
    """The given record is returned; where there is none, it is read."""
    harvest, server = scripted(reply(WIRED))

    assert await harvest.clients.update(CLIENT, name="ACME") is CLIENT
    assert await harvest.clients.update(CLIENT, evolve(CLIENT, cache_version=9)) is CLIENT
    assert server.asked == []

    assert (await harvest.clients.update(7)).id == 7
    assert server.asked == [("GET", "/clients/7")]


async def test_a_changed_record_for_an_id_is_sent_whole():
    """What it was is not known then; blank fields stay as they are."""
    harvest, server = scripted(silent(), reply(WIRED))
    await harvest.clients.update(7, CLIENT)

    assert server.body(0)["client"] == {"name": "ACME", "active": True, "details": "One Way", "currency": "Euro - EUR"}


FORMS = {
    "clients": clients.CLIENT_FORM,
    "contacts": clients.CONTACT_FORM,
    "expense_categories": expenses.CATEGORY_FORM,
    "expenses": expenses.EXPENSE_FORM,
    "invoice_item_categories": invoices.CATEGORY_FORM,
    "invoice_messages": messages.MESSAGE_FORM,
    "invoice_payments": payments.PAYMENT_FORM,
    "invoices": invoices.INVOICE_FORM,
    "people": people.PERSON_FORM,
    "projects": projects.PROJECT_FORM,
    "task_assignments": TASK_FORM,
    "tasks": tasks.TASK_FORM,
    "time_tracking": timesheets.ENTRY_FORM,
    "user_assignments": USER_FORM,
}
MAKING = {"invoice_messages": "send"}
CHANGING = {"invoice_messages": "mark_as_sent", "invoice_payments": "create"}


@pytest.mark.parametrize("name", [name for name in FORMS if not name.endswith("assignments")])
def test_a_create_takes_what_the_contract_takes(name):
    """Every field, and no other; assignments are made of ids alone."""
    endpoint = endpoints()[f"{name}.{MAKING.get(name, 'create')}"]

    assert set(FORMS[name].new) == {*endpoint.required, *endpoint.one_of, *endpoint.optional}
    assert set(endpoint.required) == set(FORMS[name].needed) - FORMS[name].optional


@pytest.mark.parametrize("name", sorted(set(FORMS) - {"invoice_payments"}))
def test_an_update_takes_what_the_contract_takes(name):
    """Every field, and no other; payments are never changed."""
    endpoint = endpoints()[f"{name}.{CHANGING.get(name, 'update')}"]

    assert set(FORMS[name].change) == {*endpoint.required, *endpoint.optional}


@pytest.mark.parametrize("name", FORMS)
@given(data=st.data())
def test_no_read_only_field_is_ever_sent(name, data):
    """For any difference of a changed record, the update sends only what the contract takes."""
    form, part = FORMS[name], {"time_tracking": "time_tracking.day_entry"}.get(name, name)
    values = {
        each.name: data.draw(st.sampled_from([None, "a", "b"]))
        for each in fields(form.model)
        if each.name not in {*form.elsewhere, *form.change, "id", "extra"}
    }
    before = form.model(id=1)
    sent = form.changes(before, evolve(before, **values), {})

    assert sent == {}
    assert [key for key in form.change if contract_fields()[part][key].read_only] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.clients.update(CLIENT, evolve(CLIENT, id=8)), "the records have different ids, 7 and 8"),
        (lambda h: h.clients.update(CLIENT, evolve(CLIENT, name="x"), name="y"), "not both"),
        (lambda h: h.clients.update(CLIENT, PROJECT), r"clients\.update: give a Client or fields, not Project"),
        (lambda h: h.clients.update(PROJECT, name="x"), "client: give an id or a Client, not a Project"),
        (lambda h: h.clients.update(Client(), name="x"), "this Client has no id"),
        (lambda h: h.clients.update(7, name=None), "give a text, not None"),
        (lambda h: h.clients.update(7, colour="red"), "unknown field 'colour'"),
        (lambda h: h.projects.update(PROJECT, active=False), "active can't be set here: use projects.toggle"),
        (lambda h: h.projects.update(PROJECT, evolve(PROJECT, active=False)), "use projects.toggle"),
        (lambda h: h.tasks.update(Task(id=1), evolve(Task(id=1), deactivated=True)), r"tasks\.delete to archive it"),
        (lambda h: h.people.update(9, password="x"), "the server ignores it: use people.reset_password"),
        (lambda h: h.people.update(PERSON, is_active=False), "use people.toggle"),
        (lambda h: h.people.update(9, is_project_manager=True), "per project with user_assignments.update"),
    ],
)
async def test_what_can_not_be_changed_is_not_sent(change, message):
    """And what changes it instead is named."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=message):
        await change(harvest)

    assert server.asked == []


async def test_a_project_always_sends_its_client():
    """Given, known from the record, or read: updates of projects are not as selective as others."""
    wired = {"project": {"id": 30, "client_id": 7, "name": "Site"}}
    harvest, server = scripted(silent(), reply(wired), silent(), reply(wired), reply(wired), silent(), reply(wired))
    await harvest.projects.update(30, name="x", client_id=CLIENT)
    await harvest.projects.update(PROJECT, evolve(PROJECT, name="x"))
    await harvest.projects.update(30, name="x")

    assert [server.body(number)["project"] for number in (0, 2, 5)] == [{"name": "x", "client_id": 7}] * 3
    assert server.asked[4:] == [("GET", "/projects/30"), ("PUT", "/projects/30"), ("GET", "/projects/30")]


async def test_a_project_is_not_sent_for_its_client_alone():
    """Nothing differs, so nothing is sent, although a client would have to be in it."""
    harvest, server = scripted()

    assert await harvest.projects.update(PROJECT, name="Site") is PROJECT
    assert server.asked == []


async def test_words_are_compared_without_regard_to_case():
    """And sent as the server spells them."""
    project = evolve(PROJECT, bill_by=BillBy.TASKS)
    harvest, server = scripted(silent(), reply({"project": {"id": 30}}))

    assert await harvest.projects.update(project, bill_by="tasks") is project

    await harvest.projects.update(project, bill_by="PEOPLE")

    assert server.body(0)["project"]["bill_by"] == "People"


async def test_a_person_who_gets_another_address_is_read_by_it():
    """The old one leads nowhere by then."""
    harvest, server = scripted(silent(), reply({"user": {"id": 9, "email": "new+1@example.com"}}))
    await harvest.people.update("one@example.com", email="new+1@example.com")

    assert [each.url.raw_path.decode() for each in server.sent] == [
        "/people/one%40example.com",
        "/people/new%2B1%40example.com",
    ]


async def test_an_assignment_may_come_back_under_another_id():
    """`Location` says so; without one, or with the same, the id asked for is read."""
    wired = {"user_assignment": {"id": 51, "project_id": 30}}
    harvest, server = scripted(
        silent(location="/projects/30/user_assignments/51"), reply(wired), silent(), reply(wired), reply(wired)
    )
    await harvest.user_assignments.update(30, 50, hourly_rate=2)
    await harvest.user_assignments.update(30, 50, hourly_rate=2)
    await harvest.user_assignments.update(30, 50, hourly_rate=2)
    gets = [path for method, path in server.asked if method == "GET"]

    assert gets == ["/projects/30/user_assignments/51", "/projects/30/user_assignments/50"]


async def test_assignments_change_only_what_differs():
    """As everything else."""
    harvest, server = scripted(
        silent(), reply({"task_assignment": {"id": 50}}), silent(), reply({"user_assignment": {"id": 60}})
    )
    task, user = TaskAssignment(id=50, budget=Decimal(1)), UserAssignment(id=60, hourly_rate=Decimal(1), project_id=30)
    await harvest.task_assignments.update(PROJECT, task, evolve(task, deactivated=True))
    await harvest.user_assignments.update(30, user, evolve(user, hourly_rate=None))

    assert server.body(0) == {"task_assignment": {"deactivated": True}}
    assert server.body(2) == {"user_assignment": {"hourly_rate": None}}
    assert await harvest.user_assignments.update(30, user, hourly_rate="1.0") is user


# Records in the place of ids


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (GET_CLIENT(CLIENT), "/clients/7"),
        (GET_CLIENT("7"), "/clients/7"),
        (GET_CONTACT(Contact(id=4)), "/contacts/4"),
        (GET_PROJECT(TrackableProject(id=30)), "/projects/30"),
        (GET_PERSON(Me(id=9)), "/people/9"),
        (GET_PERSON("a/b@example.com"), "/people/a%2Fb%40example.com"),
        (LIST_CLIENT_CONTACTS(CLIENT), "/clients/7/contacts"),
        (GET_TASK_ASSIGNMENT(PROJECT, TaskAssignment(id=50)), "/projects/30/task_assignments/50"),
        (SHOW_ENTRY(ReportEntry(id=5)), "/daily/show/5"),
        (GET_INVOICE_PAYMENT(7, 31), "/invoices/7/payments/31"),
    ],
)
def test_a_record_stands_for_its_id(call, path):
    """In paths."""
    assert call.path == path


async def test_a_record_stands_for_its_id_in_bodies_and_queries():
    """Those that time can be tracked on, too; the signed-in person is a person, too."""
    harvest, server = scripted(
        reply({"id": 1}, 201), reply([]), reply([]), silent(201, location="/projects/30/task_assignments/1")
    )
    await harvest.time.create(TrackableProject(id=30), TrackableTask(id=40), hours=1, of_user=Me(id=9))
    await harvest.projects.list(client=CLIENT)
    await harvest.reports.user_entries(PERSON, DAY, DAY, project_id=PROJECT)
    await harvest.task_assignments.create_id(PROJECT, Task(id=40))

    assert server.body(0) == {"project_id": 30, "task_id": 40, "hours": 1}
    assert [each.url.query for each in server.sent] == [
        b"of_user=9",
        b"client=7",
        b"from=20260309&to=20260309&project_id=30",
        b"",
    ]
    assert server.body(3) == {"task": {"id": 40}}


@pytest.mark.parametrize("id", [0, -1, True, None, "", ".", "..", "a\r\nb", 1.5, [7], Client(), Task(id=1), object()])
def test_what_is_no_id_is_refused(id):
    """Before it gets into a path."""
    with pytest.raises(InvalidArgument, match="client: "):
        GET_CLIENT(id)


@pytest.mark.parametrize("id", ["x", "", "7 8", 7.0, 0, True, None])
def test_what_is_no_number_does_not_get_into_a_body(id):
    """A body has numbers for ids."""
    with pytest.raises(InvalidArgument, match="task: give an id"):
        create_task_assignment(30, id)


# Toggles and deletes


@pytest.mark.parametrize(("section", "method"), [("clients", "POST"), ("projects", "PUT"), ("people", "POST")])
async def test_a_toggle_is_made_only_if_it_is_needed(section, method):
    """The state is read before and after; the verb is the documented one, the body is empty."""
    root = {"clients": "client", "projects": "project", "people": "user"}[section]
    on, off = ({root: {"id": 7, "is_active" if section == "people" else "active": state}} for state in (True, False))
    harvest, server = scripted(reply(on), reply(off), silent(), reply(on), reply(on), silent(), reply(off))
    resource = getattr(harvest, section)

    assert (await resource.activate(7)).active is True
    assert (await resource.activate(7)).active is True
    assert (await resource.archive(7)).active is False

    toggles = [each for each in server.sent if each.url.path.endswith("/toggle")]

    assert [method] * 2 == [each.method for each in toggles]
    assert [each.headers["content-length"] for each in toggles] == ["0"] * 2
    assert len(server.sent) == 7


@pytest.mark.parametrize("section", ["clients", "projects", "people"])
async def test_a_toggle_is_never_repeated(section):
    """A repeat would undo it."""
    harvest, server = scripted(silent(502))
    with pytest.raises(OutcomeUnknown):
        await getattr(harvest, section).toggle(7)

    assert len(server.sent) == 1


@pytest.mark.parametrize(
    ("after", "deleted"),
    [
        (silent(404), DeleteResult.DELETED),
        (reply({"task": {"id": 4, "deactivated": True}}), DeleteResult.ARCHIVED),
        (reply({"task": {"id": 4, "deactivated": False}}), DeleteResult.UNKNOWN),
    ],
)
async def test_a_task_does_not_say_whether_it_is_deleted_or_archived(after, deleted):
    """A second call finds out."""
    harvest, server = scripted(silent(), after)

    assert await harvest.tasks.delete(4) is deleted
    assert server.asked == [("DELETE", "/tasks/4"), ("GET", "/tasks/4")]


async def test_older_accounts_refuse_to_delete_a_task_with_hours():
    """With 400 and their reason."""
    harvest, _ = scripted(silent(400, hint="This task has hours"))
    with pytest.raises(Exception, match="This task has hours"):
        await harvest.tasks.delete(4)


@pytest.mark.parametrize("section", ["task_assignments", "user_assignments"])
async def test_a_hint_reports_an_archiving(section):
    """An assignment with hours is archived."""
    harvest, _ = scripted(silent(hint="archived"), silent(), silent(400, hint="The last task can't be removed"))
    resource = getattr(harvest, section)

    assert await resource.delete(30, 50) is DeleteResult.ARCHIVED
    assert await resource.delete(30, 50) is DeleteResult.DELETED
    with pytest.raises(Exception, match="The last task can't be removed"):
        await resource.delete(30, 50)


async def test_a_delete_that_is_repeated_finds_nothing():
    """Its response was lost: it is deleted, and nothing says since when. What a first delete does not find never existed."""
    harvest, server = scripted(silent(502), silent(404), silent(404))

    assert await harvest.clients.delete(7) is DeleteResult.UNKNOWN
    with pytest.raises(NotFound):
        await harvest.clients.delete(7)

    assert len(server.sent) == 3


# Bodies


def test_an_assignment_is_made_of_an_id_alone():
    """The root is the thing that is assigned; an update has the assignment's own root, with an underscore in JSON."""
    assert written(create_user_assignment(30, PERSON)).content == b'{"user":{"id":9}}'
    assert b"<task><id>40</id></task>" in written(create_task_assignment(30, 40), "xml").content
    assert (
        written(UPDATE_TASK_ASSIGNMENT(30, 50, fields={"billable": True})).content
        == b'{"task_assignment":{"billable":true}}'
    )
    assert (
        b"<task-assignment><billable>true"
        in written(UPDATE_TASK_ASSIGNMENT(30, 50, fields={"billable": True}), "xml").content
    )


def test_people_are_users():
    """In bodies; their path says people."""
    wire = written(CREATE_PERSON(fields={"first_name": "Person"}), "xml")

    assert wire.url.endswith("/people")
    assert wire.content.endswith(b"<user><first-name>Person</first-name></user>")


def test_expenses_have_dashes_and_iso_days():
    """Against older documentation."""
    content = written(CREATE_EXPENSE(fields={"spent_at": DAY, "project_id": 30}), "xml").content

    assert content.endswith(b"<expense><spent-at>2026-03-09</spent-at><project-id>30</project-id></expense>")


@pytest.mark.parametrize(
    "name", ["clients.toggle", "projects.toggle", "people.toggle", "tasks.activate", "invoice_messages.re_open"]
)
@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_write_without_a_body_says_so(name, format):
    """By a length of 0."""
    from tests.test_v1_repeats import every_call

    wire = written(every_call()[name], format)

    assert (wire.content, wire.header("content-length")) == (b"", "0")


def test_unknown_fields_are_kept():
    """And never sent."""
    client = read(GET_CLIENT(7), {"client": {"id": 7, "colour": "red", "nested": {"a": [1]}}})

    assert client.extra == {"colour": "red", "nested": {"a": [1]}}
    assert clients.CLIENT_FORM.changes(client, evolve(client, extra={}), {}) == {}
