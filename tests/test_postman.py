"""The Postman collection: it imports, it has every call, and every request in it is understood."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import jsonschema
import pytest

from harvest_async import BasicAuth, HarvestV1, Throttle
from harvest_async.postman import make_collection
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from harvest_async.v1.models import LineItem
from tests.contract import endpoints
from tests.support.collection import path_of

pytestmark = pytest.mark.anyio

SCHEMA = json.loads((Path(__file__).parent / "postman" / "collection-2.1.0.json").read_text("utf-8"))
COLLECTION = make_collection("http://127.0.0.1")
FORMATS = {"(JSON)": "json", "(XML)": "xml"}
DAY = date(2026, 3, 9)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def requests():
    """Every request as (endpoint, format or None where it is a variable, request)."""
    for folder in COLLECTION["item"]:
        for item in folder["item"]:
            request = item["request"]
            name = re.match(r"`([\w.]+)`", request["description"])[1]
            yield name, FORMATS.get(item["name"].rpartition(" ")[2]), request


REQUESTS = list(requests())


def drawn(endpoint):
    """The contract's path, its places without their names."""
    path = re.sub(r"\{day_of_year\}/\{year\}", "68/2026", endpoint.path)
    return re.sub(r"\{\w+\}", "{}", path)


def as_text(endpoint):
    """Whether an endpoint has a body that is text; a receipt is a form with a file in it."""
    return bool(endpoint.body) and endpoint.resource != "receipts"


def test_it_is_a_collection_of_format_2_1():
    """Postman's own schema accepts it as it is written."""
    jsonschema.Draft7Validator(SCHEMA).validate(json.loads(json.dumps(COLLECTION)))

    assert COLLECTION["info"]["schema"] == "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def test_every_call_of_the_contract_is_in_it():
    """Each endpoint is there by method and path; those with a body once in each format, the others once."""
    found = {}
    for name, kind, request in REQUESTS:
        found.setdefault(name, set()).add((request["method"], path_of(request), kind))
    both = {
        each.name: {(each.method, drawn(each), kind) for kind in (("json", "xml") if as_text(each) else (None,))}
        for each in endpoints().values()
    }

    assert found == both


def test_every_parameter_and_field_of_the_contract_is_in_it():
    """Queries have all parameters, those that may be left out switched off; bodies have all fields, or name them."""
    contract = endpoints()
    for name, _, request in REQUESTS:
        endpoint = contract[name]
        given = {each["key"]: each["disabled"] for each in request["url"].get("query", ())}
        wanted = {key: not kind.endswith("!") for key, kind in endpoint.query.items()}
        fields = {*endpoint.required, *endpoint.one_of, *endpoint.optional}
        body = request.get("body", {})
        raw = body.get("raw") or json.dumps(body.get("formdata"))
        description = request["description"]
        missing = {
            each
            for each in fields
            if f'"{each}"' not in raw and not re.search(rf"<{re.sub('_', '[-_]', each)}[ >/]", raw)
        }

        assert (name, given) == (name, wanted)
        assert (name, {each for each in missing if not re.search(rf"\b{each}\b", description)}) == (name, set())


def test_every_variable_has_a_place():
    """Every variable of a request is one of the collection, and each of those is used or explained."""
    text = json.dumps({key: COLLECTION[key] for key in ("item", "auth", "info")})
    used = set(re.findall(r"\{\{(\w+)\}\}", text))
    variables = {each["key"]: each["value"] for each in COLLECTION["variable"]}

    assert used <= set(variables)
    assert {
        each for each in variables if each not in used and f"`{each}`" not in COLLECTION["info"]["description"]
    } == set()
    assert (variables["base_url"], variables["format"]) == ("http://127.0.0.1", "json")


def test_no_credential_is_written(tmp_path):
    """No value of the environment is in the file that the command writes; and equal runs write equal files."""
    file = tmp_path / "harvest.json"
    command = [sys.executable, "-m", "harvest_async", "postman", "--account", "acme", "-o", str(file)]
    environment = {"HARVEST_PASSWORD": "s3cr3t", "HARVEST_ACCESS_TOKEN": "t0k3n", "HARVEST_EMAIL": "me@example.com"}

    texts = []
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True, env=environment)
        texts.append(file.read_text("utf-8"))

    assert texts[0] == texts[1]
    assert [each for each in environment.values() if each in texts[0]] == []
    assert {"key": "account", "value": "acme", "type": "string"} in json.loads(texts[0])["variable"]


def test_the_command_prints_it():
    """Without a file it goes to standard output, whole."""
    command = [sys.executable, "-m", "harvest_async", "postman", "--base-url", "http://127.0.0.1/"]

    ran = subprocess.run(command, check=True, capture_output=True, text=True)

    assert json.loads(ran.stdout) == COLLECTION


