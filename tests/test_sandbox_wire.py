"""The shapes of the sandbox's responses, in both formats, byte by byte where it matters."""

import json

import pytest

from tests.contract import ROOTS, fields
from tests.support.sandbox import Caller, clock_of, new_sandbox, new_studio, tree_of

LISTS = {
    "clients": "/clients",
    "contacts": "/contacts",
    "projects": "/projects",
    "tasks": "/tasks",
    "people": "/people",
    "task_assignments": "/projects/{project}/task_assignments",
    "user_assignments": "/projects/{project}/user_assignments",
    "expense_categories": "/expense_categories",
    "expenses": "/expenses",
    "invoices": "/invoices",
    "invoice_item_categories": "/invoice_item_categories",
    "invoice_messages": "/invoices/{invoice}/messages",
    "invoice_payments": "/invoices/{invoice}/payments",
    "reports.day_entry": "/projects/{project}/entries?from=20260101&to=20261231",
}
SINGLE = {"invoice_item_categories", "reports.day_entry"}
WRITE_ONLY = {"recipients", "attach_pdf", "password", "kind", "projects_to_invoice", "import_hours", "import_expenses"}
WRITE_ONLY |= {"expense_summary_type", "expense_period_start", "expense_period_end"}


@pytest.fixture(scope="module")
def account():
    """An account that has one of everything; nothing in this file changes it."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    call = studio.call
    call.make("/contacts", root="contact", client_id=studio.client, first_name="Con", last_name="Tact")
    category = call.make("/expense_categories", root="expense_category", name="Meals")
    studio.spend(expense_category_id=category)
    studio.log_time(notes=" a <b> & \r\n \u202eעברית\u202c 😀 ")
    invoice = studio.invoice(
        csv_line_items="kind,description,quantity,unit_price,amount,taxed,taxed2,project_id\nService,Work,1,100,,true,false,\n",
        tax=19,
    )
    call.make(f"/invoices/{invoice}/messages", root="message", recipients="a@example.com", body="Hi\nyou")
    call.make(f"/invoices/{invoice}/payments", root="payment", amount=19, paid_at="2026-01-05T12:00:00Z")
    yield sandbox, {"project": studio.project, "invoice": invoice}
    sandbox.close()


def path_of(resource, ids):
    return LISTS[resource].format(**ids)


@pytest.mark.parametrize("resource", LISTS)
def test_lists_have_the_contracts_roots(account, resource):
    """In JSON each element is below its key; in XML the elements are below the list's root, typed as an array."""
    sandbox, ids = account
    _, key, element, root = ROOTS[resource]
    listed = Caller(sandbox).get(path_of(resource, ids)).json()
    tree = tree_of(Caller(sandbox, format="xml").get(path_of(resource, ids)))

    assert listed
    assert all([key] == list(each) for each in listed)
    assert (root, {"type": "array"}) == (tree.tag, tree.attrib)
    assert len(listed) == len(tree)
    assert {element} == {each.tag for each in tree}


@pytest.mark.parametrize("resource", sorted(set(LISTS) - SINGLE))
def test_single_records_have_the_contracts_roots(account, resource):
    """A record alone is below the singular root in both formats."""
    sandbox, ids = account
    key, listed_key, element, _ = ROOTS[resource]
    path = path_of(resource, ids)
    number = Caller(sandbox).get(path).json()[0][listed_key]["id"]
    single = {"people": f"/people/{number}", "expenses": f"/expenses/{number}"}.get(resource, f"{path}/{number}")

    assert [key] == list(Caller(sandbox).get(single).json())
    assert element == tree_of(Caller(sandbox, format="xml").get(single)).tag


RUNNING = {"hours_with_timer", "started_at", "ended_at", "billable", "billable_rate", "cost_rate"}
"""Fields of reports that are there while a timer runs."""


@pytest.mark.parametrize("resource", LISTS)
def test_records_have_the_contracts_fields(account, resource):
    """Each field that the contract lists and that is ever returned is there; none is there that it does not list."""
    sandbox, ids = account
    known = {field.name for field in fields()[resource].values()} - WRITE_ONLY
    key = ROOTS[resource][1]
    for record in (each[key] for each in Caller(sandbox).get(path_of(resource, ids)).json()):
        missing = {"invoices": {"csv_line_items"}, "reports.day_entry": RUNNING}
        expected = known - missing.get(resource, set())

        assert expected == set(record)


