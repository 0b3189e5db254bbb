"""The Postman collection of API v2: it imports, it has every operation, and every request in it is understood."""

import asyncio
import json
import re
import shutil
from datetime import date
from pathlib import Path

import httpx
import jsonschema
import pytest

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.errors import InvalidArgument
from harvest_async.postman import make_collection
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from tests.contract.v2 import operations

pytestmark = pytest.mark.anyio

SCHEMA = json.loads((Path(__file__).parent / "postman" / "collection-2.1.0.json").read_text("utf-8"))
COLLECTION = make_collection("http://127.0.0.1/v2", "1", version="v2")
REQUESTS = [
    (re.match(r"`([\w.]+)`", item["request"]["description"])[1], item["request"])
    for folder in COLLECTION["item"]
    for item in folder["item"]
]
DAY = date(2026, 3, 9)

BLANK = {"retainer_id": None}
"""Variables of records that an account without retainers lacks."""


def path_of(request):
    """Return the path with its places as the list of operations has them."""
    return "/" + "/".join(re.sub(r"\{\{\w+\}\}", "{}", each) for each in request["url"]["path"])


def test_it_is_a_collection_of_format_2_1():
    """Is accepted by Postman's own schema."""
    jsonschema.Draft7Validator(SCHEMA).validate(json.loads(json.dumps(COLLECTION)))


def test_every_operation_of_the_contract_is_in_it():
    """Has each operation once, by method and path, with its parameters and fields or their names."""
    wanted = {(each.method, re.sub(r"\{\w+\}", "{}", each.path)): each for each in operations().values()}
    found = {(request["method"], path_of(request)): request for _, request in REQUESTS}

    assert len(REQUESTS) == len(wanted) == 113
    assert found.keys() == wanted.keys()
    for key, operation in wanted.items():
        request = found[key]
        shown = json.dumps(request) + request["description"]
        given = {each["key"] for each in request["url"].get("query", ())}
        assert (key, given) == (key, {name for name in operation.query if name != "cursor"})
        missing = {name for name in operation.body if name not in shown} - {"receipt"}
        assert (key, missing) == (key, set())


def test_credentials_are_variables_without_values():
    """Authorizes by a bearer token, and names the account in a header."""
    variables = {each["key"]: each["value"] for each in COLLECTION["variable"]}
    headers = {each["key"]: each["value"] for each in REQUESTS[0][1]["header"]}

    assert COLLECTION["auth"]["bearer"] == [{"key": "token", "value": "{{access_token}}", "type": "string"}]
    assert headers["Harvest-Account-Id"] == "{{account_id}}"
    assert (variables["access_token"], variables["account_id"]) == ("", "1")


def test_an_unknown_version_lists_the_choices():
    """Raises InvalidArgument with the versions."""
    with pytest.raises(InvalidArgument, match="Choose from: v1, v2"):
        make_collection(version="v3")


async def prepare(harvest):
    """Create one record of each kind; return the collection's variables for them."""
    client = await harvest.clients.create("Kept")
    contact = await harvest.contacts.create(client, "Person")
    project = await harvest.projects.create(
        client, name="Kept", is_billable=True, bill_by="Project", budget_by="project"
    )
    task = await harvest.tasks.create("Kept")
    on_task = await harvest.task_assignments.create(project, task)
    user = await harvest.users.create("Person", "Two", "person.two@example.com")
    on_user = await harvest.user_assignments.create(project, user)
    entry = await harvest.time_entries.create(
        project, task, spent_date=DAY, hours=1, external_reference={"id": "7", "group_id": "8"}
    )
    category = await harvest.expense_categories.create("Kept")
    expense = await harvest.expenses.create(project, category, DAY, total_cost=1)
    invoice = await harvest.invoices.create(client, line_items=[{"kind": "Service", "unit_price": 9}])
    message = await harvest.invoice_messages.create(
        invoice, recipients=[{"name": "Person", "email": "person.two@example.com"}]
    )
    payment = await harvest.invoice_payments.create(invoice.id, 1)
    estimate = await harvest.estimates.create(client, line_items=[{"kind": "Service", "unit_price": 9}])
    records = {
        "client": client,
        "contact": contact,
        "project": project,
        "task": task,
        "task_assignment": on_task,
        "user": user,
        "user_assignment": on_user,
        "time_entry": entry,
        "expense_category": category,
        "expense": expense,
        "invoice": invoice,
        "payment": payment,
        "message": message,
        "estimate": estimate,
        "role": await harvest.roles.create("Kept"),
        "invoice_item_category": await harvest.invoice_item_categories.create("Kept"),
        "estimate_item_category": await harvest.estimate_item_categories.create("Kept"),
        "billable_rate": await harvest.users.create_billable_rate(user, 10),
        "cost_rate": await harvest.users.create_cost_rate(user, 5),
    }
    return {f"{kind}_id": record.id for kind, record in records.items()}