async def prepare(harvest):
    """One record of each kind; gives the collection's variables for them."""
    client = await harvest.clients.create("Kept")
    contact = await harvest.contacts.create(client, "Person", "Two")
    project = await harvest.projects.create("Kept", client)
    task = await harvest.tasks.create("Kept")
    person = await harvest.people.create("person.two@example.com", "Person", "Two")
    task_link = await harvest.task_assignments.create(project, task)
    me = (await harvest.account.who_am_i()).user
    person_link = await harvest.user_assignments.create(project, me)
    entry = await harvest.time.create(project, task, hours="1", spent_at=DAY)
    category = await harvest.expense_categories.create("Kept")
    expense = await harvest.expenses.create(project, category, DAY, total_cost="1")
    await harvest.receipts.attach(expense, PNG)
    invoice = await harvest.invoices.create(client, "free_form", csv_line_items=[LineItem(quantity=1, unit_price=9)])
    message = await harvest.invoice_messages.send(invoice, "person.two@example.com")
    payment = await harvest.invoice_payments.create(invoice, "1", datetime(2026, 3, 9, tzinfo=UTC))
    item_category = await harvest.invoice_item_categories.create("Kept")
    records = {"client": client, "contact": contact, "project": project, "task": task, "person": person}
    records |= {"task_assignment": task_link, "user_assignment": person_link, "entry": entry, "invoice": invoice}
    records |= {
        "expense_category": category,
        "expense": expense,
        "invoice_message": message,
        "invoice_payment": payment,
    }
    records |= {"invoice_item_category": item_category}
    return {f"{kind}_id": record.id for kind, record in records.items()}


async def mark_as_draft(harvest, known):
    await harvest.invoice_messages.mark_as_draft(known["invoice_id"])


async def mark_as_closed(harvest, known):
    await harvest.invoice_messages.mark_as_closed(known["invoice_id"])


async def spare_client(harvest, known):
    known["client_id"] = (await harvest.clients.create("Spare")).id


async def spare_project(harvest, known):
    known["project_id"] = (await harvest.projects.create("Spare", known["client_id"])).id


async def spare_category(harvest, known):
    known["expense_category_id"] = (await harvest.expense_categories.create("Spare")).id


async def spare_task_on_project(harvest, known):
    spare = await harvest.task_assignments.create_with_new_task(known["project_id"], "Spare")
    known["task_assignment_id"] = spare.id


BEFORE = {
    # what the account refuses as long as something else is so
    "clients.delete": spare_client,
    "clients.toggle": spare_client,
    "expense_categories.delete": spare_category,
    "invoice_messages.mark_as_sent": mark_as_draft,
    "invoice_messages.re_open": mark_as_closed,
    "projects.delete": spare_project,
    "task_assignments.delete": spare_task_on_project,
}


def filled(text, variables):
    """What Postman makes of a text."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: str(variables[found[1]]), text)


def as_sent(request, variables):
    """The request that Postman sends."""
    url, body = request["url"], request.get("body")
    sent = {
        "method": request["method"],
        "url": filled("/".join(["", *url["path"]]), variables),
        "headers": {each["key"]: filled(each["value"], variables) for each in request["header"]},
        "params": [
            (each["key"], filled(each["value"], variables)) for each in url.get("query", ()) if not each["disabled"]
        ],
    }
    if body is None:
        return sent | {"content": b""}
    if body["mode"] == "formdata":
        return sent | {"files": {body["formdata"][0]["key"]: ("receipt.png", PNG, "image/png")}}
    return sent | {"content": filled(body["raw"], variables).encode()}


def options(sandbox):
    """How a client is made that leads to a sandbox."""
    return {"transport": in_process(sandbox), "throttle": Throttle(calls=1000), "base_url": "http://127.0.0.1"}


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """A file with an account that has one record of each kind, and the variables for them."""
    file = tmp_path_factory.mktemp("account") / "account.sqlite3"
    sandbox = Sandbox(1000, db=file)

    async def fill():
        auth = BasicAuth("admin@example.com", "sandbox")
        async with HarvestV1("sandbox", auth=auth, app="tests", **options(sandbox)) as harvest:
            return await prepare(harvest)

    variables = asyncio.run(fill())
    sandbox.close()
    return file, variables


@pytest.mark.parametrize(
    ("name", "form", "request_"),
    [(name, each, request) for name, kind, request in REQUESTS for each in ((kind,) if kind else ("json", "xml"))],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_request_is_understood(name, form, request_, account, tmp_path):
    """Sent as Postman would send it, with its variables set, each request succeeds on an account that has records."""
    file, variables = account
    sandbox = Sandbox(1000, db=shutil.copy(file, tmp_path / "account.sqlite3"))
    known = {**variables, "format": form, "app": "tests"}
    if name in BEFORE:
        auth = BasicAuth("admin@example.com", "sandbox")
        async with HarvestV1("sandbox", auth=auth, app="tests", **options(sandbox)) as harvest:
            await BEFORE[name](harvest, known)
    async with httpx.AsyncClient(transport=in_process(sandbox), base_url="http://127.0.0.1") as postman:
        response = await postman.request(**as_sent(request_, known), auth=("admin@example.com", "sandbox"))
    sandbox.close()

    assert (response.status_code, response.headers.get("hint") if response.is_error else None) == (
        endpoints()[name].success,
        None,
    )