@pytest.mark.parametrize("resource", LISTS)
def test_xml_says_the_same_as_json_with_the_contracts_names_and_types(account, resource):
    """Names have dashes, types are those of the fields, and what is null is nil and empty."""
    sandbox, ids = account
    key, types = (
        ROOTS[resource][1],
        {field.xml: field.type for field in fields()[resource].values()},
    )
    record = Caller(sandbox).get(path_of(resource, ids)).json()[0][key]
    tree = tree_of(Caller(sandbox, format="xml").get(path_of(resource, ids)))[0]

    assert [name.replace("_", "-") for name in record] == [child.tag for child in tree]
    for value, child in zip(record.values(), tree, strict=True):
        if value is None:
            assert (child.get("nil"), child.text) == ("true", None)
        elif child.tag != "hours-with-timer":
            written = {"string": None, "time_of_day": None, "csv": None}.get(types[child.tag], types[child.tag])
            assert written == child.get("type")
            assert _said(value) == _plain(child.text)


def _said(value):
    return str(value).lower() if isinstance(value, bool) else _plain(str(value))


def _plain(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return text or ""


def test_creates_answer_with_nothing_but_location(account):
    """201, one blank, and the path of the new record."""
    response = Caller(new_sandbox()).post("/clients", {"client": {"name": "ACME"}})

    assert (response.status_code, response.content, response.headers["location"]) == (201, b" ", "/clients/1001")


def test_updates_and_deletes_answer_with_one_blank(account):
    """An update names the record; a delete does not."""
    call = Caller(new_sandbox())
    number = call.make("/clients", root="client", name="ACME")
    updated = call.put(f"/clients/{number}", {"client": {"name": "Other"}})
    deleted = call.delete(f"/clients/{number}")

    assert (200, b" ", f"/clients/{number}") == (updated.status_code, updated.content, updated.headers["location"])
    assert (deleted.status_code, deleted.content, deleted.headers.get("location")) == (200, b" ", None)


def test_empty_lists(account):
    """An empty list is an empty array in JSON and an empty element in XML."""
    sandbox = new_sandbox()

    assert Caller(sandbox).get("/clients").content == b"[]"
    assert Caller(sandbox, format="xml").get("/clients").text.endswith('<clients type="array"></clients>')


def test_money_and_hours_are_numbers_with_a_point_in_json(account):
    """12.50 is 12.5 and 1.00 is 1.0."""
    sandbox, ids = account
    body = Caller(sandbox).get("/expenses").text
    entries = Caller(sandbox).get(path_of("reports.day_entry", ids)).text

    assert '"total_cost":12.5,' in body
    assert '"hours":1.0,' in entries


# Time tracking


def test_a_day_entry_is_bare_in_json_with_ids_as_text(account):
    """No root, project_id and task_id as text, and the other id as a number."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    entry = studio.log_time(notes="x")

    assert {
        "id": 70001,
        "spent_at": "2026-01-05",
        "user_id": 1,
        "client": "ACME",
        "project_id": str(studio.project),
        "project": "Rocket",
        "task_id": str(studio.task),
        "task": "Design",
        "hours": 1,
        "hours_without_timer": 1,
        "notes": "x",
        "created_at": "2026-01-05T14:30:00Z",
        "updated_at": "2026-01-05T14:30:00Z",
    } == entry


def test_a_day_entry_in_xml_has_underscores_and_dates_of_its_own():
    """Below timer, ids untyped, hours as float, and moments as RFC dates."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    entry = studio.log_time(notes=None)
    tree = tree_of(Caller(sandbox, format="xml").get(f"/daily/show/{entry['id']}"))
    [inner] = tree
    found = {child.tag: (child.get("type"), child.text) for child in inner}

    assert (tree.tag, inner.tag) == ("timer", "day_entry")
    assert (None, str(studio.project)) == found["project_id"]
    assert found["id"] == ("integer", "70001")
    assert found["hours"] == ("float", "1.00")
    assert found["spent_at"] == ("date", "2026-01-05")
    assert found["created_at"] == ("datetime", "Mon, 05 Jan 2026 14:30:00 +0000")
    assert inner.find("notes").get("nil") == "true"


def test_a_stopped_timer_is_returned_beside_the_entry():
    """hours_for_previously_running_timer is flat in JSON and beside day_entry in XML."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    first = studio.log_time(hours="")
    clock_of(sandbox).advance(1800)
    flat = studio.log_time(hours="")
    clock_of(sandbox).advance(5400)
    tree = tree_of(Caller(sandbox, format="xml").get(f"/daily/timer/{first['id']}"))

    assert flat["hours_for_previously_running_timer"] == 0.5
    assert [child.tag for child in tree] == ["hours_for_previously_running_timer", "day_entry"]
    assert (tree[0].get("type"), tree[0].text) == ("float", "1.50")


def test_a_day_in_both_formats():
    """for_day is an ISO day in JSON and an RFC one in XML; projects come with their tasks."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    studio.log_time()
    day = studio.call.get("/daily").json()
    tree = tree_of(Caller(sandbox, format="xml").get("/daily"))

    assert list(day) == ["for_day", "day_entries", "projects"]
    assert day["for_day"] == "2026-01-05"
    assert [{"id": studio.task, "name": "Design", "billable": True}] == day["projects"][0]["tasks"]
    assert (tree.tag, tree.findtext("for_day")) == ("daily", "Mon, 05 Jan 2026")
    assert [tree.find(path).get("type") for path in ("day_entries", "projects", "projects/project/tasks")] == [
        "array",
        "array",
        "array",
    ]
    assert tree.findtext("projects/project/client_currency") == "United States Dollar - USD"
    assert tree.findtext("projects/project/tasks/task/name") == "Design"


def test_projects_are_missing_where_there_are_none():
    """People without projects, and slim=1, have no such key at all."""
    sandbox = new_sandbox()
    call = Caller(sandbox)
    studio = new_studio(sandbox)

    assert "projects" in call.get("/daily").json()
    assert "projects" not in call.get("/daily?slim=1").json()
    assert tree_of(Caller(sandbox, format="xml").get("/daily?slim=1")).find("projects") is None
    studio.call.put(f"/projects/{studio.project}/toggle")
    assert "projects" not in call.get("/daily").json()


def test_text_survives_both_formats(account):
    """Blanks, entities, line breaks, directions and emoji return as they were sent."""
    sandbox, ids = account
    path = path_of("reports.day_entry", ids)
    sent = " a <b> & \r\n \u202eעברית\u202c 😀 "
    tree = tree_of(Caller(sandbox, format="xml").get(path))

    assert sent == Caller(sandbox).get(path).json()[0]["day_entry"]["notes"]
    assert sent == tree[0].findtext("notes")


def test_what_xml_cannot_hold_is_an_asterisk():
    """A control character in a note does not make the response unreadable."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    entry = studio.log_time(notes="a\u0007b")
    tree = tree_of(Caller(sandbox, format="xml").get(f"/daily/show/{entry['id']}"))

    assert tree.findtext("day_entry/notes") == "a*b"


def test_who_am_i_has_two_keys_and_a_hash(account):
    """Company and user are bare in JSON and below hash in XML."""
    sandbox, _ = account
    returned = Caller(sandbox).get("/account/who_am_i").json()
    tree = tree_of(Caller(sandbox, format="xml").get("/account/who_am_i"))

    assert list(returned) == ["company", "user"]
    assert (tree.tag, [child.tag for child in tree]) == ("hash", ["company", "user"])
    assert returned["company"]["modules"] == (
        {"expenses": True, "invoices": True, "estimates": True, "approval": False}
    )
    assert tuple(returned["user"][name] for name in ("timezone", "timezone_identifier", "timezone_utc_offset")) == (
        "Eastern Time (US & Canada)",
        "America/New_York",
        -18000,
    )
    assert tree.findtext("user/admin") == "true"
    assert tree.findtext("user/project-manager/is-project-manager") == "false"
    assert {field.name for field in fields()["account.company"].values()} == set(returned["company"])
    assert {field.name for field in fields()["account.user"].values()} == set(returned["user"])


def test_reports_have_dashes_and_numbers(account):
    """The same entry reads otherwise in a report: numeric ids, and hours-with-timer that calls itself nothing."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    studio.log_time(hours="")
    ids = {"project": studio.project}
    path = path_of("reports.day_entry", ids)
    record = Caller(sandbox).get(path).json()[0]["day_entry"]
    tree = tree_of(Caller(sandbox, format="xml").get(path))[0]

    assert ids["project"] == record["project_id"]
    assert ("integer", str(ids["project"])) == (tree.find("project-id").get("type"), tree.findtext("project-id"))
    assert tree.find("hours").get("type") == "decimal"
    assert (tree.find("hours-with-timer").get("type"), tree.findtext("hours-with-timer")) == ("NilClass", "0.00")
    assert "hours_with_timer" not in Caller(sandbox).get("/people/1/entries?from=20260101&to=20261231").text


def test_invoices_are_listed_without_lines(account):
    """A single invoice has csv_line_items; a list has none. Both have tax2_amount."""
    sandbox, ids = account
    single = Caller(sandbox).get(f"/invoices/{ids['invoice']}").json()["invoice"]
    [listed] = Caller(sandbox).get("/invoices").json()

    assert {"csv_line_items", "tax2_amount"} <= set(single)
    assert set(single) - {"csv_line_items"} == set(listed["invoices"])
    assert json.dumps(single["number"]) == '"1"'