def client_of(sandbox):
    """Return a client that leads to a sandbox."""
    options = {"transport": in_process(sandbox), "throttle": Throttle(calls=1000), "base_url": "http://127.0.0.1"}
    return HarvestV2(1, auth=BearerAuth("sandbox-token"), app="tests (tests@example.com)", **options)


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """A file with an account that has one record of each kind, and the variables for them."""
    file = tmp_path_factory.mktemp("account") / "account.sqlite3"
    sandbox = Sandbox(1000, db=file)

    async def fill():
        async with client_of(sandbox) as harvest:
            return await prepare(harvest)

    variables = asyncio.run(fill())
    sandbox.close()
    return file, variables


async def spare_client(harvest, known):
    known["client_id"] = (await harvest.clients.create("Spare")).id


async def spare_project(harvest, known):
    made = {"name": "Spare", "is_billable": True, "bill_by": "Project", "budget_by": "project"}
    known["project_id"] = (await harvest.projects.create(known["client_id"], **made)).id


async def spare_category(harvest, known):
    known["expense_category_id"] = (await harvest.expense_categories.create("Spare")).id


async def spare_task(harvest, known):
    known["task_id"] = (await harvest.tasks.create("Spare")).id


async def spare_task_on_project(harvest, known):
    await spare_task(harvest, known)
    known["task_assignment_id"] = (await harvest.task_assignments.create(known["project_id"], known["task_id"])).id


async def person_without_time(harvest, known):
    made = await harvest.users.create("Spare", "Person", "spare@example.com")
    known["user_id"] = made.id


async def new_invoice(harvest, known):
    known["invoice_id"] = (await harvest.invoices.create(known["client_id"])).id


async def manager(harvest, known):
    await harvest.users.update(known["user_id"], access_roles=["manager"])


async def message_of_the_estimate(harvest, known):
    made = await harvest.estimate_messages.create(
        known["estimate_id"], [{"name": "Person", "email": "person.two@example.com"}]
    )
    known["message_id"] = made.id


async def running_timer(harvest, known):
    known["time_entry_id"] = (await harvest.time_entries.start(known["project_id"], known["task_id"], DAY)).id


BEFORE = {
    # what the account refuses as long as something else is so
    "clients.delete": spare_client,
    "estimate_messages.delete": message_of_the_estimate,
    "expense_categories.delete": spare_category,
    "invoice_messages.create": new_invoice,
    "projects.delete": spare_project,
    "task_assignments.create": spare_task,
    "task_assignments.delete": spare_task_on_project,
    "tasks.delete": spare_task,
    "time_entries.stop": running_timer,
    "user_assignments.create": person_without_time,
    "users.update_teammates": manager,
    "users.delete": person_without_time,
}


def filled(text, variables):
    """Return what Postman makes of a text."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: json.dumps(variables[found[1]]).strip('"'), text)


@pytest.mark.parametrize(("name", "request_"), REQUESTS, ids=[name for name, _ in REQUESTS])
async def test_a_request_is_understood(name, request_, account, tmp_path):
    """Succeeds on an account that has records, as Postman would send it."""
    file, variables = account
    sandbox = Sandbox(1000, db=shutil.copy(file, tmp_path / "account.sqlite3"))
    known = {**variables, **BLANK, "account_id": "1", "app": "tests (tests@example.com)"}
    if name in BEFORE:
        async with client_of(sandbox) as harvest:
            await BEFORE[name](harvest, known)
    url, body = request_["url"], request_.get("body")
    headers = {each["key"]: filled(each["value"], known) for each in request_["header"]}
    params = {each["key"]: each["value"] for each in url.get("query", ()) if not each["disabled"]}
    async with httpx.AsyncClient(transport=in_process(sandbox), base_url="http://127.0.0.1/v2") as postman:
        response = await postman.request(
            request_["method"],
            filled("/".join(["", *url["path"]]), known),
            headers={**headers, "Authorization": "Bearer sandbox-token"},
            params=params,
            content=b"" if body is None else filled(body["raw"], known).encode(),
        )
    sandbox.close()

    assert (response.status_code in {200, 201}, response.text if response.is_error else "") == (True, "")
