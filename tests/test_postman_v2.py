"""The Postman collection of API v2: it imports, it has every operation, and every request in it is understood."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import httpx
import jsonschema
import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.postman import make_collection
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from tests.contract.v2 import operations
from tests.support.collection import path_of
from tests.support.v2_account import BEFORE, client_of, prepare

pytestmark = pytest.mark.anyio

SCHEMA = json.loads((Path(__file__).parent / "postman" / "collection-2.1.0.json").read_text("utf-8"))
COLLECTION = make_collection("http://127.0.0.1/v2", "1", version="v2")
REQUESTS = [
    (re.match(r"`([\w.]+)`", item["request"]["description"])[1], item["request"])
    for folder in COLLECTION["item"]
    for item in folder["item"]
]
BLANK = {"retainer_id": None}
"""Variables of records that an account without retainers lacks."""


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
